//! Gathers a request from its path, query, headers and body.

use super::{
    bare_order, json, percent,
    refusal::Refusal,
    route::Matched,
    shape::{self, Fault},
};
use http::HeaderMap;
use serde_json::{Map, Value};
use wire::rest::{Kind, Message};

/// The query parameter that names the form of a stream, for those who cannot set `Accept`.
pub const ALT: &str = "alt";

/// The protobuf bytes of the request.
///
/// # Errors
///
/// 400 with every field that is malformed or unknown; 404 for a body that names another store than
/// the path.
pub fn message(
    matched: &Matched,
    query: Option<&str>,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Vec<u8>, Refusal> {
    let route = matched.route;
    let mut object = parameters(query.unwrap_or_default(), route.request)?;
    if route.event.is_some() {
        // It says how the answer is shown, not what is asked.
        object.remove(ALT);
    }
    if route.has_body {
        if let Some(name) = object.keys().next() {
            return Err(Refusal::field(name, "is no query parameter: it belongs into the body"));
        }
        object = object_of(body)?;
        if route.grpc_path == bare_order::CREATE_ORDER {
            object = bare_order::wrapped(object);
        }
    }
    let mut faults = Vec::new();
    for (field, value) in &matched.bound {
        if !bind(&mut object, route.request, field, value) {
            if *field == "store_id" {
                return Err(Refusal::other_store());
            }
            faults.push(fault(field, "is another one in the path"));
        }
    }
    bind_request_id(&mut object, route.request, headers).unwrap_or_else(|fault| faults.push(fault));
    if route.event.is_some() {
        bind_after(&mut object, route.request, headers).unwrap_or_else(|fault| faults.push(fault));
    }
    match shape::check(object, route.request) {
        Ok(value) if faults.is_empty() => (route.encode)(value)
            .map_err(|error| Refusal::field("body", format!("cannot be read: {error}"))),
        Ok(_) => Err(Refusal::fields(faults)),
        Err(found) => {
            faults.extend(found);
            Err(Refusal::fields(faults))
        }
    }
}

/// The query as an object; lists are given by repeating their name.
fn parameters(query: &str, message: &Message) -> Result<Map<String, Value>, Refusal> {
    let pairs = percent::pairs(query)
        .ok_or_else(|| Refusal::field("query", "is not percent-encoded UTF-8"))?;
    let mut object = Map::new();
    for (name, text) in pairs {
        let field = message.field(&name);
        let value = match field.map(|field| &field.kind) {
            Some(Kind::Bool) if text == "true" || text == "false" => (text == "true").into(),
            _ => Value::from(text),
        };
        let name = field.map_or(name, |field| field.name.to_owned());
        if field.is_some_and(|field| field.repeated) {
            let list = object.entry(name).or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(values) = list {
                values.push(value);
            }
        } else if object.insert(name.clone(), value).is_some() {
            return Err(Refusal::field(&name, "is given twice"));
        }
    }
    Ok(object)
}

fn object_of(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    // A verb that needs nothing but its path and its Idempotency-Key needs no body.
    if body.is_empty() {
        return Ok(Map::new());
    }
    match json::parse(body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Refusal::field("body", "must be a JSON object")),
        Err(error) => Err(Refusal::field("body", format!("is not JSON: {error}"))),
    }
}

/// Sets a field. False if the object has another text for it already; what is no text at all is
/// left for the check of its shape.
fn bind(object: &mut Map<String, Value>, message: &Message, name: &str, value: &str) -> bool {
    let Some(field) = message.field(name) else { return false };
    let mut agrees = true;
    for form in [field.name, field.json_name] {
        match object.get(form) {
            None | Some(Value::Null) => {}
            Some(Value::String(given)) => agrees &= given.is_empty() || given == value,
            Some(_) => return true,
        }
    }
    object.remove(field.json_name);
    object.insert(field.name.to_owned(), value.into());
    agrees
}

/// The header stands for a `request_id` that the body leaves out.
fn bind_request_id(
    object: &mut Map<String, Value>,
    message: &Message,
    headers: &HeaderMap,
) -> Result<(), Fault> {
    let Some(key) = headers.get("idempotency-key") else { return Ok(()) };
    if message.field("request_id").is_none() {
        return Ok(());
    }
    let key = key.to_str().map_err(|_| fault("Idempotency-Key", "must be visible ASCII"))?;
    if bind(object, message, "request_id", key) {
        Ok(())
    } else {
        Err(fault("request_id", "is another one in the header Idempotency-Key"))
    }
}

/// A browser that was cut off calls the same URL again and says in a header where it was: that goes
/// before whatever cursor stands in the URL. Before it had an event, the header is empty or missing.
fn bind_after(
    object: &mut Map<String, Value>,
    message: &Message,
    headers: &HeaderMap,
) -> Result<(), Fault> {
    let Some(last) = headers.get("last-event-id") else { return Ok(()) };
    let after = message.field("after").filter(|it| matches!(it.kind, Kind::Text) && !it.repeated);
    let Some(after) = after else { return Ok(()) };
    let last = last.to_str().map_err(|_| fault("Last-Event-ID", "must be visible ASCII"))?;
    if last.is_empty() {
        return Ok(());
    }
    for cursor in ["after_position", "from_now"].into_iter().filter_map(|it| message.field(it)) {
        object.remove(cursor.name);
        object.remove(cursor.json_name);
    }
    object.insert(after.name.to_owned(), last.into());
    Ok(())
}

fn fault(field: &str, description: &str) -> Fault {
    Fault { field: field.to_owned(), description: description.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::rest::{Event, Field, Route};

    static FEED: Route = Route {
        method: "GET",
        template: "/v1/feed",
        segments: &[],
        action: None,
        grpc_path: "/test.Service/Feed",
        has_body: false,
        request: &Message {
            fields: &[Field {
                name: "after",
                json_name: "after",
                repeated: false,
                kind: Kind::Text,
            }],
        },
        encode: |value| Ok(value.to_string().into_bytes()),
        decode: |_| Ok(Vec::new()),
        event: Some(|_| Ok(Event { id: String::new(), name: String::new(), data: Vec::new() })),
    };

    static LIST: Route = Route { event: None, ..FEED };

    fn asked(route: &'static Route, query: &str, last: Option<&'static str>) -> String {
        let matched = Matched { route, bound: Vec::new() };
        let last = last.map(|last| ("last-event-id".parse().unwrap(), last.parse().unwrap()));
        let headers = HeaderMap::from_iter(last);
        String::from_utf8(message(&matched, Some(query), &headers, b"").unwrap()).unwrap()
    }

    #[test]
    fn a_stream_goes_on_after_the_last_event_whatever_the_query_says() {
        assert_eq!(asked(&FEED, "", Some("e7")), r#"{"after":"e7"}"#);
        assert_eq!(asked(&FEED, "after=", Some("e7")), r#"{"after":"e7"}"#);
        assert_eq!(asked(&FEED, "after=e9", Some("e7")), r#"{"after":"e7"}"#);
        assert_eq!(asked(&FEED, "after=e9", Some("")), r#"{"after":"e9"}"#);
        assert_eq!(asked(&FEED, "", None), "{}");
        assert_eq!(asked(&LIST, "", Some("e7")), "{}");
    }

    #[test]
    fn the_form_of_a_stream_is_no_field_of_its_request() {
        assert_eq!(asked(&FEED, "alt=csv&after=e9", None), r#"{"after":"e9"}"#);
    }
}
