//! A provider that does another thing than it was asked.

use super::world::{World, eur, seconds};
use crate::{LegSettings, Legs};
use async_trait::async_trait;
use domain::{
    Currency,
    order::{Command, Tender},
    refund::{LegFailure, LegMismatch, LegState, RefundState},
};
use payments::names::SANDBOX;
use ports::{
    Clock as _, NoAnswer, OrderKey, PaymentOrder, PaymentOutcome, PaymentProvider, PaymentStatus,
    Providers,
};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU32, Ordering},
};

/// Answers the call, and then what it is asked, by a script.
pub(super) struct Odd {
    answer: PaymentOutcome,
    pub found: Mutex<Result<Option<PaymentOutcome>, NoAnswer>>,
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
    ) -> Result<PaymentStatus, NoAnswer> {
        Ok(PaymentStatus::Captured(tender.amount))
    }

    async fn release(&self, order: &PaymentOrder) -> PaymentOutcome {
        self.refund(order).await
    }

    async fn refund(&self, _: &PaymentOrder) -> PaymentOutcome {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.answer.clone()
    }

    async fn find(&self, _: &PaymentOrder) -> Result<Option<PaymentOutcome>, NoAnswer> {
        self.found.lock().unwrap().clone()
    }
}

fn mismatch() -> PaymentOutcome {
    let [reference, asked, said] = ["re_1", "25.00 EUR", "26.00 EUR"].map(str::to_owned);
    PaymentOutcome::Mismatch(LegMismatch { reference, asked, said })
}

const SAID: &str = "not booked, a person has to look: the provider says 26.00 EUR as re_1, \
                    25.00 EUR was asked";

#[tokio::test(start_paused = true)]
async fn an_amount_that_differs_is_not_booked_and_never_sent_again() {
    let later = PaymentOutcome::Accepted { reference: "re_1".to_owned() };
    let down = LegFailure { code: "DOWN".to_owned(), message: "is down".to_owned() };
    let down = NoAnswer::Down(down);
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

/// What a task waits for is words, and a mark is not: an error of the worker writes over the words.
#[tokio::test(start_paused = true)]
async fn an_error_takes_no_mark_off_a_leg() {
    let world = World::new().await;
    let odd = Odd::new(PaymentOutcome::Unknown, mismatch());
    let worker = world.start("w1", odd.worker(&world));
    let refund_id = world.refunded("o1", &[(SANDBOX, "p1", "25.00")]).await;
    let refund = world.settled("o1", refund_id, seconds(60)).await;
    assert!(refund.legs[0].mismatch.is_some());
    worker.stop().await;
    // No provider of this name: that is an error, and it is what the task waits for now.
    let nobody =
        Legs::new(world.steps(), Providers::default(), world.clock.clone(), LegSettings::default());
    let worker = world.start("w2", nobody);
    tokio::time::sleep(seconds(600)).await;
    worker.stop().await;
    let why = world.waiting().await[0].task.why.clone().unwrap();
    assert!(why.starts_with("an error"), "{why}");
    // And then the provider does not know the leg, or declines it for now.
    let busy = LegFailure { code: "BUSY".to_owned(), message: "is busy".to_owned() };
    let busy = PaymentOutcome::Declined { failure: busy, permanent: false };
    for found in [None, Some(busy)] {
        *odd.found.lock().unwrap() = Ok(found);
        let worker = world.start("w3", odd.worker(&world));
        let refund = world.settled("o1", refund_id, seconds(3_600)).await;
        worker.stop().await;
        assert_eq!(refund.state, RefundState::Pending);
        assert_eq!(world.waiting().await[0].task.why.as_deref(), Some(SAID));
        assert_eq!(odd.calls.load(Ordering::SeqCst), 1, "it is not sent again");
    }
    // A person has looked: it is asked for, and sent because its provider does not have it.
    *odd.found.lock().unwrap() = Ok(None);
    let retry = Command::RetryRefund { refund_id, at: world.clock.now() };
    world.change("o1", refund_id, retry).await;
    let worker = world.start("w4", odd.worker(&world));
    assert!(world.wait_for("o1", seconds(3_600), |it| it.refunds[0].legs[0].attempts == 2).await);
    worker.stop().await;
}
