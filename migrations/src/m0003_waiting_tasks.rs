//! What waits says since when, and what for.

use crate::dialect::types;
use sea_orm_migration::{prelude::*, sea_orm::ConnectionTrait};

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0003_waiting_tasks"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // A task that nobody has handed back yet waits since it was due.
        for column in ["since BIGINT", "why TEXT"] {
            let sql = types(manager, &format!("ALTER TABLE tasks ADD COLUMN {column}"));
            manager.get_connection().execute_unprepared(&sql).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in ["why", "since"] {
            let sql = format!("ALTER TABLE tasks DROP COLUMN {column}");
            manager.get_connection().execute_unprepared(&sql).await?;
        }
        Ok(())
    }
}
