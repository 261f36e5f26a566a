//! Whatever is typed into any field of any call is in no log line, trace or metric.

use crate::{
    cancellations::request,
    on_both,
    world::{Collector, STORE, World, act, encode, order, order_path, refund_path, unique},
};
use http::Method;
use serde_json::{Map, Value, json};

on_both!(no_input_of_any_call_is_exported, no_text_that_is_taken_is_exported);

/// A world whose traces, metrics and logs are collected.
async fn watched(world: &mut World) -> Collector {
    let collector = Collector::start().await;
    let endpoint = collector.endpoint();
    world.restart_with(&[
        ("MERIDIAN__TELEMETRY__ENDPOINT", &endpoint),
        ("MERIDIAN__TELEMETRY__FILTER", "info"),
        ("MERIDIAN__WEBHOOKS__ALLOW_LOOPBACK", "true"),
    ]);
    collector
}

/// Ends the program, which sends what it has, and looks through everything.
fn nothing_shows(world: &mut World, collector: &Collector) {
    let log = world.process().log();
    assert!(world.terminate().success());
    let line = log.lines().find(|line| line.contains("canary"));
    assert_eq!(line, None);
    for signal in ["trace", "metrics", "logs"] {
        let sent = collector.of(signal);
        assert!(!sent.is_empty(), "no {signal}");
        for message in sent {
            let text = String::from_utf8_lossy(&message);
            assert!(!text.contains("canary"), "{signal}: {text}");
        }
    }
}

/// A message in which every text is a canary. Ids are none: they name orders and calls, and stand
/// in spans on purpose.
fn filled(schema: &Value, document: &Value, name: &str, depth: u8) -> Option<Value> {
    if let Some(reference) = schema["$ref"].as_str() {
        return filled(document.pointer(reference.strip_prefix('#')?)?, document, name, depth);
    }
    if let Some(one) = schema["allOf"].get(0).or_else(|| schema["anyOf"].get(0)) {
        return filled(one, document, name, depth);
    }
    let is_id = name == "id" || name.ends_with("_id") || name.ends_with("_ids");
    match schema["type"].as_str().or_else(|| schema["type"][0].as_str())? {
        _ if depth == 0 => None,
        "object" => {
            let fields = schema["properties"].as_object()?.iter();
            let fields = fields.filter_map(|(name, schema)| {
                Some((name.clone(), filled(schema, document, name, depth - 1)?))
            });
            Some(fields.collect::<Map<_, _>>().into())
        }
        "array" => Some(json!([filled(&schema["items"], document, name, depth - 1)?])),
        "string" if schema.get("enum").is_some() || schema.get("format").is_some() => None,
        "string" if is_id => Some("x-1".into()),
        "string" => Some(format!("canary-{name}").into()),
        _ => None,
    }
}

/// A path with an id that nobody has in the place of every name.
fn without_names(path: &str) -> String {
    let mut parts = path.split('{');
    let mut filled = parts.next().unwrap().to_owned();
    for part in parts {
        filled.push_str("x-1");
        filled.push_str(part.split_once('}').unwrap().1);
    }
    filled
}

async fn no_input_of_any_call_is_exported(mut world: World) {
    let collector = watched(&mut world).await;
    world.open_store(json!({})).await;
    world.ready(&order("O-1")).await;
    let http = world.http();
    let document = http.get("/openapi.json").await.ok();
    let (mut calls, mut canaries) = (0, 0);
    for (path, methods) in document["paths"].as_object().unwrap() {
        // A feed that does not end has no text of its own beside its list's.
        if path.ends_with(":watch") {
            continue;
        }
        let at = path.replace("{store_id}", STORE).replace("{order_id}", "O-1");
        let at = without_names(&at);
        for (method, described) in methods.as_object().unwrap() {
            let Ok(verb) = method.to_uppercase().parse::<Method>() else { continue };
            let parameters = described["parameters"].as_array().into_iter().flatten();
            let queries =
                parameters.filter(|it| it["in"] == "query").filter_map(|it| it["name"].as_str());
            let queries: Vec<_> = queries
                .map(|name| format!("{name}={}", encode(&format!("canary-{name}"))))
                .collect();
            let schema = &described["requestBody"]["content"]["application/json"]["schema"];
            let body = filled(schema, &document, "", 6).unwrap_or(Value::Null);
            canaries += body.to_string().matches("canary").count() + queries.len();
            let sent = if body.is_null() { String::new() } else { body.to_string() };
            let keyed = http.with("idempotency-key", &unique("key"));
            // All of it at once, and each field of the message alone beside it.
            let mut bodies = vec![sent];
            for (name, value) in body.as_object().into_iter().flatten() {
                bodies.push(json!({name: value}).to_string());
            }
            let with_one = queries.iter().map(|query| format!("{at}?{query}"));
            for at in with_one.chain([at.clone()]) {
                for body in &bodies {
                    let answer = keyed.send(verb.clone(), &at, body.clone()).await;
                    assert!(answer.status < 500, "{verb} {at} {body}: {}", answer.text());
                    calls += 1;
                }
            }
        }
    }
    assert!(calls > 200 && canaries > 120, "{calls} calls, {canaries} canaries");
    nothing_shows(&mut world, &collector);
}

async fn no_text_that_is_taken_is_exported(mut world: World) {
    let collector = watched(&mut world).await;
    let reasons = json!([{"code": "8", "name": "canary-reason"}]);
    world
        .open_store(json!({
            "refund_reasons": reasons, "appeasements": true, "screening": {"fraud": true},
            "customer_requests": {"enabled": true},
        }))
        .await;
    let http = world.http();
    let mut placed = order("O-1");
    placed["buyer"]["email"] = "canary@disposable.example".into();
    placed["customer_note"] = "canary-note".into();
    placed["lines"][0]["name"] = "canary-goods".into();
    world.place(&placed).await;
    crate::world::eventually("the check to wait", || async {
        let order = http.get(&order_path("O-1")).await.ok();
        (order["screening"][0]["state"] == "SCREENING_STATE_REVIEW").then_some(())
    })
    .await;
    let clear = json!({
        "check": "SCREENING_CHECK_FRAUD", "state": "SCREENING_STATE_CLEAR", "comment": "canary-why",
    });
    act(&world, "O-1", "resolveScreening", clear).await.ok();
    world.until_ready("O-1").await;
    let ids = json!({"external_order_id": "E-1", "external_order_number": "canary-number"});
    act(&world, "O-1", "accept", ids).await.ok();
    let shipped = json!({
        "lines": [{"cart_item_id": "L1", "quantity": 1}], "carrier": "canary-carrier",
        "tracking_number": "canary-track",
    });
    act(&world, "O-1", "ship", shipped).await.ok();
    let asked = json!({
        "lines": [{"cart_item_id": "L1", "quantity": 1}], "comment": "canary-wish",
        "reason": "CANCELLATION_REASON_OTHER",
    });
    let asked = request(&http, "O-1", asked).await.ok();
    let path = format!(
        "{}/cancellations/{}",
        order_path("O-1"),
        asked["cancellation_id"].as_str().unwrap()
    );
    let reject = json!({
        "request_id": unique("no"), "reason": "CANCELLATION_REASON_OTHER", "comment": "canary-no",
    });
    http.post(&format!("{path}:reject"), &reject).await.ok();
    let refund = json!({
        "products": [{"cart_item_id": "L1", "refund_quantity": 1, "refund_comments": "canary-line"}],
        "refund_reason": {"code": "8", "name": "canary-reason"}, "refund_comments": "canary-all",
        "external_reference": "canary-reference", "refund_method": "REFUND_METHOD_BANK_DEPOSIT",
    });
    let refund = world.refund("O-1", &refund).await.ok();
    let act = async |verb: &str, mut body: Value| {
        body["request_id"] = unique(verb).into();
        http.post(&format!("{}:{verb}", refund_path(&refund)), &body).await.ok();
    };
    act("hold", json!({"reason": "canary-hold"})).await;
    act("release", json!({})).await;
    act("confirm", json!({"payment_reference": "canary-paid"})).await;
    let cancel = json!({
        "request_id": unique("cancel"), "reason": "CANCELLATION_REASON_OTHER",
        "comment": "canary-cancel", "lines": [{"cart_item_id": "L2", "quantity": 1}],
    });
    http.post(&format!("{}:cancel", order_path("O-1")), &cancel).await.ok();
    let of_store = |path: &str| format!("/v1/stores/{STORE}{path}");
    let token = json!({"request_id": unique("t"), "name": "canary-token", "role": "ROLE_VIEWER"});
    http.post(&of_store("/tokens"), &token).await.ok();
    let named = json!({"request_id": unique("s"), "name": "canary-store"}).to_string();
    http.send(Method::PATCH, &of_store(""), named).await.ok();
    let endpoint =
        json!({"request_id": unique("e"), "url": "http://127.0.0.1:9/canary-hook?x=canary"});
    let endpoint = http.post(&of_store("/webhooks"), &endpoint).await.ok();
    let at = of_store(&format!("/webhooks/{}", endpoint["endpoint_id"].as_str().unwrap()));
    http.post(&format!("{at}:test"), &json!({"request_id": unique("w")})).await.ok();
    crate::world::eventually("the endpoint to be tried", || async {
        let tried = http.get(&format!("{at}/deliveries")).await.ok();
        tried["deliveries"].as_array()?.iter().any(|it| it["tries"] != 0).then_some(())
    })
    .await;
    nothing_shows(&mut world, &collector);
}
