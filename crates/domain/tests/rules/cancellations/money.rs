//! What a cancellation pays back, over which tender, and how.

use super::build::{
    asked, cancel, cancelled, captured, latest, nth, paid_back, recaptured, undo, undone,
};
use crate::build::{
    amount, checkout, component, decided, decimal, full, goodwill, last, left, pair, part, pieces,
    products, ready, received, refunded, tender,
};
use domain::{
    Amount, Pair, Reason,
    cancellation::{CancelOrder, Charges},
    order::{Command, NewOrder, Order, PaymentReport, TenderMethod, TenderState},
    refund::{ComponentKind, LegKind, Refund, RefundMethod},
};

fn with(charges: Charges, cancel: CancelOrder) -> CancelOrder {
    CancelOrder { charges, ..cancel }
}

fn fee(text: &str) -> Charges {
    Charges { fee: Some(decimal(text)), ..Charges::default() }
}

fn ways(refund: &Refund) -> Vec<(&str, LegKind, Amount)> {
    refund.legs.iter().map(|leg| (leg.tender_id.as_str(), leg.kind, leg.amount)).collect()
}

/// Authorised in full, of which so much is captured.
fn authorized(taken: Option<&str>) -> Order {
    let mut new = checkout();
    new.tenders[0].state = TenderState::Authorized;
    let order = ready(new);
    let Some(taken) = taken else { return order };
    decided(order, capture(taken))
}

fn capture(text: &str) -> Command {
    Command::RecordPayment(PaymentReport {
        tender_id: "card".parse().unwrap(),
        state: TenderState::Captured,
        amount: Some(amount(text)),
        provider_reference: None,
    })
}

#[test]
fn what_is_authorised_is_released_what_is_captured_refunded_and_both_if_mixed() {
    for (order, expected) in [
        (authorized(None), vec![("card", LegKind::Release, amount("85.00"))]),
        (ready(checkout()), vec![("card", LegKind::Refund, amount("85.00"))]),
        (
            authorized(Some("30.00")),
            vec![
                ("card", LegKind::Release, amount("55.00")),
                ("card", LegKind::Refund, amount("30.00")),
            ],
        ),
    ] {
        let order = cancelled(order, cancel([]));
        assert_eq!(ways(last(&order)), expected);
        assert_eq!(last(&order).total, pair("85.00", "102.00"));
    }
}

#[test]
fn a_part_lets_go_before_it_gives_back() {
    let order = cancelled(authorized(Some("30.00")), cancel([asked("shirt", 3)]));
    assert_eq!(
        ways(last(&order)),
        [("card", LegKind::Release, amount("55.00")), ("card", LegKind::Refund, amount("11.00")),]
    );
    let left = &left(&order).tenders[0];
    assert_eq!((left.uncaptured, left.left), (Amount::ZERO, amount("19.00")));
}

#[test]
fn what_is_let_go_is_not_captured_any_more() {
    let order = cancelled(authorized(None), cancel([asked("shirt", 3)]));
    assert_eq!(ways(last(&order)), [("card", LegKind::Release, amount("66.00"))]);
    let refused = order.decide(capture("19.01")).unwrap_err();
    assert_eq!(refused.reason, Reason::PaymentStateForbids);
    let order = decided(order, capture("19.00"));
    let external = domain::order::ExternalIds { id: "A".into(), number: "1".into() };
    let order = decided(order, Command::Accept(external));
    assert!(order.decide(Command::Complete).is_ok(), "nothing is left to capture");
}

#[test]
fn the_method_is_for_money_and_other_value_gets_its_own_back() {
    let tenders = || {
        vec![
            tender("gift", TenderMethod::GiftCard, amount("20.00")),
            tender("card", TenderMethod::Card, amount("65.00")),
        ]
    };
    for (method, kind, provider) in [
        (RefundMethod::Original, LegKind::Refund, "sandbox"),
        (RefundMethod::BankDeposit, LegKind::Manual, "manual"),
        (RefundMethod::StoreCredit, LegKind::Restore, "ledger"),
        (RefundMethod::Points, LegKind::Restore, "ledger"),
    ] {
        let order = ready(NewOrder { tenders: tenders(), ..checkout() });
        let order = cancelled(order, CancelOrder { method, ..cancel([]) });
        let [gift, card] = &last(&order).legs[..] else { panic!("two legs") };
        assert_eq!((gift.kind, gift.provider.as_str()), (LegKind::Restore, "sandbox"));
        assert_eq!(gift.target, "payment-gift");
        assert_eq!((card.kind, card.provider.as_str()), (kind, provider));
    }
}

#[test]
fn an_authorisation_is_let_go_whatever_the_method() {
    let by_hand = CancelOrder { method: RefundMethod::BankDeposit, ..cancel([]) };
    let order = cancelled(authorized(Some("30.00")), by_hand);
    assert_eq!(
        ways(last(&order)),
        [("card", LegKind::Release, amount("55.00")), ("card", LegKind::Manual, amount("30.00")),]
    );
}

#[test]
fn shipping_goes_back_with_a_part_only_if_somebody_says_so() {
    let none = cancelled(ready(checkout()), cancel([asked("socks", 1)]));
    assert_eq!(component(last(&none), ComponentKind::Shipping), Pair::ZERO);
    let charges = Charges { shipping_refund: true, ..Charges::default() };
    let all = cancelled(ready(checkout()), with(charges, cancel([asked("socks", 1)])));
    assert_eq!(component(last(&all), ComponentKind::Shipping), pair("8.00", "9.60"));
    let some = Charges { shipping_amount: Some(decimal("3.00")), ..Charges::default() };
    let some = cancelled(ready(checkout()), with(some, cancel([asked("socks", 1)])));
    assert_eq!(component(last(&some), ComponentKind::Shipping), pair("3.00", "3.60"));
    let more = Charges { shipping_amount: Some(decimal("8.01")), ..Charges::default() };
    let cancel = Command::CancelOrder(Box::new(with(more, cancel([asked("socks", 1)]))));
    let refused = ready(checkout()).decide(cancel).unwrap_err();
    assert_eq!(refused.reason, Reason::AmountExceedsRefundable);
}

#[test]
fn a_fee_is_deducted_up_to_what_goes_back() {
    let order = cancelled(ready(checkout()), with(fee("5.00"), cancel([])));
    assert_eq!(component(last(&order), ComponentKind::CancellationFee), pair("-5.00", "-6.00"));
    assert_eq!(last(&order).total, pair("80.00", "96.00"));
    let all = cancelled(ready(checkout()), with(fee("85.00"), cancel([])));
    assert_eq!(latest(&all).state, domain::cancellation::CancellationState::Completed);
    let more = Command::CancelOrder(Box::new(with(fee("85.01"), cancel([]))));
    assert_eq!(ready(checkout()).decide(more).unwrap_err().reason, Reason::NegativeRefund);
    let precise = Command::CancelOrder(Box::new(with(fee("0.001"), cancel([]))));
    assert_eq!(ready(checkout()).decide(precise).unwrap_err().reason, Reason::InvalidAmount);
}

#[test]
fn what_was_refunded_before_is_not_paid_again() {
    let order = refunded(ready(checkout()), products([pieces("shirt", 1), part("socks", "1.00")]));
    let order = cancelled(order, cancel([]));
    assert_eq!(last(&order).total, pair("64.00", "76.80"));
    assert!(left(&order).total.is_zero());

    // Both pieces of a pair were returned already: nothing is due for them.
    let order = refunded(ready(checkout()), products([pieces("socks", 2)]));
    let order = cancelled(order, cancel([asked("socks", 2)]));
    assert_eq!(latest(&order).refund_id, None);
    assert_eq!(order.line("socks").unwrap().quantities.cancelled, 2);
}

#[test]
fn earlier_goodwill_is_set_off() {
    let order = refunded(ready(checkout()), goodwill("10.00"));
    let order = cancelled(order, cancel([]));
    assert_eq!(component(last(&order), ComponentKind::ServiceGesture), pair("-10.00", "-12.00"));
    assert_eq!(last(&order).total, pair("75.00", "90.00"));
    let parts = refunded(ready(checkout()), goodwill("30.00"));
    let parts = cancelled(parts, cancel([asked("shirt", 3)]));
    assert_eq!(last(&parts).total.customer, amount("55.00"), "what is left of the card");
}

#[test]
fn a_payment_that_never_came_is_not_paid_back() {
    let mut new = checkout();
    let mut wire = tender("wire", TenderMethod::BankTransfer, amount("65.00"));
    wire.state = TenderState::Pending;
    new.tenders = vec![tender("gift", TenderMethod::GiftCard, amount("20.00")), wire];
    let order = cancelled(received(new), cancel([]));
    assert_eq!(ways(last(&order)), [("gift", LegKind::Restore, amount("20.00"))]);
    assert_eq!(last(&order).total.customer, amount("20.00"));
    // And if it comes after all, nobody would give it back.
    let late = PaymentReport {
        tender_id: "wire".parse().unwrap(),
        state: TenderState::Captured,
        amount: None,
        provider_reference: None,
    };
    let refused = order.decide(Command::RecordPayment(late)).unwrap_err();
    assert_eq!(refused.reason, Reason::OrderCancelled);
}

#[test]
fn a_cancelled_order_takes_no_refund() {
    let order = cancelled(ready(checkout()), cancel([]));
    assert_eq!(crate::build::reason(&order, full()), Reason::OrderFullyRefunded);
}

#[test]
fn cancelled_pieces_are_not_refunded_again() {
    let order = cancelled(ready(checkout()), cancel([asked("shirt", 2)]));
    let asked_for = products([pieces("shirt", 2)]);
    assert_eq!(crate::build::reason(&order, asked_for), Reason::InvalidQuantity);
    let rest = refunded(order, full());
    let totals = rest.refunds.iter().map(|refund| refund.total);
    assert_eq!(Pair::sum(totals).unwrap(), rest.totals().unwrap());
}

/// Cancelled, paid back, undone with the payment standing again, and cancelled once more: the
/// second one pays as the first did.
#[test]
fn after_an_undo_the_order_is_as_if_it_had_been_paid_once() {
    for order in [ready(checkout()), authorized(None)] {
        let first = paid_back(cancelled(order, cancel([])));
        let paid = last(&first).clone();
        let undo = undo(latest(&first).cancellation_id, recaptured("card", captured("85.00")));
        let back = undone(first, undo);
        assert_eq!(back.tenders[1].tender_id.as_str(), "recaptured-1");
        assert_eq!(left(&back).total, pair("85.00", "102.00"));
        let again = cancelled(back.clone(), nth(2, cancel([])));
        assert_eq!(last(&again).total, paid.total);
        assert_eq!(last(&again).components, paid.components);
        assert_eq!(ways(last(&again)), [("recaptured-1", LegKind::Refund, amount("85.00"))]);
        let refund = refunded(back, full());
        assert_eq!(last(&refund).total, paid.total);
    }
}
