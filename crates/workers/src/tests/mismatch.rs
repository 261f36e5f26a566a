//! A provider that has something else under a leg's key than it was asked for.

use super::world::{Running, World, eur, seconds, store_id};
use crate::{LegSettings, Legs};
use async_trait::async_trait;
use domain::{
    Amount, Currency,
    order::Tender,
    refund::{LegFailure, LegState, RefundState},
};
use payments::names::SANDBOX;
use ports::{OrderKey, PaymentOrder, PaymentOutcome, PaymentProvider, PaymentStatus, TaskKind};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU32, Ordering},
};

/// Answers every refund in one way, and every question as it is told to.
struct Provider {
    refunds: AtomicU32,
    sent: PaymentOutcome,
    found: Mutex<PaymentOutcome>,
}

#[async_trait]
impl PaymentProvider for Provider {
    async fn status(
        &self,
        _: &OrderKey,
        tender: &Tender,
        _: Currency,
    ) -> Result<PaymentStatus, LegFailure> {
        Ok(PaymentStatus::Captured(tender.captured))
    }

    async fn release(&self, _: &PaymentOrder) -> PaymentOutcome {
        PaymentOutcome::Unknown
    }

    async fn refund(&self, _: &PaymentOrder) -> PaymentOutcome {
        self.refunds.fetch_add(1, Ordering::SeqCst);
        self.sent.clone()
    }

    async fn find(&self, _: &PaymentOrder) -> Result<Option<PaymentOutcome>, LegFailure> {
        Ok(Some(self.found.lock().unwrap().clone()))
    }
}

fn another() -> PaymentOutcome {
    PaymentOutcome::Mismatch {
        reference: "re_1".to_owned(),
        asked: "25.00 EUR of pi_1".to_owned(),
        said: "250.00 EUR of pi_1".to_owned(),
    }
}

fn settled() -> PaymentOutcome {
    PaymentOutcome::Settled { reference: "re_1".to_owned() }
}

async fn world_with(sent: PaymentOutcome) -> (World, Arc<Provider>, Running) {
    let world = World::new().await;
    let found = Mutex::new(another());
    let provider = Arc::new(Provider { refunds: AtomicU32::new(0), sent, found });
    let providers = world.providers().with(SANDBOX, provider.clone());
    let settings = LegSettings::default();
    let legs = Legs::new(world.steps(), providers, world.clock.clone(), settings);
    let worker = world.start("w1", legs);
    (world, provider, worker)
}

async fn stays_until_somebody_has_looked(sent: PaymentOutcome, state: LegState) {
    let (world, provider, worker) = world_with(sent).await;
    let refund_id = world.refunded("o1", &[(SANDBOX, "pi_1", "25.00")]).await;
    let refund = world.settled("o1", refund_id, seconds(3_600)).await;
    assert_eq!(refund.state, RefundState::Pending);
    assert_eq!(refund.legs[0].state, state);
    assert_eq!(provider.refunds.load(Ordering::SeqCst), 1);
    // Its amount is still spoken for.
    let left = world.refunds().refundable(&store_id(), "o1").await.unwrap().2;
    assert_eq!(left.total.customer, Amount::ZERO);
    let waiting = world.waiting().await;
    let why = waiting[0].task.why.as_deref().unwrap();
    assert!(why.contains("250.00 EUR of pi_1 as re_1 where 25.00 EUR of pi_1 was asked"), "{why}");

    *provider.found.lock().unwrap() = settled();
    let refund = world.settled("o1", refund_id, seconds(3_600)).await;
    worker.stop().await;
    assert_eq!(refund.state, RefundState::Succeeded);
    assert_eq!(provider.refunds.load(Ordering::SeqCst), 1);
    assert_eq!(world.tasks_left(TaskKind::Leg).await, 0);
    assert_eq!(refund.legs[0].amount, eur("25.00"));
}

#[tokio::test(start_paused = true)]
async fn what_was_not_asked_is_not_booked_and_not_sent_again() {
    stays_until_somebody_has_looked(another(), LegState::Unknown).await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_lost_may_turn_out_to_be_about_something_else() {
    stays_until_somebody_has_looked(PaymentOutcome::Unknown, LegState::Unknown).await;
}

#[tokio::test(start_paused = true)]
async fn what_was_taken_may_turn_out_to_be_something_else() {
    let taken = PaymentOutcome::Accepted { reference: "re_1".to_owned() };
    stays_until_somebody_has_looked(taken, LegState::Accepted).await;
}
