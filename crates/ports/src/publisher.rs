use async_trait::async_trait;
use domain::id::{EventId, StoreId};
use std::{error::Error, fmt};

/// An event as a broker gets it.
#[derive(Clone, Copy)]
pub struct Published<'p> {
    /// A broker that is given it twice within its window keeps it once.
    pub event_id: EventId,
    pub store_id: &'p StoreId,
    /// Its stable name, in words with dots in between: `refund.succeeded`.
    pub kind: &'p str,
    /// JSON.
    pub body: &'p [u8],
    /// The W3C `traceparent` of what it comes from.
    pub trace: Option<&'p str>,
}

/// Why not all of a batch is known to be stored. Some of it may be, from its beginning: whoever
/// publishes the same batch again, in the same order, has it stored once.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The broker was not reached, or has not acknowledged in time.
    #[error("the broker cannot be reached")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// The broker does not take what it is sent. Somebody has to change something there or in the
    /// settings.
    #[error("the broker refuses what it is sent")]
    Refused(#[source] Box<dyn Error + Send + Sync>),
}

/// A broker that events are fanned out by, by role.
#[async_trait]
pub trait Publisher: Send + Sync {
    /// Publishes in this order and returns once the broker has acknowledged all of them as stored.
    ///
    /// # Errors
    ///
    /// [`PublishError`], within a bounded time. Nothing of the batch is stored behind a gap, unless
    /// the broker itself refuses one and takes the next.
    async fn publish(&self, events: &[Published<'_>]) -> Result<(), PublishError>;
}

impl fmt::Debug for Published<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Published")
            .field("event_id", &self.event_id)
            .field("store_id", &self.store_id)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}
