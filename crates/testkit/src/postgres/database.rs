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

/// Who owns the databases of tests: an ordinary role, as in production. Row-level security does not
/// hold for a superuser.
const ROLE: &str = "meridian";

/// Many may make it at once.
const MAKE_ROLE: &str = "DO $$ BEGIN CREATE ROLE meridian LOGIN; \
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$";

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
        for sql in [MAKE_ROLE, &format!("CREATE DATABASE {name} OWNER {ROLE}")] {
            psql(&server_url, sql)
                .unwrap_or_else(|error| panic!("no database for the test: {error}"));
        }
        Self { server_url, name, _own_server: own_server }
    }

    /// As the program is given it: with a role that owns the database, and is no superuser.
    pub fn url(&self) -> String {
        with_role(&self.url_of_superuser(), ROLE)
    }

    /// The same for who looks into the database from beside: of all stores.
    pub fn url_of_all_stores(&self) -> String {
        let url = self.url();
        let and = if url.contains('?') { '&' } else { '?' };
        format!("{url}{and}options=-c%20meridian.stores%3D*")
    }

    /// The same with a role that may do everything.
    pub fn url_of_superuser(&self) -> String {
        with_database(&self.server_url, &self.name)
    }

    /// Has everything written to disk that was changed, which only a superuser may.
    ///
    /// # Panics
    /// If it fails.
    pub fn checkpoint(&self) {
        psql(&self.url_of_superuser(), "CHECKPOINT").unwrap_or_else(|error| panic!("{error}"));
    }

    /// What `psql` answers to statements about all stores, one row a line, without headings.
    ///
    /// # Panics
    /// If a statement fails.
    pub fn query(&self, sql: &str) -> String {
        psql(&self.url_of_all_stores(), sql).unwrap_or_else(|error| panic!("{error}"))
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

/// The same URL with another role, which needs no password.
fn with_role(url: &str, role: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{role}@{host}/{path}")
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
    fn only_the_role_of_a_url_is_replaced() {
        let cases = [
            ("postgres://postgres@host:5433/x", "postgres://me@host:5433/x"),
            ("postgres://a:pw@host/x?sslmode=disable", "postgres://me@host/x?sslmode=disable"),
            ("postgres://host/x", "postgres://me@host/x"),
        ];
        for (superuser, ordinary) in cases {
            assert_eq!(with_role(superuser, "me"), ordinary);
        }
    }

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
