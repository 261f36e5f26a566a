use crate::{
    ForCallers, Inner, SqlStore,
    commit::{LONG_LOG, PostgresWriter, Queue, SqliteWriter},
    credentials::News,
    feed::Numberer,
    fence::{Asks, ask_for_caller},
    link::Link,
    load::{ReadQueue, Source},
};
use ports::{Bells, StoreError};
use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, DbErr,
    sqlx::{
        self, Connection as _, PgConnection,
        postgres::PgConnectOptions,
        sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
    },
};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

/// How the database is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Connections for everything but commits and reads of single orders, which have their own. On
    /// PostgreSQL there may be as many again, for callers of one store.
    pub max_connections: u32,
    /// How long a caller waits for a connection.
    pub acquire_timeout: Duration,
    /// After which PostgreSQL gives a statement up; SQLite waits this long for another process.
    pub statement_timeout: Duration,
    /// Connections that apply queued commits to PostgreSQL, the second one when the first has more
    /// waiting than it can take at once. SQLite always has one.
    pub writers: usize,
    /// Whether a file that is not there is made.
    pub create: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_connections: 4,
            acquire_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(10),
            writers: 2,
            create: true,
        }
    }
}

impl Options {
    /// After which an answer of the server is not waited for any more. It gives up earlier, if it
    /// and the network are still there.
    pub(crate) fn limit(&self) -> Duration {
        self.statement_timeout + self.acquire_timeout
    }
}

/// Tasks that read single orders, each with a connection of its own.
const READERS: usize = 1;

/// A connection that was not used for so long is asked whether it is still there.
pub(crate) const TEST_AFTER_IDLE: Duration = Duration::from_secs(10);

/// Before a file that another process is making is opened again.
const LOCKED_PAUSE: Duration = Duration::from_millis(20);

impl SqlStore {
    /// Connects to `sqlite://path`, which is created if it is missing, or `postgres://…`.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] if the database cannot be reached or the address is none.
    pub async fn connect(url: &str, options: Options) -> Result<Self, StoreError> {
        check(url)?;
        let connections = options.max_connections.max(1);
        let read = open(url, &options, connections, Role::Read).await.map_err(unreachable)?;
        let (write, for_callers) = if is_sqlite(url) {
            (open(url, &options, 1, Role::Write).await.map_err(unreachable)?, None)
        } else {
            let for_callers =
                async || open(url, &options, connections, Role::Callers).await.map_err(unreachable);
            let for_callers =
                ForCallers { read: for_callers().await?, write: for_callers().await? };
            (read.clone(), Some(for_callers))
        };
        let (url, bells) = (url.to_owned(), Arc::<Bells>::default());
        let (commits, reads, numberer) = if is_sqlite(&url) {
            let pool = || read.get_sqlite_connection_pool().clone();
            let sources = (0..READERS).map(|_| Source::Sqlite(pool())).collect();
            let beside = open(&url, &options, 1, Role::Write).await.map_err(unreachable)?;
            let writer = SqliteWriter::new(&write, &beside);
            (Queue::start(vec![writer], &bells), ReadQueue::start(sources), None)
        } else {
            let link = |asks| Link::new(&url, &options, asks).map_err(unreachable);
            let writer = |_| Ok(PostgresWriter::new(link(Asks::ForNobody)?, write.clone()));
            let writers = (0..options.writers.max(1)).map(writer).collect::<Result<_, _>>()?;
            let source = |_| Ok(Source::Postgres(Box::new(link(Asks::ForNobody)?)));
            let sources = (0..READERS).map(source).collect::<Result<_, _>>()?;
            let numberer = Mutex::new(Numberer::new(link(Asks::ForAll)?));
            (Queue::start(writers, &bells), ReadQueue::start(sources), Some(numberer))
        };
        let news = (!is_sqlite(&url)).then(|| News::of(&url));
        let inner =
            Inner { url, options, read, write, for_callers, commits, reads, bells, news, numberer };
        Ok(Self { inner: Arc::new(inner), for_callers: false })
    }
}

/// An address is looked at before it is used: others would tell it in their errors, and it may
/// hold a password.
fn check(url: &str) -> Result<(), StoreError> {
    let postgres = ["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme));
    let fault = if is_sqlite(url) {
        let in_memory = url.contains(":memory:") || url.contains("mode=memory");
        let text = "SQLite in memory has no room for a second connection: name a file";
        in_memory.then_some(text)
    } else if !postgres {
        Some("the address has to begin with sqlite:// or postgres://")
    } else if url.parse::<PgConnectOptions>().is_err() {
        Some("this is not an address of a PostgreSQL database")
    } else {
        None
    };
    fault.map_or(Ok(()), |fault| Err(StoreError::Unavailable(fault.into())))
}

fn unreachable(error: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::Unavailable(Box::new(error))
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Read,
    Write,
    /// Reads and writes for callers of one store. Opened when the first of them comes.
    Callers,
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
    let until = Instant::now() + options.acquire_timeout;
    loop {
        match try_open(url, options, connections, role).await {
            // A new file becomes one with a write-ahead log by one process, and SQLite lets the
            // others not wait for that.
            Err(error) if is_sqlite(url) && is_locked(&error) && Instant::now() < until => {
                tracing::debug!("another process is making the file");
                tokio::time::sleep(LOCKED_PAUSE).await;
            }
            opened => return opened,
        }
    }
}

fn is_locked(error: &DbErr) -> bool {
    error.to_string().contains("database is locked")
}

async fn try_open(
    url: &str,
    options: &Options,
    connections: u32,
    role: Role,
) -> Result<DatabaseConnection, DbErr> {
    // On SQLite whoever has the one connection that writes may itself wait for another process.
    let waits = is_sqlite(url) && role == Role::Write;
    let patience = if waits { options.limit() } else { options.acquire_timeout };
    let mut connect = ConnectOptions::new(url);
    let for_callers = role == Role::Callers;
    connect
        .max_connections(connections)
        .min_connections(u32::from(!for_callers))
        .connect_lazy(for_callers)
        .acquire_timeout(patience)
        .connect_timeout(patience)
        .test_before_acquire_if_idle_for(TEST_AFTER_IDLE)
        // Statements carry buyers' data and so never go to logs or traces.
        .sqlx_logging(false)
        .record_stmt_in_spans(false);
    let timeout = options.statement_timeout;
    let asks = if for_callers { Asks::ForNobody } else { Asks::ForAll };
    connect.map_sqlx_postgres_opts(move |postgres| on_postgres(postgres, timeout, asks));
    connect.map_sqlx_postgres_pool_opts(move |pool| {
        let pool =
            pool.after_release(move |connection, _| Box::pin(still_there(connection, patience)));
        if !for_callers {
            return pool;
        }
        // This also asks a connection that was idle whether it is still there.
        pool.after_connect(|connection, _| Box::pin(ask_for_caller(connection))).before_acquire(
            |connection, _| Box::pin(async { ask_for_caller(connection).await.map(|()| true) }),
        )
    });
    let options = options.clone();
    connect.map_sqlx_sqlite_opts(move |sqlite| on_sqlite(sqlite, &options, role));
    Database::connect(connect).await
}

/// A connection whose answer was not waited for any more is in doubt. The pool asks it as well, but
/// without end, and would lack its place until then.
async fn still_there(
    connection: &mut PgConnection,
    patience: Duration,
) -> Result<bool, sqlx::Error> {
    let answered = timeout(patience, connection.ping()).await;
    answered.map_err(|_| sqlx::Error::PoolTimedOut)?.map(|()| true)
}

/// Whatever the database's own defaults are.
pub(crate) fn on_postgres(
    postgres: PgConnectOptions,
    statement_timeout: Duration,
    asks: Asks,
) -> PgConnectOptions {
    let millis = |duration: Duration| duration.as_millis().max(1).to_string();
    let (stores, whose) = asks.setting();
    postgres.application_name("meridian").options([
        ("default_transaction_isolation", "read committed".to_owned()),
        ("default_transaction_read_only", "off".to_owned()),
        ("statement_timeout", millis(statement_timeout)),
        ("lock_timeout", millis(statement_timeout / 2)),
        ("idle_in_transaction_session_timeout", millis(statement_timeout)),
        // A commit that was acknowledged is on disk.
        ("synchronous_commit", "on".to_owned()),
        ("jit", "off".to_owned()),
        (stores, whose.to_owned()),
    ])
}

pub(crate) fn on_sqlite(
    sqlite: SqliteConnectOptions,
    options: &Options,
    role: Role,
) -> SqliteConnectOptions {
    sqlite
        .create_if_missing(options.create)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(options.statement_timeout)
        .pragma("query_only", if role == Role::Read { "on" } else { "off" })
        .pragma("wal_autocheckpoint", LONG_LOG.to_string())
        .pragma("temp_store", "memory")
        // What was erased does not stay in the free space of a page that is written anyway.
        .pragma("secure_delete", "fast")
        // In KiB: the inner pages of every index stay in memory.
        .pragma("cache_size", "-8192")
}
