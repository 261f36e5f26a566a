//! Webhook endpoints and what is on its way to them. Endpoints themselves change with commits.

mod again;
mod claims;
mod drop;
mod keep;
mod read;

use crate::{SqlStore, error::from_orm};
use async_trait::async_trait;
use domain::{
    id::{EventId, StoreId},
    webhook::Endpoint,
};
use ports::{
    Again, Assignment, Backlog, Deliveries, Delivery, DeliveryFilter, EndpointKey, Lease, Page,
    PageRequest, Progress, PutIn, StoreError,
};
use sea_orm::{ConnectionTrait, DatabaseConnection, QueryResult, Statement, Value};
use time::OffsetDateTime;

#[async_trait]
impl Deliveries for SqlStore {
    async fn endpoint(&self, key: &EndpointKey) -> Result<Option<Endpoint>, StoreError> {
        self.in_time(self.find_endpoint(key)).await
    }

    async fn endpoints(&self, store: &StoreId) -> Result<Vec<Endpoint>, StoreError> {
        self.in_time(self.list_endpoints(store)).await
    }

    async fn claim_endpoints(
        &self,
        limit: u32,
        lease: &Lease,
        now: OffsetDateTime,
    ) -> Result<Vec<Assignment>, StoreError> {
        self.in_time(self.claim_ready(limit, lease, now)).await
    }

    async fn renew_endpoint(
        &self,
        key: &EndpointKey,
        lease: &Lease,
    ) -> Result<Option<i64>, StoreError> {
        self.in_time(self.renew_held(key, lease)).await
    }

    async fn release_endpoint(&self, key: &EndpointKey, owner: &str) -> Result<(), StoreError> {
        self.in_time(self.release_held(key, owner)).await
    }

    async fn backlog(&self, key: &EndpointKey) -> Result<Backlog, StoreError> {
        self.in_time(self.read_backlog(key)).await
    }

    async fn keep(
        &self,
        key: &EndpointKey,
        owner: &str,
        progress: &Progress,
    ) -> Result<Option<i64>, StoreError> {
        self.in_time(self.keep_progress(key, owner, progress)).await
    }

    async fn deliveries(
        &self,
        key: &EndpointKey,
        filter: &DeliveryFilter,
        page: PageRequest<EventId>,
    ) -> Result<Page<Delivery, EventId>, StoreError> {
        self.in_time(self.list_deliveries(key, filter, page)).await
    }

    async fn send_again(
        &self,
        endpoint: &Endpoint,
        again: &Again,
        now: OffsetDateTime,
    ) -> Result<PutIn, StoreError> {
        self.in_time(self.put_in_again(endpoint, again, now)).await
    }

    async fn send_test(
        &self,
        key: &EndpointKey,
        id: EventId,
        now: OffsetDateTime,
    ) -> Result<PutIn, StoreError> {
        self.in_time(self.put_test_in(key, id, now)).await
    }

    async fn drop_delivered(&self, before: OffsetDateTime, limit: u32) -> Result<u64, StoreError> {
        self.in_time(self.drop_old(before, limit)).await
    }
}

/// The first two values of every statement.
fn named(key: &EndpointKey) -> [Value; 2] {
    [key.store_id.as_str().into(), key.endpoint_id.as_uuid().into()]
}

/// All rows, although there may be one: SQLite commits after the last of them.
async fn rows_of(
    database: &DatabaseConnection,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<QueryResult>, StoreError> {
    let statement = Statement::from_sql_and_values(database.get_database_backend(), sql, values);
    database.query_all_raw(statement).await.map_err(from_orm)
}

fn column<T: sea_orm::TryGetable>(row: &QueryResult, place: usize) -> Result<T, StoreError> {
    row.try_get_by_index(place).map_err(from_orm)
}
