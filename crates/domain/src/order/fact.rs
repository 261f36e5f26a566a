use super::{
    Dispute, ExternalIds, FailedTry, Order, OrderState, Parcel, Shipment, Tender, TenderState,
};
use crate::{
    Actor, Amount,
    cancellation::{Cancellation, CancellationReason, RequestedBy, Undone},
    id::{CancellationId, LegId, RefundId, TenderId},
    refund::{Derivation, Hold, Leg, LegFailure, LegMismatch, Refund, RefundMethod},
    screening::{Check, Finding, Verdict},
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

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
    /// What names anybody is gone; amounts and ids stay.
    #[serde(rename = "order.personal_data_erased")]
    PersonalDataErased,
    /// With the last piece that was open.
    #[serde(rename = "order.cancelled")]
    OrderCancelled {
        cancellation_id: CancellationId,
        requested_by: RequestedBy,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<CancellationReason>,
        by: Actor,
    },
    /// Back in the state that it was cancelled from.
    #[serde(rename = "order.reinstated")]
    OrderReinstated { state: OrderState },
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
    /// A check came to CLEAR or FAILED by itself.
    #[serde(rename = "screening.recorded")]
    ScreeningRecorded {
        check: Check,
        verdict: Verdict,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        findings: Vec<Finding>,
        by: Actor,
        #[serde(with = "time::serde::rfc3339")]
        at: OffsetDateTime,
    },
    /// A check waits for a person.
    #[serde(rename = "order.screening_review")]
    ScreeningReview {
        check: Check,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        findings: Vec<Finding>,
        by: Actor,
        #[serde(with = "time::serde::rfc3339")]
        at: OffsetDateTime,
    },
    /// A person decided.
    #[serde(rename = "screening.resolved")]
    ScreeningResolved {
        check: Check,
        clear: bool,
        comment: String,
        by: Actor,
        #[serde(with = "time::serde::rfc3339")]
        at: OffsetDateTime,
    },
    #[serde(rename = "handover.queued")]
    HandoverQueued,
    /// The shop is about to be called.
    #[serde(rename = "handover.started")]
    HandoverStarted { target: Option<String> },
    #[serde(rename = "order.handover_failed")]
    HandoverFailed { failure: FailedTry, in_doubt: bool },
    #[serde(rename = "order.handover_exhausted")]
    HandoverExhausted,
    /// What the shop has of the order is known, and needs nobody.
    #[serde(rename = "handover.settled")]
    HandoverSettled,
    #[serde(rename = "handover.retried")]
    HandoverRetried { by: Actor },
    /// The shop has an order that should not be there: it was cancelled here, or taken under other
    /// names.
    #[serde(rename = "order.orphaned")]
    OrderOrphaned { external: ExternalIds },
    #[serde(rename = "refund.created")]
    RefundCreated { refund: Box<Refund>, derivations: Vec<Derivation> },
    #[serde(rename = "refund.held")]
    RefundHeld { refund_id: RefundId, hold: Hold },
    #[serde(rename = "refund.released")]
    RefundReleased { refund_id: RefundId },
    #[serde(rename = "refund.approved")]
    RefundApproved { refund_id: RefundId, by: Actor },
    #[serde(rename = "refund.retried")]
    RefundRetried {
        refund_id: RefundId,
        /// In place of those that were reversed: their keys stand for what was done and taken back.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        legs: Vec<Leg>,
        #[serde(
            default,
            skip_serializing_if = "Option::is_none",
            with = "time::serde::rfc3339::option"
        )]
        at: Option<OffsetDateTime>,
    },
    #[serde(rename = "refund.succeeded")]
    RefundSucceeded { refund_id: RefundId },
    #[serde(rename = "refund.failed")]
    RefundFailed { refund_id: RefundId },
    /// A leg that had settled was taken back by its provider. With it a refund that had succeeded
    /// has failed.
    #[serde(rename = "refund.reversed")]
    RefundReversed {
        refund_id: RefundId,
        leg_id: LegId,
        failure: LegFailure,
        /// The other legs carry all of the refund: nothing is missing of it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        surplus: bool,
    },
    /// The buyer is to be told of it.
    #[serde(rename = "refund.notice")]
    RefundNotice { refund_id: RefundId },
    /// It takes nothing of the order any more. Legs that settled still say what they moved.
    #[serde(rename = "refund.voided")]
    RefundVoided { refund_id: RefundId },
    /// The legs that replace those which were not carried out.
    #[serde(rename = "refund.method_changed")]
    RefundMethodChanged { refund_id: RefundId, method: RefundMethod, legs: Vec<Leg> },
    /// Points or store credit are back on their account.
    #[serde(rename = "points.restored")]
    PointsRestored { refund_id: RefundId, leg_id: LegId, tender_id: TenderId, amount: Amount },
    /// As it is from now on, as with the other facts of disputes.
    #[serde(rename = "dispute.opened")]
    DisputeOpened { dispute: Dispute },
    #[serde(rename = "dispute.won")]
    DisputeWon { dispute: Dispute },
    #[serde(rename = "dispute.lost")]
    DisputeLost { dispute: Dispute },
    /// Its amount or one of its times is another.
    #[serde(rename = "dispute.updated")]
    DisputeUpdated { dispute: Dispute },
    #[serde(rename = "cancellation.requested")]
    CancellationRequested { cancellation: Box<Cancellation> },
    /// As it is from now on; also one that nobody had to request.
    #[serde(rename = "cancellation.accepted")]
    CancellationAccepted { cancellation: Box<Cancellation> },
    /// The request, or the part of it that is a record of its own from now on.
    #[serde(rename = "cancellation.rejected")]
    CancellationRejected { cancellation: Box<Cancellation> },
    #[serde(rename = "cancellation.withdrawn")]
    CancellationWithdrawn {
        cancellation_id: CancellationId,
        #[serde(with = "time::serde::rfc3339")]
        at: OffsetDateTime,
    },
    #[serde(rename = "cancellation.completed")]
    CancellationCompleted {
        cancellation_id: CancellationId,
        #[serde(with = "time::serde::rfc3339")]
        at: OffsetDateTime,
    },
    #[serde(rename = "cancellation.undone")]
    CancellationUndone {
        cancellation_id: CancellationId,
        undone: Undone,
        /// Money that came in again.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tenders: Vec<Tender>,
    },
    #[serde(rename = "leg.sent")]
    LegSent {
        refund_id: RefundId,
        leg_id: LegId,
        #[serde(
            default,
            skip_serializing_if = "Option::is_none",
            with = "time::serde::rfc3339::option"
        )]
        at: Option<OffsetDateTime>,
    },
    /// The provider took it and will settle it later.
    #[serde(rename = "leg.accepted")]
    LegAccepted {
        refund_id: RefundId,
        leg_id: LegId,
        reference: String,
        #[serde(
            default,
            skip_serializing_if = "Option::is_none",
            with = "time::serde::rfc3339::option"
        )]
        at: Option<OffsetDateTime>,
    },
    /// The answer was lost: it may or may not have happened.
    #[serde(rename = "leg.unknown")]
    LegUnknown {
        refund_id: RefundId,
        leg_id: LegId,
        #[serde(
            default,
            skip_serializing_if = "Option::is_none",
            with = "time::serde::rfc3339::option"
        )]
        at: Option<OffsetDateTime>,
    },
    /// The provider has something else under the leg's key than was asked.
    #[serde(rename = "leg.mismatched")]
    LegMismatched { refund_id: RefundId, leg_id: LegId, mismatch: LegMismatch },
    /// The provider did not do it and may be asked again.
    #[serde(rename = "leg.deferred")]
    LegDeferred {
        refund_id: RefundId,
        leg_id: LegId,
        failure: LegFailure,
        /// The provider was not reached, so that it was no try.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        unsent: bool,
        #[serde(
            default,
            skip_serializing_if = "Option::is_none",
            with = "time::serde::rfc3339::option"
        )]
        at: Option<OffsetDateTime>,
    },
    #[serde(rename = "leg.settled")]
    LegSettled { refund_id: RefundId, leg_id: LegId, reference: String },
    #[serde(rename = "leg.failed")]
    LegFailed {
        refund_id: RefundId,
        leg_id: LegId,
        failure: LegFailure,
        /// Its provider had it, and took it back.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        reversed: bool,
    },
    /// It is not needed any more: what it replaced settled after all.
    #[serde(rename = "leg.voided")]
    LegVoided { refund_id: RefundId, leg_id: LegId },
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
            Self::PersonalDataErased => "order.personal_data_erased",
            Self::OrderCancelled { .. } => "order.cancelled",
            Self::OrderReinstated { .. } => "order.reinstated",
            Self::Shipped { .. } => "order.shipped",
            Self::Delivered { .. } => "order.delivered",
            Self::PaymentRecorded { .. } => "payment.recorded",
            Self::ScreeningRecorded { .. } => "screening.recorded",
            Self::ScreeningReview { .. } => "order.screening_review",
            Self::ScreeningResolved { .. } => "screening.resolved",
            Self::HandoverQueued => "handover.queued",
            Self::HandoverStarted { .. } => "handover.started",
            Self::HandoverFailed { .. } => "order.handover_failed",
            Self::HandoverExhausted => "order.handover_exhausted",
            Self::HandoverSettled => "handover.settled",
            Self::HandoverRetried { .. } => "handover.retried",
            Self::OrderOrphaned { .. } => "order.orphaned",
            Self::RefundCreated { .. } => "refund.created",
            Self::RefundHeld { .. } => "refund.held",
            Self::RefundReleased { .. } => "refund.released",
            Self::RefundApproved { .. } => "refund.approved",
            Self::RefundRetried { .. } => "refund.retried",
            Self::RefundSucceeded { .. } => "refund.succeeded",
            Self::RefundFailed { .. } => "refund.failed",
            Self::RefundReversed { .. } => "refund.reversed",
            Self::RefundNotice { .. } => "refund.notice",
            Self::RefundVoided { .. } => "refund.voided",
            Self::RefundMethodChanged { .. } => "refund.method_changed",
            Self::PointsRestored { .. } => "points.restored",
            Self::DisputeOpened { .. } => "dispute.opened",
            Self::DisputeWon { .. } => "dispute.won",
            Self::DisputeLost { .. } => "dispute.lost",
            Self::DisputeUpdated { .. } => "dispute.updated",
            Self::CancellationRequested { .. } => "cancellation.requested",
            Self::CancellationAccepted { .. } => "cancellation.accepted",
            Self::CancellationRejected { .. } => "cancellation.rejected",
            Self::CancellationWithdrawn { .. } => "cancellation.withdrawn",
            Self::CancellationCompleted { .. } => "cancellation.completed",
            Self::CancellationUndone { .. } => "cancellation.undone",
            Self::LegSent { .. } => "leg.sent",
            Self::LegAccepted { .. } => "leg.accepted",
            Self::LegUnknown { .. } => "leg.unknown",
            Self::LegMismatched { .. } => "leg.mismatched",
            Self::LegDeferred { .. } => "leg.deferred",
            Self::LegSettled { .. } => "leg.settled",
            Self::LegFailed { .. } => "leg.failed",
            Self::LegVoided { .. } => "leg.voided",
        }
    }

    /// Whether readers of the feed see it. The others are for the audit trail alone.
    pub const fn is_public(&self) -> bool {
        match self {
            Self::OrderReceived { .. }
            | Self::OrderReady
            | Self::OrderAccepted { .. }
            | Self::OrderCompleted
            | Self::OrderCancelled { .. }
            | Self::OrderReinstated { .. }
            | Self::Shipped { .. }
            | Self::Delivered { .. }
            | Self::ScreeningReview { .. }
            | Self::HandoverFailed { .. }
            | Self::HandoverExhausted
            | Self::OrderOrphaned { .. }
            | Self::RefundCreated { .. }
            | Self::RefundHeld { .. }
            | Self::RefundSucceeded { .. }
            | Self::RefundFailed { .. }
            | Self::RefundReversed { .. }
            | Self::RefundNotice { .. }
            | Self::RefundVoided { .. }
            | Self::PointsRestored { .. }
            | Self::DisputeOpened { .. }
            | Self::DisputeWon { .. }
            | Self::DisputeLost { .. }
            | Self::CancellationRequested { .. }
            | Self::CancellationAccepted { .. }
            | Self::CancellationRejected { .. }
            | Self::CancellationWithdrawn { .. }
            | Self::CancellationCompleted { .. }
            | Self::CancellationUndone { .. } => true,
            Self::ExternalReferenceSet { .. }
            | Self::PersonalDataErased
            | Self::PaymentRecorded { .. }
            | Self::ScreeningRecorded { .. }
            | Self::ScreeningResolved { .. }
            | Self::HandoverQueued
            | Self::HandoverStarted { .. }
            | Self::HandoverSettled
            | Self::HandoverRetried { .. }
            | Self::RefundReleased { .. }
            | Self::RefundApproved { .. }
            | Self::RefundRetried { .. }
            | Self::RefundMethodChanged { .. }
            | Self::DisputeUpdated { .. }
            | Self::LegSent { .. }
            | Self::LegAccepted { .. }
            | Self::LegUnknown { .. }
            | Self::LegMismatched { .. }
            | Self::LegDeferred { .. }
            | Self::LegSettled { .. }
            | Self::LegFailed { .. }
            | Self::LegVoided { .. } => false,
        }
    }

    /// Whose doing it was, where that is not whoever gave the command: what a store accepts by
    /// itself, it does itself.
    pub fn by(&self) -> Option<&Actor> {
        match self {
            Self::CancellationAccepted { cancellation } => {
                cancellation.accepted.as_ref().map(|accepted| &accepted.by)
            }
            Self::OrderCancelled { by, .. } => Some(by),
            _ => None,
        }
    }

    /// The payment worker's progress: it changes where money is, not what is left to refund, but
    /// for a leg that settles after its refund had failed. Nor does it matter to that who bought.
    pub const fn is_leg_progress(&self) -> bool {
        matches!(
            self,
            Self::PersonalDataErased
                | Self::LegSent { .. }
                | Self::LegAccepted { .. }
                | Self::LegUnknown { .. }
                | Self::LegMismatched { .. }
                | Self::LegDeferred { .. }
                | Self::LegSettled { .. }
                | Self::RefundSucceeded { .. }
                | Self::RefundNotice { .. }
                | Self::PointsRestored { .. }
                | Self::CancellationCompleted { .. }
        )
    }
}
