//! What comes after the cursor.

use super::Courier;
use crate::limit::in_time;
use domain::event::TYPES;
use ports::{EventFilter, Stretch};
use std::sync::Arc;

/// Events that are read at once, and none while so many may be sent: an endpoint that does not
/// answer is to take little room.
const PAGE: usize = 200;

impl Courier {
    /// Begins to read, if there may be something and there is room.
    pub(super) fn read_on(&mut self) {
        let Self { post, books, .. } = &*self;
        let room = post.settings.ahead.max(1).saturating_sub(books.window.len()).min(PAGE);
        let no_need = self.lanes.fresh() >= PAGE || self.is_full();
        if !self.more || room == 0 || self.reading.is_some() || no_need {
            return;
        }
        self.news.looks();
        let wanted = TYPES.into_iter().filter(|kind| self.endpoint.wants(kind));
        let wanted: Vec<_> = wanted.collect();
        let types = if wanted.len() == TYPES.len() { Vec::new() } else { wanted };
        let filter = EventFilter { types, order_id: None };
        let (feed, store_id) = (Arc::clone(&self.post.feed), self.endpoint.store_id.clone());
        let (after, limit) = (self.books.window.seen(), u32::try_from(room).unwrap_or(u32::MAX));
        let patience = self.post.settings.lease;
        self.reading = Some(Box::pin(async move {
            in_time(patience, feed.events(&store_id, &filter, after, limit)).await
        }));
    }

    pub(super) fn read(&mut self, stretch: Stretch) {
        let now = self.post.clock.now();
        self.more = stretch.more;
        for event in stretch.events {
            if !self.endpoint.wants(event.kind) || self.known.remove(&event.event_id) {
                continue;
            }
            self.idle_since = None;
            self.books.window.begin(event.position);
            if let Some(waits) = self.lanes.add(Arc::new(event), now) {
                self.books.enter(waits);
            }
        }
        self.books.window.saw(stretch.seen);
    }
}
