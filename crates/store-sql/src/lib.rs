//! The storage ports on SQL: SQLite, the embedded default, and PostgreSQL.
//!
//! [`SqlStore`] is a handle to a database; clones share it. What matters most is on the hot path:
//! commits queue up and are applied many at a time, each with its own verdict (`commit`), and so
//! are reads of single orders (`load`). Lists and small records go through SeaORM's entities.
//!
//! ```no_run
//! # async fn connect() -> Result<(), ports::StoreError> {
//! use store_sql::{Options, SqlStore};
//!
//! let store = SqlStore::connect("sqlite://meridian.db", Options::default()).await?;
//! store.migrate().await?;
//! # Ok(())
//! # }
//! ```

mod audit;
mod clock;
mod column;
mod commit;
mod connect;
mod credentials;
mod deliveries;
mod entity;
mod error;
mod facets;
mod feed;
mod fence;
mod inbox;
mod ledger;
mod limit;
mod link;
mod load;
mod people;
mod publisher_cursors;
mod reader;
mod replay;
mod schema;
mod statement;
mod store;
mod tasks;

pub use connect::Options;

use commit::Queue;
use credentials::News;
use feed::Numberer;
use load::ReadQueue;
use ports::Bells;
use sea_orm::DatabaseConnection;
use std::sync::Arc;
use tokio::sync::Mutex;

/// A database that holds everything. Clones share its connections.
#[derive(Clone)]
pub struct SqlStore {
    inner: Arc<Inner>,
    /// Whether nothing is there outside of a fence.
    for_callers: bool,
}

struct Inner {
    url: String,
    options: Options,
    /// For everything that is read outside of the hot path.
    read: DatabaseConnection,
    /// On SQLite one connection, which is the only one that writes; else the same as `read`.
    write: DatabaseConnection,
    /// On PostgreSQL alone, behind the fence of a caller.
    for_callers: Option<ForCallers>,
    commits: Queue,
    reads: ReadQueue,
    bells: Arc<Bells>,
    /// On PostgreSQL alone.
    news: Option<News>,
    /// On PostgreSQL alone.
    numberer: Option<Mutex<Numberer>>,
}

/// Lists of one store are not in the way of another's commands.
struct ForCallers {
    read: DatabaseConnection,
    write: DatabaseConnection,
}

impl std::fmt::Debug for SqlStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The address may hold a password.
        f.debug_struct("SqlStore").field("options", &self.inner.options).finish_non_exhaustive()
    }
}
