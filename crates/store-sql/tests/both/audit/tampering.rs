//! One thing is changed at a time, behind the program's back.

use super::{Bench, named};
use ports::FaultKind::{self, *};

/// Everything that is changed here, to be put back.
const TABLES: [&str; 11] = [
    "orders",
    "order_products",
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
    cases.extend(entries(&bench, entry, last).await);
    cases.extend(orders());
    cases.extend(lists());
    cases.extend(ledger());
    let mut wrong = String::new();
    for case in &cases {
        bench.run(&case.sql).await;
        let (_, faults) = bench.audit().await;
        let found: Vec<_> = faults.iter().map(named).collect();
        if found != case.expected {
            let Case { what, sql, expected } = case;
            wrong += &format!("{what}: {sql}\n  expected {expected:?}\n  found {faults:#?}\n");
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
            "a fact of the store itself",
            "UPDATE facts SET body = replace(body, 'guid-shop', 'guid-ship') \
             WHERE store_id = 'shop' AND order_id = '' AND place = 1",
            &[(FactChanged, "", Some(1), Some(1))],
        ),
    ]
}

async fn entries(bench: &Bench, entry: i64, last: i64) -> Vec<Case> {
    let at = format!("{} AND place = {CREATED}", of("refunded"));
    let changed = [(EntryChanged, "refunded", Some(CREATED), Some(entry))];
    let hash = |of: i64| {
        format!("(SELECT hash FROM kept_event_log WHERE store_id = 'shop' AND entry = {of})")
    };
    let swapped = |one: i64, other: i64| {
        format!(
            "UPDATE event_log SET hash = CASE entry WHEN {one} THEN {} ELSE {} END \
             WHERE store_id = 'shop' AND entry IN ({one}, {other})",
            hash(other),
            hash(one)
        )
    };
    let (second, third) = (bench.at(entry + 1).await, bench.at(entry + 4).await);
    let (cut, cut_too) = (bench.at(last).await, bench.at(last - 1).await);
    let position = bench.count(&format!("SELECT position FROM event_log WHERE {at}")).await;
    vec![
        case(
            "what an entry tells",
            format!("UPDATE event_log SET data = replace(data, '30.00', '31.00') WHERE {at}"),
            &changed,
        ),
        case(
            "what an entry is about",
            format!("UPDATE event_log SET entity_id = 'rf_other' WHERE {at}"),
            &changed,
        ),
        case(
            "who did it, as the log has it",
            format!("UPDATE event_log SET actor_id = 'tok_other' WHERE {at}"),
            &changed,
        ),
        case("its trace", format!("UPDATE event_log SET trace = 'another' WHERE {at}"), &changed),
        case(
            "an entry is gone",
            format!("DELETE FROM event_log WHERE {at}"),
            &[
                (PositionGap, "", None, Some(entry)),
                (EntryMissing, "refunded", Some(CREATED), None),
            ],
        ),
        case(
            "the tail is cut off",
            format!("DELETE FROM event_log WHERE store_id = 'shop' AND entry >= {}", last - 1),
            &[
                (TailMissing, "", None, Some(last - 1)),
                (EntryMissing, cut_too.0, Some(cut_too.1), None),
                (EntryMissing, cut.0, Some(cut.1), None),
            ],
        ),
        case(
            "the tail is cut off, and the head goes along",
            format!(
                "DELETE FROM event_log WHERE store_id = 'shop' AND entry = {last}; \
                 UPDATE feeds SET entries = {}, hash = {} WHERE store_id = 'shop'",
                last - 1,
                hash(last - 1)
            ),
            &[(HeadDiffers, "", None, None), (EntryMissing, cut.0, Some(cut.1), None)],
        ),
        case(
            "the hashes of two entries are swapped",
            swapped(entry, entry + 4),
            &[
                (ChainBroken, "refunded", Some(CREATED), Some(entry)),
                (ChainBroken, third.0, Some(third.1), Some(entry + 4)),
            ],
        ),
        case(
            "the hashes of two neighbours are swapped",
            swapped(entry, entry + 1),
            &[
                (ChainBroken, "refunded", Some(CREATED), Some(entry)),
                (ChainBroken, second.0, Some(second.1), Some(entry + 1)),
            ],
        ),
        case(
            "the hash of the last entry",
            format!(
                "UPDATE event_log SET hash = {} WHERE store_id = 'shop' AND entry = {last}",
                hash(1)
            ),
            &[(ChainBroken, cut.0, Some(cut.1), Some(last))],
        ),
        case(
            "the hash in the head",
            format!("UPDATE feeds SET hash = {} WHERE store_id = 'shop'", hash(1)),
            &[(HeadDiffers, "", None, None)],
        ),
        case(
            "the position in the head",
            "UPDATE feeds SET position = position + 1 WHERE store_id IN ('', 'shop')",
            &[(HeadDiffers, "", None, None)],
        ),
        case(
            "a position",
            format!("UPDATE event_log SET position = {} WHERE {at}", position + 100_000),
            &[(PositionGap, "refunded", Some(CREATED), Some(entry))],
        ),
        case(
            "an entry is there twice",
            format!(
                "INSERT INTO event_log (store_id, entry, order_id, place, occurred_at, event_id, \
                 kind, actor_kind, actor_id, hash) SELECT store_id, {}, order_id, place, \
                 occurred_at, event_id, kind, actor_kind, actor_id, hash FROM kept_event_log \
                 WHERE {at}",
                last + 1
            ),
            &[
                (HeadDiffers, "", None, None),
                (EntryTwice, "refunded", Some(CREATED), Some(last + 1)),
                (EntryChanged, "refunded", Some(CREATED), Some(last + 1)),
            ],
        ),
    ]
}

fn orders() -> Vec<Case> {
    let differs = [(OrderDiffers, "refunded", None, None)];
    let at = of("refunded");
    vec![
        case(
            "an amount of an order",
            format!("UPDATE orders SET doc = replace(doc, '300000', '310000') WHERE {at}"),
            &differs,
        ),
        case(
            "the state of a leg in an order",
            format!("UPDATE orders SET doc = replace(doc, '\"SETTLED\"', '\"FAILED\"') WHERE {at}"),
            &differs,
        ),
        case(
            "an order that cannot be read",
            format!("UPDATE orders SET doc = '{{}}' WHERE {at}"),
            &[(Unreadable, "refunded", None, None)],
        ),
        case(
            "the version of an order",
            format!("UPDATE orders SET version = version + 1 WHERE {at}"),
            &[(VersionDiffers, "refunded", None, None)],
        ),
        case(
            "an order is gone",
            format!("DELETE FROM orders WHERE {at}"),
            &[(RecordMissing, "refunded", None, None)],
        ),
        case(
            "the state of an order, as it is searched for",
            format!("UPDATE orders SET state = 'COMPLETED' WHERE {at}"),
            &[(ProjectionDiffers, "refunded", None, None)],
        ),
        case(
            "what was returned of an order, as it is searched for",
            format!("UPDATE orders SET returned = returned - 1 WHERE {at}"),
            &[(ProjectionDiffers, "refunded", None, None)],
        ),
        case(
            "the merchant's own id",
            format!("UPDATE orders SET external_order_id = 'E-2' WHERE {}", of("delivered")),
            &[(ProjectionDiffers, "delivered", None, None)],
        ),
    ]
}

fn lists() -> Vec<Case> {
    let row = [(ProjectionDiffers, "refunded", None, None)];
    let tender = [(TenderDiffers, "refunded", None, None)];
    let at = of("refunded");
    let asked = [(ProjectionDiffers, "asked", None, None)];
    let of_asked = "cancellation_id IN (SELECT cancellation_id FROM cancellations \
         WHERE order_id = 'asked')";
    vec![
        case(
            "what went back over a tender",
            format!("UPDATE tenders SET returned = returned - 1 WHERE {at} AND tender_id = 'card'"),
            &tender,
        ),
        case(
            "what of a tender was let go",
            format!(
                "UPDATE tenders SET captured = 0, returned = 0, released = authorized \
                     WHERE {at} AND tender_id = 'gift'"
            ),
            &tender,
        ),
        case(
            "a tender is gone",
            format!("DELETE FROM tenders WHERE {at} AND tender_id = 'card'"),
            &tender,
        ),
        case(
            "the state of a refund in the lists",
            format!("UPDATE refunds SET state = 'FAILED' WHERE {at}"),
            &row,
        ),
        case("a refund is gone from the lists", format!("DELETE FROM refunds WHERE {at}"), &row),
        case(
            "a refund of another order",
            format!("UPDATE refunds SET order_id = 'held' WHERE {at}"),
            &[(ProjectionDiffers, "held", None, None), row[0]],
        ),
        case(
            "a product of an order",
            format!(
                "UPDATE order_products SET product_code = 'SKU-9' WHERE {at} \
                     AND product_code = 'SKU-1'"
            ),
            &[row[0], row[0]],
        ),
        case(
            "the reason of a cancellation",
            "UPDATE cancellations SET reason = 'OTHER' WHERE order_id = 'asked' \
             AND state = 'IN_PROGRESS'",
            &asked,
        ),
        case(
            "a product of a cancellation",
            format!(
                "DELETE FROM cancellation_products WHERE {of_asked} AND product_code = 'SKU-1'"
            ),
            &asked,
        ),
        case(
            "a product of no cancellation",
            "DELETE FROM cancellations WHERE order_id = 'withdrawn'",
            &[
                (ProjectionDiffers, "", None, None),
                (ProjectionDiffers, "withdrawn", None, None),
                (ProjectionDiffers, "withdrawn", None, None),
            ],
        ),
    ]
}

fn ledger() -> Vec<Case> {
    let unbalanced = (LedgerUnbalanced, "", None, None);
    vec![
        case(
            "what an account holds",
            "UPDATE ledger_accounts SET balance = balance + 1 WHERE name = 'points'",
            &[unbalanced],
        ),
        case(
            "an account is gone",
            "DELETE FROM ledger_accounts WHERE name = 'spent'",
            &[unbalanced],
        ),
        case(
            "a transfer is gone",
            "DELETE FROM ledger_transfers WHERE transfer_key = 't-2'",
            &[unbalanced, unbalanced],
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
        let which = format!("FROM event_log WHERE store_id = 'shop' AND entry = {entry}");
        let statement = sea_orm::Statement::from_string(
            sea_orm::ConnectionTrait::get_database_backend(&self.sql),
            format!("SELECT order_id, place {which}"),
        );
        let row = sea_orm::ConnectionTrait::query_one_raw(&self.sql, statement).await.unwrap();
        let row = row.unwrap();
        let order: String = row.try_get_by_index(0).unwrap();
        (order.leak(), row.try_get_by_index(1).unwrap())
    }
}
