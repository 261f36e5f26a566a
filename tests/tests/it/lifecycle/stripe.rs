//! The whole way of money to Stripe and back, beside a fake of it that others wrote.

use crate::{
    on_both,
    world::{World, act, eventually, get, order},
};
use serde_json::{Value, json};
use testkit::localstripe::{SECRET_KEY, Server};

on_both!(
    a_card_is_refunded_at_stripe_to_the_cent_and_once,
    a_payment_is_asked_for_and_an_authorisation_let_go_at_stripe,
);

/// What Stripe signs its messages to us with.
pub const WEBHOOK_SECRET: &str = "whsec_of_the_tests";

/// The world with Stripe beside it.
pub async fn with_stripe(world: &mut World) -> Server {
    let server = tokio::task::spawn_blocking(Server::start).await.unwrap();
    world.restart_with(&settings(&server.url()));
    world.open_store(json!({})).await;
    server
}

/// Of a process that has Stripe there.
pub const fn settings(url: &str) -> [(&'static str, &str); 3] {
    [
        ("MERIDIAN__PAYMENTS__STRIPE__URL", url),
        ("MERIDIAN__PAYMENTS__STRIPE__SECRET_KEY", SECRET_KEY),
        ("MERIDIAN__PAYMENTS__STRIPE__WEBHOOK_SECRET", WEBHOOK_SECRET),
    ]
}

/// An order of 115.00 USD that is paid by a payment of Stripe's.
pub fn paid_by(order_id: &str, payment: &str, state: &str) -> Value {
    let mut order = order(order_id);
    order["tenders"][0]["provider"] = "stripe".into();
    order["tenders"][0]["provider_reference"] = payment.into();
    order["tenders"][0]["state"] = format!("TENDER_STATE_{state}").into();
    order
}

async fn a_card_is_refunded_at_stripe_to_the_cent_and_once(mut world: World) {
    let server = with_stripe(&mut world).await;
    let payment = server.captured(11_500, "usd");
    world.ready(&paid_by("O-1", &payment, "CAPTURED")).await;
    let mut legs = Vec::new();
    for asked in [
        json!({"products": [{"cart_item_id": "L1", "refund_quantity": 1}]}),
        json!({"shipping_amount": "0.01"}),
    ] {
        let refund = world.refund("O-1", &asked).await.ok();
        let over = world.until_over(&refund).await;
        assert_eq!(over["state"], "REFUND_STATE_SUCCEEDED", "{over}");
        legs.push(over["legs"][0].clone());
    }
    let refunds = server.refunds(&payment);
    assert_eq!(refunds.len(), 2, "{refunds:?}");
    for (leg, minor) in legs.iter().zip([2_000, 1]) {
        assert_eq!((&leg["state"], &leg["attempts"]), (&"LEG_STATE_SETTLED".into(), &1.into()));
        let at_stripe = refunds.iter().find(|it| it["id"] == leg["provider_reference"]).unwrap();
        assert_eq!((&at_stripe["amount"], &at_stripe["currency"]), (&minor.into(), &"usd".into()));
        assert_eq!(at_stripe["metadata"]["leg"], leg["leg_id"]);
        assert_eq!(at_stripe["metadata"]["order"], "O-1");
    }
    assert_eq!(get(&world, "O-1").await["refunded"]["customer"], "20.01");
    assert!(!world.process().log().contains(SECRET_KEY));
}

async fn a_payment_is_asked_for_and_an_authorisation_let_go_at_stripe(mut world: World) {
    let server = with_stripe(&mut world).await;
    let payment = server.captured(11_500, "usd");
    let ready = world.ready(&paid_by("O-1", &payment, "PENDING")).await;
    assert_eq!(ready["tenders"][0]["state"], "TENDER_STATE_CAPTURED");

    let held = server.authorized(11_500, "usd");
    world.ready(&paid_by("O-2", &held, "AUTHORIZED")).await;
    act(&world, "O-2", "cancel", json!({"reason": "CANCELLATION_REASON_OUT_OF_STOCK"})).await.ok();
    eventually("the authorisation to be let go", || async {
        let order = get(&world, "O-2").await;
        (order["tenders"][0]["state"] == "TENDER_STATE_RELEASED").then_some(())
    })
    .await;
    assert_eq!(server.get(&format!("payment_intents/{held}"))["status"], "canceled");
    assert!(server.refunds(&held).is_empty());
}
