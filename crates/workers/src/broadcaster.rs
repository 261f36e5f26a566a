//! Passes all events on to a broker.

use crate::{
    Backoff,
    limit::{in_time, stopped_for},
    webhooks::{News, standard},
};
use ports::{Chain, Clock, Event, EventFeed, Lease, Published, Publisher, PublisherCursors};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use time::OffsetDateTime;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Events that are published at once.
const BATCH: u32 = 500;

/// Pauses after an error of the broker or the store.
const AFTER_ERROR: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(30));

/// How events are passed on.
#[derive(Debug, Clone, Copy)]
pub struct BroadcasterSettings {
    /// How long the cursor is a process's, unless renewed; it is renewed at every third of it.
    pub lease: Duration,
    /// How often the store is asked for what no signal announced.
    pub poll: Duration,
    /// How long what is being published may take after the broadcaster was told to stop.
    pub grace: Duration,
}

impl Default for BroadcasterSettings {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(15),
            poll: Duration::from_millis(250),
            grace: Duration::from_secs(5),
        }
    }
}

/// What events are passed on with.
#[derive(Clone)]
pub struct BroadcasterPorts {
    pub feed: Arc<dyn EventFeed>,
    pub cursors: Arc<dyn PublisherCursors>,
    pub publisher: Arc<dyn Publisher>,
}

/// Passes the events of all stores on, in the order of their positions over all of them. Any number
/// of processes may run one; one at a time works. A broker is sent again what it was sent last if
/// that process ends before it could keep how far it was, under the same ids.
pub struct Broadcaster {
    /// Of the cursor: one for each broker.
    name: String,
    ports: BroadcasterPorts,
    clock: Arc<dyn Clock>,
    settings: BroadcasterSettings,
    owner: String,
    claims: AtomicU64,
    last: watch::Receiver<i64>,
}

/// Why this process does not go on.
enum Ended {
    Stopped,
    Lost,
}

impl Broadcaster {
    /// `last` is the last position over all stores that this process knows of; a change of it says
    /// that events came. `owner` comes from [`crate::owner`], once per process.
    pub fn new(
        name: impl Into<String>,
        ports: BroadcasterPorts,
        last: watch::Receiver<i64>,
        clock: Arc<dyn Clock>,
        settings: BroadcasterSettings,
        owner: impl Into<String>,
    ) -> Self {
        let (name, owner) = (name.into(), owner.into());
        Self { name, ports, clock, settings, owner, claims: AtomicU64::new(0), last }
    }

    /// Works until `stop` is cancelled, then finishes what it is at, within the grace, and gives the
    /// cursor back. No error ever ends it.
    pub async fn run(self, stop: CancellationToken) {
        tracing::info!(name = self.name, owner = self.owner, "broadcaster started");
        while !stop.is_cancelled() {
            let lease = self.lease(self.next_owner());
            let claimed = self.ports.cursors.claim_cursor(&self.name, &lease, self.clock.now());
            match in_time(self.settings.lease, claimed).await {
                Ok(Some(cursor)) => self.pass_on_while_held(cursor, lease, &stop).await,
                Ok(None) => self.rest(&stop).await,
                Err(error) => {
                    tracing::warn!(error = %Chain(&error), "a cursor could not be claimed");
                    self.rest(&stop).await;
                }
            }
        }
        tracing::info!(name = self.name, "broadcaster stopped");
    }

    /// Until another process may have left.
    async fn rest(&self, stop: &CancellationToken) {
        tokio::select! {
            () = tokio::time::sleep(self.settings.lease / 3) => {}
            () = stop.cancelled() => {}
        }
    }

    async fn pass_on_while_held(&self, cursor: i64, lease: Lease, stop: &CancellationToken) {
        let Lease { owner, until } = lease;
        let until = Mutex::new(until);
        let ended = tokio::select! {
            ended = self.pass_on(cursor, &owner, &until, stop) => ended,
            () = self.hold(&owner, &until) => Ended::Lost,
            () = stopped_for(stop, self.settings.grace) => Ended::Stopped,
        };
        match ended {
            Ended::Stopped => {
                let released = self.ports.cursors.release_cursor(&self.name, &owner);
                if let Err(error) = in_time(self.settings.lease / 3, released).await {
                    // It is free again when the lease runs out.
                    tracing::warn!(error = %Chain(&error), "a cursor could not be given back");
                }
            }
            Ended::Lost => tracing::warn!(name = self.name, "the lease of a cursor ran out"),
        }
    }

    /// Renews the lease until it is lost.
    async fn hold(&self, owner: &str, until: &Mutex<OffsetDateTime>) {
        loop {
            tokio::time::sleep(self.settings.lease / 3).await;
            let lease = self.lease(owner.to_owned());
            let renewed = self.ports.cursors.renew_cursor(&self.name, &lease);
            match in_time(self.settings.lease / 3, renewed).await {
                Ok(true) => *until.lock().unwrap_or_else(PoisonError::into_inner) = lease.until,
                Ok(false) => return,
                Err(error) => {
                    tracing::warn!(error = %Chain(&error), "a lease could not be renewed");
                    if self.has_run_out(until) {
                        return;
                    }
                }
            }
        }
    }

    async fn pass_on(
        &self,
        mut cursor: i64,
        owner: &str,
        until: &Mutex<OffsetDateTime>,
        stop: &CancellationToken,
    ) -> Ended {
        let mut news = News::new(self.last.clone(), self.settings.poll);
        let mut failures = 0;
        while !stop.is_cancelled() {
            // A process that stood still for long would otherwise publish beside another.
            if self.has_run_out(until) {
                return Ended::Lost;
            }
            news.looks();
            match self.pass_some_on(cursor, owner).await {
                Ok(Some(Passed::Nothing)) => tokio::select! {
                    () = news.wait() => {}
                    () = stop.cancelled() => {}
                },
                Ok(Some(Passed::UpTo(last))) => cursor = last,
                Ok(None) => return Ended::Lost,
                Err(error) => {
                    let name = &self.name;
                    tracing::warn!(name, error = %Chain(&*error), "events could not be passed on");
                    tokio::select! {
                        () = tokio::time::sleep(AFTER_ERROR.pause(failures)) => {}
                        () = stop.cancelled() => {}
                    }
                    failures += 1;
                    continue;
                }
            }
            failures = 0;
        }
        Ended::Stopped
    }

    /// The next events, if there are any. The cursor is kept once the broker has acknowledged all of
    /// them; nothing is answered if it is not this process's any more.
    async fn pass_some_on(&self, cursor: i64, owner: &str) -> Result<Option<Passed>, Failed> {
        let BroadcasterPorts { feed, cursors, publisher } = &self.ports;
        let patience = self.settings.lease;
        let events = in_time(patience, feed.all_events(cursor, BATCH)).await?;
        let Some(last) = events.last().map(|event| event.overall) else {
            return Ok(Some(Passed::Nothing));
        };
        let bodies = events.iter().map(standard).collect::<Result<Vec<_>, _>>()?;
        let published: Vec<_> =
            events.iter().zip(&bodies).map(|(event, body)| publication(event, body)).collect();
        publisher.publish(&published).await?;
        let saved = in_time(patience, cursors.save_cursor(&self.name, owner, last)).await?;
        Ok(saved.then_some(Passed::UpTo(last)))
    }

    /// What this very process lost and claims again is somebody else's to whoever still holds on.
    fn next_owner(&self) -> String {
        format!("{}-{}", self.owner, self.claims.fetch_add(1, Ordering::Relaxed))
    }

    fn lease(&self, owner: String) -> Lease {
        Lease { owner, until: self.clock.now() + self.settings.lease }
    }

    fn has_run_out(&self, until: &Mutex<OffsetDateTime>) -> bool {
        self.clock.now() >= *until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Passed {
    Nothing,
    UpTo(i64),
}

/// The broker, the store, or an event that cannot be written.
type Failed = Box<dyn std::error::Error + Send + Sync>;

fn publication<'p>(event: &'p Event, body: &'p [u8]) -> Published<'p> {
    let Event { event_id, store_id, kind, trace, .. } = event;
    Published { event_id: *event_id, store_id, kind, body, trace: trace.as_deref() }
}
