//! Webhook endpoints: where a merchant wants to be told of events.

mod change;

pub use change::{EndpointPatch, NewEndpoint};

use crate::{
    Reason, Rejection,
    id::{EndpointId, StoreId},
};
use serde::{Deserialize, Serialize};
use std::{fmt, time::Duration};
use time::OffsetDateTime;

/// Endpoints that one store may have.
pub const MAX_ENDPOINTS: usize = 20;

/// Another endpoint beside so many.
///
/// # Errors
///
/// [`Reason::TooManyEndpoints`] if a store has as many as it may.
pub fn room_for_another(held: usize) -> Result<(), Rejection> {
    if held < MAX_ENDPOINTS {
        return Ok(());
    }
    let text = format!("the store has {held} endpoints, and may have {MAX_ENDPOINTS}");
    Err(Rejection::new(Reason::TooManyEndpoints, text)
        .with("endpoints", held)
        .with("limit", MAX_ENDPOINTS))
}

/// Waits before each try of a delivery, the first of them at once. After the last one the endpoint
/// is disabled (Standard Webhooks).
pub const SCHEDULE: [Duration; 10] = [
    Duration::ZERO,
    Duration::from_secs(5),
    Duration::from_mins(5),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(5),
    Duration::from_hours(10),
    Duration::from_hours(14),
    Duration::from_hours(20),
    Duration::from_hours(24),
];

/// Where a merchant is told of events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    pub store_id: StoreId,
    pub endpoint_id: EndpointId,
    pub url: String,
    /// Of these types alone; none named is all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<String>,
    pub format: Format,
    /// The newest first; an older one is used beside it until it ends.
    pub secrets: Vec<Secret>,
    /// Why nothing is sent any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<Disabled>,
    /// Counts changes.
    pub version: i64,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub updated_at: OffsetDateTime,
}

/// What a message looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Format {
    /// By Standard Webhooks.
    #[default]
    Standard,
    /// The order refund of the compatible endpoint, once for each refund that is made.
    Globale,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secret {
    /// `whsec_` and the key in base64.
    pub secret: String,
    /// Until when messages are signed with it; without one, until it is replaced.
    #[serde(
        default,
        with = "time::serde::rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub until: Option<OffsetDateTime>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disabled {
    pub why: String,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// By a person, and not because it did not take what it was sent.
    pub by_person: bool,
}

impl Endpoint {
    /// As it may be written down for ever: the URL, which may hold a secret as well, is cut.
    #[must_use]
    pub fn without_secrets(mut self) -> Self {
        self.secrets.clear();
        self.url = origin(&self.url);
        self
    }

    /// What of its URL may be told to others: the scheme, the host and the port.
    pub fn origin(&self) -> String {
        origin(&self.url)
    }

    /// Whether it is told of events of this type.
    pub fn wants(&self, kind: &str) -> bool {
        let named = self.types.is_empty() || self.types.iter().any(|it| it == kind);
        named && self.format.has(kind)
    }

    /// The one type of event that an endpoint of the compatible format is told of.
    pub const GLOBALE: &str = "refund.created";

    /// The secrets that a message is signed with, the newest first.
    pub fn secrets_at(&self, now: OffsetDateTime) -> Vec<String> {
        let live = self.secrets.iter().filter(|secret| secret.is_live(now));
        live.map(|secret| secret.secret.clone()).collect()
    }
}

/// By the rules of browsers, to which slashes of both kinds are the same, and too many or too few
/// of them no fault. Better too little is left of a URL than too much.
fn origin(url: &str) -> String {
    let slash = |character| matches!(character, '/' | '\\');
    let (scheme, rest) = url.split_once(':').unwrap_or(("", url));
    let rest = rest.trim_start_matches(slash);
    let end = |character| slash(character) || matches!(character, '?' | '#');
    let authority = rest.split(end).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{}://{host}", scheme.to_ascii_lowercase())
}

impl Secret {
    fn is_live(&self, now: OffsetDateTime) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

impl Format {
    /// The stable name, as stored and shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Standard => "STANDARD",
            Self::Globale => "GLOBALE",
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret").field("until", &self.until).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_are_told_of_a_url_holds_no_secret() {
        for (url, told) in [
            ("https://shop.example/hooks/s3cret?key=s3cret", "https://shop.example"),
            ("https://shop.example:8443?s3cret", "https://shop.example:8443"),
            ("https://shop.example#s3cret", "https://shop.example"),
            ("https://[2606:4700::1111]:8443/s3cret", "https://[2606:4700::1111]:8443"),
            ("http://127.0.0.1:9", "http://127.0.0.1:9"),
            ("HTTPS:shop.example/s3cret", "https://shop.example"),
            ("https:\\\\shop.example\\s3cret", "https://shop.example"),
            ("https:////shop.example//s3cret", "https://shop.example"),
            ("https://me:s3cret@shop.example/", "https://shop.example"),
        ] {
            assert_eq!(origin(url), told, "{url}");
        }
    }
}
