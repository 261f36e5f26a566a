//! Refunds that wait for a person.

use crate::{
    accounts::at_work,
    on_both,
    world::{Http, World, order, order_path, refund_path, unique},
};
use http::Method;
use serde_json::{Value, json};

on_both!(
    a_refund_above_the_limit_waits_for_another_manager,
    somebody_with_many_credentials_has_two_eyes,
    a_refund_is_held_and_released,
    a_manual_payout_is_confirmed,
);

async fn change(http: &Http, refund: &Value, verb: &str, body: Value) -> crate::world::Answer {
    let mut body = body;
    body["request_id"] = unique(verb).into();
    http.post(&format!("{}:{verb}", refund_path(refund)), &body).await
}

async fn refund(http: &Http, amount: &str) -> Value {
    let body = json!({"request_id": unique("refund"), "total_refund_amount": amount});
    http.post(&format!("{}/refunds", order_path("O-1")), &body).await.ok()
}

async fn a_refund_above_the_limit_waits_for_another_manager(world: World) {
    world.open_store(json!({"approval_limit": "50.00"})).await;
    world.ready(&order("O-1")).await;
    let agent = world.http().token(&world.token("ROLE_AGENT").await);
    let first = world.http().token(&world.token("ROLE_MANAGER").await);
    let second = world.http().token(&world.token("ROLE_MANAGER").await);

    let small = refund(&agent, "5.00").await;
    assert_eq!(small["state"], "REFUND_STATE_PENDING");
    assert_eq!(world.until_over(&small).await["state"], "REFUND_STATE_SUCCEEDED");
    let held = refund(&first, "60.00").await;
    assert_eq!(held["state"], "REFUND_STATE_HELD");
    assert!(!held["hold"].as_str().unwrap().is_empty());
    // Its amounts are reserved, and no money moves.
    assert_eq!(world.refundable("O-1").await["total"]["customer"], "50.00");
    change(&agent, &held, "approve", json!({})).await.refused(403, "ROLE_FORBIDS");
    change(&first, &held, "approve", json!({})).await.refused(400, "FOUR_EYES");
    change(&second, &held, "release", json!({})).await.refused(400, "FOUR_EYES");
    assert_eq!(world.http().get(&refund_path(&held)).await.ok()["state"], "REFUND_STATE_HELD");
    let approved = change(&second, &held, "approve", json!({})).await.ok();
    assert_eq!(approved["state"], "REFUND_STATE_PENDING");
    assert_eq!(world.until_over(&approved).await["state"], "REFUND_STATE_SUCCEEDED");
    change(&second, &held, "approve", json!({})).await.refused(400, "REFUND_STATE_FORBIDS");

    // The limit is in the books' currency: 54.05 USD are 50.00 EUR here.
    let mut other = order("O-2");
    other["tenders"][0]["provider_reference"] = "pay-2".into();
    world.ready(&other).await;
    let platform = world.http();
    let body = json!({"request_id": unique("refund"), "total_refund_amount": "115.00"});
    let path = format!("{}/refunds", order_path("O-2"));
    assert_eq!(platform.post(&path, &body).await.ok()["state"], "REFUND_STATE_PENDING");
}

async fn somebody_with_many_credentials_has_two_eyes(world: World) {
    world.open_store(json!({"approval_limit": "5.00"})).await;
    world.ready(&order("O-1")).await;
    let (ada, session) = at_work(&world, "ada", "ROLE_MANAGER").await;
    let ada_herself = world.http().token(&session.secret);
    let other = world.http().token(&at_work(&world, "bob", "ROLE_MANAGER").await.1.secret);
    let token = async |maker: &Http, role: &str| {
        let body = json!({"request_id": unique("token"), "name": "t", "role": role});
        let made = maker.post("/v1/stores/shop/tokens", &body).await.ok();
        assert_eq!(made["created_by"], format!("MERCHANT:{}", ada["user_id"].as_str().unwrap()));
        world.http().token(made["secret"].as_str().unwrap())
    };
    let agents = token(&ada_herself, "ROLE_AGENT").await;
    let managers = token(&ada_herself, "ROLE_MANAGER").await;
    // A token that her token makes is hers as well.
    let third = token(&managers, "ROLE_MANAGER").await;
    for asks in [&ada_herself, &agents, &third] {
        let held = refund(asks, "10.00").await;
        assert_eq!(held["state"], "REFUND_STATE_HELD");
        for approves in [&ada_herself, &managers, &third] {
            change(approves, &held, "approve", json!({})).await.refused(400, "FOUR_EYES");
        }
        let approved = change(&other, &held, "approve", json!({})).await.ok();
        assert_eq!(approved["state"], "REFUND_STATE_PENDING");
    }
    // Nor does she give herself another role by it.
    let path = format!("/v1/stores/shop/users/{}", ada["user_id"].as_str().unwrap());
    let body = json!({"request_id": unique("own"), "role": "ROLE_VIEWER"}).to_string();
    managers.send(Method::PATCH, &path, body).await.refused(400, "OWN_ACCOUNT");
}

async fn a_refund_is_held_and_released(world: World) {
    world.open_store(json!({})).await;
    world.ready(&order("O-1")).await;
    let http = world.http();
    // A payout by hand is sent by nobody, so that there is time to hold it.
    let body = json!({
        "request_id": "r-1", "shipping_amount": "1.00", "refund_method": "REFUND_METHOD_BANK_DEPOSIT",
    });
    let made = http.post(&format!("{}/refunds", order_path("O-1")), &body).await.ok();
    change(&http, &made, "hold", json!({})).await.refused(400, "INVALID_FIELDS").names("reason");
    let held = change(&http, &made, "hold", json!({"reason": "looks odd"})).await.ok();
    assert_eq!(held["state"], "REFUND_STATE_HELD");
    assert!(held["hold"].as_str().unwrap().contains("looks odd"));
    assert_eq!(world.refundable("O-1").await["shipping"]["customer"], "9.00");
    let paid = json!({"payment_reference": "SEPA-1"});
    change(&http, &made, "confirm", paid.clone()).await.refused(400, "REFUND_STATE_FORBIDS");
    change(&http, &made, "approve", json!({})).await.refused(400, "REFUND_STATE_FORBIDS");
    let released = change(&http, &made, "release", json!({})).await.ok();
    assert_eq!(released["state"], "REFUND_STATE_PENDING");
    assert_eq!(released["hold"], "");
    change(&http, &made, "confirm", paid).await.ok();
    let refused = change(&http, &made, "hold", json!({"reason": "too late"})).await;
    refused.refused(400, "REFUND_STATE_FORBIDS");
}

async fn a_manual_payout_is_confirmed(world: World) {
    world.open_store(json!({})).await;
    let mut in_cash = order("O-1");
    in_cash["tenders"][0]["method"] = "TENDER_METHOD_CASH_ON_DELIVERY".into();
    world.ready(&in_cash).await;
    let http = world.http();
    let refund = refund(&http, "7.00").await;
    assert_eq!(refund["legs"][0]["kind"], "LEG_KIND_MANUAL");
    let refused = change(&http, &refund, "confirm", json!({})).await;
    refused.refused(400, "INVALID_FIELDS").names("payment_reference");
    let paid = json!({"payment_reference": "receipt 7"});
    let confirmed = change(&http, &refund, "confirm", paid.clone()).await.ok();
    assert_eq!(confirmed["state"], "REFUND_STATE_SUCCEEDED");
    assert_eq!(confirmed["legs"][0]["state"], "LEG_STATE_SETTLED");
    assert_eq!(confirmed["legs"][0]["provider_reference"], "receipt 7");
    let order = http.get(&order_path("O-1")).await.ok();
    assert_eq!(order["tenders"][0]["refunded"], "7.00");
    // What a provider carries out nobody confirms.
    world.ready(&crate::world::order("O-2")).await;
    let carried = world.refund("O-2", &json!({"shipping_amount": "1.00"})).await.ok();
    change(&http, &carried, "confirm", paid).await.refused(400, "REFUND_STATE_FORBIDS");
}
