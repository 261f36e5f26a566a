//! Everything at once on one order: one consistent outcome, and losers who are told the state.

use super::{cancel, get, request, sold_out, takes_requests};
use crate::{
    on_both,
    world::{Answer, Http, World, order, order_path, unique},
};
use futures_util::{
    future::join_all,
    stream::{self, StreamExt as _},
};
use serde_json::{Value, json};
use std::pin::Pin;
use testkit::scale;

on_both!(cancel_accept_ship_refund_and_request_at_once_have_one_outcome);

/// Rounds that run side by side.
const AT_ONCE: usize = 8;

/// Of calls that may be refused, why they may.
const REFUSALS: [&str; 6] = [
    "ORDER_CANCELLED",
    "ORDER_SHIPPED",
    "QUANTITY_NOT_AVAILABLE",
    "AMOUNT_EXCEEDS_REFUNDABLE",
    "ORDER_FULLY_REFUNDED",
    "INVALID_QUANTITY",
];

async fn cancel_accept_ship_refund_and_request_at_once_have_one_outcome(world: World) {
    world.open_store(takes_requests()).await;
    let rounds: usize = scale::pick(25, 500);
    let ids: Vec<String> = (1..=rounds).map(|number| format!("O-{number}")).collect();
    join_all(ids.iter().map(|id| async { world.place(&order(id)).await })).await;
    for id in &ids {
        world.until_ready(id).await;
    }
    let outcomes = ids.iter().map(|id| round(&world, id));
    let outcomes: Vec<Seen> = stream::iter(outcomes).buffer_unordered(AT_ONCE).collect().await;
    // A race that one side always wins is none.
    let cancelled = outcomes.iter().filter(|seen| seen.cancelled).count();
    let shipped = outcomes.iter().filter(|seen| seen.shipped).count();
    assert!(cancelled > 0 && shipped > 0, "{cancelled} cancelled, {shipped} shipped");
}

type Call<'c> = Pin<Box<dyn Future<Output = (&'static str, Answer)> + Send + 'c>>;

struct Seen {
    cancelled: bool,
    shipped: bool,
}

async fn round(world: &World, id: &str) -> Seen {
    let http = world.http();
    let mut calls: Vec<Call<'_>> = vec![
        Box::pin(async { ("cancel", cancel(&http, id, sold_out()).await) }),
        Box::pin(async { ("cancel", cancel(&http, id, part()).await) }),
        Box::pin(async { ("request", request(&http, id, wish()).await) }),
        Box::pin(async { ("accept", accept(&http, id).await) }),
        Box::pin(async { ("ship", ship(&http, id).await) }),
        Box::pin(async { ("refund", world.refund(id, &half()).await) }),
    ];
    // Whoever is asked first must not always win.
    let turn = id.len() + id.bytes().last().map_or(0, usize::from);
    let count = calls.len();
    calls.rotate_left(turn % count);
    let answers = join_all(calls).await;
    for (call, answer) in &answers {
        if answer.status != 200 {
            let reason = answer.reason();
            assert!(REFUSALS.contains(&reason.as_str()), "{call}: {}", answer.text());
            let state = answer.metadata("state");
            assert!(["READY", "ACCEPTED", "CANCELLED"].contains(&state.as_str()), "{state}");
        }
    }
    let order = get(world, id).await;
    consistent(&order, &answers);
    let went = |wanted: &str| answers.iter().any(|(call, it)| *call == wanted && it.status == 200);
    Seen { cancelled: order["state"] == "ORDER_STATE_CANCELLED", shipped: went("ship") }
}

fn part() -> Value {
    let mut body = sold_out();
    body["lines"] = json!([{"cart_item_id": "L2", "quantity": 1}]);
    body
}

fn wish() -> Value {
    json!({
        "reason": "CANCELLATION_REASON_CHANGED_MIND",
        "lines": [{"cart_item_id": "L1", "quantity": 2}],
    })
}

fn half() -> Value {
    json!({"products": [{"cart_item_id": "L1", "refund_quantity": 2}]})
}

async fn accept(http: &Http, id: &str) -> Answer {
    let body = json!({
        "request_id": unique("accept"), "external_order_id": format!("A-{id}"),
        "external_order_number": "1",
    });
    http.post(&format!("{}:accept", order_path(id)), &body).await
}

async fn ship(http: &Http, id: &str) -> Answer {
    let lines = json!([{"cart_item_id": "L1", "quantity": 3}]);
    let body = json!({"request_id": unique("ship"), "lines": lines});
    http.post(&format!("{}:ship", order_path(id)), &body).await
}

/// What was answered and what the order says now are one story.
fn consistent(order: &Value, answers: &[(&'static str, Answer)]) {
    for line in order["lines"].as_array().unwrap() {
        let count = |field: &str| line[field].as_i64().unwrap();
        let places = ["open", "held", "cancelled", "in_transit", "delivered"].map(count);
        assert_eq!(places.iter().sum::<i64>(), count("quantity"), "{line}");
        assert!(places.iter().all(|pieces| *pieces >= 0), "{line}");
    }
    let lines = order["lines"].as_array().unwrap();
    let all = lines.iter().all(|line| line["cancelled"] == line["quantity"]);
    assert_eq!(order["state"] == "ORDER_STATE_CANCELLED", all, "{order}");
    let pieces: i64 = answers
        .iter()
        .filter(|(call, answer)| *call == "cancel" && answer.status == 200)
        .flat_map(|(_, answer)| answer.json()["lines"].as_array().unwrap().clone())
        .map(|line| line["quantity"].as_i64().unwrap())
        .sum();
    let cancelled: i64 = lines.iter().map(|line| line["cancelled"].as_i64().unwrap()).sum();
    assert_eq!(pieces, cancelled, "{order}");
    let requests = answers.iter().any(|(call, answer)| *call == "request" && answer.status == 200);
    assert_eq!(lines[0]["held"], if requests { 2 } else { 0 }, "{order}");
    let cents = |text: &Value| text.as_str().unwrap().replace('.', "").parse::<i64>().unwrap();
    let back = answers.iter().filter(|(_, answer)| answer.status == 200).map(|(call, answer)| {
        let json = answer.json();
        match *call {
            "cancel" => cents(&json["refund_total"]["customer"]),
            "refund" => cents(&json["total"]["customer"]),
            _ => 0,
        }
    });
    assert_eq!(back.sum::<i64>(), cents(&order["refunded"]["customer"]), "{order}");
    let shipped: i64 = lines.iter().map(|line| line["in_transit"].as_i64().unwrap()).sum();
    let ships = answers.iter().any(|(call, answer)| *call == "ship" && answer.status == 200);
    assert_eq!(shipped, if ships { 3 } else { 0 }, "{order}");
}
