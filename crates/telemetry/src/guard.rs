use crate::export::Providers;
use opentelemetry_sdk::error::OTelSdkError;
use std::{
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

/// Keeps telemetry going. At the end of the process [`Guard::shut_down`] sends what is left.
#[derive(Debug)]
#[must_use = "what was not sent yet is lost without Guard::shut_down"]
pub struct Guard {
    providers: Option<Providers>,
}

/// Why the last telemetry did not arrive.
#[derive(Debug, thiserror::Error)]
pub enum FlushError {
    #[error("the collector did not take the last telemetry within {0:?}")]
    TimedOut(Duration),
    #[error("the last telemetry was lost")]
    Lost(#[source] Option<OTelSdkError>),
}

impl Guard {
    pub(crate) fn new(providers: Option<Providers>) -> Self {
        Self { providers }
    }

    /// Sends what is left, for at most the given time. Blocks the thread, so the runtime needs
    /// another one to do the sending: a runtime with a single thread never gets there.
    pub fn shut_down(self, within: Duration) -> Result<(), FlushError> {
        let Some(providers) = self.providers else { return Ok(()) };
        let (done, wait) = mpsc::sync_channel(1);
        // The thread is left behind if the collector hangs; the process ends without it.
        thread::spawn(move || done.send(providers.shut_down()).ok());
        match wait.recv_timeout(within) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(FlushError::Lost(Some(error))),
            Err(RecvTimeoutError::Timeout) => Err(FlushError::TimedOut(within)),
            Err(RecvTimeoutError::Disconnected) => Err(FlushError::Lost(None)),
        }
    }
}
