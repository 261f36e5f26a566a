//! Messages and enums as JSON schemas, each under its short name.

use super::Comments;
use protox::prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

pub struct Schemas {
    pub comments: Comments,
    schemas: Map<String, Value>,
}

impl Schemas {
    pub fn new(comments: Comments) -> Self {
        Self { comments, schemas: Map::new() }
    }

    pub fn finish(mut self) -> Map<String, Value> {
        self.schemas.insert("Error".to_owned(), error());
        self.schemas
    }

    /// A message by its name; the schema is written on the first call.
    pub fn reference(&mut self, message: &MessageDescriptor) -> Value {
        self.request(message, |_| false)
    }

    /// The same without the fields that the path binds.
    pub fn request(
        &mut self,
        message: &MessageDescriptor,
        in_path: impl Fn(&FieldDescriptor) -> bool,
    ) -> Value {
        let name = message.name().to_owned();
        if !self.schemas.contains_key(&name) {
            self.schemas.insert(name.clone(), Value::Null);
            let mut properties = Map::new();
            for field in message.fields().filter(|field| !in_path(field)) {
                let mut schema = self.value(&field);
                let comment = self.comments.at(&field.parent_file(), field.path());
                if !comment.is_empty() {
                    schema["description"] = comment.into();
                }
                properties.insert(field.name().to_owned(), schema);
            }
            let mut schema = json!({"type": "object", "properties": properties});
            let comment = self.comments.at(&message.parent_file(), message.path());
            if !comment.is_empty() {
                schema["description"] = comment.into();
            }
            self.schemas.insert(name.clone(), schema);
        }
        json!({"$ref": format!("#/components/schemas/{name}")})
    }

    /// What a field holds.
    pub fn value(&mut self, field: &FieldDescriptor) -> Value {
        let one = self.one(&field.kind());
        if field.is_list() {
            return json!({"type": "array", "items": one});
        }
        // A pair of amounts is never absent from an answer.
        if !field.supports_presence() || one["$ref"] == "#/components/schemas/MoneyPair" {
            return one;
        }
        match one.get("type") {
            Some(kind) => {
                let mut nullable = one.clone();
                nullable["type"] = json!([kind, "null"]);
                nullable
            }
            None => json!({"oneOf": [one, {"type": "null"}]}),
        }
    }

    fn one(&mut self, kind: &Kind) -> Value {
        match kind {
            Kind::Bool => json!({"type": "boolean"}),
            Kind::Int32 => json!({"type": "integer", "format": "int32"}),
            Kind::Int64 => json!({"type": "string", "format": "int64"}),
            Kind::Enum(of) => self.enumeration(of),
            Kind::Message(message) if message.full_name() == "google.protobuf.Timestamp" => {
                json!({"type": "string", "format": "date-time"})
            }
            Kind::Message(message) => self.reference(message),
            _ => json!({"type": "string"}),
        }
    }

    fn enumeration(&mut self, of: &EnumDescriptor) -> Value {
        let mut lines = vec![self.comments.at(&of.parent_file(), of.path())];
        for value in of.values() {
            let comment = self.comments.at(&of.parent_file(), value.path());
            if !comment.is_empty() {
                lines.push(format!("- {}: {comment}", value.name()));
            }
        }
        let names: Vec<_> = of.values().map(|value| value.name().to_owned()).collect();
        let schema = json!({"type": "string", "enum": names, "description": lines.join("\n")});
        self.schemas.insert(of.name().to_owned(), schema);
        json!({"$ref": format!("#/components/schemas/{}", of.name())})
    }
}

/// The one shape of every refusal.
fn error() -> Value {
    json!({
        "type": "object",
        "description": "A refusal or failure. The details hold a google.rpc.ErrorInfo with a \
            stable reason, a google.rpc.BadRequest with every faulty field, a \
            google.rpc.RetryInfo where waiting helps.",
        "required": ["code", "status", "message", "details"],
        "properties": {
            "code": {"type": "integer", "format": "int32", "description": "google.rpc.Code."},
            "status": {"type": "string", "description": "The code's name."},
            "message": {"type": "string", "description": "For people."},
            "details": {"type": "array", "items": {
                "type": "object",
                "required": ["@type"],
                "properties": {
                    "@type": {"type": "string"},
                    "reason": {"type": "string", "description": "Stable, UPPER_SNAKE."},
                    "domain": {"type": "string"},
                    "metadata": {"type": "object", "additionalProperties": {"type": "string"}},
                    "field_violations": {"type": "array", "items": {
                        "type": "object",
                        "properties": {
                            "field": {"type": "string"},
                            "description": {"type": "string"},
                        },
                    }},
                    "retry_delay": {"type": "string", "description": "For example 0.2s."},
                },
            }},
        },
    })
}
