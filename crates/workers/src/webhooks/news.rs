use std::time::Duration;
use tokio::{sync::watch, time::Instant};

/// What is not looked for more often than this, however often something comes.
const GATHER: Duration = Duration::from_millis(25);

/// Tells when it is worth to look for events.
#[derive(Clone)]
pub(crate) struct News {
    /// The last position over all stores that this process knows of.
    last: watch::Receiver<i64>,
    poll: Duration,
    looked: Instant,
}

impl News {
    pub fn new(last: watch::Receiver<i64>, poll: Duration) -> Self {
        Self { last, poll, looked: Instant::now() }
    }

    /// To be said before a look: what comes from now on is news.
    pub fn looks(&mut self) {
        self.last.borrow_and_update();
        self.looked = Instant::now();
    }

    /// Returns once something came since the last look, or may have come to another process. May be
    /// dropped and asked again.
    pub async fn wait(&mut self) {
        tokio::time::sleep_until(self.looked + GATHER).await;
        let came = async {
            if self.last.changed().await.is_err() {
                // Nobody tells any more.
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            () = came => {}
            () = tokio::time::sleep_until(self.looked + self.poll) => {}
        }
    }
}
