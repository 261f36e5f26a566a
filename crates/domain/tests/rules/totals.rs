//! The totals that are sent along, and a total that is all that was sent.

use crate::build::{
    amount, blamed, checkout, checkout_of, component, components, decimal, figure, line, pair,
    part, pieces, plan, plan_with, policy, products, ready, reason, refunded, refusal, total,
};
use domain::{
    Amount, Reason,
    order::NewOrder,
    refund::{ComponentKind, RefundRequest},
};
use rust_decimal::Decimal;

#[test]
fn a_declared_total_has_to_be_the_sum_of_the_parts() {
    let order = ready(checkout());
    let parts = RefundRequest {
        shipping_amount: Some(decimal("3.00")),
        service_gesture_amount: Some(decimal("2.00")),
        customer_prepaid_refund_amount: Some(decimal("1.00")),
        ..products([pieces("shirt", 1)])
    };
    let declared = |customer: &str, merchant: &str| RefundRequest {
        total_refund_amount: Some(decimal(customer)),
        original_total_refund_amount: Some(decimal(merchant)),
        ..parts.clone()
    };
    assert_eq!(plan(&order, declared("24.00", "28.8")).refund.total, pair("24.00", "28.80"));
    // Neither more nor less is made a goodwill.
    for (customer, merchant, field) in [
        ("24.01", "28.80", "total_refund_amount"),
        ("23.99", "28.80", "total_refund_amount"),
        ("25.00", "30.00", "total_refund_amount"),
        ("24.00", "28.79", "original_total_refund_amount"),
    ] {
        let refused = refusal(&order, declared(customer, merchant));
        assert_eq!((refused.reason, blamed(&refused)), (Reason::AmountMismatch, field));
    }
}

#[test]
fn a_total_without_parts_is_spread_over_what_is_left() {
    let order = refunded(ready(checkout()), products([part("shirt", "20.00")]));
    let refund = plan(&order, total("32.50")).refund;
    let lines: Vec<_> = refund.products.iter().map(|p| (p.line, p.quantity, p.amount)).collect();
    assert_eq!(lines, [(0, 0, pair("20.00", "24.00")), (1, 0, pair("5.00", "6.00"))]);
    assert_eq!(
        components(&refund),
        [
            ("Products", pair("25.00", "30.00")),
            ("Shipping", pair("4.00", "4.80")),
            ("Duties", pair("3.50", "4.20"))
        ]
    );
}

#[test]
fn a_spread_total_gives_leftover_units_to_the_largest_remainder_and_then_in_order() {
    let one = || pair("1.00", "1.00");
    let order = ready(NewOrder {
        shipping: one(),
        duties: one(),
        tenders: vec![crate::build::tender("card", domain::order::TenderMethod::Card, amount("4"))],
        ..checkout_of(vec![line("a", 1, one()), line("b", 1, one())])
    });
    let spread = |text: &str| {
        let refund = plan(&order, total(text)).refund;
        let of = |line| {
            let product = refund.products.iter().find(|product| product.line == line);
            product.map_or(Amount::ZERO, |product| product.amount.customer)
        };
        let charge = |kind| component(&refund, kind).customer;
        [of(0), of(1), charge(ComponentKind::Shipping), charge(ComponentKind::Duties)]
            .map(|part| part.to_text(2))
    };
    assert_eq!(spread("0.01"), ["0.01", "0.00", "0.00", "0.00"]);
    assert_eq!(spread("0.02"), ["0.01", "0.01", "0.00", "0.00"]);
    assert_eq!(spread("0.07"), ["0.02", "0.02", "0.02", "0.01"]);
}

#[test]
fn a_spread_total_is_at_most_what_is_left() {
    let order = ready(checkout());
    let refused = refusal(&order, total("85.01"));
    assert_eq!(refused.reason, Reason::AmountExceedsRefundable);
    assert_eq!(
        (figure(&refused, "asked"), figure(&refused, "left")),
        (Some("85.01"), Some("85.00"))
    );
    let everything = plan(&order, total("85.00"));
    assert_eq!(everything.refund.total, pair("85.00", "102.00"));
    assert_eq!(everything.left.lines[0].quantity, 3);
}

#[test]
fn a_spread_total_is_net_of_the_fee() {
    let order = ready(checkout());
    let with_fee = |text: &str| RefundRequest {
        customer_prepaid_refund_amount: Some(decimal("5.00")),
        ..total(text)
    };
    let refund = plan(&order, with_fee("80.00")).refund;
    assert_eq!(refund.total, pair("80.00", "96.00"));
    assert_eq!(component(&refund, ComponentKind::PrepaidReturn), pair("-5.00", "-6.00"));
    assert_eq!(reason(&order, with_fee("80.01")), Reason::AmountExceedsRefundable);
}

#[test]
fn a_merchant_total_beside_a_spread_one_is_checked() {
    let order = ready(checkout());
    let both = |merchant: &str| RefundRequest {
        original_total_refund_amount: Some(decimal(merchant)),
        ..total("42.50")
    };
    assert!(plan_with(&order, policy(), both("51.00")).is_ok());
    assert_eq!(reason(&order, both("51.01")), Reason::AmountMismatch);
}

#[test]
fn parts_that_come_to_nothing_are_no_parts() {
    let order = refunded(ready(checkout()), shipping());
    let zero = Some(Decimal::ZERO);
    let request = RefundRequest {
        shipping_refund: true,
        duties_amount: zero,
        service_gesture_amount: zero,
        ..total("7.70")
    };
    assert_eq!(plan(&order, request).refund.total, pair("7.70", "9.24"));
}

fn shipping() -> RefundRequest {
    RefundRequest { shipping_refund: true, ..RefundRequest::default() }
}
