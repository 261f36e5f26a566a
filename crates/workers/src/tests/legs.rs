use super::world::{World, eur, seconds, store_id};
use crate::{LegSettings, Stops};
use domain::{
    ActorKind, Amount,
    order::Command,
    refund::{Leg, LegState, Refund, RefundState},
};
use payments::{names::LEDGER, names::SANDBOX};
use ports::TaskKind;
use std::time::Duration;
use tokio::time::Instant;

/// What is left of a refund of 25.00 over one tender at the sandbox.
struct Told {
    world: World,
    refund: Refund,
    took: Duration,
}

impl Told {
    fn leg(&self) -> &Leg {
        &self.refund.legs[0]
    }

    /// Succeeded with one effect, and nothing is left to do.
    async fn succeeded_once(&self, tries: u32) {
        assert_eq!(self.refund.state, RefundState::Succeeded);
        assert_eq!(self.leg().state, LegState::Settled);
        assert_eq!(self.leg().attempts, tries);
        assert!(self.leg().reference.is_some());
        assert_eq!(self.world.returned().await, eur("25.00"));
        assert_eq!(self.world.tasks_left(TaskKind::Leg).await, 0);
    }

    async fn failed(&self, code: &str, tries: u32) {
        assert_eq!(self.refund.state, RefundState::Failed);
        assert_eq!(self.leg().state, LegState::Failed);
        assert_eq!(self.leg().attempts, tries);
        assert_eq!(self.leg().failure.as_ref().map(|failure| &*failure.code), Some(code));
        assert_eq!(self.world.returned().await, Amount::ZERO);
        assert_eq!(self.world.tasks_left(TaskKind::Leg).await, 0);
        // The amounts are free again.
        let left = self.world.refunds().refundable(&store_id(), "o1").await.unwrap().2;
        assert_eq!(left.total.customer, eur("25.00"));
        assert_eq!(left.tenders[0].left, eur("25.00"));
    }
}

async fn carried_out(reference: &str, settings: LegSettings) -> Told {
    let world = World::new().await;
    let worker = world.start("w1", world.legs(settings, Stops::default()));
    let refund = world.refunded("o1", &[(SANDBOX, reference, "25.00")]).await;
    let started = Instant::now();
    let refund = world.settled("o1", refund, seconds(600)).await;
    let took = started.elapsed();
    worker.stop().await;
    Told { world, refund, took }
}

#[tokio::test(start_paused = true)]
async fn a_leg_settles_at_once_and_once() {
    let told = carried_out("p1", LegSettings::default()).await;
    told.succeeded_once(1).await;
    assert!(told.took <= Duration::from_millis(100), "{:?}", told.took);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_found_and_not_sent_again() {
    let told = carried_out("sandbox-lose-answer", LegSettings::default()).await;
    told.succeeded_once(1).await;
    assert!(told.took < seconds(2), "{:?}", told.took);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_takes_too_long_is_lost_and_found() {
    let settings = LegSettings { call_timeout: seconds(2), ..LegSettings::default() };
    let told = carried_out("sandbox-delay-3000", settings).await;
    told.succeeded_once(1).await;
    assert!(told.took >= seconds(2) && told.took < seconds(4), "{:?}", told.took);
}

#[tokio::test(start_paused = true)]
async fn a_leg_that_was_never_received_is_sent_again_after_the_grace() {
    let told = carried_out("sandbox-never-received", LegSettings::default()).await;
    told.succeeded_once(2).await;
    assert!(told.took >= seconds(30) && told.took < seconds(35), "{:?}", told.took);
}

#[tokio::test(start_paused = true)]
async fn a_leg_that_is_never_received_fails_after_the_last_try() {
    let settings = LegSettings { retry: vec![seconds(1); 2], ..LegSettings::default() };
    let told = carried_out("sandbox-never-received-99", settings).await;
    told.failed("UNANSWERED", 3).await;
    assert!(told.took >= seconds(90), "{:?}", told.took);
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_is_down_settles_nothing_until_it_is_back() {
    // The first try and four questions find nobody.
    let told = carried_out("sandbox-down-5", LegSettings::default()).await;
    told.succeeded_once(2).await;
    assert!(told.took >= seconds(22), "{:?}", told.took);
}

#[tokio::test(start_paused = true)]
async fn a_decline_for_good_fails_the_refund_and_frees_its_amounts() {
    let told = carried_out("sandbox-decline", LegSettings::default()).await;
    told.failed("DECLINED", 1).await;
    assert!(told.took <= Duration::from_millis(100), "{:?}", told.took);
}

#[tokio::test(start_paused = true)]
async fn a_decline_that_may_pass_is_tried_again_after_growing_pauses() {
    let told = carried_out("sandbox-flaky-3", LegSettings::default()).await;
    told.succeeded_once(4).await;
    // 1 s, 5 s and 30 s, each with a quarter of jitter.
    assert!(told.took >= seconds(27) && told.took <= seconds(46), "{:?}", told.took);
}

#[tokio::test(start_paused = true)]
async fn a_decline_that_never_passes_fails_after_the_last_try() {
    let settings = LegSettings { retry: vec![seconds(1), seconds(2)], ..LegSettings::default() };
    let told = carried_out("sandbox-decline-retryable", settings).await;
    told.failed("TRY_AGAIN", 3).await;
}

#[tokio::test(start_paused = true)]
async fn a_leg_that_was_accepted_is_followed_until_it_settles() {
    let told = carried_out("sandbox-settle-later-10000", LegSettings::default()).await;
    told.succeeded_once(1).await;
    assert!(told.took >= seconds(10) && told.took <= seconds(20), "{:?}", told.took);
}

#[tokio::test(start_paused = true)]
async fn a_leg_that_was_accepted_may_still_fail() {
    let told = carried_out("sandbox-refuse-later-10000", LegSettings::default()).await;
    told.failed("REFUSED_LATER", 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_refund_that_failed_is_retried_with_the_same_key() {
    let world = World::new().await;
    let settings = LegSettings { retry: vec![], ..LegSettings::default() };
    let worker = world.start("w1", world.legs(settings, Stops::default()));
    let refund_id = world.refunded("o1", &[(SANDBOX, "sandbox-flaky-1", "25.00")]).await;
    let failed = world.settled("o1", refund_id, seconds(10)).await;
    assert_eq!(failed.state, RefundState::Failed);

    world.change("o1", refund_id, retry(refund_id)).await;
    let refund = world.settled("o1", refund_id, seconds(10)).await;
    worker.stop().await;
    assert_eq!(refund.legs[0].leg_id, failed.legs[0].leg_id);
    let told = Told { world, refund, took: Duration::ZERO };
    told.succeeded_once(2).await;
}

#[tokio::test(start_paused = true)]
async fn a_refund_that_is_retried_has_all_its_tries_again() {
    let world = World::new().await;
    let settings = LegSettings { retry: vec![seconds(1)], ..LegSettings::default() };
    let worker = world.start("w1", world.legs(settings, Stops::default()));
    let paid = [(SANDBOX, "sandbox-flaky-3", "25.00")];
    let refund_id = world.refunded("o1", &paid).await;
    let failed = world.settled("o1", refund_id, seconds(10)).await;
    assert_eq!((failed.state, failed.legs[0].attempts), (RefundState::Failed, 2));
    world.change("o1", refund_id, retry(refund_id)).await;
    let refund = world.settled("o1", refund_id, seconds(10)).await;
    worker.stop().await;
    let told = Told { world, refund, took: Duration::ZERO };
    told.succeeded_once(4).await;
}

#[tokio::test(start_paused = true)]
async fn a_refund_over_several_tenders_is_over_with_its_last_leg() {
    let world = World::new().await;
    let worker = world.start_legs();
    let paid = [
        (SANDBOX, "sandbox-settle-later-3000", "25.00"),
        (LEDGER, "GC-1", "10.00"),
        (SANDBOX, "p1", "5.00"),
    ];
    let refund_id = world.refunded("o1", &paid).await;
    assert_eq!(world.settled("o1", refund_id, seconds(2)).await.state, RefundState::Pending);
    assert_eq!(world.settled("o1", refund_id, seconds(9)).await.state, RefundState::Succeeded);
    worker.stop().await;
    assert_eq!(world.returned().await, eur("30.00"));
    assert_eq!(world.balance(&ports::own_value::account_name("GC-1")).await, eur("10.00"));
}

#[tokio::test(start_paused = true)]
async fn tenders_that_name_one_reference_get_back_what_each_of_them_paid() {
    for reference in ["p1", ""] {
        let world = World::new().await;
        let worker = world.start_legs();
        let paid = [(SANDBOX, reference, "25.00"), (SANDBOX, reference, "10.00")];
        let refund_id = world.refunded("o1", &paid).await;
        let refund = world.settled("o1", refund_id, seconds(10)).await;
        worker.stop().await;
        assert_eq!(refund.state, RefundState::Succeeded, "{reference:?}");
        assert_eq!(world.returned().await, eur("35.00"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_refund_that_is_held_is_not_sent_until_it_is_released() {
    let world = World::new().await;
    let refund_id = world.refunded("o1", &[(SANDBOX, "p1", "25.00")]).await;
    let by = domain::Actor::new(ActorKind::Merchant, "m1");
    let hold = Command::HoldRefund { refund_id, by, reason: "to be looked at".to_owned() };
    world.change("o1", refund_id, hold).await;
    let worker = world.start_legs();
    tokio::time::sleep(seconds(60)).await;
    assert_eq!(world.order("o1").await.refunds[0].legs[0].state, LegState::Pending);
    assert_eq!(world.returned().await, Amount::ZERO);

    world.change("o1", refund_id, Command::ReleaseRefund { refund_id }).await;
    let refund = world.settled("o1", refund_id, seconds(1)).await;
    worker.stop().await;
    assert_eq!(refund.state, RefundState::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn a_leg_of_a_provider_that_is_not_configured_waits_for_it() {
    let world = World::new().await;
    let refund_id = world.refunded("o1", &[("acme", "p1", "25.00")]).await;
    let other = world.refunded("o2", &[(SANDBOX, "p1", "5.00")]).await;
    let worker = world.start_legs();
    let refund = world.settled("o1", refund_id, seconds(60)).await;
    assert_eq!(refund.state, RefundState::Pending);
    assert_eq!(refund.legs[0].state, LegState::Pending);
    assert_eq!(world.settled("o2", other, seconds(1)).await.state, RefundState::Succeeded);
    worker.stop().await;
    assert_eq!(world.tasks_left(TaskKind::Leg).await, 1);
}

#[tokio::test(start_paused = true)]
async fn many_legs_and_two_workers_make_one_effect_each() {
    const LEGS: i64 = 50;
    let world = World::new().await;
    let references = ["p", "sandbox-lose-answer", "sandbox-flaky-1", "sandbox-never-received"];
    let mut refunds = Vec::new();
    for (place, reference) in (0..LEGS).zip(references.iter().cycle()) {
        let order_id = format!("o{place}");
        let refund = world.refunded(&order_id, &[(SANDBOX, reference, "1.00")]).await;
        refunds.push((order_id, refund));
    }
    let workers = [
        world.start("w1", world.legs(LegSettings::default(), Stops::default())),
        world.start("w2", world.legs(LegSettings::default(), Stops::default())),
    ];
    for (order_id, refund) in &refunds {
        let refund = world.settled(order_id, *refund, seconds(60)).await;
        assert_eq!(refund.state, RefundState::Succeeded, "{order_id}");
    }
    for worker in workers {
        worker.stop().await;
    }
    assert_eq!(world.returned().await, Amount::from_ten_thousandths(LEGS * 10_000));
    assert_eq!(world.tasks_left(TaskKind::Leg).await, 0);
}

#[tokio::test(start_paused = true)]
async fn other_changes_of_the_order_put_a_second_sending_off() {
    let world = World::new().await;
    let worker = world.start_legs();
    let refund_id = world.refunded("o1", &[(SANDBOX, "sandbox-never-received", "25.00")]).await;
    tokio::time::sleep(seconds(20)).await;
    world.accept("o1").await;
    assert_eq!(world.settled("o1", refund_id, seconds(25)).await.state, RefundState::Pending);
    assert_eq!(world.settled("o1", refund_id, seconds(15)).await.state, RefundState::Succeeded);
    worker.stop().await;
    assert_eq!(world.returned().await, eur("25.00"));
}

fn retry(refund_id: domain::id::RefundId) -> Command {
    Command::RetryRefund { refund_id, at: time::OffsetDateTime::UNIX_EPOCH }
}
