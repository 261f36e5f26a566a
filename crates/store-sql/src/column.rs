//! Values as columns hold them, and back.

use crate::error::unreadable;
use ports::StoreError;
use serde_json::Error as JsonError;
use time::OffsetDateTime;

/// Microseconds since 1970.
pub(crate) fn micros(at: OffsetDateTime) -> i64 {
    let micros = at.unix_timestamp_nanos().div_euclid(1_000);
    i64::try_from(micros).unwrap_or(if micros < 0 { i64::MIN } else { i64::MAX })
}

pub(crate) fn time(column: &'static str, micros: i64) -> Result<OffsetDateTime, StoreError> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000)
        .map_err(|error| unreadable(column, error))
}

/// A document as JSON text.
pub(crate) fn to_doc<T: serde::Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Corrupt(Box::new(error)))
}

pub(crate) fn from_doc<'a, T: serde::Deserialize<'a>>(
    column: &'static str,
    doc: &'a str,
) -> Result<T, StoreError> {
    serde_json::from_str(doc).map_err(|error: JsonError| unreadable(column, error))
}

/// A name, such as a store's id, that is parsed on its way in.
pub(crate) fn name<T>(column: &'static str, text: &str) -> Result<T, StoreError>
where
    T: std::str::FromStr,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    text.parse().map_err(|error| unreadable(column, error))
}

pub(crate) fn digest(column: &'static str, bytes: Vec<u8>) -> Result<[u8; 32], StoreError> {
    bytes.try_into().map_err(|_| unreadable(column, "a digest has 32 bytes"))
}
