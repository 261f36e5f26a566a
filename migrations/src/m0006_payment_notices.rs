//! What payment providers told by themselves, and whose payment a provider's reference is.

use crate::dialect::{Storage, Table, types};
use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DbBackend},
};

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0006_payment_notices"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        NOTICES.create(manager).await?;
        for statement in COLUMNS {
            connection.execute_unprepared(&types(manager, statement)).await?;
        }
        let filled = match manager.get_database_backend() {
            DbBackend::Postgres => ON_POSTGRES,
            _ => ON_SQLITE,
        };
        connection.execute_unprepared(filled).await?;
        for index in INDEXES {
            connection.execute_unprepared(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        connection.execute_unprepared("DROP INDEX tenders_by_reference").await?;
        for column in ["provider", "reference"] {
            let sql = format!("ALTER TABLE tenders DROP COLUMN {column}");
            connection.execute_unprepared(&sql).await?;
        }
        connection.execute_unprepared("DROP TABLE payment_notices").await?;
        Ok(())
    }
}

// `doc` is the notice. One that was looked into has a `done_at` and is not due any more.
const NOTICES: Table = Table {
    name: "payment_notices",
    columns: "
        provider TEXT NOT NULL, event_id TEXT NOT NULL, doc TEXT NOT NULL,
        taken_at BIGINT NOT NULL, due_at BIGINT, tries BIGINT NOT NULL, why TEXT, done_at BIGINT,
        lease_owner TEXT, lease_until BIGINT,
        PRIMARY KEY (provider, event_id),
        CONSTRAINT payment_notices_are_due_or_done CHECK ((due_at IS NULL) <> (done_at IS NULL))",
    storage: Storage::Plain,
};

const COLUMNS: &[&str] = &[
    "ALTER TABLE tenders ADD COLUMN provider TEXT",
    "ALTER TABLE tenders ADD COLUMN reference TEXT",
];

const ON_POSTGRES: &str = "UPDATE tenders t SET provider = x.tender ->> 'provider', \
    reference = NULLIF(x.tender ->> 'provider_reference', '') \
    FROM (SELECT o.store_id, o.order_id, jsonb_array_elements(o.doc::jsonb -> 'tenders') AS tender \
    FROM orders o) x WHERE t.store_id = x.store_id AND t.order_id = x.order_id \
    AND t.tender_id = x.tender ->> 'tender_id'";
const ON_SQLITE: &str = "UPDATE tenders SET provider = x.provider, reference = x.reference \
    FROM (SELECT o.store_id, o.order_id, t.value ->> 'tender_id' AS tender_id, \
    t.value ->> 'provider' AS provider, NULLIF(t.value ->> 'provider_reference', '') AS reference \
    FROM orders o, json_each(o.doc, '$.tenders') t) x WHERE tenders.store_id = x.store_id \
    AND tenders.order_id = x.order_id AND tenders.tender_id = x.tender_id";

/// What is done is much, and what is not is little. A provider's notice names a payment by its
/// reference, of whichever store.
const INDEXES: &[&str] = &[
    "CREATE INDEX payment_notices_due ON payment_notices (due_at) WHERE due_at IS NOT NULL",
    "CREATE INDEX payment_notices_done ON payment_notices (done_at) WHERE done_at IS NOT NULL",
    "CREATE INDEX tenders_by_reference ON tenders (provider, reference) WHERE reference IS NOT NULL",
];
