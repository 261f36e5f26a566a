//! What holds after every step, and that every kind of step was taken.

use domain::{
    Amount,
    cancellation::{Cancellation, CancellationState},
    order::{Order, OrderState},
    refund::{LegState, RefundState},
};
use std::collections::BTreeMap;

/// Every piece is in one place, and each place is what its records say.
pub fn quantities(order: &Order) {
    for (index, line) in order.lines.iter().enumerate() {
        let count = |counts: fn(&Cancellation) -> bool| -> u32 {
            let records = order.cancellations.iter().filter(|record| counts(record));
            records
                .flat_map(|it| &it.lines)
                .filter(|it| it.line == index)
                .map(|it| it.quantity)
                .sum()
        };
        let held = count(|it| it.state == CancellationState::Requested);
        let cancelled = count(Cancellation::is_accepted);
        let parcels = order.shipments.iter().flat_map(|shipment| &shipment.parcels);
        let shipped: u32 = parcels
            .filter(|parcel| parcel.cart_item_id == line.cart_item_id)
            .map(|parcel| parcel.quantity)
            .sum();
        let of = line.quantities;
        assert_eq!(
            (of.held, of.cancelled, of.in_transit + of.delivered),
            (held, cancelled, shipped)
        );
        assert!(
            held + cancelled + shipped <= line.quantity,
            "{line:?}: nothing shipped is cancelled"
        );
        assert_eq!(line.open(), line.quantity - held - cancelled - shipped);
    }
    for record in &order.cancellations {
        assert!(!record.lines.is_empty(), "a cancellation of nothing");
        assert!(record.lines.iter().all(|line| line.quantity > 0));
    }
}

pub fn states(order: &Order) {
    assert_eq!(
        order.state == OrderState::Cancelled,
        order.is_wholly_cancelled(),
        "an order is CANCELLED exactly when its last piece is"
    );
    for record in &order.cancellations {
        let refund = record.refund_id.map(|id| order.refund(id).unwrap());
        match record.state {
            CancellationState::Completed => {
                if let Some(refund) = refund {
                    // A leg may settle after its refund failed and others took its lines.
                    let late = refund.state == RefundState::Failed;
                    // It was paid back, and came back since; then it goes once more.
                    let again = refund.legs.iter().any(|leg| leg.reversed);
                    assert!(again || late || refund.state == RefundState::Succeeded, "{refund:?}");
                    let settled = refund.legs.iter().filter(|leg| leg.state == LegState::Settled);
                    let settled = Amount::sum(settled.map(|leg| leg.amount));
                    let is_back = settled == Ok(refund.total.customer);
                    assert!(is_back || again, "only when it is paid back: {refund:?}");
                    assert!(is_back || refund.state != RefundState::Succeeded, "{refund:?}");
                }
                assert!(record.completed_at.is_some());
            }
            CancellationState::InProgress => {
                let state = refund.unwrap().state;
                assert_ne!(state, RefundState::Succeeded);
                assert_ne!(state, RefundState::Voided);
            }
            CancellationState::Undone => {
                assert!(refund.is_none_or(|refund| refund.state == RefundState::Voided));
                assert!(record.undone.is_some());
            }
            CancellationState::Requested
            | CancellationState::Rejected
            | CancellationState::Withdrawn => assert!(refund.is_none()),
        }
    }
}

/// A draw that never gets anywhere would prove nothing.
///
/// # Panics
///
/// If something never came up.
pub fn reached(answers: &BTreeMap<&str, u32>) {
    for answer in [
        "cancellation.requested",
        "cancellation.accepted",
        "cancellation.rejected",
        "cancellation.withdrawn",
        "cancellation.completed",
        "cancellation.undone",
        "order.cancelled",
        "order.reinstated",
        "order.accepted",
        "order.completed",
        "PAYMENT_REFERENCE_TAKEN",
        "order.shipped",
        "order.delivered",
        "refund.created",
        "refund.held",
        "refund.voided",
        "refund.failed",
        "refund.method_changed",
        "refund.reversed",
        "record dispute",
        "dispute.opened",
        "dispute.won",
        "dispute.lost",
        "points.restored",
        "cancel by platform",
        "ORDER_SHIPPED",
        "ORDER_PROTECTED",
        "ORDER_CANCELLED",
        "PARTIAL_NOT_SUPPORTED",
        "QUANTITY_NOT_AVAILABLE",
        "CANCELLATION_STATE_FORBIDS",
        "EVIDENCE_REQUIRED",
        "EVIDENCE_INSUFFICIENT",
        "NOT_RECAPTURED",
        "INSUFFICIENT_BALANCE",
        "REFUND_IN_FLIGHT",
        "PLATFORM_CANCELLATION",
        "LATER_CHANGE",
    ] {
        assert!(answers.contains_key(answer), "{answer} never came up: {answers:?}");
    }
}
