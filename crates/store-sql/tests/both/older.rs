//! Facts that were stored before there was a log.

use super::audit::{Bench, audit};
use super::{Kept, fresh_and_empty, open, url};
use conformance::{build::*, feed::numbered, lives};
use domain::{
    Actor, ActorKind,
    id::RefundId,
    order::{Command, Order},
    refund::{LegKind, LegState, RefundMethod, RefundState},
    store::StoreFact,
    token::Token,
};
use migrations::Migrator;
use ports::{
    Chain, Commit, EventFeed, EventFilter, OrderChange, OrderFilter, OrderKey, OrderSort,
    PageRequest, Reader, Store, TokenChange,
};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement, Value};
use sea_orm_migration::MigratorTrait as _;
use store_sql::Options;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// Migrations before the one that makes the log.
const WITHOUT_LOG: u32 = 3;
/// Migrations before payouts were tasks.
const WITHOUT_PAYOUTS: u32 = 6;

/// Migrations before orders were found by rows of their own.
const WITHOUT_FINDING: u32 = 8;

/// Migrations before tokens said when they end.
const WITHOUT_ENDS: u32 = 11;

/// Migrations since so many of them.
fn since(oldest: u32) -> u32 {
    u32::try_from(Migrator::migrations().len()).unwrap() - oldest
}

/// What readers are told, without its place in the log.
const TOLD: &str = "SELECT store_id || ' ' || order_id || ' ' || place || ' ' || kind || ' ' || \
    actor_id || ' ' || COALESCE(sequence, 0) || ' ' || COALESCE(trace, '') || ' ' || \
    COALESCE(entity_id, '') || ' ' || COALESCE(external_id, '') || ' ' || \
    COALESCE(external_number, '') || ' ' || COALESCE(data, '') \
    FROM event_log ORDER BY store_id, order_id, place";

impl Bench {
    async fn texts(&self, sql: &str) -> Vec<String> {
        let statement = Statement::from_string(self.sql.get_database_backend(), sql);
        let rows = self.sql.query_all_raw(statement).await.unwrap();
        rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn their_entries_are_those_that_their_commits_would_have_made() {
    let bench = Bench::full().await;
    let told = bench.texts(TOLD).await;
    Migrator::down(&bench.sql, Some(since(WITHOUT_LOG))).await.unwrap();
    assert!(!bench.store.schema_is_current().await.unwrap());
    bench.store.migrate().await.unwrap();
    assert_eq!(bench.texts(TOLD).await, told);
    assert_eq!(bench.audit().await.1, []);

    // Order by order, as they came in.
    let orders =
        "SELECT order_id FROM orders WHERE store_id = 'shop' ORDER BY created_at, order_id";
    let expected: Vec<String> =
        [vec![String::new()], bench.texts(orders).await].into_iter().flatten().collect();
    let logged = "SELECT order_id FROM event_log WHERE store_id = 'shop' ORDER BY entry";
    let mut logged = bench.texts(logged).await;
    logged.dedup();
    assert_eq!(logged, expected);

    // And it goes on.
    place(&bench.store, &order("new")).await;
    numbered(&bench.store).await;
    assert_eq!(bench.audit().await.1, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_without_a_log_gets_one_with_all_its_facts() {
    let kept: Kept = fresh_and_empty();
    let store = open(&url(&kept), Options::default()).await;
    let sql = Database::connect(url(&kept)).await.unwrap();
    Migrator::up(&sql, Some(WITHOUT_LOG)).await.unwrap();
    store_record_of_then(&sql).await;
    // The one that was stored last came in first.
    for (order_id, minute) in [("O-3", 30), ("O-2", 20), ("O-1", 10)] {
        let lived = lived(&order(order_id).created_at(minutes(minute)));
        insert(&sql, &lived, minutes(minute)).await;
    }
    assert!(!store.schema_is_current().await.unwrap());
    store.migrate().await.unwrap();
    let (audited, faults) = audit(&store).await.unwrap();
    assert_eq!(faults, []);
    assert_eq!((audited.orders, audited.facts, audited.events), (3, 13, 12));

    let feed = store.events(&shop(), &EventFilter::default(), 0, 100).await.unwrap();
    let told: Vec<_> = feed
        .events
        .iter()
        .map(|event| (event.order_id.as_ref().unwrap().as_str(), event.kind, event.position))
        .collect();
    let kinds = ["order.received", "order.ready", "refund.created", "order.accepted"];
    let expected: Vec<_> = ["O-1", "O-2", "O-3"]
        .into_iter()
        .flat_map(|order| kinds.map(|kind| (order, kind)))
        .zip(1..)
        .map(|((order, kind), position)| (order, kind, position))
        .collect();
    assert_eq!(told, expected);
    assert_eq!(feed.events[3].external.as_ref().unwrap().id, "E-O-1");
    assert_eq!(feed.events[0].external, None);
    assert_eq!(store.last_overall().await.unwrap(), 12);

    // What comes next comes after them.
    let change = load(&store, &key("O-2")).await.decide(refund(9, "1.00"), NOON).unwrap();
    store.commit(commit().order(change)).await.unwrap();
    numbered(&store).await;
    let next = store.events(&shop(), &EventFilter::default(), 12, 100).await.unwrap();
    assert_eq!((next.events[0].position, next.events[0].sequence), (13, 5));
    assert_eq!(audit(&store).await.unwrap().1, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_whose_facts_cannot_be_read_stays_as_it_is() {
    let bench = Bench::empty().await;
    lives::of_all_kinds(&bench.store).await;
    Migrator::down(&bench.sql, Some(since(WITHOUT_LOG))).await.unwrap();
    bench.run("UPDATE facts SET body = '{' WHERE order_id = 'held' AND place = 2").await;
    let refused = bench.store.migrate().await.unwrap_err();
    assert!(Chain(&refused).to_string().contains("store \"shop\", order \"held\""));
    assert!(!bench.store.schema_is_current().await.unwrap());
    bench.run("UPDATE facts SET body = '{\"type\":\"order.ready\"}' WHERE order_id = 'held' AND place = 2").await;
    bench.store.migrate().await.unwrap();
    assert_eq!(bench.audit().await.1, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_build_without_the_log_can_write_no_fact_beside_it() {
    let bench = Bench::full().await;
    let backend = bench.sql.get_database_backend();
    let as_then = async |column: &str| {
        let text = format!(
            "INSERT INTO facts (store_id, order_id, place, occurred_at, event_id, kind, \
             actor_kind, actor_id, {column}, body) SELECT store_id, order_id, place + 100, \
             occurred_at, event_id, kind, actor_kind, actor_id, NULL, body FROM facts \
             WHERE order_id = 'held' AND place = 1"
        );
        bench.sql.execute_raw(Statement::from_string(backend, text)).await
    };
    assert!(as_then("trace").await.is_err());
    assert_eq!(as_then("traceparent").await.unwrap().rows_affected(), 1);
}

/// Received, ready, refunded and accepted, each in a commit of its own.
fn lived(new: &NewOrderOf) -> OrderChange {
    let id = new.key.order_id.as_str();
    let mut change = new.change();
    let ready = Command::MarkReady { plug_and_play: false };
    for command in [ready, refund(1, "30.00"), accept(&format!("E-{id}"))] {
        let facts = change.after.decide(command).unwrap();
        change.after = facts.iter().fold(change.after.clone(), Order::evolve);
        change.facts.extend(facts);
    }
    change
}

async fn run(sql: &DatabaseConnection, text: &str, values: Vec<Value>) {
    let statement = Statement::from_sql_and_values(sql.get_database_backend(), text, values);
    sql.execute_raw(statement).await.unwrap();
}

/// What a commit of the version before the log wrote.
async fn insert(sql: &DatabaseConnection, change: &OrderChange, at: OffsetDateTime) {
    let (order, OrderKey { store_id, order_id }) = (&change.after, change.key());
    let key = || [Value::from(store_id.as_str()), Value::from(order_id.as_str())];
    let made = micros(order.created_at);
    let captured: i64 = order.tenders.iter().map(|tender| tender.captured.ten_thousandths()).sum();
    let returned = order.books().unwrap().tenders;
    let sum: i64 = returned.iter().map(|amount| amount.ten_thousandths()).sum();
    let external = order.external.as_ref().map(|external| external.id.clone());
    let values = [
        change.version().0.into(),
        made.into(),
        captured.into(),
        sum.into(),
        order.state.name().into(),
        external.into(),
        json(order).into(),
    ];
    run(
        sql,
        "INSERT INTO orders (store_id, order_id, version, created_at, captured, returned, state, \
         external_order_id, doc) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        key().into_iter().chain(values).collect(),
    )
    .await;
    for (tender, returned) in order.tenders.iter().zip(returned) {
        let values = [
            tender.tender_id.as_str().into(),
            tender.captured.ten_thousandths().into(),
            returned.ten_thousandths().into(),
        ];
        let text = "INSERT INTO tenders (store_id, order_id, tender_id, captured, returned) \
            VALUES ($1, $2, $3, $4, $5)";
        run(sql, text, key().into_iter().chain(values).collect()).await;
    }
    for code in ["SKU-1", "SKU-2", "EAN-2"] {
        let text = "INSERT INTO order_products (store_id, order_id, product_code, created_at) \
            VALUES ($1, $2, $3, $4)";
        run(sql, text, key().into_iter().chain([code.into(), made.into()]).collect()).await;
    }
    for (place, sequence, fact) in change.numbered() {
        let at = micros(at + Duration::seconds(place));
        let who = Actor::new(ActorKind::Merchant, "tok_then");
        let values = [
            place.into(),
            sequence.into(),
            at.into(),
            Uuid::now_v7().into(),
            fact.name().into(),
            who.kind.name().into(),
            who.id.into(),
            json(fact).into(),
        ];
        let text = "INSERT INTO facts (store_id, order_id, place, sequence, occurred_at, event_id, \
            kind, actor_kind, actor_id, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        run(sql, text, key().into_iter().chain(values).collect()).await;
    }
    let refund = &order.refunds[0];
    let values = [
        refund.refund_id.as_uuid().into(),
        refund.number.into(),
        3_i64.into(),
        micros(refund.created_at).into(),
        refund.state.name().into(),
    ];
    let text = "INSERT INTO refunds (store_id, order_id, refund_id, refund_number, place, \
        created_at, state) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    run(sql, text, key().into_iter().chain(values).collect()).await;
}

async fn store_record_of_then(sql: &DatabaseConnection) {
    let record = store_record("shop");
    let fact = StoreFact::Created { store: Box::new(record.clone()) };
    let values = vec![Value::from("shop"), json(&record).into()];
    let text = "INSERT INTO stores (store_id, version, doc) VALUES ($1, 1, $2)";
    run(sql, text, values).await;
    let values = vec![Value::from("shop"), Uuid::now_v7().into(), json(&fact).into()];
    let text = "INSERT INTO facts (store_id, order_id, place, occurred_at, event_id, kind, \
        actor_kind, actor_id, body) VALUES ($1, '', 1, 1, $2, 'store.created', 'PLATFORM', 'boot', $3)";
    run(sql, text, values).await;
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap()
}

fn micros(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000).unwrap()
}

/// By the orders themselves: those that were committed before have no such task.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn payouts_that_were_awaited_before_are_tasks() {
    let bench = Bench::full().await;
    let mut change = order("awaits").change();
    let refund_id = RefundId::from_uuid(Uuid::from_u128(7_000));
    let (method, at) = (RefundMethod::BankDeposit, NOON);
    for command in [
        Command::MarkReady { plug_and_play: false },
        refund_as(refund_id, 7_000, "30.00"),
        Command::ChangeRefundMethod { refund_id, method, at },
    ] {
        let facts = change.after.decide(command).unwrap();
        change.after = facts.iter().fold(change.after, Order::evolve);
        change.facts.extend(facts);
    }
    bench.store.commit(commit().order(change)).await.unwrap();
    Migrator::down(&bench.sql, Some(since(WITHOUT_PAYOUTS))).await.unwrap();
    let awaited = |order: &Order| {
        let pending = order.refunds.iter().filter(|it| it.state == RefundState::Pending);
        let legs = pending.flat_map(|refund| refund.legs.iter());
        let manual =
            legs.filter(|leg| (leg.kind, leg.state) == (LegKind::Manual, LegState::Pending));
        manual.map(|leg| leg.leg_id.to_string()).collect::<Vec<_>>()
    };
    let orders = bench.texts("SELECT CAST(doc AS TEXT) FROM orders").await;
    let orders = orders.iter().map(|doc| serde_json::from_str::<Order>(doc).unwrap());
    let mut expected: Vec<String> = orders.flat_map(|order| awaited(&order)).collect();
    expected.sort();
    assert!(!expected.is_empty());
    bench.store.migrate().await.unwrap();
    let tasks = "SELECT subject FROM tasks WHERE kind = 'payout' ORDER BY subject";
    assert_eq!(bench.texts(tasks).await, expected);
}

/// What orders are found by beside their documents.
const FOUND_BY: &str = "SELECT 'states ' || store_id || ' ' || order_id || ' ' || created_at || ' ' \
    || facets AS found FROM order_facets \
    UNION ALL SELECT 'name ' || store_id || ' ' || order_id || ' ' || created_at || ' ' || word \
    FROM order_names \
    UNION ALL SELECT 'order ' || store_id || ' ' || order_id || ' ' || COALESCE(cart_id, '') || ' ' \
    || COALESCE(external_order_number, '') FROM orders \
    UNION ALL SELECT 'refund ' || store_id || ' ' || refund_number || ' ' \
    || COALESCE(external_reference, '') FROM refunds ORDER BY found";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_are_found_as_if_they_had_been_committed_since() {
    let bench = Bench::full().await;
    let Command::CreateRefund(mut create) = refund(8_000, "1.00") else { unreachable!() };
    create.request.external_reference = Some("case-8".to_owned());
    let placed = place(&bench.store, &order("named").named("Zoë Müller", Some("Eve"))).await;
    let change = placed.decide(Command::CreateRefund(create), NOON).unwrap();
    bench.store.commit(commit().order(change)).await.unwrap();
    numbered(&bench.store).await;
    let found_by = bench.texts(FOUND_BY).await;
    for some in ["muller", "N-E-1", "cart", "case-8"] {
        assert!(found_by.iter().any(|row| row.ends_with(some) || row.contains(some)), "{some}");
    }
    Migrator::down(&bench.sql, Some(since(WITHOUT_FINDING))).await.unwrap();
    bench.store.migrate().await.unwrap();
    assert_eq!(bench.texts(FOUND_BY).await, found_by);
    assert_eq!(bench.audit().await.1, []);
    let search = OrderFilter { search: vec!["zoe eve".into()], ..OrderFilter::default() };
    let page = PageRequest { size: 9, after: None };
    let found = bench.store.orders(&shop(), &search, OrderSort::NewestFirst, page).await.unwrap();
    assert_eq!(found.items.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_whose_orders_cannot_be_read_stays_as_it_is() {
    let bench = Bench::full().await;
    Migrator::down(&bench.sql, Some(since(WITHOUT_FINDING))).await.unwrap();
    let personal = bench.texts("SELECT personal FROM orders WHERE order_id = 'held'").await;
    bench.run("UPDATE orders SET personal = '{}' WHERE order_id = 'held'").await;
    let refused = bench.store.migrate().await.unwrap_err();
    assert!(Chain(&refused).to_string().contains("order \"held\" of store \"shop\""));
    assert!(!bench.store.schema_is_current().await.unwrap());
    let text = "UPDATE orders SET personal = $1 WHERE order_id = 'held'";
    run(&bench.sql, text, vec![personal[0].as_str().into()]).await;
    bench.store.migrate().await.unwrap();
    assert_eq!(bench.audit().await.1, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn older_tokens_end_when_they_would_have() {
    let bench = Bench::empty().await;
    let of = |ends: [Option<OffsetDateTime>; 2], hash: u8| {
        let [expires_at, revoked_at] = ends;
        let token = Token { expires_at, revoked_at, ..token(&shop(), "t") };
        TokenChange { token, hash: Some([hash; 32]) }
    };
    let half = Some(minutes(5) + Duration::milliseconds(500));
    let ends = [[None, None], [half, None], [None, Some(minutes(1))], [half, Some(minutes(1))]];
    let tokens = ends.into_iter().zip(1..).map(|(ends, hash)| of(ends, hash)).collect();
    bench.store.commit(Commit { tokens, ..commit() }).await.unwrap();
    let live = async |at| bench.store.count_live_tokens(&shop(), at).await.unwrap();
    let counts = async || [live(NOON).await, live(minutes(1)).await, live(minutes(6)).await];
    assert_eq!(counts().await, [4, 2, 1]);
    Migrator::down(&bench.sql, Some(since(WITHOUT_ENDS))).await.unwrap();
    bench.store.migrate().await.unwrap();
    assert_eq!(counts().await, [4, 2, 1]);
}
