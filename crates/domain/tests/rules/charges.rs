//! Shipping, duties, goodwill and the prepaid fee.

use crate::build::{
    amount, blamed, checkout, checkout_of, component, components, decimal, figure, full, goodwill,
    left, line, pair, part, pieces, plan, plan_with, policy, products, ready, reason, refunded,
    refusal,
};
use domain::{
    Pair, Reason,
    order::{NewLine, NewOrder},
    refund::{ComponentKind, RefundPolicy, RefundRequest, RefundState},
};
use rust_decimal::Decimal;

#[test]
fn shipping_goes_back_whole_or_in_part() {
    let order = ready(checkout());
    let order = refunded(order, shipping_of("3.33"));
    assert_eq!(reason(&order, shipping_of("4.68")), Reason::AmountExceedsRefundable);
    let order = refunded(order, shipping());
    assert_eq!(order.refunds[1].total, pair("4.67", "5.60"));
    // Nothing left adds nothing and is no fault by itself.
    assert_eq!(reason(&order, shipping()), Reason::EmptyRefund);
    let beside = RefundRequest { shipping_refund: true, ..products([pieces("shirt", 1)]) };
    assert_eq!(plan(&order, beside).refund.total, pair("20.00", "24.00"));
}

#[test]
fn both_ways_to_say_shipping_have_to_agree() {
    let order = refunded(ready(checkout()), shipping_of("3.00"));
    let both = |text: &str| RefundRequest { shipping_refund: true, ..shipping_of(text) };
    assert!(plan_with(&order, policy(), both("5.00")).is_ok());
    for less in ["4.99", "0"] {
        let refused = refusal(&order, both(less));
        assert_eq!((refused.reason, blamed(&refused)), (Reason::AmountMismatch, "shipping_amount"));
    }
    assert_eq!(reason(&order, both("5.01")), Reason::AmountExceedsRefundable);
}

#[test]
fn the_merchant_amounts_of_shipping_and_duties_are_cumulative() {
    let mut order = ready(NewOrder {
        shipping: pair("0.03", "0.01"),
        duties: pair("0.03", "0.02"),
        tenders: vec![crate::build::tender(
            "card",
            domain::order::TenderMethod::Card,
            amount("60.06"),
        )],
        ..checkout_of(vec![line("shirt", 3, pair("60", "72"))])
    });
    let mut booked = Vec::new();
    for _ in 0..3 {
        let request = RefundRequest { duties_amount: Some(decimal("0.01")), ..shipping_of("0.01") };
        order = refunded(order, request);
        let refund = order.refunds.last().unwrap();
        booked.push(
            [ComponentKind::Shipping, ComponentKind::Duties]
                .map(|kind| component(refund, kind).merchant.to_text(2)),
        );
    }
    assert_eq!(booked, [["0.00", "0.01"], ["0.01", "0.00"], ["0.00", "0.01"]]);
}

#[test]
fn duties_go_back_with_their_products() {
    let order = ready(checkout());
    let with_duties =
        |product| RefundRequest { products_duties_refund: true, ..products([product]) };
    let refund = plan(&order, with_duties(pieces("shirt", 1))).refund;
    assert_eq!(component(&refund, ComponentKind::Duties), pair("2.00", "2.40"));
    let refund = plan(&order, with_duties(part("socks", "2.50"))).refund;
    assert_eq!(component(&refund, ComponentKind::Duties), pair("0.25", "0.30"));
}

#[test]
fn duties_of_products_are_cut_to_the_duties_left_and_never_refused() {
    let duties = RefundRequest { duties_amount: Some(decimal("6.50")), ..RefundRequest::default() };
    let order = refunded(ready(checkout()), duties);
    let with_duties = |quantity| RefundRequest {
        products_duties_refund: true,
        ..products([pieces("shirt", quantity)])
    };
    let refund = plan(&order, with_duties(1)).refund;
    assert_eq!(component(&refund, ComponentKind::Duties).customer, amount("0.50"));
    let order = refunded(order, with_duties(2));
    let refund = plan(&order, with_duties(1)).refund;
    assert_eq!(components(&refund), [("Products", pair("20.00", "24.00"))]);
}

#[test]
fn duties_that_are_given_per_line_stay_with_their_line() {
    let mut checkout = checkout();
    let given = |line: NewLine, duties| NewLine { duties: Some(duties), ..line };
    let [shirt, socks] = <[NewLine; 2]>::try_from(checkout.lines).unwrap();
    checkout.lines = vec![given(shirt, pair("1.00", "8.40")), given(socks, pair("6.00", "0"))];
    let request = RefundRequest { products_duties_refund: true, ..products([pieces("socks", 1)]) };
    let refund = plan(&ready(checkout), request).refund;
    assert_eq!(component(&refund, ComponentKind::Duties).customer, amount("3.00"));
}

#[test]
fn duties_are_at_most_what_is_left() {
    let duties = |text: &str| RefundRequest {
        duties_amount: Some(decimal(text)),
        ..RefundRequest::default()
    };
    let order = refunded(ready(checkout()), duties("6.99"));
    assert_eq!(reason(&order, duties("0.02")), Reason::AmountExceedsRefundable);
    assert_eq!(plan(&order, duties("0.01")).refund.total.customer, amount("0.01"));
}

#[test]
fn goodwill_is_on_top_and_leaves_lines_and_charges_alone() {
    let order = ready(checkout());
    let plan = plan(&order, goodwill("5.01"));
    assert_eq!(components(&plan.refund), [("ServiceGesture", pair("5.01", "6.01"))]);
    assert_eq!(plan.left.total, pair("85.00", "102.00"));
    assert_eq!(plan.left.tenders[0].left, amount("79.99"));
}

#[test]
fn goodwill_is_never_more_than_what_was_captured() {
    let order = refunded(ready(checkout()), goodwill("85.00"));
    let refused = refusal(&order, goodwill("0.01"));
    assert_eq!(refused.reason, Reason::AmountExceedsRefundable);
    assert_eq!(reason(&order, products([pieces("shirt", 1)])), Reason::AmountExceedsRefundable);
}

#[test]
fn a_prepaid_fee_is_deducted_in_either_currency() {
    let order = ready(checkout());
    let fee = |customer: Option<&str>, merchant: Option<&str>| RefundRequest {
        customer_prepaid_refund_amount: customer.map(decimal),
        original_customer_prepaid_refund_amount: merchant.map(decimal),
        ..products([pieces("shirt", 1)])
    };
    for request in [fee(Some("5.00"), None), fee(None, Some("6.00"))] {
        let refund = plan(&order, request).refund;
        assert_eq!(
            components(&refund),
            [("Products", pair("20.00", "24.00")), ("PrepaidReturn", pair("-5.00", "-6.00"))]
        );
        assert_eq!(refund.total, pair("15.00", "18.00"));
        assert_eq!(refund.legs[0].amount, amount("15.00"));
    }
    assert_eq!(reason(&order, fee(Some("5"), Some("6"))), Reason::IncompatibleFields);
    assert_eq!(reason(&order, fee(Some("0"), Some("0"))), Reason::IncompatibleFields);
}

#[test]
fn a_prepaid_fee_has_to_be_enabled_even_if_it_is_nothing() {
    let policy = || RefundPolicy { prepaid_returns: false, ..policy() };
    let order = ready(checkout());
    let products = || products([pieces("shirt", 1)]);
    let requests = [
        RefundRequest { customer_prepaid_refund_amount: Some(Decimal::ZERO), ..products() },
        RefundRequest { original_customer_prepaid_refund_amount: Some(Decimal::ONE), ..products() },
    ];
    for request in requests {
        let refused = plan_with(&order, policy(), request).unwrap_err();
        assert_eq!(refused.reason, Reason::NotEnabled);
    }
    assert!(plan_with(&order, policy(), products()).is_ok());
}

#[test]
fn a_net_of_nothing_succeeds_at_once_and_below_it_is_refused() {
    let order = ready(checkout());
    let less = |fee: &str| RefundRequest {
        customer_prepaid_refund_amount: Some(decimal(fee)),
        ..products([pieces("shirt", 1)])
    };
    let nothing = refunded(order.clone(), less("20.00"));
    let refund = &nothing.refunds[0];
    assert_eq!((refund.state, refund.total), (RefundState::Succeeded, Pair::ZERO));
    assert!(refund.legs.is_empty());
    assert_eq!(left(&nothing).total, pair("65.00", "78.00"));
    let refused = refusal(&order, less("20.01"));
    assert_eq!(refused.reason, Reason::NegativeRefund);
    assert_eq!(figure(&refused, "fee"), Some("20.01"));
    let full = RefundRequest { customer_prepaid_refund_amount: Some(decimal("85.01")), ..full() };
    assert_eq!(reason(&order, full), Reason::NegativeRefund);
}

fn shipping() -> RefundRequest {
    RefundRequest { shipping_refund: true, ..RefundRequest::default() }
}

fn shipping_of(text: &str) -> RefundRequest {
    RefundRequest { shipping_amount: Some(decimal(text)), ..RefundRequest::default() }
}
