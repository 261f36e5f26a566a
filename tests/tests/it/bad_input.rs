//! Whatever is sent, the answer is a refusal that names what is wrong, and nothing is stored.

mod generated;
mod grpc;
mod json;
mod orders;
mod refunds;
mod stores;

use crate::world::World;
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// What is neither a number nor an amount, whatever the currency.
const NO_AMOUNTS: &[&str] = &[
    "-1",
    "-0.01",
    "NaN",
    "nan",
    "Infinity",
    "1e400",
    "1e1",
    "1E-2",
    "9223372036854775808",
    "1000000000000.01",
    "99999999999999999999999999999999999999999999999999999999999999999999999999999999999",
    "0.00000000000000000000000000000000000000000001",
    "",
    " ",
    " 1.00",
    "1.00 ",
    "+1.00",
    "1,00",
    "1 000.00",
    "1_000",
    "0x10",
    "1.",
    ".5",
    "1.0.0",
    "--1",
    "1.00\u{0}",
    "\u{661}\u{662}",
    "\u{ff11}",
    "1.00 USD",
    "null",
    "true",
];

/// How much of everything there is.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stored(Vec<(&'static str, i64)>);

impl Stored {
    const TABLES: [&str; 10] = [
        "orders",
        "order_products",
        "tenders",
        "facts",
        "refunds",
        "receipts",
        "claims",
        "quotes",
        "stores",
        "tokens",
    ];

    fn of(world: &World) -> Self {
        let count = |table| world.database.count(&format!("SELECT count(*) FROM {table}"));
        Self(Self::TABLES.iter().map(|table| (*table, count(table))).collect())
    }
}

/// Sets what a path such as `lines.0.total.customer` names; `null` takes it out.
fn with(body: &Value, path: &str, value: &Value) -> Value {
    let mut changed = body.clone();
    let (parent, name) = path.rsplit_once('.').map_or(("", path), |(parent, name)| (parent, name));
    let parent = parent.split('.').filter(|part| !part.is_empty());
    let place = parent.fold(&mut changed, |place, part| match part.parse::<usize>() {
        Ok(index) => &mut place[index],
        Err(_) => &mut place[part],
    });
    match (place, name.parse::<usize>()) {
        (Value::Array(values), Ok(index)) => values[index] = value.clone(),
        (place, _) if value.is_null() => drop(place.as_object_mut().unwrap().remove(name)),
        (place, _) => place[name] = value.clone(),
    }
    changed
}

/// `lines.0.total` as refusals name it: `lines[0].total`.
fn shown(path: &str) -> String {
    path.split('.').fold(String::new(), |shown, part| match part.parse::<usize>() {
        Ok(index) => format!("{shown}[{index}]"),
        Err(_) if shown.is_empty() => part.to_owned(),
        Err(_) => format!("{shown}.{part}"),
    })
}

/// A text of so many characters.
fn long(length: usize) -> Value {
    "x".repeat(length).into()
}

#[test]
fn the_list_of_what_is_no_amount_is_right() {
    let plain = |text: &&&str| text.parse::<Decimal>().is_ok_and(|it| it >= Decimal::ZERO);
    let few = NO_AMOUNTS.iter().filter(plain).count();
    assert!(few < 12, "{few} of them are numbers after all");
    let body = json!({"lines": [{"total": {"customer": "1"}}]});
    let changed = with(&body, "lines.0.total.customer", &json!("2"));
    assert_eq!(changed, json!({"lines": [{"total": {"customer": "2"}}]}));
    assert_eq!(shown("lines.0.total.customer"), "lines[0].total.customer");
}
