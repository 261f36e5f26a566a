//! Refunds: what is asked, what it comes to, and how it is carried out.

mod create;
mod derivation;
mod gift_cards;
mod legs;
mod life;
mod lines;
mod method;
mod plan;
mod request;
mod retry;

pub use create::{Plan, create, quote};
pub(crate) use create::{of_cancellation, of_late_payment, of_won_dispute};
pub use derivation::{Derivation, Rule, Side};
pub use gift_cards::GiftCard;
pub use legs::{LEDGER, MANUAL};
pub use life::{LegOutcome, approve, confirm_manual, hold, record_leg, release, send_leg};
pub use method::change_method;
pub use request::{ComponentCharge, ProductRequest, RefundPolicy, RefundReason, RefundRequest};
pub use retry::retry;

use crate::{
    Actor, Amount, Pair,
    id::{LegId, RefundId, TenderId},
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// A refund as it was decided, and how far its legs are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    pub refund_id: RefundId,
    /// Unique within the store; drawn in blocks, so not gap-free.
    pub number: i64,
    pub state: RefundState,
    pub full: bool,
    pub method: RefundMethod,
    pub total: Pair,
    /// In the order of the order's lines.
    pub products: Vec<RefundProduct>,
    pub components: Vec<Component>,
    pub legs: Vec<Leg>,
    pub reason: Option<RefundReason>,
    pub comments: Option<String>,
    pub external_reference: Option<String>,
    pub hold: Option<Hold>,
    /// Something the caller should consider, such as cancelling instead.
    pub hint: Option<String>,
    /// The store's settings that it was computed with.
    pub settings_version: i64,
    /// The order's version that it was computed from.
    pub order_version: i64,
    pub created_by: Actor,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RefundState {
    Pending,
    Held,
    Succeeded,
    Failed,
    Voided,
}

/// Where the money goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RefundMethod {
    /// Every tender gets its own back.
    #[default]
    Original,
    GiftCard,
    StoreCredit,
    Points,
    /// A person pays it out and confirms.
    BankDeposit,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundProduct {
    /// Place of the line in the order, from 0.
    pub line: usize,
    /// Pieces returned; 0 for an appeasement.
    pub quantity: u32,
    /// The merchant amount carries four decimals.
    pub amount: Pair,
    pub reason: Option<RefundReason>,
    pub comments: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Component {
    pub kind: ComponentKind,
    pub amount: Pair,
    pub charged_to: Bearer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ComponentKind {
    Products,
    Shipping,
    Duties,
    /// Goodwill on top; negative where earlier goodwill is set off.
    ServiceGesture,
    /// A fee that is deducted: negative.
    PrepaidReturn,
    /// A fee for cancelling that is deducted: negative.
    CancellationFee,
}

/// Who bears a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Bearer {
    #[default]
    Merchant,
    Platform,
}

/// One movement of money back over one tender.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leg {
    /// Also the idempotency key at the provider; never changes.
    pub leg_id: LegId,
    pub tender_id: TenderId,
    pub kind: LegKind,
    /// In the customer currency.
    pub amount: Amount,
    pub state: LegState,
    /// The provider that carries it out.
    pub provider: String,
    /// What the provider knows the payment or account by.
    pub target: String,
    /// The provider's name for what it did.
    pub reference: Option<String>,
    /// How often it was sent in all. Never falls, so that each number is one sending for ever.
    pub attempts: u32,
    /// How many of them do not count as tries: they were made before the refund was last retried,
    /// or came to nothing because its provider was not reached.
    #[serde(default)]
    pub attempts_before_retry: u32,
    pub failure: Option<LegFailure>,
    /// It was done, or taken to be done, and its provider took that back. That is the last word on
    /// its key: it takes no further outcome, and what is sent in its place is a leg of its own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reversed: bool,
    /// Its provider has something else under its key. Until that is put right there, or a person has
    /// the refund retried, it is not sent again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mismatch: Option<LegMismatch>,
    /// When it was last sent to a provider that was reached, retried, or answered without an end.
    /// `None` until then, and for what is older than this was kept.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "time::serde::rfc3339::option"
    )]
    pub moved_at: Option<OffsetDateTime>,
    /// The same as it was before the leg was last sent: a sending whose provider was not reached
    /// moves nothing.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "time::serde::rfc3339::option"
    )]
    pub moved_before: Option<OffsetDateTime>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LegKind {
    /// Of an authorisation, which is let go.
    Release,
    /// Of a capture.
    Refund,
    /// Of a gift card, points or credit.
    Restore,
    /// A person pays out and confirms.
    Manual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LegState {
    Pending,
    /// Committed before the provider is called: from here on it may have happened.
    Sent,
    Unknown,
    Accepted,
    Settled,
    Failed,
    /// Not carried out, and not going to be.
    Voided,
}

/// What a provider said when it did not do it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegFailure {
    pub code: String,
    pub message: String,
}

/// What a provider did under a leg's key beside what it was asked. For a person; names nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegMismatch {
    pub reference: String,
    pub asked: String,
    pub said: String,
}

/// Why a refund waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Hold {
    /// Above the store's approval limit.
    Approval,
    Person {
        by: Actor,
        reason: String,
    },
}

impl Refund {
    /// Pending, held and succeeded refunds hold their amounts; failed and voided ones freed them.
    pub const fn holds_amounts(&self) -> bool {
        self.state.holds_amounts()
    }

    /// Whether a leg of it that had failed may turn out to be done.
    pub(crate) const fn may_settle_late(&self) -> bool {
        matches!(self.state, RefundState::Pending | RefundState::Failed)
    }
}

impl Leg {
    /// How often its provider was reached with it since the refund was made or last retried.
    pub const fn tries(&self) -> u32 {
        self.attempts.saturating_sub(self.attempts_before_retry)
    }
}

/// What an account of this system calls a leg that it restored.
pub fn own_reference(leg_id: &LegId) -> String {
    format!("ldg_{leg_id}")
}

impl Refund {
    /// Bytes of free text.
    pub(crate) fn text_length(&self) -> usize {
        let lines = self.products.iter();
        let lines: usize = lines
            .map(|line| request::text_length(line.reason.as_ref(), line.comments.as_ref()))
            .sum();
        lines + request::text_length(self.reason.as_ref(), self.comments.as_ref())
    }
}

impl RefundState {
    pub const ALL: [Self; 5] =
        [Self::Pending, Self::Held, Self::Succeeded, Self::Failed, Self::Voided];

    pub const fn holds_amounts(self) -> bool {
        matches!(self, Self::Pending | Self::Held | Self::Succeeded)
    }

    /// The stable name, as stored and shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Held => "HELD",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Voided => "VOIDED",
        }
    }
}

impl ComponentKind {
    /// The name that the report and the compatible endpoint use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Products => "Products",
            Self::Shipping => "Shipping",
            Self::Duties => "Duties",
            Self::ServiceGesture => "ServiceGesture",
            Self::PrepaidReturn => "PrepaidReturn",
            Self::CancellationFee => "CancellationFee",
        }
    }
}

impl Leg {
    /// It went back, or others took its place: nothing of it is to be done any more.
    pub const fn is_over(&self) -> bool {
        matches!(self.state, LegState::Settled | LegState::Voided)
    }

    /// To be carried out yet, as far as is known.
    pub const fn is_on_its_way(&self) -> bool {
        !self.state.is_final()
    }

    /// Restored to an account of this system, and settled.
    pub fn is_restored_here(&self) -> bool {
        self.state == LegState::Settled && self.kind == LegKind::Restore && self.provider == LEDGER
    }
}

impl LegState {
    /// The stable name, as stored and shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Sent => "SENT",
            Self::Unknown => "UNKNOWN",
            Self::Accepted => "ACCEPTED",
            Self::Settled => "SETTLED",
            Self::Failed => "FAILED",
            Self::Voided => "VOIDED",
        }
    }

    pub const fn is_final(self) -> bool {
        matches!(self, Self::Settled | Self::Failed | Self::Voided)
    }
}
