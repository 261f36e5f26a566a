//! `google.protobuf.Struct` for JSON objects: with its fields in alphabetical order, so that the
//! same object is always the same bytes, and with whole numbers written without a fraction.

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    ser::{SerializeMap, SerializeSeq},
};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// A JSON object.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Struct {
    /// By name.
    #[prost(btree_map = "string, message", tag = "1")]
    pub fields: BTreeMap<String, Value>,
}

/// A JSON value.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Value {
    /// Which; none is null.
    #[prost(oneof = "Kind", tags = "1, 2, 3, 4, 5, 6")]
    pub kind: Option<Kind>,
}

/// What a JSON value is.
#[derive(Clone, PartialEq, prost::Oneof)]
pub enum Kind {
    /// Null.
    #[prost(enumeration = "Null", tag = "1")]
    Null(i32),
    /// A number, as a double.
    #[prost(double, tag = "2")]
    Number(f64),
    /// A text.
    #[prost(string, tag = "3")]
    Text(String),
    /// True or false.
    #[prost(bool, tag = "4")]
    Flag(bool),
    /// An object.
    #[prost(message, tag = "5")]
    Object(Struct),
    /// An array.
    #[prost(message, tag = "6")]
    List(List),
}

/// The one value of `google.protobuf.NullValue`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum Null {
    /// Null.
    Null = 0,
}

/// A JSON array.
#[derive(Clone, PartialEq, prost::Message)]
pub struct List {
    /// In sequence.
    #[prost(message, repeated, tag = "1")]
    pub values: Vec<Value>,
}

impl From<serde_json::Map<String, Json>> for Struct {
    fn from(fields: serde_json::Map<String, Json>) -> Self {
        Self { fields: fields.into_iter().map(|(name, field)| (name, field.into())).collect() }
    }
}

impl From<Json> for Value {
    fn from(json: Json) -> Self {
        let kind = match json {
            Json::Null => Kind::Null(0),
            Json::Bool(flag) => Kind::Flag(flag),
            Json::Number(number) => Kind::Number(number.as_f64().unwrap_or_default()),
            Json::String(text) => Kind::Text(text),
            Json::Array(values) => {
                Kind::List(List { values: values.into_iter().map(Into::into).collect() })
            }
            Json::Object(fields) => Kind::Object(fields.into()),
        };
        Self { kind: Some(kind) }
    }
}

/// Up to here every whole number is a double of its own.
const WHOLE: f64 = 9_007_199_254_740_992.0;

impl Serialize for Struct {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.fields.len()))?;
        for (name, field) in &self.fields {
            map.serialize_entry(name, field)?;
        }
        map.end()
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.kind {
            None | Some(Kind::Null(_)) => serializer.serialize_unit(),
            #[expect(clippy::cast_possible_truncation, reason = "it is whole and fits")]
            Some(Kind::Number(number)) if number.fract() == 0.0 && number.abs() < WHOLE => {
                serializer.serialize_i64(*number as i64)
            }
            Some(Kind::Number(number)) => serializer.serialize_f64(*number),
            Some(Kind::Text(text)) => serializer.serialize_str(text),
            Some(Kind::Flag(flag)) => serializer.serialize_bool(*flag),
            Some(Kind::Object(object)) => object.serialize(serializer),
            Some(Kind::List(list)) => {
                let mut seq = serializer.serialize_seq(Some(list.values.len()))?;
                for value in &list.values {
                    seq.serialize_element(value)?;
                }
                seq.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Struct {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde_json::Map::deserialize(deserializer).map(Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost::Message as _;

    #[test]
    fn an_object_is_read_and_written_the_same() {
        let text = r#"{"a":1,"b":[true,null,"x",-2.5],"c":{"d":"60.95"}}"#;
        let object: Struct = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&object).unwrap(), text);
        let again = Struct::decode(object.encode_to_vec().as_slice()).unwrap();
        assert_eq!(again, object);
        let theirs = pbjson_types::Struct::decode(object.encode_to_vec().as_slice()).unwrap();
        assert_eq!(theirs.fields.len(), 3);
    }
}
