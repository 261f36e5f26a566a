//! What a listed line comes to.

use crate::build::{
    a_reason, amount, blamed, checkout, checkout_of, decimal, figure, left, line, merchant_part,
    pair, part, percent, pieces, plan, plan_with, policy, product, products, ready, reason,
    refunded, refusal,
};
use domain::{
    Pair, Reason,
    order::Order,
    refund::{ProductRequest, RefundPolicy, RefundRequest, RefundState},
};

#[test]
fn a_quantity_is_at_least_one_and_at_most_what_is_left() {
    let order = refunded(ready(checkout()), products([pieces("shirt", 1)]));
    for quantity in [i64::MIN, -1, 0, 3, i64::from(u32::MAX) + 2, i64::MAX] {
        let refused = refusal(&order, products([pieces("shirt", quantity)]));
        assert_eq!(refused.reason, Reason::InvalidQuantity, "{quantity}");
        assert_eq!(figure(&refused, "left"), Some("2"));
    }
    assert_eq!(of_line(&order, pieces("shirt", 2)), pair("40.00", "48.00"));
}

#[test]
fn pieces_that_do_not_divide_come_out_even_in_the_end() {
    let mut order = ready(checkout_of(vec![line("shirt", 3, pair("10.00", "9.99"))]));
    let mut parts = Vec::new();
    for _ in 0..3 {
        order = refunded(order, products([pieces("shirt", 1)]));
        let refund = order.refunds.last().unwrap();
        parts.push((refund.products[0].amount, refund.total));
    }
    assert_eq!(
        parts,
        [
            (pair("3.33", "3.3267"), pair("3.33", "3.33")),
            (pair("3.34", "3.3366"), pair("3.34", "3.33")),
            (pair("3.33", "3.3267"), pair("3.33", "3.33")),
        ]
    );
}

#[test]
fn a_quantity_alone_is_cut_to_what_is_left_of_the_line() {
    let order = refunded(ready(checkout()), products([part("shirt", "55.00")]));
    assert_eq!(of_line(&order, pieces("shirt", 1)), pair("5.00", "6.00"));
    let order = refunded(order, products([part("shirt", "5.00")]));
    let refused = refusal(&order, products([pieces("shirt", 1)]));
    assert_eq!(refused.reason, Reason::AmountExceedsRefundable);
    assert_eq!(blamed(&refused), "products[0].refund_quantity");
    assert_eq!(
        (figure(&refused, "asked"), figure(&refused, "left")),
        (Some("20.00"), Some("0.00"))
    );
}

#[test]
fn every_other_form_is_refused_above_what_is_left() {
    let order = refunded(ready(checkout()), products([part("shirt", "55.00")]));
    let with_piece =
        |product: ProductRequest| ProductRequest { refund_quantity: Some(1), ..product };
    for (field, over, most) in [
        ("refund_amount", part("shirt", "5.01"), part("shirt", "5.00")),
        ("refund_amount", with_piece(part("shirt", "5.01")), with_piece(part("shirt", "5"))),
        ("refund_amount_percent", percent("shirt", "8.4"), percent("shirt", "8.3")),
        (
            "refund_amount_percent",
            with_piece(percent("shirt", "26")),
            with_piece(percent("shirt", "25")),
        ),
        ("original_refund_amount", merchant_part("shirt", "6.0001"), merchant_part("shirt", "6")),
    ] {
        let refused = refusal(&order, products([over]));
        assert_eq!(refused.reason, Reason::AmountExceedsRefundable, "{field}");
        assert_eq!(blamed(&refused), format!("products[0].{field}"));
        assert!(plan_with(&order, policy(), products([most])).is_ok(), "{field}");
    }
}

#[test]
fn an_amount_beside_a_quantity_is_not_bounded_by_the_quantitys_amount() {
    let request = ProductRequest { refund_quantity: Some(1), ..part("shirt", "50.00") };
    let order = refunded(ready(checkout()), products([request]));
    let shirt = &left(&order).lines[0];
    assert_eq!((shirt.quantity, shirt.amount), (2, pair("10.00", "12.00")));
}

#[test]
fn a_percentage_is_above_0_and_at_most_100() {
    let order = ready(checkout());
    for text in ["-5", "0", "0.000", "100.000000000000000001", "101", "9999999999999999999999"] {
        let refused = refusal(&order, products([percent("shirt", text)]));
        assert_eq!(refused.reason, Reason::InvalidAmount, "{text}");
        assert_eq!(blamed(&refused), "products[0].refund_amount_percent");
    }
    assert_eq!(of_line(&order, percent("shirt", "100")), pair("60.00", "72.00"));
}

#[test]
fn a_percentage_has_any_decimals() {
    let order = ready(checkout());
    let third = percent("shirt", "33.333333333333333333");
    assert_eq!(of_line(&order, third), pair("20.00", "24.00"));
    let finer = percent("shirt", "33.3333333333333333333333333");
    assert_eq!(of_line(&order, finer), pair("20.00", "24.00"));
    // A hair below a half and a half.
    let below = percent("shirt", "10.0083333333333333333333333");
    assert_eq!(of_line(&order, below), pair("6.00", "7.20"));
    let half = percent("shirt", "10.0083333333333333333333334");
    assert_eq!(of_line(&order, half), pair("6.01", "7.212"));
    let nothing = products([percent("shirt", "0.00000000000000000000001")]);
    assert_eq!(reason(&order, nothing), Reason::EmptyRefund);
    let padded = percent("shirt", "50.00000000000000000000000");
    assert_eq!(of_line(&order, padded), pair("30.00", "36.00"));
}

#[test]
fn a_percentage_is_of_the_quantity_or_else_of_the_whole_line() {
    let order = refunded(ready(checkout()), products([pieces("shirt", 1)]));
    assert_eq!(of_line(&order, percent("shirt", "50")), pair("30.00", "36.00"));
    let piece = ProductRequest { refund_quantity: Some(1), ..percent("shirt", "50") };
    assert_eq!(of_line(&order, piece), pair("10.00", "12.00"));
}

#[test]
fn a_percentage_is_rounded_once_and_half_away_from_zero() {
    let order = ready(checkout_of(vec![line("pin", 1, pair("0.05", "0.05"))]));
    assert_eq!(of_line(&order, percent("pin", "50")).customer, amount("0.03"));
    assert_eq!(of_line(&order, percent("pin", "49.9")).customer, amount("0.02"));
}

#[test]
fn a_percentage_and_an_amount_exclude_each_other() {
    let order = ready(checkout());
    for product in [part("shirt", "30"), merchant_part("shirt", "36"), part("shirt", "0")] {
        let both = ProductRequest { refund_amount_percent: Some(decimal("50")), ..product };
        assert_eq!(reason(&order, products([both])), Reason::IncompatibleFields);
    }
}

#[test]
fn both_amounts_of_a_line_have_to_agree_at_the_currencys_precision() {
    let order = ready(checkout());
    let both = |merchant: &str| ProductRequest {
        original_refund_amount: Some(decimal(merchant)),
        ..part("shirt", "20.00")
    };
    for agreeing in ["24", "24.0049", "23.995"] {
        assert_eq!(of_line(&order, both(agreeing)), pair("20.00", "24.00"), "{agreeing}");
    }
    for other in ["24.005", "23.9949", "0"] {
        let refused = refusal(&order, products([both(other)]));
        assert_eq!(refused.reason, Reason::AmountMismatch, "{other}");
        assert_eq!(blamed(&refused), "products[0].original_refund_amount");
        assert_eq!(figure(&refused, "computed"), Some("24"));
    }
}

#[test]
fn a_merchant_amount_is_taken_exactly_and_prorated_back() {
    let order = refunded(ready(checkout()), products([merchant_part("shirt", "10.0001")]));
    let refund = order.refunds.last().unwrap();
    assert_eq!(refund.products[0].amount, pair("8.33", "10.0001"));
    assert_eq!(refund.total, pair("8.33", "10.00"));
    // Cumulative: 20.0002 comes to 16.6668, less the 8.33 of before.
    assert_eq!(of_line(&order, merchant_part("shirt", "10.0001")), pair("8.34", "10.0001"));
    assert_eq!(of_line(&order, merchant_part("shirt", "61.9999")), pair("51.67", "61.9999"));
}

#[test]
fn a_merchant_amount_has_at_most_four_decimals_whatever_the_currency() {
    let order = ready(checkout());
    let too_precise = products([merchant_part("shirt", "1.00001")]);
    assert_eq!(reason(&order, too_precise), Reason::InvalidAmount);
    assert!(plan_with(&order, policy(), products([merchant_part("shirt", "1.0001")])).is_ok());
}

#[test]
fn an_appeasement_returns_money_and_no_piece() {
    let order = refunded(ready(checkout()), products([part("shirt", "5.00")]));
    assert_eq!(order.refunds[0].products[0].quantity, 0);
    assert_eq!(left(&order).lines[0].quantity, 3);
}

#[test]
fn an_appeasement_has_to_be_enabled() {
    let policy = || RefundPolicy { appeasements: false, ..policy() };
    let order = ready(checkout());
    for product in
        [product("shirt"), part("shirt", "5"), merchant_part("shirt", "5"), percent("shirt", "5")]
    {
        let refused = plan_with(&order, policy(), products([product])).unwrap_err();
        assert_eq!(refused.reason, Reason::InvalidQuantity);
        assert_eq!(blamed(&refused), "products[0].refund_quantity");
    }
    assert!(plan_with(&order, policy(), products([pieces("shirt", 1)])).is_ok());
}

#[test]
fn a_line_that_is_free_is_returned_by_quantity() {
    let order =
        ready(checkout_of(vec![line("shirt", 3, pair("60", "72")), line("gift", 2, Pair::ZERO)]));
    let plan = plan(&order, products([pieces("gift", 2)]));
    assert_eq!(plan.refund.total, Pair::ZERO);
    assert_eq!(plan.refund.state, RefundState::Succeeded);
    assert!(plan.refund.components.is_empty() && plan.refund.legs.is_empty());
    assert_eq!(plan.left.lines[1].quantity, 0);
    // Money of it there is none.
    assert_eq!(reason(&order, products([part("gift", "0")])), Reason::EmptyRefund);
    assert_eq!(reason(&order, products([part("gift", "0.01")])), Reason::AmountExceedsRefundable);
}

#[test]
fn a_line_that_asks_for_nothing_makes_the_refund_empty() {
    let order = ready(checkout());
    let request = RefundRequest { shipping_refund: true, ..products([product("shirt")]) };
    let refused = refusal(&order, request);
    assert_eq!((refused.reason, blamed(&refused)), (Reason::EmptyRefund, "products[0]"));
}

#[test]
fn a_line_that_comes_to_nothing_makes_the_refund_empty_even_beside_others() {
    let order = ready(checkout_of(vec![
        line("shirt", 3, pair("60", "72")),
        line("pin", 3, pair("0.01", "0.01")),
    ]));
    for nothing in [
        pieces("pin", 1),
        part("pin", "0"),
        percent("pin", "10"),
        merchant_part("pin", "0.001"),
        ProductRequest { refund_quantity: Some(1), ..part("pin", "0.00") },
    ] {
        let refused = refusal(&order, products([pieces("shirt", 1), nothing]));
        assert_eq!((refused.reason, blamed(&refused)), (Reason::EmptyRefund, "products[1]"));
    }
    assert_eq!(of_line(&order, pieces("pin", 2)).customer, amount("0.01"));
}

#[test]
fn lines_are_answered_in_the_orders_own_sequence_with_their_reasons() {
    let socks = ProductRequest {
        reason: Some(a_reason()),
        comments: Some("hole".into()),
        ..pieces("socks", 1)
    };
    let refund = plan(&ready(checkout()), products([socks, pieces("shirt", 1)])).refund;
    let lines: Vec<usize> = refund.products.iter().map(|product| product.line).collect();
    assert_eq!(lines, [0, 1]);
    assert_eq!(
        (&refund.products[1].reason, refund.products[1].comments.as_deref()),
        (&Some(a_reason()), Some("hole"))
    );
}

/// What one product comes to.
fn of_line(order: &Order, product: ProductRequest) -> Pair {
    plan(order, products([product])).refund.products[0].amount
}
