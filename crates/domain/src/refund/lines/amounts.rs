//! The amount of one line: by quantity, by amount in either currency or by percentage.

use super::{Listed, cart_item_id};
use crate::{
    Amount, Pair, Reason, Rejection,
    amount::{percent_of, share, share_of_count},
    refund::{
        Rule, Side,
        plan::{Planner, mismatch},
    },
};
use rust_decimal::Decimal;

/// Places of a line's amount in the merchant currency.
const LINE_DECIMALS: u32 = 4;

pub(super) fn amount(
    planner: &mut Planner<'_>,
    listed: &Listed<'_>,
    quantity: Option<u32>,
) -> Result<Pair, Rejection> {
    let request = listed.request;
    let field = |name: &str| format!("products[{}].{name}", listed.place);
    let given = |name: &str, value: Option<Decimal>, decimals| {
        value.map(|value| Amount::from_decimal(value, decimals)).transpose().map_err(|error| {
            Rejection::new(Reason::InvalidAmount, error.to_string()).at(field(name))
        })
    };
    let percent = percent(listed)?;
    let customer = given("refund_amount", request.refund_amount, planner.customer_decimals())?;
    let merchant = given("original_refund_amount", request.original_refund_amount, LINE_DECIMALS)?;
    let of_quantity = quantity.map(|quantity| quantity_share(planner, listed.line, quantity));

    if percent.is_some() && (customer.is_some() || merchant.is_some()) {
        let other = if customer.is_some() { "refund_amount" } else { "original_refund_amount" };
        let text = format!("refund_amount_percent and {other} cannot both be given");
        return Err(Rejection::new(Reason::IncompatibleFields, text)
            .at(field("refund_amount_percent"))
            .at(field(other)));
    }
    match (percent, customer, merchant) {
        (Some(percent), ..) => {
            let (base, rule) = match of_quantity {
                Some(amount) => (amount, Rule::PercentOfQuantity),
                None => (planner.order.lines[listed.line].total.customer, Rule::PercentOfLine),
            };
            let amount = percent_of(base, percent, planner.customer_decimals());
            within_left(planner, listed, "refund_amount_percent", amount)?;
            convert(planner, listed.line, amount, rule)
        }
        (None, Some(amount), merchant) => {
            within_left(planner, listed, "refund_amount", amount)?;
            let pair = convert(planner, listed.line, amount, Rule::GivenAmount)?;
            agrees(planner, listed, pair, merchant)?;
            Ok(pair)
        }
        (None, None, Some(amount)) => by_merchant_amount(planner, listed, amount),
        (None, None, None) => match of_quantity {
            Some(amount) => by_quantity(planner, listed, amount),
            None => Ok(Pair::ZERO),
        },
    }
}

fn percent(listed: &Listed<'_>) -> Result<Option<Decimal>, Rejection> {
    let Some(percent) = listed.request.refund_amount_percent else { return Ok(None) };
    let percent = percent.normalize();
    let invalid = |text: String| {
        Rejection::new(Reason::InvalidAmount, text)
            .at(format!("products[{}].refund_amount_percent", listed.place))
            .with("asked", percent)
    };
    if percent <= Decimal::ZERO || percent > Decimal::ONE_HUNDRED {
        return Err(invalid(format!("a percentage of {percent} is not above 0 and at most 100")));
    }
    Ok(Some(percent))
}

/// A quantity alone is cut to what is left of the line.
fn by_quantity(
    planner: &mut Planner<'_>,
    listed: &Listed<'_>,
    uncut: Amount,
) -> Result<Pair, Rejection> {
    let left = planner.left.lines[listed.line].amount.customer;
    if uncut.is_positive() && left.is_zero() {
        return Err(exceeds(planner, listed, "refund_quantity", uncut, left));
    }
    convert(planner, listed.line, uncut.min(left), Rule::QuantityShare)
}

/// Exactly the merchant amount that was asked for; the customer amount is prorated back.
fn by_merchant_amount(
    planner: &mut Planner<'_>,
    listed: &Listed<'_>,
    amount: Amount,
) -> Result<Pair, Rejection> {
    let line = &planner.order.lines[listed.line];
    let before = planner.books.lines[listed.line].amount;
    let left = planner.left.lines[listed.line].amount.merchant;
    if amount > left {
        let currency = planner.order.merchant_currency;
        let text = |amount: Amount| amount.to_text(LINE_DECIMALS);
        let message = format!(
            "{} {currency} asked of line {}, {} {currency} is left",
            text(amount),
            line.cart_item_id,
            text(left)
        );
        let rejection = Rejection::new(Reason::AmountExceedsRefundable, message)
            .at(format!("products[{}].original_refund_amount", listed.place))
            .with("asked", text(amount))
            .with("left", text(left));
        return Err(planner.with_what_is_left(rejection));
    }
    let merchant_after = before.merchant.plus(amount)?;
    let decimals = planner.customer_decimals();
    let prorated = share(line.total.customer, merchant_after, line.total.merchant, decimals);
    let customer = prorated.minus(before.customer)?.max(Amount::ZERO);
    let subject = format!("line {}", line.cart_item_id);
    let (rule, back) = (Rule::GivenMerchantAmount, Rule::ConvertedFromMerchant);
    planner.derive(&subject, Side::Merchant, rule, before.merchant, merchant_after, amount);
    planner.derive(&subject, Side::Customer, back, before.customer, prorated, customer);
    Ok(Pair::new(customer, amount))
}

/// Both amounts given: the customer's counts, and the merchant's has to be what it comes to.
fn agrees(
    planner: &Planner<'_>,
    listed: &Listed<'_>,
    computed: Pair,
    declared: Option<Amount>,
) -> Result<(), Rejection> {
    let decimals = planner.merchant_decimals();
    match declared {
        Some(declared) if declared.rounded(decimals) != computed.merchant.rounded(decimals) => {
            let field = format!("products[{}].original_refund_amount", listed.place);
            let what = "the customer amount comes to";
            Err(mismatch(field, what, computed.merchant, declared))
        }
        _ => Ok(()),
    }
}

fn within_left(
    planner: &Planner<'_>,
    listed: &Listed<'_>,
    field: &str,
    amount: Amount,
) -> Result<(), Rejection> {
    let left = planner.left.lines[listed.line].amount.customer;
    if amount > left { Err(exceeds(planner, listed, field, amount, left)) } else { Ok(()) }
}

fn exceeds(
    planner: &Planner<'_>,
    listed: &Listed<'_>,
    field: &str,
    asked: Amount,
    left: Amount,
) -> Rejection {
    let line = cart_item_id(planner, listed.line);
    let field = format!("products[{}].{field}", listed.place);
    planner.exceeds(field, &format!("line {line}"), asked, left).with("line", line)
}

/// What so many further pieces are worth, before it is cut to what is left.
pub(super) fn quantity_share(planner: &Planner<'_>, line: usize, quantity: u32) -> Amount {
    let decimals = planner.customer_decimals();
    let before = planner.books.lines[line].quantity;
    let line = &planner.order.lines[line];
    let of = |pieces| share_of_count(line.total.customer, pieces, line.quantity, decimals);
    of(before + quantity).minus(of(before)).unwrap_or_default()
}

/// The merchant side of a customer amount: the line's own pair converts, cumulatively.
pub(super) fn convert(
    planner: &mut Planner<'_>,
    line: usize,
    customer: Amount,
    rule: Rule,
) -> Result<Pair, Rejection> {
    let before = planner.books.lines[line].amount;
    let paid = planner.order.lines[line].total;
    let after = before.customer.plus(customer)?;
    let merchant_after = share(paid.merchant, after, paid.customer, LINE_DECIMALS);
    let merchant = merchant_after.minus(before.merchant)?;
    let subject = format!("line {}", planner.order.lines[line].cart_item_id);
    let by_line = Rule::ConvertedByLine;
    planner.derive(&subject, Side::Customer, rule, before.customer, after, customer);
    planner.derive(&subject, Side::Merchant, by_line, before.merchant, merchant_after, merchant);
    Ok(Pair::new(customer, merchant))
}
