//! Carries what was committed from the write-ahead log over into the file, beside the commits.
//!
//! By itself SQLite has a commit do that which finds the log long, and whatever comes after waits
//! until the disk has it. That is left for when this here falls behind: a log begins anew only when all
//! of it was carried over, which one that always grows never is.

use ports::Chain;
use sea_orm::{
    DatabaseConnection,
    sqlx::{self, Sqlite, SqlitePool},
};
use tokio::sync::mpsc;

/// After so many commits. Each changes ten pages or more.
const COMMITS: usize = 64;
/// Pages of the log at which a commit carries over what is left.
pub(crate) const LONG_LOG: &str = "8192";

/// SQLite makes no commit wait for this, nor this for a commit.
const CARRY_OVER: &str = "PRAGMA wal_checkpoint(PASSIVE)";

pub(super) struct Checkpoints {
    due: mpsc::Sender<()>,
    commits: usize,
}

impl Checkpoints {
    /// Over a connection of its own; ends with this handle.
    pub fn start(database: &DatabaseConnection) -> Self {
        let (due, told) = mpsc::channel(1);
        tokio::spawn(carry_over(database.get_sqlite_connection_pool().clone(), told));
        Self { due, commits: 0 }
    }

    pub fn committed(&mut self, commits: usize) {
        self.commits += commits;
        if self.commits >= COMMITS {
            self.commits = 0;
            // If one is due already it takes these too.
            self.due.try_send(()).ok();
        }
    }
}

async fn carry_over(pool: SqlitePool, mut told: mpsc::Receiver<()>) {
    while told.recv().await.is_some() {
        if let Err(error) = sqlx::query::<Sqlite>(CARRY_OVER).execute(&pool).await {
            tracing::warn!(error = %Chain(&error), "the log was not carried over into the file");
        }
    }
}
