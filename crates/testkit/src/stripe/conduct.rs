//! How the fake behaves.

use serde_json::Value;
use std::{collections::VecDeque, time::Duration};

/// What goes wrong with a call that changes something.
#[derive(Debug, Clone)]
pub enum Mishap {
    /// It is done, and nobody answers.
    LoseAnswer,
    /// It is done, and the line breaks with the answer.
    BreakOff,
    /// It is done, and a proxy answers with something else.
    Garble,
    /// It is done, and the answer has no end that anybody would read to.
    Flood,
    /// It is done, and answered with 500, now and to whoever comes with the same key.
    FailAfter,
    /// It is not done, and answered so; the key is not used up.
    Refuse(u16, Value),
    /// It is not done, and answered by somebody who is not Stripe.
    Proxy(u16),
    /// It never arrives, and the line breaks.
    NeverReceive,
    /// It arrives, and takes its time, also if nobody waits any more.
    Delay(Duration),
    /// It arrives only so much later, also if nobody waits any more.
    ComeLate(Duration),
}

/// How Stripe behaves over one refund. By default all goes well, and nothing is told.
#[derive(Debug, Clone, Default)]
pub struct Conduct {
    /// What goes wrong with the calls, one after the other.
    pub mishaps: VecDeque<Mishap>,
    /// It is pending, and succeeds so much later.
    pub settles_after: Option<Duration>,
    /// It is taken back so long after it was made.
    pub fails_after: Option<Duration>,
    /// How it is told of, if it is.
    pub telling: Option<Telling>,
}

/// How the events of one refund are told: each so often, and in any order.
#[derive(Debug, Clone, Copy)]
pub struct Telling {
    /// The first event comes before the answer to the call that made the refund.
    pub early: bool,
    /// How often each comes.
    pub copies: u32,
    /// Each copy after some time, of up to so long.
    pub within: Duration,
    /// Of those times.
    pub seed: u64,
}

impl Conduct {
    /// These go wrong, one after the other.
    #[must_use]
    pub fn of(mishaps: impl IntoIterator<Item = Mishap>) -> Self {
        Self { mishaps: mishaps.into_iter().collect(), ..Self::default() }
    }

    #[must_use]
    pub const fn told(mut self, telling: Telling) -> Self {
        self.telling = Some(telling);
        self
    }
}
