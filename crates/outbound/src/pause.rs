use crate::limits::MAX_RETRY_AFTER;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use std::time::{Duration, SystemTime};
use time::OffsetDateTime;

/// For how long an answer asks its caller to stay away: seconds or a date (RFC 9110, section
/// 10.2.3), [`MAX_RETRY_AFTER`] at most.
pub fn retry_after(headers: &HeaderMap, now: OffsetDateTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let asked = if text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() {
        text.parse().map_or(MAX_RETRY_AFTER, Duration::from_secs)
    } else {
        let at = httpdate::parse_http_date(text).ok()?;
        at.duration_since(SystemTime::from(now)).unwrap_or_default()
    };
    Some(asked.min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn a_server_is_left_alone_for_as_long_as_it_asks_and_not_for_ever() {
        let now = datetime!(2025-03-01 12:00 UTC);
        let asked = |value: &str| {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())]);
            retry_after(&headers, now).map(|asked| asked.as_secs())
        };
        assert_eq!(asked("120"), Some(120));
        assert_eq!(asked("0"), Some(0));
        assert_eq!(asked("86401"), Some(86_400));
        assert_eq!(asked("99999999999999999999999"), Some(86_400));
        assert_eq!(asked("Sat, 01 Mar 2025 12:01:30 GMT"), Some(90));
        assert_eq!(asked("Sat, 01 Mar 2025 11:00:00 GMT"), Some(0));
        assert_eq!(asked("Thu, 01 Mar 2125 11:00:00 GMT"), Some(86_400));
        for nonsense in ["", "soon", "-1", "1.5"] {
            assert_eq!(asked(nonsense), None, "{nonsense}");
        }
    }
}
