//! Money that came in again, and went back again: never more than there is.

use super::build::{
    NOW, asked, cancel, cancellation_id, cancelled, captured, nth, paid_back, recaptured, repaid,
    undo, undone,
};
use crate::build::{
    amount, checkout_of, decided, full, last, left, line, merchant, pair, part, products, ready,
    refunded, settled,
};
use domain::{
    Amount, Reason,
    cancellation::{Evidence, UndoCancellation},
    order::{Command, Order},
    refund::LegState,
};

/// 50.00, 30.00 and 20.00 on one card.
fn three_lines() -> Order {
    let line = |id, price| line(id, 1, pair(price, price));
    ready(checkout_of(vec![line("a", "50.00"), line("b", "30.00"), line("c", "20.00")]))
}

fn returned(order: &Order) -> Amount {
    let legs = order.refunds.iter().flat_map(|refund| &refund.legs);
    let settled = legs.filter(|leg| leg.state == LegState::Settled);
    Amount::sum(settled.map(|leg| leg.amount)).unwrap()
}

fn refused(order: &Order, undo: UndoCancellation) -> Reason {
    order.decide(Command::UndoCancellation(Box::new(undo))).unwrap_err().reason
}

#[test]
fn what_only_waits_to_go_back_is_still_at_the_provider() {
    let order = paid_back(cancelled(three_lines(), cancel([asked("a", 1)])));
    let order = refunded(order, products([part("b", "30.00"), part("c", "20.00")]));
    let refund_id = last(&order).refund_id;
    let hold = Command::HoldRefund { refund_id, by: merchant(), reason: "odd".into() };
    let waiting = decided(order.clone(), hold);
    // 50.00 stand, which is what the refund that is held will take: nothing came in again.
    for order in [order.clone(), waiting] {
        let nothing_new = undo(cancellation_id(1), recaptured("card", captured("50.00")));
        assert_eq!(refused(&order, nothing_new), Reason::NotRecaptured);
    }
    let all = || undo(cancellation_id(1), recaptured("card", captured("100.00")));
    let leg_id = last(&order).legs[0].leg_id.clone();
    let sent = Command::SendLeg {
        refund_id,
        leg_id: leg_id.clone(),
        attempt: 0,
        at: time::OffsetDateTime::UNIX_EPOCH,
    };
    let on_its_way = decided(order, sent);
    assert_eq!(refused(&on_its_way, all()), Reason::RefundInFlight);
    let order = decided(on_its_way, crate::build::record(refund_id, leg_id, 1, settled()));
    let order = undone(order, undo(cancellation_id(1), recaptured("card", captured("50.00"))));
    let order = paid_back(cancelled(order, nth(2, cancel([asked("a", 1)]))));
    assert_eq!(returned(&order), amount("150.00"), "100.00 and the 50.00 that came again");
}

#[test]
fn what_came_in_once_proves_one_undo() {
    let order = paid_back(cancelled(three_lines(), cancel([asked("b", 1)])));
    let order = paid_back(cancelled(order, nth(2, cancel([asked("c", 1)]))));
    // 50.00 stand. The bank takes 30.00 again.
    let proof = |id| undo(cancellation_id(id), recaptured("card", captured("80.00")));
    let order = undone(order, proof(2));
    assert_eq!(refused(&order, proof(1)), Reason::NotRecaptured);
    let order = undone(order, undo(cancellation_id(1), recaptured("card", captured("100.00"))));
    assert_eq!(left(&order).total.customer, amount("100.00"));
}

#[test]
fn a_payment_that_stood_again_is_one_with_what_never_went_back() {
    let order = paid_back(cancelled(three_lines(), cancel([asked("b", 1)])));
    let order = undone(order, undo(cancellation_id(1), recaptured("card", captured("100.00"))));
    let order = paid_back(cancelled(order, nth(2, cancel([]))));
    assert_eq!(last(&order).legs.len(), 2, "of the card, and of what stood again");
    let standing = |text| {
        Some(Evidence::Recaptured { standing: vec![("card".parse().unwrap(), captured(text))] })
    };
    assert_eq!(refused(&order, undo(cancellation_id(2), standing("70.00"))), Reason::NotRecaptured);
    let order = undone(order, undo(cancellation_id(2), standing("100.00")));
    assert_eq!(order.tenders.len(), 3);
    assert_eq!(order.tenders[2].captured, amount("100.00"));
    assert_eq!(order.tenders[2].payment(), &order.tenders[0].tender_id);
    let order = refunded(order, full());
    assert_eq!(last(&order).total.customer, amount("100.00"));
}

#[test]
fn a_payment_proves_one_repayment() {
    let order = paid_back(cancelled(three_lines(), cancel([])));
    let Some(Evidence::Repaid { payment_reference, amount, .. }) = repaid("100.00") else {
        panic!()
    };
    let taken = Some(Evidence::Repaid { payment_reference, amount, taken: true });
    assert_eq!(refused(&order, undo(cancellation_id(1), taken)), Reason::PaymentReferenceTaken);
    undone(order, undo(cancellation_id(1), repaid("100.00")));
}

#[test]
fn what_is_known_of_money_that_came_again_stays_as_it_is() {
    let order = paid_back(cancelled(three_lines(), cancel([])));
    let order =
        undone(order, UndoCancellation { at: NOW, ..undo(cancellation_id(1), repaid("100.00")) });
    let report = domain::order::PaymentReport {
        tender_id: order.tenders[1].tender_id.clone(),
        state: domain::order::TenderState::Captured,
        amount: None,
        provider_reference: Some("another".into()),
    };
    let refused = order.decide(Command::RecordPayment(report)).unwrap_err();
    assert_eq!(refused.reason, Reason::PaymentStateForbids);
}
