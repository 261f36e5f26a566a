//! How a refusal reads over HTTP: the status, its details, and the HTTP status that goes with it.

mod details;

use super::{body::MAX_TIME, reply, shape::Fault};
use axum::response::{IntoResponse, Response};
use details::Detail;
use http::{HeaderValue, Method, StatusCode, header};
use serde::Serialize;
use std::{collections::BTreeSet, fmt, time::Duration};
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// How many faults the message names; the details name them all.
const SHOWN_FAULTS: usize = 10;

/// When a caller is to come back for whose body there was no room.
pub(crate) const COME_BACK: Duration = Duration::from_secs(1);

/// An error answer in the shape of the contract.
#[derive(Debug)]
pub struct Refusal {
    code: Code,
    http: StatusCode,
    message: String,
    details: Vec<Detail>,
    /// Seconds.
    retry_after: Option<u64>,
    allowed: Option<String>,
}

/// Shows a gRPC status as every refusal is shown over HTTP.
pub fn of_status(status: &Status) -> Response {
    Refusal::of(status).into_response()
}

impl Refusal {
    /// What a service answered. A status that says no reason has its code for one.
    pub fn of(status: &Status) -> Self {
        let given = status.get_error_details_vec();
        let retry = given.iter().find_map(details::retry_delay);
        let mut refusal = Self::new(status.code(), status.message());
        refusal.details = given.into_iter().filter_map(Detail::of).collect();
        if !refusal.details.iter().any(Detail::is_reason) {
            refusal.details.insert(0, Detail::reason(name(status.code())));
        }
        // Rounded up: a caller that comes too early is refused again.
        refusal.retry_after =
            retry.map(|delay| delay.as_secs() + u64::from(delay.subsec_nanos() > 0));
        refusal
    }

    /// One field that is malformed.
    pub fn field(field: &str, description: impl fmt::Display) -> Self {
        Self::fields(vec![Fault { field: field.to_owned(), description: description.to_string() }])
    }

    /// Everything that is malformed.
    pub fn fields(faults: Vec<Fault>) -> Self {
        let named = faults.iter().take(SHOWN_FAULTS);
        let mut listed: Vec<_> =
            named.map(|fault| format!("{} {}", fault.field, fault.description)).collect();
        if let Some(more @ 1..) = faults.len().checked_sub(SHOWN_FAULTS) {
            listed.push(format!("and {more} more"));
        }
        let message = listed.join("; ");
        let mut refusal = Self::because(Code::InvalidArgument, "INVALID_FIELDS", message);
        refusal.details.push(Detail::bad_request(faults));
        refusal
    }

    /// The body is another store's than the path: nobody learns here whether that store exists.
    pub fn other_store() -> Self {
        let message = "there is no such store below this path";
        Self::because(Code::NotFound, "STORE_NOT_FOUND", message)
    }

    pub fn unknown_path(path: &str) -> Self {
        let shown: String = path.chars().take(256).collect();
        Self::because(Code::NotFound, "PATH_NOT_FOUND", format!("nothing is served at {shown}"))
    }

    pub fn wrong_method(method: &Method, allowed: &BTreeSet<&str>) -> Self {
        let allowed = allowed.iter().copied().collect::<Vec<_>>().join(", ");
        let message = format!("the path takes {allowed}, not {method}");
        let refusal = Self::because(Code::Unimplemented, "METHOD_NOT_ALLOWED", message);
        Self { http: StatusCode::METHOD_NOT_ALLOWED, allowed: Some(allowed), ..refusal }
    }

    pub fn too_long(most: usize) -> Self {
        let message = format!("the body is longer than {most} bytes");
        let refusal = Self::because(Code::ResourceExhausted, "BODY_TOO_LARGE", message);
        Self { http: StatusCode::PAYLOAD_TOO_LARGE, ..refusal }
    }

    /// More bodies are being read than the gateway has room for.
    pub fn no_room() -> Self {
        let message = "too many bodies are being read; nothing was done";
        let mut refusal = Self::because(Code::Unavailable, "OVERLOADED", message);
        refusal.details.push(Detail::retry(COME_BACK));
        Self { retry_after: Some(COME_BACK.as_secs()), ..refusal }
    }

    /// The body did not come in time.
    pub fn too_slow() -> Self {
        let message = format!("the body was not here within {} s", MAX_TIME.as_secs());
        let refusal = Self::because(Code::DeadlineExceeded, "BODY_TOO_SLOW", message);
        Self { http: StatusCode::REQUEST_TIMEOUT, ..refusal }
    }

    pub fn internal() -> Self {
        Self::because(Code::Internal, "INTERNAL", "the answer could not be shown")
    }

    /// The gateway is ending, and so does a stream on which nothing is coming.
    pub fn shutting_down() -> Self {
        let message = "the gateway is shutting down; come again";
        Self::because(Code::Unavailable, "SHUTTING_DOWN", message)
    }

    /// There is no CSV of what the path answers.
    pub fn no_csv() -> Self {
        let message = "the path answers JSON, one message a line, and server-sent events; no CSV";
        let refusal = Self::because(Code::Unimplemented, "NOT_ACCEPTABLE", message);
        Self { http: StatusCode::NOT_ACCEPTABLE, ..refusal }
    }

    /// The body of the answer, JSON.
    pub fn json(&self) -> Vec<u8> {
        let shown = Shown {
            code: i32::from(self.code),
            status: name(self.code),
            message: &self.message,
            details: &self.details,
        };
        // Texts and lists of texts always serialize.
        serde_json::to_vec(&shown).unwrap_or_default()
    }

    pub fn http(&self) -> StatusCode {
        self.http
    }

    pub fn allowed(&self) -> Option<&str> {
        self.allowed.as_deref()
    }

    fn because(code: Code, reason: &str, message: impl Into<String>) -> Self {
        // Like the services' own: tools that show no details still show the reason.
        let message = format!("{reason}: {}", message.into());
        Self { details: vec![Detail::reason(reason)], ..Self::new(code, message) }
    }

    fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            http: http_status(code),
            message: message.into(),
            details: Vec::new(),
            retry_after: None,
            allowed: None,
        }
    }
}

/// The text alone, for answers in another shape.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = &self.message;
        f.write_str(message.strip_prefix("INVALID_FIELDS: ").unwrap_or(message))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = reply(self.http, self.json());
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if let Some(allowed) = self.allowed.and_then(|allowed| allowed.parse().ok()) {
            headers.insert(header::ALLOW, allowed);
        }
        if self.code == Code::Unauthenticated {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

#[derive(Serialize)]
struct Shown<'a> {
    code: i32,
    status: &'static str,
    message: &'a str,
    details: &'a [Detail],
}

/// The name of a code as google.rpc.Code writes it.
pub(crate) const fn name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

/// The HTTP status of a code, as google.rpc.Code maps it.
pub fn http_status(code: Code) -> StatusCode {
    match code {
        Code::Ok => StatusCode::OK,
        // 499, "client closed request", has no name of its own.
        Code::Cancelled => StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST),
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => {
            StatusCode::BAD_REQUEST
        }
        Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::AlreadyExists | Code::Aborted => StatusCode::CONFLICT,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Code::Unimplemented => StatusCode::NOT_IMPLEMENTED,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::Unknown | Code::Internal | Code::DataLoss => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

#[cfg(test)]
mod tests;
