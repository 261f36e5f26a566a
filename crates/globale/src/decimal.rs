//! Decimal texts as they are shown: with so many places and no float in between.

use rust_decimal::Decimal;

/// How many places a text has.
pub(crate) fn places(text: &str) -> usize {
    text.split_once('.').map_or(0, |(_, fraction)| fraction.len())
}

/// A text with zeros put behind it until it has at least this many places.
pub(crate) fn padded(text: &str, least: usize) -> String {
    let missing = least.saturating_sub(places(text));
    let point = if places(text) == 0 && missing > 0 { "." } else { "" };
    format!("{text}{point}{}", "0".repeat(missing))
}

/// The sum of amounts of one currency, with `decimals` places at least. `None` if one of them is
/// no number or the sum is out of reach.
pub(crate) fn sum<'a>(
    amounts: impl IntoIterator<Item = &'a str>,
    decimals: usize,
) -> Option<String> {
    let mut sum = Decimal::new(0, u32::try_from(decimals).ok()?);
    for amount in amounts {
        sum = sum.checked_add(Decimal::from_str_exact(amount).ok()?)?;
    }
    Some(sum.to_string())
}

/// `total × part / whole`, rounded half away from zero to the places of `total`. A whole of 0 has
/// no parts.
pub(crate) fn share(total: &str, part: &str, whole: &str) -> Option<String> {
    let read = |text| Decimal::from_str_exact(text).ok();
    let (total, mut part, mut whole) = (read(total)?, read(part)?, read(whole)?);
    let scale = part.scale().max(whole.scale());
    part.rescale(scale);
    whole.rescale(scale);
    if whole.is_zero() {
        return Some(Decimal::new(0, total.scale()).to_string());
    }
    let (product, divisor) = (total.mantissa().checked_mul(part.mantissa())?, whole.mantissa());
    let (quotient, remainder) = (product / divisor, (product % divisor).abs());
    let away = i128::from(remainder >= divisor.abs() - remainder);
    let rounded = quotient + away * product.signum() * divisor.signum();
    Decimal::try_from_i128_with_scale(rounded, total.scale()).ok().map(|share| share.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_padded_and_never_cut() {
        for (text, padded_text) in [
            ("60.95", "60.9500"),
            ("286032", "286032.0000"),
            ("-1.664", "-1.6640"),
            ("0.0000", "0.0000"),
            ("0.123456", "0.123456"),
        ] {
            assert_eq!(padded(text, 4), padded_text);
        }
        assert_eq!(padded("5", 0), "5");
    }

    #[test]
    fn a_sum_keeps_the_places_of_its_currency() {
        assert_eq!(sum([], 2).unwrap(), "0.00");
        assert_eq!(sum([], 0).unwrap(), "0");
        assert_eq!(sum(["0.979", "-1.664"], 3).unwrap(), "-0.685");
        assert_eq!(sum(["x"], 2), None);
    }

    #[test]
    fn a_share_is_exact_at_both_ends_and_rounds_half_away_from_zero() {
        assert_eq!(share("31.27", "60.95", "60.95").unwrap(), "31.27");
        assert_eq!(share("31.27", "0.00", "60.95").unwrap(), "0.00");
        assert_eq!(share("31.27", "0.00", "0.00").unwrap(), "0.00");
        assert_eq!(share("1", "1.0", "2.0").unwrap(), "1");
        assert_eq!(share("-1", "1.0", "2.0").unwrap(), "-1");
        assert_eq!(share("1", "1", "3").unwrap(), "0");
        let most = "1000000000000.0000";
        assert_eq!(share(most, most, most).unwrap(), most);
    }
}
