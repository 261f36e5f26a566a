//! A call that was refused, as people read it: the reason and its figures, and every field that
//! was wrong.

use crate::{faults::Fault, fields::Fields, session, words};
use askama::Template;
use axum::response::{IntoResponse, Redirect, Response};
use gateway::rest::{body::Unread, http_status};
use http::{StatusCode, header};
use tonic::{Code, Status};
use tonic_types::{FieldViolation, StatusExt as _};

/// What a service said instead of doing what was asked.
#[derive(Debug)]
pub struct Refused {
    pub http: StatusCode,
    /// In words: "Amount exceeds refundable".
    pub reason: String,
    /// The stable reason; empty if there is none.
    pub code: String,
    pub message: String,
    /// By their names: "left" and "12.00".
    pub figures: Vec<(String, String)>,
    pub faults: Vec<Fault>,
    /// After how many seconds it is worth another try; empty if waiting does not help.
    pub retry_after: String,
    /// A form was sent, and it is not known whether it was carried out.
    pub may_be_done: bool,
}

impl Refused {
    pub fn of(status: &Status) -> Self {
        let details = status.get_error_details();
        let info = details.error_info();
        let code = info.map(|info| info.reason.clone()).unwrap_or_default();
        let figures = info.into_iter().flat_map(|info| &info.metadata);
        let mut figures: Vec<_> =
            figures.map(|(name, value)| (words::spaced(name), value.clone())).collect();
        figures.sort();
        // The reason stands in the heading already.
        let message = status.message();
        let message = message.strip_prefix(&format!("{code}: ")).unwrap_or(message);
        let violations = details.bad_request().map_or(&[][..], |it| &it.field_violations);
        // What the list of fields says is not said above it as well, in the names of the contract.
        let is_said = |it: &FieldViolation| {
            message == it.description
                || message.starts_with(&format!("{} {}", it.field, it.description))
        };
        let message = if violations.iter().any(is_said) { "" } else { message };
        let faults = violations.iter().map(|it| Fault::of(&it.field, it.description.clone()));
        let delay = details.retry_info().and_then(|info| info.retry_delay);
        Self {
            http: http_status(status.code()),
            reason: words::spaced(if code.is_empty() { kind(status.code()) } else { &code }),
            message: words::sentence(message),
            faults: faults.collect(),
            code,
            figures,
            retry_after: delay.map(|delay| delay.as_secs().max(1).to_string()).unwrap_or_default(),
            may_be_done: false,
        }
    }

    /// The same of a form: its faults are in the rows that they were read of.
    pub fn in_form(self, form: &Fields) -> Self {
        let faults = self.faults.into_iter().map(|fault| fault.in_form(form)).collect();
        Self { faults, ..self }
    }
}

/// Whether a command that was answered so may have been carried out all the same.
pub fn leaves_open(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unavailable
            | Code::DeadlineExceeded
            | Code::Internal
            | Code::Unknown
            | Code::Cancelled
    )
}

/// What a refusal without a reason is called.
const fn kind(code: Code) -> &'static str {
    match code {
        Code::NotFound => "NOT_FOUND",
        Code::InvalidArgument => "INVALID_FIELDS",
        Code::PermissionDenied => "NOT_ALLOWED",
        Code::Unavailable | Code::DeadlineExceeded => "TRY_AGAIN_LATER",
        _ => "REFUSED",
    }
}

/// Why a request has no page of its own.
pub enum Stop {
    Refused(Box<Refused>),
    /// The session is nobody's any more.
    LoggedOut,
}

impl Stop {
    pub fn unreadable() -> Self {
        Status::invalid_argument("the request cannot be read").into()
    }

    /// There is such a page, but nothing is done with it that way.
    pub fn wrong_method() -> Self {
        match Self::not_found() {
            Self::Refused(mut refused) => {
                refused.http = StatusCode::METHOD_NOT_ALLOWED;
                Self::Refused(refused)
            }
            stop @ Self::LoggedOut => stop,
        }
    }

    /// There is no such page.
    pub fn not_found() -> Self {
        Status::not_found("the console has no such page").into()
    }

    pub fn forged() -> Self {
        Status::permission_denied(
            "this form was not sent from a page of your session: go back, load it again, and send \
             it once more",
        )
        .into()
    }
}

impl From<Unread> for Stop {
    fn from(unread: Unread) -> Self {
        let (http, status) = match unread {
            Unread::TooLong { most } => (
                StatusCode::PAYLOAD_TOO_LARGE,
                Status::resource_exhausted(format!("the form is longer than {most} bytes")),
            ),
            Unread::NoRoom => (
                StatusCode::SERVICE_UNAVAILABLE,
                Status::unavailable("too many forms are being read; nothing was done"),
            ),
            Unread::TooSlow => (
                StatusCode::REQUEST_TIMEOUT,
                Status::deadline_exceeded("the form did not come in time; nothing was done"),
            ),
            Unread::Broken(_) => return Self::unreadable(),
        };
        Self::Refused(Box::new(Refused { http, ..Refused::of(&status) }))
    }
}

impl From<Status> for Stop {
    fn from(status: Status) -> Self {
        match status.code() {
            Code::Unauthenticated => Self::LoggedOut,
            _ => Self::Refused(Box::new(Refused::of(&status))),
        }
    }
}

#[derive(Template)]
#[template(path = "stopped.html")]
struct StoppedPage {
    refused: Refused,
}

impl IntoResponse for Stop {
    fn into_response(self) -> Response {
        match self {
            Self::LoggedOut => {
                let cookie = session::no_cookie().map(|cookie| [(header::SET_COOKIE, cookie)]);
                (cookie, Redirect::to("/console/login")).into_response()
            }
            Self::Refused(refused) => {
                let page = StoppedPage { refused: *refused };
                match page.render() {
                    Ok(text) => (page.refused.http, axum::response::Html(text)).into_response(),
                    Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
                }
            }
        }
    }
}
