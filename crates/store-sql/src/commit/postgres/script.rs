//! The statement: parts that write, each only for the commits whose order was as they had read
//! it. What no commit of a batch needs is left out.

mod finding;
mod source;

use crate::commit::rows::{OrderRow, Rows, ToldRow, asks_for, scope};
use sea_orm::sqlx::{self, error::BoxDynError, postgres::PgArguments};
use std::collections::HashSet;

pub(super) struct Script {
    pub sql: String,
    pub arguments: PgArguments,
    /// Commits that win if the statement does: it answers the places of the others that won.
    pub won: HashSet<usize>,
}

impl Script {
    pub fn of(batch: &[&Rows]) -> Result<Self, sqlx::Error> {
        let mut builder = Builder {
            batch,
            parts: Vec::new(),
            arguments: PgArguments::default(),
            guard: "",
            fault: None,
        };
        let stores = asks_for(batch);
        builder.one_argument(&stores);
        builder.parts.push(FENCE.to_owned());
        let changes = |rows: &Rows| rows.orders.iter().any(|order| !order.is_new());
        let places = (0..batch.len()).filter(|place| !changes(batch[*place]));
        let won: HashSet<usize> = places.collect();
        builder.changed_orders(&won);
        builder.new_orders();
        builder.facets();
        builder.tenders();
        builder.facts();
        builder.refunds();
        builder.receipts();
        builder.claims();
        builder.tasks();
        if let Some(fault) = builder.fault {
            return Err(sqlx::Error::Encode(fault));
        }
        let answer = if builder.guard.is_empty() { NO_ANSWER } else { ANSWER };
        let sql = format!("WITH {} {answer}", builder.parts.join(", "));
        Ok(Self { sql, arguments: builder.arguments, won })
    }
}

/// For whose stores the statement is; over with it.
const FENCE: &str =
    "fence AS MATERIALIZED (SELECT set_config('meridian.stores', $1, true) AS told)";

/// This is what is carried out first, and it does not look at a table before it is said whose rows
/// are there: what looks at one needs the outcome (`OFFSET 0` keeps it from being taken apart). Parts
/// that nobody reads come last. A policy that was asked too early would let nothing pass.
const ANSWER: &str = "SELECT c.n FROM fence CROSS JOIN LATERAL \
    (SELECT n FROM changed WHERE fence.told IS NOT NULL OFFSET 0) c";
const NO_ANSWER: &str = "SELECT 0 FROM fence WHERE told IS NULL";

/// Locks the orders in the sequence of their keys; one that moved on is not among them.
const LOCKED: &str = "locked AS MATERIALIZED (SELECT x.n FROM given x JOIN orders o \
    ON o.store_id = x.store_id AND o.order_id = x.order_id WHERE o.version = x.before \
    ORDER BY o.store_id, o.order_id FOR NO KEY UPDATE OF o)";

/// Lets a part write only for commits that won.
const GUARD: &str = " WHERE x.n = ANY ((SELECT won FROM verdict)::int4[])";

struct Builder<'a> {
    batch: &'a [&'a Rows],
    parts: Vec<String>,
    arguments: PgArguments,
    guard: &'static str,
    fault: Option<BoxDynError>,
}

impl<'a> Builder<'a> {
    /// Locked in the sequence of their keys, so that two processes cannot wait for each other.
    fn changed_orders(&mut self, sure: &HashSet<usize>) {
        let Some(source) = self.orders(|order| (!order.is_new()).then_some(()).into_iter()) else {
            return;
        };
        let rows = source
            .text("store_id", |_, (order, ())| order.key.store_id.as_str())
            .text("order_id", |_, (order, ())| order.key.order_id.as_str())
            .number("before", |_, (order, ())| order.before)
            .number("version", |_, (order, ())| order.version)
            .number("captured", |_, (order, ())| order.captured)
            .number("returned", |_, (order, ())| order.returned)
            .text("state", |_, (order, ())| order.state)
            .maybe("external_order_id", |_, (order, ())| order.external_order_id.as_deref())
            .maybe("number", |_, (order, ())| order.external_order_number.as_deref())
            .text("doc", |_, (order, ())| &order.doc)
            .done();
        // One commit alone cannot wait for two others.
        let (given, locked) = if self.batch.len() == 1 {
            (rows, "")
        } else {
            self.parts.push(format!("given AS MATERIALIZED (SELECT * FROM {rows})"));
            self.parts.push(LOCKED.to_owned());
            ("given x".to_owned(), "x.n = ANY ((SELECT array_agg(n) FROM locked)::int4[]) AND ")
        };
        self.parts.push(format!(
            "changed AS (UPDATE orders o SET version = x.version, captured = x.captured, \
             returned = x.returned, state = x.state, external_order_id = x.external_order_id, \
             external_order_number = x.number, doc = x.doc FROM {given} WHERE {locked}o.store_id = x.store_id \
             AND o.order_id = x.order_id AND o.version = x.before RETURNING x.n)"
        ));
        let sure: Vec<i32> = sure.iter().filter_map(|place| i32::try_from(*place).ok()).collect();
        let place = self.argument(sure);
        self.parts
            .push(format!("verdict AS (SELECT array_agg(n) || ${place} AS won FROM changed)"));
        self.guard = GUARD;
    }

    /// One that is there already fails the whole statement, and its commits are tried alone:
    /// callers look before they place an order, so that this is rare.
    fn new_orders(&mut self) {
        let Some(source) = self.orders(|order| order.is_new().then_some(()).into_iter()) else {
            return;
        };
        let rows = source
            .text("store_id", |_, (order, ())| order.key.store_id.as_str())
            .text("order_id", |_, (order, ())| order.key.order_id.as_str())
            .number("version", |_, (order, ())| order.version)
            .number("created_at", |_, (order, ())| order.created_at)
            .number("captured", |_, (order, ())| order.captured)
            .number("returned", |_, (order, ())| order.returned)
            .text("state", |_, (order, ())| order.state)
            .maybe("external_order_id", |_, (order, ())| order.external_order_id.as_deref())
            .maybe("number", |_, (order, ())| order.external_order_number.as_deref())
            .maybe("cart_id", |_, (order, ())| order.cart_id.as_deref())
            .maybe("buyer_email", |_, (order, ())| order.buyer_email.as_deref())
            .text("doc", |_, (order, ())| &order.doc)
            .maybe("personal", |_, (order, ())| order.personal.as_deref())
            .done();
        self.parts.push(format!(
            "placed AS (INSERT INTO orders (store_id, order_id, version, created_at, captured, \
             returned, state, external_order_id, external_order_number, cart_id, buyer_email, \
             doc, personal) SELECT store_id, order_id, version, created_at, captured, returned, \
             state, external_order_id, number, cart_id, buyer_email, doc, personal FROM {rows})"
        ));
        self.found_by_codes_and_names();
    }

    fn tenders(&mut self) {
        for new in [true, false] {
            let some =
                |order: &'a OrderRow| order.tenders.iter().filter(move |_| order.is_new() == new);
            let Some(source) = self.orders(some) else { continue };
            let rows = source
                .text("store_id", |_, (order, _)| order.key.store_id.as_str())
                .text("order_id", |_, (order, _)| order.key.order_id.as_str())
                .text("tender_id", |_, (_, tender)| tender.tender_id.as_str())
                .number("captured", |_, (_, tender)| tender.captured)
                .number("returned", |_, (_, tender)| tender.returned)
                .number("authorized", |_, (_, tender)| tender.authorized)
                .number("released", |_, (_, tender)| tender.released)
                .text("provider", |_, (_, tender)| tender.provider.as_str())
                .maybe("reference", |_, (_, tender)| tender.reference.as_deref())
                .done();
            let guard = self.guard;
            self.parts.push(if new {
                format!(
                    "new_tenders AS (INSERT INTO tenders (store_id, order_id, tender_id, \
                     captured, returned, authorized, released, provider, reference) \
                     SELECT store_id, order_id, tender_id, captured, returned, authorized, \
                     released, provider, reference FROM {rows})"
                )
            } else {
                format!(
                    "changed_tenders AS (UPDATE tenders t SET captured = x.captured, \
                     returned = x.returned, authorized = x.authorized, \
                     released = x.released, provider = x.provider, \
                     reference = x.reference \
                     FROM {rows}{guard} AND t.store_id = x.store_id \
                     AND t.order_id = x.order_id AND t.tender_id = x.tender_id \
                     AND (t.captured <> x.captured OR t.returned <> x.returned \
                     OR t.authorized IS DISTINCT FROM x.authorized OR t.released <> x.released \
                     OR t.provider IS DISTINCT FROM x.provider \
                     OR t.reference IS DISTINCT FROM x.reference))"
                )
            });
        }
    }

    fn facts(&mut self) {
        let Some(source) = self.orders(|order| order.facts.iter()) else { return };
        let rows = source
            .text("store_id", |_, (order, _)| order.key.store_id.as_str())
            .text("order_id", |_, (order, _)| order.key.order_id.as_str())
            .number("place", |_, (_, fact)| fact.place)
            .value("sequence", |_, (_, fact)| fact.sequence)
            .number("occurred_at", |rows, _| rows.at)
            .value("event_id", |_, (_, fact)| fact.event_id)
            .text("kind", |_, (_, fact)| fact.kind)
            .text("actor_kind", |rows, (_, fact)| rows.actor_of(fact).0)
            .text("actor_id", |rows, (_, fact)| rows.actor_of(fact).1)
            .maybe("trace", |rows, _| rows.trace.as_deref())
            .text("body", |_, (_, fact)| &fact.body)
            .maybe("entity_id", |_, (_, fact)| fact.told.as_ref().map(|told| &*told.entity_id))
            .maybe("external_id", |_, (_, fact)| fact.told.as_ref().and_then(ToldRow::external_id))
            .maybe("external_number", |_, (_, fact)| {
                fact.told.as_ref().and_then(ToldRow::external_number)
            })
            .maybe("data", |_, (_, fact)| fact.told.as_ref().map(|told| &*told.data))
            .bytes("digest", |_, (_, fact)| &fact.digest)
            .done();
        let guard = self.guard;
        self.parts.push(format!("fact AS MATERIALIZED (SELECT * FROM {rows}{guard})"));
        self.parts.push(
            "new_facts AS (INSERT INTO facts (store_id, order_id, place, sequence, occurred_at, \
             event_id, kind, actor_kind, actor_id, traceparent, body) SELECT store_id, order_id, place, \
             sequence, occurred_at, event_id, kind, actor_kind, actor_id, trace, body FROM fact)"
                .to_owned(),
        );
        // In the sequence of the facts: that is how the outbox numbers them.
        self.parts.push(
            "posted AS (INSERT INTO outbox (store_id, order_id, place, sequence, occurred_at, \
             event_id, kind, actor_kind, actor_id, trace, entity_id, external_id, \
             external_number, data, digest) SELECT store_id, order_id, place, sequence, \
             occurred_at, event_id, kind, actor_kind, actor_id, trace, entity_id, external_id, \
             external_number, data, digest FROM fact)"
                .to_owned(),
        );
    }

    fn refunds(&mut self) {
        let guard = self.guard;
        if let Some(source) = self.orders(|order| order.refunds.iter()) {
            let rows = source
                .text("store_id", |_, (order, _)| order.key.store_id.as_str())
                .value("refund_id", |_, (_, refund)| refund.refund_id)
                .text("order_id", |_, (order, _)| order.key.order_id.as_str())
                .number("refund_number", |_, (_, refund)| refund.number)
                .number("place", |_, (_, refund)| refund.place)
                .number("created_at", |_, (_, refund)| refund.created_at)
                .text("state", |_, (_, refund)| refund.state)
                .maybe("external_reference", |_, (_, refund)| refund.external_reference.as_deref())
                .done();
            self.parts.push(format!(
                "new_refunds AS (INSERT INTO refunds (store_id, refund_id, order_id, \
                 refund_number, place, created_at, state, external_reference) SELECT store_id, \
                 refund_id, order_id, refund_number, place, created_at, state, \
                 external_reference FROM {rows}{guard})"
            ));
        }
        if let Some(source) = self.orders(|order| order.refund_states.iter()) {
            let rows = source
                .text("store_id", |_, (order, _)| order.key.store_id.as_str())
                .value("refund_id", |_, (_, (refund_id, _))| *refund_id)
                .text("state", |_, (_, (_, state))| *state)
                .done();
            self.parts.push(format!(
                "changed_refunds AS (UPDATE refunds r SET state = x.state FROM {rows}{guard} \
                 AND r.store_id = x.store_id AND r.refund_id = x.refund_id)"
            ));
        }
    }

    fn receipts(&mut self) {
        let Some(source) = self.source(|rows| rows.receipt.iter()) else { return };
        let rows = source
            .text("store_id", |_, receipt| receipt.key.store_id.as_str())
            .text("method", |_, receipt| receipt.key.method)
            .text("request_id", |_, receipt| &receipt.key.request_id)
            .number("created_at", |rows, _| rows.at)
            .bytes("fingerprint", |_, receipt| &receipt.fingerprint)
            .bytes("answer", |_, receipt| &receipt.answer)
            .done();
        let guard = self.guard;
        self.parts.push(format!(
            "new_receipts AS (INSERT INTO receipts (store_id, method, request_id, created_at, \
             fingerprint, answer) SELECT store_id, method, request_id, created_at, fingerprint, \
             answer FROM {rows}{guard})"
        ));
    }

    fn claims(&mut self) {
        let guard = self.guard;
        if let Some(source) = self.source(|rows| rows.freed.iter()) {
            let rows = source
                .text("scope", |_, freed| &freed.scope)
                .text("kind", |_, freed| freed.kind)
                .text("claim_key", |_, freed| &freed.key)
                .text("holder", |_, freed| &freed.holder)
                .done();
            let only = if guard.is_empty() { " WHERE true" } else { guard };
            self.parts.push(format!(
                "freed AS (DELETE FROM claims c USING {rows}{only} AND c.scope = x.scope \
                 AND c.kind = x.kind AND c.claim_key = x.claim_key AND c.holder = x.holder)"
            ));
        }
        if let Some(source) = self.source(|rows| rows.claims.iter()) {
            let rows = source
                .text("scope", |_, claim| scope(claim))
                .text("kind", |_, claim| claim.kind.name())
                .text("claim_key", |_, claim| &claim.key)
                .text("store_id", |_, claim| claim.store_id.as_str())
                .text("holder", |_, claim| &claim.holder)
                .bytes("fingerprint", |_, claim| &claim.fingerprint)
                .done();
            self.parts.push(format!(
                "taken AS (INSERT INTO claims (scope, kind, claim_key, store_id, holder, \
                 fingerprint) SELECT scope, kind, claim_key, store_id, holder, fingerprint \
                 FROM {rows}{guard})"
            ));
        }
    }

    fn tasks(&mut self) {
        let guard = self.guard;
        if let Some(source) = self.source(|rows| rows.done.iter()) {
            let rows = source
                .text("store_id", |_, done| done.key.store_id.as_str())
                .text("order_id", |_, done| done.key.order_id.as_str())
                .text("kind", |_, done| done.kind)
                .text("subject", |_, done| &done.subject)
                .done();
            let only = if guard.is_empty() { " WHERE true" } else { guard };
            self.parts.push(format!(
                "done AS (DELETE FROM tasks t USING {rows}{only} AND t.store_id = x.store_id \
                 AND t.order_id = x.order_id AND t.kind = x.kind AND t.subject = x.subject)"
            ));
        }
        if let Some(source) = self.source(|rows| rows.tasks.iter()) {
            let rows = source
                .text("store_id", |_, task| task.key.store_id.as_str())
                .text("order_id", |_, task| task.key.order_id.as_str())
                .text("kind", |_, task| task.kind.name())
                .text("subject", |_, task| &task.subject)
                .number("due_at", |_, task| task.due_at)
                .number("attempts", |_, task| task.attempts)
                .maybe("why", |_, task| task.why.as_deref())
                .maybe("trace", |rows, _| rows.trace.as_deref())
                .done();
            self.parts.push(format!(
                "put AS (INSERT INTO tasks (store_id, order_id, kind, subject, due_at, attempts, \
                 why, trace) SELECT store_id, order_id, kind, subject, due_at, attempts, why, trace \
                 FROM {rows}{guard} ON CONFLICT (store_id, order_id, kind, subject) DO UPDATE \
                 SET due_at = excluded.due_at, attempts = excluded.attempts, why = excluded.why, \
                 since = COALESCE(tasks.since, tasks.due_at), \
                 trace = excluded.trace, lease_owner = NULL, lease_until = NULL)"
            ));
        }
    }
}
