//! A provider that is down is left alone for a while.

mod switch;

use crate::failure;
use async_trait::async_trait;
use domain::{Currency, order::Tender, refund::LegFailure};
use ports::{
    Circuit, CircuitState, Clock, LeftAlone, NoAnswer, OrderKey, PaymentOrder, PaymentOutcome,
    PaymentProvider, PaymentStatus,
};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use switch::{Switch, Turn};
use telemetry::{
    KeyValue,
    metrics::{Counter, Gauge},
};
use time::format_description::well_known::Rfc3339;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerSettings {
    /// Calls in a row that came to nothing before the provider is left alone.
    pub failures: u32,
    /// How long it is left alone, before one call looks whether it is there again.
    pub pause: Duration,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self { failures: 5, pause: Duration::from_secs(30) }
    }
}

/// Scatters a pause, so that processes which saw the same do not all come back at once.
pub type Scatter = fn(Duration) -> Duration;

/// A provider behind a circuit breaker.
///
/// A call came to nothing if nobody was reached, the provider could not say what it did, or whoever
/// made the call gave it up. Whatever else a provider says is an answer: that it declines, too. While
/// the circuit is open, an order is [`PaymentOutcome::Unsent`] at once, and a question
/// [`NoAnswer::Down`].
///
/// Each process judges for itself, by its own calls.
pub struct Breaker<P> {
    name: String,
    inner: P,
    clock: Arc<dyn Clock>,
    scatter: Scatter,
    switch: Mutex<Switch>,
    state: Gauge<u64>,
    kept_back: Counter<u64>,
}

impl<P: PaymentProvider> Breaker<P> {
    pub fn new(
        name: impl Into<String>,
        inner: P,
        settings: BreakerSettings,
        clock: Arc<dyn Clock>,
        scatter: Scatter,
    ) -> Self {
        let switch = Mutex::new(Switch::new(settings, clock.now()));
        let meter = telemetry::meter();
        let state = meter
            .u64_gauge("payment.provider.circuit")
            .with_description("Whether a provider is left alone: 0 closed, 1 half open, 2 open")
            .build();
        let kept_back = meter
            .u64_counter("payment.provider.kept_back")
            .with_description("Calls that were not made because the provider is left alone")
            .build();
        let breaker = Self { name: name.into(), inner, clock, scatter, switch, state, kept_back };
        breaker.measure(CircuitState::Closed);
        breaker
    }

    fn switch(&self) -> MutexGuard<'_, Switch> {
        self.switch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn provider(&self) -> [KeyValue; 1] {
        [KeyValue::new("payment.provider", self.name.clone())]
    }

    fn measure(&self, state: CircuitState) {
        let value = match state {
            CircuitState::Closed => 0,
            CircuitState::HalfOpen => 1,
            CircuitState::Open => 2,
        };
        self.state.record(value, &self.provider());
    }

    /// Makes a call, unless the provider is left alone.
    async fn call<T>(
        &self,
        call: impl Future<Output = T> + Send,
        came_to_nothing: impl Fn(&T) -> bool + Send,
    ) -> Result<T, LegFailure> {
        let (admitted, circuit) = {
            let mut switch = self.switch();
            (switch.admit(self.clock.now()), switch.circuit())
        };
        let turn = admitted.map_err(|left_alone| self.keep_back(left_alone))?;
        if circuit.state == CircuitState::HalfOpen {
            self.measure(circuit.state);
        }
        let mut made = Made { breaker: self, turn, came_to_nothing: true };
        let answer = call.await;
        made.came_to_nothing = came_to_nothing(&answer);
        Ok(answer)
    }

    fn keep_back(&self, LeftAlone { until }: LeftAlone) -> LegFailure {
        self.kept_back.add(1, &self.provider());
        let until = until.format(&Rfc3339).unwrap_or_default();
        failure("LEFT_ALONE", format!("{} is left alone until {until}", self.name))
    }

    fn settle(&self, turn: Turn, came_to_nothing: bool) {
        let now = self.clock.now();
        let mut switch = self.switch();
        let pause = (self.scatter)(switch.pause());
        let Some(state) = switch.settle(turn, came_to_nothing, now, pause) else { return };
        let Circuit { since, until, failures, .. } = switch.circuit();
        drop(switch);
        self.measure(state);
        let (provider, state) = (&self.name, state.name());
        if let Some(until) = until {
            tracing::error!(provider, state, %since, %until, failures, "a payment provider is down");
        } else {
            tracing::warn!(provider, state, "a payment provider is there again");
        }
    }
}

/// A call that was let through. One that is given up, and dropped, came to nothing.
struct Made<'b, P: PaymentProvider> {
    breaker: &'b Breaker<P>,
    turn: Turn,
    came_to_nothing: bool,
}

impl<P: PaymentProvider> Drop for Made<'_, P> {
    fn drop(&mut self) {
        self.breaker.settle(self.turn, self.came_to_nothing);
    }
}

const fn is_lost(outcome: &PaymentOutcome) -> bool {
    matches!(outcome, PaymentOutcome::Unsent(_) | PaymentOutcome::Unknown)
}

const fn is_down<T>(answer: &Result<T, NoAnswer>) -> bool {
    matches!(answer, Err(NoAnswer::Down(_)))
}

#[async_trait]
impl<P: PaymentProvider> PaymentProvider for Breaker<P> {
    async fn status(
        &self,
        order: &OrderKey,
        tender: &Tender,
        currency: Currency,
    ) -> Result<PaymentStatus, NoAnswer> {
        let answer = self.call(self.inner.status(order, tender, currency), is_down).await;
        answer.unwrap_or_else(|left_alone| Err(NoAnswer::Down(left_alone)))
    }

    async fn release(&self, order: &PaymentOrder) -> PaymentOutcome {
        let answer = self.call(self.inner.release(order), is_lost).await;
        answer.unwrap_or_else(PaymentOutcome::Unsent)
    }

    async fn refund(&self, order: &PaymentOrder) -> PaymentOutcome {
        let answer = self.call(self.inner.refund(order), is_lost).await;
        answer.unwrap_or_else(PaymentOutcome::Unsent)
    }

    async fn find(&self, order: &PaymentOrder) -> Result<Option<PaymentOutcome>, NoAnswer> {
        let answer = self.call(self.inner.find(order), is_down).await;
        answer.unwrap_or_else(|left_alone| Err(NoAnswer::Down(left_alone)))
    }

    fn left_alone(&self) -> Option<LeftAlone> {
        self.switch().left_alone(self.clock.now())
    }

    fn circuit(&self) -> Option<Circuit> {
        Some(self.switch().circuit())
    }
}
