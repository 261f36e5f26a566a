//! Reads JSON one level at a time and only where it is needed.
//!
//! Values stay the text that was sent, so that numbers keep every digit; what nobody asked for is
//! skipped without being built, so that a long body costs no memory.

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// The names of one member, the one that is shown first.
pub type Names = &'static [&'static str];

/// A value, not yet read any deeper.
#[derive(Debug, PartialEq, Eq)]
pub enum Json<'a> {
    /// Also the string "null", which callers of this endpoint write for what they do not give.
    Null,
    Flag(bool),
    /// Digit for digit.
    Number(&'a str),
    Text(String),
    Array(&'a str),
    Object(&'a str),
}

/// The members of an object that were asked for.
#[derive(Debug, Default)]
pub struct Object<'a> {
    found: Vec<(&'static str, &'a RawValue)>,
    /// Which of them stand in the object more than once.
    pub twice: Vec<&'static str>,
}

/// The first items of a list, and how many there are in all.
#[derive(Debug, Default)]
pub struct List<'a> {
    pub items: Vec<&'a RawValue>,
    pub count: usize,
}

impl<'a> Json<'a> {
    /// Reads a whole text.
    ///
    /// # Errors
    ///
    /// What is wrong with the text and where; never a part of it.
    pub fn parse(text: &'a str) -> Result<Self, serde_json::Error> {
        Self::of(serde_json::from_str(text)?)
    }

    /// # Errors
    ///
    /// For a string with half of a surrogate pair: the one thing that is found out this late.
    pub fn of(raw: &'a RawValue) -> Result<Self, serde_json::Error> {
        let text = raw.get();
        Ok(match text.as_bytes().first() {
            Some(b'n') => Self::Null,
            Some(b't') => Self::Flag(true),
            Some(b'f') => Self::Flag(false),
            Some(b'[') => Self::Array(text),
            Some(b'{') => Self::Object(text),
            Some(b'"') => match serde_json::from_str::<String>(text)? {
                none if none == "null" => Self::Null,
                text => Self::Text(text),
            },
            _ => Self::Number(text),
        })
    }
}

impl<'a> Object<'a> {
    /// Picks the members with these names, without regard to case.
    ///
    /// # Errors
    ///
    /// If the text is no JSON object.
    pub fn pick(text: &'a str, names: &'static [Names]) -> Result<Self, serde_json::Error> {
        whole(text, Picking { names })
    }

    pub fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.found.iter().find(|(found, _)| *found == name).map(|(_, value)| *value)
    }
}

impl<'a> List<'a> {
    /// Keeps the first `most` items and counts the others.
    ///
    /// # Errors
    ///
    /// If the text is no JSON array.
    pub fn pick(text: &'a str, most: usize) -> Result<Self, serde_json::Error> {
        whole(text, Counting { most })
    }
}

fn whole<'a, T, S: DeserializeSeed<'a, Value = T>>(
    text: &'a str,
    seed: S,
) -> Result<T, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = seed.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

struct Picking {
    names: &'static [Names],
}

impl<'de> DeserializeSeed<'de> for Picking {
    type Value = Object<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Object<'de>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Picking {
    type Value = Object<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
        let mut object = Object::default();
        while let Some(name) = map.next_key::<String>()? {
            let known =
                |names: &&Names| names.iter().any(|known| known.eq_ignore_ascii_case(&name));
            let Some(shown) = self.names.iter().find(known).and_then(|names| names.first()) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let value = map.next_value::<&RawValue>()?;
            if object.get(shown).is_none() {
                object.found.push((*shown, value));
            } else if !object.twice.contains(shown) {
                object.twice.push(*shown);
            }
        }
        Ok(object)
    }
}

struct Counting {
    most: usize,
}

impl<'de> DeserializeSeed<'de> for Counting {
    type Value = List<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<List<'de>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Counting {
    type Value = List<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<List<'de>, A::Error> {
        let mut list = List::default();
        while list.items.len() < self.most {
            let Some(item) = seq.next_element::<&RawValue>()? else { break };
            list.items.push(item);
        }
        list.count = list.items.len();
        while seq.next_element::<IgnoredAny>()?.is_some() {
            list.count = list.count.checked_add(1).ok_or_else(|| A::Error::custom("is endless"))?;
        }
        Ok(list)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: &[Names] = &[&["OrderId"], &["RefundReason", "OrderRefundReasonObject"]];

    #[test]
    fn a_value_is_known_by_its_first_letter_and_keeps_its_digits() {
        for (text, value) in [
            (" null ", Json::Null),
            ("\"null\"", Json::Null),
            ("true", Json::Flag(true)),
            ("60.9500", Json::Number("60.9500")),
            ("12345678901234567890123456789.1", Json::Number("12345678901234567890123456789.1")),
            ("1e1", Json::Number("1e1")),
            ("\"\\u20ac\"", Json::Text("€".to_owned())),
            ("[1]", Json::Array("[1]")),
            ("{\"a\":1}", Json::Object("{\"a\":1}")),
        ] {
            assert_eq!(Json::parse(text).unwrap(), value, "{text}");
        }
        for bad in ["", "nul", "NaN", "+1", ".5", "01", "\"\\ud800\"", "[", "{} x", "\u{feff}{}"] {
            assert!(Json::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_are_found_without_regard_to_case_and_others_are_skipped() {
        let text = r#"{"x": [{"orderId": 0}], "ORDERID": 1, "orderRefundReasonObject": {}}"#;
        let object = Object::pick(text, NAMES).unwrap();
        assert_eq!(object.get("OrderId").unwrap().get(), "1");
        assert_eq!(object.get("RefundReason").unwrap().get(), "{}");
        assert!(object.twice.is_empty());
        assert!(Object::pick("[]", NAMES).is_err());
    }

    #[test]
    fn a_name_that_stands_twice_is_noticed() {
        let text = r#"{"OrderId": 1, "orderid": 2, "ORDERID": 3, "x": 1, "x": 2}"#;
        let object = Object::pick(text, NAMES).unwrap();
        assert_eq!(object.get("OrderId").unwrap().get(), "1");
        assert_eq!(object.twice, ["OrderId"]);
    }

    #[test]
    fn a_long_list_is_counted_and_not_kept() {
        let text = format!("[{}1]", "1,\n".repeat(1_000_000));
        let list = List::pick(&text, 500).unwrap();
        assert_eq!((list.items.len(), list.count), (500, 1_000_001));
        assert_eq!(List::pick("[]", 500).unwrap().count, 0);
    }

    #[test]
    fn deep_nesting_is_skipped_without_recursion() {
        let text = format!("{{\"x\": {}{}}}", "[".repeat(1_000_000), "]".repeat(1_000_000));
        assert!(Object::pick(&text, NAMES).is_ok());
        assert!(Json::parse(&text).is_ok());
    }
}
