//! Looks into what payment providers told.

use crate::{Backoff, limit::in_time};
use application::{Caller, LookedInto, Notices as Steps};
use domain::Actor;
use ports::{Chain, Clock, Inbox, KeptNotice, Lease, NoticeAbout};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Notices that are looked into in one go.
const BATCH: u32 = 100;

/// Those that were looked into are forgotten so many at a time, and so often.
const FORGOTTEN: u32 = 10_000;
const FORGET_EVERY: Duration = Duration::from_mins(10);

#[derive(Debug, Clone, Copy)]
pub struct NoticeSettings {
    /// How long notices are a process's that took them up.
    pub lease: Duration,
    /// How often the inbox is looked at.
    pub poll: Duration,
    /// Pauses before a notice is looked into again whose leg or payment is not there yet.
    pub again: Backoff,
    /// How long one waits that tells of a payment for its order to come in: whoever began to pay and
    /// left is told of as well.
    pub unknown_payments: Duration,
    /// How long one is known after it was looked into, should it come again.
    pub keep: Duration,
}

impl Default for NoticeSettings {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(10),
            poll: Duration::from_millis(100),
            again: Backoff::new(Duration::from_secs(1), Duration::from_hours(1)),
            unknown_payments: Duration::from_hours(72),
            keep: Duration::from_hours(30 * 24),
        }
    }
}

/// Looks into notices. Any number of processes may run one.
pub struct Notices {
    steps: Steps,
    inbox: Arc<dyn Inbox>,
    clock: Arc<dyn Clock>,
    settings: NoticeSettings,
    owner: String,
    claims: AtomicU64,
}

impl Notices {
    /// `owner` comes from [`crate::owner`], once per process.
    pub fn new(
        steps: Steps,
        inbox: Arc<dyn Inbox>,
        clock: Arc<dyn Clock>,
        settings: NoticeSettings,
        owner: impl Into<String>,
    ) -> Self {
        Self { steps, inbox, clock, settings, owner: owner.into(), claims: AtomicU64::new(0) }
    }

    /// Works until `stop`; what is at hand then is somebody else's once the lease has run out.
    pub async fn run(self, stop: CancellationToken) {
        tracing::info!(owner = self.owner, "notices of payment providers are looked into");
        let mut forget_at = Instant::now() + FORGET_EVERY;
        while !stop.is_cancelled() {
            if Instant::now() >= forget_at {
                forget_at += FORGET_EVERY;
                let before = self.clock.now() - self.settings.keep;
                let forgotten = self.inbox.forget_notices(before, FORGOTTEN);
                if let Err(error) = in_time(self.settings.lease, forgotten).await {
                    tracing::warn!(error = %Chain(&error), "old notices could not be forgotten");
                }
            }
            let more = match stop.run_until_cancelled(self.round()).await {
                None => break,
                Some(Ok(count)) => u32::try_from(count).is_ok_and(|count| count >= BATCH),
                Some(Err(error)) => {
                    tracing::warn!(error = %Chain(&error), "notices could not be looked into");
                    false
                }
            };
            if !more {
                stop.run_until_cancelled(tokio::time::sleep(self.settings.poll)).await;
            }
        }
    }

    /// Looks into what is due, and answers how many there were.
    async fn round(&self) -> Result<usize, ports::StoreError> {
        let now = self.clock.now();
        let owner = format!("{}-{}", self.owner, self.claims.fetch_add(1, Ordering::Relaxed));
        let lease = Lease { owner, until: now + self.settings.lease };
        let claim = self.inbox.claim_notices(&lease, now, BATCH);
        let claimed = in_time(self.settings.lease, claim).await?;
        for kept in &claimed {
            // The rest is somebody else's by now.
            if self.clock.now() >= lease.until {
                break;
            }
            self.look_into(kept, &lease.owner).await?;
        }
        Ok(claimed.len())
    }

    async fn look_into(&self, kept: &KeptNotice, owner: &str) -> Result<(), ports::StoreError> {
        let key = kept.notice.key();
        let (provider, event_id) = (&key.provider, &key.event_id);
        let caller = Caller { actor: Actor::worker("notices"), trace: None };
        let why = match self.steps.look_into(&caller, &kept.notice).await {
            Ok(LookedInto::Done) => {
                self.inbox.finish_notice(&key, owner, self.clock.now()).await?;
                return Ok(());
            }
            Ok(LookedInto::NotYet(why)) => {
                let patience = match kept.notice.about {
                    NoticeAbout::Payment { .. } => Some(self.settings.unknown_payments),
                    // A person has looked it up by then, or never will.
                    NoticeAbout::Unread { .. } => Some(self.settings.keep),
                    NoticeAbout::Leg { .. } | NoticeAbout::Dispute { .. } => None,
                };
                let now = self.clock.now();
                if patience.is_some_and(|patience| kept.taken_at + patience < now) {
                    tracing::info!(provider, event_id, why, "a notice is waited for no more");
                    self.inbox.finish_notice(&key, owner, now).await?;
                    return Ok(());
                }
                tracing::info!(provider, event_id, why, "a notice has to wait");
                why
            }
            Err(error) => {
                tracing::warn!(provider, event_id, error = %Chain(&error), "a notice has to wait");
                error.to_string()
            }
        };
        let due_at = self.clock.now() + self.settings.again.pause(kept.tries);
        self.inbox.put_aside(&key, owner, due_at, &why).await?;
        Ok(())
    }
}
