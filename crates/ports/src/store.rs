use crate::{Claim, ClaimKind, Commit, Receipt, RequestKey, StoreError, Stored};
use async_trait::async_trait;
use domain::{
    id::{OrderId, QuoteId, StoreId},
    order::Order,
    refund::RefundRequest,
    store::Store as StoreRecord,
};
use serde::{Deserialize, Serialize};
use std::ops::Range;
use time::OffsetDateTime;

/// Names an order: store first, as everywhere.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OrderKey {
    pub store_id: StoreId,
    pub order_id: OrderId,
}

impl OrderKey {
    pub const fn new(store_id: StoreId, order_id: OrderId) -> Self {
        Self { store_id, order_id }
    }
}

/// What a command on an order reads, in one round trip.
#[derive(Debug, Clone)]
pub struct Loaded {
    pub order: Option<Stored<Order>>,
    pub receipt: Option<Receipt>,
}

/// A refund as it was quoted: enough to make exactly that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    pub quote_id: QuoteId,
    pub order: OrderKey,
    /// `Order::revision` at the time.
    pub revision: i64,
    pub request: RefundRequest,
    /// Digest of every figure of the plan.
    pub hash: [u8; 32],
    pub expires_at: OffsetDateTime,
}

/// Refund numbers to give out: unique in their store, drawn in blocks.
pub type NumberBlock = Range<i64>;

/// Where commands read their state and leave their changes. Reads here are of the writer's own
/// database, never of a replica.
#[async_trait]
pub trait Store: Send + Sync {
    /// The order, and the receipt of the request if it was carried out before.
    async fn load(
        &self,
        order: &OrderKey,
        request: Option<&RequestKey>,
    ) -> Result<Loaded, StoreError>;

    async fn receipt(&self, request: &RequestKey) -> Result<Option<Receipt>, StoreError>;

    /// Who has a unique key. For a global kind the store does not count.
    async fn claim(
        &self,
        store: &StoreId,
        kind: ClaimKind,
        key: &str,
    ) -> Result<Option<Claim>, StoreError>;

    async fn store(&self, store: &StoreId) -> Result<Option<Stored<StoreRecord>>, StoreError>;

    /// Draws `count` refund numbers; no other call ever gets one of them.
    async fn draw_refund_numbers(
        &self,
        store: &StoreId,
        count: u32,
    ) -> Result<NumberBlock, StoreError>;

    /// Keeps a quote. Quotes that expired before `now` may be dropped on the way.
    async fn save_quote(&self, quote: &Quote, now: OffsetDateTime) -> Result<(), StoreError>;

    async fn quote(&self, order: &OrderKey, quote: QuoteId) -> Result<Option<Quote>, StoreError>;

    /// Applies every part of `commit`, durably, or none of it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] if a record is not at the version it was read at, a receipt or a
    /// unique key exists already. [`StoreError::Corrupt`] if the schema's own rules (never more
    /// returned than captured) refuse it.
    async fn commit(&self, commit: Commit) -> Result<(), StoreError>;
}
