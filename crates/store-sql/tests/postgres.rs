//! The contracts of the storage ports, on PostgreSQL.

use store_sql::{Options, SqlStore};
use testkit::postgres::{Database, fresh_database};

async fn fresh() -> (SqlStore, Database) {
    let database = fresh_database();
    let store = SqlStore::connect(&database.url(), Options::default()).await.unwrap();
    store.migrate().await.unwrap();
    (store, database)
}

conformance::suite!(fresh());
