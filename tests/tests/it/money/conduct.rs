//! How the fake behaves over a refund, drawn from a seed.

use rand::{Rng as _, rngs::StdRng};
use serde_json::json;
use std::time::Duration;
use testkit::stripe::{Conduct, Mishap, Telling};

/// Longer than the program waits for an answer.
const LONGEST: u64 = 900;

pub fn drawn(random: &mut StdRng) -> Conduct {
    let mishaps = match random.random_range(0..100) {
        0..25 => 0,
        25..80 => 1,
        _ => 2,
    };
    let mut conduct = Conduct::of((0..mishaps).map(|_| mishap(random)).collect::<Vec<_>>());
    match random.random_range(0..100) {
        0..12 => conduct.fails_after = Some(up_to(random, 1_500)),
        12..24 => conduct.settles_after = Some(up_to(random, 1_500)),
        _ => {}
    }
    // What nobody tells of, and nobody answered before, is found by reconciling only.
    let is_told = conduct.fails_after.is_some() || random.random_bool(0.8);
    conduct.telling = is_told.then(|| Telling {
        early: random.random_bool(0.25),
        copies: random.random_range(1..=4),
        within: up_to(random, 400),
        seed: random.random(),
    });
    conduct
}

fn up_to(random: &mut StdRng, millis: u64) -> Duration {
    Duration::from_millis(random.random_range(0..=millis))
}

fn mishap(random: &mut StdRng) -> Mishap {
    match random.random_range(0..12) {
        0 => Mishap::LoseAnswer,
        1 | 2 => Mishap::BreakOff,
        3 | 4 => Mishap::NeverReceive,
        5 => Mishap::Delay(up_to(random, LONGEST)),
        6 => Mishap::ComeLate(up_to(random, LONGEST)),
        7 => Mishap::FailAfter,
        8 => Mishap::Refuse(500, json!({"error": {"type": "api_error", "message": "later"}})),
        9 => Mishap::Proxy(502),
        10 => Mishap::Garble,
        _ => declined_for_now(),
    }
}

/// Nothing is done, and it may be asked for again.
pub fn declined_for_now() -> Mishap {
    let error = json!({"type": "invalid_request_error", "code": "balance_insufficient"});
    Mishap::Refuse(400, json!({"error": error}))
}
