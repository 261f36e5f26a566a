//! How an endpoint stands in the store.

use super::{super::lanes::Lanes, Courier};
use crate::limit::in_time;
use ports::{Chain, MAX_PENDING, StoreError};
use std::{sync::Arc, time::Duration};

/// Pending deliveries that are loaded: all of them, unless somebody asks for one test after the
/// other. What is left is loaded by a later courier.
const LOADED: u32 = MAX_PENDING + 5_000;
const LATER: time::Duration = time::Duration::MINUTE;

const AFTER_ERROR: Duration = Duration::from_secs(1);

impl Courier {
    /// Everything as it stands in the store now. Answers whether the endpoint is to be served.
    pub(super) async fn reload(&mut self) -> bool {
        self.loaded = *self.touched.borrow_and_update();
        let (post, key) = (&self.post, &self.tenure.key);
        match in_time(post.settings.lease, post.deliveries.endpoint(key)).await {
            Ok(Some(endpoint)) if endpoint.disabled.is_none() => {
                self.endpoint = Arc::new(endpoint);
            }
            Ok(_) => return false,
            Err(error) => return not_loaded(&error).await,
        }
        self.load().await
    }

    /// What was not taken yet, and what of it comes after the cursor. Answers whether it is known.
    pub(super) async fn load(&mut self) -> bool {
        let (post, key) = (&self.post, &self.tenure.key);
        let backlog = post.deliveries.backlog(key, LOADED);
        let backlog = match in_time(post.settings.lease, backlog).await {
            Ok(backlog) => backlog,
            Err(error) => return not_loaded(&error).await,
        };
        let now = post.clock.now();
        let left_over = u32::try_from(backlog.pending.len()).is_ok_and(|count| count >= LOADED);
        self.books.begin_anew(now, left_over.then(|| now + LATER));
        let cursor = self.books.window.cursor();
        let ahead = backlog.pending.iter().filter(|delivery| delivery.position > cursor);
        self.known = ahead.map(|delivery| delivery.event_id).chain(backlog.delivered).collect();
        self.lanes = Lanes::restored(backlog.pending, now);
        (self.more, self.idle_since) = (true, None);
        true
    }
}

/// The next who claims the endpoint tries it again, but not at once.
async fn not_loaded(error: &StoreError) -> bool {
    tracing::warn!(error = %Chain(error), "an endpoint could not be loaded");
    tokio::time::sleep(AFTER_ERROR).await;
    false
}
