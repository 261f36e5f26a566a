//! How a refusal reads at the compatible endpoint.

use super::code;
use crate::rest::{COME_BACK, body::MAX_TIME, code_name, http_status, reply};
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use std::time::Duration;
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// An order holds no more refunds.
const TOO_MANY_ENTRIES: &str = "TOO_MANY_ENTRIES";

/// The one refusal whose text is fixed by the reference document.
const FULL_REFUND_WITH_PRODUCTS: &str = "FULL_REFUND_WITH_PRODUCTS";
const FULL_REFUND_TEXT: &str = "Full refund requested but list of RefundProduct is not empty.";

/// Why there is no refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    http: StatusCode,
    reason: String,
    message: String,
    /// By the rules of refunds, so that the store's settings choose the shape. Everything else is
    /// a general error, which has one shape.
    by_rule: bool,
    retry_after: Option<Duration>,
}

impl Refused {
    /// What a service answered.
    pub fn of(status: &Status) -> Self {
        let details = status.get_error_details();
        let reason = details.error_info().map_or_else(String::new, |info| info.reason.clone());
        let reason = if reason.is_empty() { code_name(status.code()).to_owned() } else { reason };
        // That an order is full is a rule of refunds as well: nothing of it passes by waiting.
        let code =
            if reason == TOO_MANY_ENTRIES { Code::FailedPrecondition } else { status.code() };
        let by_rule = match code {
            Code::FailedPrecondition | Code::NotFound | Code::AlreadyExists => true,
            Code::InvalidArgument => !is_malformed(&reason),
            _ => false,
        };
        let message = match reason.as_str() {
            FULL_REFUND_WITH_PRODUCTS => FULL_REFUND_TEXT.to_owned(),
            _ => without_reason(status.message(), &reason).to_owned(),
        };
        Self {
            http: http_status(code),
            reason,
            message,
            by_rule,
            retry_after: details.retry_info().and_then(|info| info.retry_delay),
        }
    }

    /// Fields that cannot be read. An amount or a quantity is refused as the rules refuse one.
    pub fn fields(reason: &str, message: String) -> Self {
        let by_rule = !is_malformed(reason);
        Self { by_rule, ..Self::general(StatusCode::BAD_REQUEST, reason, message) }
    }

    /// A call that cannot be read as a whole.
    pub fn malformed(message: String) -> Self {
        Self::fields("INVALID_FIELDS", message)
    }

    pub fn too_long() -> Self {
        let message = format!("the body is longer than {} bytes", crate::rest::MAX_BODY);
        Self::general(StatusCode::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE", message)
    }

    /// More bodies are being read than the gateway has room for.
    pub fn no_room() -> Self {
        let message = "too many bodies are being read; nothing was done".to_owned();
        let refused = Self::general(StatusCode::SERVICE_UNAVAILABLE, "OVERLOADED", message);
        Self { retry_after: Some(COME_BACK), ..refused }
    }

    /// The body did not come in time.
    pub fn too_slow() -> Self {
        let message = format!("the body was not here within {} s", MAX_TIME.as_secs());
        Self::general(StatusCode::REQUEST_TIMEOUT, "BODY_TOO_SLOW", message)
    }

    /// One answer whatever is wrong with the credentials: it does not tell which GUIDs exist.
    pub fn unauthenticated() -> Self {
        let message = "the caller may not act for this merchant: a bearer token of the store and \
                       its merchantGUID are needed";
        Self::general(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", message.to_owned())
    }

    pub fn wrong_method() -> Self {
        let message = "the path takes POST".to_owned();
        Self::general(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", message)
    }

    pub fn internal() -> Self {
        let message = "the answer could not be shown".to_owned();
        Self::general(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", message)
    }

    fn general(http: StatusCode, reason: &str, message: String) -> Self {
        Self { http, reason: reason.to_owned(), message, by_rule: false, retry_after: None }
    }

    /// `error_info` is the store's setting.
    pub fn into_response(self, error_info: bool) -> Response {
        if self.by_rule && !error_info {
            return reply(StatusCode::OK, self.order_refund_info());
        }
        let mut response = reply(self.http, self.error_info());
        let headers = response.headers_mut();
        if let Some(delay) = self.retry_after {
            // Rounded up: a caller that comes too early is refused again.
            let seconds = delay.as_secs() + u64::from(delay.subsec_nanos() > 0);
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if self.http == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if self.http == StatusCode::METHOD_NOT_ALLOWED {
            headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
        }
        response
    }

    fn order_refund_info(&self) -> Vec<u8> {
        let reason = &self.explained();
        // Texts always serialize.
        serde_json::to_vec(&OrderRefundInfo { success: false, reason, notify_order_refund: () })
            .unwrap_or_default()
    }

    fn error_info(&self) -> Vec<u8> {
        let shown = ErrorInfo {
            code: code::of(&self.reason),
            error: &self.message,
            description: &self.explained(),
            success: false,
        };
        serde_json::to_vec(&shown).unwrap_or_default()
    }

    /// The text with the reason before it, but for the one text that is fixed.
    fn explained(&self) -> String {
        match self.reason.as_str() {
            FULL_REFUND_WITH_PRODUCTS => self.message.clone(),
            reason => format!("{reason}: {}", self.message),
        }
    }
}

/// Whether a reason says that the request could not be read, which is no rule of refunds.
fn is_malformed(reason: &str) -> bool {
    matches!(reason, "INVALID_FIELDS" | "INVALID_ARGUMENT")
}

/// The services put the reason before their texts, for callers that cannot read the details.
fn without_reason<'m>(message: &'m str, reason: &str) -> &'m str {
    message.strip_prefix(reason).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(message)
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ErrorInfo<'a> {
    code: &'a str,
    error: &'a str,
    description: &'a str,
    success: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct OrderRefundInfo<'a> {
    success: bool,
    reason: &'a str,
    notify_order_refund: (),
}

#[cfg(test)]
mod tests;
