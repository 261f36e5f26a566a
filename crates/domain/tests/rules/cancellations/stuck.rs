//! Nothing that a provider answers, or reports meanwhile, leaves a cancellation without a way out.

use super::build::{
    NOW, asked, by_platform, cancel, cancellation_id, cancelled, latest, paid_back, undo, undone,
};
use crate::build::{
    amount, answered, checkout, confirm, decided, declined, last, left, merchant, ready, received,
    record, retry, settled, tender,
};
use domain::{
    Amount, Reason,
    cancellation::{CancellationReason, CancellationState},
    order::{Command, Order, PaymentReport, TenderMethod, TenderState},
    refund::{LegKind, LegState, RefundMethod, RefundState},
};

fn report(tender: &str, state: TenderState) -> Command {
    Command::RecordPayment(PaymentReport {
        tender_id: tender.parse().unwrap(),
        state,
        amount: None,
        provider_reference: None,
    })
}

fn by(order: Order, method: RefundMethod) -> Order {
    let refund_id = last(&order).refund_id;
    decided(order, Command::ChangeRefundMethod { refund_id, method, at: NOW })
}

/// The provider declined to let an authorisation go.
fn not_let_go() -> Order {
    let mut new = checkout();
    new.tenders[0].state = TenderState::Authorized;
    let order = cancelled(ready(new), cancel([]));
    assert_eq!(last(&order).legs[0].kind, LegKind::Release);
    answered(order, 0, declined())
}

#[test]
fn what_was_captured_before_it_was_let_go_is_given_back() {
    let order = decided(not_let_go(), report("card", TenderState::Captured));
    let again = decided(order.clone(), retry(last(&order).refund_id));
    let leg = last(&again).legs[1].clone();
    assert_eq!((leg.kind, leg.amount), (LegKind::Refund, amount("85.00")));
    let order = answered(again, 1, settled());
    assert_eq!(latest(&order).state, CancellationState::Completed);
    assert_eq!(left(&order).tenders[0].left, Amount::ZERO);
}

#[test]
fn another_method_gives_back_what_was_captured_meanwhile() {
    let order = decided(not_let_go(), report("card", TenderState::Captured));
    let order = by(order, RefundMethod::BankDeposit);
    assert_eq!(last(&order).legs[1].kind, LegKind::Manual);
    let order = decided(order.clone(), confirm(last(&order).refund_id, "wire-1"));
    assert_eq!(latest(&order).state, CancellationState::Completed);
}

#[test]
fn an_authorisation_that_lapsed_needs_nothing() {
    let order = decided(not_let_go(), report("card", TenderState::Failed));
    let order = decided(order.clone(), retry(last(&order).refund_id));
    assert_eq!(last(&order).state, RefundState::Succeeded);
    assert_eq!(latest(&order).state, CancellationState::Completed);
}

#[test]
fn the_platform_cancels_and_what_was_captured_meanwhile_goes_back() {
    let mut new = checkout();
    new.tenders = vec![
        tender("card", TenderMethod::Card, amount("60.00")),
        tender("two", TenderMethod::Card, amount("25.00")),
    ];
    new.tenders[0].state = TenderState::Authorized;
    new.tenders[1].state = TenderState::Pending;
    let order = decided(received(new), report("two", TenderState::Failed));
    let cancel = by_platform(CancellationReason::PaymentFailed);
    let order = decided(order, Command::CancelByPlatform(Box::new(cancel)));
    let order = decided(answered(order, 0, declined()), report("card", TenderState::Captured));
    let order = decided(order.clone(), retry(last(&order).refund_id));
    let order = answered(order, 1, settled());
    assert_eq!(latest(&order).state, CancellationState::Completed);
    assert_eq!(left(&order).tenders[0].left, Amount::ZERO);
}

#[test]
fn what_settles_after_it_was_given_up_is_not_paid_twice() {
    let order = answered(cancelled(ready(checkout()), cancel([])), 0, declined());
    let refund_id = last(&order).refund_id;
    let leg_id = last(&order).legs[0].leg_id.clone();
    let order = by(order, RefundMethod::BankDeposit);
    let late = record(refund_id, leg_id, 1, settled());
    let order = decided(order, late.clone());
    let states: Vec<_> = last(&order).legs.iter().map(|leg| leg.state).collect();
    assert_eq!(states, [LegState::Settled, LegState::Voided]);
    assert_eq!(latest(&order).state, CancellationState::Completed);
    let refused = order.decide(confirm(refund_id, "wire-2")).unwrap_err();
    assert_eq!(refused.reason, Reason::RefundStateForbids);
    assert_eq!(order.decide(late), Ok(vec![]), "and once is enough");
}

#[test]
fn what_settles_after_its_undo_is_booked() {
    let order = answered(cancelled(ready(checkout()), cancel([])), 0, declined());
    let (refund_id, leg_id) = (last(&order).refund_id, last(&order).legs[0].leg_id.clone());
    let order = undone(order, undo(cancellation_id(1), None));
    let order = decided(order, record(refund_id, leg_id, 1, settled()));
    assert_eq!(left(&order).tenders[0].left, Amount::ZERO);
    assert_eq!(last(&order).state, RefundState::Voided);
}

#[test]
fn a_failed_refund_is_retried_with_its_keys_and_not_changed_to_what_it_is() {
    let order = answered(cancelled(ready(checkout()), cancel([])), 0, declined());
    let (refund_id, method) = (last(&order).refund_id, RefundMethod::Original);
    let refused = order.decide(Command::ChangeRefundMethod { refund_id, method, at: NOW });
    assert_eq!(refused.unwrap_err().reason, Reason::RefundStateForbids);
    let method = RefundMethod::GiftCard;
    let refused = order.decide(Command::ChangeRefundMethod { refund_id, method, at: NOW });
    assert_eq!(refused.unwrap_err().reason, Reason::InvalidFields);
}

#[test]
fn the_legs_of_a_refund_are_bounded() {
    let mut order = cancelled(ready(checkout()), cancel([asked("socks", 1)]));
    let refund_id = last(&order).refund_id;
    let methods = [RefundMethod::BankDeposit, RefundMethod::StoreCredit];
    let change = |place: usize| Command::ChangeRefundMethod {
        refund_id,
        method: methods[place % 2],
        at: NOW,
    };
    for place in 1..Order::MAX_LEGS {
        order = decided(order, change(place));
    }
    let refused = order.decide(change(Order::MAX_LEGS)).unwrap_err();
    assert_eq!(refused.reason, Reason::TooManyEntries);
}

#[test]
fn a_refund_may_be_held_after_its_method_changed() {
    let order = by(cancelled(ready(checkout()), cancel([])), RefundMethod::BankDeposit);
    let refund_id = last(&order).refund_id;
    let hold = Command::HoldRefund { refund_id, by: merchant(), reason: "a call first".into() };
    assert_eq!(last(&decided(order, hold)).state, RefundState::Held);
}

#[test]
fn what_is_paid_on_delivery_or_was_never_taken_is_let_go() {
    for (method, provider) in
        [(TenderMethod::CashOnDelivery, "manual"), (TenderMethod::GiftCard, "ledger")]
    {
        let mut new = checkout();
        new.tenders[0].method = method;
        new.tenders[0].provider = provider.into();
        new.tenders[0].state = TenderState::Authorized;
        let order = cancelled(ready(new), cancel([]));
        let leg = last(&order).legs[0].clone();
        assert_eq!((leg.kind, leg.provider.as_str()), (LegKind::Release, provider));
        assert_eq!(latest(&paid_back(order)).state, CancellationState::Completed);
    }
    // Points that were only reserved are back in the very step.
    let mut new = checkout();
    new.tenders[0].method = TenderMethod::Points;
    new.tenders[0].provider = "ledger".into();
    new.tenders[0].state = TenderState::Authorized;
    let order = cancelled(ready(new), cancel([]));
    assert_eq!(latest(&order).state, CancellationState::Completed);
}
