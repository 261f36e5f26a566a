//! A provider that is down, behind its circuit breaker.

use super::world::{World, eur, seconds};
use crate::{LegSettings, Legs, PoolSettings};
use async_trait::async_trait;
use domain::{
    Currency,
    id::RefundId,
    order::Tender,
    refund::{LegFailure, LegState, RefundState},
};
use payments::{
    Breaker, BreakerSettings, Sandbox,
    names::{LEDGER, SANDBOX},
};
use ports::{
    Circuit, CircuitState, LeftAlone, NoAnswer, OrderKey, PaymentOrder, PaymentOutcome,
    PaymentProvider, PaymentStatus, Providers, TaskKind,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU32, Ordering},
    },
    time::Duration,
};

const UP: u8 = 0;
const UNREACHED: u8 = 1;
const SILENT: u8 = 2;

/// The sandbox behind a line that can be cut, or go dead.
struct Line {
    sandbox: Sandbox,
    state: AtomicU8,
    calls: AtomicU32,
}

impl Line {
    fn of(world: &World) -> Arc<Self> {
        let sandbox = Sandbox::new(world.store.clone(), world.clock.clone());
        Arc::new(Self { sandbox, state: AtomicU8::new(UP), calls: AtomicU32::new(0) })
    }

    fn becomes(&self, state: u8) {
        self.state.store(state, Ordering::SeqCst);
    }

    fn calls(&self) -> u32 {
        self.calls.load(Ordering::SeqCst)
    }

    async fn reach(&self) -> Result<(), LegFailure> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        match self.state.load(Ordering::SeqCst) {
            UP => Ok(()),
            SILENT => std::future::pending().await,
            _ => {
                Err(LegFailure { code: "CUT".to_owned(), message: "nobody was reached".to_owned() })
            }
        }
    }
}

/// What the breaker is put around.
struct Over(Arc<Line>);

#[async_trait]
impl PaymentProvider for Over {
    async fn status(
        &self,
        order: &OrderKey,
        tender: &Tender,
        currency: Currency,
    ) -> Result<PaymentStatus, NoAnswer> {
        self.0.reach().await.map_err(NoAnswer::Down)?;
        self.0.sandbox.status(order, tender, currency).await
    }

    async fn release(&self, order: &PaymentOrder) -> PaymentOutcome {
        match self.0.reach().await {
            Ok(()) => self.0.sandbox.release(order).await,
            Err(failure) => PaymentOutcome::Unsent(failure),
        }
    }

    async fn refund(&self, order: &PaymentOrder) -> PaymentOutcome {
        match self.0.reach().await {
            Ok(()) => self.0.sandbox.refund(order).await,
            Err(failure) => PaymentOutcome::Unsent(failure),
        }
    }

    async fn find(&self, order: &PaymentOrder) -> Result<Option<PaymentOutcome>, NoAnswer> {
        self.0.reach().await.map_err(NoAnswer::Down)?;
        self.0.sandbox.find(order).await
    }
}

fn guarded(world: &World, line: &Arc<Line>) -> Arc<Breaker<Over>> {
    let settings = BreakerSettings::default();
    let over = Over(line.clone());
    Arc::new(Breaker::new("line", over, settings, world.clock.clone(), |pause| pause))
}

fn worker(world: &World, guarded: &Arc<Breaker<Over>>) -> Legs {
    let providers: Providers = world.providers().with(SANDBOX, guarded.clone());
    Legs::new(world.steps(), providers, world.clock.clone(), LegSettings::default())
}

async fn refunds(world: &World, count: u32) -> Vec<(String, RefundId)> {
    let mut made = Vec::new();
    for number in 0..count {
        let order_id = format!("o{number}");
        let refund_id = world.refunded(&order_id, &[(SANDBOX, "p1", "25.00")]).await;
        made.push((order_id, refund_id));
    }
    made
}

#[tokio::test(start_paused = true)]
async fn legs_wait_for_a_provider_that_is_down_for_hours_and_lose_no_try() {
    let world = World::new().await;
    let line = Line::of(&world);
    let guarded = guarded(&world, &line);
    line.becomes(UNREACHED);
    let settings = PoolSettings { poll: seconds(2), ..PoolSettings::default() };
    let work = Arc::new(worker(&world, &guarded));
    let worker = world.start_with("w1", work, world.store.clone(), settings);
    let made = refunds(&world, 20).await;
    tokio::time::sleep(seconds(20)).await;
    // So many in a row, those that were on their way by then, and no more.
    let most = BreakerSettings::default().failures + 16;
    assert!(line.calls() <= most, "{} calls", line.calls());
    let circuit = guarded.circuit().unwrap();
    assert_eq!(circuit.state, CircuitState::Open);
    for task in world.waiting().await {
        let why = task.task.why.unwrap();
        assert!(why.starts_with("sandbox is left alone until 2025-03-01T12:"), "{why}");
    }

    // Longer than all tries of a leg take.
    tokio::time::sleep(Duration::from_hours(4)).await;
    let Circuit { since, failures, .. } = guarded.circuit().unwrap();
    assert_eq!(since, circuit.since, "it is down since then");
    assert!(failures > 300, "it is asked again and again: {failures}");
    for (order_id, _) in &made {
        let order = world.order(order_id).await;
        let refund = &order.refunds[0];
        assert_eq!(refund.state, RefundState::Pending);
        assert_eq!((refund.legs[0].state, refund.legs[0].tries()), (LegState::Pending, 0));
    }

    line.becomes(UP);
    for (order_id, refund_id) in made {
        let refund = world.settled(&order_id, refund_id, seconds(600)).await;
        assert_eq!(refund.state, RefundState::Succeeded);
    }
    worker.stop().await;
    assert_eq!(guarded.circuit().unwrap().state, CircuitState::Closed);
    assert_eq!(world.returned().await, eur("500.00"), "each once");
    assert_eq!(world.tasks_left(TaskKind::Leg).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_says_nothing_keeps_no_other_from_its_legs() {
    let world = World::new().await;
    let line = Line::of(&world);
    let guarded = guarded(&world, &line);
    line.becomes(SILENT);
    let settings = PoolSettings { concurrency: 4, poll: seconds(1), ..PoolSettings::default() };
    let work = Arc::new(worker(&world, &guarded));
    let worker = world.start_with("w1", work, world.store.clone(), settings);
    let made = refunds(&world, 40).await;
    // Twice the time that a call may take: after that only one at a time is waited for.
    tokio::time::sleep(seconds(65)).await;
    assert_eq!(guarded.circuit().unwrap().state, CircuitState::Open);
    for number in 0..20 {
        let order_id = format!("gift-{number}");
        let refund_id = world.refunded(&order_id, &[(LEDGER, "GC-1", "5.00")]).await;
        let refund = world.settled(&order_id, refund_id, seconds(1)).await;
        assert_eq!(refund.state, RefundState::Succeeded, "{order_id}");
        tokio::time::sleep(seconds(7)).await;
    }
    line.becomes(UP);
    for (order_id, refund_id) in made {
        let refund = world.settled(&order_id, refund_id, seconds(1_800)).await;
        assert_eq!(refund.state, RefundState::Succeeded);
    }
    worker.stop().await;
    assert_eq!(world.returned().await, eur("1000.00"), "each once");
}

/// The look before anything is committed may be too early.
#[tokio::test(start_paused = true)]
async fn what_is_kept_back_at_the_last_moment_was_no_try() {
    let world = World::new().await;
    let line = Line::of(&world);
    let guarded = guarded(&world, &line);
    let made = refunds(&world, 1).await;
    let refund = world.order("o0").await.refunds[0].clone();
    let steps = world.steps();
    let caller = super::world::platform();
    let key = super::world::key("o0");
    let work = steps.find(&key, &refund.legs[0].leg_id).await.unwrap().unwrap();
    line.becomes(UNREACHED);
    for _ in 0..BreakerSettings::default().failures {
        assert!(matches!(guarded.refund(&work.payment).await, PaymentOutcome::Unsent(_)));
    }
    let calls = line.calls();
    let LeftAlone { until } = guarded.left_alone().unwrap();
    let PaymentOutcome::Unsent(failure) = guarded.refund(&work.payment).await else {
        panic!("it is left alone until {until}")
    };
    assert_eq!((failure.code.as_str(), line.calls()), ("LEFT_ALONE", calls));
    assert!(matches!(guarded.find(&work.payment).await, Err(NoAnswer::Down(_))));
    let sent = steps.send(&caller, &work).await.unwrap().unwrap();
    let unsent = domain::refund::LegOutcome::Unsent(failure);
    assert!(steps.record(&caller, &sent, unsent, None).await.unwrap());
    let leg = &world.order("o0").await.refunds[0].legs[0];
    assert_eq!((leg.state, leg.attempts, leg.tries()), (LegState::Pending, 1, 0));
    assert_eq!(made.len(), 1);
}
