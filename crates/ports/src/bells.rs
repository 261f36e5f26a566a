use crate::TaskKind;
use std::time::Duration;
use tokio::sync::Notify;

/// By which a store tells the workers of its own process that a commit left tasks: one for each
/// kind; and whoever waits for it, that there are facts to be numbered, events to be read, and credentials that changed. A
/// ring that nobody waits for yet is kept for the next who does.
#[derive(Default)]
pub struct Bells {
    facts: Notify,
    events: Notify,
    credentials: Notify,
    process_order: Notify,
    leg: Notify,
    handover: Notify,
    complete: Notify,
    payout: Notify,
}

impl Bells {
    const fn of(&self, kind: TaskKind) -> &Notify {
        match kind {
            TaskKind::ProcessOrder => &self.process_order,
            TaskKind::Leg => &self.leg,
            TaskKind::Handover => &self.handover,
            TaskKind::Complete => &self.complete,
            TaskKind::Payout => &self.payout,
        }
    }

    pub fn ring(&self, kind: TaskKind) {
        self.of(kind).notify_one();
    }

    /// Returns at the next ring, or when `at_most` has passed.
    pub async fn wait(&self, kind: TaskKind, at_most: time::Duration) {
        heard(self.of(kind), at_most).await;
    }

    /// Facts were committed.
    pub fn committed(&self) {
        self.facts.notify_one();
    }

    /// Events can be read.
    pub fn published(&self) {
        self.events.notify_one();
    }

    /// A token, a session or somebody who logs in is not what it was.
    pub fn credentials_changed(&self) {
        self.credentials.notify_one();
    }

    /// Returns once a credential changed.
    pub async fn wait_for_credentials(&self) {
        self.credentials.notified().await;
    }

    /// Returns after a commit with facts, or when `at_most` has passed.
    pub async fn wait_for_facts(&self, at_most: time::Duration) {
        heard(&self.facts, at_most).await;
    }

    /// Returns once events came, or when `at_most` has passed.
    pub async fn wait_for_events(&self, at_most: time::Duration) {
        heard(&self.events, at_most).await;
    }
}

async fn heard(bell: &Notify, at_most: time::Duration) {
    let at_most: Duration = at_most.try_into().unwrap_or_default();
    // Which of the two it was does not matter to the caller.
    tokio::time::timeout(at_most, bell.notified()).await.ok();
}
