//! Whether what is stored is what was committed.
//!
//! Everything is read once, in the sequence in which it is needed, from one snapshot: first the log
//! of each store, then all that there is of each order, then the ledger. What is kept in memory is
//! one order, and what an entry of the log may be compared with: a database of any size takes the
//! same.

mod history;
mod ledger;
mod log;
mod order;
mod report;
mod snapshot;
mod suspects;

use crate::SqlStore;
use async_trait::async_trait;
use domain::id::StoreId;
use ports::{Audit, Audited, Fault, StoreError};
use report::Report;
use snapshot::Snapshot;

#[async_trait]
impl Audit for SqlStore {
    async fn audit(
        &self,
        store: Option<&StoreId>,
        found: &mut (dyn FnMut(Fault) + Send),
    ) -> Result<Audited, StoreError> {
        let mut snapshot = Snapshot::open(&self.inner.url, &self.inner.options).await?;
        let store = store.map(StoreId::as_str);
        let mut report = Report::new(found);
        let suspects = log::walk(&mut snapshot, store, &mut report).await?;
        history::walk(&mut snapshot, store, suspects, &mut report).await?;
        ledger::walk(&mut snapshot, store, &mut report).await?;
        snapshot.close().await;
        Ok(report.counts)
    }
}

#[cfg(test)]
mod tests;
