//! When a provider is left alone. Pure: the time and the scatter of a pause are arguments.

use super::BreakerSettings;
use ports::{Circuit, CircuitState, LeftAlone};
use std::time::Duration;
use time::OffsetDateTime;

/// The calls of a provider as one sequence.
///
/// Every change of the state begins a new turn. What comes of a call that was begun in an earlier
/// turn says nothing of this one.
#[derive(Debug)]
pub(super) struct Switch {
    settings: BreakerSettings,
    state: State,
    since: OffsetDateTime,
    failures: u32,
    turn: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed,
    Open { until: OffsetDateTime },
    Probing,
}

/// A call that was let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Turn(u64);

impl Switch {
    pub const fn new(settings: BreakerSettings, now: OffsetDateTime) -> Self {
        Self { settings, state: State::Closed, since: now, failures: 0, turn: 0 }
    }

    /// Whether a call would be let through.
    pub fn left_alone(&self, now: OffsetDateTime) -> Option<LeftAlone> {
        match self.state {
            State::Open { until } if now < until => Some(LeftAlone { until }),
            State::Closed | State::Open { .. } => None,
            // Whoever waits is not to look again and again while one call is on its way.
            State::Probing => Some(LeftAlone { until: now + self.settings.pause / 4 }),
        }
    }

    /// Lets a call through, or not. The first one after the pause is the probe.
    pub fn admit(&mut self, now: OffsetDateTime) -> Result<Turn, LeftAlone> {
        if let Some(left_alone) = self.left_alone(now) {
            return Err(left_alone);
        }
        if matches!(self.state, State::Open { .. }) {
            self.become_of(State::Probing);
        }
        Ok(Turn(self.turn))
    }

    /// Takes what came of a call. `scattered` is the pause should it open. Answers the new state if
    /// it is another.
    pub fn settle(
        &mut self,
        Turn(turn): Turn,
        came_to_nothing: bool,
        now: OffsetDateTime,
        scattered: Duration,
    ) -> Option<CircuitState> {
        if turn != self.turn {
            return None;
        }
        if !came_to_nothing {
            self.failures = 0;
            let was_down = self.state != State::Closed;
            if was_down {
                self.since = now;
                self.become_of(State::Closed);
            }
            return was_down.then_some(CircuitState::Closed);
        }
        self.failures = self.failures.saturating_add(1);
        let was_closed = self.state == State::Closed;
        if was_closed && self.failures < self.settings.failures {
            return None;
        }
        if was_closed {
            self.since = now;
        }
        self.become_of(State::Open { until: now + scattered });
        Some(CircuitState::Open)
    }

    pub const fn pause(&self) -> Duration {
        self.settings.pause
    }

    pub const fn circuit(&self) -> Circuit {
        let (state, until) = match self.state {
            State::Closed => (CircuitState::Closed, None),
            State::Open { until } => (CircuitState::Open, Some(until)),
            State::Probing => (CircuitState::HalfOpen, None),
        };
        Circuit { state, since: self.since, until, failures: self.failures }
    }

    const fn become_of(&mut self, state: State) {
        self.state = state;
        self.turn += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;
    const PAUSE: Duration = Duration::from_secs(40);

    fn at(seconds: i64) -> OffsetDateTime {
        START + time::Duration::seconds(seconds)
    }

    fn switch() -> Switch {
        Switch::new(BreakerSettings { failures: 3, pause: PAUSE }, START)
    }

    /// A call that begins and ends at once.
    fn call(switch: &mut Switch, second: i64, came_to_nothing: bool) -> Option<CircuitState> {
        let turn = switch.admit(at(second)).unwrap();
        switch.settle(turn, came_to_nothing, at(second), PAUSE)
    }

    fn opened() -> Switch {
        let mut switch = switch();
        for second in 1..=3 {
            call(&mut switch, second, true);
        }
        switch
    }

    #[test]
    fn so_many_in_a_row_open_it_and_an_answer_begins_the_row_anew() {
        let mut switch = switch();
        for second in 1..=2 {
            assert_eq!(call(&mut switch, second, true), None);
        }
        assert_eq!(call(&mut switch, 3, false), None);
        for second in 4..=5 {
            assert_eq!(call(&mut switch, second, true), None);
        }
        assert_eq!(call(&mut switch, 6, true), Some(CircuitState::Open));
        let circuit = switch.circuit();
        assert_eq!((circuit.state, circuit.failures), (CircuitState::Open, 3));
        assert_eq!((circuit.since, circuit.until), (at(6), Some(at(46))));
    }

    #[test]
    fn while_it_is_open_nothing_is_let_through() {
        let mut switch = opened();
        assert_eq!(switch.admit(at(42)), Err(LeftAlone { until: at(43) }));
        assert_eq!(switch.left_alone(at(43)), None);
    }

    #[test]
    fn one_call_is_let_through_after_the_pause_and_decides() {
        for came_to_nothing in [true, false] {
            let mut switch = opened();
            let probe = switch.admit(at(43)).unwrap();
            assert_eq!(switch.circuit().state, CircuitState::HalfOpen);
            assert_eq!(switch.admit(at(44)), Err(LeftAlone { until: at(54) }));
            let then = switch.settle(probe, came_to_nothing, at(50), PAUSE);
            let circuit = switch.circuit();
            if came_to_nothing {
                assert_eq!(then, Some(CircuitState::Open));
                assert_eq!(
                    (circuit.since, circuit.until),
                    (at(3), Some(at(90))),
                    "down since then"
                );
            } else {
                assert_eq!(then, Some(CircuitState::Closed));
                assert_eq!((circuit.since, circuit.failures), (at(50), 0));
                assert!(switch.admit(at(50)).is_ok());
            }
        }
    }

    #[test]
    fn a_call_from_before_says_nothing_of_now() {
        let mut switch = switch();
        let early = switch.admit(at(0)).unwrap();
        for second in 1..=3 {
            call(&mut switch, second, true);
        }
        assert_eq!(switch.settle(early, false, at(4), PAUSE), None);
        assert_eq!(switch.circuit().state, CircuitState::Open);
        let probe = switch.admit(at(43)).unwrap();
        assert_eq!(switch.settle(early, true, at(44), PAUSE), None);
        assert_eq!(switch.settle(probe, false, at(45), PAUSE), Some(CircuitState::Closed));
    }
}
