//! What an HTTP status says about an order, whatever the shop's protocol.

use crate::{
    caller::{Answer, Body},
    failure::{in_doubt, refused},
};
use domain::order::FailureClass;
use ports::PushFailure;
use reqwest::{
    StatusCode,
    header::{HeaderMap, RETRY_AFTER},
};
use std::time::{Duration, SystemTime};
use time::OffsetDateTime;

/// The longest that a shop may ask to be left alone for.
const MAX_RETRY_AFTER: Duration = Duration::from_hours(24);

/// Whether the shop may have taken an order that it answered so about.
const fn is_in_doubt(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 500..)
}

const fn class(status: StatusCode) -> FailureClass {
    match status.as_u16() {
        401 | 403 => FailureClass::Authentication,
        408 | 425 | 429 | 500.. => FailureClass::Transient,
        _ => FailureClass::RejectedOther,
    }
}

/// The failure that a status which is no success stands for, in the words of `said`.
pub(crate) fn failure(answer: &Answer, said: &str, now: OffsetDateTime) -> PushFailure {
    let status = answer.status;
    let cause = with_status(status, said);
    let make = if is_in_doubt(status) { in_doubt } else { refused };
    let failure = make(class(status), &cause);
    let retry_after = match failure.class {
        FailureClass::Transient => retry_after(&answer.headers, now),
        _ => None,
    };
    PushFailure { retry_after, ..failure }
}

/// A success that says nothing we understand.
pub(crate) fn unreadable(answer: &Answer) -> PushFailure {
    let (class, why) = match answer.body {
        Body::BrokenOff => (FailureClass::Transient, "the answer broke off"),
        Body::TooLong => (FailureClass::RejectedOther, "the answer is too long"),
        Body::Whole(_) => (FailureClass::RejectedOther, "the answer is not understood"),
    };
    in_doubt(class, with_status(answer.status, why))
}

pub(crate) fn with_status(status: StatusCode, said: &str) -> String {
    let code = status.as_u16();
    if said.is_empty() { format!("HTTP {code}") } else { format!("HTTP {code}: {said}") }
}

/// Seconds or a date (RFC 9110, section 10.2.3).
fn retry_after(headers: &HeaderMap, now: OffsetDateTime) -> Option<Duration> {
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
    fn a_shop_is_left_alone_for_as_long_as_it_asks_and_not_for_ever() {
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
