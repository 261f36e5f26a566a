use super::{
    super::{
        lanes::Lanes,
        tenure::{Lost, Tenure},
        window::Window,
    },
    Boxed, Post, outcome,
};
use crate::{Backoff, limit::in_time};
use domain::id::EventId;
use ports::{Chain, Delivery, Outlook, Progress, StoreError};
use std::{collections::HashSet, sync::Arc, time::Duration};
use time::OffsetDateTime;
use tokio::time::Instant;

/// Outcomes that were not kept yet before nothing is sent any more: all of them are sent again
/// after a crash.
const UNKEPT: usize = 1_000;

/// The cursor may be so far ahead of the one that was kept last before it is kept for itself.
const UNKEPT_CURSOR: i64 = 1_000;

const AFTER_ERROR: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));

/// What came of the work and is to be kept: in the order in which it happened, one part at a time.
pub(super) struct Books {
    pub window: Window,
    unkept: Vec<Delivery>,
    keeping: Option<Boxed<Kept>>,
    /// As it was kept last.
    standing: Option<Standing>,
    kept_cursor: i64,
    failures: u32,
    again_at: Option<Instant>,
    /// Since when everything in here counts: what is due at once was due then.
    since: OffsetDateTime,
    /// When somebody has to come for what was not loaded.
    left_over: Option<OffsetDateTime>,
}

pub(super) type Kept = (Progress, Result<Option<i64>, StoreError>);
type Standing = (i64, Outlook, i64);

impl Books {
    pub const fn at(cursor: i64) -> Self {
        Self {
            window: Window::at(cursor),
            unkept: Vec::new(),
            keeping: None,
            standing: None,
            kept_cursor: cursor,
            failures: 0,
            again_at: None,
            since: OffsetDateTime::UNIX_EPOCH,
            left_over: None,
        }
    }

    /// What was begun and is not settled counts as not begun. Everything else was kept.
    pub fn begin_anew(&mut self, now: OffsetDateTime, left_over: Option<OffsetDateTime>) {
        self.window = Window::at(self.window.cursor());
        (self.since, self.left_over) = (now, left_over);
    }

    /// How a delivery is from now on. Its event is settled.
    pub fn enter(&mut self, delivery: Delivery) {
        self.window.settle(delivery.position);
        self.unkept.push(delivery);
    }

    /// When there is something to do. While messages are on their way that would be at once, should
    /// this process be no more.
    pub fn outlook(&self, lanes: &Lanes, full: bool) -> Outlook {
        let at_once = lanes.is_sending() || lanes.is_ready(false);
        let next = at_once.then_some(self.since).into_iter().chain(lanes.next_due());
        Outlook { due_at: next.chain(self.left_over).min(), full }
    }

    /// Whether further messages may be sent.
    pub fn may_go_on(&self) -> bool {
        self.failures == 0 && self.unkept.len() < UNKEPT
    }

    /// Whether everything was kept.
    pub const fn are_closed(&self) -> bool {
        self.unkept.is_empty() && self.keeping.is_none() && self.again_at.is_none()
    }

    /// After an error: when it is tried again.
    pub const fn tries_again_at(&self) -> Option<Instant> {
        self.again_at
    }

    /// Keeps what happened since the last time, unless that is still under way. At the end also
    /// where everything stands, though nothing happened.
    pub fn keep_if_needed(
        &mut self,
        tenure: &Tenure,
        post: &Post,
        outlook: Outlook,
        touched: i64,
        at_the_end: bool,
    ) {
        let cursor = self.window.cursor();
        let standing = (cursor, outlook, touched);
        let moved = at_the_end && self.standing != Some(standing);
        let needed = !self.unkept.is_empty() || moved || cursor >= self.kept_cursor + UNKEPT_CURSOR;
        if !needed {
            (self.failures, self.again_at) = (0, None);
            return;
        }
        if self.keeping.is_some() || self.again_at.is_some_and(|at| at > Instant::now()) {
            return;
        }
        self.again_at = None;
        let deliveries = latest(std::mem::take(&mut self.unkept));
        let progress = Progress { deliveries, cursor, outlook, touched };
        let (key, owner) = (tenure.key.clone(), tenure.owner.clone());
        let (deliveries, patience) = (Arc::clone(&post.deliveries), post.settings.lease);
        self.keeping = Some(Box::pin(async move {
            let kept = in_time(patience, deliveries.keep(&key, &owner, &progress)).await;
            (progress, kept)
        }));
    }

    /// What became of what is being kept.
    pub async fn kept(&mut self) -> Kept {
        outcome(&mut self.keeping).await
    }

    /// How often the endpoint was touched, if it was kept.
    pub fn was_kept(&mut self, (progress, kept): Kept) -> Result<Option<i64>, Lost> {
        match kept {
            Ok(Some(touched)) => {
                self.failures = 0;
                self.kept_cursor = progress.cursor;
                self.standing = Some((progress.cursor, progress.outlook, progress.touched));
                Ok(Some(touched))
            }
            Ok(None) => Err(Lost),
            Err(error) => {
                tracing::warn!(error = %Chain(&error), "deliveries could not be kept");
                self.again_at = Some(Instant::now() + AFTER_ERROR.pause(self.failures));
                self.failures += 1;
                // It may have been kept all the same, which does no harm.
                let since = std::mem::replace(&mut self.unkept, progress.deliveries);
                self.unkept.extend(since);
                Ok(None)
            }
        }
    }
}

/// Each delivery as it was at last.
fn latest(mut entered: Vec<Delivery>) -> Vec<Delivery> {
    let mut later: HashSet<EventId> = HashSet::new();
    entered.reverse();
    entered.retain(|delivery| later.insert(delivery.event_id));
    entered.reverse();
    entered
}
