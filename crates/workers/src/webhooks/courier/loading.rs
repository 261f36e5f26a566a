//! How an endpoint stands in the store.

use super::{super::lanes::Lanes, Courier};
use crate::limit::in_time;
use ports::{Chain, StoreError};
use std::{sync::Arc, time::Duration};

const AFTER_ERROR: Duration = Duration::from_secs(1);

impl Courier {
    /// Everything as it stands in the store now. Answers whether the endpoint is to be served.
    pub(super) async fn reload(&mut self) -> bool {
        self.loaded = *self.touched.borrow_and_update();
        let (post, key) = (&self.post, &self.tenure.key);
        match in_time(post.settings.lease, post.deliveries.endpoint(key)).await {
            Ok(Some(endpoint)) if endpoint.disabled.is_none() => {
                if endpoint.version != self.endpoint.version {
                    self.books.end_quiet();
                }
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
        let backlog = match in_time(post.settings.lease, post.deliveries.backlog(key)).await {
            Ok(backlog) => backlog,
            Err(error) => return not_loaded(&error).await,
        };
        let now = post.clock.now();
        let cursor = self.books.window.cursor();
        let ahead = backlog.pending.iter().filter(|delivery| delivery.position > cursor);
        self.known = ahead.map(|delivery| delivery.event_id).chain(backlog.delivered).collect();
        let (wanted, unwanted): (Vec<_>, Vec<_>) = (backlog.pending.into_iter())
            .partition(|delivery| delivery.asked || self.endpoint.wants(delivery.kind));
        self.books.begin_anew(now, unwanted.into_iter().map(|it| it.event_id).collect());
        self.lanes = Lanes::restored(wanted, now);
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
