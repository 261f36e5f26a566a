use crate::{
    Backoff,
    payments::Payments,
    stops::{Point, Stops},
    work::{Held, Next, Work, WorkError},
};
use application::{Caller, Failure, Processing};
use async_trait::async_trait;
use domain::{
    Actor,
    cancellation::CancellationReason,
    order::{Order, OrderState, Tender, TenderState},
    screening::{Check, CheckState, Finding, Screening as Wanted, Verdict},
};
use ports::{Chain, Clock, Opinion, OrderView, Providers, Screenings, Subject, Task, TaskKind};
use std::{sync::Arc, time::Duration};

/// Pauses between looks at an order that waits for nothing of its own, such as for its store to
/// want a check no more. With the jitter at most a minute.
const WAITING: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(48));
/// Tries up to which those pauses grow.
const WAITING_TRIES: u32 = 6;

/// Until a task that nothing is to be done for is looked at again. There is none, unless somebody
/// put one in by hand.
const IDLE: Duration = Duration::from_hours(1);

#[derive(Debug, Clone, Copy)]
pub struct ProcessSettings {
    /// How long a provider or a check may take to answer.
    pub call_timeout: Duration,
    /// Pauses between looks at an order whose payment is not confirmed, or which a person has to
    /// look at. Whoever reports the payment or decides need not wait for them: that puts the task
    /// in anew.
    pub backoff: Backoff,
    /// An order that is not paid so long after it was made is cancelled.
    pub unpaid_after: Duration,
    /// Payments of an order that was cancelled as unpaid are asked for so much longer: what comes
    /// in goes back.
    pub late_payments: Duration,
}

impl Default for ProcessSettings {
    fn default() -> Self {
        Self {
            call_timeout: Duration::from_secs(10),
            backoff: Backoff::new(Duration::from_secs(1), Duration::from_hours(1)),
            unpaid_after: Duration::from_hours(72),
            late_payments: Duration::from_hours(72),
        }
    }
}

/// Makes received orders ready, or cancels them: asks the providers for their payments, has every
/// check made that the order has to pass, one after the other and each committed on its own, and
/// lets the order go on once all is clear (L2 to L6).
pub struct ProcessOrder {
    payments: Payments,
    screenings: Screenings,
    clock: Arc<dyn Clock>,
    settings: ProcessSettings,
    stops: Stops,
}

/// One look at one order.
struct Look<'l> {
    caller: Caller,
    task: &'l Task,
    held: &'l Held<'l>,
}

impl ProcessOrder {
    pub fn new(
        processing: Processing,
        providers: Providers,
        screenings: Screenings,
        clock: Arc<dyn Clock>,
        settings: ProcessSettings,
    ) -> Self {
        let call_timeout = settings.call_timeout;
        let payments = Payments { processing, providers, call_timeout };
        Self { payments, screenings, clock, settings, stops: Stops::default() }
    }

    /// Ends the process, or hangs, at a named point. For tests.
    #[cfg(any(test, feature = "failpoints"))]
    #[must_use]
    pub fn stopping(mut self, stops: Stops) -> Self {
        self.stops = stops;
        self
    }

    /// L3: a payment failed, an authorisation lapsed, or nobody ever paid. What was authorised is
    /// asked for again once the order has waited: it may have lapsed meanwhile.
    async fn pay(&self, look: &Look<'_>, order: &Order) -> Result<Result<Order, Next>, WorkError> {
        let key = &look.task.key;
        let age = Duration::try_from(self.clock.now() - order.created_at).unwrap_or_default();
        let may_have_lapsed = look.task.attempts > 0 || age >= MAY_HAVE_LAPSED;
        let wanted = |tender: &Tender| match tender.state {
            TenderState::Pending => true,
            TenderState::Authorized => may_have_lapsed,
            TenderState::Captured | TenderState::Failed => false,
        };
        let asked = self.payments.ask(&look.caller, key, order, wanted).await?;
        self.stops.reach(Point::OrderPaymentsAsked).await;
        let order = asked.order;
        if has_failed(&order) {
            return self.cancel(look, CancellationReason::PaymentFailed).await.map(Err);
        }
        let Some(open) = order.tenders.iter().find(|tender| !tender.is_confirmed()) else {
            return Ok(Ok(order));
        };
        // Whether it was paid is for its provider to say.
        if age >= self.settings.unpaid_after && asked.unclear.is_none() {
            tracing::info!(tender_id = %open.tender_id, "nobody paid in time");
            return self.cancel(look, CancellationReason::PaymentFailed).await.map(Err);
        }
        let why = asked
            .unclear
            .unwrap_or_else(|| format!("tender {} is {}", open.tender_id, open.state.name()));
        let until_unpaid = self.settings.unpaid_after.saturating_sub(age).max(ONE_SECOND);
        let pause = self.settings.backoff.pause(look.task.attempts).min(until_unpaid);
        Ok(Err(Next::later(pause, why)))
    }

    /// A buyer may pay while the order is cancelled as unpaid, or after that.
    async fn look_for_late_payments(
        &self,
        look: &Look<'_>,
        order: &Order,
    ) -> Result<Next, WorkError> {
        let key = &look.task.key;
        let asked = self.payments.ask(&look.caller, key, order, Tender::is_open).await?;
        self.stops.reach(Point::OrderPaymentsAsked).await;
        let order = asked.order;
        if !order.awaits_payment() {
            return Ok(Next::Committed);
        }
        let accepted = order.cancellations.iter().filter_map(|it| it.accepted.as_ref());
        let since = accepted.map(|it| it.at).max().unwrap_or(order.created_at);
        let waited = Duration::try_from(self.clock.now() - since).unwrap_or_default();
        // A provider that does not say what became of it has twice the time.
        let limit = self.settings.late_payments * if asked.unclear.is_none() { 1 } else { 2 };
        if waited >= limit {
            look.held.check()?;
            self.payments.give_up(&look.caller, key, &order).await?;
            return Ok(Next::Committed);
        }
        let left = limit.saturating_sub(waited).max(ONE_SECOND);
        let pause = self.settings.backoff.pause(look.task.attempts).min(left);
        let why = "a payment may still come in, and would go back".to_owned();
        Ok(Next::later(pause, asked.unclear.unwrap_or(why)))
    }

    /// L4 to L6: every check that is pending, in turn. One that failed cancels at once.
    async fn screen(
        &self,
        look: &Look<'_>,
        view: &OrderView,
        mut order: Order,
        wanted: &Wanted,
    ) -> Result<Result<Order, Next>, WorkError> {
        let key = &look.task.key;
        // What it goes by of the order never changes.
        let wanted = wanted.wanted(&order);
        for check in order.screening.iter().map(|it| it.check).collect::<Vec<_>>() {
            if order.screened(check).is_none_or(|it| it.state != CheckState::Pending) {
                continue;
            }
            let opinion = if wanted.contains(&check) {
                let subject = Subject { order: &order, personal: view.personal.as_ref() };
                match self.opinion(check, subject).await {
                    Ok(opinion) => opinion,
                    Err(why) => return Ok(Err(wait(look.task, why))),
                }
            } else {
                not_wanted()
            };
            self.stops.reach(Point::OrderChecked).await;
            look.held.check()?;
            log(check, &opinion);
            let recorded =
                self.payments.processing.record_screening(&look.caller, key, check, &opinion);
            order = match recorded.await {
                Ok(order) => order,
                Err(Failure::Rejected(_)) => return Ok(Err(overtaken(look.task))),
                Err(failure) => return Err(failure.into()),
            };
            self.stops.reach(Point::OrderCheckCommitted).await;
            if let Some(next) = self.cancel_failed(look, &order).await? {
                return Ok(Err(next));
            }
        }
        Ok(Ok(order))
    }

    /// The inner error says what it waits for.
    async fn opinion(&self, check: Check, subject: Subject<'_>) -> Result<Opinion, String> {
        let Some(adapter) = self.screenings.get(check) else {
            return Err(format!("{} cannot be checked: it is not configured here", check.name()));
        };
        let answer = tokio::time::timeout(self.settings.call_timeout, adapter.check(subject)).await;
        match answer {
            Ok(Ok(opinion)) => Ok(opinion),
            Ok(Err(error)) => {
                tracing::warn!(check = check.name(), error = %Chain(&error), "a check broke off");
                Err(format!("{} cannot be checked now", check.name()))
            }
            Err(_) => Err(format!("{} does not answer", check.name())),
        }
    }

    async fn cancel_failed(
        &self,
        look: &Look<'_>,
        order: &Order,
    ) -> Result<Option<Next>, WorkError> {
        match order.screening.iter().find(|it| it.state == CheckState::Failed) {
            Some(failed) => self.cancel(look, failed.check.reason()).await.map(Some),
            None => Ok(None),
        }
    }

    async fn cancel(&self, look: &Look<'_>, reason: CancellationReason) -> Result<Next, WorkError> {
        self.stops.reach(Point::OrderCancelling).await;
        match self.payments.processing.cancel(&look.caller, &look.task.key, reason).await {
            Ok(()) => {
                self.stops.reach(Point::OrderCancelled).await;
                Ok(Next::Committed)
            }
            Err(Failure::Rejected(_)) => Ok(overtaken(look.task)),
            Err(failure) => Err(failure.into()),
        }
    }

    fn for_a_person(&self, look: &Look<'_>, check: Check) -> Next {
        let pause = self.settings.backoff.pause(look.task.attempts);
        Next::later(pause, format!("{} is in REVIEW: a person has to decide", check.name()))
    }

    async fn make_ready(&self, look: &Look<'_>) -> Result<Next, WorkError> {
        self.stops.reach(Point::OrderClear).await;
        look.held.check()?;
        match self.payments.processing.mark_ready(&look.caller, &look.task.key).await {
            Ok(()) => {
                self.stops.reach(Point::OrderReady).await;
                Ok(Next::Committed)
            }
            Err(Failure::Rejected(_)) => Ok(overtaken(look.task)),
            Err(failure) => Err(failure.into()),
        }
    }
}

/// No authorisation is shorter; one that is older is asked for before the order goes on.
const MAY_HAVE_LAPSED: Duration = Duration::from_mins(1);

const ONE_SECOND: Duration = Duration::from_secs(1);

fn has_failed(order: &Order) -> bool {
    order.tenders.iter().any(|tender| tender.state == TenderState::Failed)
}

fn not_wanted() -> Opinion {
    let text = "the store does not want this check of this order any more";
    Opinion { verdict: Verdict::Clear, findings: vec![Finding::new("settings", text)] }
}

fn log(check: Check, opinion: &Opinion) {
    let rules: Vec<&str> = opinion.findings.iter().map(|it| it.rule.as_str()).collect();
    let verdict = CheckState::from(opinion.verdict).name();
    tracing::info!(check = check.name(), verdict, rules = rules.join(", "), "an order was checked");
}

/// Somebody else was faster; the next look will tell.
fn overtaken(task: &Task) -> Next {
    wait(task, "somebody else changed the order")
}

/// Looks again within a minute. The tries grow no further, so that a payment that is to be asked
/// for afterwards is not put off by the time that the order has waited.
fn wait(task: &Task, why: impl Into<std::borrow::Cow<'static, str>>) -> Next {
    let pause = WAITING.pause(task.attempts);
    if task.attempts < WAITING_TRIES { Next::later(pause, why) } else { Next::wait(pause, why) }
}

#[async_trait]
impl Work for ProcessOrder {
    fn kind(&self) -> TaskKind {
        TaskKind::ProcessOrder
    }

    async fn carry_out(&self, task: &Task, held: &Held<'_>) -> Result<Next, WorkError> {
        self.stops.reach(Point::OrderClaimed).await;
        let caller = Caller { actor: Actor::worker("process-order"), trace: held.trace() };
        let look = Look { caller, task, held };
        let found = self.payments.processing.order(&task.key).await?;
        let Some((view, store)) = found else {
            return Ok(Next::wait(IDLE, "there is no such order"));
        };
        if view.order.is_cancelled_for_good() && view.order.awaits_payment() {
            return self.look_for_late_payments(&look, &view.order).await;
        }
        // Whatever moved the order on has ended the task, unless somebody put it in beside that. If an
        // undo has put it in anew since this was read, it is not ours to end any more.
        if view.order.state != OrderState::Received {
            return Ok(Next::Done);
        }
        if has_failed(&view.order) {
            return self.cancel(&look, CancellationReason::PaymentFailed).await;
        }
        if let Some(next) = self.cancel_failed(&look, &view.order).await? {
            return Ok(next);
        }
        let order = match self.pay(&look, &view.order).await? {
            Ok(order) => order,
            Err(next) => return Ok(next),
        };
        let wanted = &store.state.settings.screening;
        let order = match self.screen(&look, &view, order, wanted).await? {
            Ok(order) => order,
            Err(next) => return Ok(next),
        };
        match order.screening.iter().find(|it| it.state != CheckState::Clear) {
            Some(open) => Ok(self.for_a_person(&look, open.check)),
            None => self.make_ready(&look).await,
        }
    }
}
