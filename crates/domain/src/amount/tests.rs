use super::*;
use proptest::prelude::*;

fn amount(text: &str) -> Amount {
    Amount::from_decimal(parse_decimal(text).unwrap(), 4).unwrap()
}

#[test]
fn only_plain_decimals_are_read() {
    for text in
        ["", ".", "1.", ".5", "+1", "1e1", "1E400", "NaN", "inf", " 1", "1 ", "1,5", "١", "--1"]
    {
        assert_eq!(parse_decimal(text), Err(AmountError::Malformed), "{text:?}");
    }
    assert_eq!(parse_decimal("0060.9500").unwrap().normalize(), Decimal::new(6095, 2));
    assert_eq!(parse_decimal("9999999999999999999999999999999"), Err(AmountError::TooLong));
    let zeros = "0".repeat(100);
    assert_eq!(parse_decimal(&format!("{zeros}1.5{zeros}")), Ok(Decimal::new(15, 1)));
}

#[test]
fn an_amount_is_refused_and_not_rounded() {
    let eur = crate::Currencies::iso().get("EUR").unwrap();
    assert_eq!(Amount::parse("0.001", eur), Err(AmountError::TooPrecise { allowed: 2 }));
    assert_eq!(Amount::parse("-1", eur), Err(AmountError::Negative));
    assert_eq!(Amount::parse("9223372036854775808", eur), Err(AmountError::OutOfRange));
    assert_eq!(Amount::parse("1.100", eur), Ok(amount("1.1")));
    assert_eq!(Amount::parse("-0.00", eur), Ok(Amount::ZERO));
}

#[test]
fn halves_go_away_from_zero() {
    assert_eq!(amount("0.005").rounded(2), amount("0.01"));
    assert_eq!(amount("0.005").negated().rounded(2), amount("0.01").negated());
    assert_eq!(amount("0.0049").rounded(2), Amount::ZERO);
    assert_eq!(share(amount("1"), amount("1"), amount("8"), 2), amount("0.13"));
    assert_eq!(percent_of(amount("0.05"), Decimal::from(50), 2), amount("0.03"));
}

#[test]
fn leftover_units_go_to_the_largest_remainder_and_then_to_the_earlier() {
    let parts = allocate(amount("1"), &[amount("1"), amount("1"), amount("1")], 2);
    assert_eq!(parts, [amount("0.34"), amount("0.33"), amount("0.33")]);
    let parts = allocate(amount("0.03"), &[Amount::ZERO, Amount::ZERO], 2);
    assert_eq!(parts, [amount("0.02"), amount("0.01")]);
    assert!(allocate(amount("1"), &[], 2).is_empty());
}

#[test]
fn the_text_has_the_decimals_asked_for() {
    assert_eq!(amount("31.27").to_text(4), "31.2700");
    assert_eq!(amount("31").to_text(0), "31");
    assert_eq!(Amount::ZERO.to_text(3), "0.000");
    assert_eq!(amount("1.5").negated().to_text(2), "-1.50");
}

proptest! {
    #[test]
    fn shares_are_exact_at_both_ends(total in 0..=Amount::MAX.0, whole in 1..=Amount::MAX.0) {
        let (total, whole) = (Amount(total), Amount(whole));
        prop_assert_eq!(share(total, whole, whole, 4), total);
        prop_assert_eq!(share(total, Amount::ZERO, whole, 4), Amount::ZERO);
    }

    #[test]
    fn parts_add_up_and_none_exceeds_its_weight(
        weights in prop::collection::vec(0..=1_000_000_i64, 1..20),
        percent in 0..=100_i64,
    ) {
        let whole: i64 = weights.iter().sum();
        let total = Amount(whole * percent / 100);
        let weights: Vec<Amount> = weights.into_iter().map(Amount).collect();
        let parts = allocate(total, &weights, 4);
        prop_assert_eq!(Amount::sum(parts.iter().copied()), Ok(total));
        prop_assert!(parts.iter().zip(&weights).all(|(part, weight)| part <= weight));
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in ".{0,60}") {
        let _ = parse_decimal(&text);
    }
}
