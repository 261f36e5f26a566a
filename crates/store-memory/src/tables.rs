use crate::{micros, to_the_microsecond};
use domain::{
    id::{EventId, OrderId, QuoteId, StoreId, TokenId, UserId},
    order::{Order, Personal},
    store::Store as StoreRecord,
    token::Token,
    user::{Session, User},
    webhook::Endpoint,
};
use ports::{
    Claim, ClaimChange, ClaimKind, Commit, Delivery, DeliveryState, EndpointChange, EndpointKey,
    Event, KeptNotice, Lease, LoggedFact, NoticeKey, OrderKey, OrderOrigin, OrderView, Quote,
    Receipt, RequestKey, Stored, Task, TaskChange, TaskKind, Transfer,
};
use std::collections::{BTreeMap, HashMap};
use time::OffsetDateTime;

#[derive(Default)]
pub(crate) struct Tables {
    pub orders: BTreeMap<OrderKey, OrderRow>,
    pub receipts: HashMap<RequestKey, Receipt>,
    pub claims: HashMap<ClaimKey, Claim>,
    pub tasks: BTreeMap<TaskKey, TaskRow>,
    /// By their positions over all stores.
    pub events: Vec<Event>,
    pub stores: BTreeMap<StoreId, Stored<StoreRecord>>,
    pub tokens: BTreeMap<(StoreId, TokenId), TokenRow>,
    pub users: BTreeMap<(StoreId, UserId), User>,
    pub sessions: HashMap<[u8; 32], Session>,
    pub endpoints: BTreeMap<EndpointKey, EndpointRow>,
    pub deliveries: BTreeMap<(EndpointKey, EventId), Delivery>,
    pub cursors: HashMap<String, CursorRow>,
    pub notices: BTreeMap<NoticeKey, NoticeRow>,
    pub quotes: HashMap<(OrderKey, QuoteId), Quote>,
    pub refund_numbers: HashMap<StoreId, i64>,
    pub balances: HashMap<(StoreId, String, String), i64>,
    pub transfers: HashMap<(StoreId, String), Transfer>,
}

pub(crate) struct OrderRow {
    pub stored: Stored<Order>,
    pub personal: Option<Personal>,
    pub facts: Vec<LoggedFact>,
}

pub(crate) struct NoticeRow {
    pub kept: KeptNotice,
    /// One of the two.
    pub due_at: Option<OffsetDateTime>,
    pub done_at: Option<OffsetDateTime>,
    pub lease: Option<Lease>,
}

pub(crate) struct TokenRow {
    pub token: Token,
    pub hash: [u8; 32],
    pub last_used_at: Option<OffsetDateTime>,
}

pub(crate) struct TaskRow {
    pub task: Task,
    /// Since when there is something to do.
    pub since: OffsetDateTime,
    pub lease: Option<Lease>,
    pub trace: Option<String>,
}

pub(crate) struct EndpointRow {
    pub endpoint: Endpoint,
    pub cursor: i64,
    pub next_due: Option<OffsetDateTime>,
    pub full: bool,
    pub quiet_until: Option<OffsetDateTime>,
    pub touched: i64,
    /// When it was last claimed.
    pub served_at: Option<OffsetDateTime>,
    pub lease: Option<Lease>,
}

#[derive(Default)]
pub(crate) struct CursorRow {
    pub overall: i64,
    pub lease: Option<Lease>,
}

/// The scope is empty for a key that may be taken once over all stores.
pub(crate) type ClaimKey = (String, ClaimKind, String);
pub(crate) type TaskKey = (OrderKey, TaskKind, String);

pub(crate) fn claim_key(store: &StoreId, kind: ClaimKind, key: &str) -> ClaimKey {
    let scope = if kind.is_global() { String::new() } else { store.to_string() };
    (scope, kind, key.to_owned())
}

pub(crate) fn task_key(task: &Task) -> TaskKey {
    (task.key.clone(), task.kind, task.subject.clone())
}

impl OrderRow {
    pub fn view(&self) -> OrderView {
        OrderView {
            order: self.stored.state.clone(),
            version: self.stored.version,
            personal: self.personal.clone(),
        }
    }

    pub fn origin(&self) -> OrderOrigin {
        let order = &self.stored.state;
        OrderOrigin {
            created_at: to_the_microsecond(order.created_at),
            order_id: order.order_id.clone(),
        }
    }

    pub fn sorts_as(&self) -> (i128, &OrderId) {
        (micros(self.stored.state.created_at), &self.stored.state.order_id)
    }
}

impl Tables {
    /// Applies what [`Tables::check`] found nothing against.
    pub fn apply(&mut self, commit: Commit, events: Vec<Event>) {
        let at = commit.at;
        commit.endpoints.iter().for_each(|change| self.keep_endpoint(change, at));
        for event in events {
            let of_store = self.events.iter().filter(|it| it.store_id == event.store_id);
            let position = of_store.map(|it| it.position).max().unwrap_or(0) + 1;
            let overall = self.events.last().map_or(0, |it| it.overall) + 1;
            self.events.push(Event { position, overall, ..event });
        }
        self.keep_orders(&commit);
        if let Some(receipt) = commit.receipt {
            self.receipts.insert(receipt.key.clone(), receipt);
        }
        for change in commit.stores {
            let version = change.version();
            let stored = Stored { state: change.after, version };
            self.stores.insert(stored.state.store_id.clone(), stored);
        }
        for change in commit.tokens {
            let token = change.token;
            let key = (token.store_id.clone(), token.token_id);
            match (change.hash, self.tokens.get_mut(&key)) {
                (Some(hash), _) => {
                    _ = self.tokens.insert(key, TokenRow { token, hash, last_used_at: None });
                }
                (None, Some(row)) => row.token = token,
                (None, None) => {}
            }
        }
        self.keep_people(commit.users, commit.sessions, at);
        self.keep_claims(commit.claims);
        for change in commit.tasks {
            match change {
                TaskChange::Put(task) => {
                    let known = self.tasks.get(&task_key(&task));
                    let since = known.map_or(task.due_at, |known| known.since);
                    let row = TaskRow { task, since, lease: None, trace: commit.trace.clone() };
                    self.tasks.insert(task_key(&row.task), row);
                }
                TaskChange::Done { key, kind, subject } => {
                    self.tasks.remove(&(key, kind, subject));
                }
            }
        }
    }

    fn keep_endpoint(&mut self, change: &EndpointChange, at: OffsetDateTime) {
        match change {
            EndpointChange::Put(endpoint) => self.put_endpoint(endpoint, at),
            EndpointChange::Delete { store_id, endpoint_id } => {
                let (store_id, endpoint_id) = (store_id.clone(), *endpoint_id);
                let key = EndpointKey { store_id, endpoint_id };
                self.endpoints.remove(&key);
                self.deliveries.retain(|(of, _), _| *of != key);
            }
        }
    }

    fn put_endpoint(&mut self, endpoint: &Endpoint, at: OffsetDateTime) {
        let (store_id, endpoint_id) = (endpoint.store_id.clone(), endpoint.endpoint_id);
        let key = EndpointKey { store_id, endpoint_id };
        let Some(row) = self.endpoints.get_mut(&key) else {
            let of_store = self.events.iter().filter(|it| it.store_id == key.store_id);
            let row = EndpointRow {
                endpoint: endpoint.clone(),
                cursor: of_store.map(|it| it.position).max().unwrap_or(0),
                next_due: None,
                full: false,
                quiet_until: None,
                touched: 0,
                served_at: None,
                lease: None,
            };
            self.endpoints.insert(key, row);
            return;
        };
        row.touched += 1;
        row.quiet_until = None;
        if endpoint.disabled.is_none() {
            row.next_due = Some(at);
        }
        if row.endpoint.disabled.is_some() && endpoint.disabled.is_none() {
            let mine = self.deliveries.iter_mut().filter(|((of, _), _)| *of == key);
            for (_, delivery) in mine.filter(|(_, row)| row.state == DeliveryState::Pending) {
                (delivery.tries, delivery.due_at) = (0, None);
                delivery.begun += 1;
            }
        }
        row.endpoint = endpoint.clone();
    }

    /// What is freed goes first, so that one commit may hand a key on.
    fn keep_claims(&mut self, changes: Vec<ClaimChange>) {
        let mut taken = Vec::new();
        for change in changes {
            match change {
                ClaimChange::Take(claim) => taken.push(claim),
                ClaimChange::Free { store_id, kind, key, holder } => {
                    let key = claim_key(&store_id, kind, &key);
                    if self.claims.get(&key).is_some_and(|claim| claim.holder == holder) {
                        self.claims.remove(&key);
                    }
                }
            }
        }
        for claim in taken {
            self.claims.insert(claim_key(&claim.store_id, claim.kind, &claim.key), claim);
        }
    }

    fn keep_orders(&mut self, commit: &Commit) {
        for change in &commit.orders {
            let key = change.key();
            let facts = change.numbered().map(|(place, sequence, fact)| LoggedFact {
                event_id: commit.event_id(&key.store_id, Some(&key.order_id), place),
                place,
                sequence,
                fact: fact.clone(),
                actor: fact.by().unwrap_or(&commit.actor).clone(),
                occurred_at: to_the_microsecond(commit.at),
            });
            let stored = Stored { state: change.after.clone(), version: change.version() };
            if let Some(row) = self.orders.get_mut(&key) {
                if stored.state.personal_data_erased {
                    row.personal = None;
                }
                row.stored = stored;
                row.facts.extend(facts);
            } else {
                let personal = change.personal.as_deref().cloned();
                let facts = facts.collect();
                self.orders.insert(key.clone(), OrderRow { stored, personal, facts });
            }
        }
    }
}

/// When a lease that runs at `now` is somebody's, nobody else gets the task.
impl TaskRow {
    pub fn is_leased(&self, now: OffsetDateTime) -> bool {
        self.lease.as_ref().is_some_and(|lease| micros(now) < micros(lease.until))
    }
}

impl EndpointRow {
    pub fn is_leased(&self, now: OffsetDateTime) -> bool {
        self.lease.as_ref().is_some_and(|lease| micros(now) < micros(lease.until))
    }

    pub fn is_quiet(&self, now: OffsetDateTime) -> bool {
        self.quiet_until.is_some_and(|until| micros(now) < micros(until))
    }

    pub fn is_due(&self, now: OffsetDateTime) -> bool {
        self.next_due.is_some_and(|due| micros(due) <= micros(now))
    }
}
