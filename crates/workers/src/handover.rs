use crate::{
    Backoff,
    backoff::jittered,
    stops::{Point, Stops},
    work::{Held, Next, Work, WorkError},
};
use application::{Caller, Failure, Handovers, Processing, Tried};
use async_trait::async_trait;
use domain::{
    Actor,
    cancellation::CancellationReason,
    order::{ExternalIds, FailureClass, Handover, HandoverOutcome, HandoverState, OrderState},
    store::{Handover as Target, HandoverExhausted},
};
use ports::{Clock, OrderView, Push, PushFailure, StorefrontBackend, Storefronts, Task, TaskKind};
use std::{sync::Arc, time::Duration};
use time::OffsetDateTime;

/// Pauses between questions whether the shop has an order that it should not have.
const QUESTIONS: Backoff = Backoff::new(Duration::from_secs(30), Duration::from_hours(1));

/// Pauses between looks at an order whose store is not plug & play any more.
const WAITING: Backoff = Backoff::new(Duration::from_secs(10), Duration::from_mins(10));

/// Pauses after somebody else was faster, or after an answer that was no news.
const OVERTAKEN: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_hours(1));

/// Until a task that nothing is to be done for is looked at again.
const IDLE: Duration = Duration::from_hours(1);

#[derive(Debug, Clone, Copy)]
pub struct HandoverSettings {
    /// How long one call of a shop may take in all. What is still on its way after that is in
    /// doubt.
    pub call_timeout: Duration,
    /// What was sent may arrive so long after nobody waits for its answer any more: that the shop
    /// does not have it means nothing before.
    pub grace: Duration,
}

impl Default for HandoverSettings {
    fn default() -> Self {
        Self { call_timeout: Duration::from_secs(30), grace: Duration::from_secs(15) }
    }
}

/// Pushes ready orders into their shops' own systems (L12 to L15, L23).
///
/// That the shop is about to be called is committed before it is, and whoever finds an order so
/// asks the shop before pushing it again: a lost answer or a crash never makes a second order.
pub struct HandOver {
    steps: Handovers,
    processing: Processing,
    storefronts: Storefronts,
    clock: Arc<dyn Clock>,
    settings: HandoverSettings,
    stops: Stops,
}

/// One look at one order.
struct Look<'l> {
    caller: Caller,
    task: &'l Task,
    held: &'l Held<'l>,
    view: &'l OrderView,
    handover: &'l Handover,
    target: &'l Target,
    shop: &'l dyn StorefrontBackend,
}

impl HandOver {
    pub fn new(
        steps: Handovers,
        processing: Processing,
        storefronts: Storefronts,
        clock: Arc<dyn Clock>,
        settings: HandoverSettings,
    ) -> Self {
        Self { steps, processing, storefronts, clock, settings, stops: Stops::default() }
    }

    /// Ends the process, or hangs, at a named point. For tests.
    #[cfg(any(test, feature = "failpoints"))]
    #[must_use]
    pub fn stopping(mut self, stops: Stops) -> Self {
        self.stops = stops;
        self
    }

    /// One try by the schedule. The shop is asked first if it was ever called for this order.
    async fn attempt(&self, look: &Look<'_>) -> Result<Next, WorkError> {
        if look.handover.starts > 0 {
            let asked_at = self.clock.now();
            match self.find(look).await {
                Ok(Some(external)) => return self.taken(look, external).await,
                Ok(None) => {
                    if let Some(next) = self.on_its_way(look, asked_at) {
                        return Ok(next);
                    }
                }
                // What could not be asked does not make it any more certain.
                Err(failure) => {
                    let in_doubt = look.handover.in_doubt;
                    return self.failed(look, PushFailure { in_doubt, ..failure }).await;
                }
            }
        }
        look.held.check()?;
        let key = &look.task.key;
        let (turn, target) = (look.handover.turn(), look.target.place());
        let turn = match self.steps.start(&look.caller, key, turn, &target).await {
            Ok(turn) => turn,
            // Cancelled, accepted by hand, or somebody else pushes it.
            Err(Failure::Rejected(_)) => return Ok(overtaken(look.task)),
            Err(failure) => return Err(failure.into()),
        };
        self.stops.reach(Point::HandoverStarted).await;
        look.held.check()?;
        let pushed = look.shop.push(look.push());
        let answer = tokio::time::timeout(self.settings.call_timeout, pushed).await;
        self.stops.reach(Point::HandoverPushed).await;
        let started = Handover { starts: turn.starts, ..look.handover.clone() };
        let look = Look { handover: &started, caller: look.caller.clone(), ..*look };
        match answer.unwrap_or_else(|_| Err(no_answer())) {
            Ok(external) => self.taken(&look, external).await,
            Err(failure) => self.failed(&look, failure).await,
        }
    }

    async fn find(&self, look: &Look<'_>) -> Result<Option<ExternalIds>, PushFailure> {
        let found = look.shop.find(look.push());
        let found = tokio::time::timeout(self.settings.call_timeout, found).await;
        self.stops.reach(Point::HandoverFound).await;
        found.unwrap_or_else(|_| Err(no_answer()))
    }

    /// That the shop did not have an order when it was asked is no answer if a push of it may have
    /// arrived later. One that nobody has recorded the end of may still be being sent.
    fn on_its_way(&self, look: &Look<'_>, asked_at: OffsetDateTime) -> Option<Next> {
        let is_over =
            matches!(look.handover.state, HandoverState::Retrying | HandoverState::Exhausted);
        let sent_by = if is_over { Duration::ZERO } else { self.settings.call_timeout };
        let arrived_by = look.view.order.updated_at + sent_by + self.settings.grace;
        let waits = look.handover.in_doubt && asked_at < arrived_by;
        let left = Duration::try_from(arrived_by - self.clock.now()).unwrap_or_default();
        waits.then(|| Next::wait(left, "a push may still be on its way to the shop"))
    }

    /// That the shop has it stays true whoever has the task by now.
    async fn taken(&self, look: &Look<'_>, external: ExternalIds) -> Result<Next, WorkError> {
        let next_at = self.next_at(look, None);
        self.tell(look, HandoverOutcome::Taken(external), next_at).await
    }

    async fn failed(&self, look: &Look<'_>, failure: PushFailure) -> Result<Next, WorkError> {
        look.held.check()?;
        let PushFailure { class, cause, in_doubt, retry_after } = failure;
        tracing::info!(class = class.name(), cause, "the shop did not take an order");
        let next_at = self.next_at(look, retry_after);
        let outcome = HandoverOutcome::Failed { class, cause, next_at, in_doubt };
        self.tell(look, outcome, next_at).await
    }

    async fn tell(
        &self,
        look: &Look<'_>,
        outcome: HandoverOutcome,
        next_at: Option<OffsetDateTime>,
    ) -> Result<Next, WorkError> {
        let (turn, exhausted) = (look.handover.turn(), look.target.exhausted);
        let tried = Tried { turn, outcome, next_at, exhausted };
        self.record(&look.caller, look.task, tried).await
    }

    async fn record(&self, caller: &Caller, task: &Task, tried: Tried) -> Result<Next, WorkError> {
        let changed = self.steps.record(caller, &task.key, &tried).await?;
        self.stops.reach(Point::HandoverRecorded).await;
        Ok(if changed { Next::Committed } else { overtaken(task) })
    }

    /// When the schedule has the next try, or the shop wants it, whichever is later.
    fn next_at(&self, look: &Look<'_>, retry_after: Option<Duration>) -> Option<OffsetDateTime> {
        let wait = look.target.wait_after(look.handover.tries + 1)?;
        let wait = jittered(Duration::from_secs(wait.into())).max(retry_after.unwrap_or_default());
        Some(self.clock.now() + wait)
    }

    /// The shop that may have it cannot be asked any more, and another is not to get it as well. It
    /// is for a person to look, whatever the store says of orders that cannot be handed over.
    async fn elsewhere(
        &self,
        caller: &Caller,
        task: &Task,
        handover: &Handover,
    ) -> Result<Next, WorkError> {
        let pushed = handover.pushed_to.as_deref().unwrap_or("the shop that it was sent to");
        let cause = format!(
            "the order may have come to {pushed}, which is not the store's shop any more: look \
             there, then have it tried again or accept it by hand"
        );
        let class = FailureClass::RejectedOther;
        let outcome = HandoverOutcome::Failed { class, cause, next_at: None, in_doubt: false };
        let (turn, exhausted) = (handover.turn(), HandoverExhausted::Notify);
        let tried = Tried { turn, outcome, next_at: None, exhausted };
        self.record(caller, task, tried).await
    }

    /// Nothing is pushed any more; but what was pushed may be there. L15 if the store wants it.
    async fn look_for(&self, look: &Look<'_>) -> Result<Next, WorkError> {
        let asked_at = self.clock.now();
        let asked = if look.handover.in_doubt { self.find(look).await } else { Ok(None) };
        let unknown = asked.is_err();
        if let Ok(Some(external)) = asked {
            return self.taken(look, external).await;
        }
        if !unknown && let Some(next) = self.on_its_way(look, asked_at) {
            return Ok(next);
        }
        // If the shop did not answer, it is asked on after this.
        let exhausted = look.view.order.state == OrderState::Ready;
        if exhausted
            && look.target.exhausted == HandoverExhausted::Cancel
            && self.cancel(look).await?
        {
            return Ok(Next::later(QUESTIONS.pause(0), "the order was cancelled"));
        }
        if unknown {
            let why = "the shop may have the order all the same, and does not answer";
            return Ok(Next::later(QUESTIONS.pause(look.task.attempts), why));
        }
        self.tell(look, HandoverOutcome::Absent, None).await
    }

    /// Whether it could be: what was shipped cannot, nor what a person has put back meanwhile.
    async fn cancel(&self, look: &Look<'_>) -> Result<bool, WorkError> {
        self.stops.reach(Point::HandoverCancelling).await;
        let reason = CancellationReason::HandoverFailed;
        match self.processing.cancel(&look.caller, &look.task.key, reason).await {
            Ok(()) => Ok(true),
            Err(Failure::Rejected(rejection)) => {
                tracing::warn!(%rejection, "an order that could not be handed over stays");
                Ok(false)
            }
            Err(failure) => Err(failure.into()),
        }
    }
}

impl<'l> Look<'l> {
    fn push(&self) -> Push<'l> {
        let OrderView { order, personal, .. } = self.view;
        Push { order, personal: personal.as_ref(), target: self.target }
    }
}

fn no_answer() -> PushFailure {
    PushFailure {
        class: FailureClass::Transient,
        cause: "the shop did not answer in time".to_owned(),
        in_doubt: true,
        retry_after: None,
    }
}

/// Whoever did that has looked after the task; if it is still ours, it is looked at again.
fn overtaken(task: &Task) -> Next {
    Next::later(OVERTAKEN.pause(task.attempts), "somebody else changed the order")
}

#[async_trait]
impl Work for HandOver {
    fn kind(&self) -> TaskKind {
        TaskKind::Handover
    }

    async fn carry_out(&self, task: &Task, held: &Held<'_>) -> Result<Next, WorkError> {
        self.stops.reach(Point::HandoverClaimed).await;
        let caller = Caller { actor: Actor::worker("handover"), trace: held.trace() };
        let found = self.processing.order(&task.key).await?;
        let Some((view, store)) = found else {
            return Ok(Next::wait(IDLE, "there is no such order"));
        };
        let Some(handover) = &view.order.handover else {
            return Ok(Next::wait(IDLE, "there is nothing to do"));
        };
        let Some(target) = &store.state.settings.handover else {
            if view.order.state != OrderState::Ready && handover.in_doubt {
                return self.elsewhere(&caller, task, handover).await;
            }
            let why = "the store is not plug & play any more";
            return Ok(Next::later(WAITING.pause(task.attempts), why));
        };
        let Some(shop) = self.storefronts.get(&target.adapter) else {
            let why = format!("no adapter {:?} is configured here", target.adapter);
            tracing::warn!(adapter = target.adapter, "a shop's adapter is not configured");
            return Ok(Next::later(WAITING.pause(task.attempts), why));
        };
        if handover.may_be_elsewhere(&target.place()) {
            return self.elsewhere(&caller, task, handover).await;
        }
        let look = Look { caller, task, held, view: &view, handover, target, shop };
        match (view.order.state, handover.state) {
            (
                OrderState::Ready,
                HandoverState::Queued | HandoverState::Retrying | HandoverState::InFlight,
            ) => self.attempt(&look).await,
            (OrderState::Ready, HandoverState::Exhausted) => self.look_for(&look).await,
            _ if handover.in_doubt => self.look_for(&look).await,
            _ => Ok(Next::wait(IDLE, "there is nothing to do")),
        }
    }
}
