use super::named;
use crate::{
    SqlStore,
    column::{micros, to_doc},
    commit::{Stop, Work, in_transaction},
    entity::webhook_delivery::{ActiveModel, Column, Entity},
};
use ports::{Delivery, EndpointKey, Progress, StoreError};
use sea_orm::{
    ActiveValue::Set, ConnectionTrait, DatabaseTransaction, EntityTrait, Statement, Value,
    sea_query::OnConflict,
};

/// Rows of one statement: a database takes so many values.
const AT_ONCE: usize = 500;

/// The endpoint first: it is locked until the end, and whoever lost its lease keeps nothing.
const ADVANCE: &str = "UPDATE webhook_endpoints SET cursor_position = $4, \
    next_due = CASE WHEN touched = $5 THEN $6 ELSE next_due END, \
    overfull = CASE WHEN touched = $5 THEN $7 ELSE overfull END \
    WHERE store_id = $1 AND endpoint_id = $2 AND lease_owner = $3 RETURNING touched";

impl SqlStore {
    pub(super) async fn keep_progress(
        &self,
        key: &EndpointKey,
        owner: &str,
        progress: &Progress,
    ) -> Result<Option<i64>, StoreError> {
        let Progress { deliveries, cursor, outlook, touched } = progress;
        let rows = deliveries.iter().map(|delivery| row_of(key, delivery));
        let standing: [Value; 5] = [
            owner.into(),
            (*cursor).into(),
            (*touched).into(),
            outlook.due_at.map(micros).into(),
            outlook.full.into(),
        ];
        let keep = Keep {
            endpoint: named(key).into_iter().chain(standing).collect(),
            rows: rows.collect::<Result<_, _>>()?,
        };
        in_transaction(&self.0.write, &keep).await
    }
}

struct Keep {
    endpoint: Vec<Value>,
    rows: Vec<ActiveModel>,
}

impl Work<Option<i64>> for Keep {
    async fn run(
        &self,
        transaction: &DatabaseTransaction,
    ) -> Result<Option<i64>, Stop<Option<i64>>> {
        let backend = transaction.get_database_backend();
        let advance = Statement::from_sql_and_values(backend, ADVANCE, self.endpoint.clone());
        let held = transaction.query_one_raw(advance).await.map_err(Stop::Database)?;
        let Some(held) = held else { return Err(Stop::Undo(None)) };
        let touched = held.try_get_by_index(0).map_err(Stop::Database)?;
        for rows in self.rows.chunks(AT_ONCE) {
            let key = [Column::StoreId, Column::EndpointId, Column::EventId];
            let replaced =
                [Column::State, Column::Tries, Column::DueAt, Column::Attempts, Column::UpdatedAt];
            Entity::insert_many(rows.iter().cloned())
                .on_conflict(OnConflict::columns(key).update_columns(replaced).to_owned())
                .exec_without_returning(transaction)
                .await
                .map_err(Stop::Database)?;
        }
        Ok(Some(touched))
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
        attempts: Set(to_doc(&delivery.attempts)?),
        created_at: Set(micros(delivery.created_at)),
        updated_at: Set(micros(delivery.updated_at)),
    })
}
