//! Amounts as Stripe counts them: whole numbers of a currency's smallest unit, by a table of its
//! own (<https://docs.stripe.com/currencies>, "Minor units in API amounts").

use domain::Amount;

/// An amount has no decimals here, and is counted in whole units.
const WITHOUT_DECIMALS: [&str; 15] = [
    "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF",
    "XOF", "XPF",
];

/// Three decimals, of which the last has to be 0: the banks behind Stripe know two.
const THREE_DECIMALS: [&str; 5] = ["BHD", "JOD", "KWD", "OMR", "TND"];

/// Currencies without decimals that are counted in hundredths all the same, for the sake of those
/// who did so before: both decimals have to be 0.
const HUNDREDTHS_OF_WHOLE_UNITS: [&str; 2] = ["ISK", "UGX"];

/// How a currency is counted, in ten-thousandths of its unit.
struct Rule {
    /// What Stripe's 1 stands for.
    one: i64,
    /// What an amount has to be a multiple of.
    step: i64,
}

/// HUF and TWD are no exceptions here: their decimals matter for payouts only.
fn rule(code: &str) -> Rule {
    if WITHOUT_DECIMALS.contains(&code) {
        Rule { one: 10_000, step: 10_000 }
    } else if THREE_DECIMALS.contains(&code) {
        Rule { one: 10, step: 100 }
    } else if HUNDREDTHS_OF_WHOLE_UNITS.contains(&code) {
        Rule { one: 100, step: 10_000 }
    } else {
        Rule { one: 100, step: 100 }
    }
}

/// Nothing is rounded. `None` for an amount that Stripe cannot move exactly.
pub(super) fn to_minor(amount: Amount, code: &str) -> Option<i64> {
    let (Rule { one, step }, count) = (rule(code), amount.ten_thousandths());
    (count >= 0 && count % step == 0).then_some(count / one)
}

/// What a number of Stripe's stands for. `None` if it is negative or more than there can be.
pub(super) fn from_minor(minor: i64, code: &str) -> Option<Amount> {
    let count = minor.checked_mul(rule(code).one)?;
    let amount = Amount::from_ten_thousandths(count);
    (!amount.is_negative() && amount <= Amount::MAX).then_some(amount)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Currencies, amount::parse_decimal};

    fn amount(text: &str) -> Amount {
        Amount::from_decimal(parse_decimal(text).unwrap(), 4).unwrap()
    }

    #[test]
    fn every_kind_of_currency_is_counted_by_its_rule() {
        for (code, text, minor) in [
            ("EUR", "10.00", 1_000),
            ("USD", "0.01", 1),
            ("HUF", "10.45", 1_045),
            ("TWD", "800.45", 80_045),
            ("JPY", "500", 500),
            ("KRW", "1000", 1_000),
            ("MGA", "7", 7),
            ("VND", "25000", 25_000),
            ("ISK", "5", 500),
            ("UGX", "5", 500),
            ("KWD", "5.120", 5_120),
            ("BHD", "0.010", 10),
            ("TND", "1000000.500", 1_000_000_500),
            ("EUR", "0", 0),
        ] {
            assert_eq!(to_minor(amount(text), code), Some(minor), "{text} {code}");
            assert_eq!(from_minor(minor, code), Some(amount(text)), "{minor} {code}");
        }
    }

    #[test]
    fn what_cannot_be_moved_exactly_is_not_rounded() {
        for (code, text) in [
            ("EUR", "10.001"),
            ("EUR", "0.0001"),
            ("JPY", "500.5"),
            // Ariary have two decimals by ISO 4217, and none at Stripe.
            ("MGA", "7.20"),
            ("ISK", "5.50"),
            ("UGX", "0.01"),
            ("KWD", "5.124"),
            ("OMR", "0.001"),
        ] {
            assert_eq!(to_minor(amount(text), code), None, "{text} {code}");
        }
        assert_eq!(to_minor(amount("1").negated(), "EUR"), None);
        assert_eq!(from_minor(-1, "EUR"), None);
        assert_eq!(from_minor(i64::MAX, "JPY"), None);
        assert_eq!(from_minor(i64::MAX, "EUR"), None);
    }

    #[test]
    fn the_largest_amount_is_counted_in_every_currency() {
        for code in ["EUR", "JPY", "KWD", "ISK"] {
            let minor = to_minor(Amount::MAX, code).unwrap();
            assert_eq!(from_minor(minor, code), Some(Amount::MAX), "{code}");
        }
    }

    #[test]
    fn the_table_names_currencies_that_there_are() {
        let all = WITHOUT_DECIMALS.iter().chain(&THREE_DECIMALS).chain(&HUNDREDTHS_OF_WHOLE_UNITS);
        for code in all {
            assert!(Currencies::iso().get(code).is_ok(), "{code}");
        }
    }
}
