//! How SQLite carries the statements out: each table is read once, or found by its key.

use super::{history, log};
use crate::{Options, SqlStore};
use sea_orm::{ConnectionTrait, DbBackend, Statement};

async fn plan(store: &SqlStore, sql: &str) -> Vec<String> {
    let explain = format!("EXPLAIN QUERY PLAN {sql}");
    let statement = Statement::from_string(DbBackend::Sqlite, explain);
    let rows = store.inner.read.query_all_raw(statement).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index::<String>(3).unwrap()).collect()
}

#[tokio::test]
async fn no_table_is_read_once_for_each_row_of_another() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("meridian.db").display());
    let store = SqlStore::connect(&url, Options::default()).await.unwrap();
    store.migrate().await.unwrap();

    let of_log = plan(&store, &log::sql(None)).await;
    let expected = [
        "SCAN l",
        "SEARCH f USING INDEX sqlite_autoindex_facts_1 (store_id=? AND order_id=? AND place=?) \
         LEFT-JOIN",
        "USE TEMP B-TREE FOR ORDER BY",
    ];
    assert_eq!(of_log, expected);

    let of_history = plan(&store, &history::sql(None, false)).await;
    let scans: Vec<_> = of_history.iter().filter(|step| step.starts_with("SCAN")).collect();
    let searches: Vec<_> = of_history.iter().filter(|step| step.starts_with("SEARCH")).collect();
    assert_eq!(scans.len(), 11, "each table once: {of_history:#?}");
    assert_eq!(searches.len(), 1, "a cancellation by its key: {of_history:#?}");
    // Orders and facts come in the sequence of their keys; nothing that large is sorted.
    for table in ["orders", "facts"] {
        let by_key = format!("SCAN {table} USING INDEX sqlite_autoindex_{table}_1");
        assert!(of_history.contains(&by_key), "{of_history:#?}");
    }
}
