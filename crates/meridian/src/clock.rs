//! One time for all processes: the database's.
//!
//! Leases, times at which work is due and the grace of legs are written by one process and compared
//! by another, so they need one clock. The machine's own is carried on, set right by what the
//! database's was ahead of it when it was last asked.

use ports::{Clock, StoreError};
use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};
use store_sql::SqlStore;
use time::OffsetDateTime;

/// How often the database is asked for its time. Until then a machine whose clock is set anew is
/// off by as much; a lease lasts as long by default.
pub const ASK_EVERY: Duration = Duration::from_secs(10);

/// An answer that took longer says too little about the time.
const LONGEST_ANSWER: time::Duration = time::Duration::seconds(1);

/// From where on it is worth a line in the log.
const REMARKABLE: time::Duration = time::Duration::seconds(1);

pub struct SharedClock<C> {
    machine: C,
    /// Microseconds that the database's clock is ahead.
    ahead: AtomicI64,
}

impl<C: Clock> SharedClock<C> {
    pub const fn new(machine: C) -> Self {
        Self { machine, ahead: AtomicI64::new(0) }
    }

    /// Asks the database for its time. One that has none of its own is on this machine.
    pub async fn ask(&self, store: &SqlStore) -> Result<(), StoreError> {
        let asked = self.machine.now();
        if let Some(time) = store.time().await? {
            self.set(asked, time, self.machine.now());
        }
        Ok(())
    }

    /// `time` was right at some moment between the two, by the machine's clock.
    fn set(&self, asked: OffsetDateTime, time: OffsetDateTime, answered: OffsetDateTime) {
        let took = answered - asked;
        if took.is_negative() || took > LONGEST_ANSWER {
            return;
        }
        let ahead: time::Duration = time - (asked + took / 2);
        let change: time::Duration = ahead - self.ahead();
        // Less than what cannot be known is no difference, and the time does not flutter.
        if change.abs() <= took / 2 {
            return;
        }
        if change.abs() >= REMARKABLE {
            let seconds = ahead.as_seconds_f64();
            tracing::warn!(seconds, "the database's clock is ahead of this machine's");
        }
        let micros = i64::try_from(ahead.whole_microseconds()).unwrap_or_default();
        self.ahead.store(micros, Ordering::Relaxed);
    }

    fn ahead(&self) -> time::Duration {
        time::Duration::microseconds(self.ahead.load(Ordering::Relaxed))
    }
}

impl<C: Clock> Clock for SharedClock<C> {
    fn now(&self) -> OffsetDateTime {
        self.machine.now() + self.ahead()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::clock::TestClock;
    use time::Duration;

    const NOON: OffsetDateTime = time::macros::datetime!(2025-03-01 12:00 UTC);

    fn clock() -> SharedClock<TestClock> {
        SharedClock::new(TestClock::at(NOON))
    }

    #[test]
    fn a_machine_whose_clock_is_off_takes_the_time_of_the_database() {
        for off in [Duration::HOUR, -Duration::HOUR, Duration::milliseconds(3)] {
            let clock = clock();
            clock.set(NOON, NOON + off, NOON + Duration::milliseconds(2));
            let middle = Duration::milliseconds(1);
            assert_eq!(clock.now(), NOON + off - middle);
            clock.machine.advance(Duration::MINUTE);
            assert_eq!(clock.now(), NOON + off - middle + Duration::MINUTE);
        }
    }

    #[test]
    fn a_clock_that_is_set_right_again_is_followed() {
        let clock = clock();
        clock.set(NOON, NOON + Duration::HOUR, NOON);
        clock.machine.advance(Duration::HOUR);
        clock.set(clock.machine.now(), clock.machine.now(), clock.machine.now());
        assert_eq!(clock.now(), NOON + Duration::HOUR);
    }

    #[test]
    fn what_an_answer_cannot_tell_changes_nothing() {
        let clock = clock();
        // Within what the answer took, much later than it was asked, and before it was asked.
        let second = Duration::SECOND;
        clock.set(NOON, NOON + Duration::milliseconds(4), NOON + Duration::milliseconds(4));
        clock.set(NOON, NOON + Duration::HOUR, NOON + second * 2);
        clock.set(NOON, NOON + Duration::HOUR, NOON - second);
        assert_eq!(clock.now(), NOON);
    }
}
