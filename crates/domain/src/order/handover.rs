//! The hand-over of an order to the shop's own system (plug & play).
//!
//! An order is pushed until the shop has it, by a schedule. What makes one order in the shop of
//! many tries is the platform's order id, by which the shop is asked before it is pushed again.

use super::{ExternalIds, Fact, Order, OrderState};
use crate::{Actor, Reason, Rejection};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// Where the hand-over of an order stands. One of a store without plug & play has none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handover {
    pub state: HandoverState,
    /// Tries since it was queued; the schedule counts these.
    pub tries: u32,
    /// Starts in all: of two who want to start, one may. A try that was broken off starts again.
    pub starts: u32,
    /// How often it was queued again: what a try of an earlier round failed with is no news.
    #[serde(default)]
    pub round: u32,
    /// Where it was pushed to last, of what is in doubt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pushed_to: Option<String>,
    /// What the shop has of the order beside what it was accepted as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub orphan: Option<ExternalIds>,
    /// The shop may have the order, without our knowing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_doubt: bool,
    /// The latest failures, oldest first; the facts have all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<FailedTry>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum HandoverState {
    /// The order was cancelled before the shop had it.
    NotApplicable,
    Queued,
    InFlight,
    Retrying,
    Succeeded,
    Exhausted,
}

impl HandoverState {
    pub const ALL: [Self; 6] = [
        Self::NotApplicable,
        Self::Queued,
        Self::InFlight,
        Self::Retrying,
        Self::Succeeded,
        Self::Exhausted,
    ];
}

/// What whoever calls the shop has seen of the order. An answer counts for this turn alone, unless
/// it is that the shop has the order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Turn {
    pub round: u32,
    pub starts: u32,
}

/// A try that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedTry {
    /// Counted from 1 since the hand-over was queued.
    pub number: u32,
    pub class: FailureClass,
    pub cause: String,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// When it is tried again; not after the last try.
    #[serde(
        default,
        with = "time::serde::rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub next_at: Option<OffsetDateTime>,
}

/// Why a shop does not have an order. All are tried again, and shown apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FailureClass {
    /// Not reached, too slow, or not able to just now.
    Transient,
    RejectedInventory,
    RejectedAddress,
    RejectedProduct,
    RejectedOther,
    Authentication,
}

/// What came of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HandoverOutcome {
    /// The shop has the order, by these names.
    Taken(ExternalIds),
    Failed {
        class: FailureClass,
        cause: String,
        /// Not given: that was the last try.
        next_at: Option<OffsetDateTime>,
        /// The order may have got there all the same.
        in_doubt: bool,
    },
    /// The shop was asked and does not have it.
    Absent,
}

impl Handover {
    /// Failures that are kept with the order.
    pub const MAX_FAILURES: usize = 20;
    /// Characters that are kept of a cause.
    pub const MAX_CAUSE: usize = 500;

    pub const fn queued() -> Self {
        Self {
            state: HandoverState::Queued,
            tries: 0,
            starts: 0,
            round: 0,
            pushed_to: None,
            orphan: None,
            in_doubt: false,
            failures: Vec::new(),
        }
    }

    pub const fn turn(&self) -> Turn {
        Turn { round: self.round, starts: self.starts }
    }

    /// Whether it may have come to another shop than the one it would be looked for in now.
    pub fn may_be_elsewhere(&self, target: &str) -> bool {
        self.in_doubt && self.pushed_to.as_deref().is_some_and(|pushed| pushed != target)
    }
}

impl HandoverState {
    /// The stable name, as stored and shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotApplicable => "NOT_APPLICABLE",
            Self::Queued => "QUEUED",
            Self::InFlight => "IN_FLIGHT",
            Self::Retrying => "RETRYING",
            Self::Succeeded => "SUCCEEDED",
            Self::Exhausted => "EXHAUSTED",
        }
    }
}

impl FailureClass {
    pub const ALL: [Self; 6] = [
        Self::Transient,
        Self::RejectedInventory,
        Self::RejectedAddress,
        Self::RejectedProduct,
        Self::RejectedOther,
        Self::Authentication,
    ];

    /// The stable name, as stored and shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Transient => "TRANSIENT",
            Self::RejectedInventory => "REJECTED_INVENTORY",
            Self::RejectedAddress => "REJECTED_ADDRESS",
            Self::RejectedProduct => "REJECTED_PRODUCT",
            Self::RejectedOther => "REJECTED_OTHER",
            Self::Authentication => "AUTHENTICATION",
        }
    }
}

/// The push is about to be made, to `target`. `turn` is what whoever asks has seen.
pub(super) fn start(order: &Order, turn: Turn, target: String) -> Result<Vec<Fact>, Rejection> {
    let handover = found(order)?;
    if order.state != OrderState::Ready || !is_open(handover) || handover.turn() != turn {
        return Err(forbidden(order, handover, "be pushed"));
    }
    Ok(vec![Fact::HandoverStarted { target: Some(target) }])
}

/// What came of it, judged by where the order is now: a cancel wins over a push in flight.
pub(super) fn record(
    order: &Order,
    turn: Turn,
    outcome: HandoverOutcome,
    at: OffsetDateTime,
) -> Result<Vec<Fact>, Rejection> {
    let handover = found(order)?;
    let exhausted = handover.state == HandoverState::Exhausted;
    match outcome {
        HandoverOutcome::Taken(external) => Ok(taken(order, handover, external)),
        // Somebody else has gone on from there.
        HandoverOutcome::Absent | HandoverOutcome::Failed { .. } if handover.turn() != turn => {
            Ok(vec![])
        }
        HandoverOutcome::Absent if handover.in_doubt || exhausted => {
            Ok(vec![Fact::HandoverSettled])
        }
        // After the last try, that it is not in doubt any more is still news.
        HandoverOutcome::Failed { class, cause, next_at, in_doubt }
            if is_open(handover) || (handover.in_doubt && !in_doubt) =>
        {
            let ready = order.state == OrderState::Ready && !exhausted;
            let cause = cause.chars().take(Handover::MAX_CAUSE).collect();
            let number = handover.tries + 1;
            let next_at = next_at.filter(|_| ready);
            let failure = FailedTry { number, class, cause, at, next_at };
            let last = ready && next_at.is_none();
            let mut facts = vec![Fact::HandoverFailed { failure, in_doubt }];
            facts.extend(last.then_some(Fact::HandoverExhausted));
            Ok(facts)
        }
        HandoverOutcome::Absent | HandoverOutcome::Failed { .. } => Ok(vec![]),
    }
}

const fn is_open(handover: &Handover) -> bool {
    matches!(
        handover.state,
        HandoverState::Queued | HandoverState::Retrying | HandoverState::InFlight
    )
}

/// L12 while the order is READY. One that was cancelled meanwhile, or taken under other names, is
/// one too many in the shop (L23). What names an order there is its id.
fn taken(order: &Order, handover: &Handover, external: ExternalIds) -> Vec<Fact> {
    let is_it = |known: &Option<ExternalIds>| known.as_ref().is_some_and(|it| it.id == external.id);
    let settled = handover.in_doubt.then_some(Fact::HandoverSettled).into_iter().collect();
    match order.state {
        OrderState::Ready => vec![Fact::OrderAccepted { external }, Fact::HandoverSettled],
        OrderState::Accepted | OrderState::Completed if is_it(&order.external) => settled,
        _ if is_it(&handover.orphan) => settled,
        _ => vec![Fact::OrderOrphaned { external }],
    }
}

/// A person wants it tried again, from the beginning of the schedule.
pub(super) fn retry(order: &Order, by: Actor) -> Result<Vec<Fact>, Rejection> {
    let handover = found(order)?;
    match (order.state, handover.state) {
        (OrderState::Ready, HandoverState::Exhausted | HandoverState::Retrying) => {
            Ok(vec![Fact::HandoverRetried { by }])
        }
        // It is about to be tried anyway.
        (OrderState::Ready, HandoverState::Queued | HandoverState::InFlight) => Ok(vec![]),
        (OrderState::Cancelled, _) => Err(super::decide::cancelled(order)),
        _ => Err(forbidden(order, handover, "be tried again")),
    }
}

fn found(order: &Order) -> Result<&Handover, Rejection> {
    order.handover.as_ref().ok_or_else(|| {
        let text = "the order is not handed over: its store is not plug & play, or it is not READY";
        Rejection::new(Reason::HandoverStateForbids, text)
            .with("state", order.state.name())
            .with("handover_state", HandoverState::NotApplicable.name())
    })
}

fn forbidden(order: &Order, handover: &Handover, what: &str) -> Rejection {
    let (state, handover) = (order.state.name(), handover.state.name());
    let text = format!("an order that is {state} and whose hand-over is {handover} cannot {what}");
    Rejection::new(Reason::HandoverStateForbids, text)
        .with("state", state)
        .with("handover_state", handover)
}

/// Another order of the store has the id that the shop answered.
pub fn id_taken(external: &ExternalIds, holder: &str) -> String {
    format!("the shop answered the id {}, which order {holder} has", external.id)
}

pub(super) fn evolve(order: &mut Order, fact: &Fact) {
    let ready = order.state == OrderState::Ready;
    match fact {
        Fact::HandoverQueued => order.handover = Some(Handover::queued()),
        Fact::HandoverStarted { target } => on(order, |it| {
            it.state = HandoverState::InFlight;
            it.starts += 1;
            it.in_doubt = true;
            it.pushed_to.clone_from(target);
        }),
        Fact::HandoverFailed { failure, in_doubt } => on(order, |it| {
            it.tries = failure.number;
            it.in_doubt = *in_doubt;
            if is_open(it) {
                it.state =
                    if ready { HandoverState::Retrying } else { HandoverState::NotApplicable };
            }
            if it.failures.len() >= Handover::MAX_FAILURES {
                it.failures.remove(0);
            }
            it.failures.push(failure.clone());
        }),
        Fact::HandoverExhausted => on(order, |it| it.state = HandoverState::Exhausted),
        Fact::HandoverSettled => on(order, |it| {
            it.in_doubt = false;
            if it.state == HandoverState::InFlight {
                it.state = HandoverState::NotApplicable;
            }
        }),
        Fact::HandoverRetried { .. } | Fact::OrderReinstated { state: OrderState::Ready } => {
            on(order, queue_again);
        }
        // Taken by hand while a push is under way, it may still come to the shop a second time.
        Fact::OrderAccepted { .. } => on(order, |it| it.state = HandoverState::Succeeded),
        Fact::OrderOrphaned { external } => {
            let cancelled = order.state == OrderState::Cancelled;
            let accepted =
                matches!(order.cancelled_from, Some(OrderState::Accepted | OrderState::Completed));
            if cancelled && !accepted {
                order.external = Some(external.clone());
            }
            on(order, |it| {
                it.in_doubt = false;
                it.orphan = Some(external.clone());
                it.state = HandoverState::Succeeded;
            });
        }
        Fact::OrderCancelled { .. } => on(order, |it| {
            if it.state != HandoverState::InFlight && it.state != HandoverState::Succeeded {
                it.state = HandoverState::NotApplicable;
            }
        }),
        _ => {}
    }
}

const fn queue_again(handover: &mut Handover) {
    handover.state = HandoverState::Queued;
    handover.tries = 0;
    handover.round += 1;
}

fn on(order: &mut Order, change: impl FnOnce(&mut Handover)) {
    if let Some(handover) = &mut order.handover {
        change(handover);
    }
}
