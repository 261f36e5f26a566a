use async_trait::async_trait;
use ports::{Clock, Task, TaskKind, UnknownProvider};
use std::{
    borrow::Cow,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use time::OffsetDateTime;

/// What is done with the tasks of one kind.
///
/// The future is dropped when the lease is lost or the process ends; it has to be safe to stop
/// at every await and to begin again.
#[async_trait]
pub trait Work: Send + Sync + 'static {
    fn kind(&self) -> TaskKind;

    async fn carry_out(&self, task: &Task, held: &Held<'_>) -> Result<Next, WorkError>;
}

/// What is to become of a task that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// A commit of the work ended the task or put it in again.
    Committed,
    /// Nothing is left to do, unless the task was put in again meanwhile.
    Done,
    /// Nothing changed; to be looked at again after a pause, as one more try.
    Later(Pause),
    /// Nothing was tried; to be looked at again after a pause with as many tries as before.
    Wait(Pause),
}

/// How long a task is left alone, and what it waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    pub length: Duration,
    /// In words, for people; without anybody's personal data.
    pub why: Cow<'static, str>,
}

impl Next {
    pub fn later(length: Duration, why: impl Into<Cow<'static, str>>) -> Self {
        Self::Later(Pause { length, why: why.into() })
    }

    pub fn wait(length: Duration, why: impl Into<Cow<'static, str>>) -> Self {
        Self::Wait(Pause { length, why: why.into() })
    }
}

/// Why a task could not be carried on. It is tried again after a pause.
#[derive(Debug, thiserror::Error)]
pub enum WorkError {
    #[error(transparent)]
    UseCase(#[from] application::Failure),
    #[error(transparent)]
    Provider(#[from] UnknownProvider),
    #[error("the task names no leg: {0:?}")]
    Subject(String),
    /// Somebody else may have taken the task over.
    #[error("the lease has run out")]
    LeaseLost,
}

/// A lease that runs, and the trace of the command that left the task.
pub struct Held<'p> {
    clock: &'p dyn Clock,
    until: Mutex<OffsetDateTime>,
    trace: Option<String>,
}

impl<'p> Held<'p> {
    pub(crate) fn new(clock: &'p dyn Clock, until: OffsetDateTime, trace: Option<String>) -> Self {
        Self { clock, until: Mutex::new(until), trace }
    }

    /// W3C `traceparent` of the command that left the task.
    pub fn trace(&self) -> Option<String> {
        self.trace.clone()
    }

    /// To be asked right before anything outside is called and before an answer is committed: a
    /// process that stood still for long would otherwise act beside whoever took the task over.
    ///
    /// # Errors
    ///
    /// [`WorkError::LeaseLost`] if the lease has run out.
    pub fn check(&self) -> Result<(), WorkError> {
        if self.has_run_out() { Err(WorkError::LeaseLost) } else { Ok(()) }
    }

    pub(crate) fn has_run_out(&self) -> bool {
        self.clock.now() >= *self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn extend(&self, until: OffsetDateTime) {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }
}
