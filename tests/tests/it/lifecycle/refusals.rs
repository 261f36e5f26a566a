use super::act;
use crate::{
    on_both,
    world::{World, order, order_path},
};
use serde_json::{Value, json};

on_both!(
    every_refusal_has_its_reason_and_stores_nothing,
    an_order_is_refunded_in_every_state_but_received,
    every_figure_is_explained,
);

async fn every_refusal_has_its_reason_and_stores_nothing(world: World) {
    world.open_store(json!({})).await;
    world.ready(&order("O-1")).await;
    let mut authorised = order("O-2");
    authorised["tenders"][0]["state"] = "TENDER_STATE_AUTHORIZED".into();
    world.ready(&authorised).await;
    let mut unpaid = order("O-3");
    unpaid["tenders"][0]["state"] = "TENDER_STATE_PENDING".into();
    world.place(&unpaid).await;
    let receipts = "SELECT count(*) FROM receipts WHERE method = 'CreateRefund'";
    for (order_id, asked, status, reason) in refusals() {
        let answer = world.refund(order_id, &asked).await;
        answer.refused(status, reason);
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        assert!(message.starts_with(&format!("{reason}: ")), "{message}");
        if reason == "AMOUNT_EXCEEDS_REFUNDABLE" {
            assert!(!answer.metadata("asked").is_empty() && !answer.metadata("left").is_empty());
        }
    }
    assert_eq!(world.database.count(receipts), 0);
    assert_eq!(world.database.count("SELECT count(*) FROM refunds"), 0);

    let agent = world.http().token(&world.token("ROLE_AGENT").await);
    let mut on_platform = json!({
        "request_id": "r-1", "shipping_amount": "1.00",
        "charged_to": [{"type": "COMPONENT_TYPE_SHIPPING", "charged_to": "CHARGED_TO_PLATFORM"}],
    });
    let path = format!("{}/refunds", order_path("O-1"));
    agent.post(&path, &on_platform).await.refused(403, "NOT_PERMITTED");
    on_platform["charged_to"][0]["platform_amount"] = "0.40".into();
    let split = world.http().post(&path, &on_platform).await.ok();
    let bearers: Vec<_> = split["components"].as_array().unwrap().iter().collect();
    assert_eq!(bearers.len(), 2, "{split}");
    world.until_over(&split).await;

    let full = world.refund("O-1", &json!({"full_refund": true})).await.ok();
    assert!(full["hint"].as_str().unwrap().contains("cancel"), "{full}");
    for asked in [json!({"full_refund": true}), json!({"service_gesture_amount": "1.00"})] {
        world.refund("O-1", &asked).await.refused(400, "ORDER_FULLY_REFUNDED");
    }
}

#[rustfmt::skip]
fn refusals() -> Vec<(&'static str, Value, u16, &'static str)> {
    let line = |fields: Value| {
        let mut line = json!({"cart_item_id": "L1"});
        line.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        json!({"products": [line]})
    };
    let one = json!({"cart_item_id": "L1", "refund_quantity": 1});
    let exceeds = "AMOUNT_EXCEEDS_REFUNDABLE";
    vec![
        ("O-9", json!({"full_refund": true}), 404, "ORDER_NOT_FOUND"),
        ("O-3", json!({"full_refund": true}), 400, "ORDER_NOT_READY"),
        ("O-2", json!({"shipping_amount": "1.00"}), 400, exceeds),
        ("O-1", json!({"shipping_amount": "10.01"}), 400, exceeds),
        ("O-1", json!({"duties_amount": "5.01"}), 400, exceeds),
        ("O-1", json!({"total_refund_amount": "115.01"}), 400, exceeds),
        ("O-1", json!({"full_refund": true, "service_gesture_amount": "0.01"}), 400, exceeds),
        ("O-1", line(json!({"refund_quantity": 1, "refund_amount": "60.01"})), 400, exceeds),
        ("O-1", line(json!({"refund_quantity": 4})), 400, "INVALID_QUANTITY"),
        ("O-1", line(json!({"refund_quantity": 0})), 400, "INVALID_QUANTITY"),
        ("O-1", line(json!({"refund_amount": "1.00"})), 400, "INVALID_QUANTITY"),
        ("O-1", json!({}), 400, "EMPTY_REFUND"),
        ("O-1", json!({"total_refund_amount": "0.00"}), 400, "EMPTY_REFUND"),
        ("O-1", json!({"original_total_refund_amount": "1.00"}), 400, "EMPTY_REFUND"),
        ("O-1", line(json!({"refund_quantity": 1, "refund_amount": "0"})), 400, "EMPTY_REFUND"),
        ("O-1", json!({"full_refund": true, "products": [one]}), 400, "FULL_REFUND_WITH_PRODUCTS"),
        ("O-1", json!({"products": [one], "products_duties_refund": true, "duties_amount": "1.00"}), 400, "INCOMPATIBLE_FIELDS"),
        ("O-1", json!({"products": [one], "products_duties_refund": true, "total_refund_amount": "1.00"}), 400, "INCOMPATIBLE_FIELDS"),
        ("O-1", json!({"shipping_amount": "0.001"}), 400, "INVALID_AMOUNT"),
        ("O-1", line(json!({"refund_quantity": 1, "refund_amount_percent": "101"})), 400, "INVALID_AMOUNT"),
        ("O-1", json!({"products": [one], "total_refund_amount": "20.01"}), 400, "AMOUNT_MISMATCH"),
        ("O-1", json!({"shipping_refund": true, "shipping_amount": "9.99"}), 400, "AMOUNT_MISMATCH"),
        ("O-1", json!({"products": [{"cart_item_id": "L9", "refund_quantity": 1}]}), 400, "UNKNOWN_LINE"),
        ("O-1", json!({"products": [{"product_code": "SKU-9", "refund_quantity": 1}]}), 400, "UNKNOWN_LINE"),
        ("O-1", json!({"products": [one, one]}), 400, "DUPLICATE_LINE"),
        ("O-1", json!({"shipping_refund": true, "customer_prepaid_refund_amount": "1.00"}), 400, "NOT_ENABLED"),
    ]
}

async fn an_order_is_refunded_in_every_state_but_received(world: World) {
    world.open_store(json!({"prepaid_returns": true})).await;
    let mut unpaid = order("O-1");
    unpaid["tenders"][0]["state"] = "TENDER_STATE_PENDING".into();
    world.place(&unpaid).await;
    let asked = json!({"products": [{"cart_item_id": "L1", "refund_quantity": 1}]});
    world.refund("O-1", &asked).await.refused(400, "ORDER_NOT_READY");
    let captured = json!({"tender_id": "t1", "state": "TENDER_STATE_CAPTURED"});
    act(&world, "O-1", "recordPayment", &captured).await.ok();
    let ids = json!({"external_order_id": "E-1", "external_order_number": "#1"});
    for (verb, body, state) in [
        (None, &asked, "ORDER_STATE_READY"),
        (Some("accept"), &ids, "ORDER_STATE_ACCEPTED"),
        (Some("complete"), &Value::Null, "ORDER_STATE_COMPLETED"),
    ] {
        match verb {
            None => drop(world.until_ready("O-1").await),
            Some(verb) => {
                let body = if body.is_null() { json!({}) } else { body.clone() };
                act(&world, "O-1", verb, &body).await.ok();
            }
        }
        let refund = world.refund("O-1", &asked).await.ok();
        assert_eq!(refund["total"], json!({"customer": "20.00", "merchant": "18.50"}));
        assert_eq!(refund["state"], "REFUND_STATE_PENDING");
        world.until_over(&refund).await;
        let now = world.http().get(&order_path("O-1")).await.ok();
        assert_eq!(now["state"], state, "a refund does not change the state");
    }
    let now = world.http().get(&order_path("O-1")).await.ok();
    assert_eq!(now["refunded"], json!({"customer": "60.00", "merchant": "55.50"}));
    assert_eq!(now["tenders"][0]["refunded"], "60.00");
    assert_eq!(now["lines"][0]["refunded_quantity"], 3);
    let fee = json!({"shipping_amount": "1.00", "customer_prepaid_refund_amount": "1.01"});
    world.refund("O-1", &fee).await.refused(400, "NEGATIVE_REFUND");
    // Exactly 0 is allowed, moves no money and is over at once.
    let even = json!({"shipping_amount": "1.00", "customer_prepaid_refund_amount": "1.00"});
    let even = world.refund("O-1", &even).await.ok();
    assert_eq!(even["state"], "REFUND_STATE_SUCCEEDED");
    assert_eq!((&even["total"]["customer"], &even["legs"]), (&json!("0.00"), &json!([])));
}

async fn every_figure_is_explained(world: World) {
    world.open_store(json!({})).await;
    world.ready(&order("O-1")).await;
    let asked = json!({
        "products": [{"cart_item_id": "L1", "refund_quantity": 2}], "products_duties_refund": true,
    });
    let refund = world.refund("O-1", &asked).await.ok();
    let path = format!("{}:explain", crate::world::refund_path(&refund));
    let explained = world.http().get(&path).await.ok();
    let explained = explained["explanations"].as_array().unwrap();
    let of = |subject: &str, currency: &str| {
        let found =
            explained.iter().find(|it| it["subject"] == subject && it["currency"] == currency);
        found.unwrap_or_else(|| panic!("{subject} in {explained:?}"))["amount"].clone()
    };
    assert_eq!(of("line L1", "USD"), refund["products"][0]["amount"]["customer"]);
    assert_eq!(of("line L1", "EUR"), refund["products"][0]["amount"]["merchant"]);
    assert_eq!(of("component Duties", "USD"), refund["components"][1]["amount"]["customer"]);
    assert_eq!(of("leg t1", "USD"), refund["legs"][0]["amount"]);
    for explanation in explained {
        for member in ["rule", "before", "after", "rounding", "text"] {
            assert!(!explanation[member].as_str().unwrap().is_empty(), "{explanation}");
        }
    }
}
