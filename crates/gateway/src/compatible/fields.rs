//! The fields of one object of a request, each read as what it has to be.

use super::{
    faults::{Faults, Kind},
    json::{Json, Names, Object},
};
use rust_decimal::Decimal;
use serde_json::value::RawValue;

/// How long the text of a number may be: the largest amount with every decimal is shorter.
const MAX_NUMBER: usize = 40;

pub struct Fields<'a, 'f> {
    object: Object<'a>,
    /// What stands before a field's name where it is named to the caller.
    path: String,
    faults: &'f mut Faults,
}

impl<'a, 'f> Fields<'a, 'f> {
    /// `path` names the object itself; empty for the outermost one.
    pub fn of(text: &'a str, names: &'static [Names], path: &str, faults: &'f mut Faults) -> Self {
        let object = Object::pick(text, names).unwrap_or_else(|error| {
            faults.push(Kind::Other, path, format_args!("is not a JSON object: {error}"));
            Object::default()
        });
        let path = if path.is_empty() { String::new() } else { format!("{path}.") };
        for name in &object.twice {
            faults.push(Kind::Other, &format!("{path}{name}"), "is given twice");
        }
        Self { object, path, faults }
    }

    /// An id, a code or a text of at most `most` characters; a number stands for its digits.
    pub fn text(&mut self, name: &str, most: usize) -> Option<String> {
        match self.json(name, Kind::Other)? {
            Json::Text(text) if text.contains('\0') => {
                self.fault(Kind::Other, name, "must not contain a null character")
            }
            Json::Text(text) if text.chars().count() > most => {
                self.fault(Kind::Other, name, &format!("must have at most {most} characters"))
            }
            Json::Text(text) => Some(text),
            Json::Number(digits) if is_plain(digits) && digits.len() <= most => {
                Some(digits.to_owned())
            }
            _ => self.fault(Kind::Other, name, "must be a string or a plain number"),
        }
    }

    /// A decimal number, still as its digits. Whether it has too many decimals for its currency
    /// is not known here.
    pub fn amount(&mut self, name: &str) -> Option<String> {
        let json = self.json(name, Kind::Amount)?;
        let digits = match &json {
            Json::Text(text) => text.as_str(),
            Json::Number(digits) => digits,
            _ => "",
        };
        if !is_plain(digits) {
            let wrong = "must be a plain decimal number such as \"60.95\"";
            return self.fault(Kind::Amount, name, wrong);
        }
        if digits.len() > MAX_NUMBER || Decimal::from_str_exact(digits).is_err() {
            return self.fault(Kind::Amount, name, "has more digits than an amount can have");
        }
        if digits.starts_with('-') {
            self.faults.negative(&format!("{}{name}", self.path));
        }
        Some(digits.to_owned())
    }

    /// A number of pieces.
    pub fn quantity(&mut self, name: &str) -> Option<i32> {
        let json = self.json(name, Kind::Quantity)?;
        let digits = match &json {
            Json::Text(text) => text.as_str(),
            Json::Number(digits) => digits,
            _ => "",
        };
        let whole = digits.strip_prefix('-').unwrap_or(digits);
        match digits.parse() {
            Ok(quantity) if whole.bytes().all(|byte| byte.is_ascii_digit()) => Some(quantity),
            _ => self.fault(Kind::Quantity, name, "must be a whole number of pieces"),
        }
    }

    pub fn flag(&mut self, name: &str) -> Option<bool> {
        match self.json(name, Kind::Other)? {
            Json::Flag(flag) => Some(flag),
            Json::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Json::Text(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => self.fault(Kind::Other, name, "must be true or false"),
        }
    }

    /// The fields of an object within this one.
    pub fn object(&mut self, name: &str, names: &'static [Names]) -> Option<Fields<'a, '_>> {
        match self.json(name, Kind::Other)? {
            Json::Object(text) => {
                let path = format!("{}{name}", self.path);
                Some(Fields::of(text, names, &path, self.faults))
            }
            _ => self.fault(Kind::Other, name, "must be an object"),
        }
    }

    /// [`Fields::text`] of a field that has to be given.
    pub fn mandatory_text(&mut self, name: &str, most: usize) -> Option<String> {
        let given = |raw: &RawValue| !matches!(Json::of(raw), Ok(Json::Null));
        match self.text(name, most) {
            Some(text) if !text.is_empty() => Some(text),
            None if self.object.get(name).is_some_and(given) => None,
            _ => self.fault(Kind::Other, name, "is missing"),
        }
    }

    /// What is given for a field; null is nothing.
    fn json(&mut self, name: &str, kind: Kind) -> Option<Json<'a>> {
        match Json::of(self.object.get(name)?) {
            Ok(Json::Null) => None,
            Ok(json) => Some(json),
            Err(_) => self.fault(kind, name, "is not Unicode text"),
        }
    }

    fn fault<T>(&mut self, kind: Kind, name: &str, description: &str) -> Option<T> {
        self.faults.push(kind, &format!("{}{name}", self.path), description);
        None
    }
}

/// Digits with at most one point between them, and at most a minus before them.
fn is_plain(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    plain(whole) && plain(fraction)
}

#[cfg(test)]
mod tests;
