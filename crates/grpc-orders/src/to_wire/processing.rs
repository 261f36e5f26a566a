//! How far the platform's own work on an order is.

use domain::{
    order::{FailedTry, FailureClass, HandoverState, Order},
    screening::{CheckState, Screened},
};
use grpc_kit::{
    render::{count, screening_check},
    timestamp,
};
use ports::{TaskKind, WaitingTask};
use wire::orders::v1 as proto;

pub(crate) const fn screening_state(state: CheckState) -> proto::ScreeningState {
    match state {
        CheckState::Pending => proto::ScreeningState::Pending,
        CheckState::Clear => proto::ScreeningState::Clear,
        CheckState::Review => proto::ScreeningState::Review,
        CheckState::Failed => proto::ScreeningState::Failed,
    }
}

pub(crate) const fn handover_state(state: HandoverState) -> proto::HandoverState {
    match state {
        HandoverState::NotApplicable => proto::HandoverState::NotApplicable,
        HandoverState::Queued => proto::HandoverState::Queued,
        HandoverState::InFlight => proto::HandoverState::InFlight,
        HandoverState::Retrying => proto::HandoverState::Retrying,
        HandoverState::Succeeded => proto::HandoverState::Succeeded,
        HandoverState::Exhausted => proto::HandoverState::Exhausted,
    }
}

pub(super) fn screened(screened: &Screened) -> proto::Screened {
    let findings = screened.findings.iter().map(|finding| proto::ScreeningFinding {
        rule: finding.rule.clone(),
        text: finding.text.clone(),
    });
    proto::Screened {
        check: screening_check(screened.check).into(),
        state: screening_state(screened.state).into(),
        findings: findings.collect(),
        comment: screened.comment.clone().unwrap_or_default(),
        decided_by: screened.by.as_ref().map(|by| by.id.clone()).unwrap_or_default(),
        decide_time: screened.at.map(timestamp),
    }
}

pub(super) fn handover(order: &Order) -> proto::OrderHandover {
    let state = handover_state(order.handover_state()).into();
    let Some(handover) = &order.handover else {
        return proto::OrderHandover { state, ..proto::OrderHandover::default() };
    };
    proto::OrderHandover {
        state,
        tries: count(handover.tries),
        failures: handover.failures.iter().map(failure).collect(),
        in_doubt: handover.in_doubt,
    }
}

fn failure(failure: &FailedTry) -> proto::HandoverFailure {
    let class = match failure.class {
        FailureClass::Transient => proto::HandoverFailureClass::Transient,
        FailureClass::RejectedInventory => proto::HandoverFailureClass::RejectedInventory,
        FailureClass::RejectedAddress => proto::HandoverFailureClass::RejectedAddress,
        FailureClass::RejectedProduct => proto::HandoverFailureClass::RejectedProduct,
        FailureClass::RejectedOther => proto::HandoverFailureClass::RejectedOther,
        FailureClass::Authentication => proto::HandoverFailureClass::Authentication,
    };
    proto::HandoverFailure {
        number: count(failure.number),
        failure_class: class.into(),
        cause: failure.cause.clone(),
        fail_time: Some(timestamp(failure.at)),
        retry_time: failure.next_at.map(timestamp),
    }
}

pub(crate) fn task(waiting: &WaitingTask) -> proto::Task {
    let WaitingTask { task, since, held_until } = waiting;
    let kind = match task.kind {
        TaskKind::ProcessOrder => proto::TaskKind::ProcessOrder,
        TaskKind::Leg => proto::TaskKind::Leg,
        TaskKind::Handover => proto::TaskKind::Handover,
        TaskKind::Complete => proto::TaskKind::Complete,
        TaskKind::Payout => proto::TaskKind::Payout,
    };
    proto::Task {
        order_id: task.key.order_id.to_string(),
        kind: kind.into(),
        subject: task.subject.clone(),
        waits_for: task.why.clone().unwrap_or_default(),
        attempts: count(task.attempts),
        since: Some(timestamp(*since)),
        due_time: Some(timestamp(task.due_at)),
        held_until: held_until.map(timestamp),
    }
}
