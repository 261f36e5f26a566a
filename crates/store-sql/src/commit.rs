//! The one write: everything that a command changes, or nothing.

mod endpoints;
mod log;
mod people;
mod postgres;
mod queue;
mod rows;
mod sqlite;
mod steps;

pub(crate) use log::{Heads, INSERT_ENTRY, Logged, put};
pub(crate) use postgres::PostgresWriter;
pub(crate) use queue::Queue;
pub(crate) use rows::{
    CancellationRow, FactRow, OrderColumns, RefundRow, TenderRow, ToldRow, product_codes, tenders,
};
pub(crate) use sqlite::{LONG_LOG, SqliteWriter};
pub(crate) use steps::{INSERT_FACETS, INSERT_NAME};

use rows::Rows;

use crate::{
    SqlStore,
    error::{from_orm, is_collision},
};
use domain::id::StoreId;
use ports::{Commit, StoreError};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};

/// How often a transaction that collided with another is tried.
const ATTEMPTS: u32 = 5;

impl SqlStore {
    pub(crate) async fn apply(&self, commit: Commit) -> Result<(), StoreError> {
        let fence = self.fence();
        let is_outside = |store: &&StoreId| fence.as_ref().is_none_or(|it| !it.admits(store));
        let credentials = commit.changes_credentials();
        let rows = Rows::of(commit)?;
        if let Some(store_id) = rows.store_ids.iter().find(is_outside) {
            return Err(StoreError::Fenced(store_id.clone()));
        }
        self.inner.commits.commit(rows).await?;
        if credentials {
            self.tell_of_credentials().await;
        }
        Ok(())
    }
}

/// A commit in a transaction of its own.
async fn alone(database: &DatabaseConnection, rows: &Rows) -> Result<(), StoreError> {
    in_transaction(database, &Alone(rows)).await
}

struct Alone<'a>(&'a Rows);

/// The transaction is for the stores that it says, and whatever it does to others is not there.
const ASK_FOR: &str = "SELECT set_config('meridian.stores', $1, true)";

impl Work<()> for Alone<'_> {
    async fn run(&self, transaction: &DatabaseTransaction) -> Result<(), Stop<()>> {
        let backend = transaction.get_database_backend();
        if backend == DbBackend::Postgres {
            let told = Statement::from_sql_and_values(backend, ASK_FOR, [self.0.asks_for().into()]);
            transaction.execute_raw(told).await.map_err(Stop::Database)?;
        }
        for step in steps::steps(self.0).into_iter().chain(log::post(self.0)) {
            let statement = Statement::from_sql_and_values(backend, step.sql, step.values);
            let done = transaction.execute_raw(statement).await.map_err(Stop::Database)?;
            if step.must_hit && done.rows_affected() == 0 {
                return Err(Stop::Store(StoreError::Conflict));
            }
        }
        Ok(())
    }
}

/// Why a transaction is given up.
pub(crate) enum Stop<T> {
    Database(DbErr),
    Store(StoreError),
    /// Nothing is wrong, but nothing is to be written either.
    Undo(T),
}

/// What a transaction does; the same again if it has to be repeated.
pub(crate) trait Work<T>: Sync {
    fn run(
        &self,
        transaction: &DatabaseTransaction,
    ) -> impl Future<Output = Result<T, Stop<T>>> + Send;
}

/// Runs `work` in a transaction, again if it collides with another one.
pub(crate) async fn in_transaction<T>(
    database: &DatabaseConnection,
    work: &impl Work<T>,
) -> Result<T, StoreError> {
    let mut attempt = 1;
    loop {
        let transaction = begin(database).await.map_err(from_orm)?;
        let outcome = match work.run(&transaction).await {
            Ok(value) => transaction.commit().await.map(|()| value).map_err(Stop::Database),
            Err(stop) => {
                // Dropping it would roll back as well, but later than the next one begins.
                transaction.rollback().await.ok();
                Err(stop)
            }
        };
        match outcome {
            Ok(value) | Err(Stop::Undo(value)) => return Ok(value),
            Err(Stop::Database(error)) if is_collision(&error) && attempt < ATTEMPTS => {
                attempt += 1;
            }
            Err(Stop::Database(error)) => return Err(from_orm(error)),
            Err(Stop::Store(error)) => return Err(error),
        }
    }
}

/// SQLite takes the right to write at once: a read that turns into a write would fail instead of
/// waiting for its turn.
async fn begin(database: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let sqlite = database.get_database_backend() == DbBackend::Sqlite;
    let sqlite_transaction_mode = sqlite.then_some(SqliteTransactionMode::Immediate);
    let options = TransactionOptions { sqlite_transaction_mode, ..TransactionOptions::default() };
    database.begin_with_options(options).await
}
