//! The contracts of the storage ports on PostgreSQL, and what is special about it.

#![expect(clippy::unwrap_used, reason = "also what prepares a test may panic")]

#[path = "both/audit.rs"]
mod audit;
#[path = "postgres/deliveries.rs"]
mod deliveries_in_use;
#[path = "postgres/feed.rs"]
mod feed_under_load;
#[path = "postgres/fence.rs"]
mod fence;
#[path = "both/older.rs"]
mod older;
#[path = "postgres/silence.rs"]
mod silence;

use conformance::{build::*, race::race};
use domain::{id::QuoteId, refund::RefundRequest};
use futures_util::future::join_all;
use migrations::Migrator;
use ports::{
    Commit, Credentials, Lease, Quote, Reader, SessionChange, Store, StoreError, Task, TaskChange,
    TaskKind, Tasks, Wanted,
};
use sea_orm_migration::MigratorTrait as _;
use std::time::Duration;
use store_sql::{Options, SqlStore};
use testkit::postgres::{self, Database, Server, fresh_database};
use tokio::time::timeout;
use uuid::Uuid;

/// What a store's database goes with.
type Kept = Database;

fn fresh_and_empty() -> Database {
    fresh_database()
}

/// For looking into it from beside.
fn url(database: &Database) -> String {
    database.url_of_all_stores()
}

async fn fresh() -> (SqlStore, Database) {
    on(fresh_database()).await
}

async fn on(database: Database) -> (SqlStore, Database) {
    let store = open(&database.url(), Options::default()).await;
    store.migrate().await.unwrap();
    (store, database)
}

async fn open(url: &str, options: Options) -> SqlStore {
    SqlStore::connect(url, options).await.unwrap()
}

conformance::suite!(fresh());

/// A database whose own default is another isolation level than the one we need.
async fn isolated(level: &str) -> (SqlStore, Database) {
    let database = fresh_database();
    let name = database.query("SELECT current_database()");
    database.query(&format!("ALTER DATABASE {name} SET default_transaction_isolation = '{level}'"));
    assert_eq!(database.query("SHOW transaction_isolation"), level);
    on(database).await
}

mod by_default_repeatable_read {
    use super::*;
    conformance::race!(isolated("repeatable read"));
}

mod by_default_serializable {
    use super::*;
    conformance::race!(isolated("serializable"));
}

mod with_one_writer {
    use super::*;
    conformance::store!(async {
        let (store, database) = fresh().await;
        drop(store);
        let options = Options { writers: 1, ..Options::default() };
        (open(&database.url(), options).await, database)
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_start_at_once_migrate_once() {
    let database = fresh_database();
    let starting = (0..8).map(async |_| {
        let store = open(&database.url(), Options::default()).await;
        store.migrate().await.unwrap();
        assert!(store.schema_is_current().await.unwrap());
        store
    });
    let stores = join_all(starting).await;
    let applied = Migrator::migrations().len().to_string();
    assert_eq!(database.query("SELECT count(*) FROM seaql_migrations"), applied);
    place(&stores[0], &order("O-1")).await;
    assert_eq!(load(&stores[7], &key("O-1")).await.version.0, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_race_is_fair_between_two_processes() {
    let (store, database) = fresh().await;
    let other = open(&database.url(), Options::default()).await;
    assert_eq!(race(&[&store, &other], 10).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_credential_that_ends_in_one_process_is_heard_of_in_the_other() {
    const SOON: Duration = Duration::from_secs(20);
    let mut server = Server::start(postgres::Options::default());
    let database = server.fresh_database();
    let store = open(&database.url(), Options::default()).await;
    store.migrate().await.unwrap();
    let other = open(&database.url(), Options::default()).await;
    // The first return says that it listens from now on.
    timeout(SOON, other.changed()).await.unwrap();
    let end = async || {
        let sessions = vec![SessionChange::End { hash: [1; 32] }];
        store.commit(Commit { sessions, ..commit() }).await
    };
    end().await.unwrap();
    timeout(SOON, other.changed()).await.unwrap();
    assert!(timeout(Duration::from_millis(200), other.changed()).await.is_err());
    // What may have been told while the connection was away is told as news.
    server.kill9();
    server.restart();
    timeout(SOON, other.changed()).await.unwrap();
    let heard = async {
        loop {
            let told = end().await.is_ok();
            if timeout(Duration::from_secs(2), other.changed()).await.is_ok() && told {
                break;
            }
        }
    };
    timeout(SOON, heard).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_acknowledged_commit_survives_a_crash_of_the_server() {
    let mut server = Server::start(postgres::Options::default());
    let database = server.fresh_database();
    let store = open(&database.url(), Options::default()).await;
    store.migrate().await.unwrap();
    let placed = place(&store, &order("O-1")).await;
    let change = placed.decide(refund(1, "60.00"), NOON).unwrap();
    server.kill9();
    let outcome = store.commit(commit().order(change.clone())).await;
    assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
    let outcome = store.load(&key("O-1"), None).await;
    assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
    server.restart();
    assert_eq!(load(&store, &key("O-1")).await, placed);
    store.commit(commit().order(change)).await.unwrap();
    server.kill9();
    server.restart();
    let store = open(&database.url(), Options::default()).await;
    assert_eq!(load(&store, &key("O-1")).await.state.refunds.len(), 1);
    store.ping().await.unwrap();
}

/// What is planned while tables are empty is still right when they are not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_and_loads_find_everything_by_its_key() {
    let (store, database) = fresh().await;
    for number in 0..40 {
        let id = format!("O-{number}");
        let placed = place(&store, &order(&id)).await;
        let change = placed.decide(refund(number, "1.00"), NOON).unwrap();
        let mut commit = commit().order(change);
        commit.receipt = Some(receipt(&id));
        let task = leg_task(&key(&id), "leg", NOON);
        commit.tasks.push(TaskChange::Put(task.clone()));
        store.commit(commit).await.unwrap();
        let Task { key, kind, subject, .. } = task;
        let done = vec![TaskChange::Done { key, kind, subject }];
        store.commit(Commit { tasks: done, ..conformance::build::commit() }).await.unwrap();
        store.load(&conformance::build::key(&id), Some(&request(&id))).await.unwrap();
    }
    drop(store);
    // A session tells what it did when it ends.
    let connected = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'meridian' \
                     AND datname = current_database()";
    while database.query(connected) != "0" {}
    let scanned = "SELECT relname FROM pg_stat_user_tables WHERE seq_tup_read > 0 AND relname IN \
                   ('orders', 'tenders', 'facts', 'refunds', 'receipts', 'tasks', 'claims')";
    assert_eq!(database.query(scanned), "");
    let indexes = "SELECT indexrelname FROM pg_stat_user_indexes WHERE idx_scan > 0 \
                   AND relname IN ('orders', 'tasks') ORDER BY 1";
    assert_eq!(database.query(indexes), "orders_pkey\ntasks_pkey");
}

/// Connections that the server ended are replaced; at most the calls that used them fail.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ended_connections_are_replaced() {
    let (store, database) = fresh().await;
    let placed = place(&store, &order("O-1")).await;
    database.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    let mut change = placed.decide(accept("A-1"), NOON).unwrap();
    for attempt in 0.. {
        match store.commit(commit().order(change.clone())).await {
            Ok(()) => break,
            Err(StoreError::Unavailable(_)) if attempt < 3 => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    for attempt in 0.. {
        match store.load(&key("O-1"), None).await {
            Ok(loaded) => {
                change.before = loaded.order.unwrap().version;
                break;
            }
            Err(StoreError::Unavailable(_)) if attempt < 3 => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!(change.before.0, 3);
}

/// What other processes or people lock is waited for, but not for ever, and it holds up nobody
/// else for good.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn locked_orders_are_given_up_in_time_and_fail_alone() {
    use sea_orm::{ConnectionTrait, Database, TransactionTrait};
    let (store, database) = fresh().await;
    drop(store);
    let statement_timeout = std::time::Duration::from_millis(400);
    let options = Options { statement_timeout, writers: 1, ..Options::default() };
    let store = open(&database.url(), options).await;
    let mut changes = Vec::new();
    for id in ["O-1", "O-2"] {
        changes.push(place(&store, &order(id)).await.decide(accept(id), NOON).unwrap());
    }
    let locking =
        Database::connect(database.url_of_all_stores()).await.unwrap().begin().await.unwrap();
    locking.execute_unprepared("SELECT 1 FROM orders FOR UPDATE").await.unwrap();
    let sessions = "SELECT string_agg(pid::text, ' ' ORDER BY backend_start) FROM pg_stat_activity \
                    WHERE application_name = 'meridian' AND datname = current_database()";
    let before = database.query(sessions);

    // While the first is waited for, the others become a batch.
    changes.push(order("O-3").change());
    let commits = changes.iter().map(|change| store.commit(commit().order(change.clone())));
    let outcomes = join_all(commits).await;
    let [first, second, third] = &outcomes[..] else { panic!("{outcomes:?}") };
    for locked in [first, second] {
        assert!(matches!(locked, Err(StoreError::Unavailable(_))), "{locked:?}");
    }
    assert!(third.is_ok(), "{third:?}");
    // A connection that is as good as before is kept.
    let after = database.query(sessions);
    assert!(after.starts_with(&before), "{before} became {after}");
    locking.rollback().await.unwrap();
    store.commit(commit().order(changes.remove(0))).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_that_cannot_be_read_is_corrupt() {
    let (store, database) = fresh().await;
    place(&store, &order("O-1")).await;
    database.query("UPDATE orders SET doc = '{}'");
    let outcome = store.load(&key("O-1"), None).await;
    assert!(matches!(outcome, Err(StoreError::Corrupt(_))), "{outcome:?}");
}

/// A planner that takes the table for an empty one may ask for what is due once for each task.
/// It is left no other way here.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_tasks_are_claimed_than_asked_for_whatever_the_plan() {
    let (store, database) = fresh().await;
    drop(store);
    database.query("VACUUM ANALYZE tasks");
    let name = database.query("SELECT current_database()");
    for way in ["hashjoin", "mergejoin", "hashagg", "sort", "material"] {
        database.query(&format!("ALTER DATABASE {name} SET enable_{way} = off"));
    }
    let store = open(&database.url(), Options::default()).await;
    let mut commit = commit();
    let task = |number| leg_task(&key("O-1"), &format!("leg-{number}"), NOON);
    commit.tasks.extend((0..100).map(|number| TaskChange::Put(task(number))));
    store.commit(commit).await.unwrap();
    let lease = Lease { owner: "me".to_owned(), until: minutes(1) };
    let claimed = Tasks::claim(&store, Wanted::of(TaskKind::Leg, 16), &lease, NOON).await.unwrap();
    assert_eq!(claimed.len(), 16);
    assert_eq!(database.query("SELECT count(*) FROM tasks WHERE lease_owner = 'me'"), "16");
}

fn quote(number: u128, expires_at: time::OffsetDateTime) -> Quote {
    Quote {
        quote_id: QuoteId::from_uuid(Uuid::from_u128(number)),
        order: key("O-1"),
        revision: 1,
        request: RefundRequest::default(),
        hash: [5; 32],
        expires_at,
    }
}

/// A quote is more important than what is left of old ones.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quote_does_not_wait_for_expired_ones() {
    use sea_orm::{ConnectionTrait, Database, TransactionTrait};
    let (store, database) = fresh().await;
    let old = quote(1, NOON);
    store.save_quote(&old, NOON).await.unwrap();
    let locking =
        Database::connect(database.url_of_all_stores()).await.unwrap().begin().await.unwrap();
    locking.execute_unprepared("SELECT 1 FROM quotes FOR UPDATE").await.unwrap();
    let (late, new) = (minutes(10_000), quote(2, minutes(10_010)));
    store.save_quote(&new, late).await.unwrap();
    assert!(store.quote(&new.order, new.quote_id).await.unwrap().is_some());
    locking.rollback().await.unwrap();
    store.save_quote(&quote(3, minutes(10_010)), late).await.unwrap();
    assert!(store.quote(&old.order, old.quote_id).await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_tells_the_time_by_its_own_clock() {
    let (store, database) = fresh().await;
    let asked = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
    let ask = || database.query(asked).parse::<i128>().unwrap() * 1_000;
    let before = ask();
    let told = store.time().await.unwrap().unwrap().unix_timestamp_nanos();
    assert!(before <= told && told <= ask(), "{before} {told}");
}
