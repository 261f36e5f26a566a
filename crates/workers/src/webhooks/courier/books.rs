use super::{
    super::{
        AFTER_ERROR,
        lanes::Lanes,
        tenure::{Lost, Tenure},
        window::Window,
    },
    Boxed, Post, outcome,
};
use crate::limit::in_time;
use domain::id::EventId;
use ports::{Chain, Delivery, Outlook, Progress, StoreError};
use std::{collections::HashMap, sync::Arc};
use time::OffsetDateTime;
use tokio::time::Instant;

/// Outcomes that were not kept yet before nothing is sent any more: all of them are sent again
/// after a crash.
const UNKEPT: usize = 1_000;

/// The cursor may be so far ahead of the one that was kept last before it is kept for itself.
const UNKEPT_CURSOR: i64 = 1_000;

/// What came of the work and is to be kept: in the order in which it happened, one part at a time.
pub(super) struct Books {
    pub window: Window,
    unkept: Vec<Delivery>,
    /// Of what was loaded: what the endpoint does not want any more.
    unwanted: Vec<EventId>,
    keeping: Option<Boxed<Kept>>,
    /// As it was kept last.
    standing: Option<Standing>,
    kept_cursor: i64,
    failures: u32,
    again_at: Option<Instant>,
    /// Since when everything in here counts: what is due at once was due then.
    since: OffsetDateTime,
    /// The endpoint wants to be left alone until then.
    quiet_until: Option<OffsetDateTime>,
}

pub(super) type Kept = (Progress, Result<Option<i64>, StoreError>);
type Standing = (i64, Outlook, i64);

impl Books {
    pub const fn at(cursor: i64) -> Self {
        Self {
            window: Window::at(cursor),
            unkept: Vec::new(),
            unwanted: Vec::new(),
            keeping: None,
            standing: None,
            kept_cursor: cursor,
            failures: 0,
            again_at: None,
            since: OffsetDateTime::UNIX_EPOCH,
            quiet_until: None,
        }
    }

    /// What was begun and is not settled counts as not begun. Everything else was kept.
    pub fn begin_anew(&mut self, now: OffsetDateTime, unwanted: Vec<EventId>) {
        self.window = Window::at(self.window.cursor());
        (self.since, self.unwanted) = (now, unwanted);
    }

    /// Nothing is to be begun before then.
    pub fn leave_alone(&mut self, until: OffsetDateTime) {
        self.quiet_until = self.quiet_until.max(Some(until));
    }

    /// Somebody changed the endpoint: what it asked for before counts no more.
    pub const fn end_quiet(&mut self) {
        self.quiet_until = None;
    }

    /// Until when nothing is to be begun, if that is not over.
    pub fn quiet_until(&self, now: OffsetDateTime) -> Option<OffsetDateTime> {
        self.quiet_until.filter(|until| now < *until)
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
        Outlook { due_at: next.min(), full, quiet_until: self.quiet_until }
    }

    /// Whether further messages may be sent.
    pub fn may_go_on(&self) -> bool {
        self.failures == 0 && self.unkept.len() < UNKEPT
    }

    /// Whether everything was kept.
    pub const fn are_closed(&self) -> bool {
        let all = self.unkept.is_empty() && self.unwanted.is_empty();
        all && self.keeping.is_none() && self.again_at.is_none()
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
        let some = !self.unkept.is_empty() || !self.unwanted.is_empty();
        let needed = some || moved || cursor >= self.kept_cursor + UNKEPT_CURSOR;
        if !needed {
            (self.failures, self.again_at) = (0, None);
            return;
        }
        if self.keeping.is_some() || self.again_at.is_some_and(|at| at > Instant::now()) {
            return;
        }
        self.again_at = None;
        let deliveries = latest(std::mem::take(&mut self.unkept));
        let unwanted = std::mem::take(&mut self.unwanted);
        let progress = Progress { deliveries, unwanted, cursor, outlook, touched };
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
                self.unwanted.extend(progress.unwanted);
                Ok(None)
            }
        }
    }
}

/// Each delivery as it was at last, with every try since it was kept.
fn latest(entered: Vec<Delivery>) -> Vec<Delivery> {
    let mut places: HashMap<EventId, usize> = HashMap::new();
    let mut latest: Vec<Delivery> = Vec::new();
    for mut delivery in entered {
        let place = *places.entry(delivery.event_id).or_insert(latest.len());
        match latest.get_mut(place) {
            Some(earlier) => {
                let attempts = std::mem::take(&mut earlier.attempts);
                delivery.attempts.splice(..0, attempts);
                *earlier = delivery;
            }
            None => latest.push(delivery),
        }
    }
    latest
}
