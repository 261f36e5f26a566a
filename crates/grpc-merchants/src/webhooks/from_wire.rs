use domain::{
    event::{TYPES, type_named},
    webhook::{Endpoint, EndpointPatch, Format, NewEndpoint},
};
use grpc_kit::Fields;
use ports::{Again, DeliveryFilter, DeliveryState};
use std::time::Duration;
use wire::webhooks::v1 as proto;

/// Judges a URL.
pub(super) type CheckUrl<'c> = &'c dyn Fn(&str) -> Result<(), String>;

pub(super) fn new_endpoint(
    fields: &mut Fields,
    message: &proto::CreateEndpointRequest,
    check_url: CheckUrl<'_>,
) -> NewEndpoint {
    let format = format(fields, message.format);
    NewEndpoint {
        url: url(fields, &message.url, check_url),
        types: types(fields, &message.types, format),
        format,
    }
}

pub(super) fn patch(
    fields: &mut Fields,
    message: &proto::UpdateEndpointRequest,
    check_url: CheckUrl<'_>,
) -> EndpointPatch {
    if message.all_types && !message.types.is_empty() {
        fields.wrong("all_types", "must not come with types");
    }
    // Of its format the endpoint itself knows.
    let types = types(fields, &message.types, Format::Standard);
    EndpointPatch {
        url: message.url.as_deref().map(|it| url(fields, it, check_url)),
        types: (message.all_types || !types.is_empty()).then_some(types),
        enabled: enabled(fields, message.state),
    }
}

pub(super) fn overlap(fields: &mut Fields, message: &proto::RotateSecretRequest) -> Duration {
    let Some(seconds) = message.overlap_seconds else { return Endpoint::OVERLAP };
    let overlap = u64::try_from(seconds).ok().map(Duration::from_secs);
    overlap.filter(|overlap| *overlap <= Endpoint::MAX_OVERLAP).unwrap_or_else(|| {
        let text = format!("must be 0 to {}", Endpoint::MAX_OVERLAP.as_secs());
        fields.wrong("overlap_seconds", text);
        Endpoint::OVERLAP
    })
}

pub(super) fn filter(
    fields: &mut Fields,
    message: &proto::ListDeliveriesRequest,
) -> DeliveryFilter {
    let mut states = Vec::new();
    for (index, state) in message.states.iter().enumerate() {
        match proto::DeliveryState::try_from(*state) {
            Ok(proto::DeliveryState::Pending) => states.push(DeliveryState::Pending),
            Ok(proto::DeliveryState::Delivered) => states.push(DeliveryState::Delivered),
            Ok(proto::DeliveryState::Unspecified) | Err(_) => {
                fields.wrong(format!("states[{index}]"), "must be PENDING or DELIVERED");
            }
        }
    }
    let event_id = Some(message.event_id.as_str()).filter(|id| !id.is_empty());
    DeliveryFilter { states, event_id: event_id.and_then(|id| fields.parse("event_id", id)) }
}

/// One event, or those of a time.
pub(super) fn again(fields: &mut Fields, message: &proto::RedeliverEventRequest) -> Option<Again> {
    let from = fields.time("from", message.from.as_ref());
    let before = fields.time("before", message.before.as_ref());
    let of_a_time = message.from.is_some() || message.before.is_some();
    match (message.event_id.is_empty(), of_a_time) {
        (false, false) => fields.parse("event_id", &message.event_id).map(Again::Event),
        (true, true) => {
            for (field, at) in [("from", &message.from), ("before", &message.before)] {
                if at.is_none() {
                    fields.wrong(field, "must be given");
                }
            }
            let (from, before) = from.zip(before)?;
            if from >= before {
                fields.wrong("before", "must be after from");
            }
            Some(Again::Range { from, before })
        }
        (true, false) => {
            fields.wrong("event_id", "must be given, or from and before");
            None
        }
        (false, true) => {
            fields.wrong("event_id", "must not come with from and before");
            None
        }
    }
}

fn url(fields: &mut Fields, url: &str, check: CheckUrl<'_>) -> String {
    if url.is_empty() {
        fields.wrong("url", "must be given");
    } else {
        fields.check("url", check(url));
    }
    url.to_owned()
}

fn format(fields: &mut Fields, format: i32) -> Format {
    match proto::EndpointFormat::try_from(format) {
        Ok(proto::EndpointFormat::Unspecified | proto::EndpointFormat::Standard) => {
            Format::Standard
        }
        Ok(proto::EndpointFormat::Globale) => Format::Globale,
        Err(_) => {
            fields.wrong("format", "must be STANDARD or GLOBALE");
            Format::default()
        }
    }
}

fn types(fields: &mut Fields, asked: &[String], format: Format) -> Vec<String> {
    let mut types: Vec<String> = Vec::new();
    for (index, asked) in asked.iter().enumerate() {
        // The rest would only be named again.
        if index >= TYPES.len() {
            fields.wrong("types", format!("must be at most {}", TYPES.len()));
            break;
        }
        let fault = match type_named(asked) {
            None => Some("must be a type of event"),
            Some(kind) if !format.has(kind) => Some("must be a type that the format has"),
            Some(kind) if types.iter().any(|named| named == kind) => Some("must be named once"),
            Some(_) => None,
        };
        match fault {
            Some(fault) => fields.wrong(format!("types[{index}]"), fault),
            None => types.push(asked.clone()),
        }
    }
    types
}

fn enabled(fields: &mut Fields, state: i32) -> Option<bool> {
    match proto::EndpointState::try_from(state) {
        Ok(proto::EndpointState::Unspecified) => None,
        Ok(proto::EndpointState::Enabled) => Some(true),
        Ok(proto::EndpointState::Disabled) => Some(false),
        Err(_) => {
            fields.wrong("state", "must be ENABLED or DISABLED");
            None
        }
    }
}
