//! What may not be, with its figures; and who may not.

use super::{cancel, get, path, pieces, request, sold_out, takes_requests, verb};
use crate::{
    on_both,
    world::{GUID, World, order, order_path, unique},
};
use serde_json::{Value, json};

on_both!(
    nothing_that_was_shipped_is_cancelled,
    the_reasons_of_others_are_not_given,
    a_payment_that_cannot_be_split_is_cancelled_as_a_whole,
    every_field_at_fault_is_named,
    each_role_does_what_it_may,
    each_store_says_which_reasons_it_takes,
    another_stores_cancellations_are_not_there,
);

fn line(id: &str, quantity: i32) -> Value {
    json!([{"cart_item_id": id, "quantity": quantity}])
}

fn of(lines: Value) -> Value {
    let mut body = sold_out();
    body["lines"] = lines;
    body
}

async fn nothing_that_was_shipped_is_cancelled(world: World) {
    world.open_store(takes_requests()).await;
    world.ready(&order("O-1")).await;
    let http = world.http();
    let ship = json!({"request_id": unique("ship"), "lines": line("L1", 2)});
    http.post(&format!("{}:ship", order_path("O-1")), &ship).await.ok();
    let refused = cancel(&http, "O-1", sold_out()).await;
    refused.refused(400, "ORDER_SHIPPED");
    assert!(refused.text().contains("use a refund or a return"), "{}", refused.text());
    assert_eq!((refused.metadata("shipped"), refused.metadata("left")), ("2".into(), "1".into()));
    cancel(&http, "O-1", of(line("L1", 2))).await.refused(400, "ORDER_SHIPPED");
    let ask = json!({"reason": "CANCELLATION_REASON_CHANGED_MIND", "lines": line("L1", 3)});
    request(&http, "O-1", ask).await.refused(400, "ORDER_SHIPPED");
    // What is open may go, and what is held may not be shipped.
    let ask = json!({"reason": "CANCELLATION_REASON_CHANGED_MIND", "lines": line("L1", 1)});
    request(&http, "O-1", ask).await.ok();
    let ship = json!({"request_id": unique("ship"), "lines": line("L1", 1)});
    let refused = http.post(&format!("{}:ship", order_path("O-1")), &ship).await;
    refused.refused(400, "QUANTITY_NOT_AVAILABLE");
    assert_eq!(pieces(&get(&world, "O-1").await, 0), (1, 0, 0));
}

async fn the_reasons_of_others_are_not_given(world: World) {
    world.open_store(takes_requests()).await;
    world.ready(&order("O-1")).await;
    let http = world.http();
    let because = |reason: &str| json!({"reason": format!("CANCELLATION_REASON_{reason}")});
    for reason in
        ["PAYMENT_FAILED", "FRAUD_DETECTED", "PROHIBITED_GOODS", "DENIED_PARTY", "HANDOVER_FAILED"]
    {
        cancel(&http, "O-1", because(reason)).await.refused(400, "ORDER_PROTECTED");
        request(&http, "O-1", because(reason)).await.refused(400, "ORDER_PROTECTED");
    }
    let mut platform = sold_out();
    platform["requested_by"] = "REQUESTED_BY_PLATFORM".into();
    cancel(&http, "O-1", platform).await.refused(400, "ORDER_PROTECTED");
    for reason in ["OUT_OF_STOCK", "DEFECTIVE", "PRICE_ERROR"] {
        request(&http, "O-1", because(reason)).await.refused(400, "REASON_NOT_ALLOWED");
    }
    let other = request(&http, "O-1", because("OTHER")).await;
    other.refused(400, "INVALID_FIELDS").names("comment");
    world.open_store_named("quiet", "guid-quiet", json!({})).await;
    let at = "/v1/stores/quiet/orders";
    let body = json!({"request_id": unique("order"), "order": order("O-1")});
    http.post(at, &body).await.ok();
    let mut ask = because("CHANGED_MIND");
    ask["request_id"] = unique("ask").into();
    let refused = http.post(&format!("{at}/O-1/cancellations"), &ask).await;
    refused.refused(400, "NOT_ENABLED");
}

async fn a_payment_that_cannot_be_split_is_cancelled_as_a_whole(world: World) {
    world.open_store(json!({})).await;
    let mut bill = order("O-1");
    bill["tenders"][0]["method"] = "TENDER_METHOD_MOBILE".into();
    world.ready(&bill).await;
    let refused = cancel(&world.http(), "O-1", of(line("L1", 1))).await;
    refused.refused(400, "PARTIAL_NOT_SUPPORTED");
    cancel(&world.http(), "O-1", sold_out()).await.ok();
    // The order is gone, and says so to whoever comes now.
    let refused = cancel(&world.http(), "O-1", sold_out()).await;
    refused.refused(400, "ORDER_CANCELLED");
    assert_eq!(refused.metadata("state"), "CANCELLED");
    world.refund("O-1", &json!({"full_refund": true})).await.refused(400, "ORDER_FULLY_REFUNDED");
}

async fn every_field_at_fault_is_named(world: World) {
    world.open_store(json!({})).await;
    world.ready(&order("O-1")).await;
    let http = world.http();
    let body = json!({
        "lines": [{"cart_item_id": "", "quantity": 0}, {"cart_item_id": "L1", "quantity": -1}],
        "comment": "x".repeat(2_001),
        "refund_method": "REFUND_METHOD_GIFT_CARD",
        "fee": "1e1",
        "shipping_amount": "NaN",
        "channel": "CHANNEL_SYSTEM",
    });
    let refused = http.post(&format!("{}:cancel", order_path("O-1")), &body).await;
    refused.refused(400, "INVALID_FIELDS");
    let mut fields = refused.fields();
    fields.sort();
    assert_eq!(
        fields,
        [
            "channel",
            "comment",
            "fee",
            "lines[0].cart_item_id",
            "lines[0].quantity",
            "lines[1].quantity",
            "reason",
            "refund_method",
            "request_id",
            "shipping_amount",
        ]
    );
    let fees =
        [("0.001", "INVALID_AMOUNT"), ("-1", "INVALID_AMOUNT"), ("115.01", "NEGATIVE_REFUND")];
    for (fee, reason) in fees {
        let mut body = sold_out();
        body["fee"] = fee.into();
        cancel(&http, "O-1", body).await.refused(400, reason);
    }
    cancel(&http, "O-1", of(line("L9", 1))).await.refused(400, "UNKNOWN_LINE");
    assert_eq!(world.database.count("SELECT count(*) FROM cancellations"), 0);
    let nothing = json!({"cancellation_id": "nonsense", "order_id": "O-1"});
    verb(&http, &nothing, "accept", sold_out()).await.refused(404, "CANCELLATION_NOT_FOUND");
    let made = cancel(&http, "O-1", sold_out()).await.ok();
    let both = json!({"comment": "x", "evidence": {
        "repaid": {"payment_reference": "w", "amount": "1"}, "recaptured": true,
    }});
    let refused = verb(&http, &made, "undo", both).await;
    refused.refused(400, "INVALID_FIELDS").names("evidence");
}

async fn each_role_does_what_it_may(world: World) {
    world.open_store(takes_requests()).await;
    world.ready(&order("O-1")).await;
    let as_role = async |role: &str| world.http().token(&world.token(role).await);
    let viewer = as_role("ROLE_VIEWER").await;
    let storefront = as_role("ROLE_STOREFRONT").await;
    let agent = as_role("ROLE_AGENT").await;
    let manager = as_role("ROLE_MANAGER").await;
    let reason = || json!({"reason": "CANCELLATION_REASON_CHANGED_MIND"});
    request(&viewer, "O-1", reason()).await.refused(403, "ROLE_FORBIDS");
    let asked = request(&storefront, "O-1", reason()).await.ok();
    storefront.get(&path(&asked)).await.refused(403, "ROLE_FORBIDS");
    verb(&storefront, &asked, "accept", reason()).await.refused(403, "ROLE_FORBIDS");
    cancel(&storefront, "O-1", sold_out()).await.refused(403, "ROLE_FORBIDS");
    viewer.get(&path(&asked)).await.ok();
    verb(&storefront, &asked, "withdraw", json!({})).await.ok();
    cancel(&agent, "O-1", sold_out()).await.refused(403, "ROLE_FORBIDS");
    let made = cancel(&manager, "O-1", sold_out()).await.ok();
    let undo = || json!({"comment": "after all"});
    verb(&agent, &made, "undo", undo()).await.refused(403, "ROLE_FORBIDS");
    assert_ne!(verb(&manager, &made, "undo", undo()).await.status, 403);
}

async fn each_store_says_which_reasons_it_takes(world: World) {
    let taking = |reasons: Value| json!({"customer_requests": {"enabled": true, "window_days": 14, "reasons": reasons}});
    world.open_store(taking(json!(["CANCELLATION_REASON_SHIPPING_DELAY"]))).await;
    world.ready(&order("O-1")).await;
    let because = |reason: &str| json!({"reason": format!("CANCELLATION_REASON_{reason}")});
    let refused = request(&world.http(), "O-1", because("CHANGED_MIND")).await;
    refused.refused(400, "REASON_NOT_ALLOWED");
    assert_eq!(refused.metadata("allowed"), "SHIPPING_DELAY");
    request(&world.http(), "O-1", because("SHIPPING_DELAY")).await.ok();
    let body = json!({
        "request_id": unique("store"), "store_id": "odd", "name": "n", "currency": "EUR",
        "settings": taking(json!(["CANCELLATION_REASON_OUT_OF_STOCK"])),
    });
    let refused = world.http().post("/v1/stores", &body).await;
    refused.refused(400, "INVALID_FIELDS");
    let fields = refused.fields();
    assert!(fields.iter().any(|it| it.contains("customer_requests.reasons")), "{fields:?}");
}

async fn another_stores_cancellations_are_not_there(world: World) {
    world.open_store(json!({})).await;
    world.ready(&order("O-1")).await;
    let made = cancel(&world.http(), "O-1", sold_out()).await.ok();
    world.open_store_named("other", &format!("{GUID}-2"), json!({})).await;
    let body = json!({"request_id": unique("token"), "name": "m", "role": "ROLE_MANAGER"});
    let token = world.http().post("/v1/stores/other/tokens", &body).await.ok();
    let stranger = world.http().token(token["secret"].as_str().unwrap());
    stranger.get(&path(&made)).await.refused(404, "STORE_NOT_FOUND");
    let at = path(&made).replace("/shop/", "/other/");
    stranger.get(&at).await.refused(404, "ORDER_NOT_FOUND");
    let all = stranger.get("/v1/stores/other/orders/-/cancellations").await.ok();
    assert_eq!(all["cancellations"], json!([]));
}
