//! What cancellations add to an order's document is bounded.

use super::build::{
    accept, asked, by_platform, cancel, cancellation_id, cancelled, latest, nth, reject, request,
    requested, undo,
};
use crate::build::{checkout, exhausted, ready};
use domain::{
    Reason,
    cancellation::{
        AcceptCancellation, CancelOrder, Cancellation, CancellationReason, CancellationState,
        Given, RequestCancellation,
    },
    order::{Command, Order},
};

fn with(cancellation: &Cancellation, count: usize) -> Order {
    Order { cancellations: vec![cancellation.clone(); count], ..ready(checkout()) }
}

fn by_merchant() -> Command {
    Command::CancelOrder(Box::new(cancel([asked("shirt", 1)])))
}

fn by_customer() -> Command {
    Command::RequestCancellation(Box::new(request([asked("shirt", 1)])))
}

fn is_full(order: &Order, command: Command) -> bool {
    match order.decide(command) {
        Ok(_) => false,
        Err(refused) => {
            assert_eq!(refused.reason, Reason::TooManyEntries, "{refused}");
            assert!(refused.value("limit").is_some());
            true
        }
    }
}

#[test]
fn an_order_holds_so_many_cancellations_and_no_more() {
    let made = latest(&cancelled(ready(checkout()), cancel([asked("socks", 1)]))).clone();
    let undone = Cancellation { state: CancellationState::Undone, ..made };
    assert!(is_full(&with(&undone, Order::MAX_CANCELLATIONS), by_merchant()));
    assert!(!is_full(&with(&undone, Order::MAX_CANCELLATIONS - 1), by_merchant()));
    let line = undone.lines[0].clone();
    let lines = |count| Cancellation { lines: vec![line.clone(); count], ..undone.clone() };
    assert!(is_full(&with(&lines(Order::MAX_CANCELLED_LINES), 1), by_merchant()));
    assert!(!is_full(&with(&lines(Order::MAX_CANCELLED_LINES - 1), 1), by_merchant()));
    // The platform keeps nothing back for want of room.
    let platforms = Box::new(by_platform(CancellationReason::HandoverFailed));
    let full = exhausted(with(&undone, Order::MAX_CANCELLATIONS));
    assert!(full.decide(Command::CancelByPlatform(platforms)).is_ok());
}

#[test]
fn customers_keep_nobody_from_cancelling() {
    let order = requested(ready(checkout()), request([asked("socks", 1)]));
    let ended = Cancellation { state: CancellationState::Withdrawn, ..latest(&order).clone() };
    let full = with(&ended, Order::MAX_REQUESTS);
    assert!(is_full(&full, by_customer()));
    assert!(!is_full(&full, by_merchant()));
    assert!(!is_full(&with(&ended, Order::MAX_REQUESTS - 1), by_customer()));
    let lines = vec![ended.lines[0].clone(); Order::MAX_REQUESTED_LINES];
    let long = Cancellation { lines, ..ended.clone() };
    assert!(is_full(&with(&long, 1), by_customer()));
    assert!(!is_full(&with(&long, 1), by_merchant()));
}

#[test]
fn what_is_said_is_bounded_wherever_it_is_said() {
    let given =
        |text: usize| Given { reason: CancellationReason::Other, text: Some("x".repeat(text)) };
    let order = requested(ready(checkout()), request([asked("socks", 1)]));
    let asked_for = Cancellation {
        customer_reason: Some(given(Order::MAX_REQUEST_TEXT)),
        ..latest(&order).clone()
    };
    let said = RequestCancellation { reason: given(1), ..request([asked("shirt", 1)]) };
    assert!(is_full(&with(&asked_for, 1), Command::RequestCancellation(Box::new(said))));
    // Somebody who says nothing is not kept from it.
    assert!(!is_full(&with(&asked_for, 1), by_customer()));

    let mut order = order;
    order.cancellations.push(Cancellation {
        cancellation_id: cancellation_id(7),
        state: CancellationState::Undone,
        accepted: None,
        split_from: Some(cancellation_id(1)),
        reason: Some(given(Order::MAX_CANCELLATION_TEXT)),
        ..latest(&order).clone()
    });
    assert!(!is_full(&order, by_merchant()));
    let loud = CancelOrder { reason: given(1), ..cancel([asked("shirt", 1)]) };
    assert!(is_full(&order, Command::CancelOrder(Box::new(loud))));
    let accept = AcceptCancellation { reason: given(1), ..accept(cancellation_id(1)) };
    assert!(is_full(&order, Command::AcceptCancellation(Box::new(accept))));
    assert!(is_full(&order, Command::RejectCancellation(Box::new(reject(cancellation_id(1), [])))));
    let order = cancelled(order, nth(9, cancel([asked("shirt", 1)])));
    let undo = Command::UndoCancellation(Box::new(undo(cancellation_id(9), None)));
    assert!(is_full(&order, undo));
}

#[test]
fn a_cancellation_survives_storage() {
    let order = cancelled(ready(checkout()), cancel([asked("shirt", 1)]));
    let text = serde_json::to_string(&order).unwrap();
    assert_eq!(serde_json::from_str::<Order>(&text).unwrap(), order);
}
