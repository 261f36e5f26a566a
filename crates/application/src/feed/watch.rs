use super::{CursorFault, Place};
use crate::{Failure, Tail};
use domain::id::StoreId;
use ports::{Event, EventFeed, EventFilter, Fence};
use std::{collections::VecDeque, sync::Arc};
use tokio::sync::broadcast::{self, error::RecvError};

/// Events that are read in one go while a reader catches up.
const PAGE: u32 = 500;

/// A reader of a store's feed. Nothing is read ahead of it but one page.
pub struct Watched {
    feed: Arc<dyn EventFeed>,
    tail: Tail,
    store: StoreId,
    filter: EventFilter,
    /// Up to here everything was given or passed over.
    seen: i64,
    ready: VecDeque<Arc<Event>>,
    /// What comes by itself; none while there is more to be read.
    live: Option<broadcast::Receiver<Arc<Event>>>,
    _place: Place,
}

impl Watched {
    pub(super) const fn new(
        feed: Arc<dyn EventFeed>,
        tail: Tail,
        store: StoreId,
        filter: EventFilter,
        seen: i64,
        place: Place,
    ) -> Self {
        let ready = VecDeque::new();
        Self { feed, tail, store, filter, seen, ready, live: None, _place: place }
    }

    /// The next event, once there is one. Cancel safe.
    ///
    /// # Errors
    ///
    /// [`Failure::Store`], or [`Failure::Cursor`] if the feed is shorter than it was. What was given
    /// stays given.
    pub async fn next(&mut self) -> Result<Arc<Event>, Failure> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(event);
            }
            match &mut self.live {
                None => self.catch_up().await?,
                Some(live) => match live.recv().await {
                    // What this process has at hand is behind the fence as what is stored is.
                    Ok(event) if !Fence::lets_see(&event.store_id) => {}
                    Ok(event) if event.position <= self.seen => {}
                    Ok(event) if event.position == self.seen + 1 => {
                        self.seen = event.position;
                        if self.filter.matches(&event) {
                            return Ok(event);
                        }
                    }
                    // Something came before it that was not heard, or too much was.
                    Ok(_) | Err(RecvError::Lagged(_) | RecvError::Closed) => self.live = None,
                },
            }
        }
    }

    /// Reads a page. Whoever is at the end listens from before that on, so that nothing falls
    /// between the two.
    async fn catch_up(&mut self) -> Result<(), Failure> {
        let live = self.tail.listen(&self.store);
        let stretch = self.feed.events(&self.store, &self.filter, self.seen, PAGE).await?;
        self.seen = stretch.seen;
        self.ready.extend(stretch.events.into_iter().map(Arc::new));
        if !stretch.more {
            let last = self.feed.last_position(&self.store).await?;
            if last < self.seen {
                return Err(Failure::Cursor(CursorFault::EpochChanged { last }));
            }
            self.live = Some(live);
        }
        Ok(())
    }
}
