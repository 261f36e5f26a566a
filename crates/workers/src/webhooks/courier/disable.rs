use super::{super::AFTER_ERROR, Courier};
use ports::Chain;

/// How often it is tried before somebody else has to.
const TRIES: u32 = 8;

impl Courier {
    /// Somebody else tries it again if it does not work: the next failure says so again.
    pub(super) async fn disable(&mut self, why: &str) {
        let version = self.endpoint.version;
        for tries in 0..TRIES {
            match self.post.disabling.disable(&self.tenure.key, version, why).await {
                Ok(()) => {
                    tracing::info!(why, version, "an endpoint was disabled, unless it was changed");
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
