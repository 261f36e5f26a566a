//! Which tender gets how much back, and how.

use crate::build::{
    amount, checkout, figure, full, goodwill, left, legs, part, plan, plan_with, policy, products,
    ready, refunded, refunded_with, refusal, tender, total,
};
use domain::{
    Amount, Reason,
    order::{NewOrder, NewTender, Order, TenderMethod, TenderState},
    refund::{Leg, LegKind, LegState, RefundMethod, RefundPolicy, RefundRequest},
    store::TenderOrder,
};

#[test]
fn what_is_no_cash_goes_first_by_default() {
    let order = three_tenders();
    assert_eq!(split(&order, TenderOrder::NonCashFirst, "5.00"), "voucher 5");
    assert_eq!(split(&order, TenderOrder::NonCashFirst, "40.00"), "card 10, voucher 20, points 10");
}

#[test]
fn cash_may_go_first() {
    let order = three_tenders();
    assert_eq!(split(&order, TenderOrder::CashFirst, "50.00"), "card 50");
    assert_eq!(split(&order, TenderOrder::CashFirst, "76.00"), "card 55, voucher 20, points 1");
}

#[test]
fn every_tender_may_get_its_part_by_what_is_left_of_it() {
    let order = three_tenders();
    assert_eq!(split(&order, TenderOrder::ProRata, "17.00"), "card 11, voucher 4, points 2");
    // 55, 20 and 10 of 85 cents: 0.65, 0.24 and 0.12 of one.
    assert_eq!(split(&order, TenderOrder::ProRata, "0.01"), "card 0.01");
    // After the voucher is used up the rest counts alone.
    let order = refunded(order, goodwill("20.00"));
    assert_eq!(split(&order, TenderOrder::ProRata, "6.50"), "card 5.5, points 1");
}

#[test]
fn no_tender_gets_more_than_is_left_of_it_over_all_refunds() {
    for tender_order in [TenderOrder::NonCashFirst, TenderOrder::CashFirst, TenderOrder::ProRata] {
        let mut order = three_tenders();
        for text in ["33.33", "33.33", "18.34"] {
            let policy = RefundPolicy { tender_order, ..policy() };
            order = refunded_with(order, policy, total(text));
        }
        let left = left(&order);
        assert!(left.tenders.iter().all(|tender| tender.left.is_zero()), "{tender_order:?}");
    }
}

#[test]
fn a_tender_that_is_not_captured_gets_nothing_back() {
    let mut order = three_tenders();
    let voucher = &mut order.tenders[1];
    (voucher.state, voucher.captured) = (TenderState::Authorized, Amount::ZERO);
    assert_eq!(split(&order, TenderOrder::NonCashFirst, "15.00"), "card 5, points 10");
    let refused = refusal(&order, full());
    assert_eq!(refused.reason, Reason::AmountExceedsRefundable);
    assert_eq!(figure(&refused, "left"), Some("65.00"));
    assert_eq!(figure(&refused, "left_tender_voucher"), Some("0.00"));
    assert_eq!(figure(&refused, "hint"), Some("CANCEL_INSTEAD"));
}

#[test]
fn a_leg_knows_its_provider_and_starts_pending() {
    let refund = plan(&three_tenders(), full()).refund;
    let card = &refund.legs[0];
    assert_eq!(card.leg_id.as_str(), "leg_00000000000000000000000000000001_1");
    assert_eq!((card.provider.as_str(), card.target.as_str()), ("sandbox", "payment-card"));
    assert_eq!((card.state, card.attempts, &card.reference), (LegState::Pending, 0, &None));
}

#[test]
fn the_way_back_is_the_way_it_was_paid() {
    use TenderMethod::{
        BankTransfer, Card, CashOnDelivery, GiftCard, Mobile, Points, StoreCredit, Wallet,
    };
    for (method, provider, kind) in [
        (Card, "sandbox", LegKind::Refund),
        (Wallet, "sandbox", LegKind::Refund),
        (BankTransfer, "sandbox", LegKind::Refund),
        (Mobile, "sandbox", LegKind::Refund),
        (GiftCard, "ledger", LegKind::Restore),
        (Points, "ledger", LegKind::Restore),
        (StoreCredit, "ledger", LegKind::Restore),
        (CashOnDelivery, "sandbox", LegKind::Manual),
        (BankTransfer, "manual", LegKind::Manual),
    ] {
        let leg = leg_of(method, provider, RefundMethod::Original);
        assert_eq!(leg.kind, kind, "{method:?} over {provider}");
        let carried_out_by = if kind == LegKind::Manual { "manual" } else { provider };
        assert_eq!((leg.provider.as_str(), leg.target.as_str()), (carried_out_by, "payment-t"));
    }
}

#[test]
fn another_method_than_the_original_pays_into_an_account_of_the_refund() {
    for method in [RefundMethod::GiftCard, RefundMethod::StoreCredit, RefundMethod::Points] {
        let leg = leg_of(TenderMethod::Card, "sandbox", method);
        assert_eq!((leg.kind, leg.provider.as_str()), (LegKind::Restore, "ledger"));
        assert_eq!(leg.target, "refund-00000000000000000000000000000001");
    }
    let leg = leg_of(TenderMethod::Card, "sandbox", RefundMethod::BankDeposit);
    assert_eq!((leg.kind, leg.provider.as_str()), (LegKind::Manual, "manual"));
}

#[test]
fn what_goes_back_by_another_method_counts_against_the_tender_all_the_same() {
    let request =
        RefundRequest { method: RefundMethod::StoreCredit, ..products([part("shirt", "60.00")]) };
    let order = refunded(three_tenders(), request);
    let left = left(&order);
    let left: Vec<Amount> = left.tenders.iter().map(|tender| tender.left).collect();
    assert_eq!(left, [amount("25.00"), Amount::ZERO, Amount::ZERO]);
}

/// A card between nothing and a voucher: 55.00, 20.00 and 10.00.
fn three_tenders() -> Order {
    paid_by(vec![
        tender("card", TenderMethod::Card, amount("55.00")),
        tender("voucher", TenderMethod::GiftCard, amount("20.00")),
        tender("points", TenderMethod::Points, amount("10.00")),
    ])
}

fn paid_by(tenders: Vec<NewTender>) -> Order {
    ready(NewOrder { tenders, ..checkout() })
}

/// Such as `card 10, voucher 20`.
fn split(order: &Order, tender_order: TenderOrder, text: &str) -> String {
    let policy = RefundPolicy { tender_order, ..policy() };
    let plan = plan_with(order, policy, total(text)).unwrap();
    let legs: Vec<String> =
        legs(&plan.refund).iter().map(|(tender, amount)| format!("{tender} {amount}")).collect();
    legs.join(", ")
}

fn leg_of(method: TenderMethod, provider: &str, refund_method: RefundMethod) -> Leg {
    let paid = NewTender { provider: provider.into(), ..tender("t", method, amount("85.00")) };
    let request = RefundRequest { method: refund_method, ..full() };
    plan(&paid_by(vec![paid]), request).refund.legs.remove(0)
}
