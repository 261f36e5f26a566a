//! What the contract says about itself, and how it looks in JSON.

use crate::{
    on_both,
    world::{Http, STORE, World, order, order_path, unique},
};
use http::Method;
use serde_json::{Value, json};
use tokio_stream::StreamExt as _;
use tonic::Code;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};
use tonic_reflection::pb::{v1, v1alpha};

on_both!(
    the_services_describe_themselves_and_say_how_they_are,
    every_path_of_the_document_is_served,
    answers_show_every_field_and_requests_take_both_forms,
    a_store_is_changed_by_what_was_read,
);

const SERVICES: [&str; 6] = [
    "meridian.cancellations.v1.CancellationService",
    "meridian.events.v1.EventService",
    "meridian.orders.v1.OrderService",
    "meridian.refunds.v1.RefundService",
    "meridian.stores.v1.StoreService",
    "meridian.webhooks.v1.WebhookService",
];

/// Asks the reflection of one version for its services, and for the file of each.
macro_rules! reflected {
    ($version:ident, $channel:expr) => {{
        use $version::server_reflection_request::MessageRequest;
        use $version::server_reflection_response::MessageResponse;
        let ask = |message: MessageRequest| $version::ServerReflectionRequest {
            host: String::new(),
            message_request: Some(message),
        };
        let mut questions = vec![ask(MessageRequest::ListServices(String::new()))];
        for service in SERVICES {
            questions.push(ask(MessageRequest::FileContainingSymbol(service.to_owned())));
        }
        questions.push(ask(MessageRequest::FileContainingSymbol("no.such.Service".to_owned())));
        let mut client = $version::server_reflection_client::ServerReflectionClient::new($channel);
        let questions = tokio_stream::iter(questions);
        let mut answers = client.server_reflection_info(questions).await.unwrap().into_inner();
        let mut services = Vec::new();
        let mut files = 0;
        while let Some(answer) = answers.next().await {
            let Ok(answer) = answer else { break };
            match answer.message_response.unwrap() {
                MessageResponse::ListServicesResponse(list) => {
                    services.extend(list.service.into_iter().map(|service| service.name));
                }
                MessageResponse::FileDescriptorResponse(found) => {
                    assert!(!found.file_descriptor_proto.is_empty());
                    files += 1;
                }
                MessageResponse::ErrorResponse(_) => {}
                other => panic!("{other:?}"),
            }
        }
        (services, files)
    }};
}

async fn the_services_describe_themselves_and_say_how_they_are(world: World) {
    let channel = world.grpc().await.channel();
    let (services, files) = reflected!(v1, channel.clone());
    let (same, same_files) = reflected!(v1alpha, channel.clone());
    for service in SERVICES {
        assert!(services.iter().any(|it| it == service), "{service} in {services:?}");
        assert!(same.iter().any(|it| it == service), "{service} in {same:?}");
    }
    assert_eq!((files, same_files), (SERVICES.len(), SERVICES.len()));

    let mut health = HealthClient::new(channel);
    for service in SERVICES.iter().chain(&[""]) {
        let request = HealthCheckRequest { service: (*service).to_owned() };
        let answer = health.check(request).await.unwrap().into_inner();
        assert_eq!(answer.status(), ServingStatus::Serving, "{service}");
    }
    let unknown = HealthCheckRequest { service: "no.such.Service".to_owned() };
    assert_eq!(health.check(unknown).await.unwrap_err().code(), Code::NotFound);
    let http = world.http().anonymous();
    assert_eq!(http.get("/healthz").await.ok()["status"], "SERVING");
    let ready = http.get("/readyz").await.ok();
    for service in SERVICES {
        assert_eq!(ready["services"][service], "SERVING");
    }
}

async fn every_path_of_the_document_is_served(world: World) {
    world.open_store(json!({})).await;
    let http = world.http();
    let document = http.anonymous().get("/openapi.json").await.ok();
    assert!(document["openapi"].as_str().unwrap().starts_with("3."), "{}", document["openapi"]);
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.contains_key("/Order/CreateOrderRefund"), "{:?}", paths.keys());
    let mut calls = 0;
    for (path, item) in paths {
        for method in ["get", "post", "patch", "put", "delete"] {
            if item.get(method).is_some() {
                is_served(&http, method, path).await;
                calls += 1;
            }
        }
    }
    assert!(calls > wire::rest::ROUTES.len(), "only {calls} calls");
    for (page, kind) in [("/docs", "text/html"), ("/openapi.json", "application/json")] {
        let answer = http.anonymous().get(page).await;
        assert_eq!(answer.status, 200, "{page}");
        assert!(answer.headers["content-type"].to_str().unwrap().starts_with(kind), "{page}");
    }
    http.get("/v1/no-such-path").await.refused(404, "PATH_NOT_FOUND");
}

async fn is_served(http: &Http, method: &str, template: &str) {
    let mut path = template.replace("{store_id}", STORE);
    while let (Some(from), Some(to)) = (path.find('{'), path.find('}')) {
        path.replace_range(from..=to, "x");
    }
    let method: Method = method.to_uppercase().parse().unwrap();
    let body = if method == Method::GET { "" } else { "{}" };
    let answer = http.send(method, &path, body).await;
    assert_ne!(answer.status, 405, "{path}");
    assert!(answer.status < 500, "{path}: {}", answer.text());
    assert!(!answer.text().contains("PATH_NOT_FOUND"), "{path}: {}", answer.text());
}

/// The paths of everything in an answer that has a value, and of every null.
fn leaves(value: &Value, path: &str, found: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                assert!(!name.chars().any(char::is_uppercase), "{path}.{name}");
                leaves(value, &format!("{path}.{name}"), found);
            }
        }
        Value::Array(values) => {
            for value in values {
                leaves(value, path, found);
            }
        }
        value => found.push((path.to_owned(), value.clone())),
    }
}

async fn answers_show_every_field_and_requests_take_both_forms(world: World) {
    world.open_store(json!({})).await;
    let ready = world.ready(&order("O-1")).await;
    for (field, value) in [
        ("cart_id", json!("")),
        ("external_order_id", json!("")),
        ("refunded", json!({"customer": "0.00", "merchant": "0.00"})),
        ("shipments", json!([])),
        ("shipping_address", Value::Null),
    ] {
        assert_eq!(ready[field], value, "{field}");
    }
    // The other form of the names, in a request.
    let body = json!({
        "requestId": unique("r"), "shippingAmount": "1.00", "wait": "WAIT_SETTLED",
        "products": [{"cartItemId": "L1", "refundQuantity": "1"}],
    });
    let refund = world.http().post(&format!("{}/refunds", order_path("O-1")), &body).await.ok();
    assert_eq!((&refund["full_refund"], &refund["hint"]), (&json!(false), &json!("")));
    let mut found = Vec::new();
    let now = world.http().get(&order_path("O-1")).await.ok();
    leaves(&now, "order", &mut found);
    leaves(&refund, "refund", &mut found);
    for (path, prefix) in [
        ("order.state", "ORDER_STATE_"),
        ("order.tenders.method", "TENDER_METHOD_"),
        ("order.tenders.state", "TENDER_STATE_"),
        ("refund.state", "REFUND_STATE_"),
        ("refund.refund_method", "REFUND_METHOD_"),
        ("refund.components.type", "COMPONENT_TYPE_"),
        ("refund.components.charged_to", "CHARGED_TO_"),
        ("refund.legs.kind", "LEG_KIND_"),
        ("refund.legs.state", "LEG_STATE_"),
    ] {
        let mut there = found.iter().filter(|(it, _)| it == path).peekable();
        assert!(there.peek().is_some(), "{path}");
        for (_, value) in there {
            let name = value.as_str().unwrap();
            assert!(name.starts_with(prefix) && !name.ends_with("UNSPECIFIED"), "{path}: {name}");
        }
    }
    // Amounts are texts with the decimals of their currency, never numbers.
    for (path, value) in found {
        if path.ends_with(".customer") {
            let decimals = value.as_str().unwrap().split_once('.').unwrap().1;
            assert_eq!(decimals.len(), 2, "{path}: {value}");
        }
        assert!(!value.is_f64(), "{path}: {value}");
    }
}

async fn a_store_is_changed_by_what_was_read(world: World) {
    let store = format!("/v1/stores/{STORE}");
    let made = world.open_store(json!({"approval_limit": "12.50", "refund_reasons": [
        {"code": "8", "name": "Damaged"},
    ]}));
    let made = made.await;
    assert_eq!(world.http().get(&store).await.ok(), made);
    assert_eq!(made["settings"]["tender_order"], "TENDER_ORDER_NON_CASH_FIRST");
    assert_eq!(made["settings"]["cancel_before_ready"], true);
    let http = world.http();
    let patch = async |body: Value| {
        let mut body = body;
        body["request_id"] = unique("patch").into();
        http.send(Method::PATCH, &store, body.to_string()).await
    };
    let same = patch(json!({"settings": made["settings"], "version": made["version"]})).await.ok();
    assert_eq!(same["settings"], made["settings"]);
    let named = patch(json!({"name": "Another", "version": same["version"]})).await.ok();
    assert_eq!((&named["name"], &named["settings"]), (&json!("Another"), &made["settings"]));
    patch(json!({"name": "Stale", "version": made["version"]}))
        .await
        .refused(409, "VERSION_MISMATCH");
    let limitless = patch(json!({"settings": {}})).await.ok();
    assert!(limitless["settings"]["approval_limit"].is_null());
    let version =
        |store: &Value| -> i64 { store["settings_version"].as_str().unwrap().parse().unwrap() };
    assert!(version(&limitless) > version(&named));
    assert_eq!(world.http().get(&store).await.ok(), limitless);
}
