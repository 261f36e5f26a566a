//! The contracts of the storage ports on SQLite, and what is special about it.

#![expect(clippy::unwrap_used, reason = "also what prepares a test may panic")]

#[path = "both/audit.rs"]
mod audit;
#[path = "sqlite/feed.rs"]
mod feed_under_load;
#[path = "both/older.rs"]
mod older;

use conformance::{build::*, race::race};
use futures_util::future::join_all;
use ports::{Store, StoreError};
use store_sql::{Options, SqlStore};
use tempfile::TempDir;

/// What a store's database goes with.
type Kept = TempDir;

fn url(folder: &TempDir) -> String {
    format!("sqlite://{}", folder.path().join("meridian.db").display())
}

fn fresh_and_empty() -> TempDir {
    tempfile::tempdir().unwrap()
}

async fn fresh() -> (SqlStore, TempDir) {
    let folder = fresh_and_empty();
    let store = open(&url(&folder), Options::default()).await;
    store.migrate().await.unwrap();
    (store, folder)
}

async fn open(url: &str, options: Options) -> SqlStore {
    SqlStore::connect(url, options).await.unwrap()
}

conformance::suite!(fresh());

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_start_at_once_migrate_once() {
    let folder = tempfile::tempdir().unwrap();
    let starting = (0..6).map(async |_| {
        let store = open(&url(&folder), Options::default()).await;
        store.migrate().await.unwrap();
        assert!(store.schema_is_current().await.unwrap());
        store
    });
    let stores = join_all(starting).await;
    place(&stores[0], &order("O-1")).await;
    assert_eq!(load(&stores[5], &key("O-1")).await.version.0, 2);
}

/// The file alone, without its log, as somebody would find it who reads no log.
async fn orders_in_the_file(folder: &TempDir) -> usize {
    let alone = tempfile::tempdir().unwrap();
    std::fs::copy(folder.path().join("meridian.db"), alone.path().join("meridian.db")).unwrap();
    // Neither has to work on a copy that was made in the middle of something.
    let Ok(store) = SqlStore::connect(&url(&alone), Options::default()).await else { return 0 };
    let mut found = 0;
    for number in 0..64 {
        let loaded = store.load(&key(&format!("O-{number}")), None).await;
        found += usize::from(loaded.is_ok_and(|loaded| loaded.order.is_some()));
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_committed_is_carried_over_into_the_file_beside_the_commits() {
    let (store, folder) = fresh().await;
    // Two commits for each: the last of them is one of those after which it is done.
    for number in 0..64 {
        place(&store, &order(&format!("O-{number}"))).await;
    }
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while orders_in_the_file(&folder).await < 64 {
        assert!(std::time::Instant::now() < patience, "the file lacks what was committed");
        tokio::task::yield_now().await;
    }
    drop(store);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_acknowledged_commit_is_seen_by_whoever_connects_next() {
    let (store, folder) = fresh().await;
    for number in 0..20 {
        let id = format!("O-{number}");
        let placed = place(&store, &order(&id)).await;
        assert_eq!(load(&open(&url(&folder), Options::default()).await, &key(&id)).await, placed);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_race_is_fair_between_two_processes() {
    let (store, folder) = fresh().await;
    assert_eq!(
        race(&[&store, &open(&url(&folder), Options::default()).await], 10).await,
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn an_address_that_cannot_work_is_refused_without_telling_it() {
    for url in [
        "",
        "meridian.db",
        "mysql://me:secret@host/db",
        "sqlite::memory:",
        "postgres://me:secret@:x",
    ] {
        let error = SqlStore::connect(url, Options::default()).await.unwrap_err();
        let StoreError::Unavailable(cause) = error else { panic!("{url}: {error:?}") };
        assert!(!cause.to_string().contains("secret"), "{cause}");
    }
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/no/such/folder/meridian.db", folder.path().display());
    let error = SqlStore::connect(&url, Options::default()).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
}

#[tokio::test]
async fn without_its_schema_the_database_is_of_no_use() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&url(&folder), Options::default()).await;
    assert!(!store.schema_is_current().await.unwrap());
    let outcome = store.commit(commit().order(order("O-1").change())).await;
    assert!(matches!(outcome, Err(StoreError::Corrupt(_))), "{outcome:?}");
    store.migrate().await.unwrap();
    store.migrate().await.unwrap();
    assert!(store.schema_is_current().await.unwrap());
    store.commit(commit().order(order("O-1").change())).await.unwrap();
}

/// The numbers come before the end of their transaction, which may still fail.
#[tokio::test]
async fn refund_numbers_whose_transaction_failed_are_not_given_out() {
    use sea_orm::{ConnectionTrait as _, Database};
    let (store, folder) = fresh().await;
    // A rule that is looked at when the transaction ends.
    let rule = "DROP TABLE refund_numbers; CREATE TABLE refund_numbers (store_id TEXT PRIMARY KEY \
        REFERENCES stores (store_id) DEFERRABLE INITIALLY DEFERRED, next_number BIGINT NOT NULL)";
    Database::connect(url(&folder)).await.unwrap().execute_unprepared(rule).await.unwrap();
    let outcome = store.draw_refund_numbers(&key("O-1").store_id, 10).await;
    assert!(matches!(outcome, Err(StoreError::Corrupt(_))), "{outcome:?}");
}
