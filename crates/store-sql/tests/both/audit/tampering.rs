//! One thing is changed at a time, behind the program's back.

#[path = "lists.rs"]
mod lists;
#[path = "log.rs"]
mod log;

use super::{Bench, named};
use ports::FaultKind::{self, FactChanged, FactMissing, Unreadable};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use std::fmt::Write as _;

/// Everything that is changed here, to be put back.
const TABLES: [&str; 13] = [
    "orders",
    "order_products",
    "order_facets",
    "order_names",
    "facts",
    "event_log",
    "feeds",
    "tenders",
    "refunds",
    "cancellations",
    "cancellation_products",
    "ledger_accounts",
    "ledger_transfers",
];

type Expected = (FaultKind, &'static str, Option<i64>, Option<i64>);

/// Entry numbers are looked up: they stand for whatever the history made of them.
struct Case {
    what: &'static str,
    sql: String,
    expected: Vec<Expected>,
}

fn case(what: &'static str, sql: impl Into<String>, expected: &[Expected]) -> Case {
    Case { what, sql: sql.into(), expected: expected.to_vec() }
}

/// Of the refund, in the order `refunded`.
const CREATED: i64 = 3;

fn of(order: &str) -> String {
    format!("store_id = 'shop' AND order_id = '{order}'")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_changed_is_named_and_nothing_else() {
    let bench = Bench::full().await;
    bench.keep().await;
    let entry = bench.entry("refunded", CREATED).await;
    let last = bench.count("SELECT MAX(entry) FROM event_log WHERE store_id = 'shop'").await;
    let mut cases = facts(entry, bench.entry("held", 4).await);
    cases.extend(log::entries(entry));
    cases.extend(log::ends(&bench, last).await);
    cases.extend(log::hashes(&bench, entry, last).await);
    cases.extend(log::numbers(&bench, entry, last).await);
    if bench.sql.get_database_backend() == DbBackend::Sqlite {
        cases.extend(no_text(entry));
    }
    cases.extend(lists::orders());
    cases.extend(lists::lists());
    cases.extend(lists::ledger());
    let mut wrong = String::new();
    for case in &cases {
        bench.run(&case.sql).await;
        let (_, faults) = bench.audit().await;
        let found: Vec<_> = faults.iter().map(named).collect();
        let is_of_shop = |fault: &ports::Fault| ["shop", ""].contains(&&*fault.store_id);
        if found != case.expected || !faults.iter().all(is_of_shop) {
            let Case { what, sql, expected } = case;
            writeln!(wrong, "{what}: {sql}\n  expected {expected:?}\n  found {faults:#?}").unwrap();
        }
        bench.put_back().await;
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert_eq!(bench.audit().await.1, [], "everything was put back");
    println!("{} kinds of changes are named", cases.len());
}

fn facts(entry: i64, held: i64) -> Vec<Case> {
    let at = format!("{} AND place = {CREATED}", of("refunded"));
    let changed = [(FactChanged, "refunded", Some(CREATED), Some(entry))];
    vec![
        case(
            "a byte of a fact, which is no JSON any more",
            format!("UPDATE facts SET body = '|' || substr(body, 2) WHERE {at}"),
            &changed,
        ),
        case(
            "an amount of a fact",
            format!("UPDATE facts SET body = replace(body, '300000', '310000') WHERE {at}"),
            &changed,
        ),
        case(
            "a blank in a fact, which changes nothing",
            format!("UPDATE facts SET body = body || ' ' WHERE {at}"),
            &changed,
        ),
        case(
            "a letter in what somebody said",
            format!(
                "UPDATE facts SET body = replace(body, '\"odd\"', '\"add\"') \
                 WHERE {} AND place = 4",
                of("held")
            ),
            &[(FactChanged, "held", Some(4), Some(held))],
        ),
        case("who did it", format!("UPDATE facts SET actor_id = 'tok_other' WHERE {at}"), &changed),
        case(
            "a number among the events",
            format!("UPDATE facts SET sequence = 7 WHERE {at}"),
            &changed,
        ),
        case(
            "what it is called",
            format!("UPDATE facts SET kind = 'order.ready' WHERE {at}"),
            &changed,
        ),
        case(
            "a fact is gone",
            format!("DELETE FROM facts WHERE {at}"),
            &[(FactMissing, "refunded", Some(CREATED), Some(entry))],
        ),
        case(
            "an event of the store itself",
            "UPDATE facts SET body = replace(body, 'gone', 'none') \
             WHERE store_id = 'shop' AND order_id = '' AND place = 3",
            &[(FactChanged, "", Some(3), Some(3))],
        ),
        case(
            "what the log tells of the store itself",
            "UPDATE event_log SET data = replace(data, 'gone', 'none') \
             WHERE store_id = 'shop' AND order_id = '' AND place = 3",
            &[(FaultKind::EntryChanged, "", Some(3), Some(3))],
        ),
        case(
            "a fact of the store itself",
            "UPDATE facts SET body = replace(body, 'guid-shop', 'guid-ship') \
             WHERE store_id = 'shop' AND order_id = '' AND place = 1",
            &[(FactChanged, "", Some(1), Some(1))],
        ),
    ]
}

/// A file takes any bytes for a text, and any length for an id.
fn no_text(entry: i64) -> Vec<Case> {
    let at = format!("{} AND place = {CREATED}", of("refunded"));
    let unreadable = |entry| [(Unreadable, "refunded", Some(CREATED), entry)];
    vec![
        case(
            "a byte of a fact, which is no text any more",
            format!("UPDATE facts SET body = CAST(x'ff' || substr(body, 2) AS TEXT) WHERE {at}"),
            &[(FactChanged, "refunded", Some(CREATED), Some(entry))],
        ),
        case(
            "the id of an event in its fact",
            format!("UPDATE facts SET event_id = x'00' WHERE {at}"),
            &unreadable(None),
        ),
        case(
            "the id of an event in the log",
            format!("UPDATE event_log SET event_id = x'00' WHERE {at}"),
            &unreadable(Some(entry)),
        ),
        case(
            "what an entry tells, which is no text any more",
            format!("UPDATE event_log SET data = CAST(x'ff' AS TEXT) WHERE {at}"),
            &unreadable(Some(entry)),
        ),
        case(
            "an order that is no text",
            format!("UPDATE orders SET doc = CAST(x'ff' AS TEXT) WHERE {}", of("refunded")),
            &[(Unreadable, "refunded", None, None)],
        ),
        case(
            "a state that is no text",
            format!("UPDATE refunds SET state = CAST(x'ff' AS TEXT) WHERE {}", of("refunded")),
            &[(Unreadable, "refunded", None, None)],
        ),
    ]
}

impl Bench {
    async fn keep(&self) {
        for table in TABLES {
            self.run(&format!("CREATE TABLE kept_{table} AS SELECT * FROM {table}")).await;
        }
    }

    async fn put_back(&self) {
        for table in TABLES {
            self.run(&format!("DELETE FROM {table}")).await;
            self.run(&format!("INSERT INTO {table} SELECT * FROM kept_{table}")).await;
        }
    }

    /// The number of a fact's entry.
    async fn entry(&self, order: &str, place: i64) -> i64 {
        let of = format!("SELECT entry FROM event_log WHERE {} AND place = {place}", of(order));
        self.count(&of).await
    }

    /// Order and place of an entry of the store.
    async fn at(&self, entry: i64) -> (&'static str, i64) {
        let sql = format!(
            "SELECT order_id, place FROM event_log WHERE store_id = 'shop' AND entry = {entry}"
        );
        let statement = Statement::from_string(self.sql.get_database_backend(), sql);
        let row = self.sql.query_one_raw(statement).await.unwrap().unwrap();
        let order: String = row.try_get_by_index(0).unwrap();
        (order.leak(), row.try_get_by_index(1).unwrap())
    }
}
