//! How long an answer of the store is waited for.

use ports::StoreError;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// A store that says nothing must not keep the pool from anything else.
pub(crate) async fn in_time<T>(
    limit: Duration,
    answer: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let silent = |_| Err(StoreError::Unavailable("the store does not answer".into()));
    tokio::time::timeout(limit, answer).await.unwrap_or_else(silent)
}

/// Until the pool was told to stop, and so much longer.
pub(crate) async fn stopped_for(stop: &CancellationToken, time: Duration) {
    stop.cancelled().await;
    tokio::time::sleep(time).await;
}
