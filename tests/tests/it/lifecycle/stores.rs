//! What becomes of a store's own fields.

use crate::{
    on_both,
    world::{Answer, STORE, World, unique},
};
use http::Method;
use serde_json::{Value, json};

on_both!(
    an_empty_code_takes_the_code_away,
    settings_are_counted_and_other_fields_are_not,
    a_time_zone_is_one_that_is_known,
    a_store_may_have_no_guid,
    a_page_of_large_stores_fits_into_a_message,
);

async fn update(world: &World, body: &Value) -> Answer {
    let mut body = body.clone();
    body["request_id"] = unique("update").into();
    world.http().send(Method::PATCH, &format!("/v1/stores/{STORE}"), body.to_string()).await
}

async fn an_empty_code_takes_the_code_away(world: World) {
    world.open_store(json!({})).await;
    let codes = json!({"web_store_code": "W", "web_store_instance_code": "I"});
    let named = update(&world, &codes).await.ok();
    assert_eq!(
        (&named["web_store_code"], &named["web_store_instance_code"]),
        (&json!("W"), &json!("I"))
    );
    let absent = update(&world, &json!({"name": "New"})).await.ok();
    assert_eq!(
        (&absent["web_store_code"], &absent["web_store_instance_code"]),
        (&json!("W"), &json!("I"))
    );
    let empty =
        update(&world, &json!({"web_store_code": "", "web_store_instance_code": ""})).await.ok();
    assert_eq!(
        (&empty["web_store_code"], &empty["web_store_instance_code"]),
        (&json!(""), &json!(""))
    );
}

async fn settings_are_counted_and_other_fields_are_not(world: World) {
    world.open_store(json!({})).await;
    for (body, expected) in [
        (json!({"name": "New"}), "1"),
        (json!({"web_store_code": "W", "merchant_guid": "another"}), "1"),
        (json!({"settings": {}}), "1"),
        (json!({"settings": {"appeasements": true}}), "2"),
        (json!({"currency": "GBP"}), "3"),
    ] {
        let store = update(&world, &body).await.ok();
        assert_eq!(store["settings_version"], expected, "{body}");
    }
}

async fn a_time_zone_is_one_that_is_known(world: World) {
    world.open_store(json!({})).await;
    let shown = world.http().get(&format!("/v1/stores/{STORE}")).await.ok();
    assert_eq!(shown["settings"]["time_zone"], "UTC");
    let zone = |name: &str| json!({"settings": {"time_zone": name}});
    for (name, canonical, version) in [
        ("UTC", "UTC", "1"),
        ("Europe/Paris", "Europe/Paris", "2"),
        ("europe/PARIS", "Europe/Paris", "2"),
        ("Asia/Kolkata", "Asia/Kolkata", "3"),
        ("", "UTC", "4"),
    ] {
        let store = update(&world, &zone(name)).await.ok();
        assert_eq!(store["settings"]["time_zone"], canonical, "{name}");
        assert_eq!(store["settings_version"], version, "{name}");
    }
    for wrong in ["Mars/Olympus", "Etc/Unknown", "+02:00", " Europe/Paris"] {
        let refused = update(&world, &zone(wrong)).await;
        assert!(refused.text().contains("settings.time_zone"), "{wrong}: {}", refused.text());
        refused.refused(400, "INVALID_FIELDS");
    }
}

async fn a_store_may_have_no_guid(world: World) {
    let without = |store_id: &str| json!({"store_id": store_id, "request_id": unique("s"), "name": "S", "currency": "EUR"});
    let http = world.http();
    for store_id in ["one", "two"] {
        let store = http.post("/v1/stores", &without(store_id)).await.ok();
        assert_eq!(store["merchant_guid"], "");
    }
    let empty = "/Order/CreateOrderRefund?merchantGUID=";
    assert_eq!(http.post(empty, &json!({"orderRefund": {"OrderId": "O-1"}})).await.status, 401);

    // A GUID that is taken away is free for another store.
    world.open_store(json!({})).await;
    let patch = |store: &str, guid: &str| {
        let body = json!({"request_id": unique("u"), "merchant_guid": guid}).to_string();
        let (http, path) = (world.http(), format!("/v1/stores/{store}"));
        async move { http.send(Method::PATCH, &path, body).await }
    };
    let guid = crate::world::GUID;
    patch("one", guid).await.refused(409, "MERCHANT_GUID_TAKEN");
    assert_eq!(patch(STORE, "").await.ok()["merchant_guid"], "");
    assert_eq!(patch("one", guid).await.ok()["merchant_guid"], guid);
}

async fn a_page_of_large_stores_fits_into_a_message(world: World) {
    let reasons: Vec<Value> = (0..200)
        .map(|code| json!({"code": code.to_string(), "name": "\u{20ac}".repeat(255)}))
        .collect();
    for number in 0..30 {
        let store_id = format!("large-{number:02}");
        world.open_store_named(&store_id, &store_id, json!({"refund_reasons": reasons})).await;
    }
    let http = world.http();
    let (mut found, mut token) = (0, String::new());
    loop {
        let page = http.get(&format!("/v1/stores?page_size=1000&page_token={token}")).await.ok();
        found += page["stores"].as_array().unwrap().len();
        page["next_page_token"].as_str().unwrap().clone_into(&mut token);
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(found, 30);
}
