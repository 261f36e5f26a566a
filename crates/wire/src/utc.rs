//! Times in JSON.

use pbjson_types::Timestamp;
use serde::{Serialize, Serializer, ser::Error};

/// Shows a time in UTC as `2026-01-31T12:00:00Z`.
pub struct Utc<'a>(pub &'a Timestamp);

impl Serialize for Utc<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match serde_json::to_value(self.0).map_err(S::Error::custom)? {
            serde_json::Value::String(text) => match text.strip_suffix("+00:00") {
                Some(local) => serializer.collect_str(&format_args!("{local}Z")),
                None => serializer.serialize_str(&text),
            },
            _ => Err(S::Error::custom("the time is out of range")),
        }
    }
}
