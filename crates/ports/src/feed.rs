//! The event log as it is read: what was committed, in the order in which readers may see it.
//!
//! Every fact becomes one entry of its store's log, chained to the one before by its hash. Entries
//! that are events have a position in the store, and one over all stores; both are from 1, without
//! gaps, and given once the fact is committed: a position that can be read is never followed by a
//! lower one that could not.

use crate::StoreError;
use async_trait::async_trait;
use domain::{
    Actor,
    id::{EventId, OrderId, StoreId},
    order::ExternalIds,
};
use sha2::{Digest as _, Sha256};
use time::{Duration, OffsetDateTime};

/// What the first entry of a log is chained to.
pub const NO_ENTRY: [u8; 32] = [0; 32];

/// An event as readers see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub event_id: EventId,
    /// One of [`domain::event::TYPES`].
    pub kind: &'static str,
    pub store_id: StoreId,
    /// None for what happened to the store itself.
    pub order_id: Option<OrderId>,
    pub entity_id: String,
    /// Within the order, from 1, without gaps; 0 without an order.
    pub sequence: i64,
    /// Within the store, from 1, without gaps.
    pub position: i64,
    /// Over all stores, from 1, without gaps.
    pub overall: i64,
    pub occurred_at: OffsetDateTime,
    pub actor: Actor,
    /// What the merchant's own system calls the order.
    pub external: Option<ExternalIds>,
    /// A JSON object.
    pub data: String,
    /// W3C `traceparent` of the command.
    pub trace: Option<String>,
}

/// Every condition that is given has to hold; of several types, any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    pub types: Vec<&'static str>,
    pub order_id: Option<OrderId>,
}

impl EventFilter {
    pub fn matches(&self, event: &Event) -> bool {
        (self.types.is_empty() || self.types.contains(&event.kind))
            && self.order_id.as_ref().is_none_or(|id| event.order_id.as_ref() == Some(id))
    }
}

/// A part of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    pub events: Vec<Event>,
    /// Up to here everything was looked at.
    pub seen: i64,
    /// Whether there is more after that now.
    pub more: bool,
}

/// Reads of events. What one call has shown, every later one shows as well.
#[async_trait]
pub trait EventFeed: Send + Sync {
    /// At most `limit` events of the store after a position, in the order of their positions. Of a
    /// filter that lets little pass it may look at a part of the feed only and answer fewer.
    async fn events(
        &self,
        store: &StoreId,
        filter: &EventFilter,
        after: i64,
        limit: u32,
    ) -> Result<Stretch, StoreError>;

    /// Where an event of this store stands.
    async fn position(&self, store: &StoreId, event: EventId) -> Result<Option<i64>, StoreError>;

    /// The last position of a store; 0 before its first event.
    async fn last_position(&self, store: &StoreId) -> Result<i64, StoreError>;

    /// At most `limit` events of all stores after a position over all of them.
    async fn all_events(&self, after: i64, limit: u32) -> Result<Vec<Event>, StoreError>;

    /// The last position over all stores; 0 before the first event.
    async fn last_overall(&self) -> Result<i64, StoreError>;

    /// Returns once events may have come: at the latest when `at_most` has passed.
    async fn published(&self, at_most: Duration);
}

/// What one round of a [`Sequencer`] came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbering {
    /// So many entries have their place in the log now.
    Done(usize),
    /// Another process is at it.
    Elsewhere,
}

/// Gives what was committed its place in the log, where commits cannot do that themselves. Any
/// number of processes may run one; one at a time works.
#[async_trait]
pub trait Sequencer: Send + Sync {
    /// Numbers a batch of what can be seen now.
    async fn number(&self) -> Result<Numbering, StoreError>;

    /// Returns once something may have been committed, or when `at_most` has passed.
    async fn committed(&self, at_most: Duration);
}

/// What the hash of an entry covers: all that is stored of it, byte by byte.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'e> {
    pub store_id: &'e str,
    /// Empty for what happened to the store itself.
    pub order_id: &'e str,
    pub place: i64,
    pub sequence: Option<i64>,
    pub event_id: EventId,
    pub kind: &'e str,
    /// Microseconds since 1970.
    pub occurred_at: i64,
    pub actor_kind: &'e str,
    pub actor_id: &'e str,
    pub trace: Option<&'e str>,
    /// The fact in full, as stored.
    pub body: &'e str,
    /// What readers see beside it: what it is about, the merchant's own id and number, the data.
    pub told: Option<[Option<&'e str>; 4]>,
}

impl Entry<'_> {
    /// Of all parts, each with its length before it; what is not there has a length of its own.
    pub fn digest(&self) -> [u8; 32] {
        let mut hasher = Sha256::new();
        let mut optional = |bytes: Option<&[u8]>| {
            let length = bytes.map_or(u64::MAX, |bytes| bytes.len() as u64);
            hasher.update(length.to_be_bytes());
            hasher.update(bytes.unwrap_or_default());
        };
        let mut part = |bytes: &[u8]| optional(Some(bytes));
        part(self.store_id.as_bytes());
        part(self.order_id.as_bytes());
        part(&self.place.to_be_bytes());
        part(&self.sequence.unwrap_or(0).to_be_bytes());
        part(self.event_id.as_uuid().as_bytes());
        part(self.kind.as_bytes());
        part(&self.occurred_at.to_be_bytes());
        part(self.actor_kind.as_bytes());
        part(self.actor_id.as_bytes());
        part(self.body.as_bytes());
        optional(self.trace.map(str::as_bytes));
        for told in self.told.iter().flatten() {
            optional(told.map(str::as_bytes));
        }
        hasher.finalize().into()
    }
}

/// The hash of an entry that comes after the one with hash `before`.
pub fn chained(before: &[u8; 32], digest: &[u8; 32]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(before);
    hasher.update(digest);
    hasher.finalize().into()
}

/// How long a log is, and the hash of its last entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    pub entries: i64,
    /// Of its last event.
    pub position: i64,
    pub hash: [u8; 32],
}

impl Default for Head {
    fn default() -> Self {
        Self { entries: 0, position: 0, hash: NO_ENTRY }
    }
}

/// Where an entry stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Within its store, from 1, without gaps.
    pub entry: i64,
    /// Of an event.
    pub position: Option<i64>,
    /// Of an event, over all stores.
    pub overall: Option<i64>,
    pub hash: [u8; 32],
}

impl Head {
    /// Adds an entry to the log, and to the count over all stores.
    pub fn add(&mut self, overall: &mut i64, is_event: bool, digest: &[u8; 32]) -> Place {
        self.entries += 1;
        self.hash = chained(&self.hash, digest);
        if is_event {
            self.position += 1;
            *overall += 1;
        }
        Place {
            entry: self.entries,
            position: is_event.then_some(self.position),
            overall: is_event.then_some(*overall),
            hash: self.hash,
        }
    }
}
