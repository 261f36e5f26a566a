//! A payment that comes in for an order which the platform has cancelled: it goes back at once.

use super::{CreateRefund, Fact, Order, OrderState, PaymentReport, Tender, payment};
use crate::{
    Actor, Rejection,
    cancellation::NewRefundIds,
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
    /// Whether it is cancelled in a way that nobody can undo (U8).
    pub fn is_cancelled_for_good(&self) -> bool {
        let accepted = self.cancellations.iter().filter(|it| it.is_accepted());
        let mut reasons = accepted.filter_map(|it| it.reason.as_ref());
        self.state == OrderState::Cancelled && reasons.any(|given| given.reason.is_final())
    }

    /// Whether a payment of it may still come in, or the rest of one.
    pub fn awaits_payment(&self) -> bool {
        self.tenders.iter().any(Tender::is_open)
    }
}

/// One that may still be put back takes payments by its own rules.
pub(super) fn give_back(order: &Order, late: LatePayment) -> Result<Vec<Fact>, Rejection> {
    let LatePayment { report, refund: ids, at, by, policy } = late;
    let is_late = order.is_cancelled_for_good();
    let mut facts = payment::record(order, report, is_late)?;
    let after = facts.iter().fold(order.clone(), Order::evolve);
    let stands = |order: &Order| order.tenders.iter().map(|it| it.authorized).collect::<Vec<_>>();
    if !is_late || stands(&after) == stands(order) {
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
