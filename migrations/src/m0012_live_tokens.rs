//! Tokens say until when they are ones, so that those of a store can be counted.

use crate::dialect::types;
use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DbBackend},
};

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0012_live_tokens"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let fill = match manager.get_database_backend() {
            DbBackend::Postgres => ON_POSTGRES,
            _ => ON_SQLITE,
        };
        connection.execute_unprepared(&types(manager, COLUMN)).await?;
        connection.execute_unprepared(fill).await?;
        connection.execute_unprepared(INDEX).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        connection.execute_unprepared("DROP INDEX tokens_by_end").await?;
        connection.execute_unprepared("ALTER TABLE tokens DROP COLUMN ends_at").await?;
        Ok(())
    }
}

/// One that does not end, ends last of all. So does one that an older build makes or revokes.
const COLUMN: &str =
    "ALTER TABLE tokens ADD COLUMN ends_at BIGINT NOT NULL DEFAULT 9223372036854775807";
/// For how many live tokens a store has, whenever one is made.
const INDEX: &str = "CREATE INDEX tokens_by_end ON tokens (store_id, ends_at)";

const ON_POSTGRES: &str = "UPDATE tokens SET ends_at = (1000000 * EXTRACT(EPOCH FROM \
    COALESCE(doc::jsonb ->> 'revoked_at', doc::jsonb ->> 'expires_at')::timestamptz))::bigint \
    WHERE COALESCE(doc::jsonb ->> 'revoked_at', doc::jsonb ->> 'expires_at') IS NOT NULL";
/// To the second.
const ON_SQLITE: &str = "UPDATE tokens SET ends_at = 1000000 * \
    unixepoch(COALESCE(doc ->> 'revoked_at', doc ->> 'expires_at')) \
    WHERE COALESCE(doc ->> 'revoked_at', doc ->> 'expires_at') IS NOT NULL";
