//! Random requests: mostly sensible against what is left, sometimes nonsense in any field.

use super::{dice::Dice, orders::minor};
use crate::build::{left, plan_with};
use domain::{
    Amount, Currency,
    order::{Order, Refundable},
    refund::{
        Bearer, ComponentCharge, ComponentKind, ProductRequest, RefundMethod, RefundPolicy,
        RefundRequest,
    },
    store::TenderOrder,
};
use rust_decimal::Decimal;

pub fn any_policy(dice: &mut Dice<'_>, order: &Order) -> RefundPolicy {
    RefundPolicy {
        settings_version: 1,
        appeasements: !dice.one_in(8),
        prepaid_returns: !dice.one_in(8),
        tender_order: dice.of(&[
            TenderOrder::NonCashFirst,
            TenderOrder::CashFirst,
            TenderOrder::ProRata,
        ]),
        approval_limit: dice.maybe(6, |dice| {
            (
                minor(order.merchant_currency, 500),
                dice.of(&[order.merchant_currency, order.customer_currency]),
            )
        }),
        may_charge_platform: dice.one_in(2),
    }
}

/// Any field; without goodwill and fees if the request is to be `exact`.
pub fn any_request(
    dice: &mut Dice<'_>,
    order: &Order,
    policy: &RefundPolicy,
    exact: bool,
) -> RefundRequest {
    let left = left(order);
    let currency = order.customer_currency;
    let total = left.total.customer;
    let near = |dice: &mut Dice<'_>, sides: u32, left: Amount| {
        dice.maybe(sides, |dice| amount_near(dice, left, currency))
    };
    let mut request = RefundRequest {
        shipping_amount: near(dice, 6, left.shipping.customer),
        duties_amount: near(dice, 6, left.duties.customer),
        ..RefundRequest::default()
    };
    if !exact {
        request.service_gesture_amount = near(dice, 6, total);
        request.customer_prepaid_refund_amount = near(dice, 8, total);
        request.original_customer_prepaid_refund_amount =
            dice.maybe(12, |dice| amount_near(dice, left.total.merchant, order.merchant_currency));
    }
    request.full_refund = dice.one_in(10);
    request.products_duties_refund = dice.one_in(5);
    request.shipping_refund = dice.one_in(5);
    let first = dice.place(order.lines.len());
    let count = if request.full_refund && !dice.one_in(4) { 0 } else { dice.place(4) };
    for offset in 0..count {
        let line = if dice.one_in(20) { first } else { (first + offset) % order.lines.len() };
        request.products.push(any_product(dice, order, &left, line));
    }
    request.charged_to =
        (0..dice.roll(12).saturating_sub(9)).map(|_| charge(dice, currency)).collect();
    request.method = dice.of(&[
        RefundMethod::Original,
        RefundMethod::Original,
        RefundMethod::GiftCard,
        RefundMethod::StoreCredit,
        RefundMethod::Points,
        RefundMethod::BankDeposit,
    ]);
    if request.products.is_empty() && dice.one_in(2) {
        request.total_refund_amount = Some(amount_near(dice, total, currency));
    }
    if dice.one_in(4) {
        declare_totals(dice, order, policy, &mut request);
    }
    request
}

/// What the request comes to, and sometimes a minor unit more.
fn declare_totals(
    dice: &mut Dice<'_>,
    order: &Order,
    policy: &RefundPolicy,
    request: &mut RefundRequest,
) {
    let Ok(plan) = plan_with(order, policy.clone(), request.clone()) else { return };
    let off = |dice: &mut Dice<'_>, amount: Amount, currency| {
        let more = minor(currency, i64::from(dice.one_in(6)));
        amount.plus(more).unwrap().to_decimal()
    };
    let total = plan.refund.total;
    request.total_refund_amount = Some(off(dice, total.customer, order.customer_currency));
    request.original_total_refund_amount =
        dice.maybe(2, |dice| off(dice, total.merchant, order.merchant_currency));
}

fn any_product(
    dice: &mut Dice<'_>,
    order: &Order,
    left: &Refundable,
    line: usize,
) -> ProductRequest {
    let (left, currency) = (&left.lines[line], order.customer_currency);
    let named = &order.lines[line];
    let (cart_item_id, product_code) = match dice.roll(12) {
        0..=8 => (Some(named.cart_item_id.clone()), None),
        9 => (None, named.product_code.clone()),
        10 => (None, named.secondary_product_code.clone()),
        _ => (dice.maybe(2, |_| "L9".to_owned()), dice.maybe(2, |_| "SKU-9".to_owned())),
    };
    let mut product = ProductRequest { cart_item_id, product_code, ..ProductRequest::default() };
    product.refund_quantity = match dice.roll(6) {
        0..=2 => Some(1 + i64::from(dice.roll(left.quantity.max(1)))),
        3 => Some(i64::from(left.quantity)),
        4 => None,
        _ => dice.of(&[None, None, Some(0), Some(-1), Some(i64::MAX), Some(8)]),
    };
    match dice.roll(9) {
        0..=3 => {}
        4 | 5 => product.refund_amount = Some(amount_near(dice, left.amount.customer, currency)),
        6 => product.original_refund_amount = Some(merchant_amount(dice, left.amount.merchant)),
        7 => product.refund_amount_percent = Some(percent(dice)),
        _ => {
            let mut both = |sides| dice.one_in(sides);
            let (amount, merchant, share) = (both(2), both(2), both(3));
            product.refund_amount = amount.then(|| left.amount.customer.to_decimal());
            product.original_refund_amount = merchant.then(|| left.amount.merchant.to_decimal());
            product.refund_amount_percent = share.then_some(Decimal::TEN);
        }
    }
    product
}

fn amount_near(dice: &mut Dice<'_>, left: Amount, currency: Currency) -> Decimal {
    match dice.roll(12) {
        0..=4 => fraction(dice, left, currency.exponent()).to_decimal(),
        5..=7 => left.to_decimal(),
        8 => minor(currency, 1).to_decimal(),
        9 => left.plus(minor(currency, 1)).unwrap().to_decimal(),
        10 => Decimal::ZERO,
        _ => nonsense(dice),
    }
}

fn merchant_amount(dice: &mut Dice<'_>, left: Amount) -> Decimal {
    match dice.roll(8) {
        0..=4 => fraction(dice, left, 4).to_decimal(),
        5 | 6 => left.to_decimal(),
        _ => nonsense(dice),
    }
}

fn fraction(dice: &mut Dice<'_>, left: Amount, decimals: u32) -> Amount {
    let parts = i64::from(1 + dice.roll(20));
    Amount::from_ten_thousandths(left.ten_thousandths() / 21 * parts).rounded(decimals)
}

fn percent(dice: &mut Dice<'_>) -> Decimal {
    match dice.roll(8) {
        0..=3 => Decimal::from(1 + dice.roll(100)),
        4 => Decimal::ONE_HUNDRED,
        5 => Decimal::new(i64::from(1 + dice.roll(u32::MAX)), 9),
        6 => Decimal::new(i64::from(1 + dice.roll(u32::MAX)), 18),
        _ => nonsense(dice),
    }
}

fn nonsense(dice: &mut Dice<'_>) -> Decimal {
    dice.of(&[
        Decimal::NEGATIVE_ONE,
        Decimal::new(1, 28),
        Decimal::new(12345, 5),
        Decimal::MAX,
        Decimal::MIN,
        Amount::MAX.to_decimal(),
        Decimal::from(1_000_000_000_001_i64),
        Decimal::from_i128_with_scale(i128::from(i64::MAX), 4),
    ])
}

fn charge(dice: &mut Dice<'_>, currency: Currency) -> ComponentCharge {
    ComponentCharge {
        kind: dice.of(&[
            ComponentKind::Products,
            ComponentKind::Shipping,
            ComponentKind::Duties,
            ComponentKind::ServiceGesture,
            ComponentKind::PrepaidReturn,
            ComponentKind::CancellationFee,
        ]),
        charged_to: dice.of(&[Bearer::Platform, Bearer::Merchant]),
        platform_amount: dice
            .maybe(3, |dice| minor(currency, i64::from(dice.roll(50))).to_decimal()),
    }
}
