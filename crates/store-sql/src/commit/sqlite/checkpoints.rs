//! Carries what was committed from the write-ahead log over into the file, beside the commits.
//!
//! By itself SQLite has a commit do that which finds the log long, and whatever comes after waits
//! until the disk has it. There has to be such a commit now and then: a log begins anew only when all
//! of it was carried over, which one that grows meanwhile never is. But little is left for it then.

use ports::Chain;
use sea_orm::{
    DatabaseConnection,
    sqlx::{self, Row as _, Sqlite, SqlitePool},
};
use tokio::sync::mpsc;

/// After so many commits. Each changes ten pages or more.
const COMMITS: usize = 64;
/// Pages of the log at which a commit carries over what is left.
pub(crate) const LONG_LOG: i64 = 8_192;

/// Takes no lock that a commit waits for. Answers with how many pages the log has.
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
        let row = sqlx::query::<Sqlite>(CARRY_OVER).fetch_one(&pool).await;
        match row.and_then(|row| row.try_get::<i64, _>(1)) {
            // A commit cannot do it while this is at it.
            Ok(pages) if pages >= LONG_LOG => {
                told.try_recv().ok();
                told.recv().await;
            }
            Ok(_) => (),
            Err(error) => {
                tracing::warn!(error = %Chain(&error), "the log was not carried over into the file");
            }
        }
    }
}
