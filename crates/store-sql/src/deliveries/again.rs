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
use ports::{Again, EndpointKey, MAX_AGAIN, MAX_PENDING, StoreError, event_id};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, Statement, Value};
use time::OffsetDateTime;

/// The endpoint first, which is locked until the end. Whoever works on it learns of it, and if
/// nobody does, somebody will.
const TOUCH: &str = "UPDATE webhook_endpoints SET touched = touched + 1, next_due = $3 \
    WHERE store_id = $1 AND endpoint_id = $2 AND NOT gone RETURNING cursor_position";
/// One that is known already, wherever the cursor is.
const KNOWN: &str = "UPDATE webhook_deliveries SET state = 'PENDING', tries = 0, due_at = $3, \
    updated_at = $3 WHERE store_id = $1 AND endpoint_id = $2 AND event_id = $4{kinds}";
const COUNT: &str = "SELECT count(*) FROM webhook_deliveries \
    WHERE store_id = $1 AND endpoint_id = $2 AND state = 'PENDING'";
/// Ids are in the order of time, and there is an index of them.
const PUT: &str = "INSERT INTO webhook_deliveries (store_id, endpoint_id, event_id, kind, order_id, \
    position, state, tries, due_at, attempts, created_at, updated_at) \
    SELECT l.store_id, $2, l.event_id, l.kind, NULLIF(l.order_id, ''), l.position, 'PENDING', 0, \
    $3, '[]', $3, $3 FROM event_log l WHERE l.store_id = $1 AND l.position > 0 \
    AND l.position <= $4 AND l.event_id >= $5 AND l.event_id <= $6 AND l.occurred_at >= $7 \
    AND l.occurred_at < $8{kinds} ORDER BY l.event_id LIMIT $9 \
    ON CONFLICT (store_id, endpoint_id, event_id) DO UPDATE SET state = excluded.state, \
    tries = excluded.tries, due_at = excluded.due_at, updated_at = excluded.updated_at";
const TEST_IN: &str = "INSERT INTO webhook_deliveries (store_id, endpoint_id, event_id, kind, \
    position, state, tries, due_at, attempts, created_at, updated_at) \
    VALUES ($1, $2, $4, $5, 0, 'PENDING', 0, $3, '[]', $3, $3) ON CONFLICT DO NOTHING";

impl SqlStore {
    pub(super) async fn put_in_again(
        &self,
        endpoint: &Endpoint,
        again: &Again,
        now: OffsetDateTime,
    ) -> Result<u32, StoreError> {
        let (store_id, endpoint_id) = (endpoint.store_id.clone(), endpoint.endpoint_id);
        let key = EndpointKey { store_id, endpoint_id };
        let put = PutIn { key: &key, endpoint, again, now: micros(now) };
        let put_in = in_transaction(&self.0.write, &put).await?;
        Ok(u32::try_from(put_in).unwrap_or(u32::MAX))
    }

    pub(super) async fn put_test_in(
        &self,
        key: &EndpointKey,
        id: EventId,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let test = TestIn { key, id, now: micros(now) };
        in_transaction(&self.0.write, &test).await
    }
}

struct PutIn<'p> {
    key: &'p EndpointKey,
    endpoint: &'p Endpoint,
    again: &'p Again,
    now: i64,
}

impl Work<u64> for PutIn<'_> {
    async fn run(&self, transaction: &DatabaseTransaction) -> Result<u64, Stop<u64>> {
        let Some(cursor) = touch(transaction, self.key, self.now).await? else {
            return Err(Stop::Undo(0));
        };
        let put_in = match self.again {
            Again::Event(event) => self.event(transaction, cursor, *event).await,
            Again::Range { from, before } => {
                self.range(transaction, cursor, micros(*from), micros(*before)).await
            }
        };
        match put_in.map_err(Stop::Database)? {
            0 => Err(Stop::Undo(0)),
            put_in => Ok(put_in),
        }
    }
}

impl PutIn<'_> {
    async fn event(
        &self,
        transaction: &DatabaseTransaction,
        cursor: i64,
        event: EventId,
    ) -> Result<u64, DbErr> {
        // There are no other words for another type in this format.
        let kinds = match self.endpoint.format {
            Format::Standard => String::new(),
            Format::Globale => format!(" AND kind IN ('{}', '{TEST}')", Endpoint::GLOBALE),
        };
        let id: Value = event.as_uuid().into();
        let values = self.named().into_iter().chain([id.clone()]);
        let known = execute(transaction, &KNOWN.replace("{kinds}", &kinds), values).await?;
        if known > 0 {
            return Ok(known);
        }
        let whenever = [i64::MIN.into(), i64::MAX.into(), 1_i64.into()];
        let bounds = [cursor.into(), id.clone(), id].into_iter().chain(whenever);
        let values = self.named().into_iter().chain(bounds);
        execute(transaction, &PUT.replace("{kinds}", &kinds), values).await
    }

    async fn range(
        &self,
        transaction: &DatabaseTransaction,
        cursor: i64,
        from: i64,
        before: i64,
    ) -> Result<u64, DbErr> {
        let wanted = TYPES.iter().filter(|kind| self.endpoint.wants(kind));
        let kinds: Vec<String> = wanted.map(|kind| format!("'{kind}'")).collect();
        let room = MAX_PENDING.saturating_sub(self.pending(transaction).await?).min(MAX_AGAIN);
        if kinds.is_empty() || room == 0 {
            return Ok(0);
        }
        let kinds = format!(" AND l.kind IN ({})", kinds.join(", "));
        let ids = [event_id::first_at(from), event_id::last_at(before)];
        let ids = ids.map(|id| Value::from(id.as_uuid()));
        let times = [from.into(), before.into(), i64::from(room).into()];
        let values = self.named().into_iter().chain([cursor.into()]).chain(ids).chain(times);
        execute(transaction, &PUT.replace("{kinds}", &kinds), values).await
    }

    async fn pending(&self, transaction: &DatabaseTransaction) -> Result<u32, DbErr> {
        let backend = transaction.get_database_backend();
        let count = Statement::from_sql_and_values(backend, COUNT, named(self.key));
        let row = transaction.query_one_raw(count).await?;
        let pending = row.map(|row| row.try_get_by_index::<i64>(0)).transpose()?;
        Ok(u32::try_from(pending.unwrap_or(0)).unwrap_or(u32::MAX))
    }

    fn named(&self) -> Vec<Value> {
        named(self.key).into_iter().chain([self.now.into()]).collect()
    }
}

struct TestIn<'t> {
    key: &'t EndpointKey,
    id: EventId,
    now: i64,
}

impl Work<()> for TestIn<'_> {
    async fn run(&self, transaction: &DatabaseTransaction) -> Result<(), Stop<()>> {
        if touch(transaction, self.key, self.now).await?.is_none() {
            return Err(Stop::Undo(()));
        }
        let test = [self.now.into(), self.id.as_uuid().into(), TEST.into()];
        let values = named(self.key).into_iter().chain(test);
        execute(transaction, TEST_IN, values).await.map(drop).map_err(Stop::Database)
    }
}

/// The endpoint's cursor, if there is such an endpoint.
async fn touch<T>(
    transaction: &DatabaseTransaction,
    key: &EndpointKey,
    now: i64,
) -> Result<Option<i64>, Stop<T>> {
    let backend = transaction.get_database_backend();
    let values = named(key).into_iter().chain([now.into()]);
    let touch = Statement::from_sql_and_values(backend, TOUCH, values);
    let row = transaction.query_one_raw(touch).await.map_err(Stop::Database)?;
    row.map(|row| row.try_get_by_index(0)).transpose().map_err(Stop::Database)
}

async fn execute(
    transaction: &DatabaseTransaction,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<u64, DbErr> {
    let backend = transaction.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, values);
    transaction.execute_raw(statement).await.map(|done| done.rows_affected())
}
