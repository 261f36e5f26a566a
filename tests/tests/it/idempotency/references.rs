//! The same refund by another name than its request id: an external reference, a quote.

use super::{all_the_same, count, prepared, refunds};
use crate::{
    on_both,
    world::{GUID, World, order, order_path, unique},
};
use futures_util::future::join_all;
use serde_json::json;

on_both!(
    an_external_reference_with_the_same_content_is_the_same_refund,
    a_reference_and_an_id_are_free_after_a_refusal,
    a_quoted_refund_is_replayed_when_the_quote_is_long_stale,
);

async fn an_external_reference_with_the_same_content_is_the_same_refund(mut world: World) {
    prepared(&world).await;
    let with = |amount: &str| {
        let id = unique("ref");
        json!({"request_id": id, "shipping_amount": amount, "external_reference": "CN-1"})
    };
    let http = world.http();
    let path = refunds();
    let calls = (0..16).map(|_| {
        let (http, path, body) = (http.clone(), path.clone(), with("1.00"));
        async move { http.post(&path, &body).await }
    });
    let answers = join_all(calls).await;
    let refund = all_the_same(&answers);
    assert_eq!(refund["external_reference"], "CN-1");
    assert_eq!(count(&world, "refunds"), 1);
    http.post(&path, &with("2.00")).await.refused(409, "EXTERNAL_REFERENCE_TAKEN");
    world.ready(&order("O-2")).await;
    let elsewhere = format!("{}/refunds", order_path("O-2"));
    http.post(&elsewhere, &with("1.00")).await.refused(409, "EXTERNAL_REFERENCE_TAKEN");

    world.until_over(&refund).await;
    world.kill();
    world.start();
    let http = world.http();
    assert_eq!(http.post(&path, &with("1.00")).await.bytes, answers[0].bytes);
    assert_eq!(count(&world, "refunds"), 1);

    // The same at the compatible endpoint, where there are no request ids.
    let path = format!("/Order/CreateOrderRefund?merchantGUID={GUID}");
    let compatible = |amount: &str| {
        json!({"orderRefund": {
            "OrderId": "O-1", "ShippingAmount": amount, "externalReference": "CN-2",
        }})
    };
    let body = compatible("1.00");
    let answers = join_all((0..8).map(|_| http.post(&path, &body))).await;
    assert_eq!(all_the_same(&answers)["Success"], true);
    assert_eq!(count(&world, "refunds"), 2);
    let refused = http.post(&path, &compatible("2.00")).await.ok();
    let reason = refused["Reason"].as_str().unwrap();
    assert!(reason.starts_with("EXTERNAL_REFERENCE_TAKEN: "), "{reason}");
}

async fn a_reference_and_an_id_are_free_after_a_refusal(world: World) {
    prepared(&world).await;
    let with = |amount: &str| json!({"request_id": "r-1", "shipping_amount": amount, "external_reference": "CN-1"});
    let refused = world.http().post(&refunds(), &with("10.01")).await;
    refused.refused(400, "AMOUNT_EXCEEDS_REFUNDABLE");
    let made = world.http().post(&refunds(), &with("10.00")).await.ok();
    assert_eq!(made["total"]["customer"], "10.00");
    assert_eq!(count(&world, "refunds"), 1);
}

async fn a_quoted_refund_is_replayed_when_the_quote_is_long_stale(world: World) {
    prepared(&world).await;
    let asked = json!({"shipping_amount": "4.00"});
    let quote = world.http().post(&format!("{}:quote", refunds()), &asked).await.ok();
    let body = json!({"request_id": "r-1", "quote_id": quote["quote_id"]});
    let first = world.http().post(&refunds(), &body).await;
    first.ok();
    world.refund("O-1", &json!({"shipping_amount": "1.00"})).await.ok();
    assert_eq!(world.http().post(&refunds(), &body).await.bytes, first.bytes);
    let again = json!({"request_id": "r-2", "quote_id": quote["quote_id"]});
    world.http().post(&refunds(), &again).await.refused(409, "QUOTE_STALE");
    assert_eq!(count(&world, "refunds"), 2);
}
