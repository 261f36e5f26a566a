//! The money of a cancellation was back, and came back from there.

use super::build::{
    asked, cancel, cancelled, captured, latest, nth, paid_back, recaptured, undo, undone,
};
use crate::build::{amount, checkout, decided, last, left, pair, ready, record, retry, reversed};
use domain::{
    Reason,
    cancellation::CancellationState,
    order::{Command, Fact, Order, OrderState},
    refund::{LegState, RefundState},
};

/// COMPLETED says that the money had gone back. It leads to UNDONE alone; that the refund has failed
/// since, the refund says.
#[test]
fn a_completed_cancellation_stays_so_and_its_refund_has_failed() {
    let order = taken_back(paid_back(cancelled(ready(checkout()), cancel([]))));
    assert_eq!(latest(&order).state, CancellationState::Completed);
    assert_eq!(order.state, OrderState::Cancelled);
    assert_eq!(last(&order).state, RefundState::Failed);
    assert_eq!(left(&order).tenders[0].left, amount("85.00"));
    // Once more, by another key, and it is not completed twice.
    let facts = order.decide(retry(last(&order).refund_id)).unwrap();
    let order = facts.iter().fold(order, Order::evolve);
    let order = paid_back(order);
    assert_eq!(last(&order).state, RefundState::Succeeded);
    assert_eq!(latest(&order).state, CancellationState::Completed);
    let states: Vec<_> = last(&order).legs.iter().map(|leg| leg.state).collect();
    assert_eq!(states, [LegState::Voided, LegState::Settled]);
}

#[test]
fn a_leg_that_is_reversed_while_others_are_open_leaves_the_cancellation_in_progress() {
    let order = cancelled(ready(checkout()), cancel([asked("socks", 1)]));
    let refund_id = last(&order).refund_id;
    let leg_id = last(&order).legs[0].leg_id.clone();
    let order = decided(
        order,
        Command::SendLeg {
            refund_id,
            leg_id: leg_id.clone(),
            attempt: 0,
            at: time::OffsetDateTime::UNIX_EPOCH,
        },
    );
    let order = decided(order, record(refund_id, leg_id, 1, reversed()));
    assert_eq!(latest(&order).state, CancellationState::InProgress);
    assert_eq!(last(&order).state, RefundState::Failed);
    let order = paid_back(decided(order, retry(refund_id)));
    assert_eq!(latest(&order).state, CancellationState::Completed);
}

/// What the cancelled pieces cost is still to go back with them.
#[test]
fn a_further_cancellation_does_not_take_what_the_first_owes_again() {
    let order = taken_back(paid_back(cancelled(ready(checkout()), cancel([asked("socks", 2)]))));
    let refund_id = last(&order).refund_id;
    let order = cancelled(order, nth(2, cancel([asked("shirt", 3)])));
    assert_eq!(order.state, OrderState::Cancelled);
    // The socks were 10.00, and 1.00 of duties.
    assert_eq!(last(&order).total, pair("74.00", "88.80"));
    assert!(order.decide(retry(refund_id)).is_ok());
}

#[test]
fn an_undo_of_what_was_reversed_needs_no_proof() {
    let order = taken_back(paid_back(cancelled(ready(checkout()), cancel([]))));
    let id = latest(&order).cancellation_id;
    let order = undone(order, undo(id, None));
    assert_eq!(last(&order).state, RefundState::Voided);
    assert_eq!((order.tenders.len(), left(&order).total), (1, pair("85.00", "102.00")));
}

/// The provider said so itself, when the undo asked it.
#[test]
fn what_an_undo_has_counted_already_is_not_reversed() {
    let order = paid_back(cancelled(ready(checkout()), cancel([])));
    let id = latest(&order).cancellation_id;
    let order = undone(order, undo(id, recaptured("card", captured("85.00"))));
    let refused = order.decide(of_first(&order)).unwrap_err();
    assert_eq!(refused.reason, Reason::RefundStateForbids);
    let left: Vec<_> = left(&order).tenders.iter().map(|tender| tender.left).collect();
    assert_eq!(left, [amount("0.00"), amount("85.00")]);
}

fn of_first(order: &Order) -> Command {
    let refund = last(order);
    record(refund.refund_id, refund.legs[0].leg_id.clone(), 1, reversed())
}

fn taken_back(order: Order) -> Order {
    let facts = order.decide(of_first(&order)).unwrap();
    let names: Vec<_> = facts.iter().map(Fact::name).collect();
    assert_eq!(names, ["refund.reversed"]);
    facts.iter().fold(order, Order::evolve)
}
