//! Who works on an endpoint.

use super::{column, named, rows_of};
use crate::{
    SqlStore,
    column::{from_doc, micros},
    tasks::skip_locked,
};
use ports::{Assignment, Chain, EndpointKey, Lease, StoreError};
use sea_orm::QueryResult;
use time::OffsetDateTime;

/// Something is due, or something came that may be begun, and it may be sent something. There are few endpoints: each is looked
/// at, by the place of its cursor in its store's feed.
const READY: &str = "FROM webhook_endpoints e WHERE e.active \
    AND (e.lease_until IS NULL OR e.lease_until <= $1) \
    AND (e.quiet_until IS NULL OR e.quiet_until <= $1) AND (e.next_due <= $1 OR NOT e.overfull \
    AND e.cursor_position < (SELECT f.position FROM feeds f WHERE f.store_id = e.store_id))";
/// So that an idle worker writes nothing.
const ANY_READY: &str = "SELECT 1 {ready} LIMIT 1";
/// Which ones is settled once and apart, as it is for tasks.
const CLAIM: &str = "WITH ready AS MATERIALIZED (SELECT e.store_id, e.endpoint_id {ready} \
    ORDER BY e.served_at LIMIT $4{lock}) \
    UPDATE webhook_endpoints SET lease_owner = $2, lease_until = $3, served_at = $1 FROM ready \
    WHERE webhook_endpoints.store_id = ready.store_id \
    AND webhook_endpoints.endpoint_id = ready.endpoint_id \
    RETURNING webhook_endpoints.doc, webhook_endpoints.cursor_position, webhook_endpoints.touched";
const RENEW: &str = "UPDATE webhook_endpoints SET lease_until = $4 \
    WHERE store_id = $1 AND endpoint_id = $2 AND lease_owner = $3 RETURNING touched";
const RELEASE: &str = "UPDATE webhook_endpoints SET lease_owner = NULL, lease_until = NULL \
    WHERE store_id = $1 AND endpoint_id = $2 AND lease_owner = $3";

impl SqlStore {
    pub(super) async fn claim_ready(
        &self,
        limit: u32,
        lease: &Lease,
        now: OffsetDateTime,
    ) -> Result<Vec<Assignment>, StoreError> {
        let (read, write) = (self.read(), self.write());
        let any = ANY_READY.replace("{ready}", READY);
        if rows_of(read, &any, [micros(now).into()]).await?.is_empty() {
            return Ok(Vec::new());
        }
        let lock = skip_locked(write.get_database_backend());
        let sql = CLAIM.replace("{ready}", READY).replace("{lock}", lock);
        let held = [lease.owner.as_str().into(), micros(lease.until).into()];
        let values = [micros(now).into()].into_iter().chain(held).chain([i64::from(limit).into()]);
        let rows = rows_of(write, &sql, values).await?;
        Ok(rows.iter().filter_map(|row| readable(row, lease)).collect())
    }

    pub(super) async fn renew_held(
        &self,
        key: &EndpointKey,
        lease: &Lease,
    ) -> Result<Option<i64>, StoreError> {
        let held = [lease.owner.as_str().into(), micros(lease.until).into()];
        let rows = rows_of(self.write(), RENEW, named(key).into_iter().chain(held)).await?;
        rows.first().map(|row| column(row, 0)).transpose()
    }

    pub(super) async fn release_held(
        &self,
        key: &EndpointKey,
        owner: &str,
    ) -> Result<(), StoreError> {
        let values = named(key).into_iter().chain([owner.into()]);
        rows_of(self.write(), RELEASE, values).await.map(drop)
    }
}

/// One that cannot be read must not keep the others from being told anything.
fn readable(row: &QueryResult, lease: &Lease) -> Option<Assignment> {
    match to_assignment(row, lease) {
        Ok(assignment) => Some(assignment),
        Err(error) => {
            tracing::error!(error = %Chain(&error), "an endpoint cannot be read");
            None
        }
    }
}

fn to_assignment(row: &QueryResult, lease: &Lease) -> Result<Assignment, StoreError> {
    Ok(Assignment {
        endpoint: from_doc("webhook_endpoints.doc", &column::<String>(row, 0)?)?,
        cursor: column(row, 1)?,
        touched: column(row, 2)?,
        lease: lease.clone(),
    })
}
