//! The document of the contract with what the gateway serves beside it.

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor},
    ser::SerializeMap,
};
use serde_json::value::RawValue;
use std::fmt;

/// What the gateway serves that is not in the contract: paths, schemas and tags.
const BESIDE: &str = include_str!("beside.json");

/// The whole document, JSON.
pub fn whole() -> String {
    merged(wire::OPENAPI, BESIDE).unwrap_or_else(|error| {
        tracing::error!(%error, "the document of the gateway itself is left out");
        wire::OPENAPI.to_owned()
    })
}

/// Objects that stand in both become one; of everything else the first document's counts, and
/// lists are joined.
fn merged(first: &str, second: &str) -> Result<String, serde_json::Error> {
    let (mut first, second) = (read(first)?, read(second)?);
    for (name, added) in second.0 {
        let Some((_, value)) = first.0.iter_mut().find(|(known, _)| *known == name) else {
            first.0.push((name, added));
            continue;
        };
        let text = match value.get().as_bytes().first() {
            Some(b'{') => merged(value.get(), added.get())?,
            Some(b'[') => joined(value.get(), added.get())?,
            _ => continue,
        };
        *value = RawValue::from_string(text)?;
    }
    serde_json::to_string(&first)
}

fn joined(first: &str, second: &str) -> Result<String, serde_json::Error> {
    let mut all: Vec<Box<RawValue>> = serde_json::from_str(first)?;
    all.extend(serde_json::from_str::<Vec<Box<RawValue>>>(second)?);
    serde_json::to_string(&all)
}

fn read(text: &str) -> Result<Members, serde_json::Error> {
    serde_json::from_str(text)
}

/// An object that keeps its order: the page shows it so.
struct Members(Vec<(String, Box<RawValue>)>);

impl Serialize for Members {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Reading)
    }
}

struct Reading;

impl<'de> Visitor<'de> for Reading {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csv::Table;
    use serde_json::Value;

    fn document() -> Value {
        serde_json::from_str(&merged(wire::OPENAPI, BESIDE).unwrap()).unwrap()
    }

    #[test]
    fn objects_become_one_and_keep_their_order() {
        let text = merged(
            r#"{"z": {"b": 1}, "l": [1], "s": 1}"#,
            r#"{"z": {"a": 2}, "l": [2], "s": 2, "n": 3}"#,
        );
        assert_eq!(text.unwrap(), r#"{"z":{"b":1,"a":2},"l":[1,2],"s":1,"n":3}"#);
    }

    #[test]
    fn the_document_names_all_that_is_served() {
        let document = document();
        for path in [
            "/v1/stores/{store_id}/orders/{order_id}/refunds",
            "/v1/orders/{order_id}/refunds",
            crate::compatible::PATH,
            "/healthz",
            "/readyz",
        ] {
            assert!(document["paths"][path].is_object(), "{path}");
        }
    }

    #[test]
    fn nothing_of_the_contract_is_lost() {
        let (whole, contract) = (document(), serde_json::from_str::<Value>(wire::OPENAPI).unwrap());
        for part in ["/paths", "/components/schemas", "/components/responses", "/info"] {
            for (name, value) in contract.pointer(part).unwrap().as_object().unwrap() {
                let whole = whole.pointer(part).unwrap().get(name).unwrap();
                assert!(holds(whole, value), "{part} {name}");
            }
        }
    }

    /// Whether all of `part` stands in `whole`, where objects and lists may hold more.
    fn holds(whole: &Value, part: &Value) -> bool {
        match (whole, part) {
            (Value::Object(whole), Value::Object(part)) => part
                .iter()
                .all(|(name, value)| whole.get(name).is_some_and(|whole| holds(whole, value))),
            (Value::Array(whole), Value::Array(part)) => whole.starts_with(part),
            _ => whole == part,
        }
    }

    #[test]
    fn what_is_csv_as_well_says_so() {
        let document = document();
        for (path, methods) in document["paths"].as_object().unwrap() {
            let Some(operation) = methods["get"]["operationId"].as_str() else { continue };
            let route = wire::rest::ROUTES.iter().find(|it| it.grpc_path.ends_with(operation));
            let table = route.and_then(|route| Table::of(route.grpc_path));
            let said = &methods["get"]["responses"]["200"]["content"]["text/csv"];
            assert_eq!(said.is_object(), table.is_some(), "{path}");
            if let Some(table) = table {
                let header = String::from_utf8((table.header)().unwrap()).unwrap();
                assert_eq!(said["example"], header);
            }
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = document();
        let mut open = vec![&document];
        while let Some(value) = open.pop() {
            match value {
                Value::Object(object) => {
                    if let Some(target) = object.get("$ref").and_then(Value::as_str) {
                        assert!(document.pointer(&target[1..]).is_some(), "{target}");
                    }
                    open.extend(object.values());
                }
                Value::Array(values) => open.extend(values),
                _ => {}
            }
        }
    }
}
