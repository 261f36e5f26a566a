//! What a person asks for to be sent: once more, or as a test.

use super::named;
use crate::{
    SqlStore,
    column::micros,
    commit::{Stop, Work, in_transaction},
};
use domain::{
    event::{TEST, TYPES},
    id::EventId,
    webhook::{Endpoint, Format},
};
use ports::{Again, EndpointKey, MAX_AGAIN, MAX_PENDING, PutIn, StoreError, event_id};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, Statement, Value};
use time::OffsetDateTime;

/// The endpoint first, which is locked until the end. Whoever works on it learns of it, and if
/// nobody does, somebody will.
const TOUCH: &str = "UPDATE webhook_endpoints SET touched = touched + 1, next_due = $3 \
    WHERE store_id = $1 AND endpoint_id = $2 AND NOT gone RETURNING cursor_position";
/// One that is known already, wherever the cursor is.
const KNOWN: &str = "UPDATE webhook_deliveries SET state = 'PENDING', tries = 0, due_at = $3, \
    begun = begun + 1, asked = TRUE, updated_at = $3 WHERE store_id = $1 AND endpoint_id = $2 AND event_id = $4{kinds}";
/// All three ways count, so that a worker can load whatever is pending.
const COUNT: &str = "SELECT count(*) FROM webhook_deliveries \
    WHERE store_id = $1 AND endpoint_id = $2 AND state = 'PENDING'";
/// Ids are in the order of time, and there is an index of them. What was sent out of turn the
/// endpoint was told of, too.
const PUT: &str = "INSERT INTO webhook_deliveries (store_id, endpoint_id, event_id, kind, order_id, \
    position, state, tries, due_at, begun, asked, attempts, created_at, updated_at) \
    SELECT l.store_id, $2, l.event_id, l.kind, NULLIF(l.order_id, ''), l.position, 'PENDING', 0, \
    $3, 1, TRUE, '[]', $3, $3 FROM event_log l WHERE l.store_id = $1 AND l.position > 0 \
    AND (l.position <= $4 OR EXISTS (SELECT 1 FROM webhook_deliveries d \
    WHERE d.store_id = l.store_id AND d.endpoint_id = $2 AND d.event_id = l.event_id)) \
    AND l.event_id >= $5 AND l.event_id <= $6 AND l.occurred_at >= $7 \
    AND l.occurred_at < $8{kinds} ORDER BY l.event_id LIMIT $9 \
    ON CONFLICT (store_id, endpoint_id, event_id) DO UPDATE SET state = excluded.state, \
    tries = excluded.tries, due_at = excluded.due_at, begun = webhook_deliveries.begun + 1, \
    asked = TRUE, updated_at = excluded.updated_at";
const TEST_IN: &str = "INSERT INTO webhook_deliveries (store_id, endpoint_id, event_id, kind, \
    position, state, tries, due_at, begun, asked, attempts, created_at, updated_at) \
    VALUES ($1, $2, $4, $5, 0, 'PENDING', 0, $3, 1, TRUE, '[]', $3, $3) ON CONFLICT DO NOTHING";

impl SqlStore {
    pub(super) async fn put_in_again(
        &self,
        endpoint: &Endpoint,
        again: &Again,
        now: OffsetDateTime,
    ) -> Result<PutIn, StoreError> {
        let (store_id, endpoint_id) = (endpoint.store_id.clone(), endpoint.endpoint_id);
        let key = EndpointKey { store_id, endpoint_id };
        let what = What::Again(endpoint, again);
        in_transaction(self.write(), &Wish { key: &key, what, now: micros(now) }).await
    }

    pub(super) async fn put_test_in(
        &self,
        key: &EndpointKey,
        id: EventId,
        now: OffsetDateTime,
    ) -> Result<PutIn, StoreError> {
        in_transaction(self.write(), &Wish { key, what: What::Test(id), now: micros(now) }).await
    }
}

struct Wish<'w> {
    key: &'w EndpointKey,
    what: What<'w>,
    now: i64,
}

enum What<'w> {
    Again(&'w Endpoint, &'w Again),
    Test(EventId),
}

impl Work<PutIn> for Wish<'_> {
    async fn run(&self, transaction: &DatabaseTransaction) -> Result<PutIn, Stop<PutIn>> {
        let cursor = self.touch(transaction).await.map_err(Stop::Database)?;
        let Some(cursor) = cursor else { return Err(Stop::Undo(PutIn::Done(0))) };
        let pending = self.pending(transaction).await.map_err(Stop::Database)?;
        let room = MAX_PENDING.saturating_sub(pending);
        if room == 0 {
            return Err(Stop::Undo(PutIn::Full(pending)));
        }
        let put_in = match &self.what {
            What::Again(endpoint, Again::Event(event)) => {
                self.event(transaction, endpoint.format, cursor, *event).await
            }
            What::Again(endpoint, Again::Range { from, before }) => {
                let time = (micros(*from), micros(*before));
                self.range(transaction, endpoint, cursor, time, room.min(MAX_AGAIN)).await
            }
            What::Test(id) => self.test(transaction, *id).await,
        };
        match put_in.map_err(Stop::Database)? {
            0 => Err(Stop::Undo(PutIn::Done(0))),
            put_in => Ok(PutIn::Done(u32::try_from(put_in).unwrap_or(u32::MAX))),
        }
    }
}

impl Wish<'_> {
    async fn event(
        &self,
        transaction: &DatabaseTransaction,
        format: Format,
        cursor: i64,
        event: EventId,
    ) -> Result<u64, DbErr> {
        // There are no other words for another type in this format.
        let kinds = match format {
            Format::Standard => String::new(),
            Format::Globale => format!(" AND kind IN ('{}', '{TEST}')", Endpoint::GLOBALE),
        };
        let id: Value = event.as_uuid().into();
        let known = KNOWN.replace("{kinds}", &kinds);
        let known = self.execute(transaction, &known, [id.clone()]).await?;
        if known > 0 {
            return Ok(known);
        }
        let whenever = [i64::MIN.into(), i64::MAX.into(), 1_i64.into()];
        let bounds = [cursor.into(), id.clone(), id].into_iter().chain(whenever);
        self.execute(transaction, &PUT.replace("{kinds}", &kinds), bounds).await
    }

    async fn range(
        &self,
        transaction: &DatabaseTransaction,
        endpoint: &Endpoint,
        cursor: i64,
        (from, before): (i64, i64),
        limit: u32,
    ) -> Result<u64, DbErr> {
        let wanted = TYPES.iter().filter(|kind| endpoint.wants(kind));
        let kinds: Vec<String> = wanted.map(|kind| format!("'{kind}'")).collect();
        if kinds.is_empty() {
            return Ok(0);
        }
        let kinds = format!(" AND l.kind IN ({})", kinds.join(", "));
        let ids = [event_id::first_at(from), event_id::last_at(before)];
        let ids = ids.map(|id| Value::from(id.as_uuid()));
        let times = [from.into(), before.into(), i64::from(limit).into()];
        let bounds = [cursor.into()].into_iter().chain(ids).chain(times);
        self.execute(transaction, &PUT.replace("{kinds}", &kinds), bounds).await
    }

    async fn test(&self, transaction: &DatabaseTransaction, id: EventId) -> Result<u64, DbErr> {
        self.execute(transaction, TEST_IN, [id.as_uuid().into(), TEST.into()]).await
    }

    /// The endpoint's cursor, if there is such an endpoint.
    async fn touch(&self, transaction: &DatabaseTransaction) -> Result<Option<i64>, DbErr> {
        let backend = transaction.get_database_backend();
        let touch = Statement::from_sql_and_values(backend, TOUCH, self.named());
        let row = transaction.query_one_raw(touch).await?;
        row.map(|row| row.try_get_by_index(0)).transpose()
    }

    async fn pending(&self, transaction: &DatabaseTransaction) -> Result<u32, DbErr> {
        let backend = transaction.get_database_backend();
        let count = Statement::from_sql_and_values(backend, COUNT, named(self.key));
        let row = transaction.query_one_raw(count).await?;
        let pending = row.map(|row| row.try_get_by_index::<i64>(0)).transpose()?;
        Ok(u32::try_from(pending.unwrap_or(0)).unwrap_or(u32::MAX))
    }

    async fn execute(
        &self,
        transaction: &DatabaseTransaction,
        sql: &str,
        more: impl IntoIterator<Item = Value>,
    ) -> Result<u64, DbErr> {
        let values = self.named().into_iter().chain(more);
        let backend = transaction.get_database_backend();
        let statement = Statement::from_sql_and_values(backend, sql, values);
        transaction.execute_raw(statement).await.map(|done| done.rows_affected())
    }

    fn named(&self) -> Vec<Value> {
        named(self.key).into_iter().chain([self.now.into()]).collect()
    }
}
