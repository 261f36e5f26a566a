use super::world::{World, eur, seconds};
use domain::{
    order::{Order, OrderState, PaymentReport, TenderState},
    store::Screening,
};
use payments::names::SANDBOX;
use ports::TaskKind;
use std::time::Duration;

fn is_ready(order: &Order) -> bool {
    order.state == OrderState::Ready
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
    // By now the pauses between looks are a minute.
    assert!(!world.wait_for("o1", seconds(200), is_ready).await);
    let report = PaymentReport {
        tender_id: "t1".parse().unwrap(),
        state: TenderState::Captured,
        amount: None,
        provider_reference: None,
    };
    world.record_payment("o1", report).await;
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
async fn an_order_whose_payment_failed_stays_received() {
    let (_, order, left) = pending_after("sandbox-fail-later", seconds(60)).await;
    assert_eq!(order.state, OrderState::Received);
    assert_eq!(order.tenders[0].state, TenderState::Failed);
    assert_eq!(left, 0);
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_cannot_be_asked_is_asked_again() {
    let (_, order, left) = pending_after("sandbox-down-3", seconds(60)).await;
    assert_eq!(order.state, OrderState::Received);
    assert_eq!(order.tenders[0].state, TenderState::Pending);
    assert_eq!(left, 1);
}

#[tokio::test(start_paused = true)]
async fn an_order_of_a_store_that_screens_is_left_alone() {
    let world = World::screening(Screening { fraud: true, ..Screening::default() }).await;
    let worker = world.start_process_order();
    world.captured("o1", &[(SANDBOX, "p1", "25.00")]).await;
    assert!(!world.wait_for("o1", seconds(5), is_ready).await);
    worker.stop().await;
    assert_eq!(world.tasks_left(TaskKind::ProcessOrder).await, 0);
}
