//! A provider that does another thing than it was asked.

use super::world::{World, eur, seconds};
use crate::{LegSettings, Legs};
use async_trait::async_trait;
use domain::{
    Currency,
    order::Tender,
    refund::{LegFailure, LegState, RefundState},
};
use payments::names::SANDBOX;
use ports::{OrderKey, PaymentOrder, PaymentOutcome, PaymentProvider, PaymentStatus};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU32, Ordering},
};

/// Answers the call, and then what it is asked, by a script.
pub(super) struct Odd {
    answer: PaymentOutcome,
    pub found: Mutex<Result<Option<PaymentOutcome>, LegFailure>>,
    calls: AtomicU32,
}

impl Odd {
    pub fn new(answer: PaymentOutcome, found: PaymentOutcome) -> Arc<Self> {
        let (found, calls) = (Mutex::new(Ok(Some(found))), AtomicU32::new(0));
        Arc::new(Self { answer, found, calls })
    }

    /// In the sandbox's place.
    pub fn worker(self: &Arc<Self>, world: &World) -> Legs {
        let providers = world.providers().with(SANDBOX, self.clone());
        Legs::new(world.steps(), providers, world.clock.clone(), LegSettings::default())
    }
}

#[async_trait]
impl PaymentProvider for Odd {
    async fn status(
        &self,
        _: &OrderKey,
        tender: &Tender,
        _: Currency,
    ) -> Result<PaymentStatus, LegFailure> {
        Ok(PaymentStatus::Captured(tender.amount))
    }

    async fn release(&self, order: &PaymentOrder) -> PaymentOutcome {
        self.refund(order).await
    }

    async fn refund(&self, _: &PaymentOrder) -> PaymentOutcome {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.answer.clone()
    }

    async fn find(&self, _: &PaymentOrder) -> Result<Option<PaymentOutcome>, LegFailure> {
        self.found.lock().unwrap().clone()
    }
}

fn mismatch() -> PaymentOutcome {
    PaymentOutcome::Mismatch {
        reference: "re_1".to_owned(),
        asked: "25.00 EUR".to_owned(),
        said: "26.00 EUR".to_owned(),
    }
}

const SAID: &str = "not booked, a person has to look: the provider says 26.00 EUR as re_1, \
                    25.00 EUR was asked";

#[tokio::test(start_paused = true)]
async fn an_amount_that_differs_is_not_booked_and_never_sent_again() {
    let later = PaymentOutcome::Accepted { reference: "re_1".to_owned() };
    let down = LegFailure { code: "DOWN".to_owned(), message: "is down".to_owned() };
    for (answer, state) in [
        (mismatch(), LegState::Sent),
        (PaymentOutcome::Unknown, LegState::Unknown),
        (later, LegState::Accepted),
    ] {
        let world = World::new().await;
        let odd = Odd::new(answer, mismatch());
        let worker = world.start("w1", odd.worker(&world));
        let refund_id = world.refunded("o1", &[(SANDBOX, "p1", "25.00")]).await;
        // Whatever else it says meanwhile: it had it.
        for found in [Ok(Some(mismatch())), Err(down.clone()), Ok(None)] {
            *odd.found.lock().unwrap() = found;
            let refund = world.settled("o1", refund_id, seconds(600)).await;
            assert_eq!((refund.state, refund.legs[0].state), (RefundState::Pending, state));
            let left = world.order("o1").await.books().unwrap().tenders;
            assert_eq!(left, [eur("25.00")], "its amount stays held");
            let waiting = world.waiting().await;
            assert_eq!(waiting[0].task.why.as_deref(), Some(SAID));
            assert_eq!(odd.calls.load(Ordering::SeqCst), 1);
        }
        // Until somebody puts it right.
        let right = PaymentOutcome::Settled { reference: "re_2".to_owned() };
        *odd.found.lock().unwrap() = Ok(Some(right));
        let refund = world.settled("o1", refund_id, seconds(600)).await;
        worker.stop().await;
        assert_eq!(refund.state, RefundState::Succeeded);
        assert_eq!(odd.calls.load(Ordering::SeqCst), 1);
    }
}
