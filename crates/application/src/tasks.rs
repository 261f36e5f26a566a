//! Which work a change leaves behind, or makes needless.

use domain::{
    id::RefundId,
    order::{Fact, Order, OrderState},
    refund::{LegKind, LegState, RefundState},
};
use ports::{OrderChange, OrderKey, Task, TaskChange, TaskKind};
use time::OffsetDateTime;

pub(crate) fn of(change: &OrderChange, now: OffsetDateTime) -> Vec<TaskChange> {
    let key = change.key();
    let order = &change.after;
    let mut tasks = Vec::new();
    for fact in &change.facts {
        match fact {
            Fact::OrderReceived { .. } | Fact::PaymentRecorded { .. }
                if order.state == OrderState::Received =>
            {
                tasks.push(TaskChange::Put(process_order(key.clone(), now)));
            }
            Fact::OrderReady | Fact::OrderCancelled { .. } => {
                tasks.push(done(key.clone(), TaskKind::ProcessOrder, String::new()));
            }
            Fact::OrderReinstated { state: OrderState::Received } => {
                tasks.push(TaskChange::Put(process_order(key.clone(), now)));
            }
            Fact::RefundCreated { refund, .. } => {
                tasks.extend(legs_to_send(order, &key, refund.refund_id, now));
            }
            Fact::RefundReleased { refund_id }
            | Fact::RefundApproved { refund_id, .. }
            | Fact::RefundRetried { refund_id } => {
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
            | Fact::LegVoided { leg_id, .. } => {
                tasks.push(done(key.clone(), TaskKind::Leg, leg_id.as_str().to_owned()));
            }
            _ => {}
        }
    }
    tasks
}

pub(crate) fn process_order(key: OrderKey, due_at: OffsetDateTime) -> Task {
    Task { key, kind: TaskKind::ProcessOrder, subject: String::new(), due_at, attempts: 0 }
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
    let open = refund
        .legs
        .iter()
        .filter(|leg| leg.kind != LegKind::Manual && leg.state == LegState::Pending);
    let task = |subject: &str| Task {
        key: key.clone(),
        kind: TaskKind::Leg,
        subject: subject.to_owned(),
        due_at,
        attempts: 0,
    };
    open.map(|leg| TaskChange::Put(task(leg.leg_id.as_str()))).collect()
}

fn none_to_send(order: &Order, key: &OrderKey, refund_id: RefundId) -> Vec<TaskChange> {
    let legs = order.refund(refund_id).into_iter().flat_map(|refund| &refund.legs);
    let open = legs.filter(|leg| leg.kind != LegKind::Manual && leg.state != LegState::Settled);
    open.map(|leg| done(key.clone(), TaskKind::Leg, leg.leg_id.as_str().to_owned())).collect()
}

fn done(key: OrderKey, kind: TaskKind, subject: String) -> TaskChange {
    TaskChange::Done { key, kind, subject }
}
