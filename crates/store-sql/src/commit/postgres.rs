//! A batch of commits as one statement of PostgreSQL.

mod script;

use super::{
    Rows, alone,
    queue::{Verdict, Writer},
};
use crate::{
    error::{Fault, fault, shared},
    limit::in_time,
    link::{AnswerOf, Link},
};
use ports::StoreError;
use script::Script;
use sea_orm::{
    DatabaseConnection,
    sqlx::{self, AssertSqlSafe, PgConnection, Postgres, Row},
};
use std::collections::HashSet;

/// How often a batch that collided with another process is tried before its commits are tried
/// one by one.
const ATTEMPTS: u32 = 3;

pub(crate) struct PostgresWriter {
    link: Link,
    /// For commits that need a transaction of their own.
    pool: DatabaseConnection,
}

impl PostgresWriter {
    pub const fn new(link: Link, pool: DatabaseConnection) -> Self {
        Self { link, pool }
    }

    /// Which of the commits won, by their place in the batch.
    async fn apply_at_once(&mut self, batch: &[&Rows]) -> Result<HashSet<usize>, sqlx::Error> {
        let mut attempt = 1;
        loop {
            match self.link.answer(Batch(batch)).await {
                Err(error) if fault(&error) == Fault::Collision && attempt < ATTEMPTS => {
                    attempt += 1;
                }
                outcome => return outcome,
            }
        }
    }

    async fn apply_one_by_one(&self, batch: &[&Rows]) -> Vec<Verdict> {
        let mut verdicts = Vec::with_capacity(batch.len());
        for rows in batch {
            verdicts.push(self.apply_alone(rows).await);
        }
        verdicts
    }

    async fn apply_alone(&self, rows: &Rows) -> Verdict {
        in_time(self.link.limit(), alone(&self.pool, rows)).await
    }
}

impl Writer for PostgresWriter {
    const NUMBERS: bool = false;

    async fn apply(&mut self, batch: &[Rows]) -> Vec<Verdict> {
        let together: Vec<&Rows> = batch.iter().filter(|rows| fits(rows)).collect();
        let mut joint = Vec::new();
        if !together.is_empty() {
            joint = match self.apply_at_once(&together).await {
                Ok(won) => (0..together.len())
                    .map(|place| won.contains(&place).then_some(()).ok_or(StoreError::Conflict))
                    .collect(),
                Err(error) if fault(&error) == Fault::Unavailable => shared(error, together.len()),
                // One of them broke a rule of the schema, or waited too long for what somebody holds,
                // and took the others with it.
                Err(_) => self.apply_one_by_one(&together).await,
            };
        }
        let mut joint = joint.into_iter();
        let mut verdicts = Vec::with_capacity(batch.len());
        for rows in batch {
            verdicts.push(match fits(rows).then(|| joint.next()).flatten() {
                Some(verdict) => verdict,
                None => self.apply_alone(rows).await,
            });
        }
        verdicts
    }
}

/// Whether a commit can be part of the one statement. It knows one order for each commit, and a
/// key that is freed and taken again needs two statements.
fn fits(rows: &Rows) -> bool {
    rows.is_common() && (rows.freed.is_empty() || rows.claims.is_empty())
}

struct Batch<'a>(&'a [&'a Rows]);

impl AnswerOf<HashSet<usize>> for Batch<'_> {
    async fn of(self, connection: &mut PgConnection) -> Result<HashSet<usize>, sqlx::Error> {
        let Script { sql, arguments, mut won } = Script::of(self.0)?;
        let query = sqlx::query_with::<Postgres, _>(AssertSqlSafe(sql), arguments);
        for row in query.fetch_all(connection).await? {
            let place: i32 = row.try_get(0)?;
            won.insert(usize::try_from(place).unwrap_or(usize::MAX));
        }
        Ok(won)
    }
}
