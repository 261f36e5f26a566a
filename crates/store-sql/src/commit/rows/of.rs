//! How the parts of a commit become rows.

use super::{
    CancellationRow, DoneRow, EndpointRow, FactRow, FreedRow, OrderRow, RefundRow, Rows, StoreRow,
    TaskRow, TokenRow, ToldRow,
    derived::{OrderColumns, codes, product_codes, tenders},
};
use crate::column::{micros, to_doc};
use crate::commit::people;
use crate::facets;
use domain::{
    event::Told,
    id::{CancellationId, EventId},
    order::{Fact, Order, bare_email},
    refund::Refund,
};
use ports::{
    ClaimChange, Commit, EndpointChange, Entry, OrderChange, StoreChange, StoreError, TaskChange,
    TokenChange, person_words,
};

impl Rows {
    pub fn of(commit: Commit) -> Result<Self, StoreError> {
        let orders = commit.orders.iter().map(|change| OrderRow::of(&commit, change));
        let mut orders: Vec<OrderRow> = orders.collect::<Result<_, _>>()?;
        orders.sort_by(|left, right| left.key.cmp(&right.key));
        let stores = commit.stores.iter().map(|change| StoreRow::of(&commit, change));
        let stores = stores.collect::<Result<_, _>>()?;
        let tokens = commit.tokens.iter().map(TokenRow::of).collect::<Result<_, _>>()?;
        let endpoints = commit.endpoints.iter().map(EndpointRow::of).collect::<Result<_, _>>()?;
        let people = people::steps(&commit)?;
        let store_ids = commit.store_ids().into_iter().cloned().collect();
        let mut rows = Self {
            store_ids,
            at: micros(commit.at),
            actor_kind: commit.actor.kind.name(),
            actor_id: commit.actor.id,
            trace: commit.trace,
            receipt: commit.receipt,
            orders,
            stores,
            tokens,
            endpoints,
            people,
            freed: Vec::new(),
            claims: Vec::new(),
            done: Vec::new(),
            tasks: Vec::new(),
            transfers: commit.transfers,
        };
        commit.claims.into_iter().for_each(|change| rows.add_claim(change));
        commit.tasks.into_iter().for_each(|change| rows.add_task(change));
        Ok(rows)
    }

    fn add_claim(&mut self, change: ClaimChange) {
        match change {
            ClaimChange::Take(claim) => self.claims.push(claim),
            ClaimChange::Free { store_id, kind, key, holder } => {
                let scope = if kind.is_global() { String::new() } else { store_id.to_string() };
                self.freed.push(FreedRow { scope, kind: kind.name(), key, holder });
            }
        }
    }

    /// The last word on a task counts, as if they were applied one after the other.
    fn add_task(&mut self, change: TaskChange) {
        let (key, kind, subject) = match &change {
            TaskChange::Put(task) => (&task.key, task.kind, &task.subject),
            TaskChange::Done { key, kind, subject } => (key, *kind, subject),
        };
        self.tasks.retain(|row| (&row.key, row.kind, &row.subject) != (key, kind, subject));
        self.done.retain(|row| (&row.key, row.kind, &row.subject) != (key, kind.name(), subject));
        match change {
            TaskChange::Put(task) => self.tasks.push(TaskRow {
                due_at: micros(task.due_at),
                attempts: i64::from(task.attempts),
                key: task.key,
                kind: task.kind,
                subject: task.subject,
                why: task.why,
            }),
            TaskChange::Done { key, kind, subject } => {
                self.done.push(DoneRow { key, kind: kind.name(), subject });
            }
        }
    }
}

impl OrderRow {
    fn of(commit: &Commit, change: &OrderChange) -> Result<Self, StoreError> {
        let order = &change.after;
        let key = change.key();
        let tenders = tenders(order).map_err(|error| StoreError::Corrupt(Box::new(error)))?;
        let columns = OrderColumns::of(order, &tenders);
        let mut facts = Vec::with_capacity(change.facts.len());
        let mut refunds: Vec<RefundRow> = Vec::new();
        let mut refund_states = Vec::new();
        for (place, sequence, fact) in change.numbered() {
            let event_id = commit.event_id(&key.store_id, Some(&key.order_id), place);
            let row = FactRow {
                place,
                sequence,
                event_id: event_id.as_uuid(),
                kind: fact.name(),
                body: to_doc(fact)?,
                actor: fact.by().map(|by| (by.kind.name(), by.id.clone())),
                told: Told::of(fact, order).map(ToldRow::of).transpose()?,
                digest: [0; 32],
            };
            facts.push(row.sealed(commit, key.store_id.as_str(), key.order_id.as_str()));
            if let Fact::RefundCreated { refund, .. } = fact {
                refunds
                    .push(RefundRow::of(order.refund(refund.refund_id).unwrap_or(refund), place));
            } else if let Some(refund) = changed_refund(order, fact) {
                let refund_id = refund.refund_id.as_uuid();
                if refunds.iter().all(|row| row.refund_id != refund_id) {
                    refund_states.push((refund_id, refund.state.name()));
                }
            }
        }
        refund_states.dedup();
        let cancellations = cancellations(order, &change.facts);
        let personal = change.personal.as_deref();
        let is_new = change.before == ports::Version::NEW;
        Ok(Self {
            before: change.before.0,
            version: change.version().0,
            created_at: columns.created_at,
            captured: columns.captured,
            returned: columns.returned,
            state: columns.state,
            external_order_id: columns.external_order_id,
            external_order_number: columns.external_order_number,
            cart_id: columns.cart_id,
            buyer_email: personal.map(|personal| bare_email(&personal.buyer.email)),
            facets: facets::of(order),
            doc: to_doc(order)?,
            personal: personal.map(to_doc).transpose()?,
            erased: change.facts.contains(&Fact::PersonalDataErased),
            products: if is_new { product_codes(order) } else { Vec::new() },
            names: personal.map(person_words).unwrap_or_default(),
            key,
            tenders,
            facts,
            refunds,
            refund_states,
            cancellations,
        })
    }
}

/// The cancellations that facts are about, each once.
fn cancellations(order: &Order, facts: &[Fact]) -> Vec<CancellationRow> {
    let mut rows: Vec<CancellationRow> = Vec::new();
    let mut put = |id: CancellationId, former: Vec<String>| {
        let Some(cancellation) = order.cancellation(id) else { return };
        let row = CancellationRow::of(order, cancellation, former);
        match rows.iter_mut().find(|known| known.cancellation_id == row.cancellation_id) {
            Some(known) => *known = row,
            None => rows.push(row),
        }
    };
    for fact in facts {
        match fact {
            Fact::CancellationRequested { cancellation }
            | Fact::CancellationAccepted { cancellation } => {
                put(cancellation.cancellation_id, Vec::new());
            }
            Fact::CancellationRejected { cancellation } => {
                put(cancellation.cancellation_id, Vec::new());
                if let Some(request) = cancellation.split_from {
                    put(request, codes(order, &cancellation.lines));
                }
            }
            Fact::CancellationWithdrawn { cancellation_id, .. }
            | Fact::CancellationCompleted { cancellation_id, .. }
            | Fact::CancellationUndone { cancellation_id, .. } => {
                put(*cancellation_id, Vec::new());
            }
            _ => {}
        }
    }
    rows
}

/// The refund whose state a fact changes.
fn changed_refund<'a>(order: &'a Order, fact: &Fact) -> Option<&'a Refund> {
    match fact {
        Fact::RefundHeld { refund_id, .. }
        | Fact::RefundReleased { refund_id }
        | Fact::RefundApproved { refund_id, .. }
        | Fact::RefundRetried { refund_id, .. }
        | Fact::RefundSucceeded { refund_id }
        | Fact::RefundFailed { refund_id }
        | Fact::RefundReversed { refund_id, .. }
        | Fact::RefundVoided { refund_id }
        | Fact::RefundMethodChanged { refund_id, .. } => order.refund(*refund_id),
        _ => None,
    }
}

impl FactRow {
    /// With the digest of all that is stored of it.
    fn sealed(self, commit: &Commit, store_id: &str, order_id: &str) -> Self {
        let by = (commit.actor.kind.name(), commit.actor.id.as_str());
        let trace = commit.trace.as_deref();
        self.sealed_at(micros(commit.at), by, trace, (store_id, order_id))
    }

    /// `by` did it if it does not say so itself.
    pub fn sealed_at(
        self,
        at: i64,
        by: (&str, &str),
        trace: Option<&str>,
        (store_id, order_id): (&str, &str),
    ) -> Self {
        let actor = self.actor.as_ref().map(|(kind, id)| (*kind, id.as_str()));
        let (actor_kind, actor_id) = actor.unwrap_or(by);
        let entry = Entry {
            store_id,
            order_id,
            place: self.place,
            sequence: self.sequence,
            event_id: EventId::from_uuid(self.event_id),
            kind: self.kind,
            occurred_at: at,
            actor_kind,
            actor_id,
            trace,
            body: &self.body,
            told: self.told.as_ref().map(ToldRow::parts),
        };
        Self { digest: entry.digest(), ..self }
    }
}

impl StoreRow {
    fn of(commit: &Commit, change: &StoreChange) -> Result<Self, StoreError> {
        let store_id = &change.after.store_id;
        let facts = (change.before.0 + 1..).zip(&change.facts).map(|(place, fact)| {
            let row = FactRow {
                place,
                sequence: None,
                event_id: commit.event_id(store_id, None, place).as_uuid(),
                kind: fact.name(),
                body: to_doc(fact)?,
                actor: None,
                told: Told::of_store(fact).map(ToldRow::of).transpose()?,
                digest: [0; 32],
            };
            Ok::<_, StoreError>(row.sealed(commit, store_id.as_str(), ""))
        });
        Ok(Self {
            store_id: store_id.to_string(),
            before: change.before.0,
            version: change.version().0,
            doc: to_doc(&change.after)?,
            facts: facts.collect::<Result<_, _>>()?,
        })
    }
}

impl TokenRow {
    fn of(change: &TokenChange) -> Result<Self, StoreError> {
        Ok(Self {
            store_id: change.token.store_id.to_string(),
            token_id: change.token.token_id.as_uuid(),
            hash: change.hash,
            doc: to_doc(&change.token)?,
            ends_at: change.token.ends_at().map_or(i64::MAX, micros),
        })
    }
}

impl EndpointRow {
    fn of(change: &EndpointChange) -> Result<Self, StoreError> {
        let (store_id, endpoint_id, endpoint) = match change {
            EndpointChange::Put(put) => (&put.store_id, put.endpoint_id, Some(put)),
            EndpointChange::Delete { store_id, endpoint_id } => (store_id, *endpoint_id, None),
        };
        Ok(Self {
            store_id: store_id.to_string(),
            endpoint_id: endpoint_id.as_uuid(),
            doc: endpoint.map(to_doc).transpose()?,
            active: endpoint.is_some_and(|endpoint| endpoint.disabled.is_none()),
        })
    }
}
