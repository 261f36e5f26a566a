use super::Courier;
use crate::Backoff;
use ports::Chain;
use std::time::Duration;

const AFTER_ERROR: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));

/// How often it is tried before somebody else has to.
const TRIES: u32 = 8;

impl Courier {
    /// Somebody else tries it again if it does not work: the next failure says so again.
    pub(super) async fn disable(&mut self, why: &str) {
        for tries in 0..TRIES {
            match self.post.disabling.disable(&self.tenure.key, why).await {
                Ok(()) => {
                    tracing::info!(why, "an endpoint was disabled");
                    return;
                }
                Err(error) => {
                    tracing::error!(error = %Chain(&error), "an endpoint could not be disabled");
                    tokio::time::sleep(AFTER_ERROR.pause(tries)).await;
                }
            }
        }
    }
}
