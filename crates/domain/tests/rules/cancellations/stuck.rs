//! Nothing that a provider answers, or reports meanwhile, leaves a cancellation without a way out.

use super::build::{
    NOW, asked, by_platform, cancel, cancellation_id, cancelled, latest, nth, paid_back, repaid,
    undo, undone,
};
use crate::build::{
    amount, answered, checkout, confirm, decided, declined, failure, last, left, merchant, pieces,
    products, ready, received, record, refunded, retry, settled, tender,
};
use domain::{
    Amount, Reason,
    cancellation::{CancelOrder, CancellationReason, CancellationState, Charges},
    order::{Command, Order, OrderState, PaymentReport, TenderMethod, TenderState},
    refund::{LegKind, LegOutcome, LegState, RefundMethod, RefundState},
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

fn deferred() -> LegOutcome {
    LegOutcome::Deferred(failure())
}

fn moved(order: &Order) -> (Amount, Amount) {
    let legs = || order.refunds.iter().flat_map(|refund| &refund.legs);
    let sum = |release: bool| {
        let settled = legs().filter(|leg| leg.state == LegState::Settled);
        let settled = settled.filter(|leg| (leg.kind == LegKind::Release) == release);
        Amount::sum(settled.map(|leg| leg.amount)).unwrap()
    };
    (sum(false), sum(true))
}

#[test]
fn an_authorisation_is_let_go_whatever_the_method_and_once() {
    let mut new = checkout();
    new.tenders[0].state = TenderState::Authorized;
    for lines in [vec![asked("socks", 2)], vec![]] {
        let order = answered(cancelled(ready(new.clone()), cancel(lines)), 0, deferred());
        let (refund_id, leg_id) = (last(&order).refund_id, last(&order).legs[0].leg_id.clone());
        let total = last(&order).total.customer;
        let order = by(order, RefundMethod::BankDeposit);
        assert_eq!(last(&order).legs.len(), 1);
        let order = decided(order, record(refund_id, leg_id, 1, settled()));
        assert_eq!(moved(&order), (Amount::ZERO, total));
        assert_eq!(latest(&order).state, CancellationState::Completed);
    }
}

#[test]
fn whatever_the_replacement_has_come_to_is_not_paid_beside_what_it_replaced() {
    // The first try may be deferred or declined, and so may the one that replaces it.
    for first in [deferred(), declined()] {
        for second in [deferred(), declined()] {
            let cancel = cancel([asked("socks", 2)]);
            let order = answered(cancelled(ready(checkout()), cancel), 0, first.clone());
            let (refund_id, leg_id) = (last(&order).refund_id, last(&order).legs[0].leg_id.clone());
            let order = answered(by(order, RefundMethod::StoreCredit), 1, second.clone());
            let order = decided(order, record(refund_id, leg_id, 1, settled()));
            assert_eq!(moved(&order), (amount("11.00"), Amount::ZERO), "{first:?} {second:?}");
            assert_eq!(last(&order).state, RefundState::Succeeded);
            assert_eq!(latest(&order).state, CancellationState::Completed);
            assert!(order.decide(retry(refund_id)).is_err(), "there is nothing left of it");
        }
    }
}

#[test]
fn a_replacement_that_was_on_its_way_is_not_tried_again_once_it_is_not_needed() {
    for second in [deferred(), declined()] {
        let cancel = cancel([asked("socks", 2)]);
        let order = answered(cancelled(ready(checkout()), cancel), 0, deferred());
        let (refund_id, first) = (last(&order).refund_id, last(&order).legs[0].leg_id.clone());
        let order = by(order, RefundMethod::StoreCredit);
        let leg_id = last(&order).legs[1].leg_id.clone();
        let send = Command::SendLeg {
            refund_id,
            leg_id: leg_id.clone(),
            attempt: 0,
            at: time::OffsetDateTime::UNIX_EPOCH,
        };
        let order = decided(decided(order, send), record(refund_id, first, 1, settled()));
        let order = decided(order, record(refund_id, leg_id, 1, second));
        assert_eq!(last(&order).legs[1].state, LegState::Voided);
        assert_eq!(latest(&order).state, CancellationState::Completed);
        assert_eq!(moved(&order).0, amount("11.00"));
    }
}

#[test]
fn what_settles_while_its_refund_is_held_is_booked() {
    let order = answered(cancelled(ready(checkout()), cancel([])), 0, deferred());
    let (refund_id, leg_id) = (last(&order).refund_id, last(&order).legs[0].leg_id.clone());
    let hold = Command::HoldRefund { refund_id, by: merchant(), reason: "a call first".into() };
    let late = record(refund_id, leg_id, 1, settled());
    let as_it_was = decided(order.clone(), hold.clone());
    let another_way = decided(by(order, RefundMethod::BankDeposit), hold);
    for order in [as_it_was, another_way] {
        assert_eq!(last(&order).state, RefundState::Held);
        let order = decided(order, late.clone());
        assert_eq!((last(&order).state, &last(&order).hold), (RefundState::Succeeded, &None));
        assert_eq!(latest(&order).state, CancellationState::Completed);
        assert_eq!(moved(&order).0, amount("85.00"));
    }
}

#[test]
fn what_a_failed_refund_still_owes_is_left_for_its_retry() {
    let order = answered(cancelled(ready(checkout()), cancel([asked("socks", 2)])), 0, declined());
    let first = last(&order).refund_id;
    let whole = paid_back(cancelled(order.clone(), nth(2, cancel([]))));
    assert_eq!(last(&whole).total.customer, amount("74.00"), "11.00 belong to the first");
    assert_eq!(whole.state, OrderState::Cancelled);
    let order = decided(whole, retry(first));
    let leg = order.refunds[0].legs[0].clone();
    let attempt = leg.attempts;
    let send = Command::SendLeg {
        refund_id: first,
        leg_id: leg.leg_id.clone(),
        attempt,
        at: time::OffsetDateTime::UNIX_EPOCH,
    };
    let order = decided(order, send);
    let order = decided(order, record(first, leg.leg_id, attempt + 1, settled()));
    assert!(order.cancellations.iter().all(|it| it.state == CancellationState::Completed));
    assert_eq!(moved(&order).0, amount("85.00"));
    assert_eq!(left(&order).total.customer, Amount::ZERO);
}

#[test]
fn what_is_back_is_back_whoever_took_its_lines_meanwhile() {
    let order = answered(cancelled(ready(checkout()), cancel([asked("socks", 2)])), 0, declined());
    let (refund_id, leg_id) = (last(&order).refund_id, last(&order).legs[0].leg_id.clone());
    let order = refunded(order, products([pieces("socks", 2)]));
    let order = decided(order, record(refund_id, leg_id, 1, settled()));
    assert_eq!(order.refunds[0].state, RefundState::Failed, "its lines are another's");
    assert_eq!(latest(&order).state, CancellationState::Completed);
}

#[test]
fn shipping_that_failed_to_go_back_is_not_given_back_by_the_next() {
    let charges = Charges { shipping_refund: true, ..Charges::default() };
    let first = CancelOrder { charges: charges.clone(), ..cancel([asked("socks", 1)]) };
    let order = answered(cancelled(ready(checkout()), first), 0, declined());
    let next = CancelOrder { charges, ..nth(2, cancel([asked("socks", 1)])) };
    let failed = last(&order).refund_id;
    let order = paid_back(cancelled(order, next));
    assert_eq!(last(&order).total.customer, amount("5.50"));
    decided(order, retry(failed));
}

#[test]
fn what_was_let_go_does_not_keep_the_rest_from_lapsing() {
    let mut new = checkout();
    new.tenders[0].state = TenderState::Authorized;
    let order = answered(cancelled(ready(new), cancel([asked("socks", 2)])), 0, settled());
    // All that is still authorised is captured by a report that names no amount.
    let captured = decided(order.clone(), report("card", TenderState::Captured));
    assert_eq!(captured.tenders[0].captured, amount("74.00"));
    let order = answered(cancelled(order, nth(2, cancel([]))), 0, declined());
    let order = decided(order, report("card", TenderState::Failed));
    let order = decided(order.clone(), retry(last(&order).refund_id));
    assert_eq!(latest(&order).state, CancellationState::Completed);
    assert_eq!(moved(&order), (Amount::ZERO, amount("11.00")));
}

#[test]
fn what_lapsed_is_not_there_after_an_undo_unless_it_came_again() {
    let order = decided(not_let_go(), report("card", TenderState::Failed));
    let over = decided(order.clone(), retry(last(&order).refund_id));
    for order in [order, over] {
        let undo = |evidence| undo(cancellation_id(1), evidence);
        let bare = order.decide(Command::UndoCancellation(Box::new(undo(None)))).unwrap_err();
        assert_eq!(bare.reason, Reason::EvidenceRequired);
        assert_eq!(bare.value("amount"), Some("85.00"));
        let order = undone(order, undo(repaid("85.00")));
        assert_eq!(left(&order).tenders[1].left, amount("85.00"));
    }
}

#[test]
fn one_authorisation_lapses_once_however_often_its_release_was_tried() {
    let order = answered(by(not_let_go(), RefundMethod::BankDeposit), 1, declined());
    let order = decided(order, report("card", TenderState::Failed));
    let undo = Command::UndoCancellation(Box::new(undo(cancellation_id(1), None)));
    assert_eq!(order.decide(undo).unwrap_err().value("amount"), Some("85.00"));
}

#[test]
fn what_one_failed_refund_lost_to_others_is_not_another_ones() {
    let order = answered(cancelled(ready(checkout()), cancel([asked("socks", 2)])), 0, declined());
    let first = last(&order).refund_id;
    let order = cancelled(order, nth(2, cancel([asked("shirt", 1)])));
    let order = answered(order, 0, declined());
    let second = last(&order).refund_id;
    let order = refunded(order, products([pieces("socks", 2)]));
    let order = cancelled(order, nth(3, cancel([])));
    assert!(order.decide(retry(second)).is_ok());
    assert!(order.decide(retry(first)).is_err(), "its lines are another's");
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
