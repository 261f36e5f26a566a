//! What a refund does to the database, without Meridian: the statements of its commit, one
//! transaction each, on the very tables that Meridian made and with documents that it wrote.

pub mod pgbench;
pub mod rusqlite;

use crate::{client::Outcome, database::Database, messages::STORE};

/// A value of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Given {
    Store,
    Order,
    Method,
    /// A number that no other refund has.
    Request,
    /// The same as a UUID.
    Unique,
    /// The version that was read, and the one after it.
    Version,
    Next,
    Captured,
    Returned,
    State,
    Nothing,
    /// The document that was read.
    Doc,
    Tender,
    Kind,
    ActorKind,
    Actor,
    Body,
    RefundState,
    Fingerprint,
    Answer,
    Task,
    Leg,
    Attempts,
}

/// A statement, with what stands for `$1`, `$2` and so on.
#[derive(Debug)]
pub struct Statement {
    pub sql: &'static str,
    pub given: &'static [Given],
}

pub const LOAD: Statement = Statement {
    sql: "SELECT k.o, o.version, o.doc, o.personal, r.fingerprint, r.answer \
        FROM (SELECT CAST($1 AS TEXT) AS s, CAST($2 AS TEXT) AS o) AS k \
        LEFT JOIN orders o ON o.store_id = k.s AND o.order_id = k.o \
        LEFT JOIN receipts r ON r.store_id = $3 AND r.method = $4 AND r.request_id = $5",
    given: &[Given::Store, Given::Order, Given::Store, Given::Method, Given::Request],
};

pub const WRITE: [Statement; 6] = [
    Statement {
        sql: "UPDATE orders SET version = $4, captured = $5, returned = $6, \
            state = $7, external_order_id = $8, doc = $9 \
            WHERE store_id = $1 AND order_id = $2 AND version = $3",
        given: &[
            Given::Store,
            Given::Order,
            Given::Version,
            Given::Next,
            Given::Captured,
            Given::Returned,
            Given::State,
            Given::Nothing,
            Given::Doc,
        ],
    },
    Statement {
        sql: "UPDATE tenders SET captured = $4, returned = $5 \
            WHERE store_id = $1 AND order_id = $2 AND tender_id = $3 \
            AND (captured <> $4 OR returned <> $5)",
        given: &[Given::Store, Given::Order, Given::Tender, Given::Captured, Given::Returned],
    },
    Statement {
        sql: "INSERT INTO facts (store_id, order_id, place, sequence, occurred_at, \
            event_id, kind, actor_kind, actor_id, traceparent, body) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        given: &[
            Given::Store,
            Given::Order,
            Given::Next,
            Given::Next,
            Given::Request,
            Given::Unique,
            Given::Kind,
            Given::ActorKind,
            Given::Actor,
            Given::Nothing,
            Given::Body,
        ],
    },
    Statement {
        sql: "INSERT INTO refunds (store_id, refund_id, order_id, refund_number, \
            place, created_at, state) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        given: &[
            Given::Store,
            Given::Unique,
            Given::Order,
            Given::Request,
            Given::Next,
            Given::Request,
            Given::RefundState,
        ],
    },
    Statement {
        sql: "INSERT INTO receipts (store_id, method, request_id, created_at, \
            fingerprint, answer) VALUES ($1, $2, $3, $4, $5, $6)",
        given: &[
            Given::Store,
            Given::Method,
            Given::Request,
            Given::Request,
            Given::Fingerprint,
            Given::Answer,
        ],
    },
    Statement {
        sql: "INSERT INTO tasks (store_id, order_id, kind, subject, due_at, attempts, \
            trace) VALUES ($1, $2, $3, $4, $5, $6, $7) \
            ON CONFLICT (store_id, order_id, kind, subject) DO UPDATE SET due_at = excluded.due_at, \
            attempts = excluded.attempts, trace = excluded.trace, lease_owner = NULL, lease_until = NULL",
        given: &[
            Given::Store,
            Given::Order,
            Given::Task,
            Given::Leg,
            Given::Request,
            Given::Attempts,
            Given::Nothing,
        ],
    },
];

/// The store of the yardsticks' own orders, beside Meridian's.
pub const OWN_STORE: &str = "yardstick";

/// What one refund of Meridian's left behind: every value that the yardsticks write, too.
#[derive(Debug)]
pub struct Template {
    orders: u32,
    captured: i64,
    returned: i64,
    /// The values that are the same in every refund, as text; bytes in hexadecimal.
    fixed: Vec<(Given, String)>,
}

impl Template {
    /// Reads what the refund of this order left, and makes as many orders like it as there are of
    /// Meridian's.
    pub fn take(database: &Database, order_id: &str, orders: u32) -> Outcome<Self> {
        let of_order = format!("WHERE store_id = '{STORE}' AND order_id = '{order_id}'");
        let ask = |what: &str, table: &str, more: &str| {
            database.ask(&format!("SELECT {what} FROM {table} {of_order} {more}"))
        };
        let created = "AND kind = 'refund.created'";
        let receipt = |what: &str| {
            let sql = "WHERE method = 'CreateRefund' ORDER BY request_id LIMIT 1";
            database.ask(&format!("SELECT {what} FROM receipts {sql}"))
        };
        let fixed = vec![
            (Given::State, ask("state", "orders", "")?),
            (Given::Tender, ask("tender_id", "tenders", "")?),
            (Given::Kind, "refund.created".to_owned()),
            (Given::ActorKind, ask("actor_kind", "facts", created)?),
            (Given::Actor, ask("actor_id", "facts", created)?),
            (Given::Body, ask("body", "facts", created)?),
            (Given::RefundState, ask("state", "refunds", "")?),
            (Given::Method, "CreateRefund".to_owned()),
            (Given::Fingerprint, receipt("fingerprint")?),
            (Given::Answer, receipt("answer")?),
            (Given::Task, "leg".to_owned()),
            (Given::Leg, ask("subject", "tasks", "AND kind = 'leg'")?),
        ];
        for (table, columns) in [
            (
                "orders",
                "version, created_at, captured, returned, state, external_order_id, buyer_email, \
                 doc, personal",
            ),
            ("tenders", "tender_id, captured, returned"),
        ] {
            database.execute(&copies(table, columns, &of_order, orders))?;
        }
        Ok(Self {
            orders,
            captured: ask("captured", "orders", "")?.parse()?,
            returned: ask("returned", "orders", "")?.parse()?,
            fixed,
        })
    }

    fn fixed(&self, given: Given) -> &str {
        let found = self.fixed.iter().find(|(name, _)| *name == given);
        found.map_or("", |(_, value)| value)
    }
}

/// In words that both databases understand.
fn copies(table: &str, columns: &str, of_order: &str, orders: u32) -> String {
    let first = crate::messages::FIRST_ORDER;
    format!(
        "WITH RECURSIVE counted(n) AS \
         (SELECT 0 UNION ALL SELECT n + 1 FROM counted WHERE n + 1 < {orders}) \
         INSERT INTO {table} (store_id, order_id, {columns}) \
         SELECT '{OWN_STORE}', CAST({first} + n AS TEXT), {columns} \
         FROM {table}, counted {of_order}"
    )
}
