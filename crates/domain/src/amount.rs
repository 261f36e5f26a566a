//! Exact amounts. There is no `+`, no `*` and no float: sums are checked, and an amount is only
//! ever divided by [`share`] or [`allocate`], which say how they round.

use crate::Currency;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Ten-thousandths in one unit of a currency: fine enough for every ISO 4217 exponent and for the
/// four decimals that line amounts in the merchant currency carry.
const SCALE: u32 = 4;
const ONE: i64 = 10_i64.pow(SCALE);

/// An exact amount, counted in ten-thousandths of its currency's unit.
///
/// Which currency it is in stands beside it, on the order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Amount(i64);

/// One amount in both currencies of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Pair {
    pub customer: Amount,
    pub merchant: Amount,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    #[error("must be a plain decimal number such as \"60.95\"")]
    Malformed,
    #[error("must not be negative")]
    Negative,
    #[error("has more than the {allowed} decimals allowed here")]
    TooPrecise { allowed: u32 },
    #[error("must have at most {MAX_DIGITS} digits")]
    TooLong,
    #[error("must be at most {}", Amount::MAX)]
    OutOfRange,
}

impl Amount {
    pub const ZERO: Self = Self(0);

    /// The largest amount the system deals in: one trillion units of a currency.
    pub const MAX: Self = Self(1_000_000_000_000 * ONE);

    /// From ten-thousandths of a unit, as stored.
    pub const fn from_ten_thousandths(count: i64) -> Self {
        Self(count)
    }

    /// In ten-thousandths of a unit, to be stored.
    pub const fn ten_thousandths(self) -> i64 {
        self.0
    }

    /// Takes a decimal of at most `decimals` places; trailing zeros do not count.
    ///
    /// # Errors
    ///
    /// [`AmountError`] for a negative, too precise or too large number. Nothing is rounded.
    pub fn from_decimal(value: Decimal, decimals: u32) -> Result<Self, AmountError> {
        let value = value.normalize();
        if value.is_sign_negative() && !value.is_zero() {
            return Err(AmountError::Negative);
        }
        if value.scale() > decimals.min(SCALE) {
            return Err(AmountError::TooPrecise { allowed: decimals.min(SCALE) });
        }
        let count = value
            .mantissa()
            .checked_mul(10_i128.pow(SCALE - value.scale()))
            .and_then(|count| i64::try_from(count).ok())
            .ok_or(AmountError::OutOfRange)?;
        if count > Self::MAX.0 { Err(AmountError::OutOfRange) } else { Ok(Self(count)) }
    }

    /// Reads a non-negative amount of `currency` from its decimal text.
    ///
    /// # Errors
    ///
    /// As [`parse_decimal`] and [`Amount::from_decimal`].
    pub fn parse(text: &str, currency: Currency) -> Result<Self, AmountError> {
        Self::from_decimal(parse_decimal(text)?, currency.exponent())
    }

    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// # Errors
    ///
    /// [`AmountError::OutOfRange`] if the sum cannot be represented.
    pub fn plus(self, other: Self) -> Result<Self, AmountError> {
        self.0.checked_add(other.0).map(Self).ok_or(AmountError::OutOfRange)
    }

    /// # Errors
    ///
    /// [`AmountError::OutOfRange`] if the difference cannot be represented.
    pub fn minus(self, other: Self) -> Result<Self, AmountError> {
        self.0.checked_sub(other.0).map(Self).ok_or(AmountError::OutOfRange)
    }

    #[must_use]
    pub const fn negated(self) -> Self {
        Self(-self.0)
    }

    /// # Errors
    ///
    /// [`AmountError::OutOfRange`] if the sum cannot be represented.
    pub fn sum(amounts: impl IntoIterator<Item = Self>) -> Result<Self, AmountError> {
        amounts.into_iter().try_fold(Self::ZERO, Self::plus)
    }

    /// Rounds to `decimals` places, half away from zero.
    #[must_use]
    pub fn rounded(self, decimals: u32) -> Self {
        let unit = unit(decimals);
        Self(clamp(divide_rounding(i128::from(self.0), unit) * unit))
    }

    pub fn to_decimal(self) -> Decimal {
        Decimal::new(self.0, SCALE)
    }

    /// The text with exactly `decimals` places, as shown outside.
    pub fn to_text(self, decimals: u32) -> String {
        let mut value = self.to_decimal();
        value.rescale(decimals);
        value.to_string()
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_decimal().normalize().fmt(f)
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Pair {
    pub const ZERO: Self = Self { customer: Amount::ZERO, merchant: Amount::ZERO };

    pub const fn new(customer: Amount, merchant: Amount) -> Self {
        Self { customer, merchant }
    }

    pub const fn is_zero(self) -> bool {
        self.customer.is_zero() && self.merchant.is_zero()
    }

    /// # Errors
    ///
    /// [`AmountError::OutOfRange`] if a sum cannot be represented.
    pub fn plus(self, other: Self) -> Result<Self, AmountError> {
        Ok(Self {
            customer: self.customer.plus(other.customer)?,
            merchant: self.merchant.plus(other.merchant)?,
        })
    }

    /// # Errors
    ///
    /// [`AmountError::OutOfRange`] if a difference cannot be represented.
    pub fn minus(self, other: Self) -> Result<Self, AmountError> {
        Ok(Self {
            customer: self.customer.minus(other.customer)?,
            merchant: self.merchant.minus(other.merchant)?,
        })
    }

    /// # Errors
    ///
    /// [`AmountError::OutOfRange`] if a sum cannot be represented.
    pub fn sum(pairs: impl IntoIterator<Item = Self>) -> Result<Self, AmountError> {
        pairs.into_iter().try_fold(Self::ZERO, Self::plus)
    }
}

/// Reads a decimal number: digits, at most one point, an optional leading minus, at most 27
/// digits that count. No exponent, no plus, no spaces, no names such as NaN.
///
/// # Errors
///
/// [`AmountError::Malformed`] for anything else, [`AmountError::TooLong`] for more digits.
pub fn parse_decimal(text: &str) -> Result<Decimal, AmountError> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !plain(whole) || !plain(fraction) {
        return Err(AmountError::Malformed);
    }
    // Zeros that say nothing do not count.
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    if whole.len() + fraction.len() > MAX_DIGITS {
        return Err(AmountError::TooLong);
    }
    let sign = if text.starts_with('-') { "-" } else { "" };
    let exact = Decimal::from_str_exact(&format!("{sign}0{whole}.{fraction}0"));
    exact.map_err(|_| AmountError::TooLong)
}

/// Digits of a decimal number, without leading zeros and trailing ones after the point.
const MAX_DIGITS: usize = 27;

/// `total × part / whole`, rounded half away from zero to `decimals` places.
///
/// Exact at both ends: a part of zero gives zero, the whole gives the total. A whole of zero has
/// no parts and gives zero.
#[must_use]
pub fn share(total: Amount, part: Amount, whole: Amount, decimals: u32) -> Amount {
    ratio(total, i128::from(part.0), i128::from(whole.0), decimals)
}

/// [`share`] by a count of pieces instead of an amount.
#[must_use]
pub fn share_of_count(total: Amount, part: u32, whole: u32, decimals: u32) -> Amount {
    ratio(total, i128::from(part), i128::from(whole), decimals)
}

/// `percent` hundredths of `base`, rounded half away from zero to `decimals` places.
///
/// `percent` lies between 0 and 100, with any number of places.
#[must_use]
pub fn percent_of(base: Amount, percent: Decimal, decimals: u32) -> Amount {
    // So many places keep `amount × percent` within 128 bits. What further ones add is less than
    // the last of these: it is cut, and that cannot lift or lower a half, because a half ends
    // earlier.
    const PLACES: u32 = 18;
    let (percent, unit) = (percent.normalize(), unit(decimals));
    let further = 10_i128.pow(percent.scale().saturating_sub(PLACES));
    let (mantissa, base) = (percent.mantissa(), i128::from(base.0));
    let product = base * (mantissa / further) + base * (mantissa % further) / further;
    let divisor = 100 * 10_i128.pow(percent.scale().min(PLACES)) * unit;
    Amount(clamp(divide_rounding(product, divisor) * unit))
}

fn ratio(total: Amount, part: i128, whole: i128, decimals: u32) -> Amount {
    if whole == 0 {
        return Amount::ZERO;
    }
    let unit = unit(decimals);
    let rounded = i128::from(total.0)
        .checked_mul(part)
        .zip(whole.checked_mul(unit))
        .map_or(0, |(product, divisor)| divide_rounding(product, divisor));
    Amount(clamp(rounded * unit))
}

/// Splits `total` by weight into amounts of `decimals` places that add up to it exactly.
///
/// Largest remainder first; of equal remainders the earlier wins. If every weight is zero, all
/// weigh the same. No weights, no parts.
#[must_use]
pub fn allocate(total: Amount, weights: &[Amount], decimals: u32) -> Vec<Amount> {
    let unit = unit(decimals);
    let units = i128::from(total.0) / unit;
    let mut weights: Vec<i128> = weights.iter().map(|weight| i128::from(weight.0)).collect();
    let mut whole: i128 = weights.iter().sum();
    if whole == 0 {
        weights.fill(1);
        whole = weights.iter().sum();
    }
    let mut parts: Vec<i128> = weights.iter().map(|weight| units * weight / whole).collect();
    let missing = units - parts.iter().sum::<i128>();
    let mut by_remainder: Vec<usize> = (0..parts.len()).collect();
    by_remainder.sort_by_key(|&index| std::cmp::Reverse(units * weights[index] % whole));
    let missing = usize::try_from(missing).unwrap_or(0);
    for &index in by_remainder.iter().take(missing) {
        parts[index] += 1;
    }
    parts.into_iter().map(|part| Amount(clamp(part * unit))).collect()
}

/// Ten-thousandths in the smallest step of an amount with so many places.
fn unit(decimals: u32) -> i128 {
    10_i128.pow(SCALE - decimals.min(SCALE))
}

/// Half away from zero, the one rounding of this system.
fn divide_rounding(dividend: i128, divisor: i128) -> i128 {
    let quotient = dividend / divisor;
    let remainder = (dividend % divisor).abs();
    // `2 * remainder >= divisor` without the doubling that could overflow.
    if remainder >= divisor.abs() - remainder {
        quotient + dividend.signum() * divisor.signum()
    } else {
        quotient
    }
}

/// Amounts are bounded by [`Amount::MAX`] when they come in, so a result outside of 64 bits is
/// out of reach; saturating keeps even that from wrapping into a wrong but plausible figure.
fn clamp(value: i128) -> i64 {
    i64::try_from(value).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests;
