//! Which fault answers, and what is judged before any line.

use crate::build::{
    amount, blamed, checkout, decimal, figure, full, goodwill, part, pieces, plan, plan_with,
    policy, product, products, ready, reason, received, refunded, refusal, total,
};
use domain::{
    Reason,
    order::{Order, OrderState, TenderState},
    refund::{RefundPolicy, RefundRequest},
};
use rust_decimal::Decimal;

/// A request, the store and the order it is for, each with what may be wrong about it.
struct Asked {
    order: Order,
    policy: RefundPolicy,
    request: RefundRequest,
}

/// What makes it wrong, the reason that is due, and the field that is blamed.
type Fault = (fn(&mut Asked), Reason, &'static str);

/// In the order in which they are looked for.
const FAULTS: [Fault; 13] = [
    (
        |asked| asked.request.service_gesture_amount = Some(Decimal::new(1, 3)),
        Reason::InvalidAmount,
        "service_gesture_amount",
    ),
    (
        |asked| asked.request.original_customer_prepaid_refund_amount = Some(Decimal::ONE),
        Reason::IncompatibleFields,
        "customer_prepaid_refund_amount",
    ),
    (
        |asked| asked.policy.prepaid_returns = false,
        Reason::NotEnabled,
        "customer_prepaid_refund_amount",
    ),
    (|asked| asked.request.full_refund = true, Reason::FullRefundWithProducts, ""),
    (|asked| asked.order.state = OrderState::Cancelled, Reason::OrderFullyRefunded, ""),
    (
        |asked| asked.request.products.insert(0, product("hat")),
        Reason::UnknownLine,
        "products[0].cart_item_id",
    ),
    (
        |asked| asked.request.products.push(part("socks", "10.01")),
        Reason::AmountExceedsRefundable,
        "products[1].refund_amount",
    ),
    (
        |asked| asked.request.shipping_amount = Some(Decimal::from(9)),
        Reason::AmountExceedsRefundable,
        "shipping_amount",
    ),
    (
        |asked| asked.request.duties_amount = Some(Decimal::from(9)),
        Reason::AmountExceedsRefundable,
        "duties_amount",
    ),
    (|asked| asked.request.products = vec![part("shirt", "0")], Reason::EmptyRefund, "products[0]"),
    (
        |asked| asked.request.customer_prepaid_refund_amount = Some(Decimal::ONE_HUNDRED),
        Reason::NegativeRefund,
        "",
    ),
    (
        |asked| asked.request.total_refund_amount = Some(Decimal::ONE),
        Reason::AmountMismatch,
        "total_refund_amount",
    ),
    (
        |asked| asked.order.tenders[0].captured = amount("0.01"),
        Reason::AmountExceedsRefundable,
        "total_refund_amount",
    ),
];

#[test]
fn the_first_fault_answers() {
    for (first, (_, reason, field)) in FAULTS.iter().enumerate() {
        let refused = with_faults(first).unwrap_err();
        assert_eq!((refused.reason, blamed(&refused)), (*reason, *field), "fault {first}");
        assert!(!refused.message.is_empty());
    }
    with_faults(FAULTS.len()).unwrap();
}

/// All faults from this one on.
fn with_faults(first: usize) -> Result<domain::refund::Plan, domain::Rejection> {
    let mut asked = Asked {
        order: ready(checkout()),
        policy: policy(),
        request: products([pieces("shirt", 1)]),
    };
    // The later first: where two want the same field, the one that is looked for first has it.
    for (fault, ..) in FAULTS[first..].iter().rev() {
        fault(&mut asked);
    }
    plan_with(&asked.order, asked.policy, asked.request)
}

#[test]
fn lines_are_judged_in_the_order_given() {
    let order = ready(checkout());
    let ladder = [
        (product("hat"), Reason::UnknownLine),
        (pieces("shirt", 1), Reason::DuplicateLine),
        (pieces("socks", 3), Reason::InvalidQuantity),
    ];
    for (faulty, expected) in &ladder {
        let second = products([pieces("shirt", 1), faulty.clone(), product("no such line")]);
        let refused = refusal(&order, second);
        assert_eq!(refused.reason, *expected);
        assert!(blamed(&refused).starts_with("products[1]."), "{refused}");
    }
    // Of one line: the quantity, then the form of the amount, then how much it is.
    let mut line = part("socks", "10.001");
    line.refund_quantity = Some(3);
    line.refund_amount_percent = Some(Decimal::ZERO);
    assert_eq!(reason(&order, products([line.clone()])), Reason::InvalidQuantity);
    line.refund_quantity = Some(1);
    assert_eq!(reason(&order, products([line.clone()])), Reason::InvalidAmount);
    line.refund_amount_percent = None;
    assert_eq!(reason(&order, products([line.clone()])), Reason::InvalidAmount);
    line.refund_amount = Some(decimal("10.01"));
    assert_eq!(reason(&order, products([line])), Reason::AmountExceedsRefundable);
}

#[test]
fn all_malformed_fields_are_named_at_once() {
    let refused = refusal(
        &ready(checkout()),
        RefundRequest {
            total_refund_amount: Some(decimal("-1")),
            original_total_refund_amount: Some(decimal("1.001")),
            shipping_amount: Some(Decimal::MAX),
            duties_amount: Some(decimal("1.00000000000000000000000001")),
            customer_prepaid_refund_amount: Some(Decimal::MIN),
            ..RefundRequest::default()
        },
    );
    let fields: Vec<&str> = refused.violations.iter().map(|v| v.field.as_str()).collect();
    assert_eq!(refused.reason, Reason::InvalidAmount);
    assert_eq!(
        fields,
        [
            "total_refund_amount",
            "original_total_refund_amount",
            "shipping_amount",
            "duties_amount",
            "customer_prepaid_refund_amount"
        ]
    );
}

#[test]
fn trailing_zeros_do_not_count() {
    let request = RefundRequest {
        shipping_amount: Some(decimal("3.5000000")),
        ..products([part("shirt", "5.10000")])
    };
    assert_eq!(plan(&ready(checkout()), request).refund.total.customer, amount("8.60"));
}

#[test]
fn the_duties_of_products_go_with_no_other_figure_that_says_them() {
    let order = ready(checkout());
    let request = RefundRequest { products_duties_refund: true, ..products([pieces("shirt", 1)]) };
    for (other, request) in [
        ("duties_amount", RefundRequest { duties_amount: Some(Decimal::ZERO), ..request.clone() }),
        (
            "total_refund_amount",
            RefundRequest { total_refund_amount: Some(decimal("22")), ..request.clone() },
        ),
        (
            "original_total_refund_amount",
            RefundRequest {
                original_total_refund_amount: Some(decimal("26.4")),
                ..request.clone()
            },
        ),
    ] {
        let refused = refusal(&order, request);
        assert_eq!(refused.reason, Reason::IncompatibleFields, "{other}");
        assert!(refused.message.contains(other), "{refused}");
    }
    assert_eq!(plan(&order, request).refund.total.customer, amount("22"));
}

#[test]
fn an_order_is_refunded_once_it_is_ready() {
    let order = received(checkout());
    assert_eq!(reason(&order, full()), Reason::OrderNotReady);
    for state in [OrderState::Ready, OrderState::Accepted, OrderState::Completed] {
        let order = Order { state, ..order.clone() };
        assert!(plan_with(&order, policy(), full()).is_ok(), "{}", state.name());
    }
}

#[test]
fn nothing_is_left_after_everything_was_returned() {
    let order = refunded(ready(checkout()), full());
    for request in [full(), total("0.01"), goodwill("1"), products([product("hat")])] {
        let refused = refusal(&order, request);
        assert_eq!(refused.reason, Reason::OrderFullyRefunded);
        assert_eq!(figure(&refused, "left"), Some("0.00"));
    }
}

#[test]
fn a_kept_fee_does_not_reopen_the_order() {
    let request = RefundRequest { customer_prepaid_refund_amount: Some(decimal("3")), ..full() };
    let order = refunded(ready(checkout()), request);
    assert_eq!(reason(&order, goodwill("3")), Reason::OrderFullyRefunded);
    assert_eq!(reason(&order, full()), Reason::OrderFullyRefunded);
}

#[test]
fn a_cancelled_order_is_refunded_by_its_cancellation() {
    let order = Order { state: OrderState::Cancelled, ..ready(checkout()) };
    assert_eq!(reason(&order, full()), Reason::OrderFullyRefunded);
}

#[test]
fn nothing_asked_is_an_empty_refund() {
    let order = ready(checkout());
    let zero = Some(Decimal::ZERO);
    let asked = [
        RefundRequest::default(),
        total("0"),
        goodwill("0"),
        RefundRequest { shipping_amount: zero, duties_amount: zero, ..RefundRequest::default() },
        RefundRequest {
            original_total_refund_amount: Some(decimal("1")),
            ..RefundRequest::default()
        },
        RefundRequest {
            customer_prepaid_refund_amount: Some(decimal("1")),
            ..RefundRequest::default()
        },
        RefundRequest { products_duties_refund: true, ..RefundRequest::default() },
    ];
    for request in asked {
        assert_eq!(reason(&order, request.clone()), Reason::EmptyRefund, "{request:?}");
    }
}

#[test]
fn a_refusal_says_what_is_left_of_everything() {
    let order = refunded(ready(checkout()), products([part("shirt", "20.00")]));
    let refused = refusal(&order, total("65.01"));
    assert_eq!(refused.reason, Reason::AmountExceedsRefundable);
    for (key, value) in [
        ("asked", "65.01"),
        ("left", "65.00"),
        ("left_total", "65.00"),
        ("left_line_shirt", "40.00"),
        ("left_line_socks", "10.00"),
        ("left_shipping", "8.00"),
        ("left_duties", "7.00"),
        ("left_tender_card", "65.00"),
    ] {
        assert_eq!(figure(&refused, key), Some(value), "{key}");
    }
    assert!(refused.message.contains("65.01 GBP") && refused.message.contains("65.00 GBP"));
}

#[test]
fn an_authorised_payment_is_cancelled_and_not_refunded() {
    let mut checkout = checkout();
    checkout.tenders[0].state = TenderState::Authorized;
    let order = ready(checkout);
    for request in [full(), products([pieces("shirt", 1)])] {
        let refused = refusal(&order, request);
        assert_eq!(refused.reason, Reason::AmountExceedsRefundable);
        assert_eq!(figure(&refused, "hint"), Some("CANCEL_INSTEAD"));
        assert!(refused.message.contains("cancel"), "{refused}");
    }
}

#[test]
fn only_what_was_captured_can_go_back() {
    let mut order = ready(checkout());
    order.tenders[0].captured = amount("25.00");
    let order = refunded(order, products([pieces("shirt", 1)]));
    let refused = refusal(&order, products([part("shirt", "5.01")]));
    assert_eq!(figure(&refused, "left"), Some("5.00"));
    assert!(plan_with(&order, policy(), products([part("shirt", "5.00")])).is_ok());
}
