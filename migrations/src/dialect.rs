//! One description of a table for both databases.

use crate::{ALL_STORES, STORES};
use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DbBackend},
};

/// A table in PostgreSQL's words, with what each database is told about its storage.
pub(crate) struct Table {
    pub name: &'static str,
    /// Columns and constraints. The types are TEXT, BIGINT, BOOLEAN, BYTEA and UUID.
    pub columns: &'static str,
    pub storage: Storage,
}

/// How rows are laid out.
#[derive(Clone, Copy)]
pub(crate) enum Storage {
    /// Rows that only ever come in, or rarely change.
    Plain,
    /// Rows that are updated in place all the time: PostgreSQL leaves room for the next version
    /// in the same page, so that no index has to be touched.
    Updated,
    /// Small rows that are only found by their key: SQLite keeps them in the key's own tree.
    Keyed,
}

impl Table {
    pub(crate) async fn create(&self, manager: &SchemaManager<'_>) -> Result<(), DbErr> {
        let Self { name, columns, storage } = self;
        let sqlite = manager.get_database_backend() == DbBackend::Sqlite;
        let columns = types(manager, columns);
        let options = match (sqlite, storage) {
            (true, Storage::Keyed) => " STRICT, WITHOUT ROWID",
            (true, _) => " STRICT",
            (false, Storage::Plain) => "",
            (false, Storage::Updated | Storage::Keyed) => " WITH (fillfactor = 80)",
        };
        let sql = format!("CREATE TABLE {name} ({columns}){options}");
        manager.get_connection().execute_unprepared(&sql).await?;
        Ok(())
    }
}

/// SQL in PostgreSQL's types, in those of the database.
pub(crate) fn types(manager: &SchemaManager<'_>, sql: &str) -> String {
    match manager.get_database_backend() {
        DbBackend::Sqlite => sqlite_types(sql),
        _ => postgres_types(sql),
    }
}

/// Text is compared byte by byte, as SQLite does: quicker, and the same on every machine.
fn postgres_types(columns: &str) -> String {
    columns.replace(" TEXT", " TEXT COLLATE \"C\"")
}

fn sqlite_types(columns: &str) -> String {
    columns
        .replace(" BIGINT", " INTEGER")
        .replace(" BOOLEAN", " INTEGER")
        .replace(" BYTEA", " BLOB")
        .replace(" UUID", " BLOB")
}

/// Puts a table behind row-level security, also for its owner: a row is there, and may be written, for
/// whoever has said its store before. What has no store is there for those alone who say all of them.
/// Whoever said nothing at all gets an error. SQLite has nothing like it.
///
/// The setting is asked for with every row, and not once for a statement: one statement may read for
/// several callers, each behind a fence of its own. `CASE` keeps the planner from taking it for a
/// condition that few rows meet. What counts over all stores has a row without the name of one.
pub(crate) async fn fence(manager: &SchemaManager<'_>, table: &str) -> Result<(), DbErr> {
    if manager.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    let stores = format!("current_setting('{STORES}')");
    let all = format!("{stores} = '{ALL_STORES}'");
    let rule = if manager.has_column(table, "store_id").await? {
        format!(
            "CASE WHEN store_id = {stores} THEN store_id <> '' WHEN {all} THEN true \
             ELSE store_id = ANY (string_to_array({stores}, ',')) END"
        )
    } else {
        all
    };
    let sql = format!(
        "CREATE POLICY own_stores ON {table} USING ({rule}) WITH CHECK ({rule}); \
         ALTER TABLE {table} ENABLE ROW LEVEL SECURITY; \
         ALTER TABLE {table} FORCE ROW LEVEL SECURITY"
    );
    manager.get_connection().execute_unprepared(&sql).await?;
    Ok(())
}
