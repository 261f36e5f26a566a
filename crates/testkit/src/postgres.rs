//! A private PostgreSQL: one for a whole test run, or one that a test has to itself.
//!
//! - [`fresh_database`] gives a test an empty database, which an ordinary role owns. It lies on the
//!   server that `MERIDIAN_TEST_POSTGRES_URL` names (the program `with-postgres` starts one around a
//!   test run); without the variable this process starts a server of its own.
//! - [`Server::start`] gives a test a server that it may configure, kill and restart.
//!
//! No server outlives the process that started it, not even when that process is killed: see
//! `watchdog`. PostgreSQL refuses to run as root, so the servers of a root user run under the account
//! `postgres` or, where it is missing, `nobody`.

mod account;
mod binaries;
mod database;
mod server;
mod watchdog;

pub use binaries::program;
pub use database::{Database, SHARED_SERVER, fresh_database};
pub use server::{Options, Server};

/// The superuser of every server started here, who makes the databases of tests and their role. It
/// needs no password from 127.0.0.1.
pub const USER: &str = "postgres";
