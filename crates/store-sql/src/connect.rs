use crate::{Inner, SqlStore, error::from_orm, tasks::Bells};
use ports::StoreError;
use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, DbErr,
    sqlx::{
        postgres::PgConnectOptions,
        sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
    },
};
use std::{sync::Arc, time::Duration};

/// How the database is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Connections for everything but commits and reads of single orders, which have their own.
    pub max_connections: u32,
    /// How long a caller waits for a connection.
    pub acquire_timeout: Duration,
    /// After which PostgreSQL gives a statement up; SQLite waits this long for another process.
    pub statement_timeout: Duration,
    /// Connections that apply queued commits to PostgreSQL. SQLite always has one.
    pub writers: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_connections: 4,
            acquire_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(10),
            writers: 1,
        }
    }
}

/// A connection that was not used for so long is asked whether it is still there.
const TEST_AFTER_IDLE: Duration = Duration::from_secs(10);

impl SqlStore {
    /// Connects to `sqlite://path`, which is created if it is missing, or `postgres://…`.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] if the database cannot be reached or the address is none.
    pub async fn connect(url: &str, options: Options) -> Result<Self, StoreError> {
        let read = open(url, &options, options.max_connections.max(1), Role::Read).await;
        let read = read.map_err(from_orm)?;
        let write = if is_sqlite(url) {
            open(url, &options, 1, Role::Write).await.map_err(from_orm)?
        } else {
            read.clone()
        };
        let (url, bells) = (url.to_owned(), Arc::<Bells>::default());
        Ok(Self(Arc::new(Inner { url, options, read, write, bells })))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Read,
    Write,
}

pub(crate) fn is_sqlite(url: &str) -> bool {
    url.starts_with("sqlite:")
}

pub(crate) async fn open(
    url: &str,
    options: &Options,
    connections: u32,
    role: Role,
) -> Result<DatabaseConnection, DbErr> {
    let mut connect = ConnectOptions::new(url);
    connect
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(options.acquire_timeout)
        .connect_timeout(options.acquire_timeout)
        .test_before_acquire_if_idle_for(TEST_AFTER_IDLE)
        // Statements carry buyers' data and so never go to logs or traces.
        .sqlx_logging(false)
        .record_stmt_in_spans(false);
    let timeout = options.statement_timeout;
    connect.map_sqlx_postgres_opts(move |postgres| on_postgres(postgres, timeout));
    connect.map_sqlx_sqlite_opts(move |sqlite| on_sqlite(sqlite, timeout, role));
    Database::connect(connect).await
}

/// Whatever the database's own defaults are.
fn on_postgres(postgres: PgConnectOptions, statement_timeout: Duration) -> PgConnectOptions {
    let millis = |duration: Duration| duration.as_millis().max(1).to_string();
    postgres.application_name("meridian").options([
        ("default_transaction_isolation", "read committed".to_owned()),
        ("default_transaction_read_only", "off".to_owned()),
        ("statement_timeout", millis(statement_timeout)),
        ("lock_timeout", millis(statement_timeout / 2)),
        ("idle_in_transaction_session_timeout", millis(statement_timeout)),
        // A commit that was acknowledged is on disk.
        ("synchronous_commit", "on".to_owned()),
        // Statements here find rows by their keys; planning them again would cost more than the
        // best plan could save.
        ("plan_cache_mode", "force_generic_plan".to_owned()),
    ])
}

fn on_sqlite(sqlite: SqliteConnectOptions, timeout: Duration, role: Role) -> SqliteConnectOptions {
    sqlite
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(timeout)
        .pragma("query_only", if role == Role::Read { "on" } else { "off" })
}
