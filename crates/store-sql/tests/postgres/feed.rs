//! A reader of the feed misses nothing, whatever the writers do.

use super::{fresh, open};
use conformance::{build::*, feed::numbered};
use futures_util::future::join_all;
use ports::{EventFeed, EventFilter, Sequencer, Store};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use sea_orm::{ConnectionTrait, Database as Connection, DatabaseConnection, TransactionTrait};
use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use store_sql::{Options, SqlStore};
use testkit::{postgres::Database, scale};
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

const WRITERS: u64 = 16;

/// How long they write.
fn duration() -> Duration {
    Duration::from_secs(scale::pick(4, 60))
}

/// What was committed, as the tables say: every event's id.
fn committed(database: &Database) -> HashSet<String> {
    let ids = "SELECT event_id FROM facts WHERE sequence IS NOT NULL";
    database.query(ids).lines().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_by_position_misses_nothing() {
    let (store, database) = fresh().await;
    let other = open(&database.url(), Options::default()).await;
    let done = Arc::new(AtomicBool::new(false));
    let sequencers = [store.clone(), other].map(|it| tokio::spawn(sequence(it, Arc::clone(&done))));
    let reader = tokio::spawn(read(store.clone(), Arc::clone(&done)));
    write(&store, &database).await;
    numbered(&store).await;
    done.store(true, Ordering::SeqCst);
    let seen = timeout(Duration::from_mins(1), reader).await.unwrap().unwrap();
    for sequencer in sequencers {
        sequencer.await.unwrap();
    }
    let committed = committed(&database);
    println!("{} events written, {} read", committed.len(), seen.len());
    assert!(committed.len() > 100);
    assert_eq!(seen.iter().cloned().collect::<HashSet<_>>(), committed, "missed");
    assert_eq!(seen.len(), committed.len(), "doubled");
    assert_eq!(database.query("SELECT count(*) FROM outbox"), "0");
}

/// What the feed is there for: the same reader by a serial number loses events.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_by_a_bare_serial_misses_some() {
    let (store, database) = fresh().await;
    let done = Arc::new(AtomicBool::new(false));
    let reader = tokio::spawn(read_by_serial(database.url_of_all_stores(), Arc::clone(&done)));
    write(&store, &database).await;
    done.store(true, Ordering::SeqCst);
    let seen = reader.await.unwrap();
    let written: usize = database.query("SELECT count(*) FROM outbox").parse().unwrap();
    println!("{written} written, {seen} read by a serial");
    assert!(seen < written, "a serial cursor saw all {written}");
}

/// Somebody holds a transaction open: what others commit is seen all the same, and soon.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_idle_in_its_transaction_delays_no_other_event() {
    let (store, database) = fresh().await;
    let done = Arc::new(AtomicBool::new(false));
    let sequencer = tokio::spawn(sequence(store.clone(), Arc::clone(&done)));
    let connection = Connection::connect(database.url_of_all_stores()).await.unwrap();
    let idle = connection.begin().await.unwrap();
    insert(&idle, "idle", 1, Uuid::from_u128(1)).await;

    let until = Instant::now() + Duration::from_secs(scale::pick(3, 30));
    let (mut slowest, mut cursor) = (Duration::ZERO, 0);
    for number in 0.. {
        if Instant::now() > until {
            break;
        }
        let change = order(&format!("O-{number}")).change();
        store.commit(commit().order(change)).await.unwrap();
        let began = Instant::now();
        loop {
            let filter = EventFilter::default();
            let stretch = store.events(&shop(), &filter, cursor, 100).await.unwrap();
            cursor = stretch.seen;
            let sees = |event: &ports::Event| {
                event.order_id.as_ref().is_some_and(|id| id.as_str() == format!("O-{number}"))
            };
            if stretch.events.iter().any(sees) {
                break;
            }
            assert!(began.elapsed() < Duration::from_secs(30), "it is not seen at all");
            sleep(Duration::from_millis(1)).await;
        }
        slowest = slowest.max(began.elapsed());
    }
    println!("seen after {slowest:?} at the latest");
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
    idle.commit().await.unwrap();
    numbered(&store).await;
    let last = store.last_position(&shop()).await.unwrap();
    let late = store.position(&shop(), domain::id::EventId::from_uuid(Uuid::from_u128(1))).await;
    assert_eq!(late.unwrap(), Some(last), "what was committed last stands last");
    done.store(true, Ordering::SeqCst);
    sequencer.await.unwrap();
}

async fn sequence(store: SqlStore, done: Arc<AtomicBool>) {
    while !done.load(Ordering::SeqCst) {
        store.number().await.unwrap();
        store.committed(time::Duration::milliseconds(2)).await;
    }
}

/// Reads to the end, page by page, and checks what it sees: the ids in their order.
async fn read(store: SqlStore, done: Arc<AtomicBool>) -> Vec<String> {
    let (mut cursor, mut seen, mut orders) = (0, Vec::new(), HashMap::<_, i64>::new());
    loop {
        let finished = done.load(Ordering::SeqCst);
        let stretch = store.events(&shop(), &EventFilter::default(), cursor, 100).await.unwrap();
        for event in &stretch.events {
            assert_eq!(event.position, cursor + 1, "a gap");
            cursor = event.position;
            let sequence = orders.entry(event.order_id.clone()).or_default();
            assert_eq!(event.sequence, *sequence + 1, "{:?} out of order", event.order_id);
            *sequence = event.sequence;
            seen.push(event.event_id.as_uuid().to_string());
        }
        if finished && !stretch.more {
            return seen;
        }
        tokio::task::yield_now().await;
    }
}

/// How many rows a reader sees that goes on after the highest serial that it has seen.
async fn read_by_serial(url: String, done: Arc<AtomicBool>) -> usize {
    let connection = Connection::connect(url).await.unwrap();
    let (mut cursor, mut seen) = (0_i64, 0);
    loop {
        let finished = done.load(Ordering::SeqCst);
        let sql = format!("SELECT id FROM outbox WHERE id > {cursor} ORDER BY id LIMIT 100");
        let rows = connection
            .query_all_raw(sea_orm::Statement::from_string(sea_orm::DbBackend::Postgres, sql))
            .await
            .unwrap();
        if let Some(last) = rows.last() {
            cursor = last.try_get_by_index(0).unwrap();
        }
        seen += rows.len();
        if finished && rows.is_empty() {
            return seen;
        }
        tokio::task::yield_now().await;
    }
}

/// Half of them as the program writes, several of one order at once, so that some lose; half in
/// transactions of their own with pauses in them, some of which are rolled back.
async fn write(store: &SqlStore, database: &Database) {
    let until = Instant::now() + duration();
    let by_commits = (0..WRITERS / 2).map(|writer| {
        let store = store.clone();
        tokio::spawn(async move { write_commits(&store, writer, until).await })
    });
    let by_transactions = (0..WRITERS / 2).map(|writer| {
        let url = database.url_of_all_stores();
        tokio::spawn(async move {
            let connection = Connection::connect(url).await.unwrap();
            write_transactions(&connection, writer, until).await;
        })
    });
    for writer in join_all(by_commits.chain(by_transactions)).await {
        writer.unwrap();
    }
}

async fn write_commits(store: &SqlStore, writer: u64, until: Instant) {
    // Two writers share their orders.
    let pair = writer / 2;
    for number in 0.. {
        if Instant::now() > until {
            return;
        }
        let id = format!("C-{pair}-{number}");
        store.commit(commit().order(order(&id).change())).await.ok();
        for command in [accept(&id), refund(1, "1.00")] {
            let placed = load(store, &key(&id)).await;
            let Ok(change) = placed.decide(command, NOON) else { continue };
            store.commit(commit().order(change)).await.ok();
        }
    }
}

async fn write_transactions(connection: &DatabaseConnection, writer: u64, until: Instant) {
    let mut random = StdRng::seed_from_u64(writer);
    let (order, mut place) = (format!("T-{writer}"), 0);
    while Instant::now() < until {
        let transaction = connection.begin().await.unwrap();
        let count = random.random_range(1..4);
        for number in 1..=count {
            let id = Uuid::from_u128(random.random());
            insert(&transaction, &order, place + number, id).await;
        }
        sleep(Duration::from_millis(random.random_range(0..40))).await;
        if random.random_bool(0.3) {
            transaction.rollback().await.unwrap();
        } else {
            transaction.commit().await.unwrap();
            place += count;
        }
    }
}

/// A public fact as a commit leaves it.
async fn insert(connection: &impl ConnectionTrait, order: &str, place: i64, id: Uuid) {
    let columns = "store_id, order_id, place, sequence, occurred_at, event_id, kind, actor_kind, \
                   actor_id";
    let values =
        format!("'shop', '{order}', {place}, {place}, 1, '{id}', 'order.ready', 'WORKER', 'test'");
    for sql in [
        format!("INSERT INTO facts ({columns}, body) VALUES ({values}, '{{}}')"),
        format!(
            "INSERT INTO outbox ({columns}, entity_id, data, digest) \
             VALUES ({values}, '{order}', '{{}}', '\\x00'::bytea || repeat('a', 31)::bytea)"
        ),
    ] {
        connection.execute_unprepared(&sql).await.unwrap();
    }
}
