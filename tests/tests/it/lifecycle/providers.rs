//! What providers do to the legs of refunds.

use crate::{
    on_both,
    world::{World, order, order_path, refund_path, unique},
};
use futures_util::future::join_all;
use serde_json::json;

on_both!(
    a_leg_comes_to_its_end_however_its_provider_behaves,
    a_declined_refund_frees_its_amounts_and_may_be_retried,
    whoever_waits_is_told_that_it_settled,
);

/// How a payment behaves, what becomes of its refund, and how often the leg was sent, if that is
/// certain.
const BEHAVIOURS: [(&str, &str, Option<i64>); 9] = [
    ("plain", "SUCCEEDED", Some(1)),
    ("sandbox-decline", "FAILED", Some(1)),
    ("sandbox-decline-retryable", "FAILED", Some(4)),
    ("sandbox-flaky-2", "SUCCEEDED", Some(3)),
    ("sandbox-delay-300", "SUCCEEDED", Some(1)),
    ("sandbox-settle-later-200", "SUCCEEDED", Some(1)),
    ("sandbox-refuse-later-200", "FAILED", Some(1)),
    ("sandbox-lose-answer", "SUCCEEDED", Some(1)),
    ("sandbox-never-received", "SUCCEEDED", Some(2)),
];

async fn a_leg_comes_to_its_end_however_its_provider_behaves(world: World) {
    world.open_store(json!({})).await;
    let run = BEHAVIOURS.iter().enumerate().map(|(number, (reference, state, attempts))| {
        let world = &world;
        async move {
            let order_id = format!("O-{number}");
            let mut behaving = order(&order_id);
            behaving["tenders"][0]["provider_reference"] = (*reference).into();
            world.ready(&behaving).await;
            let refund = world.refund(&order_id, &json!({"shipping_amount": "1.00"})).await.ok();
            let over = world.until_over(&refund).await;
            assert_eq!(over["state"], format!("REFUND_STATE_{state}"), "{reference}: {over}");
            let leg = &over["legs"][0];
            if let Some(attempts) = attempts {
                assert_eq!(leg["attempts"], *attempts, "{reference}: {over}");
            }
            let succeeded = *state == "SUCCEEDED";
            assert_eq!(leg["failure"] == "", succeeded, "{reference}: {over}");
            let left = world.refundable(&order_id).await;
            let expected = if succeeded { "9.00" } else { "10.00" };
            assert_eq!(left["shipping"]["customer"], expected, "{reference}");
            let order = world.http().get(&order_path(&order_id)).await.ok();
            let expected = if succeeded { "1.00" } else { "0.00" };
            assert_eq!(order["refunded"]["customer"], expected, "{reference}");
            assert_eq!(order["tenders"][0]["refunded"], expected, "{reference}");
        }
    });
    join_all(run).await;
    let settled = BEHAVIOURS.iter().filter(|(_, state, _)| *state == "SUCCEEDED").count();
    let sql = "SELECT balance FROM ledger_accounts WHERE name = 'sandbox:returned' AND currency LIKE 'USD%'";
    assert_eq!(world.database.count(sql), i64::try_from(settled).unwrap() * 10_000);
}

async fn a_declined_refund_frees_its_amounts_and_may_be_retried(world: World) {
    world.open_store(json!({})).await;
    let mut declining = order("O-1");
    declining["tenders"][0]["provider_reference"] = "sandbox-decline".into();
    world.ready(&declining).await;
    world.ready(&order("O-2")).await;
    let asked = json!({
        "products": [{"cart_item_id": "L1", "refund_quantity": 3}], "external_reference": "CN-1",
    });
    let first = world.refund("O-1", &asked).await.ok();
    assert_eq!(world.until_over(&first).await["state"], "REFUND_STATE_FAILED");
    assert_eq!(world.refundable("O-1").await["total"]["customer"], "115.00");
    let retry = async |refund: &serde_json::Value| {
        let body = json!({"request_id": unique("retry")});
        world.http().post(&format!("{}:retry", refund_path(refund)), &body).await
    };
    let retried = retry(&first).await.ok();
    assert_eq!(retried["state"], "REFUND_STATE_PENDING");
    assert_eq!(retried["legs"][0]["leg_id"], first["legs"][0]["leg_id"]);
    assert_eq!(world.until_over(&first).await["state"], "REFUND_STATE_FAILED");
    // Somebody else takes the pieces, by a way that needs no provider.
    let by_hand = json!({
        "products": [{"cart_item_id": "L1", "refund_quantity": 1}],
        "refund_method": "REFUND_METHOD_BANK_DEPOSIT",
    });
    world.refund("O-1", &by_hand).await.ok();
    let refused = retry(&first).await;
    refused.refused(400, "AMOUNT_EXCEEDS_REFUNDABLE");
    assert_eq!((refused.metadata("asked"), refused.metadata("left")), ("3".into(), "2".into()));
    let fine = world.refund("O-2", &json!({"shipping_amount": "1.00"})).await.ok();
    world.until_over(&fine).await;
    retry(&fine).await.refused(400, "REFUND_STATE_FORBIDS");
}

async fn whoever_waits_is_told_that_it_settled(world: World) {
    world.open_store(json!({})).await;
    world.ready(&order("O-1")).await;
    let asked = json!({"shipping_amount": "1.00", "wait": "WAIT_SETTLED"});
    let refund = world.refund("O-1", &asked).await.ok();
    assert_eq!(refund["state"], "REFUND_STATE_SUCCEEDED");
    assert_eq!(refund["legs"][0]["state"], "LEG_STATE_SETTLED");
    assert!(!refund["legs"][0]["provider_reference"].as_str().unwrap().is_empty());
    let mut declining = order("O-2");
    declining["tenders"][0]["provider_reference"] = "sandbox-decline".into();
    world.ready(&declining).await;
    let refund = world.refund("O-2", &asked).await.ok();
    assert_eq!(refund["state"], "REFUND_STATE_FAILED");
    assert!(refund["legs"][0]["failure"].as_str().unwrap().starts_with("DECLINED"), "{refund}");
}
