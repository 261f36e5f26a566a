use super::{
    DisputeReport, ExternalIds, HandoverOutcome, LatePayment, Parcel, PaymentReport, SettleDispute,
    Shipment, Turn,
};
use crate::{
    Actor,
    cancellation::{
        AcceptCancellation, CancelOrder, RejectCancellation, RequestCancellation, UndoCancellation,
    },
    id::{CancellationId, LegId, RefundId},
    refund::{LegOutcome, RefundMethod, RefundPolicy, RefundRequest},
    screening::{Check, Finding, Verdict},
};
use time::OffsetDateTime;

/// What may be asked of an order, with everything the decision needs.
#[derive(Debug, Clone)]
pub enum Command {
    /// Payments and screening are looked at here.
    MarkReady {
        /// The order is pushed into its shop's own system.
        plug_and_play: bool,
    },
    /// What a check came to.
    RecordScreening {
        check: Check,
        verdict: Verdict,
        /// The worst first: what is beyond [`Finding::MAX`] is not kept.
        findings: Vec<Finding>,
        by: Actor,
        at: OffsetDateTime,
    },
    /// A person decides about a check that waits for one.
    ResolveScreening {
        check: Check,
        clear: bool,
        comment: String,
        by: Actor,
        at: OffsetDateTime,
    },
    /// The hand-over worker is about to call the shop.
    StartHandover {
        /// When it was looked at: of two who want to push it, one may.
        turn: Turn,
        /// Where it is pushed to.
        target: String,
    },
    /// What the shop said, or that nothing is known.
    RecordHandover {
        /// When the shop was called.
        turn: Turn,
        outcome: HandoverOutcome,
        at: OffsetDateTime,
    },
    RetryHandover {
        by: Actor,
    },
    Accept(ExternalIds),
    SetExternalReference(ExternalIds),
    Complete,
    ErasePersonalData,
    RecordPayment(PaymentReport),
    /// The same, and what comes in for an order that the platform cancelled goes back.
    RecordLatePayment(Box<LatePayment>),
    /// What a provider says of a payment that is contested.
    RecordDispute(DisputeReport),
    /// The same, and what it frees goes back if nothing else would give it back.
    SettleDispute(Box<SettleDispute>),
    Ship(Shipment),
    /// No parcels: everything that is in transit.
    Deliver(Vec<Parcel>),
    CreateRefund(Box<CreateRefund>),
    HoldRefund {
        refund_id: RefundId,
        by: Actor,
        reason: String,
    },
    ReleaseRefund {
        refund_id: RefundId,
    },
    ApproveRefund {
        refund_id: RefundId,
        by: Actor,
    },
    RetryRefund {
        refund_id: RefundId,
        at: OffsetDateTime,
    },
    /// Another way back for what has not been sent.
    ChangeRefundMethod {
        refund_id: RefundId,
        method: RefundMethod,
        at: OffsetDateTime,
    },
    /// A person paid the refund's manual legs out and has a reference for it.
    ConfirmManual {
        refund_id: RefundId,
        reference: String,
        at: OffsetDateTime,
    },
    /// The payment worker is about to call the provider.
    SendLeg {
        refund_id: RefundId,
        leg_id: LegId,
        /// The leg's tries when it was looked at: of two who want to send it, one may.
        attempt: u32,
        at: OffsetDateTime,
    },
    /// What the provider said, or that nothing is known.
    RecordLeg {
        refund_id: RefundId,
        leg_id: LegId,
        /// The leg's tries when it was sent or asked about: 1 for the first sending.
        attempt: u32,
        outcome: LegOutcome,
        at: OffsetDateTime,
    },
    RequestCancellation(Box<RequestCancellation>),
    WithdrawCancellation {
        cancellation_id: CancellationId,
        at: OffsetDateTime,
    },
    AcceptCancellation(Box<AcceptCancellation>),
    RejectCancellation(Box<RejectCancellation>),
    /// The merchant's act, whoever calls.
    CancelOrder(Box<CancelOrder>),
    /// The platform's act, by its workers alone.
    CancelByPlatform(Box<CancelOrder>),
    UndoCancellation(Box<UndoCancellation>),
}

#[derive(Debug, Clone)]
pub struct CreateRefund {
    pub refund_id: RefundId,
    /// Unique within the store.
    pub number: i64,
    pub at: OffsetDateTime,
    pub by: Actor,
    /// The order's version that the decision is made on.
    pub order_version: i64,
    pub policy: RefundPolicy,
    pub request: RefundRequest,
}

impl Command {
    /// The stable name, for logs and tests.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::MarkReady { .. } => "mark ready",
            Self::RecordScreening { .. } => "record screening",
            Self::ResolveScreening { .. } => "resolve screening",
            Self::StartHandover { .. } => "start handover",
            Self::RecordHandover { .. } => "record handover",
            Self::RetryHandover { .. } => "retry handover",
            Self::Accept(_) => "accept",
            Self::SetExternalReference(_) => "set external reference",
            Self::Complete => "complete",
            Self::ErasePersonalData => "erase personal data",
            Self::RecordPayment(_) | Self::RecordLatePayment(_) => "record payment",
            Self::RecordDispute(_) | Self::SettleDispute(_) => "record dispute",
            Self::Ship(_) => "ship",
            Self::Deliver(_) => "deliver",
            Self::CreateRefund(_) => "create refund",
            Self::HoldRefund { .. } => "hold refund",
            Self::ReleaseRefund { .. } => "release refund",
            Self::ApproveRefund { .. } => "approve refund",
            Self::RetryRefund { .. } => "retry refund",
            Self::ChangeRefundMethod { .. } => "change refund method",
            Self::ConfirmManual { .. } => "confirm manual refund",
            Self::SendLeg { .. } => "send leg",
            Self::RecordLeg { .. } => "record leg",
            Self::RequestCancellation(_) => "request cancellation",
            Self::WithdrawCancellation { .. } => "withdraw cancellation",
            Self::AcceptCancellation(_) => "accept cancellation",
            Self::RejectCancellation(_) => "reject cancellation",
            Self::CancelOrder(_) => "cancel order",
            Self::CancelByPlatform(_) => "cancel by platform",
            Self::UndoCancellation(_) => "undo cancellation",
        }
    }
}
