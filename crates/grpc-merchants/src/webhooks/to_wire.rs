use domain::webhook::{Endpoint, Format};
use grpc_kit::timestamp;
use ports::{Attempt, Delivery, DeliveryState};
use wire::webhooks::v1 as proto;

/// Without its secrets, which are shown once.
pub(super) fn endpoint(endpoint: &Endpoint) -> proto::Endpoint {
    let format = match endpoint.format {
        Format::Standard => proto::EndpointFormat::Standard,
        Format::Globale => proto::EndpointFormat::Globale,
    };
    let disabled = endpoint.disabled.as_ref();
    let state = match disabled {
        None => proto::EndpointState::Enabled,
        Some(_) => proto::EndpointState::Disabled,
    };
    let previous = endpoint.secrets.get(1).and_then(|secret| secret.until);
    proto::Endpoint {
        endpoint_id: endpoint.endpoint_id.to_string(),
        store_id: endpoint.store_id.to_string(),
        url: endpoint.url.clone(),
        types: endpoint.types.clone(),
        format: format.into(),
        state: state.into(),
        disabled_reason: disabled.map(|it| it.why.clone()).unwrap_or_default(),
        disabled_time: disabled.map(|it| timestamp(it.at)),
        version: endpoint.version,
        create_time: Some(timestamp(endpoint.created_at)),
        update_time: Some(timestamp(endpoint.updated_at)),
        secret: String::new(),
        previous_secret_expire_time: previous.map(timestamp),
    }
}

pub(super) fn delivery(delivery: &Delivery) -> proto::Delivery {
    let state = match delivery.state {
        DeliveryState::Pending => proto::DeliveryState::Pending,
        DeliveryState::Delivered => proto::DeliveryState::Delivered,
    };
    proto::Delivery {
        event_id: delivery.event_id.to_string(),
        r#type: delivery.kind.to_owned(),
        order_id: delivery.order_id.as_ref().map(ToString::to_string).unwrap_or_default(),
        position: delivery.position,
        state: state.into(),
        tries: count(delivery.tries),
        next_time: delivery.due_at.map(timestamp),
        attempts: delivery.attempts.iter().map(attempt).collect(),
        create_time: Some(timestamp(delivery.created_at)),
        update_time: Some(timestamp(delivery.updated_at)),
    }
}

fn attempt(attempt: &Attempt) -> proto::DeliveryAttempt {
    proto::DeliveryAttempt {
        time: Some(timestamp(attempt.at)),
        status: attempt.status.map(i32::from).unwrap_or_default(),
        error: attempt.why.clone().unwrap_or_default(),
        duration_ms: count(attempt.millis),
    }
}

pub(super) fn count(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}
