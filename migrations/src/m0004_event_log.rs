//! The event log: what was committed, in the order in which readers may see it.

use crate::dialect::{Storage, Table};
use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DbBackend},
};

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        crate::EVENT_LOG
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        connection.execute_unprepared(CLOSE).await?;
        for table in TABLES {
            table.create(manager).await?;
        }
        for index in INDEXES {
            connection.execute_unprepared(index).await?;
        }
        let postgres = manager.get_database_backend() == DbBackend::Postgres;
        let nothing = if postgres { "'\\x'" } else { "x''" };
        connection.execute_unprepared(&NO_EVENTS.replace("{nothing}", nothing)).await?;
        if postgres {
            OUTBOX.create(manager).await?;
            connection.execute_unprepared(OFTEN_VACUUMED).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        if manager.get_database_backend() == DbBackend::Postgres {
            connection.execute_unprepared("DROP TABLE outbox").await?;
        }
        for table in TABLES.iter().rev() {
            connection.execute_unprepared(&format!("DROP TABLE {}", table.name)).await?;
        }
        connection.execute_unprepared(OPEN).await?;
        Ok(())
    }
}

/// Builds that do not know the log would write facts that are not in it. They name this column: from
/// here on they can write no fact at all.
const CLOSE: &str = "ALTER TABLE facts RENAME COLUMN trace TO traceparent";
const OPEN: &str = "ALTER TABLE facts RENAME COLUMN traceparent TO trace";

const TABLES: &[Table] = &[
    // One entry for each fact, once it is committed. `entry` is its place in the store's log, and
    // `hash` chains it to the one before. Events, which readers see, have a `position` in their
    // store and one over all stores, and say what readers are told. All three count from 1, without
    // gaps. There is no key by entry: whoever follows the chain reads all of it.
    Table {
        name: "event_log",
        columns: "
            store_id TEXT NOT NULL, entry BIGINT NOT NULL CHECK (entry > 0),
            position BIGINT CHECK (position > 0), overall BIGINT CHECK (overall > 0),
            order_id TEXT NOT NULL, place BIGINT NOT NULL, sequence BIGINT,
            occurred_at BIGINT NOT NULL, event_id UUID NOT NULL, kind TEXT NOT NULL,
            actor_kind TEXT NOT NULL, actor_id TEXT NOT NULL, trace TEXT,
            entity_id TEXT, external_id TEXT, external_number TEXT, data TEXT,
            hash BYTEA NOT NULL,
            CONSTRAINT event_log_events_have_all_of_it
                CHECK ((position IS NULL) = (data IS NULL) AND (position IS NULL) = (overall IS NULL))",
        storage: Storage::Plain,
    },
    // How long each store's log is, and the hash of its last entry; without a store the counts over
    // all of them.
    Table {
        name: "feeds",
        columns: "
            store_id TEXT NOT NULL PRIMARY KEY, entries BIGINT NOT NULL,
            position BIGINT NOT NULL, hash BYTEA NOT NULL",
        storage: Storage::Updated,
    },
];

/// Where PostgreSQL's commits leave what is to be numbered. `id` is drawn before the commit, so it
/// says nothing of what readers may see; but of two entries of one order the earlier has the lower.
const OUTBOX: Table = Table {
    name: "outbox",
    columns: "
        id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        store_id TEXT NOT NULL, order_id TEXT NOT NULL, place BIGINT NOT NULL, sequence BIGINT,
        occurred_at BIGINT NOT NULL, event_id UUID NOT NULL, kind TEXT NOT NULL,
        actor_kind TEXT NOT NULL, actor_id TEXT NOT NULL, trace TEXT,
        entity_id TEXT, external_id TEXT, external_number TEXT, data TEXT,
        digest BYTEA NOT NULL",
    storage: Storage::Plain,
};

const INDEXES: &[&str] = &[
    "CREATE UNIQUE INDEX events_by_position ON event_log (store_id, position)
        WHERE position IS NOT NULL",
    "CREATE UNIQUE INDEX events_overall ON event_log (overall) WHERE overall IS NOT NULL",
    "CREATE INDEX events_by_id ON event_log (store_id, event_id) WHERE position IS NOT NULL",
];

const NO_EVENTS: &str =
    "INSERT INTO feeds (store_id, entries, position, hash) VALUES ('', 0, 0, {nothing})";

/// Its rows live for a moment. What is dead is taken away before there is much of it.
const OFTEN_VACUUMED: &str = "ALTER TABLE outbox SET (autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 10000, autovacuum_vacuum_insert_threshold = -1,
    autovacuum_vacuum_cost_delay = 0)";
