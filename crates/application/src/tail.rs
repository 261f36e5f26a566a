//! The end of the feed, as this process follows it: once for all who wait for events.

use domain::id::StoreId;
use ports::{Chain, Event, EventFeed};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use time::Duration;
use tokio::sync::{broadcast, watch};

/// How often the feed is looked at for what other processes wrote, while somebody listens.
const LOOK: Duration = Duration::milliseconds(25);
/// While all that is wanted is to know that something came.
const GLANCE: Duration = Duration::milliseconds(100);
/// While nobody waits, and after an error.
const REST: Duration = Duration::seconds(1);
/// Events that are read in one go.
const PAGE: u32 = 1_000;
/// Events that whoever listens may be behind before they have to read for themselves.
const BEHIND: usize = 1_024;

/// Follows the feed. Clones share what they follow.
#[derive(Clone)]
pub struct Tail {
    feed: Arc<dyn EventFeed>,
    listeners: Arc<Mutex<Listeners>>,
    last: Arc<watch::Sender<i64>>,
}

type Listeners = HashMap<StoreId, broadcast::Sender<Arc<Event>>>;

impl Tail {
    pub fn new(feed: Arc<dyn EventFeed>) -> Self {
        Self { feed, listeners: Arc::default(), last: Arc::new(watch::Sender::new(0)) }
    }

    /// The last position over all stores that this process knows of; it changes as events come.
    pub fn last(&self) -> watch::Receiver<i64> {
        self.last.subscribe()
    }

    /// Every event of a store from now on, by its position.
    pub fn listen(&self, store: &StoreId) -> broadcast::Receiver<Arc<Event>> {
        let mut listeners = self.listeners();
        listeners.retain(|_, sender| sender.receiver_count() > 0);
        let fresh = || broadcast::Sender::new(BEHIND);
        let receiver = listeners.entry(store.clone()).or_insert_with(fresh).subscribe();
        drop(listeners);
        receiver
    }

    /// Follows the feed until it is dropped. What cannot be read is stepped over, and left to those
    /// who want it.
    pub async fn follow(&self) {
        let mut known = None;
        loop {
            let pause = match self.step(known).await {
                Ok((last, more)) => {
                    known = Some(last);
                    if more {
                        continue;
                    }
                    self.pause()
                }
                Err(error) => {
                    known = None;
                    tracing::warn!(error = %Chain(&error), "the feed could not be followed");
                    tokio::time::sleep(REST.unsigned_abs()).await;
                    continue;
                }
            };
            self.feed.published(pause).await;
        }
    }

    /// What came after a position, to whoever listens. Answers the last position, and whether there
    /// may be more.
    async fn step(&self, known: Option<i64>) -> Result<(i64, bool), ports::StoreError> {
        let Some(known) = known else {
            let last = self.feed.last_overall().await?;
            // What came until here was told to nobody: whoever listens reads it for themselves.
            self.listeners().clear();
            self.last.send_replace(last);
            return Ok((last, false));
        };
        let events = self.feed.all_events(known, PAGE).await?;
        let more = u32::try_from(events.len()).is_ok_and(|count| count >= PAGE);
        let last = events.last().map_or(known, |event| event.overall);
        for event in events {
            let listener = self.listeners().get(&event.store_id).cloned();
            if let Some(listener) = listener {
                // Nobody may be listening any more.
                listener.send(Arc::new(event)).ok();
            }
        }
        if last != known {
            self.last.send_replace(last);
        }
        Ok((last, more))
    }

    fn pause(&self) -> Duration {
        if self.listeners().values().any(|sender| sender.receiver_count() > 0) {
            LOOK
        } else if self.last.receiver_count() > 0 {
            GLANCE
        } else {
            REST
        }
    }

    fn listeners(&self) -> MutexGuard<'_, Listeners> {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
