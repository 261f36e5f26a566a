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
            in_doubt: false,
            failures: Vec::new(),
        }
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

/// The push is about to be made. `starts` is the number that whoever asks has seen.
pub(super) fn start(order: &Order, starts: u32) -> Result<Vec<Fact>, Rejection> {
    let handover = found(order)?;
    if order.state != OrderState::Ready {
        return Err(forbidden(order, handover, "be pushed"));
    }
    match handover.state {
        HandoverState::Queued | HandoverState::Retrying | HandoverState::InFlight
            if handover.starts == starts =>
        {
            Ok(vec![Fact::HandoverStarted])
        }
        _ => Err(forbidden(order, handover, "be pushed")),
    }
}

/// What came of it, judged by where the order is now: a cancel wins over a push in flight.
pub(super) fn record(
    order: &Order,
    starts: u32,
    outcome: HandoverOutcome,
    at: OffsetDateTime,
) -> Result<Vec<Fact>, Rejection> {
    let handover = found(order)?;
    match outcome {
        HandoverOutcome::Taken(external) => Ok(taken(order, handover, external)),
        HandoverOutcome::Absent if handover.starts == starts && handover.in_doubt => {
            Ok(vec![Fact::HandoverSettled])
        }
        HandoverOutcome::Failed { class, cause, next_at, in_doubt }
            if handover.starts == starts && is_open(handover) =>
        {
            let cause = cause.chars().take(Handover::MAX_CAUSE).collect();
            let number = handover.tries + 1;
            let failure = FailedTry { number, class, cause, at, next_at };
            let exhausted = next_at.is_none() && order.state == OrderState::Ready;
            let mut facts = vec![Fact::HandoverFailed { failure, in_doubt }];
            facts.extend(exhausted.then_some(Fact::HandoverExhausted));
            Ok(facts)
        }
        // Somebody else has gone on from there.
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
/// one too many in the shop (L23).
fn taken(order: &Order, handover: &Handover, external: ExternalIds) -> Vec<Fact> {
    let known = order.external.as_ref() == Some(&external);
    match order.state {
        OrderState::Ready => vec![Fact::OrderAccepted { external }, Fact::HandoverSettled],
        OrderState::Accepted | OrderState::Completed if known => {
            if handover.in_doubt {
                vec![Fact::HandoverSettled]
            } else {
                vec![]
            }
        }
        OrderState::Cancelled if known && !handover.in_doubt => vec![],
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
        Fact::HandoverStarted => on(order, |it| {
            it.state = HandoverState::InFlight;
            it.starts += 1;
            it.in_doubt = true;
        }),
        Fact::HandoverFailed { failure, in_doubt } => on(order, |it| {
            it.tries = failure.number;
            it.in_doubt = *in_doubt;
            it.state = if ready { HandoverState::Retrying } else { HandoverState::NotApplicable };
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
        Fact::HandoverRetried { .. } => on(order, |it| {
            it.state = HandoverState::Queued;
            it.tries = 0;
        }),
        // Taken by hand while a push is under way, it may still come to the shop a second time.
        Fact::OrderAccepted { .. } => on(order, |it| it.state = HandoverState::Succeeded),
        Fact::OrderOrphaned { external } => {
            if order.state == OrderState::Cancelled {
                order.external = Some(external.clone());
            }
            on(order, |it| {
                it.in_doubt = false;
                it.state = HandoverState::Succeeded;
            });
        }
        Fact::OrderCancelled { .. } => on(order, |it| {
            if it.state != HandoverState::InFlight && it.state != HandoverState::Succeeded {
                it.state = HandoverState::NotApplicable;
            }
        }),
        Fact::OrderReinstated { state: OrderState::Ready } => on(order, |it| {
            it.state = HandoverState::Queued;
            it.tries = 0;
        }),
        _ => {}
    }
}

fn on(order: &mut Order, change: impl FnOnce(&mut Handover)) {
    if let Some(handover) = &mut order.handover {
        change(handover);
    }
}
