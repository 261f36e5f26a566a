use super::{
    binaries::{program, run},
    server::{Options, Server},
};
use std::sync::Arc;
use std::{
    env, io,
    process::Stdio,
    sync::{Mutex, PoisonError, Weak},
};
use uuid::Uuid;

/// The environment variable with the URL of a server that all test processes of a run share.
pub const SHARED_SERVER: &str = "MERIDIAN_TEST_POSTGRES_URL";

/// The server of this process, for as long as one of its databases is in use.
static OWN_SERVER: Mutex<Weak<Server>> = Mutex::new(Weak::new());

/// An empty database of one test; dropped, with whoever is still connected, when the value is.
#[derive(Debug)]
pub struct Database {
    server_url: String,
    name: String,
    _own_server: Option<Arc<Server>>,
}

/// A new and empty database on the shared server or, without one, on a server of this process.
///
/// # Panics
/// If the server cannot be started or reached.
#[must_use]
pub fn fresh_database() -> Database {
    if let Ok(url) = env::var(SHARED_SERVER) {
        return Database::create(url, None);
    }
    let server = own_server();
    Database::create(server.url(), Some(server))
}

impl Database {
    fn create(server_url: String, own_server: Option<Arc<Server>>) -> Self {
        let name = format!("test_{}", Uuid::now_v7().simple());
        psql(&server_url, &format!("CREATE DATABASE {name}"))
            .unwrap_or_else(|error| panic!("no database for the test: {error}"));
        Self { server_url, name, _own_server: own_server }
    }

    pub fn url(&self) -> String {
        with_database(&self.server_url, &self.name)
    }

    /// What `psql` answers to statements, one row a line, without headings.
    ///
    /// # Panics
    /// If a statement fails.
    pub fn query(&self, sql: &str) -> String {
        psql(&self.url(), sql).unwrap_or_else(|error| panic!("{error}"))
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // A test may have ended the server; what it leaves goes with the server's folder.
        psql(&self.server_url, &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name)).ok();
    }
}

impl Server {
    /// A new and empty database on this server.
    ///
    /// # Panics
    /// If the server cannot be reached.
    #[must_use]
    pub fn fresh_database(&self) -> Database {
        Database::create(self.url(), None)
    }
}

fn own_server() -> Arc<Server> {
    let mut own = OWN_SERVER.lock().unwrap_or_else(PoisonError::into_inner);
    own.upgrade().unwrap_or_else(|| {
        let server = Arc::new(Server::start(Options::default()));
        *own = Arc::downgrade(&server);
        server
    })
}

fn psql(url: &str, sql: &str) -> io::Result<String> {
    let mut command = program("psql")?;
    command
        .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"])
        .args(["--set", "ON_ERROR_STOP=1", "--command", sql, url])
        .stdin(Stdio::null());
    run(&mut command)
}

/// The URL of another database on the same server, with the same parameters.
fn with_database(server_url: &str, name: &str) -> String {
    let (address, parameters) = match server_url.split_once('?') {
        Some((address, parameters)) => (address, format!("?{parameters}")),
        None => (server_url, String::new()),
    };
    let authority_at = address.find("://").map_or(0, |at| at + "://".len());
    let authority_ends =
        address[authority_at..].find('/').map_or(address.len(), |at| authority_at + at);
    format!("{}/{name}{parameters}", &address[..authority_ends])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_database_of_a_url_is_replaced() {
        let cases = [
            ("postgres://me:pw@host:5433/postgres", "postgres://me:pw@host:5433/x"),
            ("postgres://host", "postgres://host/x"),
            ("postgres://host/?sslmode=disable", "postgres://host/x?sslmode=disable"),
            ("postgres://host/old?a=/b", "postgres://host/x?a=/b"),
        ];
        for (server, database) in cases {
            assert_eq!(with_database(server, "x"), database);
        }
    }
}
