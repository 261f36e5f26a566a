//! Writes the `OpenAPI` document: the routes with the comments of the contract.

#[path = "openapi/comments.rs"]
mod comments;
#[path = "openapi/schemas.rs"]
mod schemas;

use super::http::{Route, Segment};
use comments::Comments;
use protox::prost_reflect::{DescriptorPool, FieldDescriptor, Kind, ServiceDescriptor};
use schemas::Schemas;
use serde_json::{Map, Value, json};

pub fn document(pool: &DescriptorPool, routes: &[Route], version: &str) -> Value {
    let mut schemas = Schemas::new(Comments::of(pool));
    let mut paths = Map::new();
    for route in routes {
        let path = paths.entry(route.template.clone()).or_insert_with(|| json!({}));
        path[route.verb.to_lowercase()] = operation(route, &mut schemas);
    }
    let tags: Vec<_> = pool.services().map(|service| tag(&service, &schemas.comments)).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Meridian",
            "version": version,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            "description": DESCRIPTION,
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}],
        "tags": tags,
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "headers": {"RetryAfter": {
                "description": "Seconds after which the same request may be sent again.",
                "schema": {"type": "integer"},
            }},
            "parameters": {"IdempotencyKey": idempotency_key()},
            "responses": {"Error": {
                "description": "Refused or failed; the HTTP status is that of the code.",
                "headers": {"Retry-After": {"$ref": "#/components/headers/RetryAfter"}},
                "content": content(&json!({"$ref": "#/components/schemas/Error"})),
            }},
            "schemas": schemas.finish(),
        },
    })
}

const DESCRIPTION: &str = "Orders, cancellations and refunds, exact to the last minor unit in both \
    currencies.\n\n\
    Names are in snake_case; camelCase is taken as well. Fields that a message does not have are \
    refused. Decimals travel as strings. Answers show every field, one that is absent as null.";

fn tag(service: &ServiceDescriptor, comments: &Comments) -> Value {
    json!({"name": service.name(), "description": comments.at(&service.parent_file(), service.path())})
}

fn idempotency_key() -> Value {
    json!({
        "name": "Idempotency-Key",
        "in": "header",
        "required": false,
        "description": "The request_id, for callers that keep it out of the body. If both are \
            given, they have to be equal.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 128},
    })
}

fn operation(route: &Route, schemas: &mut Schemas) -> Value {
    let method = &route.method;
    let text = schemas.comments.at(&method.parent_file(), method.path());
    let paragraph = text.split("\n\n").next().unwrap_or_default();
    let summary = paragraph.split_once(". ").map_or(paragraph, |(first, _)| first);
    let mut operation = json!({
        "operationId": method.name(),
        "tags": [method.parent_service().name()],
        "summary": summary.trim_end_matches('.'),
        "description": text,
        "parameters": parameters(route, schemas),
        "responses": {
            "200": done(route, schemas),
            "default": {"$ref": "#/components/responses/Error"},
        },
    });
    if route.has_body {
        let body = schemas.request(&method.input(), |field| route.binds_in_path(field));
        operation["requestBody"] = json!({"required": true, "content": content(&body)});
    }
    operation
}

fn done(route: &Route, schemas: &mut Schemas) -> Value {
    let Some(message) = route.shown_of_stream() else {
        return json!({"description": "Done.", "content": content(&answer(route, schemas))});
    };
    json!({
        "description": STREAM,
        "content": {
            "application/x-ndjson": {"schema": schemas.reference(&message)},
            "text/event-stream": {"schema": {"type": "string"}},
        },
    })
}

const STREAM: &str = "A stream, in the form that `Accept` asks for.\n\n\
    `application/x-ndjson`, the default: the JSON of one message a line. If the stream fails, the \
    last line is an object with the member `error` alone, a refusal, and the answer is broken \
    off.\n\n\
    `text/event-stream`: the JSON of one message is the `data` of one event, its `event_id` the \
    `id` and its `type` the `event`, if it has them. A comment comes every 15 seconds in which \
    nothing else does. If the stream fails, the last event is called `error` and its data is a \
    refusal.";

fn last_event_id() -> Value {
    json!({
        "name": "Last-Event-ID",
        "in": "header",
        "required": false,
        "description": "Stands for `after` where the query does not give it: browsers send it when \
            they connect again.",
        "schema": {"type": "string"},
    })
}

fn answer(route: &Route, schemas: &mut Schemas) -> Value {
    match route.response_body.as_ref().map(FieldDescriptor::kind) {
        Some(Kind::Message(message)) => schemas.reference(&message),
        _ => schemas.reference(&route.method.output()),
    }
}

fn content(schema: &Value) -> Value {
    json!({"application/json": {"schema": schema}})
}

fn parameters(route: &Route, schemas: &mut Schemas) -> Vec<Value> {
    let in_path = route.segments.iter().filter_map(|segment| match segment {
        Segment::Field(field) => Some(field.clone()),
        Segment::Literal(_) => None,
    });
    let mut parameters: Vec<_> = in_path.map(|field| parameter(&field, "path", schemas)).collect();
    if route.method.input().get_field_by_name("request_id").is_some() {
        parameters.push(json!({"$ref": "#/components/parameters/IdempotencyKey"}));
    }
    if route.has_body {
        return parameters;
    }
    for field in route.method.input().fields().filter(|field| !route.binds_in_path(field)) {
        parameters.push(parameter(&field, "query", schemas));
    }
    let is_stream = route.method.is_server_streaming();
    if is_stream && route.method.input().get_field_by_name("after").is_some() {
        parameters.push(last_event_id());
    }
    parameters
}

fn parameter(field: &FieldDescriptor, place: &str, schemas: &mut Schemas) -> Value {
    json!({
        "name": field.name(),
        "in": place,
        "required": place == "path",
        "description": schemas.comments.at(&field.parent_file(), field.path()),
        "schema": schemas.value(field),
    })
}
