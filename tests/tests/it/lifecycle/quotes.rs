use super::act;
use crate::{
    on_both,
    world::{STORE, World, order, order_path, tender, unique},
};
use http::Method;
use serde_json::{Value, json};

on_both!(a_quote_is_what_its_refund_comes_to, a_stale_quote_is_refused,);

async fn quote(world: &World, order_id: &str, asked: &Value) -> Value {
    world.http().post(&format!("{}/refunds:quote", order_path(order_id)), asked).await.ok()
}

async fn commit(world: &World, order_id: &str, quote: &Value) -> crate::world::Answer {
    let body = json!({"request_id": unique("quoted"), "quote_id": quote["quote_id"]});
    world.http().post(&format!("{}/refunds", order_path(order_id)), &body).await
}

/// What only a refund has that was made.
fn promised(refund: &Value) -> Value {
    let mut refund = refund.clone();
    for made in ["refund_id", "refund_number", "create_time", "order_version"] {
        refund.as_object_mut().unwrap().remove(made);
    }
    for leg in refund["legs"].as_array_mut().unwrap() {
        leg.as_object_mut().unwrap().remove("leg_id");
    }
    refund
}

async fn a_quote_is_what_its_refund_comes_to(world: World) {
    world.open_store(json!({"appeasements": true, "prepaid_returns": true})).await;
    world.ready(&order("O-1")).await;
    for asked in [
        json!({
            "products": [{"cart_item_id": "L1", "refund_quantity": 1}],
            "products_duties_refund": true, "shipping_amount": "3.33",
            "customer_prepaid_refund_amount": "1.50", "refund_reason": {"code": "8"},
            "refund_comments": "c",
        }),
        json!({
            "products": [{"product_code": "SKU-1", "refund_amount_percent": "12.5"}],
            "service_gesture_amount": "0.77",
        }),
        json!({"total_refund_amount": "7.77"}),
        json!({"full_refund": true}),
    ] {
        let before = world.http().get(&order_path("O-1")).await.ok();
        let quoted = quote(&world, "O-1", &asked).await;
        assert_eq!(quoted["order_version"], before["version"]);
        assert_eq!(quoted["hash"].as_str().unwrap().len(), 64);
        assert_eq!(world.http().get(&order_path("O-1")).await.ok(), before, "a quote is no change");
        let made = commit(&world, "O-1", &quoted).await.ok();
        assert_eq!(promised(&made), promised(&quoted["plan"]), "{asked}");
        let mut left = world.refundable("O-1").await;
        left["version"] = quoted["left"]["version"].clone();
        assert_eq!(left, quoted["left"], "{asked}");
        // The same again is not there any more.
        commit(&world, "O-1", &quoted).await.refused(409, "QUOTE_STALE");
        world.until_over(&made).await;
    }
    assert_eq!(world.refundable("O-1").await["total"]["customer"], "0.00");
}

async fn a_stale_quote_is_refused(world: World) {
    world.open_store(json!({})).await;
    let mut mixed = order("O-1");
    mixed["tenders"] = json!([tender("t1", "pay-1", "55.00"), tender("t2", "GC-1", "60.00")]);
    mixed["tenders"][1]["method"] = "TENDER_METHOD_GIFT_CARD".into();
    mixed["tenders"][1]["provider"] = "ledger".into();
    world.ready(&mixed).await;
    world.ready(&order("O-2")).await;
    let asked = json!({"products": [{"cart_item_id": "L1", "refund_quantity": 1}]});
    let quoted = quote(&world, "O-1", &asked).await;
    let with_more = json!({
        "request_id": unique("more"), "quote_id": quoted["quote_id"], "shipping_refund": true,
    });
    let path = format!("{}/refunds", order_path("O-1"));
    world.http().post(&path, &with_more).await.refused(400, "INVALID_FIELDS").names("quote_id");
    commit(&world, "O-2", &quoted).await.refused(404, "QUOTE_NOT_FOUND");
    let unknown = json!({"quote_id": "qt_00000000000000000000000000000000"});
    commit(&world, "O-1", &unknown).await.refused(404, "QUOTE_NOT_FOUND");

    // Another refund, and other settings of the store, change what it promised.
    let other = world.refund("O-1", &json!({"shipping_amount": "1.00"})).await.ok();
    commit(&world, "O-1", &quoted).await.refused(409, "QUOTE_STALE");
    world.until_over(&other).await;
    let quoted = quote(&world, "O-1", &asked).await;
    let settings = json!({"tender_order": "TENDER_ORDER_CASH_FIRST"});
    let body = json!({"request_id": unique("patch"), "settings": settings});
    world.http().send(Method::PATCH, &format!("/v1/stores/{STORE}"), body.to_string()).await.ok();
    commit(&world, "O-1", &quoted).await.refused(409, "QUOTE_STALE");

    // An order that moves on is still refunded as quoted, or the quote is stale: never otherwise.
    let quoted = quote(&world, "O-1", &asked).await;
    let ids = json!({"external_order_id": "E-1", "external_order_number": "#1"});
    act(&world, "O-1", "accept", &ids).await.ok();
    let answer = commit(&world, "O-1", &quoted).await;
    if answer.status == 200 {
        assert_eq!(answer.json()["total"], quoted["plan"]["total"]);
    } else {
        answer.refused(409, "QUOTE_STALE");
    }
}
