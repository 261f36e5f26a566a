//! How long an answer of the database is waited for.

use crate::{SqlStore, connect::is_sqlite};
use ports::StoreError;
use std::time::Duration;
use tokio::time::timeout;

impl SqlStore {
    /// Waits for an answer over the pool. A server whose machine is gone without a word would
    /// else be waited for until the network gives up, which takes it a quarter of an hour. A file
    /// needs no such limit.
    pub(crate) async fn in_time<T>(
        &self,
        answer: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        if is_sqlite(&self.inner.url) {
            return answer.await;
        }
        in_time(self.inner.options.limit(), answer).await
    }
}

pub(crate) async fn in_time<T>(
    limit: Duration,
    answer: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let silent = |_| Err(StoreError::Unavailable("the database does not answer".into()));
    timeout(limit, answer).await.unwrap_or_else(silent)
}
