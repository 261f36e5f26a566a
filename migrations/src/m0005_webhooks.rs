//! Webhook endpoints with what is on its way to them, and how far brokers were told of events.

use crate::dialect::{Storage, Table};
use sea_orm_migration::{prelude::*, sea_orm::ConnectionTrait};

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0005_webhooks"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES {
            table.create(manager).await?;
        }
        for index in INDEXES {
            manager.get_connection().execute_unprepared(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES.iter().rev() {
            let sql = format!("DROP TABLE {}", table.name);
            manager.get_connection().execute_unprepared(&sql).await?;
        }
        Ok(())
    }
}

const TABLES: &[Table] = &[
    // `doc` is the endpoint as the domain knows it, `active` whether it is not disabled. The rest
    // is how far it was told of events, and who does it: all events up to the cursor were looked
    // at; something is due at `next_due`; `overfull` means that nothing new is begun, and nothing
    // at all is before `quiet_until`. `served_at` is when it was last claimed. One that is `gone`
    // was deleted, and waits until its deliveries were dropped, some at a time. No index holds what
    // changes all the time: there are few rows.
    Table {
        name: "webhook_endpoints",
        columns: "
            store_id TEXT NOT NULL, endpoint_id UUID NOT NULL, doc TEXT NOT NULL,
            active BOOLEAN NOT NULL, gone BOOLEAN NOT NULL,
            cursor_position BIGINT NOT NULL, next_due BIGINT, overfull BOOLEAN NOT NULL,
            quiet_until BIGINT,
            touched BIGINT NOT NULL, served_at BIGINT NOT NULL,
            lease_owner TEXT, lease_until BIGINT,
            PRIMARY KEY (store_id, endpoint_id)",
        storage: Storage::Updated,
    },
    // What an endpoint was sent or is to be sent. What it took at once is one row; what comes after
    // its cursor and was not begun has none. `begun` grows whenever the schedule begins anew, and
    // `asked` means that a person did that.
    Table {
        name: "webhook_deliveries",
        columns: "
            store_id TEXT NOT NULL, endpoint_id UUID NOT NULL, event_id UUID NOT NULL,
            kind TEXT NOT NULL, order_id TEXT, position BIGINT NOT NULL CHECK (position >= 0),
            state TEXT NOT NULL, tries BIGINT NOT NULL, due_at BIGINT,
            begun BIGINT NOT NULL, asked BOOLEAN NOT NULL, attempts TEXT NOT NULL,
            created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL,
            PRIMARY KEY (store_id, endpoint_id, event_id)",
        storage: Storage::Plain,
    },
    // Up to which position over all stores events were passed on, by the name of whom to.
    Table {
        name: "publisher_cursors",
        columns: "
            name TEXT NOT NULL PRIMARY KEY, overall BIGINT NOT NULL,
            lease_owner TEXT, lease_until BIGINT",
        storage: Storage::Updated,
    },
];

/// Of what was delivered there is much, and of what is pending little: a backlog is found without
/// the rest. The other index finds what was delivered out of turn. A test has no position, so the
/// condition says nothing about events; it keeps the index to the one query that repeats it, and
/// away from those that the key is for.
const INDEXES: &[&str] = &[
    "CREATE INDEX webhook_deliveries_pending ON webhook_deliveries (store_id, endpoint_id, event_id)
        WHERE state = 'PENDING'",
    "CREATE INDEX webhook_deliveries_by_position
        ON webhook_deliveries (store_id, endpoint_id, position) WHERE position > 0",
];
