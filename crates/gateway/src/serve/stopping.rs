//! Whether the listener is ending: what has no end of its own has to know.

use tokio_util::sync::CancellationToken;

/// Stands in the extensions of every request; clones are of the same listener.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stopping(CancellationToken);

impl Stopping {
    /// From now on the listener is ending.
    pub fn begin(&self) {
        self.0.cancel();
    }

    /// Once the listener is ending; at once if it is already.
    pub async fn begun(&self) {
        self.0.cancelled().await;
    }
}
