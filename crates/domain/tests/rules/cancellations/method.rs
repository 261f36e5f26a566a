//! K11: another way back, and holds.

use super::build::{NOW, accept, cancel, cancellation_id, cancelled, latest, request, requested};
use crate::build::{
    amount, answered, checkout, confirm, decided, declined, last, merchant, ready, settled,
};
use domain::{
    Reason,
    cancellation::{AcceptCancellation, CancellationState},
    order::{Command, Order},
    refund::{LegKind, LegState, RefundMethod, RefundState},
};

fn by(order: Order, method: RefundMethod) -> Order {
    let refund_id = last(&order).refund_id;
    decided(order, Command::ChangeRefundMethod { refund_id, method, at: NOW })
}

#[test]
fn what_was_not_sent_goes_another_way() {
    let order = by(cancelled(ready(checkout()), cancel([])), RefundMethod::BankDeposit);
    let [first, second] = &last(&order).legs[..] else { panic!("one leg replaces the other") };
    assert_eq!((first.state, first.kind), (LegState::Voided, LegKind::Refund));
    assert_eq!((second.state, second.kind), (LegState::Pending, LegKind::Manual));
    assert_ne!(first.leg_id, second.leg_id, "a key stands for one movement");
    assert_eq!(second.amount, amount("85.00"));
    let order = decided(order.clone(), confirm(last(&order).refund_id, "wire-1"));
    assert_eq!(latest(&order).state, CancellationState::Completed);
    assert_eq!(last(&order).method, RefundMethod::BankDeposit);
}

#[test]
fn a_refund_that_failed_is_tried_the_other_way() {
    let order = answered(cancelled(ready(checkout()), cancel([])), 0, declined());
    assert_eq!(last(&order).state, RefundState::Failed);
    let order = by(order, RefundMethod::StoreCredit);
    assert_eq!(last(&order).state, RefundState::Pending);
    let leg = last(&order).legs[1].clone();
    assert_eq!((leg.kind, leg.provider.as_str()), (LegKind::Restore, "ledger"));
    let order = answered(order, 1, settled());
    assert_eq!(latest(&order).state, CancellationState::Completed);
}

#[test]
fn what_is_on_its_way_or_over_keeps_its_method() {
    let order = cancelled(ready(checkout()), cancel([]));
    let refund_id = last(&order).refund_id;
    let leg_id = last(&order).legs[0].leg_id.clone();
    let method = RefundMethod::BankDeposit;
    let change = Command::ChangeRefundMethod { refund_id, method, at: NOW };
    let sent = decided(
        order.clone(),
        Command::SendLeg { refund_id, leg_id, attempt: 0, at: time::OffsetDateTime::UNIX_EPOCH },
    );
    let over = answered(order, 0, settled());
    for order in [sent, over] {
        let refused = order.decide(change.clone()).unwrap_err();
        assert_eq!(refused.reason, Reason::RefundStateForbids);
    }
}

#[test]
fn a_held_refund_may_change_its_method_and_stays_held() {
    let order = requested(ready(checkout()), request([]));
    let accept = AcceptCancellation { ..accept(cancellation_id(1)) };
    let order = super::build::accepted(order, accept);
    let refund_id = last(&order).refund_id;
    let hold = Command::HoldRefund { refund_id, by: merchant(), reason: "a call first".into() };
    let order = by(decided(order, hold), RefundMethod::BankDeposit);
    assert_eq!(last(&order).state, RefundState::Held);
    let order = decided(order, Command::ReleaseRefund { refund_id });
    assert_eq!(last(&order).state, RefundState::Pending);
    let order = decided(order, confirm(refund_id, "wire-2"));
    assert_eq!(latest(&order).state, CancellationState::Completed);
}
