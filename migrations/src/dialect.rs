//! One description of a table for both databases.

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
