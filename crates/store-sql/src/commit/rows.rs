//! A commit as the rows it writes. Made in the caller's own task, before it queues up.

mod derived;
mod of;

pub(crate) use derived::{OrderColumns, product_codes, tenders};

use super::steps::Step;
use domain::{id::StoreId, order::ExternalIds};
use ports::{Claim, OrderKey, Receipt, TaskKind, Transfer};
use std::collections::BTreeSet;
use uuid::Uuid;

pub(crate) struct Rows {
    /// Whose they are.
    pub store_ids: BTreeSet<StoreId>,
    pub at: i64,
    pub actor_kind: &'static str,
    pub actor_id: String,
    pub trace: Option<String>,
    pub receipt: Option<Receipt>,
    /// By key, so that every transaction locks them in the same order.
    pub orders: Vec<OrderRow>,
    pub stores: Vec<StoreRow>,
    pub tokens: Vec<TokenRow>,
    pub endpoints: Vec<EndpointRow>,
    /// What becomes of users and sessions.
    pub people: Vec<Step>,
    pub freed: Vec<FreedRow>,
    pub claims: Vec<Claim>,
    pub done: Vec<DoneRow>,
    pub tasks: Vec<TaskRow>,
    pub transfers: Vec<Transfer>,
}

pub(crate) struct OrderRow {
    pub key: OrderKey,
    pub before: i64,
    pub version: i64,
    pub created_at: i64,
    pub captured: i64,
    pub returned: i64,
    pub state: &'static str,
    pub external_order_id: Option<String>,
    pub external_order_number: Option<String>,
    pub cart_id: Option<String>,
    pub buyer_email: Option<String>,
    pub facets: i64,
    pub doc: String,
    pub personal: Option<String>,
    /// What names anybody is to go.
    pub erased: bool,
    pub tenders: Vec<TenderRow>,
    /// Of a new order only, as the words of names are.
    pub products: Vec<String>,
    pub names: Vec<String>,
    pub facts: Vec<FactRow>,
    pub refunds: Vec<RefundRow>,
    pub refund_states: Vec<(Uuid, &'static str)>,
    pub cancellations: Vec<CancellationRow>,
}

pub(crate) struct TenderRow {
    pub tender_id: String,
    pub provider: String,
    /// What its provider knows the payment by.
    pub reference: Option<String>,
    pub authorized: i64,
    pub captured: i64,
    pub returned: i64,
    pub released: i64,
}

/// A cancellation as it is from now on.
pub(crate) struct CancellationRow {
    pub cancellation_id: Uuid,
    pub state: &'static str,
    pub requested_by: &'static str,
    pub reason: Option<&'static str>,
    pub customer_reason: Option<&'static str>,
    pub created_at: i64,
    pub accepted_at: Option<i64>,
    pub completed_at: Option<i64>,
    /// Codes of its lines, and codes that were its own until now.
    pub products: Vec<String>,
    pub former_products: Vec<String>,
}

pub(crate) struct FactRow {
    pub place: i64,
    pub sequence: Option<i64>,
    pub event_id: Uuid,
    pub kind: &'static str,
    pub body: String,
    /// If it is not the commit's.
    pub actor: Option<(&'static str, String)>,
    /// What readers of the feed see of it.
    pub told: Option<ToldRow>,
    /// Of all that the hash of its entry in the log covers.
    pub digest: [u8; 32],
}

pub(crate) struct ToldRow {
    pub entity_id: String,
    pub external: Option<ExternalIds>,
    pub data: String,
}

impl ToldRow {
    pub fn external_id(&self) -> Option<&str> {
        self.external.as_ref().map(|external| external.id.as_str())
    }

    pub fn external_number(&self) -> Option<&str> {
        self.external.as_ref().map(|external| external.number.as_str())
    }

    /// As an entry's digest covers it.
    pub fn parts(&self) -> [Option<&str>; 4] {
        [Some(&self.entity_id), self.external_id(), self.external_number(), Some(&self.data)]
    }
}

impl Rows {
    /// Kind and id of whoever did it.
    pub fn actor_of<'r>(&'r self, fact: &'r FactRow) -> (&'static str, &'r str) {
        match &fact.actor {
            Some((kind, id)) => (kind, id),
            None => (self.actor_kind, &self.actor_id),
        }
    }
}

pub(crate) struct RefundRow {
    pub refund_id: Uuid,
    pub number: i64,
    pub place: i64,
    pub created_at: i64,
    pub state: &'static str,
    pub external_reference: Option<String>,
}

pub(crate) struct StoreRow {
    pub store_id: String,
    pub before: i64,
    pub version: i64,
    pub doc: String,
    pub facts: Vec<FactRow>,
}

pub(crate) struct TokenRow {
    pub store_id: String,
    pub token_id: Uuid,
    pub hash: Option<[u8; 32]>,
    pub doc: String,
    pub ends_at: i64,
}

pub(crate) struct EndpointRow {
    pub store_id: String,
    pub endpoint_id: Uuid,
    /// None of one that is deleted.
    pub doc: Option<String>,
    pub active: bool,
}

pub(crate) struct FreedRow {
    pub scope: String,
    pub kind: &'static str,
    pub key: String,
    pub holder: String,
}

pub(crate) struct TaskRow {
    pub key: OrderKey,
    pub kind: TaskKind,
    pub subject: String,
    pub due_at: i64,
    pub attempts: i64,
    pub why: Option<String>,
}

pub(crate) struct DoneRow {
    pub key: OrderKey,
    pub kind: &'static str,
    pub subject: String,
}

/// Of whose stores the rows of some commits are, as the database is told.
pub(crate) fn asks_for(batch: &[&Rows]) -> String {
    let stores: BTreeSet<&str> =
        batch.iter().flat_map(|rows| &rows.store_ids).map(StoreId::as_str).collect();
    stores.into_iter().collect::<Vec<_>>().join(",")
}

/// The store, or nothing for a key that may be taken once over all stores.
pub(crate) fn scope(claim: &Claim) -> &str {
    if claim.kind.is_global() { "" } else { claim.store_id.as_str() }
}

impl Rows {
    /// Whether the one statement for a whole batch can write it: what is rare is written by a
    /// transaction of its own.
    pub fn is_common(&self) -> bool {
        self.orders.len() <= 1
            && self.orders.iter().all(|order| order.cancellations.is_empty() && !order.erased)
            && self.stores.is_empty()
            && self.tokens.is_empty()
            && self.endpoints.is_empty()
            && self.people.is_empty()
            && self.transfers.is_empty()
    }

    /// What the database is told of whose rows they are.
    pub fn asks_for(&self) -> String {
        asks_for(&[self])
    }

    /// Its facts: the stores' own, and the orders'. Store, order and what happened to it.
    pub fn histories(&self) -> impl Iterator<Item = (&str, &str, &[FactRow])> {
        let stores = self.stores.iter().map(|it| (it.store_id.as_str(), "", it.facts.as_slice()));
        let orders = self
            .orders
            .iter()
            .map(|it| (it.key.store_id.as_str(), it.key.order_id.as_str(), it.facts.as_slice()));
        stores.chain(orders)
    }

    /// Whether there will be something new to read in the log.
    pub fn has_facts(&self) -> bool {
        self.histories().any(|(.., facts)| !facts.is_empty())
    }

    /// How much there is to write, without what is always small.
    pub fn bytes(&self) -> usize {
        let facts = |facts: &[FactRow]| facts.iter().map(|fact| fact.body.len()).sum::<usize>();
        let orders = self.orders.iter().map(|order| order.doc.len() + facts(&order.facts));
        let stores = self.stores.iter().map(|store| store.doc.len() + facts(&store.facts));
        let answer = self.receipt.as_ref().map_or(0, |receipt| receipt.answer.len());
        orders.chain(stores).sum::<usize>() + answer
    }
}

impl OrderRow {
    pub const fn is_new(&self) -> bool {
        self.before == 0
    }
}
