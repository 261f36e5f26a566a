//! What each line of a refund comes to, in both currencies.

mod amounts;

use super::{
    ProductRequest, RefundProduct, Rule,
    plan::{Parts, Planner},
};
use crate::{Amount, Pair, Reason, Rejection, amount::share};
use amounts::{amount, convert, quantity_share};

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

/// The amounts of cancelled pieces. Pieces that a refund has marked as returned are paid back
/// already; nothing is refused for that.
pub(super) fn cancelled(planner: &mut Planner<'_>) -> Result<Vec<RefundProduct>, Rejection> {
    let mut products = Vec::new();
    for product in &planner.request.products {
        let id = product.cart_item_id.as_deref().unwrap_or_default();
        let found = planner.order.lines.iter().position(|line| line.cart_item_id == id);
        let asked = product.refund_quantity.and_then(|asked| u32::try_from(asked).ok());
        let Some((line, asked)) = found.zip(asked) else { continue };
        let left = &planner.left.lines[line];
        let quantity = asked.min(left.quantity);
        let uncut = quantity_share(planner, line, quantity);
        let customer = uncut.min(left.amount.customer);
        if quantity == 0 {
            continue;
        }
        let amount = convert(planner, line, customer, Rule::QuantityShare)?;
        products.push(RefundProduct { line, quantity, amount, reason: None, comments: None });
    }
    products.sort_by_key(|product| product.line);
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

fn cart_item_id<'p>(planner: &'p Planner<'_>, line: usize) -> &'p str {
    &planner.order.lines[line].cart_item_id
}
