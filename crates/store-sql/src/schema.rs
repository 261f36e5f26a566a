//! Bringing the schema up to date, by one process at a time.

use crate::{
    SqlStore,
    connect::{Role, is_sqlite, open},
    error::from_orm,
};
use migrations::Migrator;
use ports::StoreError;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbErr, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};
use sea_orm_migration::MigratorTrait;

/// Nobody else's advisory lock, we hope: "meridian" in ASCII.
const LOCK: i64 = 0x6d65_7269_6469_616e;

impl SqlStore {
    /// Applies what the schema lacks. Processes that start at the same time take turns.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] or [`StoreError::Corrupt`]; what was applied before stays.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        if self.schema_is_current().await? {
            return Ok(());
        }
        // A migration may take longer than any statement of a command.
        let mut options = self.0.options.clone();
        options.statement_timeout = std::time::Duration::from_hours(1);
        let alone = open(&self.0.url, &options, 1, Role::Write).await.map_err(from_orm)?;
        let outcome = if is_sqlite(&self.0.url) {
            migrate_sqlite(&alone).await
        } else {
            migrate_postgres(&alone).await
        };
        let closed = alone.close().await;
        outcome.and(closed).map_err(from_orm)
    }

    /// Whether every migration of this build was applied.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] if the schema is newer than this build.
    pub async fn schema_is_current(&self) -> Result<bool, StoreError> {
        let pending = Migrator::get_pending_migrations_read_only(&self.0.read).await;
        Ok(pending.map_err(from_orm)?.is_empty())
    }
}

/// The lock belongs to the session and goes with it; the pool has only this one.
async fn migrate_postgres(database: &DatabaseConnection) -> Result<(), DbErr> {
    database.execute_unprepared(&format!("SELECT pg_advisory_lock({LOCK})")).await?;
    let outcome = Migrator::up(database, None).await;
    let unlock = format!("SELECT pg_advisory_unlock({LOCK})");
    let unlocked = database.execute_unprepared(&unlock).await;
    // If the migration failed, that is what has to be told, and not that the lock went with it.
    outcome.and(unlocked.map(|_| ()))
}

async fn migrate_sqlite(database: &DatabaseConnection) -> Result<(), DbErr> {
    let sqlite_transaction_mode = Some(SqliteTransactionMode::Immediate);
    let options = TransactionOptions { sqlite_transaction_mode, ..TransactionOptions::default() };
    let transaction = database.begin_with_options(options).await?;
    Migrator::up(&transaction, None).await?;
    transaction.commit().await
}
