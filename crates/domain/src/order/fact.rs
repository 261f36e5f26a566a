use super::{ExternalIds, Order, Parcel, Shipment, TenderState};
use crate::{
    Actor, Amount,
    id::{LegId, RefundId, TenderId},
    refund::{Derivation, Hold, LegFailure, Refund},
};
use serde::{Deserialize, Serialize};

/// What happened to an order, in full: enough to rebuild it, without anybody's personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum Fact {
    #[serde(rename = "order.received")]
    OrderReceived { order: Box<Order> },
    #[serde(rename = "order.ready")]
    OrderReady,
    #[serde(rename = "order.external_reference_set")]
    ExternalReferenceSet { external: ExternalIds },
    #[serde(rename = "order.accepted")]
    OrderAccepted { external: ExternalIds },
    #[serde(rename = "order.completed")]
    OrderCompleted,
    #[serde(rename = "order.shipped")]
    Shipped { shipment: Shipment },
    #[serde(rename = "order.delivered")]
    Delivered { parcels: Vec<Parcel> },
    #[serde(rename = "payment.recorded")]
    PaymentRecorded {
        tender_id: TenderId,
        state: TenderState,
        authorized: Amount,
        captured: Amount,
        /// Only if the report gave another one than the order had.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        provider_reference: Option<String>,
    },
    #[serde(rename = "refund.created")]
    RefundCreated { refund: Box<Refund>, derivations: Vec<Derivation> },
    #[serde(rename = "refund.held")]
    RefundHeld { refund_id: RefundId, hold: Hold },
    #[serde(rename = "refund.released")]
    RefundReleased { refund_id: RefundId },
    #[serde(rename = "refund.approved")]
    RefundApproved { refund_id: RefundId, by: Actor },
    #[serde(rename = "refund.retried")]
    RefundRetried { refund_id: RefundId },
    #[serde(rename = "refund.succeeded")]
    RefundSucceeded { refund_id: RefundId },
    #[serde(rename = "refund.failed")]
    RefundFailed { refund_id: RefundId },
    #[serde(rename = "leg.sent")]
    LegSent { refund_id: RefundId, leg_id: LegId },
    /// The provider took it and will settle it later.
    #[serde(rename = "leg.accepted")]
    LegAccepted { refund_id: RefundId, leg_id: LegId, reference: String },
    /// The answer was lost: it may or may not have happened.
    #[serde(rename = "leg.unknown")]
    LegUnknown { refund_id: RefundId, leg_id: LegId },
    /// The provider did not do it and may be asked again.
    #[serde(rename = "leg.deferred")]
    LegDeferred { refund_id: RefundId, leg_id: LegId, failure: LegFailure },
    #[serde(rename = "leg.settled")]
    LegSettled { refund_id: RefundId, leg_id: LegId, reference: String },
    #[serde(rename = "leg.failed")]
    LegFailed { refund_id: RefundId, leg_id: LegId, failure: LegFailure },
}

impl Fact {
    /// The stable name, as stored.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::OrderReceived { .. } => "order.received",
            Self::OrderReady => "order.ready",
            Self::ExternalReferenceSet { .. } => "order.external_reference_set",
            Self::OrderAccepted { .. } => "order.accepted",
            Self::OrderCompleted => "order.completed",
            Self::Shipped { .. } => "order.shipped",
            Self::Delivered { .. } => "order.delivered",
            Self::PaymentRecorded { .. } => "payment.recorded",
            Self::RefundCreated { .. } => "refund.created",
            Self::RefundHeld { .. } => "refund.held",
            Self::RefundReleased { .. } => "refund.released",
            Self::RefundApproved { .. } => "refund.approved",
            Self::RefundRetried { .. } => "refund.retried",
            Self::RefundSucceeded { .. } => "refund.succeeded",
            Self::RefundFailed { .. } => "refund.failed",
            Self::LegSent { .. } => "leg.sent",
            Self::LegAccepted { .. } => "leg.accepted",
            Self::LegUnknown { .. } => "leg.unknown",
            Self::LegDeferred { .. } => "leg.deferred",
            Self::LegSettled { .. } => "leg.settled",
            Self::LegFailed { .. } => "leg.failed",
        }
    }

    /// Whether readers of the feed see it. The others are for the audit trail alone.
    pub const fn is_public(&self) -> bool {
        match self {
            Self::OrderReceived { .. }
            | Self::OrderReady
            | Self::OrderAccepted { .. }
            | Self::OrderCompleted
            | Self::Shipped { .. }
            | Self::Delivered { .. }
            | Self::RefundCreated { .. }
            | Self::RefundHeld { .. }
            | Self::RefundSucceeded { .. }
            | Self::RefundFailed { .. } => true,
            Self::ExternalReferenceSet { .. }
            | Self::PaymentRecorded { .. }
            | Self::RefundReleased { .. }
            | Self::RefundApproved { .. }
            | Self::RefundRetried { .. }
            | Self::LegSent { .. }
            | Self::LegAccepted { .. }
            | Self::LegUnknown { .. }
            | Self::LegDeferred { .. }
            | Self::LegSettled { .. }
            | Self::LegFailed { .. } => false,
        }
    }

    /// The payment worker's progress: it changes where money is, not what is left to refund, but
    /// for a leg that settles after its refund had failed.
    pub const fn is_leg_progress(&self) -> bool {
        matches!(
            self,
            Self::LegSent { .. }
                | Self::LegAccepted { .. }
                | Self::LegUnknown { .. }
                | Self::LegDeferred { .. }
                | Self::LegSettled { .. }
                | Self::RefundSucceeded { .. }
        )
    }
}
