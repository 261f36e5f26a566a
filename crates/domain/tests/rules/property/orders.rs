//! Random orders: currencies of every exponent, free lines, lines of a minor unit, lines of
//! billions, charges or none, one to three tenders of any kind.

use super::dice::Dice;
use crate::build::{checkout, currency, decided, ready, tender};
use domain::{
    Amount, Currency, Pair,
    amount::allocate,
    order::{
        Command, DisputeReport, DisputeState, NewLine, NewOrder, NewTender, Order, OrderState,
        PaymentReport, TenderMethod, TenderState,
    },
};

use time::{Duration, OffsetDateTime};

const CURRENCIES: [&str; 6] = ["EUR", "JPY", "KWD", "USD", "KRW", "BHD"];

const METHODS: [TenderMethod; 8] = [
    TenderMethod::Card,
    TenderMethod::GiftCard,
    TenderMethod::CashOnDelivery,
    TenderMethod::Points,
    TenderMethod::Wallet,
    TenderMethod::StoreCredit,
    TenderMethod::BankTransfer,
    TenderMethod::Mobile,
];

/// How much of the payments was captured.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Captured {
    Everything,
    Anything,
}

pub fn any_order(dice: &mut Dice<'_>, captured: Captured) -> Order {
    let new = any_checkout(dice, captured);
    any_ready_order(dice, new, captured)
}

/// Of which a gift card, points and credit may be accounts of this system.
pub fn any_order_with_accounts(dice: &mut Dice<'_>, captured: Captured) -> Order {
    let mut new = any_checkout(dice, captured);
    for tender in &mut new.tenders {
        if !tender.method.is_cash() && dice.one_in(2) {
            "ledger".clone_into(&mut tender.provider);
        }
    }
    let order = any_ready_order(dice, new, captured);
    if dice.one_in(6) { Order { state: OrderState::Received, ..order } } else { order }
}

fn any_ready_order(dice: &mut Dice<'_>, new: NewOrder, captured: Captured) -> Order {
    let mut order = ready(new);
    if captured == Captured::Anything {
        for index in 0..order.tenders.len() {
            order = captured_in_part(dice, order, index);
        }
    }
    let state = dice.of(&[OrderState::Ready, OrderState::Accepted, OrderState::Completed]);
    Order { state, ..order }
}

fn any_checkout(dice: &mut Dice<'_>, captured: Captured) -> NewOrder {
    let (customer, merchant) = (currency(dice.of(&CURRENCIES)), currency(dice.of(&CURRENCIES)));
    let rate = dice.of(&[(1, 1), (6, 5), (1, 150), (151, 1), (10, 33), (3, 1000)]);
    let worth = |dice: &mut Dice<'_>| any_pair(dice, customer, merchant, rate);
    let lines: Vec<NewLine> = (0..=dice.roll(5))
        .map(|index| NewLine {
            cart_item_id: format!("L{index}"),
            product_code: Some(format!("SKU-{}", dice.roll(3))),
            secondary_product_code: Some(format!("ALT-{}", dice.roll(2))),
            name: None,
            hs_code: None,
            quantity: 1 + dice.roll(7),
            total: worth(dice),
            duties: None,
        })
        .collect();
    let charge = |dice: &mut Dice<'_>| dice.maybe(2, worth).unwrap_or_default();
    let (shipping, duties) = (charge(dice), charge(dice));
    let parts = lines.iter().map(|line| line.total).chain([shipping, duties]);
    let paid = Pair::sum(parts).unwrap().customer;
    let new = NewOrder {
        customer_currency: customer,
        merchant_currency: merchant,
        tenders: tenders(dice, paid, customer, captured),
        lines,
        shipping,
        duties,
        ..checkout()
    };
    if dice.one_in(4) { with_duties_per_line(dice, new) } else { new }
}

/// Up to an eighth of the largest amount, so that the sum stays below it.
fn any_pair(
    dice: &mut Dice<'_>,
    customer: Currency,
    merchant: Currency,
    (dividend, divisor): (i64, i64),
) -> Pair {
    let in_customer = any_amount(dice, customer);
    if in_customer.is_zero() {
        return Pair::ZERO;
    }
    let own = any_amount(dice, merchant);
    if dice.one_in(8) {
        return Pair::new(in_customer, own);
    }
    let noise = 950 + i64::from(dice.roll(101));
    let converted = in_customer.ten_thousandths() / divisor * dividend / 1000 * noise;
    let most = LARGEST.min(converted);
    Pair::new(in_customer, Amount::from_ten_thousandths(most).rounded(merchant.exponent()))
}

const LARGEST: i64 = Amount::MAX.ten_thousandths() / 8;

fn any_amount(dice: &mut Dice<'_>, currency: Currency) -> Amount {
    let units = match dice.roll(12) {
        0 => 0,
        1..=3 => 1 + dice.roll(10),
        4..=9 => 1 + dice.roll(100_000),
        10 => 1 + dice.roll(u32::MAX),
        _ if dice.one_in(4) => {
            return Amount::from_ten_thousandths(LARGEST).rounded(0);
        }
        _ => 1 + dice.roll(10_000_000),
    };
    minor(currency, i64::from(units))
}

/// One of a few disputes, in any state and at any of a few times: of up to all that a tender paid,
/// and a little more.
pub fn any_dispute(dice: &mut Dice<'_>, order: &Order) -> DisputeReport {
    let name = dice.roll(3);
    let tender = &order.tenders[name as usize % order.tenders.len()];
    let currency = order.customer_currency;
    let weights = [dice.roll(4), 1 + dice.roll(4)].map(|weight| minor(currency, i64::from(weight)));
    let part = allocate(tender.amount, &weights, currency.exponent())[1];
    DisputeReport {
        tender_id: tender.tender_id.clone(),
        dispute_id: format!("dp-{name}").parse().unwrap(),
        amount: part.plus(minor(currency, 1)).unwrap(),
        state: dice.of(&DisputeState::ALL),
        as_of: OffsetDateTime::UNIX_EPOCH + Duration::seconds(dice.roll(4).into()),
    }
}

/// So many of the currency's smallest units.
pub fn minor(currency: Currency, units: i64) -> Amount {
    Amount::from_ten_thousandths(units * 10_i64.pow(4 - currency.exponent()))
}

fn tenders(
    dice: &mut Dice<'_>,
    paid: Amount,
    currency: Currency,
    captured: Captured,
) -> Vec<NewTender> {
    let weights: Vec<Amount> =
        (0..=dice.roll(3)).map(|_| minor(currency, i64::from(1 + dice.roll(9)))).collect();
    let parts = allocate(paid, &weights, currency.exponent());
    let tenders = parts.into_iter().enumerate().map(|(index, part)| NewTender {
        state: match captured {
            Captured::Everything => TenderState::Captured,
            Captured::Anything => dice.of(&[
                TenderState::Captured,
                TenderState::Authorized,
                TenderState::Authorized,
                TenderState::Pending,
            ]),
        },
        ..tender(&format!("t{index}"), dice.of(&METHODS), part)
    });
    tenders.collect()
}

fn captured_in_part(dice: &mut Dice<'_>, order: Order, index: usize) -> Order {
    let tender = &order.tenders[index];
    let open = matches!(tender.state, TenderState::Authorized | TenderState::Pending);
    if !open || dice.one_in(3) {
        return order;
    }
    let weights = [dice.roll(4), 1 + dice.roll(4)]
        .map(|weight| minor(order.customer_currency, i64::from(weight)));
    let part = allocate(tender.amount, &weights, order.customer_currency.exponent())[1];
    let report = PaymentReport {
        tender_id: tender.tender_id.clone(),
        state: TenderState::Captured,
        amount: Some(part),
        provider_reference: None,
    };
    decided(order, Command::RecordPayment(report))
}

/// Another spread of the duties than the one by value.
fn with_duties_per_line(dice: &mut Dice<'_>, new: NewOrder) -> NewOrder {
    let weights: Vec<Amount> =
        new.lines.iter().map(|_| Amount::from_ten_thousandths(i64::from(dice.roll(5)))).collect();
    let customer = allocate(new.duties.customer, &weights, new.customer_currency.exponent());
    let merchant = allocate(new.duties.merchant, &weights, new.merchant_currency.exponent());
    let spread: Vec<Pair> =
        customer.into_iter().zip(merchant).map(|(c, m)| Pair::new(c, m)).collect();
    if spread.iter().any(|duties| duties.customer.is_zero() && !duties.merchant.is_zero()) {
        return new;
    }
    let lines = new.lines.into_iter().zip(spread);
    let lines = lines.map(|(line, duties)| NewLine { duties: Some(duties), ..line }).collect();
    NewOrder { lines, ..new }
}
