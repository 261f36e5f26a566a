use super::world::{World, eur, key, platform, seconds};
use crate::PoolSettings;
use application::Processing;
use async_trait::async_trait;
use domain::{
    Currency,
    cancellation::CancellationReason,
    order::{Order, OrderState, PaymentReport, Tender, TenderState},
    screening::Screening,
};
use payments::names::SANDBOX;
use ports::{
    Clock as _, Commit, NoAnswer, OrderKey, PaymentOrder, PaymentOutcome, PaymentProvider,
    PaymentStatus, Store as _, TaskChange, TaskKind,
};
use std::{sync::Arc, time::Duration};

fn is_ready(order: &Order) -> bool {
    order.state == OrderState::Ready
}

fn captured() -> PaymentReport {
    PaymentReport {
        tender_id: "t1".parse().unwrap(),
        state: TenderState::Captured,
        amount: None,
        provider_reference: None,
    }
}

/// A pending order at the sandbox, after so long.
async fn pending_after(reference: &str, pause: Duration) -> (World, Order, usize) {
    let world = World::new().await;
    let worker = world.start_process_order();
    world.receive("o1", &[(SANDBOX, reference, "25.00")], TenderState::Pending).await;
    world.wait_for("o1", pause, is_ready).await;
    worker.stop().await;
    let order = world.order("o1").await;
    let left = world.tasks_left(TaskKind::ProcessOrder).await;
    (world, order, left)
}

#[tokio::test(start_paused = true)]
async fn an_order_whose_payments_are_confirmed_is_ready_within_a_second() {
    for state in [TenderState::Captured, TenderState::Authorized] {
        let world = World::new().await;
        let worker = world.start_process_order();
        world.receive("o1", &[(SANDBOX, "p1", "20.00"), (SANDBOX, "p2", "5.00")], state).await;
        assert!(world.wait_for("o1", seconds(1), is_ready).await);
        worker.stop().await;
        assert_eq!(world.tasks_left(TaskKind::ProcessOrder).await, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_payment_that_is_reported_makes_its_order_ready_at_once() {
    let world = World::new().await;
    let worker = world.start_process_order();
    world.receive("o1", &[(SANDBOX, "p1", "25.00")], TenderState::Pending).await;
    // By now the pauses between looks are minutes.
    assert!(!world.wait_for("o1", seconds(200), is_ready).await);
    world.record_payment("o1", captured()).await;
    assert!(world.wait_for("o1", seconds(1), is_ready).await);
    worker.stop().await;
    assert_eq!(world.tasks_left(TaskKind::ProcessOrder).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_payment_that_its_provider_confirms_later_is_asked_for_until_then() {
    let (_, order, left) = pending_after("sandbox-capture-later-5000", seconds(12)).await;
    assert_eq!(order.state, OrderState::Ready);
    assert_eq!(order.tenders[0].state, TenderState::Captured);
    assert_eq!(order.tenders[0].captured, eur("25.00"));
    assert_eq!(left, 0);

    let (_, order, _) = pending_after("sandbox-authorize-later", seconds(1)).await;
    assert_eq!(order.state, OrderState::Ready);
    assert_eq!(order.tenders[0].authorized, eur("25.00"));
}

#[tokio::test(start_paused = true)]
async fn an_order_whose_payment_failed_is_cancelled() {
    let (_, order, left) = pending_after("sandbox-fail-later", seconds(60)).await;
    assert_eq!(order.state, OrderState::Cancelled);
    assert_eq!(order.cancelled_from, Some(OrderState::Received));
    let [cancellation] = order.cancellations.as_slice() else { panic!("{order:?}") };
    let reason = cancellation.reason.as_ref().map(|given| given.reason);
    assert_eq!(reason, Some(CancellationReason::PaymentFailed));
    assert_eq!(order.tenders[0].state, TenderState::Failed);
    assert_eq!(left, 0);
}

/// Takes more than it was to.
struct Generous;

#[async_trait]
impl PaymentProvider for Generous {
    async fn status(
        &self,
        _: &OrderKey,
        tender: &Tender,
        _: Currency,
    ) -> Result<PaymentStatus, NoAnswer> {
        Ok(PaymentStatus::Captured(tender.amount.plus(eur("0.01")).unwrap()))
    }

    async fn release(&self, _: &PaymentOrder) -> PaymentOutcome {
        PaymentOutcome::Unknown
    }

    async fn refund(&self, _: &PaymentOrder) -> PaymentOutcome {
        PaymentOutcome::Unknown
    }

    async fn find(&self, _: &PaymentOrder) -> Result<Option<PaymentOutcome>, NoAnswer> {
        Ok(None)
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_paid_beyond_what_was_due_is_not_taken_for_unpaid() {
    let world = World::new().await;
    let providers = world.providers().with(SANDBOX, Arc::new(Generous));
    let work = Arc::new(world.process_order_with(providers));
    let settings = PoolSettings { poll: seconds(60), ..PoolSettings::default() };
    let worker = world.start_with("w", work, world.store.clone(), settings);
    world.receive("o1", &[(SANDBOX, "p1", "25.00")], TenderState::Pending).await;
    tokio::time::sleep(Duration::from_hours(100)).await;
    worker.stop().await;
    let order = world.order("o1").await;
    assert_eq!((order.state, order.tenders[0].state), (OrderState::Received, TenderState::Pending));
    let waiting = world.waiting().await;
    let why = waiting[0].task.why.as_deref().unwrap();
    assert!(why.contains("25.01 is more than the tender's 25"), "{why}");
}

/// Somebody who said that there is news of a payment may have been late.
#[tokio::test(start_paused = true)]
async fn a_task_that_outlived_its_order_ends() {
    let world = World::new().await;
    world.captured("o1", &[(SANDBOX, "p1", "25.00")]).await;
    world.ready("o1").await;
    assert_eq!(world.waiting().await.len(), 0);
    let mut commit = Commit::new(world.clock.now(), platform().actor);
    let task = Processing::task(key("o1"), world.clock.now());
    commit.tasks.push(TaskChange::Put(task));
    world.store.commit(commit).await.unwrap();
    let worker = world.start_process_order();
    tokio::time::sleep(seconds(2)).await;
    worker.stop().await;
    assert_eq!(world.waiting().await, []);
    assert_eq!(world.order("o1").await.state, OrderState::Ready);
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_cannot_be_asked_is_asked_again() {
    let (_, order, left) = pending_after("sandbox-down-3", seconds(60)).await;
    assert_eq!(order.state, OrderState::Received);
    assert_eq!(order.tenders[0].state, TenderState::Pending);
    assert_eq!(left, 1);
}

#[tokio::test(start_paused = true)]
async fn an_order_of_a_store_that_screens_waits_for_as_long_as_it_does() {
    for waited in [0, 1, 30, 600] {
        let world = World::screening(Screening { fraud: true, ..Screening::default() }).await;
        let worker = world.start_process_order();
        world.captured("o1", &[(SANDBOX, "p1", "25.00")]).await;
        assert!(!world.wait_for("o1", seconds(waited), is_ready).await);
        world.screen(Screening::default()).await;
        // A second of it is the age that settings may have.
        assert!(world.wait_for("o1", seconds(62), is_ready).await, "{waited}");
        worker.stop().await;
        assert_eq!(world.tasks_left(TaskKind::ProcessOrder).await, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_payment_that_is_reported_after_screening_makes_its_order_ready_at_once() {
    let world = World::screening(Screening { fraud: true, ..Screening::default() }).await;
    let worker = world.start_process_order();
    world.receive("o1", &[(SANDBOX, "p1", "25.00")], TenderState::Pending).await;
    assert!(!world.wait_for("o1", seconds(600), is_ready).await);
    world.screen(Screening::default()).await;
    world.record_payment("o1", captured()).await;
    // The settings may be a second old, and the next look is a good second later.
    assert!(world.wait_for("o1", seconds(3), is_ready).await);
    worker.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_payment_is_asked_for_soon_after_a_long_screening() {
    let world = World::screening(Screening { fraud: true, ..Screening::default() }).await;
    let worker = world.start_process_order();
    let paid = [(SANDBOX, "sandbox-capture-later-1000", "25.00")];
    world.receive("o1", &paid, TenderState::Pending).await;
    tokio::time::sleep(seconds(3_600)).await;
    assert!(!is_ready(&world.order("o1").await));
    world.screen(Screening::default()).await;
    assert!(world.wait_for("o1", seconds(62 + 80), is_ready).await);
    worker.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_payment_that_never_comes_is_asked_for_every_hour() {
    let world = World::new().await;
    // Two days are quick to pass if nobody looks for tasks ten times a second.
    let settings = PoolSettings { poll: seconds(10), ..PoolSettings::default() };
    let work = Arc::new(world.process_order());
    let worker = world.start_with("orders", work, world.store.clone(), settings);
    // Down for so many calls: it counts how often it was asked.
    world.receive("o1", &[(SANDBOX, "sandbox-down-99", "25.00")], TenderState::Pending).await;
    tokio::time::sleep(seconds(2 * 86_400)).await;
    worker.stop().await;
    let mut asked = 0;
    while world.posting(&format!("sandbox-mark:call:o1:t1:{}", asked + 1)).await.is_some() {
        asked += 1;
    }
    // A dozen until the pauses are an hour, and then one in three to five quarters of it.
    assert!((45..=76).contains(&asked), "{asked}");
}
