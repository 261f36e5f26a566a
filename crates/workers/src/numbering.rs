//! Gives what was committed its place in the event log, where commits cannot do that themselves.

use ports::{Chain, Numbering, Sequencer};
use std::{sync::Arc, time::Duration};
use time::Duration as Wait;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::Backoff;

/// How often it is looked for what other processes committed.
const LOOK: Wait = Wait::milliseconds(50);
/// From one round to the next while there is much to do: a round costs the database more than the
/// entries that it makes, and readers wait for no more than this.
const PACE: Duration = Duration::from_millis(20);
/// While another process is at it: it may have looked before the last commit of this one.
const AGAIN: Wait = Wait::milliseconds(5);
const AFTER_ERROR: Backoff = Backoff::new(Duration::from_millis(20), Duration::from_secs(1));

/// Numbers until `stop`. A round that has begun is brought to its end: it takes a moment, and until it
/// is over nobody else can number.
pub async fn number(sequencer: Arc<dyn Sequencer>, stop: CancellationToken) {
    tracing::info!("sequencer started");
    let mut failures = 0;
    while !stop.is_cancelled() {
        let begun = Instant::now();
        let pause = match sequencer.number().await {
            Ok(Numbering::Done(1..)) => {
                failures = 0;
                stop.run_until_cancelled(sleep_until(begun + PACE)).await;
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
                stop.run_until_cancelled(sleep(pause)).await;
                continue;
            }
        };
        stop.run_until_cancelled(sequencer.committed(pause)).await;
    }
    tracing::info!("sequencer stopped");
}
