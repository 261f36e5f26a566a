//! How a failure reads on the wire: one canonical code, one stable reason, the figures behind it.

use application::{Failure, Missing, Taken};
use domain::{Reason, Rejection, token::Role};
use ports::{Chain, StoreError};
use std::{collections::HashMap, time::Duration};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

/// The domain of every reason.
pub const DOMAIN: &str = "meridian";

/// How a failed use case is answered. Causes are logged, never sent.
pub fn of(failure: &Failure) -> Status {
    let (code, reason) = classify(failure);
    match failure {
        Failure::Rejected(rejection) => rejected(code, rejection),
        Failure::Store(StoreError::Conflict) => {
            let text = "others changed the order again and again; nothing was done";
            retry_later(code, reason, text, Duration::from_millis(200))
        }
        Failure::Store(error @ StoreError::Corrupt(_)) => {
            tracing::error!(error = chain(error), reason, "a record cannot be read");
            // Waiting does not mend it, so nothing says when to come back.
            status(code, reason, "a record cannot be read; it is in the log", HashMap::new())
        }
        Failure::Store(error) => {
            tracing::error!(error = %Chain(error), reason, "the store failed");
            let text = "the store cannot serve this now; a retry with the same id is safe";
            retry_later(code, reason, text, Duration::from_secs(1))
        }
        Failure::Crowded { .. } => {
            retry_later(code, reason, &failure.to_string(), Duration::from_secs(1))
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
        Failure::Rejected(rejection) => (code(rejection.reason), rejection.reason.as_str()),
        Failure::Store(StoreError::Conflict) => (Code::Aborted, "CONCURRENT_CHANGE"),
        Failure::Store(StoreError::Unavailable(_)) => (Code::Unavailable, "STORE_UNAVAILABLE"),
        Failure::Store(StoreError::Corrupt(_)) => (Code::Internal, "STORE_CORRUPT"),
    }
}

const fn missing(what: Missing) -> &'static str {
    match what {
        Missing::Store => "STORE_NOT_FOUND",
        Missing::Order => "ORDER_NOT_FOUND",
        Missing::Refund => "REFUND_NOT_FOUND",
        Missing::Quote => "QUOTE_NOT_FOUND",
        Missing::Token => "TOKEN_NOT_FOUND",
    }
}

const fn taken(what: Taken) -> &'static str {
    match what {
        Taken::StoreId => "STORE_EXISTS",
        Taken::MerchantGuid => "MERCHANT_GUID_TAKEN",
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
        | Reason::QuantityNotAvailable
        | Reason::RefundStateForbids
        | Reason::FourEyes
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
        | Reason::InvalidFields => Code::InvalidArgument,
        Reason::RefundNotFound => Code::NotFound,
        Reason::NotPermitted => Code::PermissionDenied,
        Reason::QuoteStale => Code::Aborted,
        Reason::TooManyEntries => Code::ResourceExhausted,
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
    cut(text, 1_000)
}

/// A figure or a field's name among many.
fn brief(text: &str) -> String {
    cut(text, 200)
}

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
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

pub(crate) fn overloaded() -> Status {
    let text = "too many calls are running; nothing was done";
    retry_later(Code::Unavailable, "OVERLOADED", text, Duration::from_millis(500))
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

/// A stored answer that this build cannot read.
pub fn unreadable_answer() -> Status {
    status(Code::Internal, "ANSWER_UNREADABLE", "the stored answer is unreadable", HashMap::new())
}

/// Something of ours broke.
pub fn internal() -> Status {
    status(Code::Internal, "INTERNAL", "the call broke; it is in the log", HashMap::new())
}
