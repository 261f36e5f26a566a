use super::*;
use crate::{Options, SqlStore};
use conformance::build::{commit, order, store_record};
use domain::store::StoreFact;
use ports::{Commit, StoreChange, Version};
use sea_orm::ConnectionTrait as _;

#[tokio::test]
async fn what_was_committed_together_stays_when_another_commit_fails_at_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("meridian.db").display());
    let store = SqlStore::connect(&url, Options::default()).await.unwrap();
    store.migrate().await.unwrap();
    // A rule that is looked at when the transaction ends.
    let rule = "DROP TABLE stores; CREATE TABLE stores (store_id TEXT PRIMARY KEY \
        REFERENCES orders (store_id) DEFERRABLE INITIALLY DEFERRED, version BIGINT, doc TEXT); \
        CREATE UNIQUE INDEX one_order ON orders (store_id)";
    store.inner.write.execute_unprepared(rule).await.unwrap();
    let placed = Commit { orders: vec![order("O-1").change()], ..commit() };
    let after = store_record("without-orders");
    let facts = vec![StoreFact::Created { store: Box::new(after.clone()) }];
    let made = StoreChange { before: Version::NEW, after, facts };
    let made = Commit { stores: vec![made], ..commit() };

    let batch = [placed, made].map(|commit| Rows::of(commit).unwrap());
    let verdicts = SqliteWriter::new(&store.inner.write, &store.inner.write).apply(&batch).await;
    assert!(matches!(verdicts[..], [Ok(()), Err(StoreError::Corrupt(_))]), "{verdicts:?}");
}
