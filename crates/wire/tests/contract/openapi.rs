//! The `OpenAPI` document.

use serde_json::Value;
use std::collections::BTreeSet;
use wire::rest::ROUTES;

fn document() -> Value {
    serde_json::from_str(wire::OPENAPI).expect("the document is JSON")
}

#[test]
fn every_path_is_there_with_its_methods() {
    const ORDER: &str = "/v1/stores/{store_id}/orders/{order_id}";
    const REFUND: &str = "/v1/stores/{store_id}/orders/{order_id}/refunds/{refund_id}";
    const WEBHOOKS: &str = "/v1/stores/{store_id}/webhooks";
    let mut expected: BTreeSet<(String, &str)> = [
        ("/v1/stores", "post"),
        ("/v1/stores", "get"),
        ("/v1/stores/{store_id}", "get"),
        ("/v1/stores/{store_id}", "patch"),
        ("/v1/session", "get"),
        ("/v1/session:end", "post"),
        ("/v1/session:changePassword", "post"),
        ("/v1/stores/{store_id}/users", "post"),
        ("/v1/stores/{store_id}/users", "get"),
        ("/v1/stores/{store_id}/users/{user_id}", "patch"),
        ("/v1/stores/{store_id}/users/{user_id}", "delete"),
        ("/v1/payment-providers", "get"),
        ("/v1/payment-notices", "get"),
        ("/v1/stores/{store_id}/tokens", "post"),
        ("/v1/stores/{store_id}/tokens", "get"),
        ("/v1/stores/{store_id}/tasks", "get"),
        ("/v1/stores/{store_id}/events", "get"),
        ("/v1/stores/{store_id}/events:watch", "get"),
        ("/v1/stores/{store_id}/tokens/{token_id}:revoke", "post"),
        ("/v1/stores/{store_id}/orders", "post"),
        ("/v1/stores/{store_id}/orders", "get"),
        (ORDER, "get"),
        (REFUND, "get"),
    ]
    .map(|(path, method)| (path.to_owned(), method))
    .into();
    let verbs = [
        ":accept",
        ":complete",
        ":erasePersonalData",
        ":setExternalReference",
        ":recordPayment",
        ":ship",
        ":deliver",
        ":resolveScreening",
        ":retryHandover",
    ];
    expected.extend(verbs.map(|verb| (format!("{ORDER}{verb}"), "post")));
    expected.extend(["post", "get"].map(|method| (format!("{ORDER}/refunds"), method)));
    expected.insert((format!("{ORDER}/refunds:quote"), "post"));
    expected.insert((format!("{ORDER}/refundable"), "get"));
    expected.insert((format!("{REFUND}:explain"), "get"));
    let cancellation = format!("{ORDER}/cancellations/{{cancellation_id}}");
    expected.insert((cancellation.clone(), "get"));
    expected.extend(["post", "get"].map(|method| (format!("{ORDER}/cancellations"), method)));
    expected.extend([":previewCancel", ":cancel"].map(|verb| (format!("{ORDER}{verb}"), "post")));
    let verbs = [":accept", ":reject", ":withdraw", ":previewUndo", ":undo"];
    expected.extend(verbs.map(|verb| (format!("{cancellation}{verb}"), "post")));
    expected.insert((format!("{REFUND}:changeMethod"), "post"));
    expected.insert(("/v1/stores/{store_id}/refundComponents".to_owned(), "get"));
    let verbs = [":retry", ":hold", ":release", ":approve", ":confirm"];
    expected.extend(verbs.map(|verb| (format!("{REFUND}{verb}"), "post")));
    let endpoint = format!("{WEBHOOKS}/{{endpoint_id}}");
    expected.extend(["post", "get"].map(|method| (WEBHOOKS.to_owned(), method)));
    expected.extend(["get", "patch", "delete"].map(|method| (endpoint.clone(), method)));
    expected.insert((format!("{endpoint}/deliveries"), "get"));
    let verbs = [":rotateSecret", ":redeliver", ":test"];
    expected.extend(verbs.map(|verb| (format!("{endpoint}{verb}"), "post")));

    let document = document();
    let shown: BTreeSet<_> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().keys();
            methods.map(move |method| (path.clone(), method.as_str()))
        })
        .collect();
    assert_eq!(shown, expected);
    assert_eq!(ROUTES.len(), expected.len());
}

#[test]
fn every_operation_and_every_field_is_described() {
    let document = document();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for operation in methods.as_object().unwrap().values() {
            assert!(!operation["description"].as_str().unwrap().is_empty(), "{path}");
            for parameter in operation["parameters"].as_array().unwrap() {
                let described = parameter["$ref"].is_string()
                    || !parameter["description"].as_str().unwrap().is_empty();
                assert!(described, "{path}: {parameter}");
            }
        }
    }
    // The wrappers of an answer have nothing to say, and neither has a text that is only a text.
    let refund = &document["components"]["schemas"]["Refund"];
    for (name, field) in refund["properties"].as_object().unwrap() {
        assert!(field["description"].is_string(), "{name}");
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

#[test]
fn what_the_path_binds_is_not_in_the_body() {
    let document = document();
    let schemas = &document["components"]["schemas"];
    let request = schemas["CreateRefundRequest"]["properties"].as_object().unwrap();
    assert!(request.contains_key("request_id") && !request.contains_key("order_id"));
    let create = schemas["CreateStoreRequest"]["properties"].as_object().unwrap();
    assert!(create.contains_key("store_id"));
}

#[test]
fn a_stream_is_described_in_each_of_its_forms() {
    let document = document();
    let export = &document["paths"]["/v1/stores/{store_id}/refundComponents"]["get"];
    let forms = &export["responses"]["200"]["content"];
    let row = &forms["application/x-ndjson"]["schema"]["$ref"];
    assert_eq!(row, "#/components/schemas/RefundComponentRow");
    assert_eq!(forms["text/event-stream"]["schema"]["type"], "string");
    assert_eq!(forms["application/json"], Value::Null);
    for route in ROUTES {
        let verb = route.method.to_lowercase();
        let forms = &document["paths"][route.template][verb]["responses"]["200"]["content"];
        assert_eq!(forms["text/event-stream"].is_object(), route.event.is_some());
        assert_eq!(forms["application/json"].is_object(), route.event.is_none());
    }
}
