use crate::{OrderFilter, OrderKey, OrderOrigin, OrderSort, StoreError, Stored, Version};
use async_trait::async_trait;
use domain::{
    Actor,
    cancellation::{CancellationReason, CancellationState, RequestedBy},
    id::{CancellationId, EventId, OrderId, RefundId, StoreId, TokenId},
    order::{Fact, Order, Personal},
    refund::RefundState,
    store::Store as StoreRecord,
    token::Token,
};
use std::{collections::BTreeMap, ops::RangeInclusive};
use time::OffsetDateTime;

/// An order as it is shown: with the personal data, unless they were erased.
#[derive(Debug, Clone)]
pub struct OrderView {
    pub order: Order,
    pub version: Version,
    pub personal: Option<Personal>,
}

/// One entry of an order's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedFact {
    pub event_id: EventId,
    /// Place in the order's history, from 1, without gaps.
    pub place: i64,
    /// Sequence in the public feed, for facts that readers see.
    pub sequence: Option<i64>,
    pub fact: Fact,
    pub actor: Actor,
    pub occurred_at: OffsetDateTime,
}

/// A page's size and where the last one ended. Keyset: never an offset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest<C> {
    /// 1 to 1000.
    pub size: u32,
    pub after: Option<C>,
}

/// Some rows, and after what the next page starts if there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T, C> {
    pub items: Vec<T>,
    pub next: Option<C>,
}

/// Every condition that is given has to hold; of several values in one, any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RefundFilter {
    /// All orders of the store if not given.
    pub order_id: Option<OrderId>,
    pub states: Vec<RefundState>,
    /// When they were made. One whose id was drawn more than a day before or after it was made, by
    /// the clock of the machine that drew it, need not be found in a period.
    pub made: Period,
}

/// From a time on, and before another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Period {
    /// Inclusive.
    pub from: Option<OffsetDateTime>,
    /// Exclusive.
    pub before: Option<OffsetDateTime>,
}

impl Period {
    /// Has neither beginning nor end.
    pub const fn is_always(&self) -> bool {
        self.from.is_none() && self.before.is_none()
    }
}

/// Every condition that is given has to hold; of several values in one, any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CancellationFilter {
    /// All orders of the store if not given.
    pub order_id: Option<OrderId>,
    pub states: Vec<CancellationState>,
    pub requested_by: Vec<RequestedBy>,
    /// As the merchant's or as the customer's.
    pub reasons: Vec<CancellationReason>,
    pub created: Period,
    /// One that was not accepted yet is in no such period; the same for the next.
    pub accepted: Period,
    pub completed: Period,
    /// The first or the secondary code of any of its lines.
    pub product_code: Option<String>,
}

/// A cancellation in a list; the order has the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancellationRef {
    pub order_id: OrderId,
    pub cancellation_id: CancellationId,
}

/// A refund in a list; the order has the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundRef {
    pub order_id: OrderId,
    pub refund_id: RefundId,
}

/// Reads for showing. No decision about money is made on them.
#[async_trait]
pub trait Reader: Send + Sync {
    async fn order(&self, key: &OrderKey) -> Result<Option<OrderView>, StoreError>;

    /// A page may hold fewer orders than were asked for, even none, and yet be followed by another:
    /// how much one page looks through has a bound.
    async fn orders(
        &self,
        store: &StoreId,
        filter: &OrderFilter,
        sort: OrderSort,
        page: PageRequest<OrderOrigin>,
    ) -> Result<Page<OrderView, OrderOrigin>, StoreError>;

    /// How many orders a buyer made in a store within a time, both ends included; counting stops at
    /// `at_most`. The e-mail counts without regard to case and to blanks around it.
    async fn count_orders_of(
        &self,
        store: &StoreId,
        buyer_email: &str,
        made: RangeInclusive<OffsetDateTime>,
        at_most: u32,
    ) -> Result<u32, StoreError>;

    /// Oldest first.
    async fn refunds(
        &self,
        store: &StoreId,
        filter: &RefundFilter,
        page: PageRequest<RefundId>,
    ) -> Result<Page<RefundRef, RefundId>, StoreError>;

    /// When the refunds of these orders succeeded, the last time for each; those that never did are
    /// left out.
    async fn refunds_succeeded(
        &self,
        store: &StoreId,
        orders: &[OrderId],
    ) -> Result<BTreeMap<RefundId, OffsetDateTime>, StoreError>;

    /// Newest first.
    async fn cancellations(
        &self,
        store: &StoreId,
        filter: &CancellationFilter,
        page: PageRequest<CancellationId>,
    ) -> Result<Page<CancellationRef, CancellationId>, StoreError>;

    /// The whole history of an order, oldest first.
    async fn facts(&self, key: &OrderKey) -> Result<Vec<LoggedFact>, StoreError>;

    /// The fact that made the refund, which has the derivations of its figures.
    async fn refund_created(
        &self,
        key: &OrderKey,
        refund: RefundId,
    ) -> Result<Option<LoggedFact>, StoreError>;

    /// By store id.
    async fn stores(
        &self,
        page: PageRequest<StoreId>,
    ) -> Result<Page<Stored<StoreRecord>, StoreId>, StoreError>;

    /// By token id.
    async fn tokens(
        &self,
        store: &StoreId,
        page: PageRequest<TokenId>,
    ) -> Result<Page<Token, TokenId>, StoreError>;

    async fn token(&self, store: &StoreId, token: TokenId) -> Result<Option<Token>, StoreError>;

    /// The token with this SHA-256 of its secret, live or not.
    async fn token_by_hash(&self, hash: &[u8; 32]) -> Result<Option<Token>, StoreError>;

    /// How many tokens of the store open anything at `at`.
    async fn count_live_tokens(
        &self,
        store: &StoreId,
        at: OffsetDateTime,
    ) -> Result<u32, StoreError>;

    /// Answers if the database does: a round trip that touches no data.
    async fn ping(&self) -> Result<(), StoreError>;
}
