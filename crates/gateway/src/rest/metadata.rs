//! Which HTTP headers become gRPC metadata.

use super::refusal::Refusal;
use http::{HeaderMap, HeaderName, HeaderValue};
use tonic::metadata::MetadataMap;

/// Passed on as they are; nothing else is.
const PASSED_ON: [&str; 5] =
    ["authorization", "idempotency-key", "traceparent", "tracestate", "grpc-timeout"];

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
        let name = HeaderName::from_static(name);
        for value in headers.get_all(&name) {
            metadata.append(name.clone(), value.clone());
        }
    }
    if let Some(value) = headers.get(TIMEOUT) {
        let timeout = value.to_str().ok().and_then(grpc_timeout).ok_or_else(|| {
            Refusal::field(TIMEOUT, "must be 1 to 8 digits, with ms, s or m after them or nothing")
        })?;
        metadata.insert(HeaderName::from_static("grpc-timeout"), timeout);
    }
    Ok(MetadataMap::from_headers(metadata))
}

fn grpc_timeout(text: &str) -> Option<HeaderValue> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let unit = match &text[digits.len()..] {
        "" | "s" => 'S',
        "ms" => 'm',
        "m" => 'M',
        _ => return None,
    };
    let valid = (1..=8).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    HeaderValue::from_str(&format!("{digits}{unit}")).ok().filter(|_| valid)
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
    }
}
