//! The event log as it is read.

mod sequencer;

pub(crate) use sequencer::Numberer;

use crate::{
    SqlStore,
    column::{name, time},
    error::{from_orm, unreadable},
    reader::actor,
};
use async_trait::async_trait;
use domain::{
    event::type_named,
    id::{EventId, StoreId},
    order::ExternalIds,
};
use ports::{Event, EventFeed, EventFilter, Numbering, Sequencer, StoreError, Stretch};
use sea_orm::{QueryResult, Value};
use time::Duration;
use uuid::Uuid;

/// Events that one call looks at if its filter lets little of them pass.
const LOOKED_AT: i64 = 5_000;

const COLUMNS: &str = "store_id, order_id, position, overall, sequence, occurred_at, event_id, kind, \
    actor_kind, actor_id, trace, entity_id, external_id, external_number, data";
/// The facts of the order are few, and found by their key.
const OF_ORDER: &str = "SELECT {columns} FROM event_log l WHERE l.store_id = $1 AND l.event_id IN \
    (SELECT f.event_id FROM facts f WHERE f.store_id = $1 AND f.order_id = $2) \
    AND l.position > $3 ORDER BY l.position LIMIT $4";
const BY_POSITION: &str = "SELECT {columns} FROM event_log WHERE store_id = $1 AND position > $2 \
    ORDER BY position LIMIT $3";
const OVERALL: &str =
    "SELECT {columns} FROM event_log WHERE overall > $1 ORDER BY overall LIMIT $2";
/// Of the feeds, that which counts over all stores.
const OVER_ALL: &str = "";
const LAST: &str = "SELECT position FROM feeds WHERE store_id = $1";
const POSITION: &str = "SELECT position FROM event_log WHERE store_id = $1 AND event_id = $2 \
    AND position > 0";

#[async_trait]
impl EventFeed for SqlStore {
    async fn events(
        &self,
        store: &StoreId,
        filter: &EventFilter,
        after: i64,
        limit: u32,
    ) -> Result<Stretch, StoreError> {
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let looked_at = match &filter.order_id {
            // Some of what an order has may be of other types; it is not much.
            Some(_) => LOOKED_AT,
            None if filter.types.is_empty() => i64::from(limit),
            None => LOOKED_AT.max(i64::from(limit)),
        };
        // The events of an order say nothing of how far the feed goes.
        let last = match &filter.order_id {
            Some(_) => self.last_position(store).await?,
            None => 0,
        };
        let mut values = vec![Value::from(store.as_str())];
        values.extend(filter.order_id.as_ref().map(|order| Value::from(order.as_str())));
        values.extend([after.into(), looked_at.into()]);
        let sql = if filter.order_id.is_some() { OF_ORDER } else { BY_POSITION };
        let rows = self.read_rows(&with_columns(sql), values).await?;
        let all = i64::try_from(rows.len()).is_ok_and(|count| count < looked_at);
        let mut stretch = Stretch { events: Vec::new(), seen: after, more: !all };
        for row in &rows {
            if stretch.events.len() >= most {
                stretch.more = true;
                break;
            }
            let event = to_event(row)?;
            stretch.seen = event.position;
            if filter.matches(&event) {
                stretch.events.push(event);
            }
        }
        if !stretch.more {
            stretch.seen = stretch.seen.max(last);
        }
        Ok(stretch)
    }

    async fn position(&self, store: &StoreId, event: EventId) -> Result<Option<i64>, StoreError> {
        let values = vec![store.as_str().into(), event.as_uuid().into()];
        self.read_number(POSITION, values).await
    }

    async fn last_position(&self, store: &StoreId) -> Result<i64, StoreError> {
        Ok(self.read_number(LAST, vec![store.as_str().into()]).await?.unwrap_or(0))
    }

    async fn all_events(&self, after: i64, limit: u32) -> Result<Vec<Event>, StoreError> {
        let rows = self
            .read_rows(&with_columns(OVERALL), vec![after.into(), i64::from(limit).into()])
            .await?;
        rows.iter().map(to_event).collect()
    }

    async fn last_overall(&self) -> Result<i64, StoreError> {
        Ok(self.read_number(LAST, vec![OVER_ALL.into()]).await?.unwrap_or(0))
    }

    async fn published(&self, at_most: Duration) {
        self.inner.bells.wait_for_events(at_most).await;
    }
}

#[async_trait]
impl Sequencer for SqlStore {
    async fn number(&self) -> Result<Numbering, StoreError> {
        match &self.inner.numberer {
            Some(numberer) => numberer.lock().await.number(&self.inner.bells).await,
            // The one writer has done it.
            None => Ok(Numbering::Done(0)),
        }
    }

    async fn committed(&self, at_most: Duration) {
        self.inner.bells.wait_for_facts(at_most).await;
    }
}

impl SqlStore {
    async fn read_number(&self, sql: &str, values: Vec<Value>) -> Result<Option<i64>, StoreError> {
        let rows = self.read_rows(sql, values).await?;
        rows.first().map(|row| row.try_get_by_index(0).map_err(from_orm)).transpose()
    }
}

fn with_columns(sql: &str) -> String {
    sql.replace("{columns}", COLUMNS)
}

fn to_event(row: &QueryResult) -> Result<Event, StoreError> {
    let kind: String = column(row, 7)?;
    let order_id: String = column(row, 1)?;
    let external: Option<(String, String)> =
        column::<Option<String>>(row, 12)?.zip(column::<Option<String>>(row, 13)?);
    let (actor_kind, actor_id): (String, String) = (column(row, 8)?, column(row, 9)?);
    Ok(Event {
        event_id: EventId::from_uuid(column::<Uuid>(row, 6)?),
        kind: type_named(&kind)
            .ok_or_else(|| unreadable("event_log.kind", "unknown type of event"))?,
        store_id: name("event_log.store_id", &column::<String>(row, 0)?)?,
        order_id: match order_id.as_str() {
            "" => None,
            order_id => Some(name("event_log.order_id", order_id)?),
        },
        entity_id: column(row, 11)?,
        sequence: column::<Option<i64>>(row, 4)?.unwrap_or(0),
        position: column(row, 2)?,
        overall: column(row, 3)?,
        occurred_at: time("event_log.occurred_at", column(row, 5)?)?,
        actor: actor("event_log.actor_kind", &actor_kind, actor_id)?,
        external: external.map(|(id, number)| ExternalIds { id, number }),
        data: column(row, 14)?,
        trace: column(row, 10)?,
    })
}

fn column<T: sea_orm::TryGetable>(row: &QueryResult, place: usize) -> Result<T, StoreError> {
    row.try_get_by_index(place).map_err(from_orm)
}
