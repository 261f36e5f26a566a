//! The refund of everything that is left.

use crate::build::{
    amount, answered, checkout, checkout_of, components, decimal, declined, full, goodwill, line,
    pair, part, pieces, plan, plan_with, policy, products, ready, reason, refunded, refusal,
    settled, tender, total,
};
use domain::{
    Pair, Reason,
    order::{NewOrder, Order, OrderState, TenderMethod},
    refund::{RefundRequest, RefundState},
    store::TenderOrder,
};

#[test]
fn everything_goes_back_with_every_piece() {
    let order = refunded(ready(checkout()), products([part("shirt", "60.00")]));
    let plan = plan(&order, full());
    assert_eq!(
        components(&plan.refund),
        [
            ("Products", pair("10.00", "12.00")),
            ("Shipping", pair("8.00", "9.60")),
            ("Duties", pair("7.00", "8.40"))
        ]
    );
    assert!(plan.left.lines.iter().all(|line| line.quantity == 0 && line.amount == Pair::ZERO));
    assert!(plan.refund.full);
}

#[test]
fn the_refusal_of_listed_products_has_its_fixed_text() {
    let request = RefundRequest { full_refund: true, ..products([pieces("shirt", 1)]) };
    let refused = refusal(&ready(checkout()), request);
    assert_eq!(refused.reason, Reason::FullRefundWithProducts);
    assert_eq!(refused.message, "Full refund requested but list of RefundProduct is not empty.");
}

#[test]
fn what_says_the_same_in_another_way_is_ignored() {
    let order = ready(checkout());
    let request = RefundRequest {
        total_refund_amount: Some(decimal("1.00")),
        original_total_refund_amount: Some(decimal("1.00")),
        shipping_refund: true,
        shipping_amount: Some(decimal("1000.00")),
        duties_amount: Some(decimal("1000.00")),
        ..full()
    };
    assert_eq!(plan(&order, request).refund.total, pair("85.00", "102.00"));
    let duties = RefundRequest { products_duties_refund: true, ..full() };
    assert_eq!(plan(&order, duties).refund.total, pair("85.00", "102.00"));
}

#[test]
fn what_is_ignored_has_to_be_well_formed_and_compatible_all_the_same() {
    let order = ready(checkout());
    let malformed = RefundRequest { shipping_amount: Some(decimal("0.001")), ..full() };
    assert_eq!(reason(&order, malformed), Reason::InvalidAmount);
    let incompatible = RefundRequest {
        products_duties_refund: true,
        total_refund_amount: Some(decimal("85.00")),
        ..full()
    };
    assert_eq!(reason(&order, incompatible), Reason::IncompatibleFields);
}

#[test]
fn goodwill_that_the_customer_already_had_is_set_off() {
    let order = refunded(ready(checkout()), goodwill("5.00"));
    let refund = plan(&order, full()).refund;
    assert_eq!(refund.total, pair("80.00", "96.00"));
    assert_eq!(components(&refund)[3], ("ServiceGesture", pair("-5.00", "-6.00")));
    // A gesture of one's own says so itself, even as nothing.
    let with_gesture = RefundRequest { service_gesture_amount: Some(decimal("0")), ..full() };
    assert_eq!(reason(&order, with_gesture), Reason::AmountExceedsRefundable);
}

#[test]
fn goodwill_of_all_that_was_captured_leaves_a_full_refund_of_nothing() {
    let order = refunded(ready(checkout()), goodwill("85.00"));
    let order = refunded(order, full());
    let refund = &order.refunds[1];
    assert_eq!((refund.state, refund.total), (RefundState::Succeeded, Pair::ZERO));
    assert_eq!(reason(&order, full()), Reason::OrderFullyRefunded);
}

#[test]
fn a_full_refund_that_returns_neither_money_nor_pieces_is_empty() {
    let everything_but_duties = RefundRequest {
        shipping_refund: true,
        ..products([pieces("shirt", 3), pieces("socks", 2)])
    };
    let order = refunded(ready(checkout()), goodwill("7.00"));
    let order = refunded(order, everything_but_duties);
    assert_eq!(reason(&order, full()), Reason::EmptyRefund);
}

#[test]
fn goodwill_may_come_on_top_of_everything_while_a_fee_was_kept() {
    let fee = RefundRequest {
        customer_prepaid_refund_amount: Some(decimal("5.00")),
        ..products([pieces("shirt", 1)])
    };
    let order = refunded(ready(checkout()), fee);
    let with_gesture =
        |text: &str| RefundRequest { service_gesture_amount: Some(decimal(text)), ..full() };
    assert_eq!(plan(&order, with_gesture("5.00")).refund.total.customer, amount("70.00"));
    assert_eq!(reason(&order, with_gesture("5.01")), Reason::AmountExceedsRefundable);
}

#[test]
fn a_kept_fee_stays_kept() {
    let fee = RefundRequest {
        customer_prepaid_refund_amount: Some(decimal("5.00")),
        ..products([pieces("shirt", 1)])
    };
    let order = refunded(ready(checkout()), fee);
    let refund = plan(&order, full()).refund;
    assert_eq!(refund.total, pair("65.00", "78.00"));
    assert_eq!(components(&refund).len(), 3);
    // A goodwill as large as the fee only gave it back: nothing is set off.
    let order = refunded(order, goodwill("5.00"));
    assert_eq!(plan(&order, full()).refund.total, pair("65.00", "78.00"));
    // What goes beyond it is.
    let order = refunded(order, goodwill("2.00"));
    assert_eq!(plan(&order, full()).refund.total, pair("63.00", "75.60"));
}

#[test]
fn a_leg_that_settled_before_its_refund_failed_is_not_paid_twice() {
    let order = ready(NewOrder {
        tenders: vec![
            tender("voucher", TenderMethod::GiftCard, amount("30.00")),
            tender("card", TenderMethod::Card, amount("55.00")),
        ],
        ..checkout()
    });
    let order = refunded(order, products([part("shirt", "50.00")]));
    let order = answered(answered(order, 0, settled()), 1, declined());
    assert_eq!(order.refunds[0].state, RefundState::Failed);
    let refund = plan(&order, full()).refund;
    assert_eq!(refund.total, pair("55.00", "66.00"));
    assert_eq!(components(&refund)[3], ("ServiceGesture", pair("-30.00", "-36.00")));
}

#[test]
fn a_partly_captured_order_has_no_full_refund() {
    let mut order = ready(checkout());
    order.tenders[0].captured = amount("50.00");
    assert_eq!(reason(&order, full()), Reason::AmountExceedsRefundable);
    assert_eq!(plan(&order, total("50.00")).refund.total.customer, amount("50.00"));
}

#[test]
fn an_order_that_nobody_worked_on_is_better_cancelled() {
    let order = ready(checkout());
    assert!(plan(&order, full()).refund.hint.is_some());
    assert!(plan(&order, products([pieces("shirt", 1)])).refund.hint.is_none());
    let accepted = Order { state: OrderState::Accepted, ..order };
    assert!(plan(&accepted, full()).refund.hint.is_none());
}

#[test]
fn an_order_that_was_free_has_nothing_to_refund() {
    let order = ready(checkout_of(vec![line("gift", 1, Pair::ZERO)]));
    assert_eq!(reason(&order, full()), Reason::OrderFullyRefunded);
    assert_eq!(reason(&order, products([pieces("gift", 1)])), Reason::OrderFullyRefunded);
}

#[test]
fn a_line_that_is_free_goes_back_with_the_rest() {
    let lines = vec![line("shirt", 1, pair("60", "72")), line("gift", 2, Pair::ZERO)];
    let plan = plan(&ready(checkout_of(lines)), full());
    assert_eq!(plan.refund.products[1].quantity, 2);
    assert_eq!(plan.left.lines[1].quantity, 0);
}

#[test]
fn a_merchant_rest_of_a_line_comes_with_the_last_refund() {
    // 0.90 of 1.00 comes to 3 of 3: the customer has the line, the merchant still bears 0.10.
    let lines = vec![line("pin", 3, pair("0.03", "1.00")), line("shirt", 1, pair("60", "72"))];
    let order = ready(checkout_of(lines));
    let order = refunded(order, products([crate::build::merchant_part("pin", "0.90")]));
    assert_eq!(order.refunds[0].total, pair("0.03", "0.90"));
    let plan = plan_with(
        &order,
        domain::refund::RefundPolicy { tender_order: TenderOrder::ProRata, ..policy() },
        full(),
    )
    .unwrap();
    assert_eq!(plan.refund.products[0].amount, pair("0", "0.10"));
    assert_eq!(plan.refund.total, pair("60.00", "72.10"));
}

#[test]
fn after_goodwill_a_partly_captured_order_gives_back_what_was_captured() {
    let order = ready(checkout());
    let mut order = refunded(order, goodwill("10.00"));
    order.tenders[0].captured = amount("60.00");
    let plan = plan(&order, full());
    assert_eq!(plan.refund.total.customer, amount("50.00"));
}
