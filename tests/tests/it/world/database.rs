//! The database under a process, and looking into it from beside.

use rusqlite::{Connection, OpenFlags, types::ValueRef};
use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::PathBuf,
    process::{Child, Stdio},
};
use tempfile::TempDir;
use testkit::postgres;

/// What the data is kept in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    Sqlite,
    Postgresql,
}

/// One test's own database.
#[derive(Debug)]
pub enum Database {
    Sqlite(TempDir),
    Postgresql(postgres::Database),
}

impl Database {
    pub fn fresh(backend: Backend) -> Self {
        match backend {
            Backend::Sqlite => {
                Self::Sqlite(tempfile::Builder::new().prefix("meridian-sqlite-").tempdir().unwrap())
            }
            Backend::Postgresql => Self::Postgresql(postgres::fresh_database()),
        }
    }

    pub fn url(&self) -> String {
        match self {
            Self::Sqlite(folder) => format!("sqlite://{}", file(folder).display()),
            Self::Postgresql(database) => database.url(),
        }
    }

    /// Keeps everybody else from writing until it is dropped.
    pub fn lock(&self) -> Lock {
        match self {
            Self::Sqlite(folder) => {
                let connection = Connection::open(file(folder)).unwrap();
                connection.execute_batch("BEGIN IMMEDIATE").unwrap();
                Lock::Sqlite(connection)
            }
            Self::Postgresql(database) => {
                let sql = "LOCK TABLE orders IN EXCLUSIVE MODE";
                Lock::Postgresql(psql_in_transaction(&database.url_of_all_stores(), sql))
            }
        }
    }

    /// Keeps everybody from looking a token up; only PostgreSQL can.
    pub fn lock_tokens(&self) -> Lock {
        let Self::Postgresql(database) = self else { panic!("SQLite locks no reader out") };
        let sql = "LOCK TABLE tokens IN ACCESS EXCLUSIVE MODE";
        Lock::Postgresql(psql_in_transaction(&database.url(), sql))
    }

    /// The one number that a query answers.
    pub fn count(&self, sql: &str) -> i64 {
        let rows = self.rows(sql);
        rows.first().and_then(|row| row.first()).and_then(|text| text.parse().ok()).unwrap()
    }

    /// What a query answers, every value as text and NULL as the empty text.
    pub fn rows(&self, sql: &str) -> Vec<Vec<String>> {
        match self {
            Self::Sqlite(folder) => sqlite_rows(&file(folder), sql),
            Self::Postgresql(database) => {
                let text = database.query(sql);
                text.lines().map(|line| line.split('|').map(str::to_owned).collect()).collect()
            }
        }
    }
}

/// A transaction that holds what every writer needs.
#[derive(Debug)]
pub enum Lock {
    Sqlite(Connection),
    Postgresql(Child),
}

impl Drop for Lock {
    fn drop(&mut self) {
        match self {
            Self::Sqlite(connection) => connection.execute_batch("ROLLBACK").unwrap(),
            Self::Postgresql(psql) => {
                // It rolls back at the end of its input.
                drop(psql.stdin.take());
                psql.wait().unwrap();
            }
        }
    }
}

fn psql_in_transaction(url: &str, sql: &str) -> Child {
    let mut command = postgres::program("psql").unwrap();
    command.args(["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", url]);
    let mut psql = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let input = psql.stdin.as_mut().unwrap();
    writeln!(input, "BEGIN; {sql};\n\\echo locked").unwrap();
    let mut line = String::new();
    BufReader::new(psql.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line.trim(), "locked");
    psql
}

fn file(folder: &TempDir) -> PathBuf {
    folder.path().join("meridian.db")
}

fn sqlite_rows(file: &PathBuf, sql: &str) -> Vec<Vec<String>> {
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
    let mut statement = connection.prepare(sql).unwrap();
    let columns = statement.column_count();
    let mut found = statement.query([]).unwrap();
    let mut rows = Vec::new();
    while let Some(row) = found.next().unwrap() {
        let texts = (0..columns).map(|column| match row.get_ref(column).unwrap() {
            ValueRef::Null => String::new(),
            ValueRef::Integer(number) => number.to_string(),
            ValueRef::Real(_) => panic!("a float in the database: {sql}"),
            ValueRef::Text(text) => String::from_utf8(text.to_vec()).unwrap(),
            ValueRef::Blob(bytes) => format!("{bytes:02x?}"),
        });
        rows.push(texts.collect());
    }
    rows
}
