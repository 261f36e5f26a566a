//! Single statements beside the commits.

use crate::{SqlStore, error::from_orm};
use ports::StoreError;
use sea_orm::{ConnectionTrait, QueryResult, Statement, Value};

impl SqlStore {
    /// Within the time that one statement may take.
    pub(crate) async fn read_rows(
        &self,
        sql: &str,
        values: Vec<Value>,
    ) -> Result<Vec<QueryResult>, StoreError> {
        let backend = self.read().get_database_backend();
        let statement = Statement::from_sql_and_values(backend, sql, values);
        self.in_time(async { self.read().query_all_raw(statement).await.map_err(from_orm) }).await
    }

    /// What a statement counts.
    pub(crate) async fn count(&self, sql: &str, values: Vec<Value>) -> Result<u32, StoreError> {
        let rows = self.read_rows(sql, values).await?;
        let count = rows.first().map(|row| row.try_get_by_index::<i64>(0).map_err(from_orm));
        Ok(u32::try_from(count.transpose()?.unwrap_or(0)).unwrap_or(u32::MAX))
    }

    /// How many rows it changed. The caller says how long it may take.
    pub(crate) async fn change(&self, sql: &str, values: Vec<Value>) -> Result<u64, StoreError> {
        let backend = self.write().get_database_backend();
        let statement = Statement::from_sql_and_values(backend, sql, values);
        let done = self.write().execute_raw(statement).await.map_err(from_orm)?;
        Ok(done.rows_affected())
    }
}
