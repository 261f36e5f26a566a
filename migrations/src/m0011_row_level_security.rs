//! Row-level security: on PostgreSQL a row is there for those alone who say its store first.

use crate::dialect::fence;
use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DbBackend, Statement},
};

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0011_row_level_security"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in tables(manager).await? {
            fence(manager, &table).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in tables(manager).await? {
            let sql = format!(
                "DROP POLICY own_stores ON {table}; ALTER TABLE {table} NO FORCE ROW LEVEL \
                 SECURITY; ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"
            );
            manager.get_connection().execute_unprepared(&sql).await?;
        }
        Ok(())
    }
}

/// All that there are by now, but the list of migrations, which is nobody's.
const TABLES: &str = "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema() \
    AND tablename <> 'seaql_migrations' ORDER BY tablename";

async fn tables(manager: &SchemaManager<'_>) -> Result<Vec<String>, DbErr> {
    if manager.get_database_backend() != DbBackend::Postgres {
        return Ok(Vec::new());
    }
    let statement = Statement::from_string(DbBackend::Postgres, TABLES);
    let rows = manager.get_connection().query_all_raw(statement).await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}
