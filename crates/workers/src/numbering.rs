//! Gives what was committed its place in the event log, where commits cannot do that themselves.

use ports::{Chain, Numbering, Sequencer};
use std::{sync::Arc, time::Duration};
use time::Duration as Wait;
use tokio_util::sync::CancellationToken;

use crate::Backoff;

/// How often it is looked for what other processes committed.
const LOOK: Wait = Wait::milliseconds(50);
/// While another process is at it: it may have looked before the last commit of this one.
const AGAIN: Wait = Wait::milliseconds(5);
const AFTER_ERROR: Backoff = Backoff::new(Duration::from_millis(20), Duration::from_secs(1));

/// Numbers until `stop`.
pub async fn number(sequencer: Arc<dyn Sequencer>, stop: CancellationToken) {
    tracing::info!("sequencer started");
    let mut failures = 0;
    while !stop.is_cancelled() {
        // A round that is broken off changes nothing.
        let Some(round) = stop.run_until_cancelled(sequencer.number()).await else { break };
        let pause = match round {
            Ok(Numbering::Done(1..)) => {
                failures = 0;
                continue;
            }
            Ok(Numbering::Done(0)) => {
                failures = 0;
                LOOK
            }
            Ok(Numbering::Elsewhere) => AGAIN,
            Err(error) => {
                tracing::warn!(error = %Chain(&error), "events could not be numbered");
                let pause = AFTER_ERROR.pause(failures);
                failures += 1;
                stop.run_until_cancelled(tokio::time::sleep(pause)).await;
                continue;
            }
        };
        stop.run_until_cancelled(sequencer.committed(pause)).await;
    }
    tracing::info!("sequencer stopped");
}
