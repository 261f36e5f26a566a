//! How a failure reads on the wire: one canonical code, one stable reason, the figures behind it.

use crate::fields;
use application::{CursorFault, Failure, Missing, Taken};
use domain::{Reason, Rejection, token::Role};
use ports::{Chain, StoreError};
use std::{collections::HashMap, time::Duration};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

/// The domain of every reason.
pub const DOMAIN: &str = "meridian";

/// When to ask again whether money that is on its way has arrived.
const IN_FLIGHT: Duration = Duration::from_secs(5);

/// How a failed use case is answered. Causes are logged, never sent.
pub fn of(failure: &Failure) -> Status {
    let (code, reason) = classify(failure);
    match failure {
        Failure::Rejected(rejection) => rejected(code, rejection),
        Failure::Store(StoreError::Conflict) => {
            let text = "others changed the order again and again; nothing was done";
            retry_later(code, reason, text, Duration::from_millis(200))
        }
        // In the words for a store that does not exist.
        Failure::Store(StoreError::Fenced(store_id)) => {
            of(&Failure::not_found(Missing::Store, store_id.as_str()))
        }
        Failure::Store(error @ StoreError::Corrupt(_)) => {
            tracing::error!(error = %Chain(error), reason, "a record cannot be read");
            // Waiting does not mend it, so nothing says when to come back.
            status(code, reason, "a record cannot be read; it is in the log", HashMap::new())
        }
        Failure::Store(error) => {
            tracing::error!(error = %Chain(error), reason, "the store failed");
            let text = "the store cannot serve this now; a retry with the same id is safe";
            retry_later(code, reason, text, Duration::from_secs(1))
        }
        Failure::Crowded { .. } | Failure::Overloaded => {
            retry_later(code, reason, &failure.to_string(), Duration::from_secs(1))
        }
        Failure::CallerEnded => unauthenticated(),
        Failure::RoleForbids { role, method } => denied(*role, method),
        Failure::TooManyAttempts { wait, .. } => {
            retry_later(code, reason, &failure.to_string(), *wait)
        }
        _ => status(code, reason, &failure.to_string(), figures(failure)),
    }
}

/// Exhaustive on purpose: a new failure does not compile until it has a code and a reason.
const fn classify(failure: &Failure) -> (Code, &'static str) {
    match failure {
        Failure::NotFound { what, .. } => (Code::NotFound, missing(*what)),
        Failure::RequestIdReused { .. } => (Code::AlreadyExists, "REQUEST_ID_REUSED"),
        Failure::Taken { what, .. } => (Code::AlreadyExists, taken(*what)),
        Failure::VersionMismatch { .. } => (Code::Aborted, "VERSION_MISMATCH"),
        Failure::Crowded { .. } => (Code::ResourceExhausted, "ORDER_CROWDED"),
        Failure::Cursor(fault) => cursor(*fault),
        Failure::TooManyStreams { .. } => (Code::ResourceExhausted, "TOO_MANY_STREAMS"),
        Failure::LoginFailed => (Code::Unauthenticated, "LOGIN_FAILED"),
        Failure::TooManyAttempts { .. } => (Code::ResourceExhausted, "TOO_MANY_ATTEMPTS"),
        Failure::CallerEnded => (Code::Unauthenticated, "UNAUTHENTICATED"),
        Failure::RoleForbids { .. } => (Code::PermissionDenied, "ROLE_FORBIDS"),
        Failure::NotASession => (Code::FailedPrecondition, "NOT_A_SESSION"),
        Failure::Overloaded => (Code::Unavailable, "OVERLOADED"),
        Failure::Rejected(rejection) => (code(rejection.reason), rejection.reason.as_str()),
        Failure::Store(StoreError::Fenced(_)) => (Code::NotFound, missing(Missing::Store)),
        Failure::Store(StoreError::Conflict) => (Code::Aborted, "CONCURRENT_CHANGE"),
        Failure::Store(StoreError::Unavailable(_)) => (Code::Unavailable, "STORE_UNAVAILABLE"),
        Failure::Store(StoreError::Corrupt(_)) => (Code::Internal, "STORE_CORRUPT"),
    }
}

const fn cursor(fault: CursorFault) -> (Code, &'static str) {
    match fault {
        CursorFault::Unknown { .. } => (Code::InvalidArgument, "CURSOR_UNKNOWN"),
        CursorFault::NotFound => (Code::NotFound, "CURSOR_NOT_FOUND"),
        CursorFault::EpochChanged { .. } => (Code::FailedPrecondition, "FEED_EPOCH_CHANGED"),
        CursorFault::TooOld { .. } => (Code::OutOfRange, "CURSOR_TOO_OLD"),
    }
}

const fn missing(what: Missing) -> &'static str {
    match what {
        Missing::Store => "STORE_NOT_FOUND",
        Missing::Order => "ORDER_NOT_FOUND",
        Missing::Refund => "REFUND_NOT_FOUND",
        Missing::Cancellation => "CANCELLATION_NOT_FOUND",
        Missing::Quote => "QUOTE_NOT_FOUND",
        Missing::Token => "TOKEN_NOT_FOUND",
        Missing::Endpoint => "ENDPOINT_NOT_FOUND",
        Missing::Event => "EVENT_NOT_FOUND",
        Missing::User => "USER_NOT_FOUND",
    }
}

const fn taken(what: Taken) -> &'static str {
    match what {
        Taken::StoreId => "STORE_EXISTS",
        Taken::MerchantGuid => "MERCHANT_GUID_TAKEN",
        Taken::Login => "LOGIN_TAKEN",
        Taken::OrderId => "ORDER_EXISTS",
        Taken::ExternalOrderId => "EXTERNAL_ORDER_ID_TAKEN",
        Taken::ExternalReference => "EXTERNAL_REFERENCE_TAKEN",
    }
}

/// The canonical code of every reason of the domain.
pub const fn code(reason: Reason) -> Code {
    match reason {
        Reason::OrderFullyRefunded
        | Reason::AmountExceedsRefundable
        | Reason::OrderNotReady
        | Reason::OrderAlreadyAccepted
        | Reason::OrderCancelled
        | Reason::OrderStateForbids
        | Reason::PaymentNotCaptured
        | Reason::PaymentStateForbids
        | Reason::HandoverStateForbids
        | Reason::ScreeningStateForbids
        | Reason::OwnAccount
        | Reason::QuantityNotAvailable
        | Reason::RefundStateForbids
        | Reason::FourEyes
        | Reason::OrderShipped
        | Reason::OrderProtected
        | Reason::PartialNotSupported
        | Reason::CancellationStateForbids
        | Reason::RequestWindowClosed
        | Reason::RefundInFlight
        | Reason::EvidenceRequired
        | Reason::EvidenceInsufficient
        | Reason::NotRecaptured
        | Reason::InsufficientBalance
        | Reason::PlatformCancellation
        | Reason::LaterChange
        | Reason::AcceptedUnderOtherIds
        | Reason::EndpointDisabled
        | Reason::QuoteExpired => Code::FailedPrecondition,
        Reason::InvalidQuantity
        | Reason::EmptyRefund
        | Reason::FullRefundWithProducts
        | Reason::IncompatibleFields
        | Reason::InvalidAmount
        | Reason::AmountMismatch
        | Reason::UnknownLine
        | Reason::DuplicateLine
        | Reason::NotEnabled
        | Reason::NegativeRefund
        | Reason::UnknownTender
        | Reason::ReasonNotAllowed
        | Reason::InvalidFields => Code::InvalidArgument,
        Reason::RefundNotFound | Reason::CancellationNotFound => Code::NotFound,
        Reason::NotPermitted => Code::PermissionDenied,
        Reason::PaymentReferenceTaken => Code::AlreadyExists,
        Reason::QuoteStale => Code::Aborted,
        Reason::TooManyEntries
        | Reason::TooManyEndpoints
        | Reason::TooManyPending
        | Reason::TooManyUsers
        | Reason::TooManyTokens => Code::ResourceExhausted,
    }
}

/// A refusal by the business's rules, or of malformed fields.
pub fn rejected(code: Code, rejection: &Rejection) -> Status {
    let metadata = rejection.metadata.iter();
    let metadata: HashMap<_, _> = metadata.map(|(key, value)| (brief(key), brief(value))).collect();
    let mut details = ErrorDetails::with_error_info(rejection.reason.as_str(), DOMAIN, metadata);
    if !rejection.violations.is_empty() {
        let violations = rejection.violations.iter();
        let violations = violations
            .map(|violation| {
                FieldViolation::new(brief(&violation.field), brief(&violation.description))
            })
            .collect::<Vec<_>>();
        details.set_bad_request(violations);
    }
    if rejection.reason == Reason::RefundInFlight {
        details.set_retry_info(Some(IN_FLIGHT));
    }
    // Tools that show no details still show the reason.
    let message = shortened(&rejection.to_string());
    Status::with_error_details(code, message, details)
}

fn figures(failure: &Failure) -> HashMap<String, String> {
    let pairs: Vec<(&str, String)> = match failure {
        Failure::NotFound { id, .. } | Failure::RequestIdReused { id } => vec![("id", id.clone())],
        Failure::Taken { key, .. } => vec![("key", key.clone())],
        Failure::VersionMismatch { asked, actual } => {
            vec![("asked", asked.to_string()), ("actual", actual.to_string())]
        }
        Failure::Cursor(CursorFault::Unknown { last } | CursorFault::EpochChanged { last }) => {
            vec![("last", last.to_string())]
        }
        Failure::Cursor(CursorFault::TooOld { first }) => vec![("first", first.to_string())],
        Failure::TooManyStreams { limit } => vec![("limit", limit.to_string())],
        _ => vec![],
    };
    pairs.into_iter().map(|(key, value)| (key.to_owned(), shortened(&value))).collect()
}

fn status(code: Code, reason: &str, text: &str, metadata: HashMap<String, String>) -> Status {
    let details = ErrorDetails::with_error_info(reason, DOMAIN, metadata);
    Status::with_error_details(code, shortened(&format!("{reason}: {text}")), details)
}

fn retry_later(code: Code, reason: &str, text: &str, after: Duration) -> Status {
    let mut details = ErrorDetails::with_error_info(reason, DOMAIN, HashMap::new());
    details.set_retry_info(Some(after));
    Status::with_error_details(code, format!("{reason}: {text}"), details)
}

/// Messages travel in a header and may quote what was asked.
fn shortened(text: &str) -> String {
    cut(text, 2_000)
}

/// A figure or a field's name among many.
fn brief(text: &str) -> String {
    cut(text, 400)
}

/// Cuts a text to so many bytes of a header. What is not plain ASCII takes three for each of its
/// bytes there, so that a short text may be a long header, which clients refuse.
fn cut(text: &str, most: usize) -> String {
    let in_header = |c: char| if c == ' ' || c.is_ascii_graphic() { 1 } else { 3 * c.len_utf8() };
    let mut length = 0;
    for (end, c) in text.char_indices() {
        length += in_header(c);
        if length > most {
            return format!("{}…", &text[..end]);
        }
    }
    text.to_owned()
}

pub(crate) fn unauthenticated() -> Status {
    let text = "a valid bearer token is needed";
    status(Code::Unauthenticated, "UNAUTHENTICATED", text, HashMap::new())
}

/// The role or the scopes do not allow the method.
pub fn denied(role: Role, method: &str) -> Status {
    let text = format!("this token's role or scopes do not allow {method}");
    let metadata = [
        ("role".to_owned(), format!("{role:?}").to_uppercase()),
        ("method".to_owned(), method.to_owned()),
    ];
    status(Code::PermissionDenied, "ROLE_FORBIDS", &text, metadata.into())
}

/// Whoever logged in with a password that was given to them chooses their own first.
pub(crate) fn password_is_temporary() -> Status {
    let text = "change the password that was given to you first";
    status(Code::PermissionDenied, "PASSWORD_IS_TEMPORARY", text, HashMap::new())
}

/// Whoever reads a stream comes again, and goes on where it was.
pub fn shutting_down() -> Status {
    let text = "this process is ending; come again, and go on after what you have";
    retry_later(Code::Unavailable, "SHUTTING_DOWN", text, Duration::from_millis(500))
}

pub(crate) fn overloaded() -> Status {
    let text = "too many calls are running; nothing was done";
    retry_later(Code::Unavailable, "OVERLOADED", text, Duration::from_millis(500))
}

/// The caller's store may make its next call after so long.
pub(crate) fn rate_limited(wait: Duration) -> Status {
    let text = "more calls than one store may make; nothing was done";
    retry_later(Code::ResourceExhausted, "RATE_LIMITED", text, wait)
}

pub(crate) fn deadline_exceeded() -> Status {
    let text =
        "the call's deadline passed; a command goes on, and its request id tells its outcome";
    status(Code::DeadlineExceeded, "DEADLINE_EXCEEDED", text, HashMap::new())
}

pub(crate) fn message_too_large() -> Status {
    let text = "the message is larger than this server takes";
    status(Code::ResourceExhausted, "MESSAGE_TOO_LARGE", text, HashMap::new())
}

/// What a caller sent is no message of the method, or was cut off.
pub(crate) fn message_unreadable() -> Status {
    fields::refused("message", "cannot be read as the request of this method")
}

/// A small message may be a large one compressed, so none is taken that is.
pub(crate) fn compressed() -> Status {
    fields::refused("grpc-encoding", "must be identity: compressed messages are not taken")
}

pub(crate) fn headers_too_large(most: usize) -> Status {
    let text = format!("the headers are longer than {most} bytes");
    let metadata = [("limit".to_owned(), most.to_string())];
    status(Code::ResourceExhausted, "HEADERS_TOO_LARGE", &text, metadata.into())
}

/// A status that somebody else made and gave no reason: its code is one.
pub(crate) fn without_reason(code: Code, text: &str) -> Status {
    let (reason, text) = match (code, text) {
        (Code::Unimplemented, _) => ("UNIMPLEMENTED", "there is no such method"),
        (Code::NotFound, text) => ("NOT_FOUND", text),
        (Code::DeadlineExceeded, text) => ("DEADLINE_EXCEEDED", text),
        (Code::Cancelled, text) => ("CANCELLED", text),
        (Code::ResourceExhausted, text) => ("RESOURCE_EXHAUSTED", text),
        (Code::InvalidArgument, text) => ("INVALID_ARGUMENT", text),
        (Code::Unavailable, text) => ("UNAVAILABLE", text),
        (_, text) => ("UNKNOWN", text),
    };
    status(code, reason, text, HashMap::new())
}

/// A stored answer that this build cannot read.
pub fn unreadable_answer() -> Status {
    status(Code::Internal, "ANSWER_UNREADABLE", "the stored answer is unreadable", HashMap::new())
}

/// Nobody of this name posts to us.
pub fn unknown_provider(name: &str) -> Status {
    let text = format!("no payment provider {name:?} is configured to send messages");
    status(Code::NotFound, "PROVIDER_NOT_FOUND", &text, HashMap::new())
}

/// A message that is not taken for the word of whom it says it is from.
pub fn unsigned(text: &str) -> Status {
    status(Code::Unauthenticated, "SIGNATURE_INVALID", text, HashMap::new())
}

/// Something of ours broke.
pub fn internal() -> Status {
    status(Code::Internal, "INTERNAL", "the call broke; it is in the log", HashMap::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_that_quotes_fits_into_its_headers() {
        for id in ["\u{1f600}".repeat(1_000), "x".repeat(10_000), "\n".repeat(5_000)] {
            let refused = of(&Failure::not_found(Missing::Order, id));
            assert_eq!(refused.code(), Code::NotFound);
            let headers = refused.into_http::<()>().into_parts().0.headers;
            let length: usize = headers.values().map(http::HeaderValue::len).sum();
            assert!(length < 8_000, "{length} bytes");
        }
    }

    #[test]
    fn a_record_that_cannot_be_read_is_nothing_to_come_back_for() {
        let corrupt = Failure::Store(StoreError::Corrupt("column doc".into()));
        let refused = of(&corrupt);
        assert_eq!(refused.code(), Code::Internal);
        assert!(refused.get_details_retry_info().is_none());
        let unavailable = of(&Failure::Store(StoreError::Unavailable("closed".into())));
        assert!(unavailable.get_details_retry_info().is_some());
    }
}
