use crate::{
    Backoff,
    payments::Payments,
    stops::{Point, Stops},
    work::{Held, Next, Work, WorkError},
};
use application::{Caller, Failure, Processing};
use async_trait::async_trait;
use domain::{
    Actor, Reason,
    order::{OrderState, Tender, TenderState},
};
use ports::{Providers, Task, TaskKind};
use std::time::Duration;

/// Pauses between questions whether a payment is captured. Whoever reports it need not wait.
const QUESTIONS: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_hours(1));

/// Until a task that nothing is to be done for is looked at again.
const IDLE: Duration = Duration::from_hours(1);

/// Finishes orders that are in their shop's own system, once nothing is left to capture (L17).
pub struct Complete {
    payments: Payments,
    stops: Stops,
}

impl Complete {
    /// `call_timeout`: how long a provider may take to answer.
    pub fn new(processing: Processing, providers: Providers, call_timeout: Duration) -> Self {
        let payments = Payments { processing, providers, call_timeout };
        Self { payments, stops: Stops::default() }
    }

    /// Ends the process, or hangs, at a named point. For tests.
    #[cfg(any(test, feature = "failpoints"))]
    #[must_use]
    pub fn stopping(mut self, stops: Stops) -> Self {
        self.stops = stops;
        self
    }
}

#[async_trait]
impl Work for Complete {
    fn kind(&self) -> TaskKind {
        TaskKind::Complete
    }

    async fn carry_out(&self, task: &Task, held: &Held<'_>) -> Result<Next, WorkError> {
        self.stops.reach(Point::CompleteClaimed).await;
        let caller = Caller { actor: Actor::worker("complete"), trace: held.trace() };
        let key = &task.key;
        let found = self.payments.processing.order(key).await?;
        let Some((view, _)) = found.filter(|(view, _)| view.order.state == OrderState::Accepted)
        else {
            return Ok(Next::wait(IDLE, "there is nothing to do"));
        };
        let open = |it: &Tender| matches!(it.state, TenderState::Pending | TenderState::Authorized);
        self.payments.ask(&caller, key, &view.order, open).await?;
        match self.payments.processing.complete(&caller, key).await {
            Ok(()) => {
                self.stops.reach(Point::Completed).await;
                Ok(Next::Committed)
            }
            Err(Failure::Rejected(no)) if no.reason == Reason::PaymentNotCaptured => {
                Ok(Next::later(QUESTIONS.pause(task.attempts), no.message))
            }
            Err(Failure::Rejected(_)) => {
                Ok(Next::later(Duration::from_secs(1), "somebody else changed the order"))
            }
            Err(failure) => Err(failure.into()),
        }
    }
}
