use std::time::Duration;

/// What every reference starts with that asks for a misbehaviour.
const PREFIX: &str = "sandbox-";
/// Tries and calls are counted up to here.
const MAX_COUNT: u32 = 99;
/// One hour, in milliseconds.
const MAX_MILLIS: u32 = 3_600_000;

/// How a payment at the sandbox behaves; the [module](super) has the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    /// Every refund settles at once.
    Plain,
    /// Stands in full whenever somebody asks.
    Recapture,
    Decline,
    DeclineRetryable,
    /// So many tries are declined first.
    Flaky(u32),
    Delay(Duration),
    SettleLater(Duration),
    RefuseLater(Duration),
    ReverseLater(Duration),
    LoseAnswer,
    /// So many tries are lost first.
    NeverReceived(u32),
    /// So many calls find nobody there first.
    Down(u32),
    CaptureLater(Duration),
    AuthorizeLater(Duration),
    FailLater(Duration),
    CollectLater(Duration),
    LapseLater(Duration),
}

/// A name that a reference may ask for, and the number that counts if it gives none.
struct Row {
    name: &'static str,
    default: u32,
    make: fn(u32) -> Behaviour,
}

const fn row(name: &'static str, default: u32, make: fn(u32) -> Behaviour) -> Row {
    Row { name, default, make }
}

static ROWS: [Row; 16] = [
    row("recapture", 0, |_| Behaviour::Recapture),
    row("decline", 0, |_| Behaviour::Decline),
    row("decline-retryable", 0, |_| Behaviour::DeclineRetryable),
    row("flaky", 1, |tries| Behaviour::Flaky(tries.min(MAX_COUNT))),
    row("delay", 1_000, |ms| Behaviour::Delay(millis(ms))),
    row("settle-later", 5_000, |ms| Behaviour::SettleLater(millis(ms))),
    row("refuse-later", 5_000, |ms| Behaviour::RefuseLater(millis(ms))),
    row("reverse-later", 5_000, |ms| Behaviour::ReverseLater(millis(ms))),
    row("lose-answer", 0, |_| Behaviour::LoseAnswer),
    row("never-received", 1, |tries| Behaviour::NeverReceived(tries.min(MAX_COUNT))),
    row("down", 2, |calls| Behaviour::Down(calls.min(MAX_COUNT))),
    row("capture-later", 0, |ms| Behaviour::CaptureLater(millis(ms))),
    row("authorize-later", 0, |ms| Behaviour::AuthorizeLater(millis(ms))),
    row("fail-later", 0, |ms| Behaviour::FailLater(millis(ms))),
    row("collect-later", 0, |ms| Behaviour::CollectLater(millis(ms))),
    row("lapse-later", 0, |ms| Behaviour::LapseLater(millis(ms))),
];

fn millis(count: u32) -> Duration {
    Duration::from_millis(count.min(MAX_MILLIS).into())
}

impl Behaviour {
    /// What a `provider_reference` asks for.
    #[must_use]
    pub fn of(reference: &str) -> Self {
        let Some(asked) = reference.strip_prefix(PREFIX) else { return Self::Plain };
        ROWS.iter()
            .filter_map(|row| Some((row, rest_after(asked, row.name)?)))
            .max_by_key(|(row, _)| row.name.len())
            .map_or(Self::Plain, |(row, rest)| (row.make)(number(rest).unwrap_or(row.default)))
    }

    /// The references that ask for something, without numbers and suffixes.
    pub fn references() -> impl Iterator<Item = String> {
        ROWS.iter().map(|row| format!("{PREFIX}{}", row.name))
    }
}

/// What follows the name and a hyphen; `None` if it is another name.
fn rest_after<'r>(asked: &'r str, name: &str) -> Option<&'r str> {
    let rest = asked.strip_prefix(name)?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('-') }
}

/// A number that stands alone between hyphens; too large a one is the largest.
fn number(rest: &str) -> Option<u32> {
    let digits = rest.split('-').next().unwrap_or_default();
    let all = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    all.then(|| digits.parse().unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_asks_by_name_number_and_any_suffix() {
        let seconds = Duration::from_secs;
        for (reference, expected) in [
            ("pay_1", Behaviour::Plain),
            ("", Behaviour::Plain),
            ("sandbox-ok-1", Behaviour::Plain),
            ("sandbox-declined", Behaviour::Plain),
            ("my-sandbox-decline", Behaviour::Plain),
            ("sandbox-recapture-7", Behaviour::Recapture),
            ("sandbox-decline", Behaviour::Decline),
            ("sandbox-decline-abc123", Behaviour::Decline),
            ("sandbox-decline-retryable", Behaviour::DeclineRetryable),
            ("sandbox-decline-retryable-7", Behaviour::DeclineRetryable),
            ("sandbox-flaky", Behaviour::Flaky(1)),
            ("sandbox-flaky-3", Behaviour::Flaky(3)),
            ("sandbox-flaky-3-order-9", Behaviour::Flaky(3)),
            ("sandbox-flaky-3a", Behaviour::Flaky(1)),
            ("sandbox-flaky-99999999999", Behaviour::Flaky(99)),
            ("sandbox-delay-2000", Behaviour::Delay(seconds(2))),
            ("sandbox-settle-later", Behaviour::SettleLater(seconds(5))),
            ("sandbox-refuse-later-1000-x", Behaviour::RefuseLater(seconds(1))),
            ("sandbox-reverse-later-2000", Behaviour::ReverseLater(seconds(2))),
            ("sandbox-lose-answer-1", Behaviour::LoseAnswer),
            ("sandbox-never-received", Behaviour::NeverReceived(1)),
            ("sandbox-down-4", Behaviour::Down(4)),
            ("sandbox-capture-later", Behaviour::CaptureLater(Duration::ZERO)),
            ("sandbox-authorize-later-9999999", Behaviour::AuthorizeLater(seconds(3_600))),
            ("sandbox-fail-later-1", Behaviour::FailLater(Duration::from_millis(1))),
            ("sandbox-collect-later-2000", Behaviour::CollectLater(seconds(2))),
            ("sandbox-lapse-later", Behaviour::LapseLater(Duration::ZERO)),
        ] {
            assert_eq!(Behaviour::of(reference), expected, "{reference:?}");
        }
    }

    #[test]
    fn every_reference_is_in_the_documented_table() {
        let documented = include_str!("../sandbox.rs");
        for reference in Behaviour::references() {
            let found = ["`", "-N`", "-MS`"]
                .iter()
                .any(|end| documented.contains(&format!("//! | `{reference}{end}")));
            assert!(found, "{reference}");
        }
    }
}
