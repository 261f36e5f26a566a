//! Which work a change leaves behind, or makes needless.

use domain::{
    id::{LegId, RefundId},
    order::{Fact, HandoverState, Order, OrderState},
    refund::{Leg, LegKind, LegState, RefundState},
};
use ports::{LOOK, OrderChange, OrderKey, Task, TaskChange, TaskKind};
use time::{Duration, OffsetDateTime};

/// Until a payment of an order that was cancelled as unpaid is asked for again.
const LATE_PAYMENT_AFTER: Duration = Duration::minutes(1);

/// After a push whose answer was lost, what it did may still be on its way for so long.
const LOOK_FOR_AFTER: Duration = Duration::seconds(30);

pub(crate) fn of(change: &OrderChange, now: OffsetDateTime) -> Vec<TaskChange> {
    let key = change.key();
    let order = &change.after;
    let mut tasks = Vec::new();
    for fact in &change.facts {
        match fact {
            Fact::OrderReceived { .. } | Fact::PaymentRecorded { .. }
                if order.state == OrderState::Received =>
            {
                tasks.push(put(&key, TaskKind::ProcessOrder, now));
            }
            Fact::ScreeningResolved { .. }
            | Fact::OrderReinstated { state: OrderState::Received } => {
                tasks.push(put(&key, TaskKind::ProcessOrder, now));
            }
            Fact::OrderReady => tasks.push(done_of_order(&key, TaskKind::ProcessOrder)),
            // Nobody asks any more whether it is paid, unless it would go back.
            Fact::PaymentRecorded { .. }
                if order.is_cancelled_for_good() && !order.awaits_payment() =>
            {
                tasks.push(done_of_order(&key, TaskKind::ProcessOrder));
            }
            Fact::OrderCancelled { .. } => {
                tasks.push(if order.is_cancelled_for_good() && order.awaits_payment() {
                    TaskChange::Put(Task {
                        why: Some("a payment may still come in, and would go back".to_owned()),
                        ..of_order(key.clone(), TaskKind::ProcessOrder, now + LATE_PAYMENT_AFTER)
                    })
                } else {
                    done_of_order(&key, TaskKind::ProcessOrder)
                });
                tasks.extend(of_handed_over(order, fact, &key, now));
            }
            Fact::RefundCreated { refund, .. } => {
                tasks.extend(legs_to_send(order, &key, refund.refund_id, now));
            }
            Fact::RefundReleased { refund_id }
            | Fact::RefundApproved { refund_id, .. }
            | Fact::RefundRetried { refund_id, .. } => {
                tasks.extend(legs_to_send(order, &key, *refund_id, now));
            }
            Fact::RefundHeld { refund_id, .. } | Fact::RefundVoided { refund_id } => {
                tasks.extend(none_to_send(order, &key, *refund_id));
            }
            Fact::RefundMethodChanged { refund_id, .. } => {
                tasks.extend(none_to_send(order, &key, *refund_id));
                tasks.extend(legs_to_send(order, &key, *refund_id, now));
            }
            Fact::LegSettled { leg_id, .. }
            | Fact::LegFailed { leg_id, .. }
            | Fact::RefundReversed { leg_id, .. }
            | Fact::LegVoided { leg_id, .. } => {
                let mut legs = order.refunds.iter().flat_map(|refund| &refund.legs);
                let leg = legs.find(|leg| leg.leg_id == *leg_id);
                tasks.extend(leg.map(|leg| leg_is_over(&key, leg)));
            }
            _ => tasks.extend(of_handed_over(order, fact, &key, now)),
        }
    }
    tasks
}

/// For an order that is, or was to be, in its shop's own system.
fn of_handed_over(
    order: &Order,
    fact: &Fact,
    key: &OrderKey,
    now: OffsetDateTime,
) -> Vec<TaskChange> {
    let Some(handover) = &order.handover else { return Vec::new() };
    // What the shop may have without our knowing is looked for until it is known.
    let pushed = |then: Option<TaskChange>| {
        let settled = done_of_order(key, TaskKind::Handover);
        then.into_iter().chain((!handover.in_doubt).then_some(settled)).collect()
    };
    match fact {
        Fact::HandoverQueued
        | Fact::HandoverRetried { .. }
        | Fact::OrderReinstated { state: OrderState::Ready } => {
            vec![put(key, TaskKind::Handover, now)]
        }
        Fact::HandoverFailed { failure, .. } => match (order.state, failure.next_at) {
            (OrderState::Ready, Some(at)) => vec![TaskChange::Put(Task {
                why: Some(format!("{}: {}", failure.class.name(), failure.cause)),
                ..of_order(key.clone(), TaskKind::Handover, at)
            })],
            // Who records the last try knows what its store wants then.
            (OrderState::Ready, None) => pushed(None),
            _ if handover.in_doubt => vec![TaskChange::Put(look_for(key, now))],
            _ => pushed(None),
        },
        Fact::HandoverSettled | Fact::OrderOrphaned { .. } => pushed(None),
        Fact::OrderAccepted { .. } => pushed(Some(put(key, TaskKind::Complete, now))),
        Fact::OrderReinstated { state: OrderState::Accepted } => {
            vec![put(key, TaskKind::Complete, now)]
        }
        Fact::PaymentRecorded { .. } if order.state == OrderState::Accepted => {
            vec![put(key, TaskKind::Complete, now)]
        }
        Fact::OrderCompleted => vec![done_of_order(key, TaskKind::Complete)],
        // What is in doubt and not under way is looked for now, and not when it would be tried again.
        Fact::OrderCancelled { .. }
            if handover.in_doubt && handover.state == HandoverState::NotApplicable =>
        {
            vec![done_of_order(key, TaskKind::Complete), TaskChange::Put(look_for(key, now))]
        }
        Fact::OrderCancelled { .. } => pushed(Some(done_of_order(key, TaskKind::Complete))),
        _ => Vec::new(),
    }
}

/// Looks whether the shop has an order that it should not have, or that we gave up on.
pub(crate) fn look_for(key: &OrderKey, now: OffsetDateTime) -> Task {
    Task {
        why: Some("the shop may have the order all the same; it is asked".to_owned()),
        ..of_order(key.clone(), TaskKind::Handover, now + LOOK_FOR_AFTER)
    }
}

/// Asks how a leg stands, whatever it has come to.
pub(crate) fn look(key: &OrderKey, leg_id: &LegId, now: OffsetDateTime) -> Task {
    let subject = format!("{leg_id}{LOOK}");
    Task { key: key.clone(), kind: TaskKind::Leg, subject, due_at: now, attempts: 0, why: None }
}

/// A task of which an order has one.
pub(crate) const fn of_order(key: OrderKey, kind: TaskKind, due_at: OffsetDateTime) -> Task {
    Task { key, kind, subject: String::new(), due_at, attempts: 0, why: None }
}

pub(crate) fn put(key: &OrderKey, kind: TaskKind, due_at: OffsetDateTime) -> TaskChange {
    TaskChange::Put(of_order(key.clone(), kind, due_at))
}

pub(crate) fn done_of_order(key: &OrderKey, kind: TaskKind) -> TaskChange {
    done(key.clone(), kind, String::new())
}

fn legs_to_send(
    order: &Order,
    key: &OrderKey,
    refund_id: RefundId,
    due_at: OffsetDateTime,
) -> Vec<TaskChange> {
    let Some(refund) = order.refund(refund_id) else { return Vec::new() };
    if refund.state != RefundState::Pending {
        return Vec::new();
    }
    let open = refund.legs.iter().filter(|leg| leg.state == LegState::Pending);
    let task = |leg: &Leg| {
        let manual = leg.kind == LegKind::Manual;
        Task {
            key: key.clone(),
            kind: kind_of(leg),
            subject: leg.leg_id.as_str().to_owned(),
            due_at,
            attempts: 0,
            why: manual.then(|| "a person has to pay it out and confirm it".to_owned()),
        }
    };
    open.map(|leg| TaskChange::Put(task(leg))).collect()
}

fn none_to_send(order: &Order, key: &OrderKey, refund_id: RefundId) -> Vec<TaskChange> {
    let legs = order.refund(refund_id).into_iter().flat_map(|refund| &refund.legs);
    let open = legs.filter(|leg| leg.state != LegState::Settled);
    open.map(|leg| leg_is_over(key, leg)).collect()
}

/// Who carries a leg out: a worker, or a person.
fn kind_of(leg: &Leg) -> TaskKind {
    if leg.kind == LegKind::Manual { TaskKind::Payout } else { TaskKind::Leg }
}

fn leg_is_over(key: &OrderKey, leg: &Leg) -> TaskChange {
    done(key.clone(), kind_of(leg), leg.leg_id.as_str().to_owned())
}

fn done(key: OrderKey, kind: TaskKind, subject: String) -> TaskChange {
    TaskChange::Done { key, kind, subject }
}
