//! The same request again is the same answer again, and one effect.

mod references;
mod settings;

use crate::{
    on_both,
    world::{Answer, GUID, STORE, World, eventually, order, order_path, reason_of, refund_path},
};
use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};
use tonic::Code;
use wire::{
    refunds::v1::CreateRefundRequest,
    rest::{ROUTES, Route},
};

on_both!(
    sixty_four_calls_with_one_id_are_one_refund_also_after_a_restart,
    sixty_four_grpc_calls_with_one_id_are_one_refund,
    an_id_with_other_content_is_refused,
    an_id_belongs_to_its_store_and_method,
    every_method_that_changes_something_names_a_missing_id,
    the_header_stands_for_the_field,
    an_order_is_created_once,
    a_secret_is_answered_once,
    a_replay_with_wait_shows_where_the_refund_stands,
);

const CALLS: usize = 64;

fn refunds() -> String {
    format!("{}/refunds", order_path("O-1"))
}

/// One store and one order that is ready.
async fn prepared(world: &World) {
    world.open_store(json!({"appeasements": true})).await;
    world.ready(&order("O-1")).await;
}

fn count(world: &World, table: &str) -> i64 {
    world.database.count(&format!("SELECT count(*) FROM {table}"))
}

#[track_caller]
fn all_the_same(answers: &[Answer]) -> Value {
    let first = answers[0].ok();
    for answer in answers {
        assert_eq!(answer.bytes, answers[0].bytes, "{}", answer.text());
    }
    first
}

async fn sixty_four_calls_with_one_id_are_one_refund_also_after_a_restart(mut world: World) {
    prepared(&world).await;
    let body = json!({"request_id": "the-one", "shipping_amount": "1.00"});
    let http = world.http();
    let path = refunds();
    let answers = join_all((0..CALLS).map(|_| http.post(&path, &body))).await;
    let refund = all_the_same(&answers);
    assert_eq!(count(&world, "refunds"), 1);
    let now = world.until_over(&refund).await;
    assert_eq!(now["state"], "REFUND_STATE_SUCCEEDED");

    world.kill();
    world.start();
    let again = world.http().post(&refunds(), &body).await;
    assert_eq!(again.bytes, answers[0].bytes);
    assert!(world.terminate().success());
    world.start();
    let again = world.http().post(&refunds(), &body).await;
    assert_eq!(again.bytes, answers[0].bytes);
    assert_eq!(count(&world, "refunds"), 1);
    let left = world.refundable("O-1").await;
    assert_eq!(left["shipping"]["customer"], "9.00");
}

async fn sixty_four_grpc_calls_with_one_id_are_one_refund(world: World) {
    prepared(&world).await;
    let request = CreateRefundRequest {
        store_id: STORE.to_owned(),
        order_id: "O-1".to_owned(),
        request_id: "the-one".to_owned(),
        shipping_amount: Some("1.00".to_owned()),
        ..CreateRefundRequest::default()
    };
    let grpc = world.grpc().await;
    let calls = (0..CALLS).map(|_| {
        let (mut refunds, request) = (grpc.refunds(), request.clone());
        async move { refunds.create_refund(request).await.unwrap().into_inner() }
    });
    let answers = join_all(calls).await;
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(count(&world, "refunds"), 1);

    let other = CreateRefundRequest { shipping_amount: Some("2.00".to_owned()), ..request.clone() };
    let refused = grpc.refunds().create_refund(other).await.unwrap_err();
    assert_eq!((refused.code(), &*reason_of(&refused)), (Code::AlreadyExists, "REQUEST_ID_REUSED"));
    let nameless = CreateRefundRequest { request_id: String::new(), ..request };
    let refused = grpc.refunds().create_refund(nameless).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(refused.message().contains("request_id"), "{refused:?}");
}

async fn an_id_with_other_content_is_refused(world: World) {
    prepared(&world).await;
    let first = json!({"request_id": "r-1", "shipping_amount": "1.00"});
    let made = world.http().post(&refunds(), &first).await.ok();
    let left = world.refundable("O-1").await;
    for other in [
        json!({"request_id": "r-1", "shipping_amount": "2.00"}),
        json!({"request_id": "r-1", "shipping_amount": "1.00", "refund_comments": "more"}),
        json!({"request_id": "r-1", "shipping_amount": "1.0"}),
        json!({"request_id": "r-1"}),
    ] {
        let answer = world.http().post(&refunds(), &other).await;
        answer.refused(409, "REQUEST_ID_REUSED");
    }
    // The same content for another order is other content.
    world.ready(&order("O-2")).await;
    let elsewhere = format!("{}/refunds", order_path("O-2"));
    world.http().post(&elsewhere, &first).await.refused(409, "REQUEST_ID_REUSED");

    assert_eq!(count(&world, "refunds"), 1);
    let now = world.refundable("O-1").await;
    assert_eq!((&now["total"], &now["shipping"]), (&left["total"], &left["shipping"]));
    world.until_over(&made).await;
}

async fn an_id_belongs_to_its_store_and_method(world: World) {
    prepared(&world).await;
    world.open_store_named("other", "other-guid", json!({})).await;
    let platform = world.http();
    let body = json!({"request_id": "order-of-other", "order": order("O-1")});
    platform.post("/v1/stores/other/orders", &body).await.ok();
    let in_other = "/v1/stores/other/orders/O-1";
    eventually("the order to become ready", || async {
        let order = platform.get(in_other).await.ok();
        (order["state"] == "ORDER_STATE_READY").then_some(())
    })
    .await;

    let mine = json!({"request_id": "r-1", "shipping_amount": "1.00"});
    let theirs = json!({"request_id": "r-1", "shipping_amount": "2.00"});
    let mine = platform.post(&refunds(), &mine).await.ok();
    let theirs = platform.post(&format!("{in_other}/refunds"), &theirs).await.ok();
    assert_eq!(
        (&mine["total"]["customer"], &theirs["total"]["customer"]),
        (&json!("1.00"), &json!("2.00"))
    );
    assert_ne!(mine["refund_id"], theirs["refund_id"]);

    let accept = json!({
        "request_id": "r-1", "external_order_id": "E-1", "external_order_number": "#1",
    });
    let accepted = platform.post(&format!("{}:accept", order_path("O-1")), &accept).await.ok();
    assert_eq!(accepted["state"], "ORDER_STATE_ACCEPTED");
    let token = json!({"request_id": "r-1", "name": "t", "role": "ROLE_VIEWER"});
    platform.post(&format!("/v1/stores/{STORE}/tokens"), &token).await.ok();
}

async fn every_method_that_changes_something_names_a_missing_id(world: World) {
    prepared(&world).await;
    let made = world.refund("O-1", &json!({"shipping_amount": "1.00"})).await.ok();
    world.until_over(&made).await;
    let before = count(&world, "facts");
    let changing = |route: &&Route| route.request.field("request_id").is_some();
    let mut checked = 0;
    for route in ROUTES.iter().filter(changing) {
        let path = route
            .template
            .replace("{store_id}", STORE)
            .replace("{order_id}", "O-1")
            .replace("{refund_id}", made["refund_id"].as_str().unwrap())
            .replace("{cancellation_id}", "cn_00000000000000000000000000000000")
            .replace("{token_id}", "tok_00000000000000000000000000000000");
        let body =
            if route.template == "/v1/stores" { json!({"store_id": "new"}) } else { json!({}) };
        let method: Method = route.method.parse().unwrap();
        let answer = world.http().send(method, &path, body.to_string()).await;
        assert_eq!(answer.status, 400, "{path}: {}", answer.text());
        let fields = answer.fields();
        assert!(fields.iter().any(|field| field == "request_id"), "{path}: {fields:?}");
        checked += 1;
    }
    assert!(checked >= 24, "only {checked} methods have a request id");
    assert_eq!(count(&world, "facts"), before);

    for (id, status) in [
        ("x".repeat(128), 200),
        ("x".repeat(129), 400),
        ("a b".to_owned(), 400),
        ("é".to_owned(), 400),
    ] {
        let body = json!({"request_id": id, "shipping_amount": "1.00"});
        let answer = world.http().post(&refunds(), &body).await;
        assert_eq!(answer.status, status, "{id}: {}", answer.text());
        if status == 400 {
            answer.names("request_id");
        }
    }
}

async fn the_header_stands_for_the_field(world: World) {
    prepared(&world).await;
    let http = world.http().with("idempotency-key", "key-1");
    let body = json!({"shipping_amount": "1.00"});
    let first = http.post(&refunds(), &body).await;
    first.ok();
    for same in [json!({"shipping_amount": "1.00", "request_id": "key-1"}), body.clone()] {
        assert_eq!(http.post(&refunds(), &same).await.bytes, first.bytes);
    }
    let as_field = json!({"shipping_amount": "1.00", "request_id": "key-1"});
    assert_eq!(world.http().post(&refunds(), &as_field).await.bytes, first.bytes);
    let both = json!({"shipping_amount": "1.00", "request_id": "key-2"});
    http.post(&refunds(), &both).await.refused(400, "INVALID_FIELDS").names("request_id");
    assert_eq!(count(&world, "refunds"), 1);

    // At the compatible endpoint it is the only way to say one.
    let path = format!("/Order/CreateOrderRefund?merchantGUID={GUID}");
    let body = json!({"orderRefund": {"OrderId": "O-1", "ShippingAmount": "2.00"}});
    let http = world.http().with("idempotency-key", "key-3");
    let answers = join_all((0..8).map(|_| http.post(&path, &body))).await;
    assert_eq!(all_the_same(&answers)["Success"], true);
    assert_eq!(count(&world, "refunds"), 2);
    let other = json!({"orderRefund": {"OrderId": "O-1", "ShippingAmount": "3.00"}});
    let refused = http.post(&path, &other).await.ok();
    let reason = refused["Reason"].as_str().unwrap();
    assert!(reason.starts_with("REQUEST_ID_REUSED: "), "{reason}");
    // Without a key two equal calls are two refunds.
    for _ in 0..2 {
        assert_eq!(world.http().post(&path, &body).await.ok()["Success"], true);
    }
    assert_eq!(count(&world, "refunds"), 4);
}

async fn an_order_is_created_once(mut world: World) {
    world.open_store(json!({})).await;
    let path = format!("/v1/stores/{STORE}/orders");
    let body = json!({"request_id": "o-1", "order": order("O-1")});
    let http = world.http();
    let answers = join_all((0..16).map(|_| http.post(&path, &body))).await;
    let made = all_the_same(&answers);
    assert_eq!(made["state"], "ORDER_STATE_RECEIVED");
    assert_eq!(count(&world, "orders"), 1);

    let mut other = body.clone();
    other["order"]["customer_note"] = "another".into();
    http.post(&path, &other).await.refused(409, "REQUEST_ID_REUSED");
    let taken = json!({"request_id": "o-2", "order": order("O-1")});
    http.post(&path, &taken).await.refused(409, "ORDER_EXISTS");
    // The order itself as the body, with the id in the header.
    let bare = http.with("idempotency-key", "o-1").post(&path, &order("O-1")).await;
    assert_eq!(bare.bytes, answers[0].bytes);

    world.until_ready("O-1").await;
    world.kill();
    world.start();
    assert_eq!(world.http().post(&path, &body).await.bytes, answers[0].bytes);
    assert_eq!(count(&world, "orders"), 1);
}

async fn a_secret_is_answered_once(world: World) {
    world.open_store(json!({})).await;
    let path = format!("/v1/stores/{STORE}/tokens");
    let body = json!({"request_id": "t-1", "name": "till", "role": "ROLE_AGENT"});
    let http = world.http();
    let answers = join_all((0..8).map(|_| http.post(&path, &body))).await;
    let tokens: Vec<Value> = answers.iter().map(Answer::ok).collect();
    assert!(tokens.iter().all(|token| token["token_id"] == tokens[0]["token_id"]), "{tokens:?}");
    let secrets = tokens.iter().filter(|token| token["secret"] != "");
    assert_eq!(secrets.count(), 1, "{tokens:?}");
    assert_eq!(http.post(&path, &body).await.ok()["secret"], "");
    assert_eq!(count(&world, "tokens"), 1);
    let listed = http.get(&path).await.ok();
    assert_eq!(listed["tokens"][0]["secret"], "");

    let store = json!({
        "store_id": "second", "request_id": "s-1", "name": "S", "merchant_guid": "g-2",
        "currency": "EUR",
    });
    let answers = join_all((0..8).map(|_| http.post("/v1/stores", &store))).await;
    all_the_same(&answers);
    let mut taken = store.clone();
    taken["request_id"] = "s-2".into();
    http.post("/v1/stores", &taken).await.refused(409, "STORE_EXISTS");
}

async fn a_replay_with_wait_shows_where_the_refund_stands(world: World) {
    world.open_store(json!({})).await;
    let mut slow = order("O-1");
    slow["tenders"][0]["provider_reference"] = "sandbox-settle-later-300".into();
    world.ready(&slow).await;
    let plain = json!({"request_id": "r-1", "shipping_amount": "1.00"});
    let first = world.http().post(&refunds(), &plain).await;
    assert_eq!(first.ok()["state"], "REFUND_STATE_PENDING");
    let mut waiting = plain.clone();
    waiting["wait"] = "WAIT_SETTLED".into();
    let settled = world.http().post(&refunds(), &waiting).await.ok();
    assert_eq!(settled["state"], "REFUND_STATE_SUCCEEDED");
    assert_eq!(settled["legs"][0]["state"], "LEG_STATE_SETTLED");
    for field in ["refund_id", "refund_number", "total", "products", "components", "create_time"] {
        assert_eq!(settled[field], first.json()[field], "{field}");
    }
    // Without waiting it is the receipt, byte for byte.
    assert_eq!(world.http().post(&refunds(), &plain).await.bytes, first.bytes);
    let now = world.http().get(&refund_path(&settled)).await.ok();
    assert_eq!(now["state"], "REFUND_STATE_SUCCEEDED");
    assert_eq!(count(&world, "refunds"), 1);
}
