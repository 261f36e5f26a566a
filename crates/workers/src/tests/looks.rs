//! A leg is looked at again, because somebody said that there is news of it.

use super::{
    mismatch::Odd,
    world::{World, eur, key, platform, seconds, store_id},
};
use domain::{
    Amount,
    id::{LegId, RefundId},
    order::Command,
    refund::{LegFailure, LegOutcome, LegState, Refund, RefundState},
};
use payments::names::{LEDGER, SANDBOX};
use ports::{NoAnswer, PaymentOutcome, TaskKind};
use std::time::Duration;
use time::OffsetDateTime;

const AN_HOUR: &str = "sandbox-reverse-later-3600000";

async fn look(world: &World, refund: &Refund, place: usize) -> bool {
    let leg_id = &refund.legs[place].leg_id;
    world.steps().look(&platform(), &key("o1"), leg_id).await.unwrap()
}

/// Looks, and waits until that is over.
async fn looked(world: &World, refund: &Refund, place: usize) -> Refund {
    assert!(look(world, refund, place).await);
    tokio::time::sleep(seconds(2)).await;
    assert!(world.waiting().await.is_empty(), "{:?}", world.waiting().await);
    refund_of(world, refund.refund_id).await
}

async fn refund_of(world: &World, refund_id: RefundId) -> Refund {
    world.order("o1").await.refund(refund_id).unwrap().clone()
}

fn states(refund: &Refund) -> Vec<LegState> {
    refund.legs.iter().map(|leg| leg.state).collect()
}

#[tokio::test(start_paused = true)]
async fn a_refund_that_succeeded_and_is_reversed_five_days_later_has_failed() {
    let world = World::new().await;
    let worker = world.start_legs();
    let refund_id = world.refunded("o1", &[(SANDBOX, AN_HOUR, "25.00")]).await;
    let refund = world.settled("o1", refund_id, seconds(10)).await;
    assert_eq!((refund.state, world.returned().await), (RefundState::Succeeded, eur("25.00")));

    worker.stop().await;
    tokio::time::sleep(Duration::from_hours(5 * 24)).await;
    let worker = world.start_legs();
    let reversed = looked(&world, &refund, 0).await;
    assert_eq!(reversed.state, RefundState::Failed);
    assert_eq!(states(&reversed), [LegState::Failed]);
    let failure = reversed.legs[0].failure.as_ref().map(|failure| &*failure.code);
    assert_eq!(failure, Some("REVERSED"));
    assert_eq!(world.returned().await, Amount::ZERO);
    let left = world.refunds().refundable(&store_id(), "o1").await.unwrap().2;
    assert_eq!(left.tenders[0].left, eur("25.00"), "the balance is free again");

    // The same news again, and the first answer once more.
    let happened = world.happened("o1").await;
    assert_eq!(happened.iter().filter(|name| **name == "refund.reversed").count(), 1);
    assert_eq!(looked(&world, &refund, 0).await, reversed);
    let work = world.steps().find(&key("o1"), &refund.legs[0].leg_id).await.unwrap().unwrap();
    let stale = LegOutcome::Settled { reference: "sbx".to_owned() };
    assert!(!world.steps().record(&platform(), &work, stale, None).await.unwrap());
    assert_eq!(refund_of(&world, refund_id).await, reversed);
    assert_eq!(world.happened("o1").await, happened);

    // Again, by another key: the old one's answer would be that of five days ago.
    let retry = Command::RetryRefund { refund_id, at: OffsetDateTime::UNIX_EPOCH };
    world.change("o1", refund_id, retry).await;
    let again = world.settled("o1", refund_id, seconds(10)).await;
    worker.stop().await;
    assert_eq!(again.state, RefundState::Succeeded);
    assert_eq!(states(&again), [LegState::Voided, LegState::Settled]);
    assert_eq!(again.legs[1].leg_id, LegId::of(refund_id, 2));
    assert_eq!(world.returned().await, eur("25.00"));
    assert_eq!(world.tasks_left(TaskKind::Leg).await, 0);
}

#[tokio::test(start_paused = true)]
async fn what_stands_as_it_is_known_changes_nothing() {
    let world = World::new().await;
    let worker = world.start_legs();
    let paid = [(SANDBOX, "p1", "25.00"), (SANDBOX, "sandbox-decline", "5.00")];
    let refund_id = world.refunded("o1", &paid).await;
    let refund = world.settled("o1", refund_id, seconds(10)).await;
    assert_eq!(states(&refund), [LegState::Settled, LegState::Failed]);
    let happened = world.happened("o1").await;
    for place in [0, 1, 0] {
        assert_eq!(looked(&world, &refund, place).await, refund);
    }
    worker.stop().await;
    assert_eq!(world.happened("o1").await, happened);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_asked_about_what_happens_here_or_was_never_sent() {
    let world = World::new().await;
    let refund_id = world.refunded("o1", &[(LEDGER, "GC-1", "5.00"), (SANDBOX, "p", "5.00")]).await;
    let refund = refund_of(&world, refund_id).await;
    assert!(!look(&world, &refund, 1).await, "it was never sent");
    let worker = world.start_legs();
    let refund = world.settled("o1", refund_id, seconds(10)).await;
    worker.stop().await;
    assert!(!look(&world, &refund, 0).await, "it is an account of this system");
    let strange = LegId::of(refund_id, 9);
    assert!(!world.steps().look(&platform(), &key("o1"), &strange).await.unwrap());
    assert_eq!(world.tasks_left(TaskKind::Leg).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_leg_is_looked_at_until_its_provider_says_how_it_stands() {
    let world = World::new().await;
    let settled = PaymentOutcome::Settled { reference: "re_1".to_owned() };
    let failure = LegFailure { code: "LOST".to_owned(), message: "bounced".to_owned() };
    let odd = Odd::new(settled.clone(), settled);
    let worker = world.start("w1", odd.worker(&world));
    let refund_id = world.refunded("o1", &[(SANDBOX, "p1", "25.00")]).await;
    let refund = world.settled("o1", refund_id, seconds(10)).await;
    let unclear =
        [Err(NoAnswer::Down(failure.clone())), Ok(None), Ok(Some(PaymentOutcome::Unknown))];
    *odd.found.lock().unwrap() = unclear[0].clone();
    assert!(look(&world, &refund, 0).await);
    for found in unclear {
        *odd.found.lock().unwrap() = found;
        tokio::time::sleep(seconds(300)).await;
        assert_eq!(refund_of(&world, refund_id).await, refund, "nothing is concluded");
        assert_eq!(world.waiting().await.len(), 1);
    }
    let declined = PaymentOutcome::Declined { failure, permanent: true };
    *odd.found.lock().unwrap() = Ok(Some(declined));
    tokio::time::sleep(seconds(600)).await;
    worker.stop().await;
    assert_eq!(refund_of(&world, refund_id).await.state, RefundState::Failed);
    assert!(world.waiting().await.is_empty());
}

/// What was not known to be done when it was taken back, has failed for good: its key is spent.
#[tokio::test(start_paused = true)]
async fn what_was_taken_back_before_it_was_known_to_be_done_goes_by_another_key() {
    let world = World::new().await;
    let declined = PaymentOutcome::Declined {
        failure: LegFailure { code: "LOST".to_owned(), message: "bounced".to_owned() },
        permanent: true,
    };
    let odd = Odd::new(PaymentOutcome::Unknown, declined);
    let worker = world.start("w1", odd.worker(&world));
    let refund_id = world.refunded("o1", &[(SANDBOX, "p1", "25.00")]).await;
    let refund = world.settled("o1", refund_id, seconds(10)).await;
    assert_eq!((refund.state, refund.legs[0].reversed), (RefundState::Failed, true));
    let retry = Command::RetryRefund { refund_id, at: OffsetDateTime::UNIX_EPOCH };
    world.change("o1", refund_id, retry).await;
    let refund = world.settled("o1", refund_id, seconds(10)).await;
    worker.stop().await;
    assert_eq!(states(&refund), [LegState::Voided, LegState::Failed]);
}

/// The look is beside the task that carries the leg on, and neither ends the other.
#[tokio::test(start_paused = true)]
async fn news_that_arrive_before_our_answer_was_read_are_booked() {
    let world = World::new().await;
    let worker = world.start_legs();
    let refund_id = world.refunded("o1", &[(SANDBOX, "sandbox-delay-20000", "25.00")]).await;
    tokio::time::sleep(seconds(2)).await;
    let refund = refund_of(&world, refund_id).await;
    assert_eq!(states(&refund), [LegState::Sent]);
    for _ in 0..3 {
        assert!(look(&world, &refund, 0).await);
    }
    let refund = world.settled("o1", refund_id, seconds(5)).await;
    assert_eq!(refund.state, RefundState::Succeeded);
    tokio::time::sleep(seconds(60)).await;
    worker.stop().await;
    assert_eq!(world.returned().await, eur("25.00"));
    let settled = world.happened("o1").await.iter().filter(|it| **it == "leg.settled").count();
    assert_eq!((settled, world.tasks_left(TaskKind::Leg).await), (1, 0));
}

/// A provider has the last word on where the money is, but not on what an undo counted already.
#[tokio::test(start_paused = true)]
async fn what_cannot_be_booked_waits_for_a_person() {
    let world = World::new().await;
    let worker = world.start_legs();
    let refund_id = world.refunded("o1", &[(SANDBOX, AN_HOUR, "25.00")]).await;
    let refund = world.settled("o1", refund_id, seconds(10)).await;
    worker.stop().await;
    tokio::time::sleep(Duration::from_hours(2)).await;
    let worker = world.start_legs();
    world.void("o1", refund_id).await;
    assert!(look(&world, &refund, 0).await);
    tokio::time::sleep(seconds(5)).await;
    worker.stop().await;
    assert_eq!(refund_of(&world, refund_id).await.legs[0].state, LegState::Settled);
    let waiting = world.waiting().await;
    let why = waiting[0].task.why.as_deref().unwrap();
    assert!(why.starts_with("how it stands at its provider cannot be booked"), "{why}");
}
