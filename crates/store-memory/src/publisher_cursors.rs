use crate::{MemoryStore, micros, tables::CursorRow};
use async_trait::async_trait;
use ports::{Lease, PublisherCursors, StoreError};
use time::OffsetDateTime;

#[async_trait]
impl PublisherCursors for MemoryStore {
    async fn claim_cursor(
        &self,
        name: &str,
        lease: &Lease,
        now: OffsetDateTime,
    ) -> Result<Option<i64>, StoreError> {
        let mut tables = self.lock();
        let row = tables.cursors.entry(name.to_owned()).or_default();
        if row.lease.as_ref().is_some_and(|held| micros(now) < micros(held.until)) {
            return Ok(None);
        }
        row.lease = Some(lease.clone());
        Ok(Some(row.overall))
    }

    async fn renew_cursor(&self, name: &str, lease: &Lease) -> Result<bool, StoreError> {
        let renew = |row: &mut CursorRow| row.lease = Some(lease.clone());
        Ok(self.of_owner(name, &lease.owner, renew))
    }

    async fn save_cursor(&self, name: &str, owner: &str, overall: i64) -> Result<bool, StoreError> {
        Ok(self.of_owner(name, owner, |row| row.overall = overall))
    }

    async fn release_cursor(&self, name: &str, owner: &str) -> Result<(), StoreError> {
        self.of_owner(name, owner, |row| row.lease = None);
        Ok(())
    }
}

impl MemoryStore {
    fn of_owner(&self, name: &str, owner: &str, change: impl FnOnce(&mut CursorRow)) -> bool {
        let mut tables = self.lock();
        let row = tables.cursors.get_mut(name);
        let held = row.filter(|row| row.lease.as_ref().is_some_and(|held| held.owner == owner));
        held.map(change).is_some()
    }
}
