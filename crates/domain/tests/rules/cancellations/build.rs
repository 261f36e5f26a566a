//! Short ways to ask for a cancellation.

use crate::build::{amount, decided, last, merchant, policy, settled};
use domain::{
    Actor, ActorKind,
    cancellation::{
        AcceptCancellation, AskedLine, CancelOrder, Cancellation, CancellationReason, Channel,
        Charges, Evidence, Given, NewRefundIds, RejectCancellation, RequestCancellation,
        RequestPolicy, RequestedBy, Standing, UndoCancellation,
    },
    id::{CancellationId, RefundId},
    order::{Command, Order},
    refund::{LegKind, LegState, RefundMethod, RefundState},
};
use time::OffsetDateTime;
use uuid::Uuid;

pub const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

pub fn cancellation_id(number: u128) -> CancellationId {
    CancellationId::from_uuid(Uuid::from_u128(number))
}

pub fn asked(cart_item_id: &str, quantity: u32) -> AskedLine {
    AskedLine { cart_item_id: cart_item_id.into(), quantity, restock: false }
}

pub fn given(reason: CancellationReason) -> Given {
    Given { reason, text: None }
}

pub fn customer() -> Actor {
    Actor::new(ActorKind::Customer, "storefront-1")
}

/// A store that takes requests for ever, and accepts none by itself.
pub fn settings() -> RequestPolicy {
    RequestPolicy {
        enabled: true,
        window_days: 0,
        auto_accept: false,
        reasons: Vec::new(),
        cancel_before_ready: true,
        refund: policy(),
    }
}

/// The refund of the n-th cancellation.
pub fn refund_ids(number: u128) -> NewRefundIds {
    let refund_id = RefundId::from_uuid(Uuid::from_u128(1_000 + number));
    NewRefundIds { refund_id, number: 1, order_version: 1 }
}

pub fn request(lines: impl Into<Vec<AskedLine>>) -> RequestCancellation {
    RequestCancellation {
        cancellation_id: cancellation_id(1),
        refund: refund_ids(1),
        at: NOW,
        by: customer(),
        lines: lines.into(),
        reason: given(CancellationReason::ChangedMind),
        charges: Charges::default(),
        channel: Channel::Account,
        policy: settings(),
    }
}

pub fn cancel(lines: impl Into<Vec<AskedLine>>) -> CancelOrder {
    CancelOrder {
        cancellation_id: cancellation_id(1),
        refund: refund_ids(1),
        at: NOW,
        by: merchant(),
        lines: lines.into(),
        requested_by: RequestedBy::Merchant,
        channel: Channel::Merchant,
        reason: given(CancellationReason::OutOfStock),
        charges: Charges::default(),
        method: RefundMethod::Original,
        policy: settings(),
    }
}

/// The same as the n-th cancellation of its order.
pub fn nth(number: u128, cancel: CancelOrder) -> CancelOrder {
    let (cancellation_id, refund) = (cancellation_id(number), refund_ids(number));
    CancelOrder { cancellation_id, refund, ..cancel }
}

pub fn by_platform(reason: CancellationReason) -> CancelOrder {
    CancelOrder {
        by: Actor::worker("screening"),
        requested_by: RequestedBy::Platform,
        channel: Channel::System,
        reason: given(reason),
        ..cancel([])
    }
}

pub fn accept(cancellation_id: CancellationId) -> AcceptCancellation {
    AcceptCancellation {
        cancellation_id,
        refund: refund_ids(1),
        at: NOW,
        by: merchant(),
        reason: given(CancellationReason::ChangedMind),
        method: RefundMethod::Original,
        shipping_refund: false,
        policy: settings(),
    }
}

pub fn reject(
    cancellation_id: CancellationId,
    lines: impl Into<Vec<AskedLine>>,
) -> RejectCancellation {
    RejectCancellation {
        cancellation_id,
        split_id: self::cancellation_id(2),
        at: NOW,
        lines: lines.into(),
        reason: Given { reason: CancellationReason::Other, text: Some("already packed".into()) },
    }
}

pub fn withdraw(cancellation_id: CancellationId) -> Command {
    Command::WithdrawCancellation { cancellation_id, at: NOW }
}

pub fn undo(cancellation_id: CancellationId, evidence: Option<Evidence>) -> UndoCancellation {
    UndoCancellation {
        cancellation_id,
        at: NOW,
        by: merchant(),
        comment: "the customer wants it after all".into(),
        evidence,
        balances: Vec::new(),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "as an undo takes it")]
pub fn repaid(text: &str) -> Option<Evidence> {
    let amount = crate::build::decimal(text);
    Some(Evidence::Repaid { payment_reference: "wire-9".into(), amount, taken: false })
}

#[expect(clippy::unnecessary_wraps, reason = "as an undo takes it")]
pub fn recaptured(tender: &str, standing: Standing) -> Option<Evidence> {
    let standing = vec![(tender.parse().unwrap(), standing)];
    Some(Evidence::Recaptured { standing })
}

pub fn captured(text: &str) -> Standing {
    Standing::Captured(amount(text))
}

pub fn requested(order: Order, request: RequestCancellation) -> Order {
    decided(order, Command::RequestCancellation(Box::new(request)))
}

pub fn cancelled(order: Order, cancel: CancelOrder) -> Order {
    decided(order, Command::CancelOrder(Box::new(cancel)))
}

pub fn accepted(order: Order, accept: AcceptCancellation) -> Order {
    decided(order, Command::AcceptCancellation(Box::new(accept)))
}

pub fn undone(order: Order, undo: UndoCancellation) -> Order {
    decided(order, Command::UndoCancellation(Box::new(undo)))
}

/// The cancellation that was made last.
pub fn latest(order: &Order) -> &Cancellation {
    order.cancellations.last().unwrap()
}

/// Every leg of the last refund is carried out.
pub fn paid_back(mut order: Order) -> Order {
    let refund_id = last(&order).refund_id;
    for leg in last(&order).legs.clone() {
        if leg.state == LegState::Pending && leg.kind != LegKind::Manual {
            let leg_id = leg.leg_id;
            order = decided(
                order,
                Command::SendLeg {
                    refund_id,
                    leg_id: leg_id.clone(),
                    attempt: 0,
                    at: OffsetDateTime::UNIX_EPOCH,
                },
            );
            order = decided(order, crate::build::record(refund_id, leg_id, 1, settled()));
        }
    }
    if last(&order).state == RefundState::Pending {
        order = decided(order, crate::build::confirm(refund_id, "wire-1"));
    }
    order
}

/// Held, cancelled and open pieces of a line.
pub fn pieces(order: &Order, cart_item_id: &str) -> (u32, u32, u32) {
    let line = order.line(cart_item_id).unwrap();
    (line.quantities.held, line.quantities.cancelled, line.open())
}
