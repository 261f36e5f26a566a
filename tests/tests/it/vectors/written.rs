//! One call of the compatible endpoint, written down in one of many ways.

use crate::world::{GUID, encode};
use rust_decimal::Decimal;
use serde_json::Value;

/// How one call is written down.
pub struct Sent {
    pub header: (&'static str, String),
    pub query: String,
    pub body: String,
}

/// Every call is written differently: names in another case, amounts as numbers, the parts in the
/// query or in the body, the GUID in the query, a header or the body.
pub fn sent(order_refund: &Value, products: &Value, form: usize) -> Sent {
    let style = Style { case: form % 4, numbers: form % 2 == 1, words: form % 3 == 1 };
    let (refund, list) = (style.json(order_refund), style.json(products));
    let name = |name: &str| style.name(name);
    let header = ("x-none", "none".to_owned());
    match form % 3 {
        0 => {
            let query = format!("?merchantGUID={GUID}&orderRefund={}", encode(&refund));
            let body = if list == "[]" && form.is_multiple_of(2) { String::new() } else { list };
            Sent { header, query, body }
        }
        1 => {
            let (refund_name, list_name) = (name("orderRefund"), name("refundProductsList"));
            let body = format!(r#"{{"{refund_name}": {refund}, "{list_name}": {list}}}"#);
            let query = String::new();
            Sent { header: ("merchantguid", GUID.to_owned()), query, body }
        }
        _ => {
            let guid_name = name("merchantGUID");
            let list = if list == "[]" { "null".to_owned() } else { list };
            let body = format!(
                r#"{{"{guid_name}": "{GUID}", "refundProductsList": {list}, "more": [{{}}],
                    "orderRefund": {refund}}}"#
            );
            Sent { header, query: String::new(), body }
        }
    }
}

/// The liberties that a caller may take.
struct Style {
    case: usize,
    numbers: bool,
    words: bool,
}

impl Style {
    fn name(&self, name: &str) -> String {
        match self.case {
            0 => name.to_owned(),
            1 => name.to_lowercase(),
            2 => name.to_uppercase(),
            _ => name[..1].to_lowercase() + &name[1..],
        }
    }

    fn json(&self, value: &Value) -> String {
        match value {
            Value::Array(values) => {
                let values: Vec<_> = values.iter().map(|value| self.json(value)).collect();
                format!("[{}]", values.join(", "))
            }
            Value::Object(members) => {
                let mut texts: Vec<_> = members
                    .iter()
                    .map(|(name, value)| format!(r#""{}": {}"#, self.name(name), self.json(value)))
                    .collect();
                // What is null is absent, and what is unknown is ignored.
                texts.push(r#""RefundComments": null, "SomethingElse": {"a": [1]}"#.to_owned());
                format!("{{{}}}", texts.join(", "))
            }
            Value::Bool(flag) if self.words => format!("\"{flag}\""),
            // Digits for digits: no float in between.
            Value::String(text) if self.numbers && text.parse::<Decimal>().is_ok() => text.clone(),
            Value::Number(number) if !self.numbers => format!("\"{number}\""),
            other => other.to_string(),
        }
    }
}
