//! The push of an order into its shop's own system.

use crate::build::{checkout, decided, merchant, received};
use crate::cancellations::build::{by_platform, cancel, undo};
use domain::{
    Reason,
    cancellation::CancellationReason,
    order::{
        Command, ExternalIds, Fact, FailureClass, Handover, HandoverOutcome, HandoverState, Order,
        OrderState, Turn,
    },
};
use time::{Duration, OffsetDateTime};

const AT: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;
const SHOP: &str = "http https://shop.example/orders";

fn queued() -> Order {
    decided(received(checkout()), Command::MarkReady { plug_and_play: true })
}

fn ids(id: &str) -> ExternalIds {
    ExternalIds { id: id.into(), number: id.into() }
}

fn turn(order: &Order) -> Turn {
    order.handover.as_ref().map(Handover::turn).unwrap_or_default()
}

/// What whoever saw the order in that turn says, however late.
fn record_of(turn: Turn, outcome: HandoverOutcome) -> Command {
    Command::RecordHandover { turn, outcome, at: AT }
}

fn start(order: &Order) -> Command {
    Command::StartHandover { turn: turn(order), target: SHOP.into() }
}

fn record(order: &Order, outcome: HandoverOutcome) -> Command {
    Command::RecordHandover { turn: turn(order), outcome, at: AT }
}

fn failed(again: bool, in_doubt: bool) -> HandoverOutcome {
    HandoverOutcome::Failed {
        class: FailureClass::RejectedInventory,
        cause: "two shirts are left".into(),
        next_at: again.then_some(AT + Duration::SECOND),
        in_doubt,
    }
}

fn taken(id: &str) -> HandoverOutcome {
    HandoverOutcome::Taken(ids(id))
}

fn started(order: Order) -> Order {
    let start = start(&order);
    decided(order, start)
}

fn recorded(order: Order, outcome: HandoverOutcome) -> Order {
    let record = record(&order, outcome);
    decided(order, record)
}

fn names(order: &Order, command: Command) -> Vec<&'static str> {
    order.decide(command).unwrap().iter().map(Fact::name).collect()
}

fn handover(order: &Order) -> &Handover {
    order.handover.as_ref().unwrap()
}

#[test]
fn an_order_is_queued_with_ready_if_its_store_is_plug_and_play() {
    let order = received(checkout());
    let ready = |plug_and_play| names(&order, Command::MarkReady { plug_and_play });
    assert_eq!(ready(false), ["order.ready"]);
    assert_eq!(ready(true), ["order.ready", "handover.queued"]);
    assert_eq!(handover(&queued()).state, HandoverState::Queued);
}

#[test]
fn a_push_that_succeeds_accepts_the_order() {
    let order = started(queued());
    assert_eq!(handover(&order).state, HandoverState::InFlight);
    assert!(handover(&order).in_doubt);
    assert_eq!(names(&order, record(&order, taken("S-1"))), ["order.accepted", "handover.settled"]);
    let order = recorded(order, taken("S-1"));
    assert_eq!((order.state, order.external.clone()), (OrderState::Accepted, Some(ids("S-1"))));
    assert_eq!(handover(&order).state, HandoverState::Succeeded);
    assert!(!handover(&order).in_doubt);
    // Told again it is no news.
    assert_eq!(names(&order, record(&order, taken("S-1"))), Vec::<&str>::new());
}

#[test]
fn a_try_that_failed_is_kept_and_tried_again_until_it_was_the_last() {
    let order = recorded(started(queued()), failed(true, false));
    let seen = handover(&order);
    assert_eq!((seen.state, seen.tries, seen.starts), (HandoverState::Retrying, 1, 1));
    let failure = &seen.failures[0];
    assert_eq!((failure.number, failure.class), (1, FailureClass::RejectedInventory));
    assert_eq!(failure.cause, "two shirts are left");
    assert_eq!(order.state, OrderState::Ready);
    let order = started(order);
    let last = record(&order, failed(false, false));
    let facts = order.decide(last.clone()).unwrap();
    assert!(facts.iter().all(Fact::is_public));
    let names: Vec<_> = facts.iter().map(Fact::name).collect();
    assert_eq!(names, ["order.handover_failed", "order.handover_exhausted"]);
    let order = decided(order, last);
    let state = (order.state, handover(&order).state, handover(&order).tries);
    assert_eq!(state, (OrderState::Ready, HandoverState::Exhausted, 2));
}

#[test]
fn of_two_who_want_to_push_one_may() {
    let order = queued();
    let both = [start(&order), start(&order)];
    let order = decided(order, both[0].clone());
    let refused = order.decide(both[1].clone()).unwrap_err();
    assert_eq!(refused.reason, Reason::HandoverStateForbids);
    // What the slower one says of a failure is not heard; that the shop has it always is.
    let stale = |outcome| record_of(Turn::default(), outcome);
    assert_eq!(names(&order, stale(failed(true, false))), Vec::<&str>::new());
    assert_eq!(names(&order, stale(HandoverOutcome::Absent)), Vec::<&str>::new());
    assert_eq!(names(&order, stale(taken("S-1"))), ["order.accepted", "handover.settled"]);
}

#[test]
fn a_cancel_wins_over_a_push_in_flight() {
    let order = started(queued());
    let order = decided(order, Command::CancelOrder(Box::new(cancel([]))));
    assert_eq!(
        (order.state, handover(&order).state),
        (OrderState::Cancelled, HandoverState::InFlight)
    );
    // L23: the ids are stored, the state stays.
    assert_eq!(names(&order, record(&order, taken("S-1"))), ["order.orphaned"]);
    let late = recorded(order.clone(), taken("S-1"));
    assert_eq!((late.state, late.external.clone()), (OrderState::Cancelled, Some(ids("S-1"))));
    assert_eq!(handover(&late).state, HandoverState::Succeeded);
    assert_eq!(names(&late, record(&late, taken("S-1"))), Vec::<&str>::new());
    // Or the shop does not have it.
    let absent = recorded(order, HandoverOutcome::Absent);
    assert_eq!(handover(&absent).state, HandoverState::NotApplicable);
    assert!(!handover(&absent).in_doubt);
}

#[test]
fn a_try_that_fails_after_a_cancel_leaves_it_at_that() {
    let order = started(queued());
    let order = decided(order, Command::CancelOrder(Box::new(cancel([]))));
    for in_doubt in [false, true] {
        let order = recorded(order.clone(), failed(false, in_doubt));
        let seen = (handover(&order).state, handover(&order).in_doubt);
        assert_eq!(seen, (HandoverState::NotApplicable, in_doubt));
    }
}

#[test]
fn what_a_merchant_accepted_by_hand_is_one_too_many_when_it_is_pushed_as_another() {
    let order = decided(started(queued()), Command::Accept(ids("M-1")));
    assert_eq!(handover(&order).state, HandoverState::Succeeded);
    assert!(handover(&order).in_doubt, "the push may still arrive");
    assert_eq!(names(&order, record(&order, taken("M-1"))), ["handover.settled"]);
    assert_eq!(names(&order, record(&order, taken("S-1"))), ["order.orphaned"]);
    let orphan = recorded(order, taken("S-1"));
    assert_eq!(orphan.external, Some(ids("M-1")));
    assert!(!handover(&orphan).in_doubt);
}

#[test]
fn an_order_that_is_reinstated_is_pushed_again() {
    let order = decided(queued(), Command::CancelOrder(Box::new(cancel([]))));
    assert_eq!(handover(&order).state, HandoverState::NotApplicable);
    let cancellation = order.cancellations[0].cancellation_id;
    let order = decided(order, Command::UndoCancellation(Box::new(undo(cancellation, None))));
    assert_eq!((order.state, handover(&order).state), (OrderState::Ready, HandoverState::Queued));
}

#[test]
fn a_person_has_it_tried_again_from_the_beginning() {
    let exhausted = recorded(started(queued()), failed(false, true));
    let retry = || Command::RetryHandover { by: merchant() };
    let order = decided(exhausted.clone(), retry());
    let seen = handover(&order);
    assert_eq!((seen.state, seen.tries, seen.in_doubt), (HandoverState::Queued, 0, true));
    #[rustfmt::skip]
    let table = [
        (HandoverState::NotApplicable, "."),
        (HandoverState::Queued,        "0"),
        (HandoverState::InFlight,      "0"),
        (HandoverState::Retrying,      "1"),
        (HandoverState::Succeeded,     "."),
        (HandoverState::Exhausted,     "1"),
    ];
    for (state, expected) in table {
        let mut order = exhausted.clone();
        order.handover.as_mut().unwrap().state = state;
        let seen = order.decide(retry()).map_or(".".to_owned(), |facts| facts.len().to_string());
        assert_eq!(seen, expected, "{}", state.name());
        for elsewhere in OrderState::ALL.into_iter().filter(|state| *state != OrderState::Ready) {
            let order = Order { state: elsewhere, ..order.clone() };
            assert!(order.decide(retry()).is_err(), "{}", elsewhere.name());
            assert!(order.decide(start(&order)).is_err(), "{}", elsewhere.name());
        }
    }
}

fn retried(order: Order) -> Order {
    decided(order, Command::RetryHandover { by: merchant() })
}

/// The whole order cancelled and put back.
fn put_back(order: Order) -> Order {
    let order = decided(order, Command::CancelOrder(Box::new(cancel([]))));
    let cancellation = order.cancellations[0].cancellation_id;
    decided(order, Command::UndoCancellation(Box::new(undo(cancellation, None))))
}

#[test]
fn what_an_earlier_round_came_to_says_nothing_about_this_one() {
    let exhausted = recorded(started(queued()), failed(false, true));
    let seen = turn(&exhausted);
    for order in [retried(exhausted.clone()), put_back(exhausted)] {
        assert_eq!(handover(&order).state, HandoverState::Queued);
        for outcome in [HandoverOutcome::Absent, failed(false, true), failed(true, false)] {
            assert_eq!(names(&order, record_of(seen, outcome)), Vec::<&str>::new());
        }
        let late = Command::StartHandover { turn: seen, target: SHOP.into() };
        assert_eq!(order.decide(late).unwrap_err().reason, Reason::HandoverStateForbids);
        let taken = record_of(seen, taken("S-1"));
        assert_eq!(names(&order, taken), ["order.accepted", "handover.settled"]);
    }
}

#[test]
fn the_platform_cancels_only_what_no_try_is_left_for() {
    let failed_to_hand_over = |order: &Order| {
        let cancel = by_platform(CancellationReason::HandoverFailed);
        order.decide(Command::CancelByPlatform(Box::new(cancel)))
    };
    let exhausted = recorded(started(queued()), failed(false, false));
    let open = [queued(), started(queued()), retried(exhausted.clone())];
    for order in open.into_iter().chain([recorded(started(queued()), failed(true, false))]) {
        let refused = failed_to_hand_over(&order).unwrap_err();
        assert_eq!(refused.reason, Reason::OrderProtected, "{}", handover(&order).state.name());
    }
    assert!(!failed_to_hand_over(&exhausted).unwrap().is_empty());
}

#[test]
fn an_order_that_was_accepted_by_hand_keeps_its_names_when_it_is_cancelled() {
    let order = decided(started(queued()), Command::Accept(ids("M-1")));
    let order = decided(order, Command::CancelOrder(Box::new(cancel([]))));
    assert_eq!(names(&order, record(&order, taken("S-1"))), ["order.orphaned"]);
    let order = recorded(order, taken("S-1"));
    assert_eq!(order.external, Some(ids("M-1")));
    assert_eq!(handover(&order).orphan, Some(ids("S-1")));
    assert!(!handover(&order).in_doubt);
    // Two who found it tell it once.
    assert_eq!(names(&order, record(&order, taken("S-1"))), Vec::<&str>::new());
}

#[test]
fn another_number_makes_no_other_order() {
    let order = decided(started(queued()), Command::Accept(ids("S-1")));
    let renamed = ExternalIds { id: "S-1".into(), number: "#1001".into() };
    let taken = HandoverOutcome::Taken(renamed);
    assert_eq!(names(&order, record(&order, taken)), ["handover.settled"]);
}

#[test]
fn after_the_last_try_it_is_settled_whether_or_not_it_was_in_doubt() {
    for in_doubt in [true, false] {
        let exhausted = recorded(started(queued()), failed(false, in_doubt));
        let absent = record(&exhausted, HandoverOutcome::Absent);
        assert_eq!(names(&exhausted, absent.clone()), ["handover.settled"]);
        let settled = decided(exhausted, absent);
        assert_eq!(handover(&settled).state, HandoverState::Exhausted);
        assert!(!handover(&settled).in_doubt);
    }
    // The shop has another order by this name: that is one failure more, and the end of the doubt.
    let exhausted = recorded(started(queued()), failed(false, true));
    let other = record(&exhausted, failed(true, false));
    assert_eq!(names(&exhausted, other.clone()), ["order.handover_failed"]);
    let settled = decided(exhausted, other);
    let seen = handover(&settled);
    assert_eq!((seen.state, seen.in_doubt), (HandoverState::Exhausted, false));
    assert_eq!(seen.failures.last().unwrap().next_at, None);
}

#[test]
fn what_is_in_doubt_is_known_to_be_in_the_shop_it_was_pushed_to() {
    let order = started(queued());
    assert!(!handover(&order).may_be_elsewhere(SHOP));
    assert!(handover(&order).may_be_elsewhere("vendure https://shop.example"));
    // That a person wants it tried again says nothing about where it is.
    let exhausted = recorded(order.clone(), failed(false, true));
    assert!(handover(&retried(exhausted)).may_be_elsewhere("vendure https://shop.example"));
    let known = recorded(order, failed(true, false));
    assert!(!handover(&known).may_be_elsewhere("vendure https://shop.example"));
}

#[test]
fn failures_that_are_kept_have_an_end() {
    let mut order = queued();
    for _ in 0..Handover::MAX_FAILURES + 5 {
        let long = HandoverOutcome::Failed {
            class: FailureClass::Transient,
            cause: "x".repeat(9_999),
            next_at: Some(AT),
            in_doubt: true,
        };
        order = recorded(started(order), long);
    }
    let failures = &handover(&order).failures;
    assert_eq!(failures.len(), Handover::MAX_FAILURES);
    assert_eq!(failures.last().unwrap().number, 25);
    assert_eq!(failures[0].cause.len(), Handover::MAX_CAUSE);
}

#[test]
fn the_schedule_is_the_stores_or_the_common_one() {
    let mut target = domain::store::Handover {
        adapter: "http".into(),
        url: "https://shop.example/orders".into(),
        secret: "s3cret".into(),
        exhausted: domain::store::HandoverExhausted::Notify,
        schedule_seconds: Vec::new(),
    };
    let waits: Vec<_> = (0..=7).map(|number| target.wait_after(number)).collect();
    let some = [30, 120, 600, 1_800, 7_200, 21_600].map(Some);
    assert_eq!(waits, [&[None][..], &some, &[None]].concat());
    target.schedule_seconds = vec![1];
    assert_eq!([1, 2].map(|number| target.wait_after(number)), [Some(1), None]);
    assert!(!format!("{target:?}").contains("s3cret"));
}
