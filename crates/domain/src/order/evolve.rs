//! Facts applied. Nothing here refuses: what is recorded has happened.

use super::{Fact, Order, OrderState, Parcel, Quantities, dispute, handover, screening};
use crate::cancellation::{Cancellation, CancellationState, CancelledLine, without};
use crate::id::{CancellationId, LegId, RefundId};
use crate::refund::{Leg, LegKind, LegState, Refund, RefundState};

#[expect(clippy::too_many_lines, reason = "one arm for each fact")]
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
        Fact::PersonalDataErased => {
            order.personal_data_erased = true;
            order.cancellations.iter_mut().for_each(Cancellation::forget_customers_words);
        }
        Fact::OrderCancelled { .. } => {
            order.cancelled_from = Some(order.state);
            order.state = OrderState::Cancelled;
        }
        Fact::OrderReinstated { state } => {
            order.cancelled_from = None;
            order.state = *state;
        }
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
        Fact::ScreeningRecorded { .. }
        | Fact::ScreeningReview { .. }
        | Fact::ScreeningResolved { .. } => screening::evolve(&mut order, fact),
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
        Fact::RefundRetried { refund_id, legs, at } => {
            on_refund(&mut order, *refund_id, |refund| {
                for leg in &mut refund.legs {
                    leg.mismatch = None;
                }
                // Of one that is under way a person has looked at the marks, and at nothing else.
                if refund.state == RefundState::Pending {
                    return;
                }
                refund.state = RefundState::Pending;
                for leg in refund.legs.iter_mut().filter(|leg| leg.state == LegState::Failed) {
                    if leg.reversed {
                        leg.state = LegState::Voided;
                        continue;
                    }
                    leg.state = LegState::Pending;
                    leg.attempts_before_retry = leg.attempts;
                    leg.failure = None;
                    leg.moved_at = *at;
                }
                refund.legs.extend(legs.iter().cloned());
            });
        }
        Fact::RefundSucceeded { refund_id } => {
            on_refund(&mut order, *refund_id, |refund| {
                refund.state = RefundState::Succeeded;
                refund.hold = None;
            });
        }
        Fact::RefundFailed { refund_id } => {
            on_refund(&mut order, *refund_id, |refund| refund.state = RefundState::Failed);
        }
        Fact::RefundReversed { refund_id, leg_id, failure, surplus } => {
            on_leg(&mut order, *refund_id, leg_id, |leg| {
                leg.state = if *surplus { LegState::Voided } else { LegState::Failed };
                leg.failure = Some(failure.clone());
                leg.reversed = true;
            });
            on_refund(&mut order, *refund_id, |refund| {
                if refund.state == RefundState::Succeeded && !surplus {
                    refund.state = RefundState::Failed;
                }
            });
        }
        Fact::RefundVoided { refund_id } => on_refund(&mut order, *refund_id, |refund| {
            refund.state = RefundState::Voided;
            refund.hold = None;
            void(refund, |_| true);
        }),
        Fact::RefundMethodChanged { refund_id, method, legs } => {
            on_refund(&mut order, *refund_id, |refund| {
                // An authorisation is let go whatever the method.
                let failed = refund.state == RefundState::Failed;
                void(refund, |leg| failed || leg.kind != LegKind::Release);
                refund.method = *method;
                refund.legs.extend(legs.iter().cloned());
                if refund.state == RefundState::Failed {
                    refund.state = RefundState::Pending;
                }
            });
        }
        Fact::PointsRestored { .. }
        | Fact::RefundNotice { .. }
        | Fact::HandoverQueued
        | Fact::HandoverStarted { .. }
        | Fact::HandoverFailed { .. }
        | Fact::HandoverExhausted
        | Fact::HandoverSettled
        | Fact::HandoverRetried { .. }
        | Fact::OrderOrphaned { .. } => {}
        Fact::DisputeOpened { dispute: it }
        | Fact::DisputeWon { dispute: it }
        | Fact::DisputeLost { dispute: it }
        | Fact::DisputeUpdated { dispute: it } => dispute::evolve(&mut order, it),
        Fact::CancellationRequested { cancellation } => {
            for_each_piece(&mut order, &cancellation.lines, |q, count| q.held += count);
            order.cancellations.push((**cancellation).clone());
        }
        Fact::CancellationAccepted { cancellation } => {
            let requested = order.cancellation(cancellation.cancellation_id).is_some();
            for_each_piece(&mut order, &cancellation.lines, |q, count| {
                if requested {
                    q.held = q.held.saturating_sub(count);
                }
                q.cancelled += count;
            });
            put(&mut order, cancellation);
        }
        Fact::CancellationRejected { cancellation } => {
            free(&mut order, &cancellation.lines);
            if let Some(request) = cancellation.split_from
                && order.cancellation(cancellation.cancellation_id).is_none()
            {
                on_cancellation(&mut order, request, |request| {
                    request.lines = without(&request.lines, &cancellation.lines);
                });
            }
            put(&mut order, cancellation);
        }
        Fact::CancellationWithdrawn { cancellation_id, at } => {
            let lines = order.cancellation(*cancellation_id).map(|it| it.lines.clone());
            free(&mut order, &lines.unwrap_or_default());
            on_cancellation(&mut order, *cancellation_id, |cancellation| {
                cancellation.state = CancellationState::Withdrawn;
                cancellation.ended_at = Some(*at);
            });
        }
        Fact::CancellationCompleted { cancellation_id, at } => {
            on_cancellation(&mut order, *cancellation_id, |cancellation| {
                cancellation.state = CancellationState::Completed;
                cancellation.completed_at = Some(*at);
            });
        }
        Fact::CancellationUndone { cancellation_id, undone, tenders } => {
            let lines = order.cancellation(*cancellation_id).map(|it| it.lines.clone());
            for_each_piece(&mut order, &lines.unwrap_or_default(), |q, count| {
                q.cancelled = q.cancelled.saturating_sub(count);
            });
            on_cancellation(&mut order, *cancellation_id, |cancellation| {
                cancellation.state = CancellationState::Undone;
                cancellation.undone = Some(undone.clone());
            });
            order.tenders.extend(tenders.iter().cloned());
        }
        Fact::LegSent { refund_id, leg_id, at } => on_leg(&mut order, *refund_id, leg_id, |leg| {
            leg.state = LegState::Sent;
            leg.attempts += 1;
            leg.moved_before = leg.moved_at;
            leg.moved_at = *at;
        }),
        Fact::LegAccepted { refund_id, leg_id, reference, at } => {
            on_leg(&mut order, *refund_id, leg_id, |leg| {
                leg.state = LegState::Accepted;
                leg.reference = Some(reference.clone());
                leg.mismatch = None;
                leg.moved_at = *at;
            });
        }
        Fact::LegUnknown { refund_id, leg_id, at } => {
            on_leg(&mut order, *refund_id, leg_id, |leg| {
                leg.state = LegState::Unknown;
                leg.moved_at = *at;
            });
        }
        Fact::LegMismatched { refund_id, leg_id, mismatch } => {
            on_leg(&mut order, *refund_id, leg_id, |leg| {
                // Its provider has something under its key, so it is not one that is merely to be sent.
                if leg.state == LegState::Pending {
                    leg.state = LegState::Unknown;
                }
                leg.mismatch = Some(mismatch.clone());
            });
        }
        Fact::LegDeferred { refund_id, leg_id, failure, unsent, at } => {
            on_leg(&mut order, *refund_id, leg_id, |leg| {
                leg.state = LegState::Pending;
                leg.failure = Some(failure.clone());
                leg.attempts_before_retry += u32::from(*unsent);
                leg.moved_at = if *unsent { leg.moved_before } else { *at };
            });
        }
        Fact::LegSettled { refund_id, leg_id, reference } => {
            on_leg(&mut order, *refund_id, leg_id, |leg| {
                leg.state = LegState::Settled;
                leg.reference = Some(reference.clone());
                leg.failure = None;
                leg.mismatch = None;
            });
        }
        Fact::LegVoided { refund_id, leg_id } => {
            on_leg(&mut order, *refund_id, leg_id, |leg| leg.state = LegState::Voided);
        }
        Fact::LegFailed { refund_id, leg_id, failure, reversed } => {
            on_leg(&mut order, *refund_id, leg_id, |leg| {
                leg.state = LegState::Failed;
                leg.failure = Some(failure.clone());
                leg.reversed = *reversed;
                leg.mismatch = None;
            });
        }
    }
    handover::evolve(&mut order, fact);
    order.published += i64::from(fact.is_public());
    order.revision += i64::from(makes_quotes_stale);
    order
}

/// A leg that had failed, or was given up, settled after all: its money was free until now.
fn takes_what_was_free(order: &Order, fact: &Fact) -> bool {
    let Fact::LegSettled { refund_id, leg_id, .. } = fact else { return false };
    order.refund(*refund_id).is_some_and(|refund| {
        let mut legs = refund.legs.iter().filter(|leg| leg.leg_id == *leg_id);
        !refund.holds_amounts() || legs.any(|leg| leg.state == LegState::Voided)
    })
}

/// What was not carried out is not going to be.
fn void(refund: &mut Refund, concerned: impl Fn(&Leg) -> bool) {
    for leg in refund.legs.iter_mut().filter(|leg| leg.state != LegState::Settled) {
        if concerned(leg) {
            leg.state = LegState::Voided;
        }
    }
}

fn free(order: &mut Order, lines: &[CancelledLine]) {
    for_each_piece(order, lines, |q, count| q.held = q.held.saturating_sub(count));
}

/// Replaces the record of the same id, or adds it.
fn put(order: &mut Order, cancellation: &Cancellation) {
    let id = cancellation.cancellation_id;
    match order.cancellations.iter_mut().find(|it| it.cancellation_id == id) {
        Some(known) => known.clone_from(cancellation),
        None => order.cancellations.push(cancellation.clone()),
    }
}

fn on_cancellation(
    order: &mut Order,
    cancellation_id: CancellationId,
    change: impl FnOnce(&mut Cancellation),
) {
    let mut all = order.cancellations.iter_mut();
    if let Some(found) = all.find(|it| it.cancellation_id == cancellation_id) {
        change(found);
    }
}

fn for_each_piece(
    order: &mut Order,
    lines: &[CancelledLine],
    change: impl Fn(&mut Quantities, u32),
) {
    for piece in lines {
        if let Some(line) = order.lines.get_mut(piece.line) {
            change(&mut line.quantities, piece.quantity);
        }
    }
}

fn for_each_line(order: &mut Order, parcels: &[Parcel], change: impl Fn(&mut Quantities, u32)) {
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
