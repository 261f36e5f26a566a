use crate::{SqlStore, column::time, connect::is_sqlite, error::from_orm};
use ports::StoreError;
use sea_orm::{ConnectionTrait, Statement};
use time::OffsetDateTime;

const NOW: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";

impl SqlStore {
    /// The time by the database's own clock. `None` for SQLite, which has none but the machine's.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] if the database does not answer.
    pub async fn time(&self) -> Result<Option<OffsetDateTime>, StoreError> {
        if is_sqlite(&self.inner.url) {
            return Ok(None);
        }
        let read = self.read();
        let statement = Statement::from_string(read.get_database_backend(), NOW);
        let answer = async { read.query_one_raw(statement).await.map_err(from_orm) };
        let row = self.in_time(answer).await?;
        let micros = row.map(|row| row.try_get_by_index(0)).transpose().map_err(from_orm)?;
        micros.map(|micros| time("clock_timestamp", micros)).transpose()
    }
}
