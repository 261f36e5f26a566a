//! The checks that an order has to pass before it is READY.

use super::{Fact, Order, OrderState};
use crate::{
    Actor, Reason, Rejection,
    screening::{Check, CheckState, Finding, Screened, Verdict},
};
use time::OffsetDateTime;

/// What a check came to by itself. Once only: who ran it again after a crash is not heard.
pub(super) fn record(
    order: &Order,
    check: Check,
    verdict: Verdict,
    findings: Vec<Finding>,
    by: Actor,
    at: OffsetDateTime,
) -> Result<Vec<Fact>, Rejection> {
    received(order, check)?;
    if found(order, check)?.state != CheckState::Pending {
        return Ok(vec![]);
    }
    let findings = findings.into_iter().take(Finding::MAX).map(bounded).collect();
    Ok(vec![match verdict {
        Verdict::Review => Fact::ScreeningReview { check, findings, by, at },
        Verdict::Clear | Verdict::Failed => {
            Fact::ScreeningRecorded { check, verdict, findings, by, at }
        }
    }])
}

fn bounded(finding: Finding) -> Finding {
    let cut = |text: String| text.chars().take(Finding::MAX_TEXT).collect::<String>();
    Finding { rule: cut(finding.rule), text: cut(finding.text) }
}

/// A person decides about a check that waits for one.
pub(super) fn resolve(
    order: &Order,
    check: Check,
    clear: bool,
    comment: String,
    by: Actor,
    at: OffsetDateTime,
) -> Result<Vec<Fact>, Rejection> {
    received(order, check)?;
    let screened = found(order, check)?;
    match screened.state {
        CheckState::Review => Ok(vec![Fact::ScreeningResolved { check, clear, comment, by, at }]),
        CheckState::Pending | CheckState::Clear | CheckState::Failed => {
            let text = format!(
                "{} is {} and not in REVIEW: there is nothing to resolve",
                check.name(),
                screened.state.name()
            );
            Err(Rejection::new(Reason::ScreeningStateForbids, text)
                .with("check", check.name())
                .with("check_state", screened.state.name())
                .with("state", order.state.name()))
        }
    }
}

/// Part of L2.
pub(super) fn all_clear(order: &Order) -> Result<(), Rejection> {
    match order.screening.iter().find(|screened| screened.state != CheckState::Clear) {
        None => Ok(()),
        Some(open) => {
            let (check, state) = (open.check.name(), open.state.name());
            Err(Rejection::new(Reason::OrderNotReady, format!("{check} is {state}, not CLEAR"))
                .with("check", check)
                .with("check_state", state))
        }
    }
}

fn received(order: &Order, check: Check) -> Result<(), Rejection> {
    match order.state {
        OrderState::Received => Ok(()),
        OrderState::Cancelled => Err(super::cancelled(order)),
        OrderState::Ready | OrderState::Accepted | OrderState::Completed => {
            let text = format!(
                "an order is screened while it is RECEIVED; it is {} by now",
                order.state.name()
            );
            Err(Rejection::new(Reason::ScreeningStateForbids, text)
                .with("check", check.name())
                .with("state", order.state.name()))
        }
    }
}

fn found(order: &Order, check: Check) -> Result<&Screened, Rejection> {
    order.screened(check).ok_or_else(|| {
        let text = format!("the order does not have to pass {}", check.name());
        Rejection::new(Reason::ScreeningStateForbids, text)
            .with("check", check.name())
            .with("state", order.state.name())
    })
}

pub(super) fn evolve(order: &mut Order, fact: &Fact) {
    match fact {
        Fact::ScreeningRecorded { check, verdict, findings, by, at } => {
            settle(order, *check, (*verdict).into(), Some(findings), None, (by, *at));
        }
        Fact::ScreeningReview { check, findings, by, at } => {
            settle(order, *check, CheckState::Review, Some(findings), None, (by, *at));
        }
        Fact::ScreeningResolved { check, clear, comment, by, at } => {
            let state = if *clear { CheckState::Clear } else { CheckState::Failed };
            settle(order, *check, state, None, Some(comment), (by, *at));
        }
        _ => {}
    }
}

fn settle(
    order: &mut Order,
    check: Check,
    state: CheckState,
    findings: Option<&Vec<Finding>>,
    comment: Option<&String>,
    (by, at): (&Actor, OffsetDateTime),
) {
    for screened in order.screening.iter_mut().filter(|screened| screened.check == check) {
        screened.state = state;
        if let Some(findings) = findings {
            screened.findings.clone_from(findings);
        }
        screened.comment = comment.cloned();
        screened.by = Some(by.clone());
        screened.at = Some(at);
    }
}
