//! Times in JSON.

use pbjson_types::Timestamp;
use serde::{Serialize, Serializer, ser::Error as _};
use serde_json::{Error, Value};

/// Shows a time in UTC as `2026-01-31T12:00:00Z`.
#[derive(Debug)]
pub struct Utc<'a>(pub &'a Timestamp);

impl Utc<'_> {
    /// # Errors
    ///
    /// A time that no calendar has.
    pub fn text(&self) -> Result<String, Error> {
        match serde_json::to_value(self.0)? {
            Value::String(text) => Ok(match text.strip_suffix("+00:00") {
                Some(local) => format!("{local}Z"),
                None => text,
            }),
            _ => Err(Error::custom("the time is out of range")),
        }
    }
}

impl Serialize for Utc<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text().map_err(S::Error::custom)?)
    }
}
