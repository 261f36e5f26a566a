//! Whether JSON has the shape of a message, with everything that is wrong with it at once.

use serde_json::{Map, Value};
use std::fmt;
use wire::rest::{Field, Kind, Message, is_timestamp};

/// How many faults are told; there is nobody who reads more.
const MAX_FAULTS: usize = 100;

/// A field and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// `order.lines[0].quantity`
    pub field: String,
    /// `must be a whole number`
    pub description: String,
}

/// Checks an object against a message. Gives it back under the names of the contract and without
/// its nulls: null is absent.
///
/// # Errors
///
/// Every fault, at most 100.
pub fn check(object: Map<String, Value>, message: &Message) -> Result<Value, Vec<Fault>> {
    let mut faults = Vec::new();
    let object = Checked { faults: &mut faults }.object(object, message, "");
    if faults.is_empty() { Ok(object.into()) } else { Err(faults) }
}

struct Checked<'a> {
    faults: &'a mut Vec<Fault>,
}

impl Checked<'_> {
    fn object(
        &mut self,
        object: Map<String, Value>,
        message: &Message,
        path: &str,
    ) -> Map<String, Value> {
        let mut checked = Map::new();
        for (name, value) in object {
            let Some(field) = message.field(&name) else {
                self.fault(join(path, &shortened(&name)), "is unknown");
                continue;
            };
            if value.is_null() {
                continue;
            }
            let path = join(path, field.name);
            let value = self.field(value, field, &path);
            if checked.insert(field.name.to_owned(), value).is_some() {
                self.fault(path, "is given twice, in both forms of its name");
            }
        }
        checked
    }

    fn field(&mut self, value: Value, field: &Field, path: &str) -> Value {
        if !field.repeated {
            return self.one(value, &field.kind, path);
        }
        let Value::Array(values) = value else {
            return self.wrong(path, "must be a list");
        };
        let values = values.into_iter().enumerate();
        values
            .map(|(index, value)| self.one(value, &field.kind, &format!("{path}[{index}]")))
            .collect()
    }

    fn one(&mut self, value: Value, kind: &Kind, path: &str) -> Value {
        match (kind, value) {
            (Kind::Message(message), Value::Object(object)) => {
                self.object(object, message, path).into()
            }
            (Kind::Message(_), _) => self.wrong(path, "must be an object"),
            (Kind::Text, value @ Value::String(_)) | (Kind::Bool, value @ Value::Bool(_)) => value,
            (Kind::Text, _) => self.wrong(path, "must be a string"),
            (Kind::Bool, _) => self.wrong(path, "must be true or false"),
            (Kind::Int32, value) if whole(&value).is_some_and(|n| i32::try_from(n).is_ok()) => {
                value
            }
            (Kind::Int32, _) => self.wrong(path, "must be a whole number of 32 bits"),
            (Kind::Int64, value) if whole(&value).is_some() => value,
            (Kind::Int64, _) => self.wrong(path, "must be a whole number of 64 bits"),
            (Kind::Timestamp, Value::String(text)) if is_timestamp(&text) => text.into(),
            (Kind::Timestamp, _) => {
                self.wrong(path, "must be a time as in RFC 3339, such as \"2026-01-31T12:00:00Z\"")
            }
            (Kind::Enum(names), value) => match enum_name(names, &value) {
                Some(name) => name.into(),
                None => self.wrong(path, format!("must be one of {}", names.join(", "))),
            },
        }
    }

    fn wrong(&mut self, path: &str, description: impl fmt::Display) -> Value {
        self.fault(path.to_owned(), description);
        Value::Null
    }

    fn fault(&mut self, field: String, description: impl fmt::Display) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(Fault { field, description: description.to_string() });
        }
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// A name of the caller's own making is not echoed at length.
fn shortened(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(64).collect()
}

fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

fn enum_name(names: &'static [&'static str], value: &Value) -> Option<&'static str> {
    match value {
        Value::String(text) => names.iter().find(|name| *name == text).copied(),
        Value::Number(number) => names.get(usize::try_from(number.as_u64()?).ok()?).copied(),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
