//! An order returned piece by piece, its charges bit by bit: every part comes out even in both
//! currencies, without one refund of everything.

use super::{
    dice::Dice,
    orders::{Captured, any_order},
};
use crate::build::{component, left, pieces, plan_with, policy, refunded};
use domain::{
    Amount, Pair, Reason,
    order::{Order, Refundable},
    refund::{ComponentKind, ProductRequest, RefundRequest},
};

pub fn returned_bit_by_bit(dice: &mut Dice<'_>) {
    let mut order = any_order(dice, Captured::Everything);
    loop {
        let left = left(&order);
        if left.total.customer.is_zero() {
            break;
        }
        let request = next(dice, &order, &left);
        order = match plan_with(&order, policy(), request.clone()) {
            Ok(_) => refunded(order, request),
            // Some pieces are worth less than a minor unit by themselves.
            Err(refused) => {
                assert_eq!(refused.reason, Reason::EmptyRefund, "{refused} {request:?}");
                refunded(order, all_of(&left, request))
            }
        };
    }
    let paid = Pair::sum(order.lines.iter().map(|line| line.total)).unwrap();
    for (kind, paid) in [
        (ComponentKind::Products, paid),
        (ComponentKind::Shipping, order.shipping),
        (ComponentKind::Duties, order.duties),
    ] {
        let parts = order.refunds.iter().map(|refund| component(refund, kind));
        assert_eq!(Pair::sum(parts), Ok(paid), "{}", kind.name());
    }
    let total = Pair::sum(order.refunds.iter().map(|refund| refund.total)).unwrap();
    assert_eq!(Ok(total), order.totals());
}

fn next(dice: &mut Dice<'_>, order: &Order, left: &Refundable) -> RefundRequest {
    let currency = order.customer_currency;
    let mut bit = |left: Amount| {
        let part = left.ten_thousandths() / 3 * i64::from(1 + dice.roll(3));
        let part = Amount::from_ten_thousandths(part).rounded(currency.exponent());
        // Too small to be a third of anything: all of it.
        let part = if part.is_zero() || dice.one_in(3) { left } else { part };
        (!part.is_zero()).then(|| part.min(left).to_decimal())
    };
    let mut request = RefundRequest {
        shipping_amount: bit(left.shipping.customer),
        duties_amount: bit(left.duties.customer),
        ..RefundRequest::default()
    };
    for line in left.lines.iter().filter(|line| line.amount.customer.is_positive()) {
        let quantity = 1 + i64::from(dice.roll(line.quantity));
        request.products.push(pieces(&line.cart_item_id, quantity));
    }
    if !request.products.is_empty() && dice.one_in(2) {
        (request.products_duties_refund, request.duties_amount) = (true, None);
    }
    if dice.one_in(2) {
        request.shipping_amount = None;
    }
    if request.products.is_empty() && request.duties_amount.is_none() {
        request.shipping_refund = true;
        request.shipping_amount = None;
    }
    request
}

fn all_of(left: &Refundable, request: RefundRequest) -> RefundRequest {
    let all = |product: ProductRequest| {
        let id = product.cart_item_id.as_ref();
        let line = left.lines.iter().find(|line| Some(&line.cart_item_id) == id).unwrap();
        ProductRequest { refund_quantity: Some(i64::from(line.quantity)), ..product }
    };
    RefundRequest { products: request.products.into_iter().map(all).collect(), ..request }
}
