//! How often each store may call.

use crate::refusal;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use telemetry::{KeyValue, metrics::Counter};
use tokio::time::Instant;
use tonic::Status;

/// Buckets that are held before any is looked at for being full again.
const SWEEP_FROM: usize = 1_024;

/// A bucket of calls for each store. It is kept as the time at which it will be full again (GCRA),
/// so that one that is full needs not be kept at all: how many are is bounded by how many stores
/// called within the time that an empty one takes to fill.
pub(crate) struct Rates {
    /// What one call takes out, as the time in which it comes in again.
    interval: Duration,
    /// All that a bucket holds, in the same measure.
    whole: Duration,
    full_again: Mutex<Buckets>,
    refused: Counter<u64>,
}

struct Buckets {
    of: HashMap<Box<str>, Instant>,
    sweep_at: usize,
}

impl Rates {
    /// `refused` counts what is not let in.
    pub fn new(per_second: u32, burst: u32, refused: Counter<u64>) -> Self {
        let interval = Duration::from_secs(1) / per_second.max(1);
        let full_again = Mutex::new(Buckets { of: HashMap::new(), sweep_at: SWEEP_FROM });
        Self { interval, whole: interval * burst.max(1), full_again, refused }
    }

    /// Lets a call in, or refuses it until there is one.
    pub fn admit(&self, store: &str) -> Result<(), Status> {
        self.take(store, Instant::now()).map_err(|wait| {
            self.refused.add(1, &[KeyValue::new("reason", "RATE_LIMITED")]);
            refusal::rate_limited(wait)
        })
    }

    /// Takes a call out of the store's bucket, or says in how long there will be one.
    fn take(&self, store: &str, now: Instant) -> Result<(), Duration> {
        let mut buckets = self.full_again.lock().unwrap_or_else(PoisonError::into_inner);
        let full_again = buckets.of.get(store).map_or(now, |at| now.max(*at)) + self.interval;
        let too_early = (full_again - now).saturating_sub(self.whole);
        if !too_early.is_zero() {
            return Err(too_early);
        }
        match buckets.of.get_mut(store) {
            Some(at) => *at = full_again,
            None => buckets.add(store, full_again, now),
        }
        Ok(())
    }
}

impl Buckets {
    fn add(&mut self, store: &str, full_again: Instant, now: Instant) {
        if self.of.len() >= self.sweep_at {
            self.of.retain(|_, at| *at > now);
            self.sweep_at = SWEEP_FROM.max(2 * self.of.len());
        }
        self.of.insert(store.into(), full_again);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLI: Duration = Duration::from_millis(1);

    fn rates(per_second: u32, burst: u32) -> (Rates, Instant) {
        let refused = telemetry::meter().u64_counter("refused").build();
        (Rates::new(per_second, burst, refused), Instant::now())
    }

    /// How many calls in a row are let in.
    fn let_in(rates: &Rates, store: &str, now: Instant) -> u32 {
        (0..1_000).take_while(|_| rates.take(store, now).is_ok()).count().try_into().unwrap()
    }

    #[test]
    fn a_burst_is_let_in_and_then_the_rate() {
        let (rates, began) = rates(100, 250);
        assert_eq!(let_in(&rates, "a", began), 250);
        assert_eq!(let_in(&rates, "a", began + 9 * MILLI), 0);
        assert_eq!(let_in(&rates, "a", began + 10 * MILLI), 1);
        // Over any second there are no more than 100 of them.
        let later: u32 = (11..=1_010).map(|milli| let_in(&rates, "a", began + milli * MILLI)).sum();
        assert_eq!(later, 100);
        let rested = began + Duration::from_hours(1);
        assert_eq!(let_in(&rates, "a", rested), 250);
    }

    #[test]
    fn a_refusal_says_when_the_next_call_is_let_in() {
        let (rates, began) = rates(3, 1);
        rates.take("a", began).unwrap();
        let now = began + 100 * MILLI;
        let wait = rates.take("a", now).unwrap_err();
        assert_eq!(wait + 100 * MILLI, Duration::from_secs(1) / 3);
        assert!(rates.take("a", now + wait - Duration::from_nanos(1)).is_err());
        rates.take("a", now + wait).unwrap();
    }

    #[test]
    fn what_was_refused_costs_nothing_and_one_store_takes_nothing_from_another() {
        let (rates, began) = rates(10, 5);
        assert_eq!(let_in(&rates, "a", began), 5);
        assert!((0..1_000).all(|_| rates.take("a", began).is_err()));
        assert_eq!(let_in(&rates, "b", began), 5);
        assert_eq!(let_in(&rates, "a", began + 100 * MILLI), 1);
    }

    #[test]
    fn buckets_that_are_full_again_are_not_kept() {
        let (rates, began) = rates(1_000, 10);
        for second in 0..50_u32 {
            let now = began + second * Duration::from_secs(1);
            for store in 0..1_000 {
                rates.take(&format!("store-{second}-{store}"), now).unwrap();
            }
        }
        assert!(rates.full_again.lock().unwrap().of.len() <= 2 * SWEEP_FROM);
    }
}
