//! Bringing the schema up to date, by one process at a time.

mod found_by;
mod older;

#[cfg(test)]
pub(crate) use older::of_many;

use crate::{
    SqlStore,
    connect::{Role, is_sqlite, open},
    error::from_orm,
};
use migrations::{EVENT_LOG, FINDING_ORDERS, Migrator};
use ports::StoreError;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};
use sea_orm_migration::MigratorTrait;

/// Nobody else's advisory lock, we hope: "meridian" in ASCII.
const LOCK: i64 = 0x6d65_7269_6469_616e;

impl SqlStore {
    /// Applies what the schema lacks, all of it or nothing. Processes that start at the same time
    /// take turns.
    ///
    /// Facts that are older than the log are entered into it, and orders get the rows by which they
    /// are found. A process of a build that does not know the log waits meanwhile, and can write none
    /// later.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] or [`StoreError::Corrupt`].
    pub async fn migrate(&self) -> Result<(), StoreError> {
        if self.schema_is_current().await? {
            return Ok(());
        }
        // A migration may take longer than any statement of a command.
        let mut options = self.inner.options.clone();
        options.statement_timeout = std::time::Duration::from_hours(1);
        let alone = open(&self.inner.url, &options, 1, Role::Write).await.map_err(from_orm)?;
        let outcome = if is_sqlite(&self.inner.url) {
            migrate_sqlite(&alone).await
        } else {
            migrate_postgres(&alone).await
        };
        let closed = alone.close().await.map_err(from_orm);
        outcome.and(closed)
    }

    /// Whether every migration of this build was applied.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] if the schema is newer than this build.
    pub async fn schema_is_current(&self) -> Result<bool, StoreError> {
        let pending = Migrator::get_pending_migrations_read_only(self.read()).await;
        Ok(pending.map_err(from_orm)?.is_empty())
    }
}

/// The lock belongs to the session and goes with it; the pool has only this one.
async fn migrate_postgres(database: &DatabaseConnection) -> Result<(), StoreError> {
    let lock = format!("SELECT pg_advisory_lock({LOCK})");
    database.execute_unprepared(&lock).await.map_err(from_orm)?;
    let outcome = migrate(database, TransactionOptions::default()).await;
    let unlock = format!("SELECT pg_advisory_unlock({LOCK})");
    let unlocked = database.execute_unprepared(&unlock).await.map_err(from_orm);
    // If the migration failed, that is what has to be told, and not that the lock went with it.
    outcome.and(unlocked.map(|_| ()))
}

async fn migrate_sqlite(database: &DatabaseConnection) -> Result<(), StoreError> {
    let sqlite_transaction_mode = Some(SqliteTransactionMode::Immediate);
    migrate(database, TransactionOptions { sqlite_transaction_mode, ..<_>::default() }).await
}

async fn migrate(
    database: &DatabaseConnection,
    options: TransactionOptions,
) -> Result<(), StoreError> {
    let transaction = database.begin_with_options(options).await.map_err(from_orm)?;
    if let Err(error) = apply(&transaction).await {
        // Dropping it would roll back as well, but later than the lock is given back.
        transaction.rollback().await.ok();
        return Err(error);
    }
    transaction.commit().await.map_err(from_orm)
}

async fn apply(transaction: &DatabaseTransaction) -> Result<(), StoreError> {
    let pending = Migrator::get_pending_migrations_read_only(transaction).await;
    let pending = pending.map_err(from_orm)?;
    let makes = |name: &str| pending.iter().any(|it| it.name() == name);
    let (makes_the_log, finds_orders) = (makes(EVENT_LOG), makes(FINDING_ORDERS));
    Migrator::up(transaction, None).await.map_err(from_orm)?;
    if makes_the_log {
        older::enter(transaction).await?;
    }
    if finds_orders { found_by::enter(transaction).await } else { Ok(()) }
}
