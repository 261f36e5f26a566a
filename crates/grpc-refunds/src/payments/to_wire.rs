//! How providers and their notices are shown.

use grpc_kit::{render::count, timestamp};
use ports::{Circuit, CircuitState, KeptNotice, NoticeAbout};
use wire::payments::v1 as proto;

/// What nothing would keep calls from is called.
pub(super) fn provider(name: &str, circuit: Option<Circuit>) -> proto::Provider {
    let state = match circuit.as_ref().map_or(CircuitState::Closed, |circuit| circuit.state) {
        CircuitState::Closed => proto::CircuitState::Closed,
        CircuitState::Open => proto::CircuitState::Open,
        CircuitState::HalfOpen => proto::CircuitState::HalfOpen,
    };
    proto::Provider {
        name: name.to_owned(),
        state: state.into(),
        since: circuit.as_ref().map(|circuit| timestamp(circuit.since)),
        until: circuit.as_ref().and_then(|circuit| circuit.until).map(timestamp),
        consecutive_failures: circuit.map_or(0, |circuit| count(circuit.failures)),
    }
}

pub(super) fn notice(kept: &KeptNotice) -> proto::Notice {
    let notice = &kept.notice;
    let (kind, subject) = match &notice.about {
        NoticeAbout::Leg { leg_id, .. } => (proto::NoticeKind::Leg, leg_id.to_string()),
        NoticeAbout::Dispute { dispute_id, .. } => (proto::NoticeKind::Dispute, dispute_id.clone()),
        NoticeAbout::Payment { payment, .. } => (proto::NoticeKind::Payment, payment.clone()),
        NoticeAbout::Unread { kind, .. } => (proto::NoticeKind::Unread, kind.clone()),
    };
    proto::Notice {
        provider: notice.provider.clone(),
        event_id: notice.event_id.clone(),
        kind: kind.into(),
        subject,
        event_time: Some(timestamp(notice.at)),
        receive_time: Some(timestamp(kept.taken_at)),
        attempts: count(kept.tries),
        waits_for: kept.why.clone().unwrap_or_default(),
    }
}
