//! Facts applied. Nothing here refuses: what is recorded has happened.

use super::{Fact, Order, OrderState, Parcel};
use crate::id::{LegId, RefundId};
use crate::refund::{Leg, LegState, Refund, RefundState};

pub(super) fn evolve(mut order: Order, fact: &Fact) -> Order {
    let makes_quotes_stale = !fact.is_leg_progress() || takes_what_was_free(&order, fact);
    match fact {
        Fact::OrderReceived { order: received } => order = (**received).clone(),
        Fact::OrderReady => order.state = OrderState::Ready,
        Fact::ExternalReferenceSet { external } => order.external = Some(external.clone()),
        Fact::OrderAccepted { external } => {
            order.state = OrderState::Accepted;
            order.external = Some(external.clone());
        }
        Fact::OrderCompleted => order.state = OrderState::Completed,
        Fact::Shipped { shipment } => {
            for_each_line(&mut order, &shipment.parcels, |q, count| q.in_transit += count);
            order.shipments.push(shipment.clone());
        }
        Fact::Delivered { parcels } => for_each_line(&mut order, parcels, |q, count| {
            q.in_transit = q.in_transit.saturating_sub(count);
            q.delivered += count;
        }),
        Fact::PaymentRecorded { tender_id, state, authorized, captured, provider_reference } => {
            for tender in order.tenders.iter_mut().filter(|t| t.tender_id == *tender_id) {
                tender.state = *state;
                tender.authorized = *authorized;
                tender.captured = *captured;
                if let Some(reference) = provider_reference {
                    tender.provider_reference.clone_from(reference);
                }
            }
        }
        Fact::RefundCreated { refund, .. } => order.refunds.push((**refund).clone()),
        Fact::RefundHeld { refund_id, hold } => on_refund(&mut order, *refund_id, |refund| {
            refund.state = RefundState::Held;
            refund.hold = Some(hold.clone());
        }),
        Fact::RefundReleased { refund_id } | Fact::RefundApproved { refund_id, .. } => {
            on_refund(&mut order, *refund_id, |refund| {
                refund.state = RefundState::Pending;
                refund.hold = None;
            });
        }
        Fact::RefundRetried { refund_id } => on_refund(&mut order, *refund_id, |refund| {
            refund.state = RefundState::Pending;
            for leg in refund.legs.iter_mut().filter(|leg| leg.state == LegState::Failed) {
                leg.state = LegState::Pending;
                leg.attempts_before_retry = leg.attempts;
                leg.failure = None;
            }
        }),
        Fact::RefundSucceeded { refund_id } => {
            on_refund(&mut order, *refund_id, |refund| refund.state = RefundState::Succeeded);
        }
        Fact::RefundFailed { refund_id } => {
            on_refund(&mut order, *refund_id, |refund| refund.state = RefundState::Failed);
        }
        Fact::LegSent { refund_id, leg_id } => on_leg(&mut order, *refund_id, leg_id, |leg| {
            leg.state = LegState::Sent;
            leg.attempts += 1;
        }),
        Fact::LegAccepted { refund_id, leg_id, reference } => {
            on_leg(&mut order, *refund_id, leg_id, |leg| {
                leg.state = LegState::Accepted;
                leg.reference = Some(reference.clone());
            });
        }
        Fact::LegUnknown { refund_id, leg_id } => {
            on_leg(&mut order, *refund_id, leg_id, |leg| leg.state = LegState::Unknown);
        }
        Fact::LegDeferred { refund_id, leg_id, failure } => {
            on_leg(&mut order, *refund_id, leg_id, |leg| {
                leg.state = LegState::Pending;
                leg.failure = Some(failure.clone());
            });
        }
        Fact::LegSettled { refund_id, leg_id, reference } => {
            on_leg(&mut order, *refund_id, leg_id, |leg| {
                leg.state = LegState::Settled;
                leg.reference = Some(reference.clone());
                leg.failure = None;
            });
        }
        Fact::LegFailed { refund_id, leg_id, failure } => {
            on_leg(&mut order, *refund_id, leg_id, |leg| {
                leg.state = LegState::Failed;
                leg.failure = Some(failure.clone());
            });
        }
    }
    order.published += i64::from(fact.is_public());
    order.revision += i64::from(makes_quotes_stale);
    order
}

/// A leg of a refund that had failed settled after all: its money was free until now.
fn takes_what_was_free(order: &Order, fact: &Fact) -> bool {
    let Fact::LegSettled { refund_id, .. } = fact else { return false };
    order.refund(*refund_id).is_some_and(|refund| !refund.holds_amounts())
}

fn for_each_line(
    order: &mut Order,
    parcels: &[Parcel],
    change: impl Fn(&mut super::Quantities, u32),
) {
    for parcel in parcels {
        for line in order.lines.iter_mut().filter(|l| l.cart_item_id == parcel.cart_item_id) {
            change(&mut line.quantities, parcel.quantity);
        }
    }
}

fn on_refund(order: &mut Order, refund_id: RefundId, change: impl FnOnce(&mut Refund)) {
    if let Some(refund) = order.refunds.iter_mut().find(|refund| refund.refund_id == refund_id) {
        change(refund);
    }
}

fn on_leg(order: &mut Order, refund_id: RefundId, leg_id: &LegId, change: impl FnOnce(&mut Leg)) {
    on_refund(order, refund_id, |refund| {
        if let Some(leg) = refund.legs.iter_mut().find(|leg| leg.leg_id == *leg_id) {
            change(leg);
        }
    });
}
