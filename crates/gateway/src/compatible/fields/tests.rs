use super::*;

const NAMES: &[Names] = &[&["F"], &["G"]];

fn read<T>(value: &str, read: impl Fn(&mut Fields<'_, '_>) -> T) -> (T, String) {
    let mut faults = Faults::default();
    let text = format!("{{\"f\": {value}}}");
    let value = read(&mut Fields::of(&text, NAMES, "list[0]", &mut faults));
    (value, faults.into_result().err().map_or_else(String::new, |(_, text)| text))
}

#[test]
fn an_amount_keeps_its_digits_in_either_form() {
    for (given, digits) in [
        ("60.95", "60.95"),
        ("\"60.9500\"", "60.9500"),
        ("0", "0"),
        ("\"007\"", "007"),
        ("0.10", "0.10"),
        ("999999999999.9999", "999999999999.9999"),
        ("-1", "-1"),
    ] {
        let (amount, faults) = read(given, |fields| fields.amount("F"));
        assert_eq!((amount.as_deref(), faults.as_str()), (Some(digits), ""), "{given}");
    }
}

#[test]
fn what_is_no_plain_amount_is_refused_by_name() {
    let long = format!("1{}", "0".repeat(40));
    for given in [
        "1e1",
        "1E400",
        "\"1e1\"",
        "\"NaN\"",
        "\"Infinity\"",
        "\"\"",
        "\" 1\"",
        "\"1,5\"",
        "\"1.\"",
        "\".5\"",
        "\"+1\"",
        "\"--1\"",
        "\"0x1\"",
        "\"１\"",
        "true",
        "[]",
        "{}",
        "\"\\ud800\"",
        "\"1.2.3\"",
        &long,
        "0.00000000000000000000000000001",
    ] {
        let (amount, faults) = read(given, |fields| fields.amount("F"));
        assert_eq!(amount, None, "{given}");
        assert!(faults.starts_with("list[0].F "), "{given}: {faults}");
    }
}

#[test]
fn a_quantity_is_a_whole_number() {
    for (given, quantity) in [("2", 2), ("\"2\"", 2), ("\"007\"", 7), ("0", 0), ("-1", -1)] {
        assert_eq!(read(given, |fields| fields.quantity("F")), (Some(quantity), String::new()));
    }
    for given in ["1.5", "\"1.0\"", "1e1", "\"+1\"", "\"\"", "\"x\"", "2147483648", "false", "[1]"]
    {
        let (quantity, faults) = read(given, |fields| fields.quantity("F"));
        assert_eq!(quantity, None, "{given}");
        assert_eq!(faults, "list[0].F must be a whole number of pieces");
    }
}

#[test]
fn a_flag_may_be_a_word() {
    for (given, flag) in [("true", true), ("\"TRUE\"", true), ("\"False\"", false)] {
        assert_eq!(read(given, |fields| fields.flag("F")), (Some(flag), String::new()));
    }
    for given in ["1", "0", "\"yes\"", "\"\"", "{}"] {
        let (flag, faults) = read(given, |fields| fields.flag("F"));
        assert_eq!((flag, faults.as_str()), (None, "list[0].F must be true or false"));
    }
}

#[test]
fn an_id_may_be_a_number() {
    for (given, text) in
        [("1381109", "1381109"), ("\"a b\"", "a b"), ("\"\"", ""), ("\"€€€\"", "€€€")]
    {
        assert_eq!(
            read(given, |fields| fields.text("F", 7)),
            (Some(text.to_owned()), String::new())
        );
    }
    for given in ["1e3", "12345678", "\"12345678\"", "true", "[]", "\"a\\u0000b\""] {
        let (text, faults) = read(given, |fields| fields.text("F", 7));
        assert_eq!(text, None, "{given}");
        assert!(faults.starts_with("list[0].F must "), "{given}: {faults}");
    }
}

#[test]
fn null_in_either_form_is_nothing() {
    for given in ["null", "\"null\""] {
        assert_eq!(read(given, |fields| fields.amount("F")), (None, String::new()));
        assert_eq!(read(given, |fields| fields.quantity("F")), (None, String::new()));
        assert_eq!(read(given, |fields| fields.flag("F")), (None, String::new()));
        assert_eq!(read(given, |fields| fields.text("F", 9)), (None, String::new()));
        assert!(read(given, |fields| fields.object("F", NAMES).is_none()).0);
        let missing = (None, "list[0].F is missing".to_owned());
        assert_eq!(read(given, |fields| fields.mandatory_text("F", 9)), missing);
    }
}

#[test]
fn objects_within_are_named_by_their_path() {
    let inner = |fields: &mut Fields<'_, '_>| fields.object("F", NAMES).map(|mut f| f.amount("G"));
    assert_eq!(read("{\"g\": 1}", inner), (Some(Some("1".to_owned())), String::new()));
    let (_, faults) = read("{\"g\": \"x\", \"G\": 1}", inner);
    assert!(faults.starts_with("list[0].F.G is given twice; list[0].F.G must be"), "{faults}");
    assert_eq!(read("[]", inner).1, "list[0].F must be an object");
}
