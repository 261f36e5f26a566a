//! What each line of a refund comes to, in both currencies.

use super::plan::{Parts, Planner, mismatch};
use super::{ProductRequest, RefundProduct, Rule, Side};
use crate::{
    Amount, Pair, Reason, Rejection,
    amount::{MAX_PERCENT_DECIMALS, percent_of, share, share_of_count},
};
use rust_decimal::Decimal;

/// Places of a line's amount in the merchant currency.
const LINE_DECIMALS: u32 = 4;

/// One line of the request on its way to an amount.
struct Listed<'r> {
    place: usize,
    line: usize,
    request: &'r ProductRequest,
}

/// The lines that were listed, judged in the order given, answered in the order's own.
pub(super) fn asked(planner: &mut Planner<'_>) -> Result<Parts, Rejection> {
    let mut parts = Parts::default();
    let mut taken: Vec<usize> = Vec::new();
    let request = planner.request;
    for (place, product) in request.products.iter().enumerate() {
        let line = which_line(planner, place, product, &taken)?;
        if taken.contains(&line) {
            let text = format!("line {} is listed twice", cart_item_id(planner, line));
            return Err(Rejection::new(Reason::DuplicateLine, text)
                .at(format!("products[{place}].cart_item_id")));
        }
        taken.push(line);
        let listed = Listed { place, line, request: product };
        let quantity = quantity(planner, &listed)?;
        let amount = amount(planner, &listed, quantity)?;
        if parts.empty_line.is_none() {
            parts.empty_line = empty(planner, &listed, quantity, amount);
        }
        parts.products.push(RefundProduct {
            line,
            quantity: quantity.unwrap_or(0),
            amount,
            reason: product.reason.clone(),
            comments: product.comments.clone(),
        });
    }
    parts.products.sort_by_key(|product| product.line);
    Ok(parts)
}

/// The cart item id wins. Of several lines with a product code it is the first with quantity
/// left that nothing earlier in this request took, else the first.
fn which_line(
    planner: &Planner<'_>,
    place: usize,
    product: &ProductRequest,
    taken: &[usize],
) -> Result<usize, Rejection> {
    let lines = &planner.order.lines;
    let unknown = |field: &str, value: &str| {
        Rejection::new(Reason::UnknownLine, format!("the order has no line with {field} {value:?}"))
            .at(format!("products[{place}].{field}"))
            .with("asked", value)
    };
    if let Some(id) = &product.cart_item_id {
        let found = lines.iter().position(|line| line.cart_item_id == *id);
        return found.ok_or_else(|| unknown("cart_item_id", id));
    }
    let Some(code) = &product.product_code else {
        let text = "neither cart_item_id nor product_code is given";
        return Err(
            Rejection::new(Reason::UnknownLine, text).at(format!("products[{place}].cart_item_id"))
        );
    };
    let matching = |of: fn(&crate::order::Line) -> &Option<String>| -> Vec<usize> {
        (0..lines.len()).filter(|&index| of(&lines[index]).as_ref() == Some(code)).collect()
    };
    let mut found = matching(|line| &line.product_code);
    if found.is_empty() {
        found = matching(|line| &line.secondary_product_code);
    }
    let free = |index: &&usize| planner.left.lines[**index].quantity > 0 && !taken.contains(*index);
    found
        .iter()
        .find(free)
        .or_else(|| found.first())
        .copied()
        .ok_or_else(|| unknown("product_code", code))
}

fn quantity(planner: &Planner<'_>, listed: &Listed<'_>) -> Result<Option<u32>, Rejection> {
    let left = planner.left.lines[listed.line].quantity;
    let invalid = |text: String| {
        Rejection::new(Reason::InvalidQuantity, text)
            .at(format!("products[{}].refund_quantity", listed.place))
            .with("line", cart_item_id(planner, listed.line))
            .with("left", left)
    };
    let Some(asked) = listed.request.refund_quantity else {
        return if planner.policy.appeasements {
            Ok(None)
        } else {
            Err(invalid("a quantity is needed: appeasements are not enabled for this store".into()))
        };
    };
    match u32::try_from(asked) {
        Ok(quantity) if (1..=left).contains(&quantity) => Ok(Some(quantity)),
        _ => {
            let line = cart_item_id(planner, listed.line);
            let text = format!("{asked} pieces of line {line} asked, {left} are left");
            Err(invalid(text).with("asked", asked))
        }
    }
}

fn amount(
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
    if percent.scale() > MAX_PERCENT_DECIMALS {
        return Err(invalid(format!("a percentage has at most {MAX_PERCENT_DECIMALS} decimals")));
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
        let text = format!(
            "{amount} {} asked of line {}, {left} is left",
            planner.order.merchant_currency, line.cart_item_id
        );
        return Err(Rejection::new(Reason::AmountExceedsRefundable, text)
            .at(format!("products[{}].original_refund_amount", listed.place))
            .with("asked", amount)
            .with("left", left));
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

/// A line that asks for nothing, or comes to nothing although it is worth something.
fn empty(
    planner: &Planner<'_>,
    listed: &Listed<'_>,
    quantity: Option<u32>,
    amount: Pair,
) -> Option<Rejection> {
    let line = &planner.order.lines[listed.line];
    let request = listed.request;
    let asks_nothing = quantity.is_none()
        && request.refund_amount.is_none()
        && request.original_refund_amount.is_none()
        && request.refund_amount_percent.is_none();
    let text = if asks_nothing {
        format!("line {} has no quantity, percentage or amount", line.cart_item_id)
    } else if amount.customer.is_zero() && line.total.customer.is_positive() {
        format!("the refund of line {} comes to 0", line.cart_item_id)
    } else {
        return None;
    };
    let field = format!("products[{}]", listed.place);
    Some(Rejection::new(Reason::EmptyRefund, text).at(field).with("line", &line.cart_item_id))
}

/// Every line of which a piece or an amount is left.
pub(super) fn everything_left(planner: &mut Planner<'_>) -> Result<Vec<RefundProduct>, Rejection> {
    let mut products = Vec::new();
    for line in 0..planner.order.lines.len() {
        let left = &planner.left.lines[line];
        let (quantity, customer) = (left.quantity, left.amount.customer);
        if quantity == 0 && left.amount.is_zero() {
            continue;
        }
        let amount = convert(planner, line, customer, Rule::EverythingLeft)?;
        products.push(RefundProduct { line, quantity, amount, reason: None, comments: None });
    }
    Ok(products)
}

/// Parts of a total that was spread; no piece is returned.
pub(super) fn spread(
    planner: &mut Planner<'_>,
    amounts: &[Amount],
) -> Result<Vec<RefundProduct>, Rejection> {
    let mut products = Vec::new();
    for (line, amount) in amounts.iter().enumerate().filter(|(_, amount)| amount.is_positive()) {
        let amount = convert(planner, line, *amount, Rule::SpreadOverWhatIsLeft)?;
        products.push(RefundProduct { line, quantity: 0, amount, reason: None, comments: None });
    }
    Ok(products)
}

/// The duties share of the listed products, whatever duties were returned before.
pub(super) fn duties_of(
    planner: &Planner<'_>,
    products: &[RefundProduct],
) -> Result<Amount, Rejection> {
    let decimals = planner.customer_decimals();
    let mut sum = Amount::ZERO;
    for product in products {
        let line = &planner.order.lines[product.line];
        let before = planner.books.lines[product.line].amount.customer;
        let after = before.plus(product.amount.customer)?;
        let of = |refunded| share(line.duties.customer, refunded, line.total.customer, decimals);
        sum = sum.plus(of(after).minus(of(before))?)?;
    }
    Ok(sum)
}

/// What so many further pieces are worth, before it is cut to what is left.
fn quantity_share(planner: &Planner<'_>, line: usize, quantity: u32) -> Amount {
    let decimals = planner.customer_decimals();
    let before = planner.books.lines[line].quantity;
    let line = &planner.order.lines[line];
    let of = |pieces| share_of_count(line.total.customer, pieces, line.quantity, decimals);
    of(before + quantity).minus(of(before)).unwrap_or_default()
}

/// The merchant side of a customer amount: the line's own pair converts, cumulatively.
fn convert(
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

fn cart_item_id<'p>(planner: &'p Planner<'_>, line: usize) -> &'p str {
    &planner.order.lines[line].cart_item_id
}
