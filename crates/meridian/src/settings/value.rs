use config::ValueKind;
use std::{net::SocketAddr, ops::RangeInclusive, time::Duration};

/// A value as one type. The file has types; flags and the environment have strings, which every type
/// reads too. Nothing is rounded or guessed.
pub(super) trait Setting: Sized {
    fn read(value: &ValueKind) -> Result<Self, String>;
}

impl Setting for String {
    fn read(value: &ValueKind) -> Result<Self, String> {
        text(value, "a string").map(str::to_owned)
    }
}

impl Setting for bool {
    fn read(value: &ValueKind) -> Result<Self, String> {
        match value {
            ValueKind::Boolean(value) => Ok(*value),
            ValueKind::String(text) if text == "true" => Ok(true),
            ValueKind::String(text) if text == "false" => Ok(false),
            _ => Err("is neither true nor false".to_owned()),
        }
    }
}

impl Setting for u64 {
    fn read(value: &ValueKind) -> Result<Self, String> {
        let number = match value {
            ValueKind::I64(number) => (*number).try_into().ok(),
            ValueKind::U64(number) => Some(*number),
            ValueKind::String(text) => text.parse().ok(),
            _ => None,
        };
        number.ok_or_else(|| "is not a whole number".to_owned())
    }
}

impl Setting for Duration {
    fn read(value: &ValueKind) -> Result<Self, String> {
        let text = text(value, "a duration like 10s")?;
        humantime_serde::re::humantime::parse_duration(text)
            .map_err(|error| format!("{text:?} is not a duration like 10s: {error}"))
    }
}

impl Setting for SocketAddr {
    fn read(value: &ValueKind) -> Result<Self, String> {
        let text = text(value, "an address and port like 127.0.0.1:8080")?;
        text.parse().map_err(|_| format!("{text:?} is not an address and port like 127.0.0.1:8080"))
    }
}

/// In a string the values are separated by commas.
impl<T: Setting> Setting for Vec<T> {
    fn read(value: &ValueKind) -> Result<Self, String> {
        match value {
            ValueKind::Array(values) => values.iter().map(|value| T::read(&value.kind)).collect(),
            ValueKind::String(text) => text
                .split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .map(|part| T::read(&ValueKind::String(part.to_owned())))
                .collect(),
            _ => Err("is not a list".to_owned()),
        }
    }
}

/// One of a few words.
pub(super) fn one_of<T: Copy>(value: &ValueKind, words: &[(&str, T)]) -> Result<T, String> {
    let expected = || words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
    let text = text(value, "a string")?;
    let found = words.iter().find(|(word, _)| *word == text);
    found.map(|(_, meaning)| *meaning).ok_or_else(|| format!("{text:?} is none of {}", expected()))
}

pub(super) fn within<T: PartialOrd>(
    value: &T,
    range: &RangeInclusive<T>,
    show: impl Fn(&T) -> String,
) -> Result<(), String> {
    if range.contains(value) {
        return Ok(());
    }
    Err(format!("{} is not between {} and {}", show(value), show(range.start()), show(range.end())))
}

fn text<'a>(value: &'a ValueKind, expected: &str) -> Result<&'a str, String> {
    match value {
        ValueKind::String(text) => Ok(text),
        _ => Err(format!("is not {expected}")),
    }
}
