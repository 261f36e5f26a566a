use super::{named, read::from_model};
use crate::{
    SqlStore,
    column::{micros, to_doc},
    commit::{Stop, Work, in_transaction},
    entity::webhook_delivery::{ActiveModel, Column, Entity},
};
use domain::id::EventId;
use ports::{Delivery, EndpointKey, Progress, StoreError};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter,
    Statement, Value, sea_query::OnConflict,
};
use std::collections::HashMap;

/// Rows of one statement: a database takes so many values.
const AT_ONCE: usize = 500;

/// The endpoint first: it is locked until the end, and whoever lost its lease keeps nothing.
const ADVANCE: &str = "UPDATE webhook_endpoints SET cursor_position = $4, \
    next_due = CASE WHEN touched = $5 THEN $6 ELSE next_due END, \
    overfull = CASE WHEN touched = $5 THEN $7 ELSE overfull END, \
    quiet_until = CASE WHEN touched = $5 THEN $8 ELSE quiet_until END \
    WHERE store_id = $1 AND endpoint_id = $2 AND lease_owner = $3 RETURNING touched";

impl SqlStore {
    pub(super) async fn keep_progress(
        &self,
        key: &EndpointKey,
        owner: &str,
        progress: &Progress,
    ) -> Result<Option<i64>, StoreError> {
        in_transaction(self.write(), &Keep { key, owner, progress }).await
    }
}

struct Keep<'k> {
    key: &'k EndpointKey,
    owner: &'k str,
    progress: &'k Progress,
}

impl Work<Option<i64>> for Keep<'_> {
    async fn run(
        &self,
        transaction: &DatabaseTransaction,
    ) -> Result<Option<i64>, Stop<Option<i64>>> {
        let advance = self.advance();
        let backend = transaction.get_database_backend();
        let advance = Statement::from_sql_and_values(backend, ADVANCE, advance);
        let held = transaction.query_one_raw(advance).await.map_err(Stop::Database)?;
        let Some(held) = held else { return Err(Stop::Undo(None)) };
        let touched = held.try_get_by_index(0).map_err(Stop::Database)?;
        for deliveries in self.progress.deliveries.chunks(AT_ONCE) {
            self.put(transaction, deliveries).await?;
        }
        for unwanted in self.progress.unwanted.chunks(AT_ONCE) {
            self.drop(transaction, unwanted).await?;
        }
        Ok(Some(touched))
    }
}

impl Keep<'_> {
    fn advance(&self) -> Vec<Value> {
        let Progress { cursor, outlook, touched, .. } = self.progress;
        let standing: [Value; 6] = [
            self.owner.into(),
            (*cursor).into(),
            (*touched).into(),
            outlook.due_at.map(micros).into(),
            outlook.full.into(),
            outlook.quiet_until.map(micros).into(),
        ];
        named(self.key).into_iter().chain(standing).collect()
    }

    async fn put(
        &self,
        transaction: &DatabaseTransaction,
        deliveries: &[Delivery],
    ) -> Result<(), Stop<Option<i64>>> {
        let ids = deliveries.iter().map(|delivery| delivery.event_id);
        let mut known = self.known(transaction, ids).await?;
        let rows = deliveries.iter().map(|delivery| {
            let delivery = delivery.clone();
            let kept = match known.remove(&delivery.event_id) {
                Some(known) => delivery.kept_over(known),
                None => delivery,
            };
            row_of(self.key, &kept)
        });
        let rows = rows.collect::<Result<Vec<_>, _>>().map_err(Stop::Store)?;
        let key = [Column::StoreId, Column::EndpointId, Column::EventId];
        let replaced =
            [Column::State, Column::Tries, Column::DueAt, Column::Attempts, Column::UpdatedAt];
        Entity::insert_many(rows)
            .on_conflict(OnConflict::columns(key).update_columns(replaced).to_owned())
            .exec_without_returning(transaction)
            .await
            .map(drop)
            .map_err(Stop::Database)
    }

    /// As they stand. Nobody else puts any in while the endpoint is locked.
    async fn known(
        &self,
        transaction: &DatabaseTransaction,
        ids: impl Iterator<Item = EventId>,
    ) -> Result<HashMap<EventId, Delivery>, Stop<Option<i64>>> {
        let found = Entity::find()
            .filter(Column::StoreId.eq(self.key.store_id.as_str()))
            .filter(Column::EndpointId.eq(self.key.endpoint_id.as_uuid()))
            .filter(Column::EventId.is_in(ids.map(EventId::as_uuid)))
            .all(transaction)
            .await
            .map_err(Stop::Database)?;
        let known = found.into_iter().map(|row| {
            let known = from_model(row)?;
            Ok((known.event_id, known))
        });
        known.collect::<Result<_, _>>().map_err(Stop::Store)
    }

    async fn drop(
        &self,
        transaction: &DatabaseTransaction,
        unwanted: &[EventId],
    ) -> Result<(), Stop<Option<i64>>> {
        Entity::delete_many()
            .filter(Column::StoreId.eq(self.key.store_id.as_str()))
            .filter(Column::EndpointId.eq(self.key.endpoint_id.as_uuid()))
            .filter(Column::EventId.is_in(unwanted.iter().map(|id| id.as_uuid())))
            .filter(Column::State.eq("PENDING"))
            .filter(Column::Asked.eq(false))
            .exec(transaction)
            .await
            .map(drop)
            .map_err(Stop::Database)
    }
}

fn row_of(key: &EndpointKey, delivery: &Delivery) -> Result<ActiveModel, StoreError> {
    Ok(ActiveModel {
        store_id: Set(key.store_id.to_string()),
        endpoint_id: Set(key.endpoint_id.as_uuid()),
        event_id: Set(delivery.event_id.as_uuid()),
        kind: Set(delivery.kind.to_owned()),
        order_id: Set(delivery.order_id.as_ref().map(ToString::to_string)),
        position: Set(delivery.position),
        state: Set(delivery.state.name().to_owned()),
        tries: Set(i64::from(delivery.tries)),
        due_at: Set(delivery.due_at.map(micros)),
        begun: Set(delivery.begun),
        asked: Set(delivery.asked),
        attempts: Set(to_doc(&delivery.attempts)?),
        created_at: Set(micros(delivery.created_at)),
        updated_at: Set(micros(delivery.updated_at)),
    })
}
