//! A payment that comes in for an order which the platform has cancelled: it goes back at once.

use super::{CreateRefund, Fact, Order, OrderState, PaymentReport, payment};
use crate::{
    Actor, Rejection,
    cancellation::{NewRefundIds, RequestedBy},
    refund::{self, RefundPolicy, RefundRequest},
};
use time::OffsetDateTime;

/// What a provider reports, and what is needed to give it back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LatePayment {
    pub report: PaymentReport,
    pub refund: NewRefundIds,
    pub at: OffsetDateTime,
    pub by: Actor,
    pub policy: RefundPolicy,
}

impl Order {
    /// Whether it is cancelled in a way that nobody can undo.
    pub fn is_cancelled_for_good(&self) -> bool {
        let by_platform = |cancellation: &crate::cancellation::Cancellation| {
            cancellation.requested_by == RequestedBy::Platform && cancellation.is_accepted()
        };
        self.state == OrderState::Cancelled && self.cancellations.iter().any(by_platform)
    }

    /// Whether a payment of it may still come in.
    pub fn awaits_payment(&self) -> bool {
        self.tenders.iter().any(super::Tender::is_awaited)
    }
}

/// One that may still be put back takes payments by its own rules.
pub(super) fn give_back(order: &Order, late: LatePayment) -> Result<Vec<Fact>, Rejection> {
    let LatePayment { report, refund: ids, at, by, policy } = late;
    if !order.is_cancelled_for_good() {
        return payment::record(order, report);
    }
    let mut facts = payment::record_late(order, report)?;
    let after = facts.iter().fold(order.clone(), Order::evolve);
    let stands = |order: &Order| order.tenders.iter().map(|it| it.authorized).collect::<Vec<_>>();
    if stands(&after) == stands(order) {
        return Ok(facts);
    }
    let create = CreateRefund {
        refund_id: ids.refund_id,
        number: ids.number,
        at,
        by,
        order_version: ids.order_version,
        policy,
        request: RefundRequest { full_refund: true, ..RefundRequest::default() },
    };
    if let Some((refund, derivations)) = refund::of_late_payment(&after, &create)? {
        let (refund_id, hold) = (refund.refund_id, refund.hold.clone());
        facts.push(Fact::RefundCreated { refund: Box::new(refund), derivations });
        facts.extend(hold.map(|hold| Fact::RefundHeld { refund_id, hold }));
    }
    Ok(facts)
}
