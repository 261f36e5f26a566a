//! What is asked of cancellations, with everything that the decisions need.

use super::{CancellationReason, Channel, Given, RequestedBy};
use crate::{
    Actor, Amount,
    id::{CancellationId, RefundId, TenderId},
    refund::{RefundMethod, RefundPolicy},
};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// Some pieces of a line, as somebody asks for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedLine {
    pub cart_item_id: String,
    pub quantity: u32,
    pub restock: bool,
}

/// What goes back beside the lines, in the customer currency.
///
/// Amounts are still plain decimals: only the order knows their currency.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Charges {
    /// All shipping that is left.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub shipping_refund: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping_amount: Option<Decimal>,
    /// Deducted; at most what goes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fee: Option<Decimal>,
}

/// Names for the refund of a cancellation, if it needs one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewRefundIds {
    pub refund_id: RefundId,
    /// Unique within the store.
    pub number: i64,
    /// The order's version that the decision is made on.
    pub order_version: i64,
}

/// What the store's settings say about cancelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestPolicy {
    /// Whether customers may ask at all.
    pub enabled: bool,
    /// Days from the order date; 0 sets no limit.
    pub window_days: u32,
    pub auto_accept: bool,
    /// Reasons that a customer may give, of those that customers may give anywhere; none named
    /// means all of them.
    pub reasons: Vec<CancellationReason>,
    /// Whether an order that is not READY yet may be cancelled by its merchant.
    pub cancel_before_ready: bool,
    pub refund: RefundPolicy,
}

/// K1.
#[derive(Debug, Clone)]
pub struct RequestCancellation {
    pub cancellation_id: CancellationId,
    pub refund: NewRefundIds,
    pub at: OffsetDateTime,
    pub by: Actor,
    /// None: every piece that is open.
    pub lines: Vec<AskedLine>,
    pub reason: Given,
    pub charges: Charges,
    pub channel: Channel,
    pub policy: RequestPolicy,
}

/// K2, K3 and K4.
#[derive(Debug, Clone)]
pub struct CancelOrder {
    pub cancellation_id: CancellationId,
    pub refund: NewRefundIds,
    pub at: OffsetDateTime,
    pub by: Actor,
    /// None: the whole order, everything that is left of it.
    pub lines: Vec<AskedLine>,
    pub requested_by: RequestedBy,
    pub channel: Channel,
    pub reason: Given,
    pub charges: Charges,
    pub method: RefundMethod,
    pub policy: RequestPolicy,
}

/// K5.
#[derive(Debug, Clone)]
pub struct AcceptCancellation {
    pub cancellation_id: CancellationId,
    pub refund: NewRefundIds,
    pub at: OffsetDateTime,
    pub by: Actor,
    pub reason: Given,
    pub method: RefundMethod,
    /// Beside what was asked for.
    pub shipping_refund: bool,
    pub policy: RequestPolicy,
}

/// K6.
#[derive(Debug, Clone)]
pub struct RejectCancellation {
    pub cancellation_id: CancellationId,
    /// Names the part that is rejected, if it is not all.
    pub split_id: CancellationId,
    pub at: OffsetDateTime,
    /// None: all of them.
    pub lines: Vec<AskedLine>,
    pub reason: Given,
}

/// K12.
#[derive(Debug, Clone)]
pub struct UndoCancellation {
    pub cancellation_id: CancellationId,
    pub at: OffsetDateTime,
    pub by: Actor,
    pub comment: String,
    pub evidence: Option<Evidence>,
    /// What the accounts of this system hold that restored legs went to, by their names.
    pub balances: Vec<(String, Amount)>,
}

/// What shows that money which went back was paid again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// The customer paid anew.
    Repaid {
        payment_reference: String,
        amount: Decimal,
        /// The payment has proved another repayment.
        taken: bool,
    },
    /// What the providers, asked now, say stands of each payment, by the tender that the order
    /// came with.
    Recaptured { standing: Vec<(TenderId, Standing)> },
}

/// What stands of a payment at its provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Nothing,
    Authorized(Amount),
    Captured(Amount),
    /// The provider could not be asked now.
    Unknown,
}
