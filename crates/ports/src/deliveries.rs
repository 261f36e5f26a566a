//! Webhook endpoints and what is on its way to them.
//!
//! Of an endpoint's store every event up to its cursor has been looked at: it was delivered, or is
//! none that the endpoint wants, or waits in a delivery of its own to be tried again. What comes
//! after the cursor is read from the feed. So an endpoint that takes what it is sent costs one row
//! for each delivery, and one that does not delays no other.

use crate::{Lease, Page, PageRequest, StoreError};
use async_trait::async_trait;
use domain::{
    id::{EndpointId, EventId, OrderId, StoreId},
    webhook::Endpoint,
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// Names an endpoint: store first, as everywhere.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EndpointKey {
    pub store_id: StoreId,
    pub endpoint_id: EndpointId,
}

/// One message for one endpoint, and how far it got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Also the message's id, whatever the number of tries.
    pub event_id: EventId,
    /// One of [`domain::event::TYPES`], or [`domain::event::TEST`].
    pub kind: &'static str,
    /// None for what happened to the store itself, and for a test.
    pub order_id: Option<OrderId>,
    /// Of the event in its store; 0 for a test.
    pub position: i64,
    pub state: DeliveryState,
    /// Tries since it was begun, or asked for again by a person; the schedule counts these.
    pub tries: u32,
    /// When it is tried next. None if it is through, or waits for an earlier one of its order.
    pub due_at: Option<OffsetDateTime>,
    /// The latest [`Delivery::MAX_ATTEMPTS`], oldest first.
    pub attempts: Vec<Attempt>,
    pub created_at: OffsetDateTime,
    pub updated_at: OffsetDateTime,
}

impl Delivery {
    /// Attempts that are kept of one.
    pub const MAX_ATTEMPTS: usize = 20;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeliveryState {
    Pending,
    Delivered,
}

impl DeliveryState {
    /// The stable name, as stored and shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Delivered => "DELIVERED",
        }
    }
}

/// One try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// Of the answer, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why it failed; none if it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    pub millis: u32,
}

/// An endpoint that somebody works on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    pub endpoint: Endpoint,
    /// The position in the store's feed up to which everything was looked at.
    pub cursor: i64,
    /// Changes whenever a person changed the endpoint or asked for something to be sent again.
    pub touched: i64,
    pub lease: Lease,
}

/// What an endpoint has not taken yet, and what it took of what comes after its cursor.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Backlog {
    /// By position.
    pub pending: Vec<Delivery>,
    pub delivered: Vec<EventId>,
}

/// What one round of work on an endpoint came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// As they are from now on.
    pub deliveries: Vec<Delivery>,
    pub cursor: i64,
    /// When something waits to be tried again, the earliest.
    pub next_due: Option<OffsetDateTime>,
}

/// What is to be sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Again {
    /// One event, whatever its type.
    Event(EventId),
    /// Every event that the endpoint wants which occurred from a time on and before another.
    Range { from: OffsetDateTime, before: OffsetDateTime },
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    pub states: Vec<DeliveryState>,
    pub event_id: Option<EventId>,
}

/// Events that one call may send again.
pub const MAX_AGAIN: u32 = 10_000;

#[async_trait]
pub trait Deliveries: Send + Sync {
    async fn endpoint(&self, key: &EndpointKey) -> Result<Option<Endpoint>, StoreError>;

    /// All of a store, by id. There are at most [`domain::webhook::MAX_ENDPOINTS`].
    async fn endpoints(&self, store: &StoreId) -> Result<Vec<Endpoint>, StoreError>;

    /// Leases endpoints that are not disabled and have something to do: there are events after
    /// their cursor, or a delivery is due. The longest waiting first; nobody else's.
    async fn claim_endpoints(
        &self,
        limit: u32,
        lease: &Lease,
        now: OffsetDateTime,
    ) -> Result<Vec<Assignment>, StoreError>;

    /// Extends a lease that is still its owner's; `false` if it is not any more.
    async fn renew_endpoint(&self, key: &EndpointKey, lease: &Lease) -> Result<bool, StoreError>;

    /// Gives an endpoint back, if the lease is still its owner's.
    async fn release_endpoint(&self, key: &EndpointKey, owner: &str) -> Result<(), StoreError>;

    /// At most `limit` of what is pending.
    async fn backlog(&self, key: &EndpointKey, limit: u32) -> Result<Backlog, StoreError>;

    /// Keeps what came of a round, whole or not at all, and answers [`Assignment::touched`] as it is
    /// now; nothing is kept and nothing answered if the lease is not its owner's any more.
    async fn keep(
        &self,
        key: &EndpointKey,
        owner: &str,
        progress: &Progress,
    ) -> Result<Option<i64>, StoreError>;

    /// Newest first; one that is sent again keeps its place.
    async fn deliveries(
        &self,
        key: &EndpointKey,
        filter: &DeliveryFilter,
        page: PageRequest<EventId>,
    ) -> Result<Page<Delivery, EventId>, StoreError>;

    /// Puts deliveries in, or in again, to be tried at once and by the schedule from its beginning.
    /// Of what the endpoint has not been told of yet nothing is put in: it comes by itself. Answers
    /// how many there are; none if an event is not one of the store's.
    async fn send_again(
        &self,
        endpoint: &Endpoint,
        again: &Again,
        now: OffsetDateTime,
    ) -> Result<u32, StoreError>;

    /// Puts a test in. It has no event.
    async fn send_test(
        &self,
        key: &EndpointKey,
        id: EventId,
        now: OffsetDateTime,
    ) -> Result<(), StoreError>;

    /// Drops at most `limit` deliveries that were through before a time.
    async fn drop_delivered(&self, before: OffsetDateTime, limit: u32) -> Result<u64, StoreError>;
}
