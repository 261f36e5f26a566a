//! A batch of commits as one transaction of SQLite.
//!
//! Every statement is a hop to the connection's own thread and back, which costs more than what
//! most statements do. So a batch is two hops: one that begins and looks at which orders are as
//! they were read, and one with all statements that write, each for all commits, to the end.

mod checkpoints;
mod script;

pub(crate) use checkpoints::LONG_LOG;

use super::{
    Rows,
    log::{self, Heads},
    queue::{Verdict, Writer},
    steps::{Step, steps},
};
use crate::error::{Fault, fault, from_sqlx, shared};
use checkpoints::Checkpoints;
use ports::StoreError;
use script::Script;
use sea_orm::{
    DatabaseConnection, Value,
    sqlx::{
        self, Executor, Row, Sqlite, SqliteConnection, SqlitePool, query::Query,
        sqlite::SqliteArguments,
    },
};

pub(crate) struct SqliteWriter {
    pool: SqlitePool,
    checkpoints: Checkpoints,
}

impl SqliteWriter {
    /// `beside`: a connection of its own for what does not hold up commits.
    pub fn new(write: &DatabaseConnection, beside: &DatabaseConnection) -> Self {
        let pool = write.get_sqlite_connection_pool().clone();
        Self { pool, checkpoints: Checkpoints::start(beside) }
    }

    /// The error is that of the whole transaction.
    async fn apply_all(&self, batch: &[Rows]) -> Result<Vec<Verdict>, sqlx::Error> {
        let mut connection = self.pool.acquire().await?;
        let together: Vec<&Rows> = batch.iter().filter(|rows| Script::fits(rows)).collect();
        let mut outcome = at_once(&mut connection, &together).await;
        if let Err(error) = &outcome {
            connection.execute("ROLLBACK").await.ok();
            if fault(error) != Fault::Unavailable {
                // One of them broke a rule of the schema and took the others with it.
                outcome = one_by_one(&mut connection, &together).await;
            }
        }
        let mut joint = outcome?.into_iter();
        let mut verdicts = Vec::with_capacity(batch.len());
        for rows in batch {
            let verdict = Script::fits(rows).then(|| joint.next()).flatten();
            verdicts.push(match verdict {
                Some(verdict) => verdict,
                // What was committed before stays so, whatever becomes of this one.
                None => apart(&mut connection, rows).await,
            });
        }
        Ok(verdicts)
    }
}

impl Writer for SqliteWriter {
    const NUMBERS: bool = true;

    async fn apply(&mut self, batch: &[Rows]) -> Vec<Verdict> {
        let verdicts = self.apply_all(batch).await;
        self.checkpoints.committed(batch.len());
        verdicts.unwrap_or_else(|error| shared(error, batch.len()))
    }
}

async fn at_once(
    connection: &mut SqliteConnection,
    batch: &[&Rows],
) -> Result<Vec<Verdict>, sqlx::Error> {
    if batch.is_empty() {
        return Ok(Vec::new());
    }
    let (fresh, mut heads) = fresh(connection, batch).await?;
    let winners: Vec<&Rows> =
        batch.iter().zip(&fresh).filter(|(_, fresh)| **fresh).map(|(rows, _)| *rows).collect();
    let Script { sql, arguments } = Script::of(&winners, &mut heads)?;
    sqlx::query_with::<Sqlite, _>(sqlx::AssertSqlSafe(sql), arguments).execute(connection).await?;
    let verdict = |fresh| if fresh { Ok(()) } else { Err(StoreError::Conflict) };
    Ok(fresh.into_iter().map(verdict).collect())
}

/// Begins, and tells for each commit whether its order is as it was read, and how long the logs are.
/// Nobody else can write from here to the end.
async fn fresh(
    connection: &mut SqliteConnection,
    batch: &[&Rows],
) -> Result<(Vec<bool>, Heads), sqlx::Error> {
    let keys = script::keys(batch);
    let rows = sqlx::query::<Sqlite>(script::BEGIN).bind(keys).fetch_all(connection).await?;
    let mut fresh: Vec<bool> =
        batch.iter().map(|rows| rows.orders.iter().all(super::rows::OrderRow::is_new)).collect();
    let mut heads = Heads::default();
    for row in rows {
        let place: i64 = row.try_get(0)?;
        let version: i64 = row.try_get(1)?;
        if place < 0 {
            let (position, hash): (i64, Vec<u8>) = (row.try_get(2)?, row.try_get(3)?);
            heads.found(row.try_get(4)?, version, position, &hash)?;
            continue;
        }
        let place = usize::try_from(place).unwrap_or(usize::MAX);
        if let (Some(fresh), Some(rows)) = (fresh.get_mut(place), batch.get(place)) {
            *fresh = rows.orders.iter().all(|order| order.before == version);
        }
    }
    Ok((fresh, heads))
}

async fn apart(connection: &mut SqliteConnection, rows: &Rows) -> Verdict {
    let mut verdicts = one_by_one(connection, &[rows]).await.map_err(from_sqlx)?;
    let missing = || Err(StoreError::Unavailable("the commit has no verdict".into()));
    verdicts.pop().unwrap_or_else(missing)
}

/// With a savepoint for each, so that none harms another.
async fn one_by_one(
    connection: &mut SqliteConnection,
    batch: &[&Rows],
) -> Result<Vec<Verdict>, sqlx::Error> {
    connection.execute("BEGIN IMMEDIATE").await?;
    let outcome = in_turn(connection, batch).await;
    let ended = match &outcome {
        Ok(_) => connection.execute("COMMIT").await,
        Err(_) => connection.execute("ROLLBACK").await,
    };
    if ended.is_err() {
        connection.execute("ROLLBACK").await.ok();
    }
    let verdicts = outcome?;
    ended.map(|_| verdicts)
}

async fn in_turn(
    connection: &mut SqliteConnection,
    batch: &[&Rows],
) -> Result<Vec<Verdict>, sqlx::Error> {
    let mut verdicts = Vec::with_capacity(batch.len());
    for rows in batch {
        connection.execute("SAVEPOINT one").await?;
        let verdict = match run_logged(connection, rows).await {
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

/// A commit with its entries in the log; whether every statement did what it had to.
async fn run_logged(connection: &mut SqliteConnection, rows: &Rows) -> Result<bool, sqlx::Error> {
    if !run(connection, steps(rows)).await? {
        return Ok(false);
    }
    if !rows.has_facts() {
        return Ok(true);
    }
    let mut heads = Heads::default();
    let stores = log::stores_of(rows);
    for row in sqlx::query::<Sqlite>(log::HEADS).bind(stores).fetch_all(&mut *connection).await? {
        let hash: Vec<u8> = row.try_get(3)?;
        heads.found(row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, &hash)?;
    }
    run(connection, log::enter(rows, &mut heads)).await
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
        Value::Bool(flag) => query.bind(flag),
        _ => query.bind(None::<i64>),
    }
}

#[cfg(test)]
mod tests;
