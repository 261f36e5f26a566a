//! What the outside is told of a fact: thin, and nobody's personal data.
//!
//! An event says what it is about and where that stands now. Whoever wants to know more reads the
//! order. Enums are written as the contract writes them, amounts with all decimals of their
//! currency.

mod data;

pub use data::{Amounts, Data, Piece};

use crate::{
    order::{ExternalIds, Fact, Order},
    store::StoreFact,
};

/// Types of events: all that a feed or an endpoint can be asked for.
pub const TYPES: [&str; 30] = [
    "order.received",
    "order.ready",
    "order.accepted",
    "order.completed",
    "order.cancelled",
    "order.reinstated",
    "order.handover_failed",
    "order.handover_exhausted",
    "order.orphaned",
    "order.shipped",
    "order.delivered",
    "order.screening_review",
    "cancellation.requested",
    "cancellation.accepted",
    "cancellation.rejected",
    "cancellation.withdrawn",
    "cancellation.completed",
    "cancellation.undone",
    "refund.created",
    "refund.succeeded",
    "refund.failed",
    "refund.voided",
    "refund.reversed",
    "refund.held",
    "refund.notice",
    "points.restored",
    "webhook.disabled",
    "dispute.opened",
    "dispute.won",
    "dispute.lost",
];

/// Sent to an endpoint when somebody asks for it; never part of the feed.
pub const TEST: &str = "webhook.test";

/// The type of this name.
pub fn type_named(name: &str) -> Option<&'static str> {
    TYPES.into_iter().find(|known| *known == name)
}

/// The part of an event that is not about its place in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// What it is about: a refund, a cancellation, a dispute, an endpoint, or else the order.
    pub entity_id: String,
    /// What the merchant's own system calls the order.
    pub external: Option<ExternalIds>,
    pub data: Data,
}

impl Told {
    /// Nothing for a fact that is for the audit trail alone. `order` is as it is after the commit
    /// that the fact is part of.
    pub fn of(fact: &Fact, order: &Order) -> Option<Self> {
        if !fact.is_public() {
            return None;
        }
        let (entity_id, data) = data::of(fact, order);
        Some(Self { entity_id, external: order.external.clone(), data })
    }

    /// The same for what happened to a store.
    pub fn of_store(fact: &StoreFact) -> Option<Self> {
        let (entity_id, data) = data::of_store(fact)?;
        Some(Self { entity_id, external: None, data })
    }
}
