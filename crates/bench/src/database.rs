//! The databases that are measured: a private PostgreSQL, and a file of SQLite on the same disk.

use crate::{
    client::Outcome,
    processes,
    settings::{Engine, Settings},
};
use rusqlite::{Connection, types::ValueRef};
use std::{path::PathBuf, time::Duration};
use tempfile::TempDir;
use testkit::postgres;

/// What a server has if nobody sets anything, where the servers for tests are smaller than that.
const DEFAULTS: [(&str, &str); 4] = [
    ("shared_buffers", "128MB"),
    ("max_wal_size", "1GB"),
    ("autovacuum_naptime", "1min"),
    ("synchronous_commit", "on"),
];

pub enum Database {
    // The database goes before its server.
    PostgreSql { database: postgres::Database, server: postgres::Server },
    Sqlite { folder: TempDir },
}

impl Database {
    /// An empty one.
    pub fn create(engine: Engine, settings: &Settings) -> Outcome<Self> {
        match engine {
            Engine::PostgreSql => {
                let options = postgres::Options::default();
                let set = |options: postgres::Options, (name, value)| options.set(name, value);
                let all = DEFAULTS.into_iter().chain(settings.postgres());
                let server = postgres::Server::start(all.fold(options, set));
                Ok(Self::PostgreSql { database: server.fresh_database(), server })
            }
            Engine::Sqlite => {
                let folder = tempfile::Builder::new().prefix("meridian-bench-").tempdir()?;
                Ok(Self::Sqlite { folder })
            }
        }
    }

    pub const fn engine(&self) -> Engine {
        match self {
            Self::PostgreSql { .. } => Engine::PostgreSql,
            Self::Sqlite { .. } => Engine::Sqlite,
        }
    }

    pub fn url(&self) -> String {
        match self {
            Self::PostgreSql { database, .. } => database.url(),
            Self::Sqlite { folder } => format!("sqlite://{}", file(folder).display()),
        }
    }

    /// For statements without Meridian, which nothing holds back.
    pub fn url_of_superuser(&self) -> String {
        match self {
            Self::PostgreSql { database, .. } => database.url_of_superuser(),
            Self::Sqlite { .. } => self.url(),
        }
    }

    /// Leaves a server nothing to do that is not measured.
    pub fn settle(&self) {
        if let Self::PostgreSql { database, .. } = self {
            database.query("VACUUM ANALYZE");
            database.checkpoint();
        }
    }

    /// Processor time of the server's processes; SQLite has none of its own.
    pub fn spent(&self) -> Option<Duration> {
        match self {
            Self::PostgreSql { server, .. } => processes::spent_by_family(server.pid()?),
            Self::Sqlite { .. } => None,
        }
    }

    /// Another database on the same server, for what brings its own tables.
    pub fn beside(&self) -> Option<postgres::Database> {
        match self {
            Self::PostgreSql { server, .. } => Some(server.fresh_database()),
            Self::Sqlite { .. } => None,
        }
    }

    /// A connection to the file as Meridian sets its own up; `None` on a server.
    pub fn open(&self) -> Outcome<Option<Connection>> {
        let Self::Sqlite { folder } = self else { return Ok(None) };
        let connection = Connection::open(file(folder))?;
        connection.busy_timeout(Duration::from_secs(10))?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "full")?;
        connection.pragma_update(None, "foreign_keys", "on")?;
        Ok(Some(connection))
    }

    pub fn execute(&self, sql: &str) -> Outcome<()> {
        if let Self::PostgreSql { database, .. } = self {
            database.query(sql);
        } else if let Some(connection) = self.open()? {
            connection.execute_batch(sql)?;
        }
        Ok(())
    }

    /// The one value that a query answers, as text; bytes in hexadecimal.
    pub fn ask(&self, sql: &str) -> Outcome<String> {
        if let Self::PostgreSql { database, .. } = self {
            return Ok(database.query(sql).trim_start_matches("\\x").to_owned());
        }
        let Some(connection) = self.open()? else { return Ok(String::new()) };
        let text = |row: &rusqlite::Row<'_>| {
            Ok(match row.get_ref(0)? {
                ValueRef::Null => String::new(),
                ValueRef::Integer(number) => number.to_string(),
                ValueRef::Real(number) => number.to_string(),
                ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
                ValueRef::Blob(bytes) => hexadecimal(bytes),
            })
        };
        Ok(connection.query_row(sql, [], text)?)
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn file(folder: &TempDir) -> PathBuf {
    folder.path().join("meridian.db")
}
