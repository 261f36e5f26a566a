//! Cancellations in lists, and the cap on what is let go of an authorisation.

use crate::dialect::{Storage, Table, types};
use sea_orm_migration::{prelude::*, sea_orm::ConnectionTrait};

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0002_cancellations"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES {
            table.create(manager).await?;
        }
        for statement in STATEMENTS {
            manager.get_connection().execute_unprepared(&types(manager, statement)).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for statement in ["released", "authorized"]
            .map(|column| format!("ALTER TABLE tenders DROP COLUMN {column}"))
        {
            manager.get_connection().execute_unprepared(&statement).await?;
        }
        for table in TABLES.iter().rev() {
            let sql = format!("DROP TABLE {}", table.name);
            manager.get_connection().execute_unprepared(&sql).await?;
        }
        Ok(())
    }
}

const TABLES: &[Table] = &[
    // The order has the rest; these are the columns that lists ask by.
    Table {
        name: "cancellations",
        columns: "
            store_id TEXT NOT NULL, cancellation_id UUID NOT NULL, order_id TEXT NOT NULL,
            state TEXT NOT NULL, requested_by TEXT NOT NULL, reason TEXT, customer_reason TEXT,
            created_at BIGINT NOT NULL, accepted_at BIGINT, completed_at BIGINT,
            PRIMARY KEY (store_id, cancellation_id)",
        storage: Storage::Updated,
    },
    // Which products a cancellation is about, in the sequence of the lists.
    Table {
        name: "cancellation_products",
        columns: "
            store_id TEXT NOT NULL, product_code TEXT NOT NULL, cancellation_id UUID NOT NULL,
            PRIMARY KEY (store_id, product_code, cancellation_id)",
        storage: Storage::Keyed,
    },
];

/// The queue of requests is the list that is asked for all day. Rows that are older than the
/// columns have no figure for what was authorised, and get one with their next change.
const STATEMENTS: &[&str] = &[
    "CREATE INDEX cancellations_by_state ON cancellations (store_id, state, cancellation_id)",
    "CREATE INDEX cancellations_by_order ON cancellations (store_id, order_id, cancellation_id)",
    "ALTER TABLE tenders ADD COLUMN authorized BIGINT",
    "ALTER TABLE tenders ADD COLUMN released BIGINT NOT NULL DEFAULT 0
        CONSTRAINT tenders_release_at_most_what_was_authorized
            CHECK (0 <= released AND (authorized IS NULL OR captured + released <= authorized))",
];
