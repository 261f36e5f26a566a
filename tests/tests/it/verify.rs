//! `meridian verify` on what a real process has written.

use crate::{
    cancellations::{cancel, guide::own, request, sold_out, takes_requests, until_completed, verb},
    on_both,
    world::{World, act, order, order_path, refund_path, tender, unique},
};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::{
    process::ExitStatus,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use testkit::scale;

on_both!(
    a_history_of_all_kinds_has_no_fault,
    a_changed_amount_is_named,
    what_is_written_meanwhile_is_no_fault,
);

/// What it says line by line, and its status.
fn verify(world: &World) -> (ExitStatus, Vec<Value>) {
    let output = world.launch(&[]).run(&["verify", "--json"]).unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (output.status, lines)
}

#[track_caller]
fn sound(world: &World) -> Value {
    let (status, lines) = verify(world);
    assert_eq!((status.code(), lines.len()), (Some(0), 1), "{lines:#?}");
    lines[0].clone()
}

async fn accepted(world: &World, order_id: &str) {
    world.ready(&order(order_id)).await;
    let ids = json!({"external_order_id": format!("E-{order_id}"), "external_order_number": "#1"});
    act(world, order_id, "accept", ids).await.ok();
}

async fn a_history_of_all_kinds_has_no_fault(world: World) {
    world.open_store(takes_requests()).await;
    world.open_store_named("other", "guid-of-the-other", json!({})).await;
    world.token("ROLE_AGENT").await;
    shipped_and_refunded(&world).await;
    of_gift_cards(&world).await;
    that_failed(&world).await;
    cancelled_and_undone(&world).await;
    asked_for(&world).await;
    of_authorised_money(&world).await;
    let seen = sound(&world);
    println!("{seen}");
    let kinds = "SELECT COUNT(DISTINCT kind) FROM facts";
    assert!(world.database.count(kinds) > 25, "{}", world.database.count(kinds));
    assert_eq!(seen["facts"], world.database.count("SELECT COUNT(*) FROM facts"));
    assert!(seen["transfers"].as_i64().unwrap() > 5);
}

async fn shipped_and_refunded(world: &World) {
    accepted(world, "O-1").await;
    let lines = json!([{"cart_item_id": "L1", "quantity": 2}]);
    let shipment = json!({"lines": lines, "carrier": "DHL", "tracking_number": "1"});
    act(world, "O-1", "ship", shipment).await.ok();
    act(world, "O-1", "deliver", json!({})).await.ok();
    for amount in ["1.00", "2.00"] {
        let refund = world.refund("O-1", &json!({"shipping_amount": amount})).await.ok();
        world.until_over(&refund).await;
    }
    let line = json!({"products": [{"cart_item_id": "L1", "refund_quantity": "1"}]});
    let refund = world.refund("O-1", &line).await.ok();
    world.until_over(&refund).await;
    let rest = world.refund("O-1", &json!({"full_refund": true})).await.ok();
    world.until_over(&rest).await;
}

async fn of_gift_cards(world: &World) {
    let mut paid = order("O-2");
    paid["tenders"] = json!([
        tender("card", "pay-2", "75.00"),
        own("gift", "TENDER_METHOD_GIFT_CARD", "G-2", "40.00"),
    ]);
    world.ready(&paid).await;
    let line = json!({"products": [{"cart_item_id": "L1", "refund_quantity": "2"}]});
    let refund = world.refund("O-2", &line).await.ok();
    world.until_over(&refund).await;
    // To a new gift card.
    let other = json!({"shipping_amount": "1.00", "refund_method": "REFUND_METHOD_GIFT_CARD"});
    let refund = world.refund("O-2", &other).await.ok();
    world.until_over(&refund).await;
}

/// Declined, held, and paid by another method in the end.
async fn that_failed(world: &World) {
    let mut declined = order("O-3");
    declined["tenders"] = json!([tender("card", "sandbox-decline", "115.00")]);
    world.ready(&declined).await;
    let refund = world.refund("O-3", &json!({"shipping_amount": "1.00"})).await.ok();
    world.until_over(&refund).await;
    let at = refund_path(&refund);
    let retry = json!({"request_id": unique("retry")});
    world.http().post(&format!("{at}:retry"), &retry).await.ok();
    world.until_over(&refund).await;
    let change = json!({
        "request_id": unique("change"), "refund_method": "REFUND_METHOD_BANK_DEPOSIT",
    });
    world.http().post(&format!("{at}:changeMethod"), &change).await.ok();
    let hold = json!({"request_id": unique("hold"), "reason": "a call first"});
    world.http().post(&format!("{at}:hold"), &hold).await.ok();
    let release = json!({"request_id": unique("release")});
    world.http().post(&format!("{at}:release"), &release).await.ok();
    let confirm = json!({"request_id": unique("paid"), "payment_reference": "SEPA 1"});
    world.http().post(&format!("{at}:confirm"), &confirm).await.ok();
}

async fn cancelled_and_undone(world: &World) {
    world.ready(&order("O-4")).await;
    let http = world.http();
    let made = cancel(&http, "O-4", sold_out()).await.ok();
    until_completed(world, &made).await;
    let undo = json!({
        "comment": "after all",
        "evidence": {"repaid": {"payment_reference": "wire-1", "amount": "115.00"}},
    });
    verb(&http, &made, "undo", undo).await.ok();
    world.refund("O-4", &json!({"full_refund": true})).await.ok();

    // Points go back at once, and are taken back.
    let mut paid = order("O-5");
    paid["tenders"] = json!([own("points", "TENDER_METHOD_POINTS", "P-5", "115.00")]);
    world.ready(&paid).await;
    let made = cancel(&http, "O-5", sold_out()).await.ok();
    verb(&http, &made, "undo", json!({"comment": "after all"})).await.ok();
    let part = json!({
        "reason": "CANCELLATION_REASON_OUT_OF_STOCK",
        "lines": [{"cart_item_id": "L1", "quantity": 1}],
    });
    cancel(&http, "O-5", part).await.ok();
}

async fn asked_for(world: &World) {
    world.ready(&order("O-6")).await;
    let http = world.http();
    let asked = json!({"reason": "CANCELLATION_REASON_CHANGED_MIND"});
    let first = request(&http, "O-6", asked.clone()).await.ok();
    verb(&http, &first, "withdraw", json!({})).await.ok();
    let second = request(&http, "O-6", asked.clone()).await.ok();
    let part = json!({
        "reason": "CANCELLATION_REASON_PRICE_ERROR",
        "lines": [{"cart_item_id": "L2", "quantity": 1}],
    });
    verb(&http, &second, "reject", part).await.ok();
    verb(&http, &second, "accept", asked).await.ok();
    until_completed(world, &second).await;
}

/// A part is captured, what is left of it is let go.
async fn of_authorised_money(world: &World) {
    let mut paid = order("O-7");
    paid["tenders"] = json!([
        tender("held", "pay-7", "75.00"),
        own("gift", "TENDER_METHOD_GIFT_CARD", "G-7", "40.00"),
    ]);
    paid["tenders"][0]["state"] = "TENDER_STATE_AUTHORIZED".into();
    world.ready(&paid).await;
    let part = json!({
        "request_id": unique("capture"), "tender_id": "held", "state": "TENDER_STATE_CAPTURED",
        "amount": "30.00",
    });
    world.http().post(&format!("{}:recordPayment", order_path("O-7")), &part).await.ok();
    let made = cancel(&world.http(), "O-7", sold_out()).await.ok();
    until_completed(world, &made).await;
}

async fn a_changed_amount_is_named(world: World) {
    world.open_store(json!({})).await;
    accepted(&world, "O-1").await;
    let refund = world.refund("O-1", &json!({"shipping_amount": "1.00"})).await.ok();
    world.until_over(&refund).await;
    sound(&world);
    world.database.rows(
        "UPDATE tenders SET returned = returned + 1 WHERE order_id = 'O-1' AND tender_id = 't1'",
    );
    let (status, lines) = verify(&world);
    assert_eq!((status.code(), lines.len()), (Some(1), 2), "{lines:#?}");
    assert_eq!(lines[0]["fault"], "TENDER_DIFFERS");
    assert_eq!((&lines[0]["store_id"], &lines[0]["order_id"]), (&json!("shop"), &json!("O-1")));
    assert_eq!(lines[1]["faults"], 1);
    let output = world.launch(&[]).run(&["verify", "--store", "shop"]).unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.starts_with("TENDER_DIFFERS  store shop, order O-1: tenders t1: returned"),
        "{text}"
    );
    assert!(text.ends_with("1 fault\n"), "{text}");
}

const WRITERS: usize = 8;

async fn what_is_written_meanwhile_is_no_fault(world: World) {
    world.open_store(json!({})).await;
    let (world, done) = (Arc::new(world), Arc::new(AtomicBool::new(false)));
    let writers = (0..WRITERS).map(|writer| {
        let (world, done) = (Arc::clone(&world), Arc::clone(&done));
        tokio::spawn(async move { write(&world, writer, &done).await })
    });
    let writers: Vec<_> = writers.collect();
    let mut facts = Vec::new();
    for _ in 0..scale::pick(5, 50) {
        let world = Arc::clone(&world);
        let seen = tokio::task::spawn_blocking(move || sound(&world)).await.unwrap();
        facts.push(seen["facts"].as_i64().unwrap());
    }
    done.store(true, Ordering::SeqCst);
    for writer in join_all(writers).await {
        writer.unwrap();
    }
    println!("{facts:?} facts, {}", sound(&world));
    assert!(facts.first() < facts.last(), "nobody wrote: {facts:?}");
}

async fn write(world: &World, writer: usize, done: &AtomicBool) {
    for number in 0.. {
        if done.load(Ordering::SeqCst) {
            return;
        }
        let order_id = format!("O-{writer}-{number}");
        world.ready(&order(&order_id)).await;
        world.refund(&order_id, &json!({"shipping_amount": "1.00"})).await.ok();
        let part = json!({
            "reason": "CANCELLATION_REASON_OUT_OF_STOCK",
            "lines": [{"cart_item_id": "L1", "quantity": 1}],
        });
        cancel(&world.http(), &order_id, part).await.ok();
    }
}
