use async_nats::{
    ConnectErrorKind,
    jetstream::context::{CreateStreamErrorKind, PublishErrorKind},
};
use domain::id::EventId;
use ports::PublishError;
use std::{fmt::Display, time::Duration};

/// At which step it went wrong.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error("no connection was made")]
    Connect(#[source] Told<ConnectErrorKind>),
    #[error("there is no stream to publish to")]
    Stream(#[source] Told<CreateStreamErrorKind>),
    #[error("{0} was not acknowledged")]
    Event(EventId, #[source] Told<PublishErrorKind>),
    #[error("the batch took longer than {0:?}")]
    TooLong(Duration),
}

/// An error of the library with what lies below it, as one text: its own repeats its sources.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub(super) struct Told<Kind> {
    kind: Kind,
    text: String,
}

impl<Kind: Display> Told<Kind> {
    pub(super) fn of(kind: Kind, error: &impl Display) -> Self {
        Self { kind, text: error.to_string() }
    }
}

impl Trouble {
    /// Whether trying again comes to the same until somebody changes something.
    pub(super) fn is_refusal(&self) -> bool {
        match self {
            Self::Connect(told) => matches!(
                told.kind,
                ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation
            ),
            Self::Stream(told) => !matches!(
                told.kind,
                CreateStreamErrorKind::TimedOut
                    | CreateStreamErrorKind::Response
                    | CreateStreamErrorKind::JetStreamUnavailable
            ),
            Self::Event(_, told) => {
                matches!(told.kind, PublishErrorKind::MaxPayloadExceeded | PublishErrorKind::Other)
            }
            Self::TooLong(_) => false,
        }
    }
}

impl From<Trouble> for PublishError {
    fn from(trouble: Trouble) -> Self {
        if trouble.is_refusal() {
            Self::Refused(Box::new(trouble))
        } else {
            Self::Unavailable(Box::new(trouble))
        }
    }
}
