use crate::Failure;
use async_trait::async_trait;
use ports::EndpointKey;

/// Disables endpoints that do not take what they are sent. A use case: the endpoint, the fact and
/// the event `webhook.disabled` are one commit.
#[async_trait]
pub trait Disabling: Send + Sync {
    /// Nothing happens to one that is gone, disabled already, or not of this `version` any more:
    /// what an endpoint did before somebody changed it says nothing of how it is now.
    ///
    /// # Errors
    ///
    /// [`Failure`]: nothing was changed.
    async fn disable(&self, key: &EndpointKey, version: i64, why: &str) -> Result<(), Failure>;
}
