use crate::{Lease, StoreError};
use async_trait::async_trait;
use time::OffsetDateTime;

/// How far the events of all stores were passed on, to each of those that they are passed on to.
/// One process at a time does it, by a lease.
#[async_trait]
pub trait PublisherCursors: Send + Sync {
    /// Leases the cursor of this name, unless somebody's lease on it runs, and answers the position
    /// over all stores up to which everything was passed on. One that nobody ever claimed is 0.
    async fn claim_cursor(
        &self,
        name: &str,
        lease: &Lease,
        now: OffsetDateTime,
    ) -> Result<Option<i64>, StoreError>;

    /// Extends a lease that is still its owner's; `false` if it is not any more.
    async fn renew_cursor(&self, name: &str, lease: &Lease) -> Result<bool, StoreError>;

    /// Keeps how far everything was passed on; `false`, and nothing kept, if the lease is not its
    /// owner's any more.
    async fn save_cursor(&self, name: &str, owner: &str, overall: i64) -> Result<bool, StoreError>;

    /// Gives the cursor back, if the lease is still its owner's.
    async fn release_cursor(&self, name: &str, owner: &str) -> Result<(), StoreError>;
}
