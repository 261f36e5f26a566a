//! What nobody needs any more, some at a time.

use crate::{SqlStore, column::micros};
use ports::{StoreError, event_id};
use sea_orm::{DbBackend, Value};
use time::OffsetDateTime;

/// What was through before a time is of events before it, which the key finds. What was taken out
/// of turn is still needed while the cursor is not there.
const OLD: &str = "d.event_id <= $2 AND d.updated_at < $3 AND d.state = 'DELIVERED' \
    AND d.position <= e.cursor_position";
const OF_GONE: &str = "e.gone";
/// Endpoint by endpoint: there is much else, and nothing says how much of it is old.
const OF_EACH: &str = "SELECT d.store_id, d.endpoint_id, d.event_id FROM webhook_endpoints e \
    CROSS JOIN webhook_deliveries d WHERE d.store_id = e.store_id \
    AND d.endpoint_id = e.endpoint_id AND {which} LIMIT $1";
const OF_EACH_ON_POSTGRES: &str = "SELECT d.store_id, d.endpoint_id, d.event_id \
    FROM webhook_endpoints e CROSS JOIN LATERAL (SELECT d.store_id, d.endpoint_id, d.event_id \
    FROM webhook_deliveries d WHERE d.store_id = e.store_id AND d.endpoint_id = e.endpoint_id \
    AND {which} ORDER BY d.event_id LIMIT $1) d LIMIT $1";
const DROP: &str = "WITH old AS MATERIALIZED ({old}) DELETE FROM webhook_deliveries \
    WHERE (store_id, endpoint_id, event_id) IN (SELECT store_id, endpoint_id, event_id FROM old) \
    {still}";
/// Said of the very row that goes: between the look and the deletion somebody may have asked for it.
const STILL_OLD: &str = "AND updated_at < $3 AND state = 'DELIVERED'";
const FORGET: &str = "DELETE FROM webhook_endpoints WHERE gone AND NOT EXISTS \
    (SELECT 1 FROM webhook_deliveries d WHERE d.store_id = webhook_endpoints.store_id \
    AND d.endpoint_id = webhook_endpoints.endpoint_id)";

impl SqlStore {
    pub(super) async fn drop_old(
        &self,
        before: OffsetDateTime,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let before = micros(before);
        let at_most = |limit: u64| Value::from(i64::try_from(limit).unwrap_or(i64::MAX));
        let limit = u64::from(limit);
        let last = event_id::last_at(before).as_uuid();
        let old = vec![at_most(limit), last.into(), before.into()];
        let dropped = self.drop_some(OLD, STILL_OLD, old).await?;
        let of_gone = self.drop_some(OF_GONE, "", vec![at_most(limit - dropped)]).await?;
        if of_gone == 0 {
            self.change(FORGET, vec![]).await?;
        }
        Ok(dropped + of_gone)
    }

    async fn drop_some(
        &self,
        which: &str,
        still: &str,
        values: Vec<Value>,
    ) -> Result<u64, StoreError> {
        let of_each = match self.write().get_database_backend() {
            DbBackend::Postgres => OF_EACH_ON_POSTGRES,
            _ => OF_EACH,
        };
        let sql = DROP.replace("{old}", of_each).replace("{which}", which);
        let sql = sql.replace("{still}", still);
        self.change(&sql, values).await
    }
}
