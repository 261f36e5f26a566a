//! All that is stored as it is at one moment, on a connection of its own.

use crate::{
    Options,
    connect::{Role, is_sqlite, on_postgres, on_sqlite},
    error::{from_orm, from_sqlx},
    fence::Asks,
};
use futures_util::TryStreamExt as _;
use ports::StoreError;
use sea_orm::{
    QueryResult, TryGetable,
    sqlx::{
        self, AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgConnection,
        Postgres, Sqlite, SqliteConnection, postgres::PgConnectOptions, query::Query,
        sqlite::SqliteConnectOptions,
    },
};
use std::time::Duration;
use tokio::time::timeout;

/// One statement reads a whole table, and waits while its rows are looked at.
const STATEMENT_TIMEOUT: Duration = Duration::from_hours(240);

/// On SQLite, what is read first settles what is seen.
pub(super) enum Snapshot {
    Postgres(Box<PgConnection>),
    Sqlite(Box<SqliteConnection>),
}

/// A row of an answer.
pub(super) struct Row(QueryResult);

impl Snapshot {
    pub async fn open(url: &str, options: &Options) -> Result<Self, StoreError> {
        let opened = timeout(options.acquire_timeout, Self::connect(url, options)).await;
        opened.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map_err(from_sqlx)
    }

    async fn connect(url: &str, options: &Options) -> Result<Self, sqlx::Error> {
        if is_sqlite(url) {
            // What is sorted goes to disk: in memory it would be as large as the database.
            let sqlite = on_sqlite(url.parse::<SqliteConnectOptions>()?, options, Role::Read)
                .pragma("temp_store", "file")
                .disable_statement_logging();
            let mut connection = sqlite.connect().await?;
            connection.execute("BEGIN").await?;
            return Ok(Self::Sqlite(Box::new(connection)));
        }
        let postgres =
            on_postgres(url.parse::<PgConnectOptions>()?, STATEMENT_TIMEOUT, Asks::ForAll)
                .disable_statement_logging();
        let mut connection = postgres.connect().await?;
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        Ok(Self::Postgres(Box::new(connection)))
    }

    pub const fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Gives every row that a query answers, as it comes. `$1` is the store, if one is given.
    pub async fn each(
        &mut self,
        sql: String,
        store: Option<&str>,
        mut take: impl FnMut(Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let sql = AssertSqlSafe(sql);
        match self {
            Self::Postgres(connection) => {
                let query = sqlx::query::<Postgres>(sql);
                let query = store.into_iter().fold(query, Query::bind);
                let mut rows = query.fetch(&mut **connection);
                while let Some(row) = rows.try_next().await.map_err(from_sqlx)? {
                    take(Row(row.into()))?;
                }
            }
            Self::Sqlite(connection) => {
                let query = sqlx::query::<Sqlite>(sql);
                let query = store.into_iter().fold(query, Query::bind);
                let mut rows = query.fetch(&mut **connection);
                while let Some(row) = rows.try_next().await.map_err(from_sqlx)? {
                    take(Row(row.into()))?;
                }
            }
        }
        Ok(())
    }

    /// Whatever becomes of it: nothing was written.
    pub async fn close(self) {
        match self {
            Self::Postgres(connection) => connection.close().await.ok(),
            Self::Sqlite(connection) => connection.close().await.ok(),
        };
    }
}

impl Row {
    pub fn get<T: TryGetable>(&self, place: usize) -> Result<T, StoreError> {
        self.0.try_get_by_index(place).map_err(from_orm)
    }

    /// A text as it is stored. A file may hold one that is no text.
    pub fn document(&self, place: usize) -> Result<Option<Vec<u8>>, StoreError> {
        match self.0.try_get_by_index::<Option<String>>(place) {
            Ok(text) => Ok(text.map(String::into_bytes)),
            Err(_) => self.get(place),
        }
    }
}
