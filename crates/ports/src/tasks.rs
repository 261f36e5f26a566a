//! Work that a commit leaves behind, and leases on it.

use crate::{OrderKey, Page, PageRequest, StoreError};
use async_trait::async_trait;
use domain::id::{OrderId, StoreId};
use time::{Duration, OffsetDateTime};

/// Ends the subject of a task that looks at a leg, whatever it has come to.
pub const LOOK: &str = ":look";

/// What is to be done. Tasks of one kind and subject exist once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TaskKind {
    /// Look whether a received order may become ready. The subject is empty.
    ProcessOrder,
    /// Carry a leg of a refund on. The subject is the leg id; with [`LOOK`] behind it the leg is
    /// not carried on, and its provider is only asked how it stands.
    Leg,
    /// Push a ready order into its shop's own system. The subject is empty.
    Handover,
    /// Finish an accepted order once nothing is left to capture. The subject is empty.
    Complete,
    /// A person pays a leg out and confirms it. The subject is the leg id. No worker takes it: it is
    /// there to be listed.
    Payout,
}

impl TaskKind {
    pub const ALL: [Self; 5] =
        [Self::ProcessOrder, Self::Leg, Self::Handover, Self::Complete, Self::Payout];

    /// The stable name, as stored.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ProcessOrder => "process_order",
            Self::Leg => "leg",
            Self::Handover => "handover",
            Self::Complete => "complete",
            Self::Payout => "payout",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    pub key: OrderKey,
    pub kind: TaskKind,
    pub subject: String,
    pub due_at: OffsetDateTime,
    /// Tries so far, for the backoff.
    pub attempts: u32,
    /// What it waits for, in words, once somebody has looked at it.
    pub why: Option<String>,
}

/// A task as it stands in the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingTask {
    pub task: Task,
    /// Since when there is something to do.
    pub since: OffsetDateTime,
    /// Until when somebody works on it, if somebody does or did.
    pub held_until: Option<OffsetDateTime>,
}

/// Where a task stands in the list of its store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskOrigin {
    pub order_id: OrderId,
    pub kind: TaskKind,
    pub subject: String,
}

impl WaitingTask {
    pub fn origin(&self) -> TaskOrigin {
        let Task { key, kind, subject, .. } = &self.task;
        TaskOrigin { order_id: key.order_id.clone(), kind: *kind, subject: subject.clone() }
    }
}

/// Who works on a task, and until when it is theirs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Names the worker's process and run, so that a restarted one is somebody else.
    pub owner: String,
    pub until: OffsetDateTime,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedTask {
    pub task: Task,
    pub lease: Lease,
    /// W3C `traceparent` of the command that left the task.
    pub trace: Option<String>,
}

/// What a worker has room for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'w> {
    pub kind: TaskKind,
    /// At most so many.
    pub limit: u32,
    /// None of these stores', of which enough is carried out already.
    pub except: &'w [StoreId],
}

impl Wanted<'_> {
    /// Whichever store's they are.
    pub const fn of(kind: TaskKind, limit: u32) -> Self {
        Self { kind, limit, except: &[] }
    }
}

/// The queue of work. Putting in and taking out is part of a commit; here tasks are leased.
#[async_trait]
pub trait Tasks: Send + Sync {
    /// Leases tasks that are due and that nobody holds a running lease on, the longest due first.
    /// Two callers never get the same task while its lease runs.
    async fn claim(
        &self,
        wanted: Wanted<'_>,
        lease: &Lease,
        now: OffsetDateTime,
    ) -> Result<Vec<ClaimedTask>, StoreError>;

    /// Extends a lease that is still its owner's; `false` if it is not any more.
    async fn renew(&self, task: &Task, lease: &Lease) -> Result<bool, StoreError>;

    /// Hands a task back with the time, the attempts and the words that it has now, if the lease
    /// is still its owner's.
    async fn release(&self, task: &Task, owner: &str) -> Result<(), StoreError>;

    /// Takes a task out of which nothing is left to do, if the lease is still its owner's. One that
    /// was put in again meanwhile stays.
    async fn finish(&self, task: &Task, owner: &str) -> Result<(), StoreError>;

    /// What waits in a store, by order, name of the kind and subject: of these kinds, or of all if none
    /// is named.
    async fn waiting(
        &self,
        store: &StoreId,
        kinds: &[TaskKind],
        page: PageRequest<TaskOrigin>,
    ) -> Result<Page<WaitingTask, TaskOrigin>, StoreError>;

    /// Returns once tasks may be due: after a commit of this process that put one in, or when
    /// `at_most` has passed.
    async fn wait(&self, kind: TaskKind, at_most: Duration);
}
