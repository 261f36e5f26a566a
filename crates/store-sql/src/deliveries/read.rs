use super::{column, named, rows_of};
use crate::{
    SqlStore,
    column::{from_doc, name, time},
    entity::webhook_delivery::Model,
    error::{from_orm, unreadable},
    reader::to_page,
};
use domain::{
    event::{TEST, type_named},
    id::{EventId, OrderId, StoreId},
    webhook::Endpoint,
};
use ports::{
    Backlog, Delivery, DeliveryFilter, DeliveryState, EndpointKey, Page, PageRequest, StoreError,
};
use sea_orm::{FromQueryResult, QueryResult, Value};
use uuid::Uuid;

const ENDPOINT: &str = "SELECT doc FROM webhook_endpoints \
    WHERE store_id = $1 AND endpoint_id = $2 AND NOT gone";
const ENDPOINTS: &str = "SELECT doc FROM webhook_endpoints \
    WHERE store_id = $1 AND NOT gone ORDER BY endpoint_id";
const COLUMNS: &str = "d.store_id, d.endpoint_id, d.event_id, d.kind, d.order_id, d.position, \
    d.state, d.tries, d.due_at, d.begun, d.asked, {attempts} AS attempts, d.created_at, \
    d.updated_at";
const PENDING: &str = "SELECT {columns} FROM webhook_deliveries d WHERE d.store_id = $1 \
    AND d.endpoint_id = $2 AND d.state = 'PENDING' ORDER BY d.position, d.event_id";
/// A few: what was taken out of turn.
const AHEAD: &str = "SELECT d.event_id FROM webhook_deliveries d WHERE d.store_id = $1 \
    AND d.endpoint_id = $2 AND d.position > 0 AND d.position > \
    (SELECT e.cursor_position FROM webhook_endpoints e WHERE e.store_id = $1 \
    AND e.endpoint_id = $2) AND d.state = 'DELIVERED'";
/// What is left of an endpoint that was deleted is nobody's business.
const LIST: &str = "SELECT {columns} FROM webhook_deliveries d WHERE d.store_id = $1 \
    AND d.endpoint_id = $2 AND d.event_id < $3{conditions} AND EXISTS \
    (SELECT 1 FROM webhook_endpoints e WHERE e.store_id = $1 AND e.endpoint_id = $2 \
    AND NOT e.gone) ORDER BY d.event_id DESC LIMIT $4";

impl SqlStore {
    pub(super) async fn find_endpoint(
        &self,
        key: &EndpointKey,
    ) -> Result<Option<Endpoint>, StoreError> {
        let rows = rows_of(self.read(), ENDPOINT, named(key)).await?;
        rows.first().map(to_endpoint).transpose()
    }

    pub(super) async fn list_endpoints(
        &self,
        store: &StoreId,
    ) -> Result<Vec<Endpoint>, StoreError> {
        let rows = rows_of(self.read(), ENDPOINTS, [store.as_str().into()]).await?;
        rows.iter().map(to_endpoint).collect()
    }

    pub(super) async fn read_backlog(&self, key: &EndpointKey) -> Result<Backlog, StoreError> {
        let pending = PENDING.replace("{columns}", COLUMNS).replace("{attempts}", "'[]'");
        let pending = rows_of(self.read(), &pending, named(key)).await?;
        let ahead = rows_of(self.read(), AHEAD, named(key)).await?;
        let delivered = ahead.iter().map(|row| column(row, 0).map(EventId::from_uuid));
        Ok(Backlog {
            pending: pending.iter().map(to_delivery).collect::<Result<_, _>>()?,
            delivered: delivered.collect::<Result<_, _>>()?,
        })
    }

    pub(super) async fn list_deliveries(
        &self,
        key: &EndpointKey,
        filter: &DeliveryFilter,
        page: PageRequest<EventId>,
    ) -> Result<Page<Delivery, EventId>, StoreError> {
        // As text, so that the index of what is pending is known to have all of it.
        let states: Vec<_> = filter.states.iter().map(|it| format!("'{}'", it.name())).collect();
        let in_state = match states.as_slice() {
            [] => String::new(),
            states => format!(" AND d.state IN ({})", states.join(", ")),
        };
        let of_event = if filter.event_id.is_some() { " AND d.event_id = $5" } else { "" };
        let conditions = in_state + of_event;
        let sql = LIST.replace("{columns}", COLUMNS).replace("{attempts}", "d.attempts");
        let sql = sql.replace("{conditions}", &conditions);
        let before = page.after.map_or(Uuid::max(), EventId::as_uuid);
        let from = [before.into(), (i64::from(page.size) + 1).into()];
        let event = filter.event_id.map(|event| Value::from(event.as_uuid()));
        let values = named(key).into_iter().chain(from).chain(event);
        let rows = rows_of(self.read(), &sql, values).await?;
        let found = rows.iter().map(to_delivery).collect::<Result<_, _>>()?;
        Ok(to_page(found, page.size, |delivery: &Delivery| delivery.event_id))
    }
}

fn to_endpoint(row: &QueryResult) -> Result<Endpoint, StoreError> {
    from_doc("webhook_endpoints.doc", &column::<String>(row, 0)?)
}

fn to_delivery(row: &QueryResult) -> Result<Delivery, StoreError> {
    let row = Model::from_query_result(row, "").map_err(from_orm)?;
    from_model(row)
}

pub(super) fn from_model(row: Model) -> Result<Delivery, StoreError> {
    let kind = if row.kind == TEST { Some(TEST) } else { type_named(&row.kind) };
    let order_id = row.order_id.map(|id| name::<OrderId>("webhook_deliveries.order_id", &id));
    Ok(Delivery {
        event_id: EventId::from_uuid(row.event_id),
        kind: kind.ok_or_else(|| unreadable("webhook_deliveries.kind", "unknown type of event"))?,
        order_id: order_id.transpose()?,
        position: row.position,
        state: state(&row.state)?,
        tries: u32::try_from(row.tries).unwrap_or(u32::MAX),
        due_at: row.due_at.map(|at| time("webhook_deliveries.due_at", at)).transpose()?,
        begun: row.begun,
        asked: row.asked,
        attempts: from_doc("webhook_deliveries.attempts", &row.attempts)?,
        created_at: time("webhook_deliveries.created_at", row.created_at)?,
        updated_at: time("webhook_deliveries.updated_at", row.updated_at)?,
    })
}

fn state(name: &str) -> Result<DeliveryState, StoreError> {
    let states = [DeliveryState::Pending, DeliveryState::Delivered];
    let known = states.into_iter().find(|known| known.name() == name);
    known.ok_or_else(|| unreadable("webhook_deliveries.state", "unknown state"))
}
