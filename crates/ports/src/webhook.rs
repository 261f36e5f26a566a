use async_trait::async_trait;
use std::{fmt, time::Duration};
use time::OffsetDateTime;

/// A message as it goes out to an endpoint.
#[derive(Clone, Copy)]
pub struct Outgoing<'o> {
    pub url: &'o str,
    /// It is signed with each, the newest first: two during a rotation. `whsec_` and then base64.
    pub secrets: &'o [String],
    /// The same with every try, so that a receiver can tell what it has had.
    pub message_id: &'o str,
    /// Of this try: a receiver refuses what is much older than its own clock says.
    pub at: OffsetDateTime,
    /// JSON.
    pub body: &'o [u8],
    /// The W3C `traceparent` of what the message comes from.
    pub trace: Option<&'o str>,
}

/// What became of one try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reception {
    Accepted,
    /// The endpoint wants nothing any more.
    Gone,
    Failed {
        /// For the merchant: what went wrong, in plain words. Of what the endpoint answered there
        /// are 200 printable characters at most, and no secret and no address of ours.
        why: String,
        /// The endpoint asks to be left alone for so long, 24 hours at most.
        retry_after: Option<Duration>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The HTTP status, if there was an answer.
    pub status: Option<u16>,
    pub reception: Reception,
}

/// What brings messages to the endpoints of merchants, by role.
#[async_trait]
pub trait WebhookSender: Send + Sync {
    /// Whether messages may be sent there at all, as far as the URL itself tells. A name may still
    /// lead to where nothing may be sent; [`Self::send`] finds out.
    ///
    /// # Errors
    ///
    /// What is wrong with the URL, for whoever gave it.
    fn check(&self, url: &str) -> Result<(), String>;

    /// Tries once, within limits of time and size. It decides nothing about further tries.
    async fn send(&self, message: Outgoing<'_>) -> Sent;
}

impl fmt::Debug for Outgoing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Neither the secrets nor the URL, which may hold one.
        f.debug_struct("Outgoing").field("message_id", &self.message_id).finish_non_exhaustive()
    }
}
