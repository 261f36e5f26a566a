//! The statements that write a batch, each for all commits.
//!
//! Short values travel as JSON, an array for each row. Documents and bytes travel as one blob
//! beside it, from which each row cuts its own: nothing is escaped, whatever its size.

mod finding;

use crate::commit::{
    log::{Heads, Logged},
    rows::{OrderRow, Rows, ToldRow, scope},
};
use sea_orm::sqlx::{self, Arguments, sqlite::SqliteArguments};
use serde::Serialize;
use serde_json::json;

/// Takes the right to write and answers the versions of the orders that are there, and with a place
/// below zero how long the logs of their stores are.
pub(super) const BEGIN: &str = "BEGIN IMMEDIATE; \
    SELECT k.key, o.version, NULL, NULL, NULL FROM json_each($1) AS k \
    JOIN orders o ON o.store_id = k.value ->> 0 AND o.order_id = k.value ->> 1 \
    UNION ALL SELECT -1, entries, position, hash, store_id FROM feeds WHERE store_id = '' \
    OR store_id IN (SELECT value ->> 0 FROM json_each($1))";

/// In each of these, `$1` is the blob and `{rows}` the JSON of the rows.
const UPDATE_ORDERS: &str = "UPDATE orders SET version = x.value ->> 2, captured = x.value ->> 3, \
    returned = x.value ->> 4, state = x.value ->> 5, external_order_id = x.value ->> 6, \
    external_order_number = x.value ->> 7, \
    doc = CAST(substr($1, x.value ->> 8, x.value ->> 9) AS TEXT) FROM {rows} \
    WHERE orders.store_id = x.value ->> 0 AND orders.order_id = x.value ->> 1";
const INSERT_ORDERS: &str = "INSERT INTO orders (store_id, order_id, version, created_at, captured, \
    returned, state, external_order_id, buyer_email, external_order_number, cart_id, doc, personal) \
    SELECT x.value ->> 0, x.value ->> 1, x.value ->> 2, x.value ->> 3, x.value ->> 4, \
    x.value ->> 5, x.value ->> 6, x.value ->> 7, x.value ->> 8, x.value ->> 9, x.value ->> 10, \
    CAST(substr($1, x.value ->> 11, x.value ->> 12) AS TEXT), \
    CAST(substr($1, x.value ->> 13, x.value ->> 14) AS TEXT) FROM {rows}";
const INSERT_TENDERS: &str = "INSERT INTO tenders (store_id, order_id, tender_id, captured, \
    returned, authorized, released, provider, reference) SELECT x.value ->> 0, x.value ->> 1, \
    x.value ->> 2, x.value ->> 3, x.value ->> 4, x.value ->> 5, x.value ->> 6, x.value ->> 7, \
    x.value ->> 8 FROM {rows}";
const UPDATE_TENDERS: &str = "UPDATE tenders SET captured = x.value ->> 3, \
    returned = x.value ->> 4, authorized = x.value ->> 5, released = x.value ->> 6, \
    provider = x.value ->> 7, reference = x.value ->> 8 FROM {rows} \
    WHERE tenders.store_id = x.value ->> 0 \
    AND tenders.order_id = x.value ->> 1 AND tenders.tender_id = x.value ->> 2 \
    AND (tenders.captured <> x.value ->> 3 OR tenders.returned <> x.value ->> 4 \
    OR tenders.authorized IS NOT x.value ->> 5 OR tenders.released <> x.value ->> 6 \
    OR tenders.provider IS NOT x.value ->> 7 OR tenders.reference IS NOT x.value ->> 8)";
const INSERT_FACTS: &str = "INSERT INTO facts (store_id, order_id, place, sequence, occurred_at, \
    kind, actor_kind, actor_id, traceparent, event_id, body) \
    SELECT x.value ->> 0, x.value ->> 1, x.value ->> 2, x.value ->> 3, x.value ->> 4, \
    x.value ->> 5, x.value ->> 6, x.value ->> 7, x.value ->> 8, \
    substr($1, x.value ->> 9, 16), CAST(substr($1, x.value ->> 10, x.value ->> 11) AS TEXT) \
    FROM {rows}";
const INSERT_ENTRIES: &str = "INSERT INTO event_log (store_id, entry, position, overall, order_id, \
    place, sequence, occurred_at, kind, actor_kind, actor_id, trace, entity_id, external_id, \
    external_number, event_id, data, hash) SELECT x.value ->> 0, x.value ->> 1, x.value ->> 2, \
    x.value ->> 3, x.value ->> 4, x.value ->> 5, x.value ->> 6, x.value ->> 7, x.value ->> 8, \
    x.value ->> 9, x.value ->> 10, x.value ->> 11, x.value ->> 12, x.value ->> 13, x.value ->> 14, \
    substr($1, x.value ->> 15, 16), CAST(substr($1, x.value ->> 16, x.value ->> 17) AS TEXT), \
    substr($1, x.value ->> 18, 32) FROM {rows}";
const PUT_HEADS: &str = "INSERT INTO feeds (store_id, entries, position, hash) \
    SELECT x.value ->> 0, x.value ->> 1, x.value ->> 2, substr($1, x.value ->> 3, x.value ->> 4) \
    FROM {rows} WHERE true ON CONFLICT (store_id) DO UPDATE SET entries = excluded.entries, \
    position = excluded.position, hash = excluded.hash";
const INSERT_REFUNDS: &str = "INSERT INTO refunds (store_id, refund_id, order_id, refund_number, \
    place, created_at, state, external_reference) SELECT x.value ->> 0, \
    substr($1, x.value ->> 1, 16), x.value ->> 2, x.value ->> 3, x.value ->> 4, x.value ->> 5, \
    x.value ->> 6, x.value ->> 7 FROM {rows}";
const UPDATE_REFUNDS: &str = "UPDATE refunds SET state = x.value ->> 2 FROM {rows} \
    WHERE refunds.store_id = x.value ->> 0 AND refunds.refund_id = substr($1, x.value ->> 1, 16)";
const INSERT_RECEIPTS: &str = "INSERT INTO receipts (store_id, method, request_id, created_at, \
    fingerprint, answer) SELECT x.value ->> 0, x.value ->> 1, x.value ->> 2, x.value ->> 3, \
    substr($1, x.value ->> 4, x.value ->> 5), substr($1, x.value ->> 6, x.value ->> 7) \
    FROM {rows}";
const DELETE_CLAIMS: &str = "DELETE FROM claims WHERE (scope, kind, claim_key, holder) \
    IN (SELECT x.value ->> 0, x.value ->> 1, x.value ->> 2, x.value ->> 3 FROM {rows})";
const INSERT_CLAIMS: &str = "INSERT INTO claims (scope, kind, claim_key, store_id, holder, \
    fingerprint) SELECT x.value ->> 0, x.value ->> 1, x.value ->> 2, x.value ->> 3, x.value ->> 4, \
    substr($1, x.value ->> 5, x.value ->> 6) FROM {rows}";
const DELETE_TASKS: &str = "DELETE FROM tasks WHERE (store_id, order_id, kind, subject) IN \
    (SELECT x.value ->> 0, x.value ->> 1, x.value ->> 2, x.value ->> 3 FROM {rows})";
const PUT_TASKS: &str = "INSERT INTO tasks (store_id, order_id, kind, subject, due_at, attempts, \
    why, trace) SELECT x.value ->> 0, x.value ->> 1, x.value ->> 2, x.value ->> 3, x.value ->> 4, \
    x.value ->> 5, x.value ->> 6, x.value ->> 7 FROM {rows} WHERE true \
    ON CONFLICT (store_id, order_id, kind, subject) DO UPDATE SET due_at = excluded.due_at, \
    attempts = excluded.attempts, why = excluded.why, since = COALESCE(tasks.since, tasks.due_at), \
    trace = excluded.trace, lease_owner = NULL, lease_until = NULL";

/// Ends the transaction that [`BEGIN`] began.
const COMMIT: &str = "COMMIT";

pub(super) struct Script {
    pub sql: String,
    pub arguments: SqliteArguments,
}

/// The orders of a batch, as JSON.
pub(super) fn keys(batch: &[&Rows]) -> String {
    let key = |rows: &&'_ Rows| {
        let key = rows.orders.first().map(|order| &order.key);
        (key.map(|key| key.store_id.to_string()), key.map(|key| key.order_id.to_string()))
    };
    json(&batch.iter().map(key).collect::<Vec<_>>())
}

impl Script {
    /// Whether a commit can be part of it: it knows one order for each, and no stores.
    pub fn fits(rows: &Rows) -> bool {
        rows.is_common()
    }

    /// `heads`: how long the logs are before.
    pub fn of(batch: &[&Rows], heads: &mut Heads) -> Result<Self, sqlx::Error> {
        let mut builder = Builder { batch, sql: String::new(), blob: Vec::new(), json: Vec::new() };
        builder.orders();
        builder.facts();
        builder.log(heads);
        builder.refunds();
        builder.receipts();
        builder.claims();
        builder.tasks();
        builder.sql.push_str(COMMIT);
        let mut arguments = SqliteArguments::default();
        arguments.add(builder.blob).map_err(sqlx::Error::Encode)?;
        for json in builder.json {
            arguments.add(json).map_err(sqlx::Error::Encode)?;
        }
        Ok(Self { sql: builder.sql, arguments })
    }
}

struct Builder<'a> {
    batch: &'a [&'a Rows],
    sql: String,
    blob: Vec<u8>,
    json: Vec<String>,
}

/// Where something stands in the blob, counted from 1, and how long it is.
type Cut = (usize, usize);

impl<'a> Builder<'a> {
    fn cut(&mut self, bytes: &[u8]) -> Cut {
        let from = self.blob.len() + 1;
        self.blob.extend_from_slice(bytes);
        (from, bytes.len())
    }

    /// Adds a statement, if there are rows for it.
    fn write<T, R: Serialize>(
        &mut self,
        sql: &str,
        rows_of: impl Fn(&'a Rows) -> Vec<T>,
        columns: impl Fn(&mut Self, &'a Rows, T) -> R,
    ) {
        let mut rows = Vec::new();
        for commit in self.batch {
            for row in rows_of(commit) {
                rows.push(columns(self, commit, row));
            }
        }
        if !rows.is_empty() {
            self.add(sql, &rows);
        }
    }

    fn add(&mut self, sql: &str, rows: &impl Serialize) {
        self.json.push(json(rows));
        let place = self.json.len() + 1;
        self.sql.push_str(&sql.replace("{rows}", &format!("json_each(${place}) AS x")));
        self.sql.push(';');
    }

    fn orders(&mut self) {
        let some = |new: bool| {
            move |rows: &'a Rows| -> Vec<&'a OrderRow> {
                rows.orders.iter().filter(|order| order.is_new() == new).collect()
            }
        };
        self.write(UPDATE_ORDERS, some(false), |builder, _, order| {
            let (store, id) = key(order);
            let (from, length) = builder.cut(order.doc.as_bytes());
            let external = order.external_order_id.as_deref();
            let number = order.external_order_number.as_deref();
            let figures = (order.version, order.captured, order.returned);
            let (version, captured, returned) = figures;
            (store, id, version, captured, returned, order.state, external, number, from, length)
        });
        self.write(INSERT_ORDERS, some(true), |builder, _, order| {
            let (store, id) = key(order);
            let doc = builder.cut(order.doc.as_bytes());
            let personal = order.personal.as_ref().map(|text| builder.cut(text.as_bytes()));
            let (at, length) = (personal.map(|cut| cut.0), personal.map(|cut| cut.1));
            let external = order.external_order_id.as_deref();
            let email = order.buyer_email.as_deref();
            let (captured, returned) = (order.captured, order.returned);
            let (version, created, state) = (order.version, order.created_at, order.state);
            let (number, cart) = (order.external_order_number.as_deref(), order.cart_id.as_deref());
            (
                store, id, version, created, captured, returned, state, external, email, number,
                cart, doc.0, doc.1, at, length,
            )
        });
        self.finding();
        for (new, sql) in [(true, INSERT_TENDERS), (false, UPDATE_TENDERS)] {
            let tenders = |rows: &'a Rows| {
                let mut tenders = each(rows, |order| order.tenders.as_slice());
                tenders.retain(|(order, _)| order.is_new() == new);
                tenders
            };
            self.write(sql, tenders, |_, _, (order, tender)| {
                let (store, id) = key(order);
                let (captured, returned) = (tender.captured, tender.returned);
                let (authorized, released) = (tender.authorized, tender.released);
                let name = tender.tender_id.as_str();
                let (provider, reference) = (tender.provider.as_str(), tender.reference.as_deref());
                (store, id, name, captured, returned, authorized, released, provider, reference)
            });
        }
    }

    fn facts(&mut self) {
        let facts = |rows: &'a Rows| each(rows, |order| order.facts.as_slice());
        self.write(INSERT_FACTS, facts, |builder, rows, (order, fact)| {
            let (store, id) = key(order);
            let (event, _) = builder.cut(fact.event_id.as_bytes());
            let (from, length) = builder.cut(fact.body.as_bytes());
            let ((actor_kind, actor), trace) = (rows.actor_of(fact), rows.trace.as_deref());
            (
                store,
                id,
                fact.place,
                fact.sequence,
                rows.at,
                fact.kind,
                actor_kind,
                actor,
                trace,
                event,
                from,
                length,
            )
        });
    }

    fn log(&mut self, heads: &mut Heads) {
        let mut entries = Vec::new();
        for rows in self.batch {
            for Logged { store_id, order_id, fact, place } in heads.add(rows) {
                let told = fact.told.as_ref();
                let (event, _) = self.cut(fact.event_id.as_bytes());
                let data = told.map(|told| self.cut(told.data.as_bytes()));
                let (hash, _) = self.cut(&place.hash);
                let (actor_kind, actor_id) = rows.actor_of(fact);
                entries.push(json!([
                    store_id,
                    place.entry,
                    place.position,
                    place.overall,
                    order_id,
                    fact.place,
                    fact.sequence,
                    rows.at,
                    fact.kind,
                    actor_kind,
                    actor_id,
                    rows.trace,
                    told.map(|told| &told.entity_id),
                    told.and_then(ToldRow::external_id),
                    told.and_then(ToldRow::external_number),
                    event,
                    data.map(|cut| cut.0),
                    data.map(|cut| cut.1),
                    hash,
                ]));
            }
        }
        if entries.is_empty() {
            return;
        }
        self.add(INSERT_ENTRIES, &entries);
        let mut changed = Vec::new();
        for (store_id, entries, position, hash) in heads.all() {
            let (from, length) = self.cut(hash);
            changed.push((store_id, entries, position, from, length));
        }
        self.add(PUT_HEADS, &changed);
    }

    fn refunds(&mut self) {
        let refunds = |rows: &'a Rows| each(rows, |order| order.refunds.as_slice());
        self.write(INSERT_REFUNDS, refunds, |builder, _, (order, refund)| {
            let (store, id) = key(order);
            let (refund_id, _) = builder.cut(refund.refund_id.as_bytes());
            let (number, place, created) = (refund.number, refund.place, refund.created_at);
            let reference = refund.external_reference.as_deref();
            (store, refund_id, id, number, place, created, refund.state, reference)
        });
        let states = |rows: &'a Rows| each(rows, |order| order.refund_states.as_slice());
        self.write(UPDATE_REFUNDS, states, |builder, _, (order, (refund_id, state))| {
            let (refund_id, _) = builder.cut(refund_id.as_bytes());
            (key(order).0, refund_id, *state)
        });
    }

    fn receipts(&mut self) {
        let receipts = |rows: &'a Rows| rows.receipt.iter().collect();
        self.write(INSERT_RECEIPTS, receipts, |builder, rows, receipt| {
            let (fingerprint, digest) = builder.cut(&receipt.fingerprint);
            let (answer, length) = builder.cut(&receipt.answer);
            let store = receipt.key.store_id.as_str();
            let request = receipt.key.request_id.as_str();
            let method = receipt.key.method;
            (store, method, request, rows.at, fingerprint, digest, answer, length)
        });
    }

    /// What is freed goes first, so that one commit may hand a key on.
    fn claims(&mut self) {
        let freed = |rows: &'a Rows| rows.freed.iter().collect();
        self.write(DELETE_CLAIMS, freed, |_, _, freed| {
            (freed.scope.as_str(), freed.kind, freed.key.as_str(), freed.holder.as_str())
        });
        let claims = |rows: &'a Rows| rows.claims.iter().collect();
        self.write(INSERT_CLAIMS, claims, |builder, _, claim| {
            let (from, length) = builder.cut(&claim.fingerprint);
            let (store, holder) = (claim.store_id.as_str(), claim.holder.as_str());
            let key = claim.key.as_str();
            (scope(claim), claim.kind.name(), key, store, holder, from, length)
        });
    }

    fn tasks(&mut self) {
        let done = |rows: &'a Rows| rows.done.iter().collect();
        self.write(DELETE_TASKS, done, |_, _, done| {
            let (store, order) = (done.key.store_id.as_str(), done.key.order_id.as_str());
            (store, order, done.kind, done.subject.as_str())
        });
        let tasks = |rows: &'a Rows| rows.tasks.iter().collect();
        self.write(PUT_TASKS, tasks, |_, rows, task| {
            let (store, order) = (task.key.store_id.as_str(), task.key.order_id.as_str());
            let (kind, subject) = (task.kind.name(), task.subject.as_str());
            let (why, trace) = (task.why.as_deref(), rows.trace.as_deref());
            (store, order, kind, subject, task.due_at, task.attempts, why, trace)
        });
    }
}

fn key(order: &OrderRow) -> (&str, &str) {
    (order.key.store_id.as_str(), order.key.order_id.as_str())
}

fn each<'a, T>(rows: &'a Rows, of: impl Fn(&'a OrderRow) -> &'a [T]) -> Vec<(&'a OrderRow, &'a T)> {
    rows.orders.iter().flat_map(|order| of(order).iter().map(move |row| (order, row))).collect()
}

/// Text, numbers and nothing else: this always makes JSON.
fn json(rows: &impl Serialize) -> String {
    serde_json::to_string(rows).unwrap_or_default()
}
