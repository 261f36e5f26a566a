//! What an HTTP status says about an order, whatever the shop's protocol.

use crate::failure::{in_doubt, refused};
use domain::order::FailureClass;
use outbound::{Answer, Body, retry_after};
use ports::PushFailure;
use reqwest::StatusCode;
use time::OffsetDateTime;

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
