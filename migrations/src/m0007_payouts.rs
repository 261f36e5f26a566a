//! Payouts that await a person are tasks, too: those that were awaited before.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DbBackend},
};

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0007_payouts"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let awaited = match manager.get_database_backend() {
            DbBackend::Postgres => ON_POSTGRES,
            _ => ON_SQLITE,
        };
        connection.execute_unprepared(awaited).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        connection.execute_unprepared("DELETE FROM tasks WHERE kind = 'payout'").await?;
        Ok(())
    }
}

// Since when each of them waits is not known: the time of the order is the earliest that it may be.
const ON_POSTGRES: &str = "INSERT INTO tasks (store_id, order_id, kind, subject, due_at, attempts, why) \
    SELECT o.store_id, o.order_id, 'payout', l.leg ->> 'leg_id', o.created_at, 0, \
    'a person has to pay it out and confirm it' FROM orders o, \
    jsonb_array_elements(o.doc::jsonb -> 'refunds') AS r(refund), \
    jsonb_array_elements(r.refund -> 'legs') AS l(leg) \
    WHERE r.refund ->> 'state' = 'PENDING' AND l.leg ->> 'kind' = 'MANUAL' \
    AND l.leg ->> 'state' = 'PENDING' ON CONFLICT DO NOTHING";
const ON_SQLITE: &str = "INSERT INTO tasks (store_id, order_id, kind, subject, due_at, attempts, why) \
    SELECT o.store_id, o.order_id, 'payout', l.value ->> 'leg_id', o.created_at, 0, \
    'a person has to pay it out and confirm it' FROM orders o, \
    json_each(o.doc, '$.refunds') r, json_each(r.value, '$.legs') l \
    WHERE r.value ->> 'state' = 'PENDING' AND l.value ->> 'kind' = 'MANUAL' \
    AND l.value ->> 'state' = 'PENDING' ON CONFLICT DO NOTHING";
