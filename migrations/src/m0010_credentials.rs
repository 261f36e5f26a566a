//! When tokens were last used; and logins, which are unique in each store and no longer over all.

use crate::dialect::types;
use sea_orm_migration::{prelude::*, sea_orm::ConnectionTrait};

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0010_credentials"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for sql in UP {
            manager.get_connection().execute_unprepared(&types(manager, sql)).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for sql in DOWN {
            manager.get_connection().execute_unprepared(sql).await?;
        }
        Ok(())
    }
}

const UP: [&str; 2] = [
    "ALTER TABLE tokens ADD COLUMN last_used_at BIGINT",
    "UPDATE claims SET scope = store_id WHERE kind = 'login'",
];

/// Fails if two stores have the same login by now.
const DOWN: [&str; 2] = [
    "UPDATE claims SET scope = '' WHERE kind = 'login'",
    "ALTER TABLE tokens DROP COLUMN last_used_at",
];
