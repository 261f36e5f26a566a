//! Domain values become messages here.

use domain::{
    Amount, Pair, Rejection,
    cancellation::{
        Blocker, Cancellation, CancellationPlan, CancellationState, CancelledLine, Channel,
        EvidenceKind, Given, RequestedBy, UndoPlan,
    },
    order::Order,
    refund::{Leg, LegKind, Refund},
};
use grpc_kit::{
    amount, pair,
    render::{
        self, actor, cancellation_reason, cancellation_state, count, order_state, refund_method,
        refund_state, refundable, tender,
    },
    timestamp,
};
use ports::Stored;
use rust_decimal::Decimal;
use time::OffsetDateTime;
use wire::{cancellations::v1 as proto, refunds::v1 as refunds};

pub(crate) fn cancellation(order: &Order, cancellation: &Cancellation) -> proto::Cancellation {
    let refund = cancellation.refund_id.and_then(|id| order.refund(id));
    shown(order, cancellation, refund)
}

fn shown(
    order: &Order,
    cancellation: &Cancellation,
    refund: Option<&Refund>,
) -> proto::Cancellation {
    let charges = &cancellation.charges;
    let text = |value: Option<Decimal>| value.map(|value| money(order, value)).unwrap_or_default();
    let state = |refund: &Refund| refund_state(refund.state);
    let undone = cancellation.undone.as_ref();
    let created_by = &cancellation.created_by;
    proto::Cancellation {
        cancellation_id: cancellation.cancellation_id.to_string(),
        store_id: order.store_id.to_string(),
        order_id: order.order_id.to_string(),
        state: cancellation_state(cancellation.state).into(),
        display_name: cancellation.state.display_name().to_owned(),
        lines: cancellation.lines.iter().map(|line| self::line(order, line)).collect(),
        requested_by: party(cancellation.requested_by).into(),
        channel: channel(cancellation.channel).into(),
        reason: given(cancellation.reason.as_ref()).into(),
        comment: words(cancellation.reason.as_ref()),
        customer_reason: given(cancellation.customer_reason.as_ref()).into(),
        customer_comment: words(cancellation.customer_reason.as_ref()),
        shipping_refund: charges.shipping_refund,
        shipping_amount: text(charges.shipping_amount),
        fee: text(charges.fee),
        refund_method: refund.map_or(cancellation.refund_method, |refund| refund.method).wire(),
        refund_id: cancellation.refund_id.map(|id| id.to_string()).unwrap_or_default(),
        refund_state: refund.map_or(refunds::RefundState::Unspecified, state).into(),
        refund_total: Some(pair(refund.map_or(Pair::ZERO, |refund| refund.total), order)),
        split_from: cancellation.split_from.map(|id| id.to_string()).unwrap_or_default(),
        created_by: actor(created_by),
        create_time: Some(timestamp(cancellation.created_at)),
        accept_time: at(cancellation.accepted.as_ref().map(|accepted| accepted.at)),
        complete_time: at(cancellation.completed_at),
        end_time: at(cancellation.ended_at),
        undo_time: at(undone.map(|undone| undone.at)),
        undo_comment: undone.map(|undone| undone.comment.clone()).unwrap_or_default(),
    }
}

trait Wire {
    fn wire(self) -> i32;
}

impl Wire for domain::refund::RefundMethod {
    fn wire(self) -> i32 {
        refund_method(self).into()
    }
}

fn at(time: Option<OffsetDateTime>) -> Option<pbjson_types::Timestamp> {
    time.map(timestamp)
}

/// As it was asked for, with all decimals of its currency; it was checked then.
fn money(order: &Order, value: Decimal) -> String {
    let currency = order.customer_currency;
    Amount::from_decimal(value, currency.exponent())
        .map_or_else(|_| value.to_string(), |value| amount(value, currency))
}

fn line(order: &Order, line: &CancelledLine) -> proto::CancelledLine {
    let known = order.lines.get(line.line);
    proto::CancelledLine {
        cart_item_id: known.map(|line| line.cart_item_id.clone()).unwrap_or_default(),
        quantity: count(line.quantity),
        restock: line.restock,
    }
}

fn words(given: Option<&Given>) -> String {
    given.and_then(|given| given.text.clone()).unwrap_or_default()
}

fn given(given: Option<&Given>) -> proto::CancellationReason {
    given.map_or(proto::CancellationReason::Unspecified, |given| cancellation_reason(given.reason))
}

pub(crate) const fn party(party: RequestedBy) -> proto::RequestedBy {
    match party {
        RequestedBy::Customer => proto::RequestedBy::Customer,
        RequestedBy::Merchant => proto::RequestedBy::Merchant,
        RequestedBy::Platform => proto::RequestedBy::Platform,
    }
}

const fn channel(channel: Channel) -> proto::Channel {
    match channel {
        Channel::Account => proto::Channel::Account,
        Channel::Contact => proto::Channel::Contact,
        Channel::Merchant => proto::Channel::Merchant,
        Channel::System => proto::Channel::System,
    }
}

/// Nothing of it is stored: what has an id only then has none here.
pub(crate) fn preview(
    order: &Stored<Order>,
    plan: &CancellationPlan,
    names_request: bool,
) -> Result<proto::PreviewCancellationResponse, Rejection> {
    let (version, order) = (order.version, &order.state);
    let legs: &[Leg] = plan.refund.as_ref().map_or(&[], |refund| &refund.legs);
    let sum = |kind: LegKind| -> Result<String, Rejection> {
        let of_kind = legs.iter().filter(|leg| leg.kind == kind).map(|leg| leg.amount);
        Ok(amount(Amount::sum(of_kind)?, order.customer_currency))
    };
    let shown = shown(order, &plan.cancellation, plan.refund.as_ref());
    let cancellation = proto::Cancellation {
        cancellation_id: if names_request { shown.cancellation_id } else { String::new() },
        refund_id: String::new(),
        ..shown
    };
    let explanations = plan.derivations.iter().map(|it| render::explanation(order, it));
    Ok(proto::PreviewCancellationResponse {
        completed_at_once: plan.cancellation.state == CancellationState::Completed,
        cancellation: Some(cancellation),
        refund: plan.refund.as_ref().map(|refund| unstored(order, refund)),
        released: sum(LegKind::Release)?,
        refunded: sum(LegKind::Refund)?,
        restored: sum(LegKind::Restore)?,
        by_hand: sum(LegKind::Manual)?,
        order_state: order_state(plan.order_state).into(),
        left: Some(refundable(order, version, &plan.left)),
        order_version: version.0,
        explanations: explanations.collect(),
    })
}

fn unstored(order: &Order, refund: &Refund) -> refunds::Refund {
    let legs = refund.legs.iter().map(|leg| refunds::RefundLeg {
        leg_id: String::new(),
        provider_reference: String::new(),
        ..render::leg(order, leg)
    });
    refunds::Refund {
        refund_id: String::new(),
        legs: legs.collect(),
        create_time: None,
        ..render::refund(order, refund)
    }
}

pub(crate) fn undo(order: &Order, plan: &UndoPlan) -> proto::PreviewUndoResponse {
    proto::PreviewUndoResponse {
        allowed: plan.blockers.is_empty(),
        blockers: plan.blockers.iter().map(|it| blocker(order, it)).collect(),
        order_state: order_state(plan.order_state).into(),
        refund_id: plan.refund.as_ref().map(|it| it.refund_id.to_string()).unwrap_or_default(),
        tenders: plan.tenders.iter().map(|it| tender(order, it)).collect(),
    }
}

fn blocker(order: &Order, blocker: &Blocker) -> proto::UndoBlocker {
    let kind = |kind: &EvidenceKind| match kind {
        EvidenceKind::Repaid => proto::EvidenceKind::Repaid.into(),
        EvidenceKind::Recaptured => proto::EvidenceKind::Recaptured.into(),
    };
    let text = |value| amount(value, order.customer_currency);
    proto::UndoBlocker {
        guard: blocker.guard.name().to_owned(),
        reason: blocker.reason.as_str().to_owned(),
        message: blocker.message.clone(),
        lifted_by: blocker.lifted_by.iter().map(kind).collect(),
        amount: blocker.amount.map(text).unwrap_or_default(),
    }
}
