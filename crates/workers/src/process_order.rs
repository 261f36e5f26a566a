use crate::{
    Backoff,
    work::{Held, Next, Work, WorkError},
};
use application::{Caller, Failure, Processing};
use async_trait::async_trait;
use domain::{
    Actor, Currency,
    cancellation::CancellationReason,
    order::{Order, OrderState, PaymentReport, Tender, TenderState},
};
use ports::{OrderKey, PaymentStatus, Providers, Task, TaskKind};
use std::time::Duration;

/// Pauses between looks at an order that waits for nothing of its own, such as for its store to
/// want no screening any more. With the jitter at most a minute.
const WAITING: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(48));
/// Tries up to which those pauses grow.
const WAITING_TRIES: u32 = 6;

/// Until a task that nothing is to be done for is looked at again. There is none, unless somebody
/// put one in by hand.
const IDLE: Duration = Duration::from_hours(1);

#[derive(Debug, Clone, Copy)]
pub struct ProcessSettings {
    /// How long a provider may take to answer.
    pub call_timeout: Duration,
    /// Pauses between looks at an order whose payment is not confirmed. Whoever reports it need
    /// not wait for them: the report puts the task in anew.
    pub backoff: Backoff,
}

impl Default for ProcessSettings {
    fn default() -> Self {
        Self {
            call_timeout: Duration::from_secs(10),
            backoff: Backoff::new(Duration::from_secs(1), Duration::from_hours(1)),
        }
    }
}

/// Makes received orders ready: asks the providers for payments that are not confirmed, and lets
/// an order go on once all are and its store wants no screening. One whose payment has failed is
/// cancelled.
pub struct ProcessOrder {
    processing: Processing,
    providers: Providers,
    settings: ProcessSettings,
}

impl ProcessOrder {
    pub const fn new(
        processing: Processing,
        providers: Providers,
        settings: ProcessSettings,
    ) -> Self {
        Self { processing, providers, settings }
    }

    /// L3.
    async fn cancel(&self, caller: &Caller, task: &Task) -> Result<Next, WorkError> {
        let reason = CancellationReason::PaymentFailed;
        match self.processing.cancel(caller, &task.key, reason).await {
            Ok(()) => Ok(Next::Committed),
            // Somebody else was faster; the next look will tell.
            Err(Failure::Rejected(_)) => Ok(wait(task)),
            Err(failure) => Err(failure.into()),
        }
    }

    /// Asks for every payment that is pending, and books what moved.
    async fn ask(&self, caller: &Caller, key: &OrderKey, order: Order) -> Result<Order, WorkError> {
        let mut after = order.clone();
        let pending =
            |tender: &&Tender| tender.state == TenderState::Pending && !tender.amount.is_zero();
        for tender in order.tenders.iter().filter(pending) {
            let currency = order.customer_currency;
            let Some(report) = self.status(key, tender, currency).await else { continue };
            match self.processing.record_payment(caller, key, report).await {
                Ok(order) => after = order,
                // Somebody else reported the payment meanwhile, or it says what cannot be.
                Err(Failure::Rejected(rejection)) => tracing::warn!(
                    tender_id = %tender.tender_id,
                    rejection = %rejection,
                    "what a provider says about a payment was refused"
                ),
                Err(failure) => return Err(failure.into()),
            }
        }
        Ok(after)
    }

    /// `None` if nothing is known that was not known before.
    async fn status(
        &self,
        key: &OrderKey,
        tender: &Tender,
        currency: Currency,
    ) -> Option<PaymentReport> {
        let provider = match self.providers.get(&tender.provider) {
            Ok(provider) => provider,
            Err(error) => {
                tracing::warn!(tender_id = %tender.tender_id, %error, "a payment cannot be asked for");
                return None;
            }
        };
        let asked = provider.status(key, tender, currency);
        let (state, amount) = match tokio::time::timeout(self.settings.call_timeout, asked).await {
            Ok(Ok(PaymentStatus::Pending)) => return None,
            Ok(Ok(PaymentStatus::Authorized(amount))) => (TenderState::Authorized, Some(amount)),
            Ok(Ok(PaymentStatus::Captured(amount))) => (TenderState::Captured, Some(amount)),
            Ok(Ok(PaymentStatus::Failed)) => (TenderState::Failed, None),
            Ok(Err(failure)) => {
                let code = failure.code;
                tracing::info!(tender_id = %tender.tender_id, code, "a provider cannot be asked now");
                return None;
            }
            Err(_) => {
                tracing::info!(tender_id = %tender.tender_id, "a provider does not answer");
                return None;
            }
        };
        Some(PaymentReport {
            tender_id: tender.tender_id.clone(),
            state,
            amount,
            provider_reference: None,
        })
    }
}

fn has_failed(order: &Order) -> bool {
    order.tenders.iter().any(|tender| tender.state == TenderState::Failed)
}

/// Looks again within a minute. The tries grow no further, so that a payment that is to be asked
/// for afterwards is not put off by the time that the order has waited.
fn wait(task: &Task) -> Next {
    let pause = WAITING.pause(task.attempts);
    if task.attempts < WAITING_TRIES { Next::Later(pause) } else { Next::Wait(pause) }
}

#[async_trait]
impl Work for ProcessOrder {
    fn kind(&self) -> TaskKind {
        TaskKind::ProcessOrder
    }

    async fn carry_out(&self, task: &Task, held: &Held<'_>) -> Result<Next, WorkError> {
        let key = &task.key;
        let caller = Caller { actor: Actor::worker("process-order"), trace: held.trace() };
        // Whatever moved the order on has ended the task. It is not ended here: since this was
        // read, an undo may have put it in anew.
        let nothing_to_do = Ok(Next::Wait(IDLE));
        let Some((order, settings)) = self.processing.order(key).await? else {
            return nothing_to_do;
        };
        if order.state != OrderState::Received {
            return nothing_to_do;
        }
        if has_failed(&order) {
            return self.cancel(&caller, task).await;
        }
        if !settings.screening.is_off() {
            // Its store may change its mind, and nobody tells the order.
            return Ok(wait(task));
        }
        let order = self.ask(&caller, key, order).await?;
        if has_failed(&order) {
            return self.cancel(&caller, task).await;
        }
        if !order.tenders.iter().all(Tender::is_confirmed) {
            return Ok(Next::Later(self.settings.backoff.pause(task.attempts)));
        }
        match self.processing.mark_ready(&caller, key).await {
            Ok(()) => Ok(Next::Committed),
            // Somebody else was faster; the next look will tell.
            Err(Failure::Rejected(_)) => Ok(wait(task)),
            Err(failure) => Err(failure.into()),
        }
    }
}
