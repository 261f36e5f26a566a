use grpc_kit::timestamp;
use ports::Event;
use serde_json::Value as Json;
use wire::{events::v1 as proto, structs::Struct};

pub fn event(event: &Event) -> proto::Event {
    let external = event.external.as_ref();
    proto::Event {
        event_id: event.event_id.to_string(),
        r#type: event.kind.to_owned(),
        store_id: event.store_id.to_string(),
        order_id: event.order_id.as_ref().map(ToString::to_string).unwrap_or_default(),
        entity_id: event.entity_id.clone(),
        sequence: event.sequence,
        position: event.position,
        occurred_at: Some(timestamp(event.occurred_at)),
        actor: Some(proto::Actor {
            kind: event.actor.kind.name().to_owned(),
            id: event.actor.id.clone(),
        }),
        external_order_id: external.map(|it| it.id.clone()).unwrap_or_default(),
        external_order_number: external.map(|it| it.number.clone()).unwrap_or_default(),
        data: Some(data(&event.data)),
    }
}

/// What this system wrote is an object; anything else would be shown as an empty one.
fn data(text: &str) -> Struct {
    match serde_json::from_str(text) {
        Ok(Json::Object(fields)) => fields.into(),
        _ => Struct::default(),
    }
}
