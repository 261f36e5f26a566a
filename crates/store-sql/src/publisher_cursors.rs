use crate::{SqlStore, column::micros, error::from_orm};
use async_trait::async_trait;
use ports::{Lease, PublisherCursors, StoreError};
use sea_orm::{ConnectionTrait, Statement, Value};
use time::OffsetDateTime;

const CLAIM: &str = "INSERT INTO publisher_cursors (name, overall, lease_owner, lease_until) \
    VALUES ($1, 0, $2, $3) ON CONFLICT (name) DO UPDATE SET lease_owner = excluded.lease_owner, \
    lease_until = excluded.lease_until WHERE publisher_cursors.lease_until IS NULL \
    OR publisher_cursors.lease_until <= $4 RETURNING overall";
const RENEW: &str = "UPDATE publisher_cursors SET lease_until = $3 \
    WHERE name = $1 AND lease_owner = $2 RETURNING overall";
const SAVE: &str = "UPDATE publisher_cursors SET overall = $3 \
    WHERE name = $1 AND lease_owner = $2 RETURNING overall";
const RELEASE: &str = "UPDATE publisher_cursors SET lease_owner = NULL, lease_until = NULL \
    WHERE name = $1 AND lease_owner = $2 RETURNING overall";

#[async_trait]
impl PublisherCursors for SqlStore {
    async fn claim_cursor(
        &self,
        name: &str,
        lease: &Lease,
        now: OffsetDateTime,
    ) -> Result<Option<i64>, StoreError> {
        let values = [
            name.into(),
            lease.owner.as_str().into(),
            micros(lease.until).into(),
            micros(now).into(),
        ];
        self.in_time(self.cursor(CLAIM, values.into())).await
    }

    async fn renew_cursor(&self, name: &str, lease: &Lease) -> Result<bool, StoreError> {
        let values = [name.into(), lease.owner.as_str().into(), micros(lease.until).into()];
        let renewed = self.in_time(self.cursor(RENEW, values.into())).await?;
        Ok(renewed.is_some())
    }

    async fn save_cursor(&self, name: &str, owner: &str, overall: i64) -> Result<bool, StoreError> {
        let values = [name.into(), owner.into(), overall.into()];
        let saved = self.in_time(self.cursor(SAVE, values.into())).await?;
        Ok(saved.is_some())
    }

    async fn release_cursor(&self, name: &str, owner: &str) -> Result<(), StoreError> {
        let values = [name.into(), owner.into()];
        self.in_time(self.cursor(RELEASE, values.into())).await.map(drop)
    }
}

impl SqlStore {
    /// Where the cursor of the row stands that a statement changed.
    async fn cursor(&self, sql: &str, values: Vec<Value>) -> Result<Option<i64>, StoreError> {
        let database = self.write();
        let backend = database.get_database_backend();
        let statement = Statement::from_sql_and_values(backend, sql, values);
        let rows = database.query_all_raw(statement).await.map_err(from_orm)?;
        rows.first().map(|row| row.try_get_by_index(0)).transpose().map_err(from_orm)
    }
}
