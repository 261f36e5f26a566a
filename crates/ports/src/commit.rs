//! Everything that one command changes, as a value.

use crate::{SessionChange, Task, Transfer, UserChange, event_id, store::OrderKey};
use domain::{
    Actor, Rejection,
    id::{EndpointId, EventId, OrderId, StoreId},
    order::{Command, Fact, Order, Personal},
    store::{Store as StoreRecord, StoreFact},
    token::Token,
    webhook::Endpoint,
};
use std::collections::BTreeSet;
use time::OffsetDateTime;

/// How many facts a record's history holds. Zero means that it does not exist yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Version(pub i64);

impl Version {
    pub const NEW: Self = Self(0);

    /// The version after `facts` more of them.
    #[must_use]
    pub fn after(self, facts: usize) -> Self {
        Self(self.0.saturating_add(i64::try_from(facts).unwrap_or(i64::MAX)))
    }
}

/// A state together with the version it was read at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored<S> {
    pub state: S,
    pub version: Version,
}

impl Stored<Order> {
    /// Runs a command and keeps what is needed to commit it. Pure.
    ///
    /// # Errors
    ///
    /// The order's [`Rejection`].
    pub fn decide(&self, command: Command, now: OffsetDateTime) -> Result<OrderChange, Rejection> {
        let facts = self.state.decide(command)?;
        let mut after = facts.iter().fold(self.state.clone(), Order::evolve);
        if !facts.is_empty() {
            after.updated_at = now;
        }
        let published_before = self.state.published;
        Ok(OrderChange { before: self.version, after, facts, published_before, personal: None })
    }
}

/// One order's step, and the facts that explain it.
#[derive(Debug, Clone)]
pub struct OrderChange {
    pub before: Version,
    pub after: Order,
    pub facts: Vec<Fact>,
    /// The feed sequence of the last public fact before this change.
    pub published_before: i64,
    /// Personal data of a new order; kept beside it.
    pub personal: Option<Box<Personal>>,
}

impl OrderChange {
    /// The first fact of an order that does not exist yet.
    pub fn create(received: Fact, personal: Personal) -> Option<Self> {
        let Fact::OrderReceived { order } = &received else { return None };
        let after = (**order).clone().evolve(&received);
        Some(Self {
            before: Version::NEW,
            after,
            facts: vec![received],
            published_before: 0,
            personal: Some(Box::new(personal)),
        })
    }

    pub fn key(&self) -> OrderKey {
        OrderKey::new(self.after.store_id.clone(), self.after.order_id.clone())
    }

    pub fn version(&self) -> Version {
        self.before.after(self.facts.len())
    }

    /// The facts with their place in the order's history (from 1, without gaps) and, for those
    /// that readers of the feed see, their sequence there (from 1, without gaps).
    pub fn numbered(&self) -> impl Iterator<Item = (i64, Option<i64>, &Fact)> {
        let mut published = self.published_before;
        (self.before.0 + 1..).zip(&self.facts).map(move |(place, fact)| {
            let sequence = fact.is_public().then(|| {
                published += 1;
                published
            });
            (place, sequence, fact)
        })
    }
}

/// One store's step. Its facts go to the event log as audit entries.
#[derive(Debug, Clone)]
pub struct StoreChange {
    pub before: Version,
    pub after: StoreRecord,
    pub facts: Vec<StoreFact>,
}

impl StoreChange {
    pub fn version(&self) -> Version {
        self.before.after(self.facts.len())
    }
}

/// A token as it is to be from now on, with the SHA-256 of its secret. Goes with the
/// [`StoreChange`] whose fact says so.
#[derive(Debug, Clone)]
pub struct TokenChange {
    pub token: Token,
    /// Given for a new token; a stored hash never changes.
    pub hash: Option<[u8; 32]>,
}

/// A webhook endpoint as it is to be from now on. Goes with the [`StoreChange`] whose fact says so.
#[derive(Debug, Clone)]
pub enum EndpointChange {
    /// Adds it, or replaces it as a whole. If it was disabled and is not any more, all that is
    /// pending is due at once, by the schedule from its beginning.
    Put(Box<Endpoint>),
    /// With all that is on its way to it.
    Delete { store_id: StoreId, endpoint_id: EndpointId },
}

impl EndpointChange {
    pub fn store_id(&self) -> &StoreId {
        match self {
            Self::Put(endpoint) => &endpoint.store_id,
            Self::Delete { store_id, .. } => store_id,
        }
    }
}

/// Which request: ids are scoped to store and method.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestKey {
    pub store_id: StoreId,
    /// Such as `CreateRefund`.
    pub method: &'static str,
    pub request_id: String,
}

/// Proof that a request was carried out, so that a retry is answered and not repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    pub key: RequestKey,
    /// Digest of the request: the same id with other content is a caller's mistake.
    pub fingerprint: [u8; 32],
    /// The answer as the service rendered it; opaque here, given back byte for byte.
    pub answer: Vec<u8>,
}

/// What must be unique within a store beside its records' own keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ClaimKind {
    /// The merchant's id of an order; the holder is the order id.
    ExternalOrderId,
    /// The external reference of a refund; the holder is the request id whose receipt has the
    /// answer.
    RefundReference,
    /// A payment that proves that money came back; the holder is the order id.
    RepaymentReference,
    /// The merchant GUID, unique over all stores; the holder is the store id. Its `store_id` is
    /// the store's own, and only the key counts.
    MerchantGuid,
    /// What somebody logs in with, unique in its store; the holder is the user id.
    Login,
}

impl ClaimKind {
    /// The stable name, as stored.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ExternalOrderId => "external_order_id",
            Self::RefundReference => "refund_reference",
            Self::RepaymentReference => "repayment_reference",
            Self::MerchantGuid => "merchant_guid",
            Self::Login => "login",
        }
    }

    /// Whether a key may be taken once over all stores, or once in each.
    pub const fn is_global(self) -> bool {
        matches!(self, Self::MerchantGuid)
    }
}

/// A unique key, and who has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub store_id: StoreId,
    pub kind: ClaimKind,
    pub key: String,
    pub holder: String,
    /// Digest of what the key was taken for, where the same again is no conflict.
    pub fingerprint: [u8; 32],
}

#[derive(Debug, Clone)]
pub enum ClaimChange {
    /// Conflict if somebody has it.
    Take(Claim),
    /// Of this holder. What somebody else has stays his.
    Free { store_id: StoreId, kind: ClaimKind, key: String, holder: String },
}

#[derive(Debug, Clone)]
pub enum TaskChange {
    /// Adds the task, or replaces one of the same kind and subject, leased or not.
    Put(Task),
    Done {
        key: OrderKey,
        kind: crate::TaskKind,
        subject: String,
    },
}

/// Everything one command changes: records, facts, receipt, unique keys and work, together.
#[derive(Debug, Clone)]
pub struct Commit {
    pub at: OffsetDateTime,
    pub actor: Actor,
    /// W3C `traceparent` of the command; travels with facts and tasks.
    pub trace: Option<String>,
    pub receipt: Option<Receipt>,
    pub orders: Vec<OrderChange>,
    pub stores: Vec<StoreChange>,
    pub tokens: Vec<TokenChange>,
    pub endpoints: Vec<EndpointChange>,
    pub users: Vec<UserChange>,
    pub sessions: Vec<SessionChange>,
    pub claims: Vec<ClaimChange>,
    pub tasks: Vec<TaskChange>,
    /// Own value that moves with the command. Conflict if one of their keys was posted before, or
    /// an account holds too little.
    pub transfers: Vec<Transfer>,
}

impl Commit {
    /// Whether whoever remembers a credential has to look again.
    pub fn changes_credentials(&self) -> bool {
        let ends = |change: &SessionChange| matches!(change, SessionChange::End { .. });
        let revokes = |change: &TokenChange| change.hash.is_none();
        !self.users.is_empty() || self.sessions.iter().any(ends) || self.tokens.iter().any(revokes)
    }

    /// The stores whose rows it writes. Ending a session names none; the change of the store that it
    /// goes with does.
    pub fn store_ids(&self) -> BTreeSet<&StoreId> {
        let orders = self.orders.iter().map(|change| &change.after.store_id);
        let stores = self.stores.iter().map(|change| &change.after.store_id);
        let tokens = self.tokens.iter().map(|change| &change.token.store_id);
        let endpoints = self.endpoints.iter().map(EndpointChange::store_id);
        let users = self.users.iter().map(UserChange::store_id);
        let sessions = self.sessions.iter().filter_map(|change| match change {
            SessionChange::Begin { session, .. } => Some(&session.store_id),
            SessionChange::End { .. } => None,
        });
        let claims = self.claims.iter().map(|change| match change {
            ClaimChange::Take(claim) => &claim.store_id,
            ClaimChange::Free { store_id, .. } => store_id,
        });
        let tasks = self.tasks.iter().map(|change| match change {
            TaskChange::Put(task) => &task.key.store_id,
            TaskChange::Done { key, .. } => &key.store_id,
        });
        let transfers = self.transfers.iter().map(|transfer| &transfer.store_id);
        let receipt = self.receipt.iter().map(|receipt| &receipt.key.store_id);
        let of_orders = orders.chain(tasks).chain(transfers);
        let of_stores = stores.chain(tokens).chain(endpoints).chain(users).chain(sessions);
        of_orders.chain(of_stores).chain(claims).chain(receipt).collect()
    }

    pub const fn new(at: OffsetDateTime, actor: Actor) -> Self {
        Self {
            at,
            actor,
            trace: None,
            receipt: None,
            orders: Vec::new(),
            stores: Vec::new(),
            tokens: Vec::new(),
            endpoints: Vec::new(),
            users: Vec::new(),
            sessions: Vec::new(),
            claims: Vec::new(),
            tasks: Vec::new(),
            transfers: Vec::new(),
        }
    }

    /// Adds an order's step; one without facts changes nothing and is left out.
    #[must_use]
    pub fn order(mut self, change: OrderChange) -> Self {
        self.orders.extend((!change.facts.is_empty()).then_some(change));
        self
    }

    /// The id of the fact at `place` of an order's history, or of the store's own without an
    /// order.
    pub fn event_id(&self, store: &StoreId, order: Option<&OrderId>, place: i64) -> EventId {
        event_id::of(self.at, store, order, place)
    }
}
