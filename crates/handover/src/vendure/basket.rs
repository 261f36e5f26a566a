//! What is to be in the shop's order, and at which prices.

use crate::failure::refused;
use domain::{
    Amount,
    amount::share_of_count,
    order::{FailureClass, Order},
};
use ports::PushFailure;

/// What the shop's order has to come to, in the shop's own unit of money.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Basket {
    pub items: Vec<Item>,
    pub shipping: i64,
    pub duties: i64,
    pub total: i64,
}

/// Pieces of one product at one price.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Item {
    /// The platform's name for the line.
    pub line: String,
    pub sku: String,
    pub unit_price: i64,
    pub quantity: u32,
}

impl Basket {
    /// In the merchant currency. What was cancelled before is left out.
    pub(super) fn of(order: &Order, precision: u32) -> Result<Self, PushFailure> {
        let mut items = Vec::new();
        for line in &order.lines {
            let left = line.quantity.saturating_sub(line.quantities.cancelled);
            if left == 0 {
                continue;
            }
            let Some(sku) = line.product_code.clone().filter(|sku| !sku.is_empty()) else {
                let text = format!("line {} has no product code", line.cart_item_id);
                return Err(refused(FailureClass::RejectedProduct, text));
            };
            let exponent = order.merchant_currency.exponent();
            let amount = share_of_count(line.total.merchant, left, line.quantity, exponent);
            let item = |(unit_price, quantity)| Item {
                line: line.cart_item_id.clone(),
                sku: sku.clone(),
                unit_price,
                quantity,
            };
            items.extend(per_piece(units(amount, precision)?, left)?.map(item));
        }
        let shipping = units(order.shipping.merchant, precision)?;
        let duties = units(order.duties.merchant, precision)?;
        i32::try_from(shipping.max(duties)).map_err(|_| too_large())?;
        let worth = |item: &Item| item.unit_price.checked_mul(i64::from(item.quantity));
        let total = items
            .iter()
            .map(worth)
            .chain([Some(shipping), Some(duties)])
            .try_fold(0_i64, |sum, part| sum.checked_add(part?))
            .ok_or_else(too_large)?;
        Ok(Self { items, shipping, duties, total })
    }
}

/// A line's amount as prices of its pieces: of those that share no whole price, some are one unit
/// dearer.
fn per_piece(amount: i64, pieces: u32) -> Result<impl Iterator<Item = (i64, u32)>, PushFailure> {
    let count = i64::from(pieces);
    let (price, dearer) = (amount / count, amount % count);
    // A price is a GraphQL Int.
    i32::try_from(price + 1).map_err(|_| too_large())?;
    let dearer = u32::try_from(dearer).map_err(|_| too_large())?;
    let parts = [(price + 1, dearer), (price, pieces - dearer)];
    Ok(parts.into_iter().filter(|(_, pieces)| *pieces > 0))
}

/// In the shop's smallest unit.
fn units(amount: Amount, precision: u32) -> Result<i64, PushFailure> {
    let mut value = amount.to_decimal().normalize();
    if value.scale() > precision {
        let text = format!("the shop's prices have {precision} decimals, and {amount} has more");
        return Err(refused(FailureClass::RejectedOther, text));
    }
    value.rescale(precision);
    i64::try_from(value.mantissa()).map_err(|_| too_large())
}

fn too_large() -> PushFailure {
    refused(FailureClass::RejectedOther, "the shop cannot hold an amount as large as this")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(amount: i64, pieces: u32) -> Vec<(i64, u32)> {
        per_piece(amount, pieces).unwrap().collect()
    }

    #[test]
    fn the_prices_of_a_lines_pieces_add_up_to_its_amount() {
        assert_eq!(parts(1_000, 1), [(1_000, 1)]);
        assert_eq!(parts(1_000, 4), [(250, 4)]);
        assert_eq!(parts(1_000, 3), [(334, 1), (333, 2)]);
        assert_eq!(parts(2, 3), [(1, 2), (0, 1)]);
        assert_eq!(parts(0, 3), [(0, 3)]);
    }

    #[test]
    fn an_amount_is_never_rounded_to_fit_the_shop() {
        let amount = |count| Amount::from_ten_thousandths(count);
        assert_eq!(units(amount(123_400), 2), Ok(1_234));
        assert_eq!(units(amount(10_000), 2), Ok(100));
        assert_eq!(units(amount(10_000), 0), Ok(1));
        assert_eq!(units(amount(123_450), 3), Ok(12_345));
        assert!(units(amount(123_450), 2).is_err());
        assert!(per_piece(i64::from(i32::MAX), 1).is_err());
    }
}
