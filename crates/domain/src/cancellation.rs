//! Cancellations: asked for, decided, paid back, undone.
//!
//! A cancellation is about some pieces of an order's lines, all of them for a whole order. It has
//! one refund at most, which is made in the same step that accepts it. K1 to K13 and U1 to U10 are
//! the rows of the rules that the comments name.

mod accept;
mod decide;
mod payback;
mod pieces;
mod reason;
mod request;
mod room;
mod undo;

pub use accept::{CancellationPlan, default_channel, preview};
pub use reason::{CancellationReason, Given};
pub use request::{
    AcceptCancellation, AskedLine, CancelOrder, Charges, Evidence, NewRefundIds,
    RejectCancellation, RequestCancellation, RequestPolicy, Standing, UndoCancellation,
};
pub use undo::{Blocker, EvidenceKind, Guard, UndoPlan, plan as plan_undo, went_out};

pub(crate) use accept::{accept, cancel, platform_cancel};
pub(crate) use decide::{reject, request, withdraw};
pub(crate) use pieces::without;
pub(crate) use undo::undo;

use crate::{
    Actor, Amount, Reason, Rejection,
    id::{CancellationId, RefundId},
    order::{ExternalIds, Order},
    refund::RefundMethod,
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// A cancellation as it was asked for and decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancellation {
    pub cancellation_id: CancellationId,
    pub state: CancellationState,
    /// In the sequence of the order's lines; each line at most once.
    pub lines: Vec<CancelledLine>,
    pub requested_by: RequestedBy,
    pub channel: Channel,
    /// Why the customer wants it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_reason: Option<Given>,
    /// Why the merchant or the platform does it, or does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Given>,
    /// What goes back beside the lines, as it was asked for.
    #[serde(default)]
    pub charges: Charges,
    #[serde(default)]
    pub refund_method: RefundMethod,
    /// `None` until it is accepted, and where nothing is to be paid back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund_id: Option<RefundId>,
    /// The request that these lines were rejected out of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split_from: Option<CancellationId>,
    pub created_by: Actor,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// Given once it was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<Acceptance>,
    #[serde(
        default,
        with = "time::serde::rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub completed_at: Option<OffsetDateTime>,
    /// When it was rejected or withdrawn.
    #[serde(
        default,
        with = "time::serde::rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub ended_at: Option<OffsetDateTime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone: Option<Undone>,
}

/// Some pieces of one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelledLine {
    /// Place of the line in the order, from 0.
    pub line: usize,
    pub quantity: u32,
    /// Whether the stock goes back to the shelf; the merchant's affair, told in the event.
    pub restock: bool,
}

/// What an undo has to know about the moment of acceptance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acceptance {
    pub by: Actor,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// Counts the order's acceptances from 1.
    pub ordinal: usize,
    /// Shipments that the order had.
    pub shipments: usize,
    /// What the merchant's own system called the order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external: Option<ExternalIds>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undone {
    pub by: Actor,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// Why; mandatory.
    pub comment: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CancellationState {
    Requested,
    Rejected,
    Withdrawn,
    InProgress,
    Completed,
    Undone,
}

/// Who wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RequestedBy {
    Customer,
    Merchant,
    Platform,
}

/// How it came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Channel {
    /// The customer's account page in the shop.
    Account,
    /// By phone, e-mail or chat, to the shop's staff.
    Contact,
    /// The merchant's own doing.
    Merchant,
    /// A worker of the platform.
    System,
}

impl Cancellation {
    /// Its pieces are cancelled, or were paid back already.
    pub const fn is_accepted(&self) -> bool {
        matches!(self.state, CancellationState::InProgress | CancellationState::Completed)
    }

    /// Takes away what the customer wrote, where it was taken for our own reason too.
    pub(crate) fn forget_customers_words(&mut self) {
        let Some(Given { text: Some(words), .. }) = &self.customer_reason else { return };
        let words = words.clone();
        for given in [&mut self.customer_reason, &mut self.reason].into_iter().flatten() {
            given.text.take_if(|text| *text == words);
        }
    }
}

impl CancellationState {
    pub const ALL: [Self; 6] = [
        Self::Requested,
        Self::Rejected,
        Self::Withdrawn,
        Self::InProgress,
        Self::Completed,
        Self::Undone,
    ];

    /// The stable name, as stored and shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Requested => "REQUESTED",
            Self::Rejected => "REJECTED",
            Self::Withdrawn => "WITHDRAWN",
            Self::InProgress => "IN_PROGRESS",
            Self::Completed => "COMPLETED",
            Self::Undone => "UNDONE",
        }
    }

    /// What people read.
    pub const fn display_name(self) -> &'static str {
        match self {
            Self::Requested => "Cancellation requested [Customer]",
            Self::Rejected => "Cancellation rejected",
            Self::Withdrawn => "Request withdrawn",
            Self::InProgress => "Cancellation in progress",
            Self::Completed => "Canceled",
            Self::Undone => "Cancellation undone",
        }
    }
}

impl RequestedBy {
    pub const ALL: [Self; 3] = [Self::Customer, Self::Merchant, Self::Platform];

    /// The stable name, as stored and shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Customer => "CUSTOMER",
            Self::Merchant => "MERCHANT",
            Self::Platform => "PLATFORM",
        }
    }
}

impl Channel {
    /// The stable name, as stored and shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Account => "ACCOUNT",
            Self::Contact => "CONTACT",
            Self::Merchant => "MERCHANT",
            Self::System => "SYSTEM",
        }
    }
}

fn find(order: &Order, cancellation_id: CancellationId) -> Result<&Cancellation, Rejection> {
    order.cancellation(cancellation_id).ok_or_else(|| {
        let text = format!("the order has no cancellation {cancellation_id}");
        Rejection::new(Reason::CancellationNotFound, text).with("cancellation_id", cancellation_id)
    })
}

fn forbidden(cancellation: &Cancellation, command: &str) -> Rejection {
    let state = cancellation.state.name();
    let text = format!("a cancellation that is {state} cannot {command}");
    Rejection::new(Reason::CancellationStateForbids, text).with("state", state)
}

/// Of the order's customer currency, for people.
fn money(order: &Order, amount: Amount) -> String {
    let currency = order.customer_currency;
    format!("{} {currency}", amount.to_text(currency.exponent()))
}
