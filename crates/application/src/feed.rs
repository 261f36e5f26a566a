//! The feed of a store: read in parts, or followed.

mod cursor;
mod watch;

pub use cursor::{Cursor, CursorFault};
pub use watch::Watched;

use crate::{Failure, Tail};
use domain::id::StoreId;
use ports::{EventFeed, EventFilter, Stretch};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// Streams that a store may have open in one process.
const MAX_STREAMS: usize = 100;

#[derive(Clone)]
pub struct Feed {
    events: Arc<dyn EventFeed>,
    tail: Tail,
    open: Open,
}

impl Feed {
    pub fn new(events: Arc<dyn EventFeed>, tail: Tail) -> Self {
        Self { events, tail, open: Open::default() }
    }

    /// At most `limit` events after a cursor.
    ///
    /// # Errors
    ///
    /// [`Failure::Cursor`] if the cursor is none of this feed.
    pub async fn list(
        &self,
        store: &StoreId,
        cursor: Cursor,
        filter: &EventFilter,
        limit: u32,
    ) -> Result<Stretch, Failure> {
        let after = cursor::resolve(&*self.events, store, cursor).await?;
        Ok(self.events.events(store, filter, after, limit).await?)
    }

    /// Every event after a cursor, and then as they come.
    ///
    /// # Errors
    ///
    /// [`Failure::Cursor`] if the cursor is none of this feed, [`Failure::TooManyStreams`].
    pub async fn watch(
        &self,
        store: &StoreId,
        cursor: Cursor,
        filter: EventFilter,
    ) -> Result<Watched, Failure> {
        let place = self.open.enter(store)?;
        let after = cursor::resolve(&*self.events, store, cursor).await?;
        Ok(Watched::new(
            Arc::clone(&self.events),
            self.tail.clone(),
            store.clone(),
            filter,
            after,
            place,
        ))
    }
}

/// How many streams each store has open.
#[derive(Clone, Default)]
struct Open(Arc<Mutex<HashMap<StoreId, usize>>>);

impl Open {
    fn enter(&self, store: &StoreId) -> Result<Place, Failure> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(store.clone()).or_default();
        if *count >= MAX_STREAMS {
            return Err(Failure::TooManyStreams { limit: MAX_STREAMS });
        }
        *count += 1;
        drop(open);
        Ok(Place { open: self.clone(), store: store.clone() })
    }
}

/// One open stream of a store, until it is dropped.
struct Place {
    open: Open,
    store: StoreId,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.open.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.store) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.store);
            }
        }
    }
}
