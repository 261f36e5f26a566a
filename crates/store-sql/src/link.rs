//! Connections to PostgreSQL for the hot path.

use crate::{
    Options,
    connect::{TEST_AFTER_IDLE, on_postgres},
    error::{Fault, fault},
    fence::Asks,
};
use sea_orm::sqlx::{
    self, ConnectOptions as _, Connection, PgConnection, postgres::PgConnectOptions,
};
use std::{io::ErrorKind, time::Duration};
use tokio::time::{Instant, timeout};

/// The statements of these connections find few rows by their whole keys, and nothing else. Told
/// so, the planner does it also for a table that it knows nothing of yet, and once and for all.
const BY_KEY: [(&str, &str); 4] = [
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
];

/// What is asked of a connection.
pub(crate) trait AnswerOf<T>: Send {
    fn of(
        self,
        connection: &mut PgConnection,
    ) -> impl Future<Output = Result<T, sqlx::Error>> + Send;
}

/// A connection to PostgreSQL that belongs to one task alone, so that nobody has to wait for it
/// and nobody has to ask whether it is still good. Made anew when it broke.
pub(crate) struct Link {
    options: PgConnectOptions,
    patience: Duration,
    /// After which an answer is not waited for any more. The server gives up earlier, if it and
    /// the network are still there.
    limit: Duration,
    connection: Option<PgConnection>,
    used: Instant,
}

impl Link {
    pub fn new(url: &str, options: &Options, asks: Asks) -> Result<Self, sqlx::Error> {
        let postgres: PgConnectOptions = url.parse()?;
        let postgres = on_postgres(postgres, options.statement_timeout, asks)
            .options(BY_KEY)
            .disable_statement_logging();
        let patience = options.acquire_timeout;
        let limit = options.limit();
        Ok(Self { options: postgres, patience, limit, connection: None, used: Instant::now() })
    }

    /// The one that is kept, if it is still good, or a new one.
    async fn connection(&mut self) -> Result<PgConnection, sqlx::Error> {
        let idle = self.used.elapsed();
        self.used = Instant::now();
        let kept = match self.connection.take() {
            // One whose other end is gone without a word answers never.
            Some(mut kept) if idle > TEST_AFTER_IDLE => {
                let answered = timeout(self.patience, kept.ping()).await;
                matches!(answered, Ok(Ok(()))).then_some(kept)
            }
            kept => kept,
        };
        match kept {
            Some(kept) => Ok(kept),
            None => timeout(self.patience, PgConnection::connect_with(&self.options))
                .await
                .map_err(|_| sqlx::Error::PoolTimedOut)?,
        }
    }

    pub const fn limit(&self) -> Duration {
        self.limit
    }

    /// Waits for an answer of this connection, which is dropped if it is in doubt afterwards, or if
    /// the answer is not waited for: what it holds in the database is let go with it.
    pub async fn answer<T>(&mut self, answer: impl AnswerOf<T>) -> Result<T, sqlx::Error> {
        let mut connection = self.connection().await?;
        let answer = timeout(self.limit, answer.of(&mut connection)).await;
        let answer = answer.unwrap_or_else(|_| Err(sqlx::Error::Io(ErrorKind::TimedOut.into())));
        if !answer.as_ref().is_err_and(|error| fault(error) == Fault::Unavailable) {
            self.connection = Some(connection);
        }
        answer
    }
}
