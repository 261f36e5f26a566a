//! Valid requests with something wrong in them, thousands of them from one seed.

use super::NO_AMOUNTS;
use crate::{
    on_both,
    world::{Answer, GUID, STORE, World, encode, order, order_path, unique},
};
use http::Method;
use rand::{Rng, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use serde_json::{Map, Value, json};
use testkit::scale;

on_both!(no_request_at_all_is_answered_with_a_fault_of_ours);

const SEED: u64 = 20_260_731;

async fn no_request_at_all_is_answered_with_a_fault_of_ours(world: World) {
    world.open_store(json!({"appeasements": true, "prepaid_returns": true})).await;
    world.ready(&order("O-1")).await;
    let refund = world.refund("O-1", &json!({"shipping_amount": "0.01"})).await.ok();
    world.until_over(&refund).await;
    let routes = routes(refund["refund_id"].as_str().unwrap());
    let mut random = StdRng::seed_from_u64(SEED);
    let http = world.http();
    for round in 0..scale::pick(300, 5_000) {
        let (method, path, body) = &routes[round % routes.len()];
        let mut changed = body.clone();
        for _ in 0..random.random_range(1..=3) {
            change(&mut changed, &mut random);
        }
        let mut text = changed.to_string().into_bytes();
        if random.random_ratio(1, 6) {
            break_up(&mut text, &mut random);
        }
        let shown = String::from_utf8_lossy(&text).into_owned();
        let answer = http.send(method.clone(), path, text).await;
        check(&answer, path.starts_with("/Order"), &format!("{round}: {method} {path} {shown}"));
    }
    for round in 0..scale::pick(100, 1_000) {
        let path = query(&mut random);
        let answer = http.post_text(&path, "[]").await;
        check(&answer, true, &format!("{round}: {path}"));
    }
    // What came through was right, and the books are.
    let left = world.refundable("O-1").await;
    assert_eq!(left["lines"].as_array().unwrap().len(), 2);
    let over = "SELECT count(*) FROM orders WHERE returned > captured OR returned < 0";
    assert_eq!(world.database.count(over), 0);
}

fn check(answer: &Answer, compatible: bool, sent: &str) {
    assert!(answer.status < 500, "{sent}\n{}: {}", answer.status, answer.text());
    let json = answer.json();
    if answer.status == 200 {
        return;
    }
    assert!((400..500).contains(&answer.status), "{sent}\n{}", answer.status);
    if compatible {
        assert_eq!(json["Success"], false, "{sent}\n{json}");
        for member in ["Code", "Error", "Description"] {
            assert!(json[member].is_string(), "{sent}\n{json}");
        }
    } else {
        assert!(json["code"].is_number() && json["status"].is_string(), "{sent}\n{json}");
        assert!(!answer.reason().is_empty(), "{sent}");
        if json["status"] == "INVALID_ARGUMENT" && answer.reason() == "INVALID_FIELDS" {
            assert!(!answer.fields().is_empty(), "{sent}\n{json}");
        }
    }
}

/// A valid request for every route that takes a body.
fn routes(refund_id: &str) -> Vec<(Method, String, Value)> {
    let order_path = order_path("O-1");
    let verb = |verb: &str| format!("{order_path}/refunds/{refund_id}:{verb}");
    let id = |body: Value| {
        let mut body = body;
        body["request_id"] = unique("gen").into();
        body
    };
    let ids = json!({"external_order_id": "E-1", "external_order_number": "#1"});
    let lines = json!({"lines": [{"cart_item_id": "L1", "quantity": 1}]});
    let refund = json!({
        "products": [{
            "cart_item_id": "L1", "product_code": "SKU-1", "refund_quantity": 1,
            "refund_reason": {"code": "8", "name": "Damaged"}, "refund_comments": "c",
        }],
        "shipping_amount": "0.01", "duties_amount": "0.01", "service_gesture_amount": "0.01",
        "refund_reason": {"code": "8"}, "external_reference": "CN-1",
        "charged_to": [{"type": "COMPONENT_TYPE_SHIPPING", "charged_to": "CHARGED_TO_PLATFORM"}],
        "refund_method": "REFUND_METHOD_ORIGINAL",
    });
    let compatible = json!({
        "orderRefund": {
            "OrderId": "O-1", "ShippingAmount": "0.01", "FullRefund": false,
            "RefundReason": {"OrderRefundReasonCode": 8, "Name": "Damaged"},
        },
        "refundProductsList": [{"CartItemId": "L1", "RefundQuantity": 1, "RefundAmount": "0.01"}],
    });
    let store = json!({
        "store_id": "new", "name": "New", "merchant_guid": "g", "currency": "EUR",
        "settings": {"approval_limit": "5.00", "refund_reasons": [{"code": "1", "name": "One"}]},
    });
    let payment = json!({"tender_id": "t1", "state": "TENDER_STATE_CAPTURED", "amount": "115.00"});
    let token = json!({
        "name": "t", "role": "ROLE_SERVICE", "scopes": ["orders:read"],
        "expire_time": "2126-01-31T12:00:00Z",
    });
    let posts = [
        ("/v1/stores".to_owned(), id(store)),
        (format!("/v1/stores/{STORE}/orders"), id(json!({"order": order("O-2")}))),
        (format!("/v1/stores/{STORE}/tokens"), id(token)),
        (format!("{order_path}:accept"), id(ids.clone())),
        (format!("{order_path}:setExternalReference"), id(ids)),
        (format!("{order_path}:complete"), id(json!({}))),
        (format!("{order_path}:ship"), id(lines.clone())),
        (format!("{order_path}:deliver"), id(lines)),
        (format!("{order_path}:recordPayment"), id(payment)),
        (format!("{order_path}/refunds"), id(refund.clone())),
        (format!("{order_path}/refunds:quote"), refund),
        (verb("retry"), id(json!({}))),
        (verb("hold"), id(json!({"reason": "r"}))),
        (verb("release"), id(json!({}))),
        (verb("approve"), id(json!({}))),
        (verb("confirm"), id(json!({"payment_reference": "p"}))),
        (format!("/Order/CreateOrderRefund?merchantGUID={GUID}"), compatible),
    ];
    let mut routes: Vec<_> =
        posts.into_iter().map(|(path, body)| (Method::POST, path, body)).collect();
    let patch = id(json!({"name": "N", "settings": {"tender_order": "TENDER_ORDER_PRO_RATA"}}));
    routes.push((Method::PATCH, format!("/v1/stores/{STORE}"), patch));
    routes
}

/// Puts something wrong in a random place.
fn change(value: &mut Value, random: &mut StdRng) {
    let deeper = random.random_ratio(2, 3);
    match value {
        Value::Object(members) if deeper && !members.is_empty() => {
            let names: Vec<_> = members.keys().cloned().collect();
            let name = names.choose(random).unwrap();
            change(&mut members[name], random);
        }
        Value::Array(values) if deeper && !values.is_empty() => {
            let index = random.random_range(0..values.len());
            change(&mut values[index], random);
        }
        Value::Object(members) => change_members(members, random),
        Value::Array(values) if random.random() => {
            let copies = random.random_range(1..30);
            let item = values.first().cloned().unwrap_or_default();
            values.extend(vec![item; copies]);
        }
        _ => *value = nasty(random),
    }
}

fn change_members(members: &mut Map<String, Value>, random: &mut StdRng) {
    let names: Vec<_> = members.keys().cloned().collect();
    match (random.random_range(0..4), names.choose(random)) {
        (0, Some(name)) => drop(members.remove(name)),
        (1, Some(name)) => drop(members.insert(name.to_uppercase(), nasty(random))),
        (2, Some(name)) => {
            let value = members[name].clone();
            members.insert(format!("{name}s"), value);
        }
        _ => drop(members.insert(text(random), nasty(random))),
    }
}

fn nasty(random: &mut StdRng) -> Value {
    match random.random_range(0..12) {
        0 => Value::Null,
        1 => random.random::<bool>().into(),
        2 => random.random::<i64>().into(),
        3 => json!(-1),
        4 => json!(1.5e300),
        5 => json!([]),
        6 => json!({}),
        7 => json!([[[{"a": null}]]]),
        8 => Value::String("9".repeat(random.random_range(1..400))),
        9 => Value::String(text(random).repeat(random.random_range(1..300))),
        _ => json!(NO_AMOUNTS.choose(random)),
    }
}

fn text(random: &mut StdRng) -> String {
    const TEXTS: &[&str] = &[
        "",
        "x",
        "null",
        "O-1",
        "-",
        "..",
        "%00",
        "\0",
        "\u{1f4a9}",
        "\u{202e}abc",
        "a\nb",
        "\\u0000",
        "'; DROP TABLE orders; --",
        "${jndi}",
        "<script>",
        "\u{feff}",
        "e\u{301}",
        "\u{7f}",
        "ROLE_AGENT",
        "TENDER_STATE_FAILED",
        "2026-13-01T00:00:00Z",
        "rf_0",
        "store_id",
        "storeId",
    ];
    (*TEXTS.choose(random).unwrap()).to_owned()
}

/// Makes a text no JSON any more, mostly.
fn break_up(text: &mut Vec<u8>, random: &mut StdRng) {
    let place = random.random_range(0..text.len());
    match random.random_range(0..3) {
        0 => text.truncate(place),
        1 => text[place] = random.random(),
        _ => text.insert(place, *b"{}[],:\"\\".choose(random).unwrap()),
    }
}

/// A call of the compatible endpoint that says everything in its query.
fn query(random: &mut StdRng) -> String {
    let mut refund = json!({"OrderId": "O-1", "ShippingAmount": "0.01"});
    change(&mut refund, random);
    let mut text = refund.to_string();
    if random.random_ratio(1, 4) {
        text.truncate(text.floor_char_boundary(random.random_range(0..text.len())));
    }
    let encoded = if random.random_ratio(1, 8) { "%zz%ff".to_owned() } else { encode(&text) };
    format!("/Order/CreateOrderRefund?merchantGUID={GUID}&orderRefund={encoded}")
}
