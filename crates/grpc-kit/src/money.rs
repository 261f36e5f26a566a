//! Amounts as they are shown: with all decimals of their currency.

use domain::{Amount, Currency, Pair, order::Order};
use wire::money::v1::MoneyPair;

/// Decimals of a line's amount in the merchant currency.
const LINE_DECIMALS: u32 = 4;

pub fn amount(amount: Amount, currency: Currency) -> String {
    amount.to_text(currency.exponent())
}

pub fn pair(pair: Pair, order: &Order) -> MoneyPair {
    MoneyPair {
        customer: amount(pair.customer, order.customer_currency),
        merchant: amount(pair.merchant, order.merchant_currency),
    }
}

/// A refund's part of a line: the merchant amount carries four decimals.
pub fn line_pair(pair: Pair, order: &Order) -> MoneyPair {
    MoneyPair {
        customer: amount(pair.customer, order.customer_currency),
        merchant: pair.merchant.to_text(LINE_DECIMALS),
    }
}
