//! What holds for every order and every sequence of requests.
//!
//! Orders and requests are drawn by [`dice`], so that a request can be drawn against what is
//! left at that moment; [`run`] plays a sequence, [`invariants`] says what has to hold.

mod cancelling;
mod dice;
mod invariants;
mod notices;
mod orders;
mod pieces;
mod requests;
mod run;

use dice::Dice;
use proptest::{
    collection::vec,
    num::u32::ANY,
    test_runner::{Config, RngAlgorithm, TestRunner},
};
use run::Run;
use std::{cell::RefCell, collections::BTreeMap, env};

/// `MERIDIAN_TEST_SCALE=soak` plays more and longer sequences.
struct Scale {
    sequences: u32,
    /// Requests and other steps of one sequence, at most.
    steps: usize,
}

const fn scale(soak: bool) -> Scale {
    if soak {
        Scale { sequences: 100_000, steps: 24 }
    } else {
        Scale { sequences: 10_000, steps: 12 }
    }
}

#[test]
fn requests_cancels_refunds_shipments_and_undos_in_any_order_keep_the_books() {
    let Scale { sequences, steps } = scale(soak());
    let answers = RefCell::new(BTreeMap::<&str, u32>::new());
    let rolls = (vec(ANY, 96), vec(vec(ANY, ROLLS), 1..=2 * steps));
    let outcome = runner(sequences).run(&rolls, |(order, steps)| {
        let mut run = cancelling::Run::new(&mut Dice::new(&order));
        for rolls in &steps {
            run.step(&mut Dice::new(rolls));
        }
        for (answer, count) in run.finish() {
            *answers.borrow_mut().entry(answer).or_default() += count;
        }
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    cancelling::reached(&answers.into_inner());
}

/// Enough for one step; what a longer one still draws is the plainest choice.
const ROLLS: usize = 48;

#[test]
fn every_sequence_keeps_to_what_was_paid_and_comes_out_even() {
    let Scale { sequences, steps } = scale(soak());
    let answers = RefCell::new(BTreeMap::<&str, u32>::new());
    let rolls = (vec(ANY, 96), vec(vec(ANY, ROLLS), 1..=steps));
    let outcome = runner(sequences).run(&rolls, |(order, steps)| {
        let mut run = Run::new(&mut Dice::new(&order));
        for rolls in &steps {
            run.step(&mut Dice::new(rolls));
        }
        for (answer, count) in run.finish() {
            *answers.borrow_mut().entry(answer).or_default() += count;
        }
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    reached(&answers.into_inner());
}

#[test]
fn whatever_the_order_of_what_a_provider_tells_of_a_leg_it_ends_the_same() {
    let rolls = (vec(ANY, 24), vec(vec(ANY, 64), 4));
    let outcome = runner(scale(soak()).sequences / 4).run(&rolls, |(history, sequences)| {
        let mut sequences: Vec<_> = sequences.iter().map(|rolls| Dice::new(rolls)).collect();
        notices::of_a_leg(&mut Dice::new(&history), &mut sequences);
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn whatever_the_order_of_what_is_said_of_disputes_it_ends_the_same() {
    let rolls = (vec(ANY, 96), vec(vec(ANY, 64), 4));
    let outcome = runner(scale(soak()).sequences / 4).run(&rolls, |(said, sequences)| {
        let mut sequences: Vec<_> = sequences.iter().map(|rolls| Dice::new(rolls)).collect();
        notices::of_disputes(&mut Dice::new(&said), &mut sequences);
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn whatever_the_order_of_what_is_said_of_won_disputes_all_of_it_goes_back() {
    let rolls = (vec(ANY, 96), vec(vec(ANY, 64), 4));
    let outcome = runner(scale(soak()).sequences / 10).run(&rolls, |(said, sequences)| {
        let mut sequences: Vec<_> = sequences.iter().map(|rolls| Dice::new(rolls)).collect();
        notices::of_won_disputes(&mut Dice::new(&said), &mut sequences);
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

/// A draw that never gets anywhere would prove nothing.
fn reached(answers: &BTreeMap<&str, u32>) {
    for answer in [
        "a refund",
        "ORDER_FULLY_REFUNDED",
        "AMOUNT_EXCEEDS_REFUNDABLE",
        "INVALID_QUANTITY",
        "EMPTY_REFUND",
        "FULL_REFUND_WITH_PRODUCTS",
        "INCOMPATIBLE_FIELDS",
        "INVALID_AMOUNT",
        "AMOUNT_MISMATCH",
        "UNKNOWN_LINE",
        "DUPLICATE_LINE",
        "NOT_ENABLED",
        "NOT_PERMITTED",
        "NEGATIVE_REFUND",
        "hold refund",
        "release refund",
        "approve refund",
        "retry refund",
        "confirm manual refund",
        "send leg",
        "record leg",
        "record dispute",
    ] {
        assert!(answers.contains_key(answer), "{answer} never came up: {answers:?}");
    }
    let all: u32 = answers.values().sum();
    assert!(answers["a refund"] > all / 10, "too few refunds: {answers:?}");
}

#[test]
fn every_order_returned_bit_by_bit_comes_out_even() {
    let rolls = vec(ANY, 256);
    let outcome = runner(scale(soak()).sequences / 10).run(&rolls, |rolls| {
        pieces::returned_bit_by_bit(&mut Dice::new(&rolls));
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(Config {
        cases,
        failure_persistence: None,
        // A die needs no better random numbers, and these take a fraction of the time.
        rng_algorithm: RngAlgorithm::XorShift,
        ..Config::default()
    })
}

fn soak() -> bool {
    env::var("MERIDIAN_TEST_SCALE").is_ok_and(|scale| scale == "soak")
}
