//! A worker that is killed at any point, and another that goes on.

use super::world::{World, eur, key, platform, seconds};
use crate::{Held, LegSettings, Next, Point, Stop, Stops, Work as _, WorkError};
use application::Failure;
use domain::{
    id::{LegId, RefundId},
    refund::{LegFailure, LegOutcome, LegState, RefundState},
};
use payments::names::SANDBOX;
use ports::{Clock as _, Lease, Task, TaskKind, Tasks, Wanted};
use std::time::Duration;
use tokio::time::Instant;

/// Lets one worker run until it hangs at a point, kills it, and lets another go on.
async fn crash_and_go_on(point: Point, passing: u32, reference: &str) {
    let world = World::new().await;
    let refund_id = world.refunded("o1", &[(SANDBOX, reference, "25.00")]).await;
    let stops = Stops::at(point, passing, Stop::Hang);
    let first = world.start("w1", world.legs(LegSettings::default(), stops));
    // Long enough to get to any point, the second sending after the grace as well.
    world.settled("o1", refund_id, seconds(45)).await;
    first.kill().await;

    let second = world.start("w2", world.legs(LegSettings::default(), Stops::default()));
    let refund = world.settled("o1", refund_id, seconds(120)).await;
    second.stop().await;
    let context = format!("{point:?} {passing} {reference}");
    assert_eq!(refund.state, RefundState::Succeeded, "{context}");
    assert_eq!(world.returned().await, eur("25.00"), "{context}");
    assert_eq!(world.tasks_left(TaskKind::Leg).await, 0, "{context}");
}

#[tokio::test(start_paused = true)]
async fn a_worker_killed_at_any_point_leaves_one_effect() {
    let references = [
        "p1",
        "sandbox-lose-answer",
        "sandbox-never-received",
        "sandbox-settle-later-2000",
        "sandbox-flaky-1",
        "sandbox-down-3",
    ];
    for point in Point::OF_LEGS {
        for passing in [1, 2] {
            for reference in references {
                crash_and_go_on(point, passing, reference).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_lease_of_a_killed_worker_is_taken_over_within_two_seconds() {
    let world = World::new().await;
    let refund_id = world.refunded("o1", &[(SANDBOX, "p1", "25.00")]).await;
    let stops = Stops::at(Point::ProviderAnswered, 1, Stop::Hang);
    let first = world.start("w1", world.legs(LegSettings::default(), stops));
    let sent = |order: &domain::order::Order| order.refunds[0].legs[0].state == LegState::Sent;
    assert!(world.wait_for("o1", seconds(1), sent).await);
    first.kill().await;

    let killed = Instant::now();
    let second = world.start_legs();
    let refund = world.settled("o1", refund_id, seconds(60)).await;
    second.stop().await;
    assert_eq!(refund.state, RefundState::Succeeded);
    // The lease was 10 s; a leg that was sent is asked for at once.
    let took = killed.elapsed();
    assert!(took >= seconds(9) && took <= seconds(12), "{took:?}");
    assert_eq!(world.returned().await, eur("25.00"));
}

#[tokio::test(start_paused = true)]
async fn a_leg_that_was_to_be_sent_when_its_worker_died_is_sent_after_the_grace() {
    let world = World::new().await;
    let refund_id = world.refunded("o1", &[(SANDBOX, "p1", "25.00")]).await;
    let stops = Stops::at(Point::SentCommitted, 1, Stop::Hang);
    let first = world.start("w1", world.legs(LegSettings::default(), stops));
    let sent = |order: &domain::order::Order| order.refunds[0].legs[0].state == LegState::Sent;
    assert!(world.wait_for("o1", seconds(1), sent).await);
    first.kill().await;

    let killed = Instant::now();
    let second = world.start_legs();
    let refund = world.settled("o1", refund_id, seconds(60)).await;
    second.stop().await;
    assert_eq!(refund.legs[0].attempts, 2);
    let took = killed.elapsed();
    assert!(took >= seconds(29) && took <= seconds(32), "{took:?}");
    assert_eq!(world.returned().await, eur("25.00"));
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_stood_still_for_longer_than_its_lease_calls_nobody() {
    let world = World::new().await;
    let refund_id = world.refunded("o1", &[(SANDBOX, "p1", "25.00")]).await;
    let now = world.clock.now();
    let lease = Lease { owner: "w1".to_owned(), until: now + seconds(10) };
    let claimed =
        Tasks::claim(&*world.store, Wanted::of(TaskKind::Leg, 1), &lease, now).await.unwrap();
    let held = Held::new(&*world.clock, lease.until, None);
    tokio::time::sleep(seconds(10)).await;

    let legs = world.legs(LegSettings::default(), Stops::default());
    let outcome = legs.carry_out(&claimed[0].task, &held).await;
    assert!(matches!(outcome, Err(WorkError::LeaseLost)));
    let refund = world.settled("o1", refund_id, Duration::ZERO).await;
    assert_eq!(refund.legs[0].state, LegState::Sent);
    assert_eq!(world.returned().await, eur("0.00"));
}

/// The leg as a worker leaves it that stands still while the provider works, so that nobody
/// renews its lease of 10 s.
async fn stood_still(reference: &str) -> (World, RefundId, Result<Next, WorkError>) {
    let world = World::new().await;
    let refund_id = world.refunded("o1", &[(SANDBOX, reference, "25.00")]).await;
    let now = world.clock.now();
    let lease = Lease { owner: "w1".to_owned(), until: now + seconds(10) };
    let claimed =
        Tasks::claim(&*world.store, Wanted::of(TaskKind::Leg, 1), &lease, now).await.unwrap();
    let held = Held::new(&*world.clock, lease.until, None);
    let settings = LegSettings { call_timeout: seconds(15), ..LegSettings::default() };
    let outcome = world.legs(settings, Stops::default()).carry_out(&claimed[0].task, &held).await;
    (world, refund_id, outcome)
}

#[tokio::test(start_paused = true)]
async fn what_is_not_known_after_the_lease_is_left_to_whoever_has_the_task_now() {
    let (world, refund_id, outcome) = stood_still("sandbox-delay-20000").await;
    assert!(matches!(outcome, Err(WorkError::LeaseLost)));
    let refund = world.settled("o1", refund_id, Duration::ZERO).await;
    assert_eq!(refund.legs[0].state, LegState::Sent);

    let second = world.start_legs();
    let refund = world.settled("o1", refund_id, seconds(60)).await;
    second.stop().await;
    assert_eq!(refund.state, RefundState::Succeeded);
    assert_eq!(world.returned().await, eur("25.00"));
}

#[tokio::test(start_paused = true)]
async fn what_was_done_is_booked_even_after_the_lease() {
    let (world, refund_id, outcome) = stood_still("sandbox-delay-12000").await;
    assert!(matches!(outcome, Ok(Next::Committed)));
    let refund = world.settled("o1", refund_id, Duration::ZERO).await;
    assert_eq!((refund.state, refund.legs[0].attempts), (RefundState::Succeeded, 1));
    assert_eq!(world.tasks_left(TaskKind::Leg).await, 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_so_already_leaves_the_task_alone() {
    let world = World::new().await;
    let refund_id = world.refunded("o1", &[(SANDBOX, "p1", "25.00")]).await;
    let leg_id = LegId::of(refund_id, 1);
    let (steps, key) = (world.steps(), key("o1"));
    let seen = steps.find(&key, &leg_id).await.unwrap().unwrap();
    let sent = steps.send(&platform(), &seen).await.unwrap().unwrap();
    let taken = || LegOutcome::Accepted { reference: "taken".to_owned() };
    let again = Task {
        key: key.clone(),
        kind: TaskKind::Leg,
        subject: leg_id.as_str().to_owned(),
        due_at: world.clock.now() + seconds(5),
        attempts: 0,
        why: None,
    };
    assert!(steps.record(&platform(), &sent, taken(), Some(again)).await.unwrap());
    assert!(!steps.record(&platform(), &sent, taken(), None).await.unwrap());
    assert_eq!(world.tasks_left(TaskKind::Leg).await, 1);
}

#[tokio::test(start_paused = true)]
async fn what_a_slow_worker_says_of_its_attempt_is_not_booked_on_the_next_one() {
    let failure = LegFailure { code: "LATE".to_owned(), message: "not done".to_owned() };
    for outcome in
        [LegOutcome::Failed(failure.clone()), LegOutcome::Deferred(failure), LegOutcome::Unknown]
    {
        let world = World::new().await;
        let refund_id = world.refunded("o1", &[(SANDBOX, "p1", "25.00")]).await;
        let leg_id = LegId::of(refund_id, 1);
        let (steps, key) = (world.steps(), key("o1"));
        let send = async || {
            let seen = steps.find(&key, &leg_id).await.unwrap().unwrap();
            steps.send(&platform(), &seen).await.unwrap()
        };
        let first = send().await.unwrap();
        let second = send().await.unwrap();
        let booked = steps.record(&platform(), &first, outcome.clone(), None).await;
        assert!(matches!(booked, Err(Failure::Rejected(_))), "{outcome:?}");
        let leg = world.order("o1").await.refunds[0].legs[0].clone();
        assert_eq!((leg.state, leg.attempts), (LegState::Sent, 2));
        // The task is still there for whoever sent it last.
        assert_eq!(world.tasks_left(TaskKind::Leg).await, 1);
        let done = LegOutcome::Settled { reference: "done".to_owned() };
        steps.record(&platform(), &second, done, None).await.unwrap();
        assert_eq!(world.order("o1").await.refunds[0].state, RefundState::Succeeded);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_done_is_booked_whichever_attempt_says_so() {
    let world = World::new().await;
    let refund_id = world.refunded("o1", &[(SANDBOX, "p1", "25.00")]).await;
    let leg_id = LegId::of(refund_id, 1);
    let (steps, key) = (world.steps(), key("o1"));
    let send = async || {
        let seen = steps.find(&key, &leg_id).await.unwrap().unwrap();
        steps.send(&platform(), &seen).await.unwrap()
    };
    let first = send().await.unwrap();
    let second = send().await.unwrap();
    let failure = LegFailure { code: "BUSY".to_owned(), message: "later".to_owned() };
    let again = Task {
        key: key.clone(),
        kind: TaskKind::Leg,
        subject: leg_id.as_str().to_owned(),
        due_at: world.clock.now() + seconds(5),
        attempts: 0,
        why: None,
    };
    steps.record(&platform(), &second, LegOutcome::Deferred(failure), Some(again)).await.unwrap();
    let done = LegOutcome::Settled { reference: "done".to_owned() };
    steps.record(&platform(), &first, done, None).await.unwrap();
    assert_eq!(world.order("o1").await.refunds[0].state, RefundState::Succeeded);
    assert_eq!(world.tasks_left(TaskKind::Leg).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_is_stopped_finishes_what_it_has_begun() {
    let world = World::new().await;
    let refund_id = world.refunded("o1", &[(SANDBOX, "sandbox-delay-3000", "25.00")]).await;
    let worker = world.start_legs();
    tokio::time::sleep(seconds(1)).await;
    let stopped = Instant::now();
    worker.stop().await;
    assert!(stopped.elapsed() <= seconds(3), "{:?}", stopped.elapsed());
    let refund = world.settled("o1", refund_id, Duration::ZERO).await;
    assert_eq!(refund.state, RefundState::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_is_stopped_hands_back_what_takes_too_long() {
    let world = World::new().await;
    let refund_id = world.refunded("o1", &[(SANDBOX, "sandbox-delay-25000", "25.00")]).await;
    let first = world.start_legs();
    tokio::time::sleep(seconds(1)).await;
    first.stop().await;

    // Without waiting for the lease to run out.
    let second = world.start_legs();
    let refund = world.settled("o1", refund_id, seconds(1)).await;
    second.stop().await;
    assert_eq!(refund.state, RefundState::Succeeded);
    assert_eq!(refund.legs[0].attempts, 1);
    assert_eq!(world.returned().await, eur("25.00"));
}
