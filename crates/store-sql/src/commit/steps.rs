//! A commit as statements, one after the other, in words that both databases understand.

use super::{
    endpoints,
    rows::{CancellationRow, FactRow, OrderRow, Rows, StoreRow, scope},
};
use crate::ledger;
use ports::Transfer;
use sea_orm::Value;

/// A statement of a commit's transaction.
#[derive(Clone)]
pub(crate) struct Step {
    pub sql: &'static str,
    pub values: Vec<Value>,
    /// Whether it has to change a row. If it does not, somebody else was first.
    pub must_hit: bool,
}

const INSERT_ORDER: &str = "INSERT INTO orders (store_id, order_id, version, created_at, captured, \
    returned, state, external_order_id, external_order_number, cart_id, buyer_email, doc, personal) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
const UPDATE_ORDER: &str = "UPDATE orders SET version = $4, captured = $5, returned = $6, \
    state = $7, external_order_id = $8, external_order_number = $9, doc = $10 \
    WHERE store_id = $1 AND order_id = $2 AND version = $3";
const INSERT_PRODUCT: &str = "INSERT INTO order_products (store_id, product_code, created_at, order_id) \
    VALUES ($1, $2, $3, $4)";
pub(crate) const INSERT_NAME: &str = "INSERT INTO order_names (store_id, word, created_at, order_id) \
    VALUES ($1, $2, $3, $4)";
pub(crate) const INSERT_FACETS: &str = "INSERT INTO order_facets (store_id, order_id, created_at, \
    facets) VALUES ($1, $2, $3, $4)";
const UPDATE_FACETS: &str = "UPDATE order_facets SET facets = $3 \
    WHERE store_id = $1 AND order_id = $2 AND facets <> $3";
const PUT_TENDER: &str = "INSERT INTO tenders (store_id, order_id, tender_id, captured, returned, \
    authorized, released, provider, reference) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
    ON CONFLICT (store_id, order_id, tender_id) DO UPDATE SET captured = excluded.captured, \
    returned = excluded.returned, authorized = excluded.authorized, \
    released = excluded.released, provider = excluded.provider, reference = excluded.reference";
const PUT_CANCELLATION: &str = "INSERT INTO cancellations (store_id, cancellation_id, order_id, \
    state, requested_by, reason, customer_reason, created_at, accepted_at, completed_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
    ON CONFLICT (store_id, cancellation_id) DO UPDATE SET state = excluded.state, \
    reason = excluded.reason, accepted_at = excluded.accepted_at, \
    completed_at = excluded.completed_at";
const PUT_CANCELLATION_PRODUCT: &str = "INSERT INTO cancellation_products (store_id, product_code, \
    cancellation_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
const DELETE_CANCELLATION_PRODUCT: &str = "DELETE FROM cancellation_products \
    WHERE store_id = $1 AND product_code = $2 AND cancellation_id = $3";
const INSERT_FACT: &str = "INSERT INTO facts (store_id, order_id, place, sequence, occurred_at, \
    event_id, kind, actor_kind, actor_id, traceparent, body) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
const INSERT_REFUND: &str = "INSERT INTO refunds (store_id, refund_id, order_id, refund_number, \
    place, created_at, state, external_reference) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const UPDATE_REFUND: &str = "UPDATE refunds SET state = $3 WHERE store_id = $1 AND refund_id = $2";
const INSERT_RECEIPT: &str = "INSERT INTO receipts (store_id, method, request_id, created_at, \
    fingerprint, answer) VALUES ($1, $2, $3, $4, $5, $6)";
const DELETE_CLAIM: &str = "DELETE FROM claims \
    WHERE scope = $1 AND kind = $2 AND claim_key = $3 AND holder = $4";
const INSERT_CLAIM: &str = "INSERT INTO claims (scope, kind, claim_key, store_id, holder, \
    fingerprint) VALUES ($1, $2, $3, $4, $5, $6)";
const DELETE_TASK: &str = "DELETE FROM tasks \
    WHERE store_id = $1 AND order_id = $2 AND kind = $3 AND subject = $4";
const PUT_TASK: &str = "INSERT INTO tasks (store_id, order_id, kind, subject, due_at, attempts, \
    why, trace) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
    ON CONFLICT (store_id, order_id, kind, subject) DO UPDATE SET due_at = excluded.due_at, \
    attempts = excluded.attempts, why = excluded.why, since = COALESCE(tasks.since, tasks.due_at), \
    trace = excluded.trace, lease_owner = NULL, lease_until = NULL";
const ERASE_PERSONAL: &str = "UPDATE orders SET personal = NULL, buyer_email = NULL \
    WHERE store_id = $1 AND order_id = $2";
const ERASE_NAMES: &str = "DELETE FROM order_names WHERE store_id = $1 AND order_id = $2";
const INSERT_STORE: &str = "INSERT INTO stores (store_id, version, doc) VALUES ($1, $2, $3)";
const UPDATE_STORE: &str =
    "UPDATE stores SET version = $3, doc = $4 WHERE store_id = $1 AND version = $2";
const INSERT_TOKEN: &str =
    "INSERT INTO tokens (store_id, token_id, hash, doc, ends_at) VALUES ($1, $2, $3, $4, $5)";
const UPDATE_TOKEN: &str =
    "UPDATE tokens SET doc = $3, ends_at = $4 WHERE store_id = $1 AND token_id = $2";

/// The order comes first: if it moved on, nothing else is tried.
pub(crate) fn steps(rows: &Rows) -> Vec<Step> {
    let mut steps = Steps { rows, steps: Vec::with_capacity(8) };
    rows.stores.iter().for_each(|store| steps.store(store));
    rows.orders.iter().for_each(|order| steps.order(order));
    steps.tokens();
    rows.endpoints.iter().for_each(|row| steps.steps.extend(endpoints::steps(row, rows.at)));
    steps.steps.extend(rows.people.iter().cloned());
    steps.receipt();
    steps.claims();
    steps.tasks();
    rows.transfers.iter().for_each(|transfer| steps.transfer(transfer));
    steps.steps
}

struct Steps<'a> {
    rows: &'a Rows,
    steps: Vec<Step>,
}

impl Steps<'_> {
    fn guarded(&mut self, sql: &'static str, values: impl Into<Vec<Value>>) {
        self.steps.push(Step { sql, values: values.into(), must_hit: true });
    }

    fn plain(&mut self, sql: &'static str, values: impl Into<Vec<Value>>) {
        self.steps.push(Step { sql, values: values.into(), must_hit: false });
    }

    fn order(&mut self, order: &OrderRow) {
        let (store, id) = (order.key.store_id.as_str(), order.key.order_id.as_str());
        let figures = [order.captured.into(), order.returned.into(), order.state.into()];
        let external: [Value; 2] =
            [order.external_order_id.clone().into(), order.external_order_number.clone().into()];
        let mut values = vec![store.into(), id.into()];
        if order.is_new() {
            values.extend([order.version.into(), order.created_at.into()]);
            values.extend(figures);
            values.extend(external);
            values.extend([order.cart_id.clone().into(), order.buyer_email.clone().into()]);
            values.extend([order.doc.as_str().into(), order.personal.clone().into()]);
            self.guarded(INSERT_ORDER, values);
        } else {
            values.extend([order.before.into(), order.version.into()]);
            values.extend(figures);
            values.extend(external);
            values.push(order.doc.as_str().into());
            self.guarded(UPDATE_ORDER, values);
        }
        if order.erased {
            self.plain(ERASE_PERSONAL, [store.into(), id.into()]);
            self.plain(ERASE_NAMES, [store.into(), id.into()]);
        }
        let created_at = || Value::from(order.created_at);
        for code in &order.products {
            let values = [store.into(), code.as_str().into(), created_at(), id.into()];
            self.plain(INSERT_PRODUCT, values);
        }
        for word in &order.names {
            let values = [store.into(), word.as_str().into(), created_at(), id.into()];
            self.plain(INSERT_NAME, values);
        }
        let facets = order.facets.into();
        if order.is_new() {
            self.plain(INSERT_FACETS, [store.into(), id.into(), created_at(), facets]);
        } else {
            self.plain(UPDATE_FACETS, [store.into(), id.into(), facets]);
        }
        for tender in &order.tenders {
            self.plain(
                PUT_TENDER,
                [
                    store.into(),
                    id.into(),
                    tender.tender_id.as_str().into(),
                    tender.captured.into(),
                    tender.returned.into(),
                    tender.authorized.into(),
                    tender.released.into(),
                    tender.provider.as_str().into(),
                    tender.reference.clone().into(),
                ],
            );
        }
        self.facts(store, id, &order.facts);
        for refund in &order.refunds {
            self.plain(
                INSERT_REFUND,
                [
                    store.into(),
                    refund.refund_id.into(),
                    id.into(),
                    refund.number.into(),
                    refund.place.into(),
                    refund.created_at.into(),
                    refund.state.into(),
                    refund.external_reference.clone().into(),
                ],
            );
        }
        for (refund_id, state) in &order.refund_states {
            self.plain(UPDATE_REFUND, [store.into(), (*refund_id).into(), (*state).into()]);
        }
        for row in &order.cancellations {
            self.cancellation(store, id, row);
        }
    }

    fn cancellation(&mut self, store: &str, order: &str, row: &CancellationRow) {
        let id = row.cancellation_id;
        self.plain(
            PUT_CANCELLATION,
            [
                store.into(),
                id.into(),
                order.into(),
                row.state.into(),
                row.requested_by.into(),
                row.reason.into(),
                row.customer_reason.into(),
                row.created_at.into(),
                row.accepted_at.into(),
                row.completed_at.into(),
            ],
        );
        for code in &row.former_products {
            let key = [store.into(), code.as_str().into(), id.into()];
            self.plain(DELETE_CANCELLATION_PRODUCT, key);
        }
        for code in &row.products {
            let key = [store.into(), code.as_str().into(), id.into()];
            self.plain(PUT_CANCELLATION_PRODUCT, key);
        }
    }

    /// Its key was not posted before, and the account that gives has enough.
    fn transfer(&mut self, transfer: &Transfer) {
        self.guarded(ledger::INSERT, ledger::row(transfer));
        for (sql, account) in ledger::sides(transfer) {
            self.plain(ledger::OPEN, ledger::opened(transfer, account));
            self.guarded(sql, ledger::moved(transfer, account));
        }
    }

    fn facts(&mut self, store: &str, order: &str, facts: &[FactRow]) {
        for fact in facts {
            let rows = self.rows;
            let (actor_kind, actor_id) = rows.actor_of(fact);
            self.plain(
                INSERT_FACT,
                [
                    store.into(),
                    order.into(),
                    fact.place.into(),
                    fact.sequence.into(),
                    rows.at.into(),
                    fact.event_id.into(),
                    fact.kind.into(),
                    actor_kind.into(),
                    actor_id.into(),
                    rows.trace.clone().into(),
                    fact.body.as_str().into(),
                ],
            );
        }
    }

    fn store(&mut self, store: &StoreRow) {
        let (id, version, doc) =
            (store.store_id.as_str(), store.version.into(), store.doc.as_str().into());
        if store.before == 0 {
            self.guarded(INSERT_STORE, [id.into(), version, doc]);
        } else {
            self.guarded(UPDATE_STORE, [id.into(), store.before.into(), version, doc]);
        }
        self.facts(id, "", &store.facts);
    }

    fn tokens(&mut self) {
        for token in &self.rows.tokens {
            let mut values = vec![token.store_id.as_str().into(), token.token_id.into()];
            values.extend(token.hash.map(|hash| hash.to_vec().into()));
            values.extend([token.doc.as_str().into(), token.ends_at.into()]);
            let sql = if token.hash.is_some() { INSERT_TOKEN } else { UPDATE_TOKEN };
            self.guarded(sql, values);
        }
    }

    fn receipt(&mut self) {
        if let Some(receipt) = &self.rows.receipt {
            self.plain(
                INSERT_RECEIPT,
                [
                    receipt.key.store_id.as_str().into(),
                    receipt.key.method.into(),
                    receipt.key.request_id.as_str().into(),
                    self.rows.at.into(),
                    receipt.fingerprint.to_vec().into(),
                    receipt.answer.clone().into(),
                ],
            );
        }
    }

    fn claims(&mut self) {
        for freed in &self.rows.freed {
            let (scope, key) = (freed.scope.as_str().into(), freed.key.as_str().into());
            self.plain(DELETE_CLAIM, [scope, freed.kind.into(), key, freed.holder.as_str().into()]);
        }
        for claim in &self.rows.claims {
            self.plain(
                INSERT_CLAIM,
                [
                    scope(claim).into(),
                    claim.kind.name().into(),
                    claim.key.as_str().into(),
                    claim.store_id.as_str().into(),
                    claim.holder.as_str().into(),
                    claim.fingerprint.to_vec().into(),
                ],
            );
        }
    }

    fn tasks(&mut self) {
        for done in &self.rows.done {
            let (store, order) = (done.key.store_id.as_str(), done.key.order_id.as_str());
            let subject = done.subject.as_str();
            self.plain(DELETE_TASK, [store.into(), order.into(), done.kind.into(), subject.into()]);
        }
        for task in &self.rows.tasks {
            self.plain(
                PUT_TASK,
                [
                    task.key.store_id.as_str().into(),
                    task.key.order_id.as_str().into(),
                    task.kind.name().into(),
                    task.subject.as_str().into(),
                    task.due_at.into(),
                    task.attempts.into(),
                    task.why.clone().into(),
                    self.rows.trace.clone().into(),
                ],
            );
        }
    }
}
