//! Gives what is committed on PostgreSQL its place in the log.
//!
//! An id of the outbox is drawn before the commit, so of two rows the one that can be seen first may
//! have the higher id. What is committed is therefore numbered in transactions of its own: one at a
//! time takes the lock, takes what it sees in the sequence of the ids, and writes it into the log. A
//! transaction that is still open is not waited for: its rows come later, with later positions. Of
//! one order nothing can be seen before what came before it, because every command waits for the
//! last; and what came before has the lower id.

use crate::{
    commit::Heads,
    error::{Fault, fault, from_sqlx},
    link::{AnswerOf, Link},
};
use ports::{Bells, Numbering, StoreError};
use sea_orm::sqlx::{self, Acquire as _, PgConnection, Postgres, Row, postgres::PgRow};

/// Entries that are numbered in one transaction.
const BATCH: i64 = 2_000;

/// How often a round that collided with another is tried.
const ATTEMPTS: u32 = 3;

/// In the sequence of the key: whoever goes through the table itself meets all that is gone already.
const ANY: &str = "SELECT 1 FROM outbox ORDER BY id LIMIT 1";
const LOCK: &str = "SELECT position FROM feeds WHERE store_id = '' FOR NO KEY UPDATE SKIP LOCKED";
const WAITING: &str =
    "SELECT id, store_id, data IS NOT NULL, digest FROM outbox ORDER BY id LIMIT $1";
const HEADS: &str = "SELECT store_id, entries, position, hash FROM feeds WHERE store_id = ANY ($1)";
const ENTER: &str = "WITH gone AS (DELETE FROM outbox o USING unnest($1::bigint[], $2::bigint[], \
    $3::bigint[], $4::bigint[], $5::bytea[]) AS x (id, entry, position, overall, hash) \
    WHERE o.id = x.id RETURNING o.*, x.entry, x.position, x.overall, x.hash), \
    heads AS (INSERT INTO feeds (store_id, entries, position, hash) \
    SELECT * FROM unnest($6::text[], $7::bigint[], $8::bigint[], $9::bytea[]) \
    ON CONFLICT (store_id) DO UPDATE SET entries = excluded.entries, \
    position = excluded.position, hash = excluded.hash) \
    INSERT INTO event_log (store_id, entry, position, overall, order_id, place, sequence, \
    occurred_at, event_id, kind, actor_kind, actor_id, trace, entity_id, external_id, \
    external_number, data, hash) \
    SELECT store_id, entry, position, overall, order_id, place, sequence, occurred_at, event_id, \
    kind, actor_kind, actor_id, trace, entity_id, external_id, external_number, data, hash \
    FROM gone ORDER BY id";

pub(crate) struct Numberer(Link);

impl Numberer {
    pub const fn new(link: Link) -> Self {
        Self(link)
    }

    pub async fn number(&mut self, bells: &Bells) -> Result<Numbering, StoreError> {
        let mut attempt = 1;
        let numbered = loop {
            match self.0.answer(Round).await {
                Err(error) if fault(&error) == Fault::Collision && attempt < ATTEMPTS => {
                    attempt += 1;
                }
                numbered => break numbered.map_err(from_sqlx)?,
            }
        };
        if matches!(numbered, Numbering::Done(1..)) {
            bells.published();
        }
        Ok(numbered)
    }
}

struct Round;

impl AnswerOf<Numbering> for Round {
    async fn of(self, connection: &mut PgConnection) -> Result<Numbering, sqlx::Error> {
        // Taking the lock is a write, and most of the time there is nothing to do.
        if sqlx::query::<Postgres>(ANY).fetch_optional(&mut *connection).await?.is_none() {
            return Ok(Numbering::Done(0));
        }
        let mut transaction = connection.begin().await?;
        match number(&mut transaction).await {
            Ok(Numbering::Done(count @ 1..)) => {
                transaction.commit().await?;
                Ok(Numbering::Done(count))
            }
            // At once: others wait for the lock.
            nothing => {
                transaction.rollback().await?;
                nothing
            }
        }
    }
}

async fn number(transaction: &mut PgConnection) -> Result<Numbering, sqlx::Error> {
    let lock = sqlx::query::<Postgres>(LOCK).fetch_optional(&mut *transaction).await?;
    let Some(lock) = lock else { return Ok(Numbering::Elsewhere) };
    let waiting = sqlx::query::<Postgres>(WAITING).bind(BATCH);
    let waiting = waiting.fetch_all(&mut *transaction).await?;
    let waiting: Vec<Waiting> = waiting.iter().map(Waiting::of).collect::<Result<_, _>>()?;
    if waiting.is_empty() {
        return Ok(Numbering::Done(0));
    }
    let mut heads = Heads::default();
    heads.overall = lock.try_get(0)?;
    let mut stores: Vec<&str> = waiting.iter().map(|entry| entry.store_id.as_str()).collect();
    stores.sort_unstable();
    stores.dedup();
    let found = sqlx::query::<Postgres>(HEADS).bind(stores).fetch_all(&mut *transaction);
    for row in found.await? {
        let hash: &[u8] = row.try_get(3)?;
        heads.found(row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, hash)?;
    }
    enter(transaction, &waiting, &mut heads).await?;
    Ok(Numbering::Done(waiting.len()))
}

/// A row of the outbox, as far as it has to be known.
struct Waiting {
    id: i64,
    store_id: String,
    is_event: bool,
    digest: [u8; 32],
}

impl Waiting {
    fn of(row: &PgRow) -> Result<Self, sqlx::Error> {
        let digest: &[u8] = row.try_get(3)?;
        let digest = digest.try_into().map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
        let (id, store_id, is_event) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        Ok(Self { id, store_id, is_event, digest })
    }
}

async fn enter(
    transaction: &mut PgConnection,
    waiting: &[Waiting],
    heads: &mut Heads,
) -> Result<(), sqlx::Error> {
    let (mut ids, mut entries, mut positions, mut overalls, mut hashes) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for Waiting { id, store_id, is_event, digest } in waiting {
        let place = heads.place(store_id, *is_event, digest);
        ids.push(*id);
        entries.push(place.entry);
        positions.push(place.position);
        overalls.push(place.overall);
        hashes.push(place.hash.to_vec());
    }
    let (mut stores, mut counts, mut lasts, mut last_hashes) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (store_id, count, last, hash) in heads.all() {
        stores.push(store_id);
        counts.push(count);
        lasts.push(last);
        last_hashes.push(hash);
    }
    sqlx::query::<Postgres>(ENTER)
        .bind(ids)
        .bind(entries)
        .bind(positions)
        .bind(overalls)
        .bind(hashes)
        .bind(stores)
        .bind(counts)
        .bind(lasts)
        .bind(last_hashes)
        .execute(transaction)
        .await?;
    Ok(())
}
