//! Webhook endpoints and what is on its way to them.
//!
//! Of an endpoint's store every event up to its cursor has been looked at: it was delivered, or is
//! none that the endpoint wants, or waits in a delivery of its own to be tried again. What comes
//! after the cursor is read from the feed. So an endpoint that takes what it is sent costs one row
//! for each delivery, and one that does not delays no other.

use crate::{Event, Lease, Page, PageRequest, StoreError};
use async_trait::async_trait;
use domain::{
    event,
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
    /// When it is tried next. None if it is through, or comes once an earlier one of its order is.
    pub due_at: Option<OffsetDateTime>,
    /// Grows whenever the schedule begins anew. What came of a try counts for the beginning that it
    /// was made after, so that nobody's wish to have it sent again is lost to an older outcome.
    pub begun: i64,
    /// A person wanted it sent. It is, whatever the endpoint wants by then.
    pub asked: bool,
    /// The latest [`Delivery::MAX_ATTEMPTS`], oldest first. A backlog says none, and what came of a
    /// round those that were made in it.
    pub attempts: Vec<Attempt>,
    pub created_at: OffsetDateTime,
    pub updated_at: OffsetDateTime,
}

impl Delivery {
    /// Attempts that are kept of one.
    pub const MAX_ATTEMPTS: usize = 20;

    /// As an endpoint is told of an event for the first time, at once.
    pub fn of(event: &Event, now: OffsetDateTime) -> Self {
        let Event { event_id, kind, position, .. } = *event;
        Self { order_id: event.order_id.clone(), position, ..Self::first(event_id, kind, now) }
    }

    /// A test, as somebody asks for it.
    pub fn test(id: EventId, now: OffsetDateTime) -> Self {
        Self { begun: 1, asked: true, ..Self::first(id, event::TEST, now) }
    }

    const fn first(event_id: EventId, kind: &'static str, now: OffsetDateTime) -> Self {
        Self {
            event_id,
            kind,
            order_id: None,
            position: 0,
            state: DeliveryState::Pending,
            tries: 0,
            due_at: Some(now),
            begun: 0,
            asked: false,
            attempts: Vec::new(),
            created_at: now,
            updated_at: now,
        }
    }

    /// Once somebody asked for it: to be tried at once and by the schedule from its beginning.
    #[must_use]
    pub fn asked_for(self, now: OffsetDateTime) -> Self {
        Self {
            state: DeliveryState::Pending,
            tries: 0,
            due_at: Some(now),
            begun: self.begun + 1,
            asked: true,
            updated_at: now,
            ..self
        }
    }

    /// As it stands once this, which came of a round, is kept: what was tried is added to what is
    /// `known`, each try once, and how far it got counts unless it was begun anew meanwhile.
    #[must_use]
    pub fn kept_over(mut self, known: Self) -> Self {
        let mut attempts = known.attempts.clone();
        for attempt in std::mem::take(&mut self.attempts) {
            // The answer to an earlier call that kept it may have been lost.
            if !attempts.contains(&attempt) {
                attempts.push(attempt);
            }
        }
        attempts.drain(..attempts.len().saturating_sub(Self::MAX_ATTEMPTS));
        let Self { begun, asked, created_at, .. } = known;
        let stands = if self.begun == begun { Self { asked, created_at, ..self } } else { known };
        Self { attempts, ..stands }
    }
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
    /// Grows whenever a person changed the endpoint or asked for something to be sent again.
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
    /// As they are from now on; see [`Delivery::kept_over`]. Each is there once.
    pub deliveries: Vec<Delivery>,
    /// What is pending that the endpoint does not want any more. It is dropped, unless somebody
    /// asked for it.
    pub unwanted: Vec<EventId>,
    pub cursor: i64,
    /// When there is something to do again.
    pub outlook: Outlook,
    /// As the worker knows it. If somebody touched the endpoint since, there is something to do
    /// whatever [`Self::outlook`] says.
    pub touched: i64,
}

/// When there is something to do for an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outlook {
    /// When something waits to be tried again, the earliest.
    pub due_at: Option<OffsetDateTime>,
    /// So much waits to be tried again that nothing new is begun, whatever comes.
    pub full: bool,
    /// The endpoint wants to be left alone until then, whatever is due and whatever comes. A change
    /// of the endpoint ends it.
    pub quiet_until: Option<OffsetDateTime>,
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

/// Deliveries to one endpoint that may be pending before nothing is put in any more to be sent
/// again. A worker begins nothing new long before that, so that all that is pending can be loaded.
pub const MAX_PENDING: u32 = 20_000;

/// What became of a wish to have something sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutIn {
    /// So many deliveries were put in.
    Done(u32),
    /// None was: so many are pending already, [`MAX_PENDING`] or more.
    Full(u32),
}

/// Endpoints come and go with [`crate::Commit::endpoints`]. A new one is told of what comes after
/// the store's last event; one that is enabled again, of all that came meanwhile, and what it had
/// not taken is tried by the schedule from its beginning.
#[async_trait]
pub trait Deliveries: Send + Sync {
    async fn endpoint(&self, key: &EndpointKey) -> Result<Option<Endpoint>, StoreError>;

    /// All of a store, by id. There are at most [`domain::webhook::MAX_ENDPOINTS`].
    async fn endpoints(&self, store: &StoreId) -> Result<Vec<Endpoint>, StoreError>;

    /// Leases endpoints that are not disabled, do not want to be left alone, and have something to
    /// do: a delivery is due, or there are events after the cursor of one that is not full. Those
    /// first that were not anybody's for the longest time. Two callers never get the same while its
    /// lease runs.
    async fn claim_endpoints(
        &self,
        limit: u32,
        lease: &Lease,
        now: OffsetDateTime,
    ) -> Result<Vec<Assignment>, StoreError>;

    /// Extends a lease that is still its owner's and answers [`Assignment::touched`] as it is now;
    /// nothing if it is not the owner's any more.
    async fn renew_endpoint(
        &self,
        key: &EndpointKey,
        lease: &Lease,
    ) -> Result<Option<i64>, StoreError>;

    /// Gives an endpoint back, if the lease is still its owner's.
    async fn release_endpoint(&self, key: &EndpointKey, owner: &str) -> Result<(), StoreError>;

    /// All that is pending, without its attempts.
    async fn backlog(&self, key: &EndpointKey) -> Result<Backlog, StoreError>;

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
    /// None of an event that is not one of the store's, or that the endpoint was not told of yet,
    /// because that comes by itself. Of a range those of the earliest events, and no more than
    /// [`MAX_AGAIN`], nor than [`MAX_PENDING`] together with what is pending anyway.
    async fn send_again(
        &self,
        endpoint: &Endpoint,
        again: &Again,
        now: OffsetDateTime,
    ) -> Result<PutIn, StoreError>;

    /// Puts a test in, to be tried at once. It has no event.
    async fn send_test(
        &self,
        key: &EndpointKey,
        id: EventId,
        now: OffsetDateTime,
    ) -> Result<PutIn, StoreError>;

    /// Drops at most `limit` deliveries that were through before a time, and of what is left of
    /// endpoints that were deleted. Answers how many it were: there may be more if it is the limit.
    async fn drop_delivered(&self, before: OffsetDateTime, limit: u32) -> Result<u64, StoreError>;
}
