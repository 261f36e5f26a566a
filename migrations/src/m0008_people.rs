//! The people of merchants, and who of them is logged in.

use crate::dialect::{Storage, Table};
use sea_orm_migration::{prelude::*, sea_orm::ConnectionTrait};

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0008_people"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES {
            table.create(manager).await?;
        }
        manager.get_connection().execute_unprepared(INDEX).await?;
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
    // `doc` is all that is known of somebody.
    Table {
        name: "users",
        columns: "
            store_id TEXT NOT NULL, user_id UUID NOT NULL, doc TEXT NOT NULL,
            PRIMARY KEY (store_id, user_id)",
        storage: Storage::Updated,
    },
    Table {
        name: "sessions",
        columns: "
            hash BYTEA NOT NULL PRIMARY KEY, store_id TEXT NOT NULL, user_id UUID NOT NULL,
            era BIGINT NOT NULL, expires_at BIGINT NOT NULL, doc TEXT NOT NULL",
        storage: Storage::Plain,
    },
];

const INDEX: &str = "CREATE INDEX sessions_of_users ON sessions (store_id, user_id)";
