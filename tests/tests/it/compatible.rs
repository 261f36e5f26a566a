//! What callers of the compatible endpoint are told who are not answered with a refund.

use crate::{
    on_both,
    world::{GUID, STORE, World, order, order_path},
};
use serde_json::json;

on_both!(
    refusals_have_the_codes_of_the_reference_document,
    only_the_stores_own_token_and_guid_are_let_in,
);

const PATH: &str = "/Order/CreateOrderRefund";

async fn refusals_have_the_codes_of_the_reference_document(world: World) {
    world.open_store(json!({"error_info": true})).await;
    world.ready(&order("O-1")).await;
    for (refund, products, status, code) in [
        (
            json!({"FullRefund": true}),
            json!([{"CartItemId": "L1"}]),
            400,
            "FULL_REFUND_WITH_PRODUCTS",
        ),
        (json!({"ShippingAmount": "10.01"}), json!([]), 400, "1002"),
        (json!({}), json!([{"CartItemId": "L1", "RefundQuantity": 4}]), 400, "1003"),
        (json!({}), json!([]), 400, "1004"),
        (json!({"OrderId": "O-2", "FullRefund": true}), json!([]), 404, "ORDER_NOT_FOUND"),
        (json!({"DutiesAmount": "1.001"}), json!([]), 400, "INVALID_AMOUNT"),
        (json!({"DutiesAmount": "-1"}), json!([]), 400, "INVALID_AMOUNT"),
        (json!({"DutiesAmount": "1e1"}), json!([]), 400, "INVALID_AMOUNT"),
        (json!({}), json!([{"CartItemId": "L9", "RefundQuantity": 1}]), 400, "UNKNOWN_LINE"),
        (json!({"CustomerPrepaidRefundAmount": "1"}), json!([]), 400, "NOT_ENABLED"),
    ] {
        let mut refund = refund;
        if refund["OrderId"].is_null() {
            refund["OrderId"] = "O-1".into();
        }
        let body = json!({"orderRefund": refund, "refundProductsList": products});
        let answer = world.http().post(&format!("{PATH}?merchantGUID={GUID}"), &body).await;
        assert_eq!(answer.status, status, "{} for {body}", answer.text());
        let info = answer.json();
        assert_eq!((&info["Code"], &info["Success"]), (&json!(code), &json!(false)), "{info}");
        assert!(info["Error"].as_str().is_some_and(|text| !text.is_empty()), "{info}");
    }
    let body = json!({"orderRefund": {"OrderId": "O-1", "FullRefund": true}});
    let path = format!("{PATH}?merchantGUID={GUID}");
    assert_eq!(world.http().post(&path, &body).await.ok()["Success"], true);
    assert_eq!(world.http().post(&path, &body).await.json()["Code"], "1001");
}

async fn only_the_stores_own_token_and_guid_are_let_in(world: World) {
    world.open_store(json!({})).await;
    world.open_store_named("other", "other-guid", json!({})).await;
    world.ready(&order("O-1")).await;
    let own = world.http().token(&world.token("ROLE_AGENT").await);
    let viewer = world.http().token(&world.token("ROLE_VIEWER").await);
    let body = json!({"orderRefund": {"OrderId": "O-1", "ShippingAmount": "1.00"}});
    let with = |guid: &str| format!("{PATH}?merchantGUID={guid}");
    let mut refusals = Vec::new();
    for (http, path) in [
        (&own, with("other-guid")),
        (&own, with("nobody")),
        (&own, PATH.to_owned()),
        (&world.http(), with("nobody")),
        (&world.http().anonymous(), with(GUID)),
        (&world.http().token("forged-forged-forged"), with(GUID)),
    ] {
        let answer = http.post(&path, &body).await;
        assert_eq!(answer.status, 401, "{path}: {}", answer.text());
        refusals.push(answer.text());
    }
    // A store's own caller was recorded as denied, by whatever GUID it tried.
    let denied = "a caller named a store that is not its own";
    assert!(world.process().log().contains(denied));
    // Nobody learns which GUIDs there are.
    refusals.dedup();
    assert_eq!(refusals.len(), 1, "{refusals:?}");
    assert_eq!(viewer.post(&with(GUID), &body).await.status, 403);
    for http in [&own, &world.http()] {
        assert_eq!(http.post(&with(GUID), &body).await.ok()["Success"], true);
    }
    assert_eq!(world.database.count("SELECT count(*) FROM refunds"), 2);
    let refunds = format!("{}/refunds", order_path("O-1"));
    assert_eq!(world.http().get(&refunds).await.ok()["refunds"].as_array().unwrap().len(), 2);
    assert_eq!(world.http().get(&format!("/v1/stores/{STORE}")).await.status, 200);
}
