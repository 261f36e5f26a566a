//! Which HTTP headers become gRPC metadata.

use super::refusal::Refusal;
use http::{HeaderMap, HeaderName, HeaderValue};
use std::time::Duration;
use tonic::metadata::MetadataMap;

/// Passed on as they are; nothing else is.
const PASSED_ON: [&str; 5] =
    ["authorization", "idempotency-key", "traceparent", "tracestate", "grpc-timeout"];

/// The longest value that is passed on, in bytes: all of them together are the headers of a call.
const MAX_VALUE: usize = 8 << 10;

const GRPC_TIMEOUT: &str = "grpc-timeout";

/// How long the caller waits, for those who do not speak gRPC: whole seconds, or a number with
/// `ms`, `s` or `m`.
const TIMEOUT: &str = "x-request-timeout";

/// The metadata of the call that an HTTP request becomes.
///
/// # Errors
///
/// 400 for an `x-request-timeout` that cannot be read.
pub fn forwarded(headers: &HeaderMap) -> Result<MetadataMap, Refusal> {
    let mut metadata = HeaderMap::new();
    for name in PASSED_ON {
        for value in headers.get_all(name) {
            if value.len() > MAX_VALUE {
                let text = format!("must have at most {MAX_VALUE} bytes");
                return Err(Refusal::field(name, text));
            }
            metadata.append(HeaderName::from_static(name), value.clone());
        }
    }
    if let Some(timeout) = timeout(headers)? {
        metadata.insert(HeaderName::from_static(GRPC_TIMEOUT), timeout.value());
    }
    Ok(MetadataMap::from_headers(metadata))
}

/// How long a caller waits, as it said so: a number and the unit that gRPC writes for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Timeout {
    count: u32,
    unit: char,
}

/// What the headers say of how long the caller waits.
///
/// # Errors
///
/// 400 for a header that cannot be read.
pub(crate) fn timeout(headers: &HeaderMap) -> Result<Option<Timeout>, Refusal> {
    if let Some(value) = headers.get(TIMEOUT) {
        let read = value.to_str().ok().and_then(Timeout::of_text);
        let text = "must be 1 to 8 digits, with ms, s or m after them or nothing";
        return read.map(Some).ok_or_else(|| Refusal::field(TIMEOUT, text));
    }
    let Some(value) = headers.get(GRPC_TIMEOUT) else { return Ok(None) };
    let read = value.to_str().ok().and_then(Timeout::of_grpc);
    let text = "must be 1 to 8 digits and one of H, M, S, m, u, n";
    read.map(Some).ok_or_else(|| Refusal::field(GRPC_TIMEOUT, text))
}

impl Timeout {
    fn of_text(text: &str) -> Option<Self> {
        let digits = text.trim_end_matches(|c: char| c.is_ascii_lowercase());
        let unit = match &text[digits.len()..] {
            "" | "s" => 'S',
            "ms" => 'm',
            "m" => 'M',
            _ => return None,
        };
        Self::of(digits, unit)
    }

    fn of_grpc(text: &str) -> Option<Self> {
        let unit = text.chars().next_back().filter(|unit| "HMSmun".contains(*unit))?;
        Self::of(text.strip_suffix(unit)?, unit)
    }

    fn of(digits: &str, unit: char) -> Option<Self> {
        let valid = (1..=8).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        Some(Self { count: digits.parse().ok().filter(|_| valid)?, unit })
    }

    pub fn duration(self) -> Duration {
        let count = u64::from(self.count);
        match self.unit {
            'H' => Duration::from_secs(count * 3600),
            'M' => Duration::from_secs(count * 60),
            'S' => Duration::from_secs(count),
            'm' => Duration::from_millis(count),
            'u' => Duration::from_micros(count),
            _ => Duration::from_nanos(count),
        }
    }

    fn value(self) -> HeaderValue {
        let text = format!("{}{}", self.count, self.unit);
        HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("0n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs.iter();
        pairs.map(|(n, v)| (HeaderName::from_static(n), HeaderValue::from_static(v))).collect()
    }

    #[test]
    fn what_the_services_read_is_passed_on_and_nothing_else() {
        let given = [("authorization", "Bearer x"), ("idempotency-key", "k"), ("cookie", "c")];
        let metadata = forwarded(&headers(&given)).unwrap();
        assert_eq!(metadata.get("authorization").unwrap(), "Bearer x");
        assert_eq!(metadata.get("idempotency-key").unwrap(), "k");
        assert_eq!(metadata.len(), 2);
    }

    #[test]
    fn a_timeout_reads_as_grpc_writes_it() {
        for (given, expected) in [("5", "5S"), ("5s", "5S"), ("250ms", "250m"), ("2m", "2M")] {
            let metadata = forwarded(&headers(&[(TIMEOUT, given)])).unwrap();
            assert_eq!(metadata.get("grpc-timeout").unwrap(), expected);
        }
        for bad in ["", "s", "1.5", "-1", "123456789", "5h", "ms5"] {
            assert!(forwarded(&headers(&[(TIMEOUT, bad)])).is_err(), "{bad}");
        }
        for bad in ["", "m", "1", "1x", "-1m", "1e3m", "123456789m", "1 m", "\u{bd}m"] {
            let given = HeaderValue::from_bytes(bad.as_bytes()).unwrap();
            let given = HeaderMap::from_iter([(HeaderName::from_static(GRPC_TIMEOUT), given)]);
            assert!(forwarded(&given).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_long_header_is_refused_and_not_passed_on() {
        for (length, passes) in [(MAX_VALUE, true), (MAX_VALUE + 1, false)] {
            let value = HeaderValue::from_str(&"x".repeat(length)).unwrap();
            let given = HeaderMap::from_iter([(http::header::AUTHORIZATION, value)]);
            assert_eq!(forwarded(&given).is_ok(), passes, "{length}");
        }
    }
}
