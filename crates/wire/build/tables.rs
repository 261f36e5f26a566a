//! Writes the REST routes, and the shape of every message that they name, as Rust tables.

use super::{
    Outcome,
    http::{Route, Segment},
};
use protox::prost_reflect::{
    DescriptorPool, FieldDescriptor, Kind, MessageDescriptor, ServiceDescriptor,
};
use std::{
    collections::BTreeMap,
    fmt::{self, Write},
};

pub fn render(pool: &DescriptorPool, routes: &[Route]) -> Outcome<String> {
    let mut code = String::new();
    writeln!(code, "/// Every method of the contract, with a route or without.")?;
    writeln!(code, "pub const METHODS: &[Method] = &[")?;
    let ours = |service: &ServiceDescriptor| service.package_name().starts_with("meridian.");
    for service in pool.services().filter(ours) {
        for method in service.methods() {
            let path = format!("/{}/{}", service.full_name(), method.name());
            let (name, streams) = (method.name(), method.is_server_streaming());
            writeln!(code, "    Method {{ path: {path:?}, name: {name:?}, streams: {streams} }},")?;
        }
    }
    writeln!(code, "];")?;
    writeln!(code, "/// Every route of the contract, in the order of its methods.")?;
    writeln!(code, "pub static ROUTES: &[Route] = &[")?;
    for route in routes {
        write_route(&mut code, route)?;
    }
    writeln!(code, "];")?;

    let mut messages = BTreeMap::new();
    for route in routes {
        gather(&route.method.input(), &mut messages)?;
    }
    for message in messages.values() {
        write_message(&mut code, message)?;
    }
    Ok(code)
}

fn write_route(code: &mut String, route: &Route) -> fmt::Result {
    let method = &route.method;
    writeln!(code, "    Route {{")?;
    writeln!(code, "        method: {:?},", route.verb)?;
    writeln!(code, "        template: {:?},", route.template)?;
    write!(code, "        segments: &[")?;
    for segment in &route.segments {
        match segment {
            Segment::Literal(text) => write!(code, "Segment::Literal({text:?}), ")?,
            Segment::Field(field) => write!(code, "Segment::Field({:?}), ", field.name())?,
        }
    }
    writeln!(code, "],")?;
    writeln!(code, "        action: {:?},", route.action)?;
    let service = method.parent_service().full_name();
    writeln!(code, "        grpc_path: {:?},", format!("/{service}/{}", method.name()))?;
    writeln!(code, "        has_body: {},", route.has_body)?;
    writeln!(code, "        request: &{},", table(&method.input()))?;
    writeln!(code, "        encode: encode::<{}>,", rust_type(&method.input()))?;
    let output = rust_type(&method.output());
    match &route.response_body {
        None => writeln!(code, "        decode: |bytes| json(&<{output}>::decode(bytes)?),")?,
        Some(field) => {
            let field = field.name();
            writeln!(code, "        decode: |bytes| json(&<{output}>::decode(bytes)?.{field}),")?;
        }
    }
    write_event(code, route)?;
    writeln!(code, "    }},")
}

/// What a message of a stream calls itself, if it has texts for that.
fn write_event(code: &mut String, route: &Route) -> fmt::Result {
    let Some(shown) = route.shown_of_stream() else {
        return writeln!(code, "        event: None,");
    };
    let text = |name: &str| {
        let is_text = |field: &FieldDescriptor| {
            field.kind() == Kind::String && !field.is_list() && !field.supports_presence()
        };
        shown.get_field_by_name(name).is_some_and(|field| is_text(&field))
    };
    let id = if text("event_id") { "shown.event_id" } else { "String::new()" };
    let name = if text("type") { "shown.r#type" } else { "String::new()" };
    let output = rust_type(&route.method.output());
    let within = route.response_body.as_ref();
    let within = within.map(|field| format!(".{}.unwrap_or_default()", field.name()));
    let within = within.unwrap_or_default();
    writeln!(code, "        event: Some(|bytes| {{")?;
    writeln!(code, "            let shown = <{output}>::decode(bytes)?{within};")?;
    writeln!(code, "            let data = json(&shown)?;")?;
    writeln!(code, "            Ok(Event {{ data, id: {id}, name: {name} }})")?;
    writeln!(code, "        }}),")
}

/// A message and all that it is made of.
fn gather(
    message: &MessageDescriptor,
    into: &mut BTreeMap<String, MessageDescriptor>,
) -> Outcome<()> {
    if into.insert(message.full_name().to_owned(), message.clone()).is_some() {
        return Ok(());
    }
    if message.oneofs().any(|oneof| !oneof.is_synthetic()) {
        return Err(
            format!("{} has a oneof, which the tables cannot say", message.full_name()).into()
        );
    }
    for field in message.fields() {
        match field.kind() {
            Kind::Message(inner) if !is_timestamp(&inner) => gather(&inner, into)?,
            _ => {}
        }
    }
    Ok(())
}

fn write_message(code: &mut String, message: &MessageDescriptor) -> Outcome<()> {
    writeln!(code, "static {}: Message = Message {{ fields: &[", table(message))?;
    for field in message.fields() {
        writeln!(
            code,
            "    Field {{ name: {:?}, json_name: {:?}, repeated: {}, kind: {} }},",
            field.name(),
            field.json_name(),
            field.is_list(),
            kind(&field)?,
        )?;
    }
    writeln!(code, "] }};")?;
    Ok(())
}

fn kind(field: &FieldDescriptor) -> Outcome<String> {
    Ok(match field.kind() {
        Kind::String => "Kind::Text".to_owned(),
        Kind::Bool => "Kind::Bool".to_owned(),
        Kind::Int32 => "Kind::Int32".to_owned(),
        Kind::Int64 => "Kind::Int64".to_owned(),
        Kind::Message(inner) if is_timestamp(&inner) => "Kind::Timestamp".to_owned(),
        Kind::Message(inner) => format!("Kind::Message(&{})", table(&inner)),
        Kind::Enum(of) => {
            if of.values().zip(0..).any(|(value, position)| value.number() != position) {
                return Err(format!("{}: the numbers have gaps", of.full_name()).into());
            }
            let names: Vec<_> = of.values().map(|value| value.name().to_owned()).collect();
            format!("Kind::Enum(&{names:?})")
        }
        other => return Err(format!("{}: {other:?} has no table", field.full_name()).into()),
    })
}

fn is_timestamp(message: &MessageDescriptor) -> bool {
    message.full_name() == "google.protobuf.Timestamp"
}

/// `meridian.orders.v1.Order` is the table `ORDERS_V1_ORDER`.
fn table(message: &MessageDescriptor) -> String {
    message.full_name().trim_start_matches("meridian.").replace('.', "_").to_uppercase()
}

/// `meridian.orders.v1.Order` is `crate::orders::v1::Order`.
fn rust_type(message: &MessageDescriptor) -> String {
    message.full_name().replace("meridian.", "crate::").replace('.', "::")
}
