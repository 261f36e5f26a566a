//! What a payment provider tells by itself, and whether it has what we have booked.

use crate::{
    lifecycle::stripe::{WEBHOOK_SECRET as SECRET, paid_by, with_stripe},
    on_both,
    world::{Answer, STORE, World, act, eventually, get, order},
};
use hmac_sha256::HMAC;
use serde_json::{Value, json};
use std::{
    fmt::Write as _,
    process::ExitStatus,
    time::{SystemTime, UNIX_EPOCH},
};
use testkit::localstripe::Server;

on_both!(
    a_notice_is_taken_once_and_looked_into,
    what_nobody_has_signed_is_refused,
    what_is_disputed_is_not_refunded_until_the_dispute_is_won,
    what_a_dispute_frees_after_a_cancellation_goes_back,
    whoever_sends_notices_takes_nobody_elses_place,
    what_belongs_to_no_order_waits_and_is_told_by_reconciling,
    what_a_provider_does_not_have_is_a_break,
);

const PATH: &str = "/providers/stripe/notices";

#[expect(clippy::disallowed_methods, reason = "what is signed is signed now")]
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// What Stripe says of a refund of ours.
fn event(id: &str, leg_id: &str, order_id: &str, payment: &str) -> String {
    let refund = json!({
        "id": "re_1", "object": "refund", "amount": 100, "currency": "usd", "status": "succeeded",
        "payment_intent": payment, "created": now(),
        "metadata": {"leg": leg_id, "store": STORE, "order": order_id},
    });
    let event = json!({
        "id": id, "object": "event", "type": "refund.updated", "created": now(),
        "api_version": "2025-01-01", "data": {"object": refund},
    });
    event.to_string()
}

fn signature(at: u64, body: &str, secret: &str) -> String {
    let mut mac = HMAC::new(secret);
    mac.update(format!("{at}.{body}"));
    let hex = mac.finalize().iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    });
    format!("t={at},v1={hex}")
}

async fn post(world: &World, body: &str, signature: &str) -> Answer {
    let http = world.http().anonymous().with("stripe-signature", signature);
    http.post_text(PATH, body.to_owned()).await
}

pub async fn signed(world: &World, body: &str) -> Answer {
    post(world, body, &signature(now(), body, SECRET)).await
}

const OPEN: &str = "SELECT COUNT(*) FROM payment_notices WHERE done_at IS NULL";
const ALL: &str = "SELECT COUNT(*) FROM payment_notices";

async fn refunded(world: &World, server: &Server) -> (Value, String) {
    let payment = server.captured(11_500, "usd");
    world.ready(&paid_by("O-1", &payment, "CAPTURED")).await;
    let refund = world.refund("O-1", &json!({"shipping_amount": "1.00"})).await.ok();
    (world.until_over(&refund).await, payment)
}

async fn a_notice_is_taken_once_and_looked_into(mut world: World) {
    let server = with_stripe(&mut world).await;
    let (refund, payment) = refunded(&world, &server).await;
    let leg_id = refund["legs"][0]["leg_id"].as_str().unwrap();
    let body = event("evt_1", leg_id, "O-1", &payment);
    for _ in 0..3 {
        signed(&world, &body).await.ok();
    }
    assert_eq!(world.database.count(ALL), 1);
    eventually("it to be looked into", || async {
        (world.database.count(OPEN) == 0).then_some(())
    })
    .await;
    // Told again after a restart it is still known, and what it says changes nothing by itself.
    world.kill();
    world.start();
    signed(&world, &body).await.ok();
    assert_eq!(world.database.count(ALL), 1);
    assert_eq!(world.until_over(&refund).await, refund);
}

async fn what_nobody_has_signed_is_refused(mut world: World) {
    let _server = with_stripe(&mut world).await;
    let body = event("evt_1", "leg_x_1", "O-1", "pi_1");
    let unsigned = world.http().anonymous().post_text(PATH, body.clone()).await;
    unsigned.refused(401, "SIGNATURE_INVALID");
    let forged = signature(now(), &body, "another secret");
    post(&world, &body, &forged).await.refused(401, "SIGNATURE_INVALID");
    let a_day_later = signature(now() - 86_400, &body, SECRET);
    post(&world, &body, &a_day_later).await.refused(401, "SIGNATURE_INVALID");
    let changed = body.replace("\"amount\":100", "\"amount\":900");
    assert_ne!(changed, body);
    let of_another = signature(now(), &body, SECRET);
    post(&world, &changed, &of_another).await.refused(401, "SIGNATURE_INVALID");
    let nobody = world.http().anonymous().post_text("/providers/nobody/notices", body).await;
    nobody.refused(404, "PROVIDER_NOT_FOUND");
    assert_eq!(world.database.count(ALL), 0);
}

/// What Stripe says of a dispute over all of a payment of 115.00 USD.
fn dispute(id: &str, name: &str, status: &str, at: u64, payment: &str) -> String {
    let dispute = json!({
        "id": "du_1", "object": "dispute", "amount": 11_500, "currency": "usd",
        "status": status, "payment_intent": payment, "created": at,
    });
    let event = json!({
        "id": id, "object": "event", "type": format!("charge.dispute.{name}"), "created": at,
        "api_version": "2025-04-30.basil", "data": {"object": dispute},
    });
    event.to_string()
}

async fn what_is_disputed_is_not_refunded_until_the_dispute_is_won(mut world: World) {
    let server = with_stripe(&mut world).await;
    let payment = server.captured(11_500, "usd");
    world.ready(&paid_by("O-1", &payment, "CAPTURED")).await;
    let stands = async |state: &str| {
        eventually("the dispute to be booked", || async {
            let order = get(&world, "O-1").await;
            (order["disputes"][0]["state"] == format!("DISPUTE_STATE_{state}")).then_some(())
        })
        .await;
    };
    let opened = dispute("evt_1", "created", "needs_response", now() - 9, &payment);
    signed(&world, &opened).await.ok();
    stands("OPEN").await;
    let asked = json!({"shipping_amount": "1.00"});
    world.refund("O-1", &asked).await.refused(400, "AMOUNT_EXCEEDS_REFUNDABLE");

    let won = dispute("evt_2", "closed", "won", now() - 3, &payment);
    signed(&world, &won).await.ok();
    stands("WON").await;
    // What is older changes nothing, under whatever id it comes.
    let late = dispute("evt_3", "updated", "under_review", now() - 6, &payment);
    signed(&world, &late).await.ok();
    eventually("all to be looked into", || async {
        (world.database.count(OPEN) == 0).then_some(())
    })
    .await;
    stands("WON").await;
    let refund = world.refund("O-1", &asked).await.ok();
    assert_eq!(world.until_over(&refund).await["state"], "REFUND_STATE_SUCCEEDED");
    let kinds = "SELECT COUNT(*) FROM event_log WHERE kind LIKE 'dispute.%' AND position > 0";
    eventually("the events", || async { (world.database.count(kinds) == 2).then_some(()) }).await;
}

/// Its cancellation gave back what was free, and nobody would ask for the rest.
async fn what_a_dispute_frees_after_a_cancellation_goes_back(mut world: World) {
    let server = with_stripe(&mut world).await;
    let payment = server.captured(11_500, "usd");
    world.ready(&paid_by("O-1", &payment, "CAPTURED")).await;
    let stands = async |state: &str| {
        eventually("the dispute to be booked", || async {
            let order = get(&world, "O-1").await;
            (order["disputes"][0]["state"] == format!("DISPUTE_STATE_{state}")).then_some(())
        })
        .await;
    };
    let opened =
        dispute("evt_1", "created", "needs_response", now() - 9, &payment).replace("11500", "3000");
    signed(&world, &opened).await.ok();
    stands("OPEN").await;
    act(&world, "O-1", "cancel", json!({"reason": "CANCELLATION_REASON_OUT_OF_STOCK"})).await.ok();
    eventually("what is free to go back", || async {
        (get(&world, "O-1").await["refunded"]["customer"] == "85.00").then_some(())
    })
    .await;
    let won = dispute("evt_2", "closed", "won", now() - 3, &payment).replace("11500", "3000");
    signed(&world, &won).await.ok();
    eventually("the rest to go back", || async {
        let sum = |it: &Value| it["amount"].as_i64().unwrap();
        (server.refunds(&payment).iter().map(sum).sum::<i64>() == 11_500).then_some(())
    })
    .await;
    eventually("it to be booked", || async {
        (get(&world, "O-1").await["refunded"]["customer"] == "115.00").then_some(())
    })
    .await;
}

/// A message that never comes is waited for in a place of its own, and not for long.
async fn whoever_sends_notices_takes_nobody_elses_place(mut world: World) {
    use tokio::{io::AsyncWriteExt as _, net::TcpStream};

    world.restart_with(&[
        ("MERIDIAN__PAYMENTS__STRIPE__WEBHOOK_SECRET", SECRET),
        ("MERIDIAN__GRPC__MAX_CONCURRENT_CALLS", "4"),
    ]);
    world.open_store(json!({})).await;
    let head = format!("POST {PATH} HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n");
    let mut silent = Vec::new();
    // Some of them come too late for a place, so there are more until all are taken.
    let refused = loop {
        assert!(silent.len() < 400, "there is always a place");
        for _ in 0..20 {
            let mut line = TcpStream::connect(world.process().http()).await.unwrap();
            line.write_all(head.as_bytes()).await.unwrap();
            silent.push(line);
        }
        let answer = signed(&world, "{").await;
        if answer.status == 503 {
            break answer;
        }
    };
    refused.refused(503, "OVERLOADED");
    assert!(refused.headers.contains_key("retry-after"));
    // Everybody else is served as ever.
    world.ready(&order("O-1")).await;
    // Whoever is silent for too long is sent away, and the places are free again.
    eventually("a place", || async { (signed(&world, "{").await.status == 200).then_some(()) })
        .await;
    drop(silent);
    let long = format!("\"{}\"", "x".repeat(256 << 10));
    signed(&world, &long).await.refused(413, "BODY_TOO_LARGE");
}

/// What it says line by line, and its status.
pub fn reconcile(world: &World) -> (ExitStatus, Vec<Value>) {
    let launch = world.launch(&[]);
    let output = launch.run(&["reconcile", "--older-than", "0s", "--json"]).unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (output.status, lines)
}

async fn what_belongs_to_no_order_waits_and_is_told_by_reconciling(mut world: World) {
    let _server = with_stripe(&mut world).await;
    let leg_id = "leg_0190b2c40000700080000000000000aa_1";
    signed(&world, &event("evt_1", leg_id, "O-9", "pi_9")).await.ok();
    let why = "SELECT COUNT(*) FROM payment_notices WHERE why LIKE '%O-9%' AND tries > 0";
    eventually("it to be put aside", || async { (world.database.count(why) == 1).then_some(()) })
        .await;
    let (status, lines) = reconcile(&world);
    assert_eq!((status.code(), lines.len()), (Some(1), 2), "{lines:#?}");
    assert_eq!(
        (&lines[0]["break"], &lines[0]["subject"]),
        (&json!("NOTICE_WAITING"), &json!("stripe evt_1"))
    );
    assert_eq!(lines[1]["breaks"], 1);
}

async fn what_a_provider_does_not_have_is_a_break(world: World) {
    world.open_store(json!({})).await;
    let mut silent = order("O-2");
    silent["tenders"][0]["provider"] = "nobody".into();
    world.ready(&order("O-1")).await;
    let refund = world.refund("O-1", &json!({"shipping_amount": "1.00"})).await.ok();
    world.until_over(&refund).await;
    let (status, lines) = reconcile(&world);
    assert_eq!((status.code(), lines.len()), (Some(0), 1), "{lines:#?}");
    assert_eq!((&lines[0]["payments"], &lines[0]["legs"]), (&json!(1), &json!(1)));

    world.place(&silent).await;
    let (status, lines) = reconcile(&world);
    assert_eq!((status.code(), lines.len()), (Some(1), 2), "{lines:#?}");
    let one = &lines[0];
    assert_eq!(
        (&one["break"], &one["order_id"]),
        (&json!("PROVIDER_NOT_CONFIGURED"), &json!("O-2"))
    );
    assert!(one["close"].as_str().unwrap().contains("configure the provider"));
}
