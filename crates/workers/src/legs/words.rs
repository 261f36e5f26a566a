//! What a leg waits for, and what is logged of it, in words.

use crate::{backoff::jittered, work::Next};
use application::LegWork;
use domain::refund::{LegMismatch, LegOutcome, LegState};
use std::time::Duration;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

pub(super) const NOT_KNOWN: &str = "what became of it at the provider is not known";
pub(super) const NOT_SETTLED: &str = "the provider has it and has not settled it";

pub(super) fn does_not_match(LegMismatch { reference, asked, said }: &LegMismatch) -> String {
    format!(
        "not booked, a person has to look: the provider says {said} as {reference}, {asked} was asked"
    )
}

/// A provider that is down is not called, and nothing is committed that says it was. Those who wait
/// for it do not come back all at once.
pub(super) fn wait_for(provider: &str, until: OffsetDateTime, now: OffsetDateTime) -> Next {
    let left = Duration::try_from(until - now).unwrap_or_default();
    let pause = left + jittered(left.max(Duration::from_secs(1)) / 4);
    let until = until.replace_nanosecond(0).unwrap_or(until).format(&Rfc3339).unwrap_or_default();
    Next::wait(pause, format!("{provider} is left alone until {until}: it is down"))
}

pub(super) fn waits_for(outcome: &LegOutcome) -> String {
    match outcome {
        LegOutcome::Accepted { .. } => NOT_SETTLED.to_owned(),
        LegOutcome::Deferred(failure) => format!("declined for now: {}", failure.code),
        LegOutcome::Unsent(failure) => format!("not sent: {}", failure.message),
        LegOutcome::Unknown => NOT_KNOWN.to_owned(),
        LegOutcome::Mismatch(mismatch) => does_not_match(mismatch),
        LegOutcome::Settled { .. } | LegOutcome::Failed(_) | LegOutcome::Reversed(_) => {
            String::new()
        }
    }
}

pub(super) fn log(work: &LegWork, outcome: &LegOutcome) {
    let LegWork { refund_id, leg, .. } = work;
    let (leg_id, tries) = (&leg.leg_id, leg.attempts);
    match outcome {
        LegOutcome::Settled { .. } => tracing::info!(%refund_id, %leg_id, tries, "leg settled"),
        LegOutcome::Accepted { .. } => tracing::info!(%refund_id, %leg_id, tries, "leg accepted"),
        LegOutcome::Unknown => {
            tracing::warn!(%refund_id, %leg_id, tries, "the answer for a leg was lost");
        }
        LegOutcome::Deferred(failure) => {
            let code = &failure.code;
            tracing::info!(%refund_id, %leg_id, tries, code, "leg declined, to be tried again");
        }
        LegOutcome::Unsent(failure) => {
            let code = &failure.code;
            tracing::info!(%refund_id, %leg_id, tries, code, "leg not sent, to be tried again");
        }
        // Told where it is found.
        LegOutcome::Mismatch(_) => {}
        LegOutcome::Failed(failure) => {
            let code = &failure.code;
            tracing::warn!(%refund_id, %leg_id, tries, code, "leg failed");
        }
        LegOutcome::Reversed(failure) if leg.state == LegState::Settled => {
            let code = &failure.code;
            tracing::error!(%refund_id, %leg_id, tries, code, "a leg that had settled was reversed");
        }
        LegOutcome::Reversed(failure) => {
            let code = &failure.code;
            tracing::warn!(%refund_id, %leg_id, tries, code, "leg taken back by its provider");
        }
    }
}
