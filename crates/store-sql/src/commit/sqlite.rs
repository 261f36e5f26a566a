//! A batch of commits as one transaction of SQLite, with a savepoint for each.

use super::{
    Rows,
    queue::{Verdict, Writer},
    steps::{Step, steps},
};
use crate::error::{Fault, fault, from_sqlx, shared};
use ports::StoreError;
use sea_orm::{
    DatabaseConnection, Value,
    sqlx::{
        self, Executor, Sqlite, SqliteConnection, SqlitePool, query::Query, sqlite::SqliteArguments,
    },
};

pub(crate) struct SqliteWriter(SqlitePool);

impl SqliteWriter {
    pub fn new(write: &DatabaseConnection) -> Self {
        Self(write.get_sqlite_connection_pool().clone())
    }

    /// The outer error is that of the whole transaction.
    async fn apply_all(&self, batch: &[Rows]) -> Result<Vec<Verdict>, sqlx::Error> {
        let mut connection = self.0.acquire().await?;
        connection.execute("BEGIN IMMEDIATE").await?;
        let outcome = in_turn(&mut connection, batch).await;
        let end = if outcome.is_ok() { "COMMIT" } else { "ROLLBACK" };
        let ended = connection.execute(end).await;
        if ended.is_err() && outcome.is_ok() {
            connection.execute("ROLLBACK").await.ok();
        }
        let verdicts = outcome?;
        ended.map(|_| verdicts)
    }
}

impl Writer for SqliteWriter {
    async fn apply(&mut self, batch: &[Rows]) -> Vec<Verdict> {
        self.apply_all(batch).await.unwrap_or_else(|error| shared(error, batch.len()))
    }
}

async fn in_turn(
    connection: &mut SqliteConnection,
    batch: &[Rows],
) -> Result<Vec<Verdict>, sqlx::Error> {
    let mut verdicts = Vec::with_capacity(batch.len());
    for rows in batch {
        connection.execute("SAVEPOINT one").await?;
        let verdict = match run(connection, steps(rows)).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(StoreError::Conflict),
            // The disk is full, or the like: nothing of the batch can stay.
            Err(error) if fault(&error) == Fault::Unavailable => return Err(error),
            Err(error) => Err(from_sqlx(error)),
        };
        if verdict.is_err() {
            connection.execute("ROLLBACK TO one").await?;
        }
        connection.execute("RELEASE one").await?;
        verdicts.push(verdict);
    }
    Ok(verdicts)
}

/// Whether every statement did what it had to.
async fn run(connection: &mut SqliteConnection, steps: Vec<Step>) -> Result<bool, sqlx::Error> {
    for step in steps {
        let query = step.values.into_iter().fold(sqlx::query(step.sql), bind);
        let done = query.execute(&mut *connection).await?;
        if step.must_hit && done.rows_affected() == 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

fn bind(
    query: Query<'_, Sqlite, SqliteArguments>,
    value: Value,
) -> Query<'_, Sqlite, SqliteArguments> {
    match value {
        Value::BigInt(number) => query.bind(number),
        Value::String(text) => query.bind(text),
        Value::Bytes(bytes) => query.bind(bytes),
        Value::Uuid(uuid) => query.bind(uuid),
        _ => query.bind(None::<i64>),
    }
}
