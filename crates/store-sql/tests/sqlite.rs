//! The contracts of the storage ports, on SQLite.

use store_sql::{Options, SqlStore};
use tempfile::TempDir;

async fn fresh() -> (SqlStore, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("meridian.db").display());
    let store = SqlStore::connect(&url, Options::default()).await.unwrap();
    store.migrate().await.unwrap();
    (store, folder)
}

conformance::suite!(fresh());
