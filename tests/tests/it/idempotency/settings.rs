//! A replay is answered as the first call was, whatever has changed since: settings, the time.

use super::{count, prepared};
use crate::{
    on_both,
    world::{GUID, STORE, World, eventually, order, unique},
};
use http::Method;
use serde_json::{Value, json};
use std::time::Duration;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

on_both!(
    an_order_in_the_stores_currency_is_replayed_in_another,
    an_approval_limit_is_replayed_in_another_currency,
    a_token_that_has_expired_is_replayed,
    a_compatible_refund_is_replayed_under_other_settings,
);

async fn update(world: &World, body: &Value) -> Value {
    let mut body = body.clone();
    if body["request_id"].is_null() {
        body["request_id"] = unique("update").into();
    }
    world.http().send(Method::PATCH, &format!("/v1/stores/{STORE}"), body.to_string()).await.ok()
}

async fn an_order_in_the_stores_currency_is_replayed_in_another(world: World) {
    world.open_store(json!({})).await;
    let mut order = order("O-1");
    order.as_object_mut().unwrap().remove("merchant_currency");
    let path = format!("/v1/stores/{STORE}/orders");
    let body = json!({"request_id": "o-1", "order": order});
    let http = world.http();
    let first = http.post(&path, &body).await;
    assert_eq!(first.ok()["merchant_currency"], "EUR");
    update(&world, &json!({"currency": "JPY"})).await;
    let mut other = body.clone();
    other["request_id"] = "o-2".into();
    // Until the new currency is in force, the order is taken for the first one again.
    eventually("the new currency", || async {
        let answer = http.post(&path, &other).await;
        (answer.status == 400).then_some(())
    })
    .await;
    assert_eq!(http.post(&path, &body).await.bytes, first.bytes);
    assert_eq!(count(&world, "orders"), 1);
    other["request_id"] = "o-1".into();
    other["order"]["customer_note"] = "another".into();
    assert_eq!(http.post(&path, &other).await.status, 400);
}

async fn an_approval_limit_is_replayed_in_another_currency(world: World) {
    world.open_store(json!({})).await;
    let limit = json!({"request_id": "u-1", "settings": {"approval_limit": "1.50"}});
    let first = update(&world, &limit).await;
    update(&world, &json!({"currency": "JPY", "settings": {"approval_limit": "150"}})).await;
    assert_eq!(update(&world, &limit).await, first);
    let now = world.http().get(&format!("/v1/stores/{STORE}")).await.ok();
    assert_eq!(now["settings"]["approval_limit"], "150");
}

async fn a_token_that_has_expired_is_replayed(world: World) {
    world.open_store(json!({})).await;
    let received = world.place(&order("O-1")).await;
    let tokens = format!("/v1/stores/{STORE}/tokens");
    // By the clock of the process, which the order shows.
    let now = OffsetDateTime::parse(received["create_time"].as_str().unwrap(), &Rfc3339).unwrap();
    let soon = (now + Duration::from_secs(3)).format(&Rfc3339).unwrap();
    let body = json!({
        "request_id": "t-1", "name": "t", "role": "ROLE_VIEWER", "expire_time": soon,
    });
    let http = world.http();
    let mut first = http.post(&tokens, &body).await.ok();
    let theirs = http.token(first["secret"].as_str().unwrap());
    eventually("the token to expire", || async {
        (theirs.get(&tokens).await.status == 401).then_some(())
    })
    .await;
    first["secret"] = "".into();
    assert_eq!(http.post(&tokens, &body).await.ok(), first);
    let mut other = body.clone();
    other["request_id"] = "t-2".into();
    http.post(&tokens, &other).await.refused(400, "INVALID_FIELDS").names("expire_time");
}

async fn a_compatible_refund_is_replayed_under_other_settings(world: World) {
    prepared(&world).await;
    let reasons = |name: &str| json!({"refund_reasons": [{"code": "8", "name": name}]});
    update(&world, &json!({"settings": reasons("Damaged"), "web_store_code": "W-1"})).await;
    let reason = json!({"OrderRefundReasonCode": 8});
    let body = json!({
        "orderRefund": {"OrderId": "O-1", "externalReference": "CN-1", "RefundReason": reason},
        "refundProductsList": [{"CartItemId": "L1", "RefundQuantity": 1, "RefundReason": reason}],
    });
    let path = |guid: &str| format!("/Order/CreateOrderRefund?merchantGUID={guid}");
    let http = world.http().with("idempotency-key", "key-1");
    // Until the settings are in force everywhere, a refund could still be made with the old ones.
    eventually("the settings", || async {
        let tried = json!({"orderRefund": {
            "OrderId": "O-1", "ShippingAmount": "0.01", "RefundReason": reason,
        }});
        let refund = world.http().post(&path(GUID), &tried).await.ok();
        (refund["NotifyOrderRefund"]["RefundReason"]["Name"] == "Damaged").then_some(())
    })
    .await;
    let first = http.post(&path(GUID), &body).await;
    let shown = &first.ok()["NotifyOrderRefund"];
    assert_eq!(
        (&shown["RefundReason"]["Name"], &shown["WebStoreCode"]),
        (&json!("Damaged"), &json!("W-1"))
    );
    assert_eq!(shown["Products"][0]["RefundReason"]["Name"], "Damaged");

    let other = json!({
        "settings": reasons("Broken"), "web_store_code": "W-2", "merchant_guid": "another-guid",
    });
    update(&world, &other).await;
    assert_eq!(http.post(&path("another-guid"), &body).await.bytes, first.bytes);
    let by_reference = world.http().post(&path("another-guid"), &body).await;
    assert_eq!(by_reference.bytes, first.bytes);
}
