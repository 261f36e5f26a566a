use crate::CursorFault;
use domain::{Rejection, token::Role};
use ports::StoreError;
use std::time::Duration;

/// Why a use case did not happen.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("there is no {} {id:?}", what.name())]
    NotFound { what: Missing, id: String },
    #[error("request id {id:?} was already used with other content")]
    RequestIdReused { id: String },
    /// A unique key that somebody else has.
    #[error("{} {key:?} is already taken", what.name())]
    Taken { what: Taken, key: String },
    #[error("the resource is at version {actual}, not {asked}")]
    VersionMismatch { asked: i64, actual: i64 },
    #[error("{waiting} commands already wait for this order")]
    Crowded { waiting: usize },
    #[error("{}", text_of(*.0))]
    Cursor(CursorFault),
    /// No such login, another password, or shut out: which of them is nobody's business.
    #[error("the login or the password is wrong")]
    LoginFailed,
    #[error("{limit} attempts to log in failed")]
    TooManyAttempts { limit: u32, wait: Duration },
    /// Whoever calls shows a token, and has not logged in.
    #[error("nobody is logged in here")]
    NotASession,
    /// Whoever calls was let in, and is shut out by now.
    #[error("the caller may not call any more")]
    CallerEnded,
    /// Whoever calls was let in, and has another role by now.
    #[error("the role {role:?} does not allow {method}")]
    RoleForbids { role: Role, method: &'static str },
    #[error("too much of this is going on at the same time")]
    Overloaded,
    #[error("{limit} streams of this store are open already")]
    TooManyStreams { limit: usize },
    #[error(transparent)]
    Rejected(#[from] Rejection),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What was looked for and is not there, or is another store's, which answers the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    Store,
    Order,
    Refund,
    Cancellation,
    Quote,
    Token,
    Endpoint,
    Event,
    User,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    StoreId,
    MerchantGuid,
    Login,
    OrderId,
    ExternalOrderId,
    /// With other content; the same content is answered again.
    ExternalReference,
}

impl Missing {
    pub const ALL: [Self; 9] = [
        Self::Store,
        Self::Order,
        Self::Refund,
        Self::Cancellation,
        Self::Quote,
        Self::Token,
        Self::Endpoint,
        Self::Event,
        Self::User,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Order => "order",
            Self::Refund => "refund",
            Self::Cancellation => "cancellation",
            Self::Quote => "quote",
            Self::Token => "token",
            Self::Endpoint => "endpoint",
            Self::Event => "event",
            Self::User => "user",
        }
    }
}

impl Taken {
    pub const fn name(self) -> &'static str {
        match self {
            Self::StoreId => "store id",
            Self::MerchantGuid => "merchant GUID",
            Self::Login => "login",
            Self::OrderId => "order id",
            Self::ExternalOrderId => "external order id",
            Self::ExternalReference => "external reference",
        }
    }
}

impl Failure {
    pub fn not_found(what: Missing, id: impl Into<String>) -> Self {
        Self::NotFound { what, id: id.into() }
    }

    pub(crate) const fn is_conflict(&self) -> bool {
        matches!(self, Self::Store(StoreError::Conflict))
    }
}

fn text_of(fault: CursorFault) -> String {
    match fault {
        CursorFault::Unknown { last } => {
            format!("no event is known by this cursor: the feed ends at position {last}")
        }
        CursorFault::NotFound => "there is no such event".to_owned(),
        CursorFault::EpochChanged { last } => format!(
            "the feed was restored from an earlier state and has this event no more: it ends at \
             position {last}"
        ),
        CursorFault::TooOld { first } => {
            format!("the feed begins later, at position {first}")
        }
    }
}
