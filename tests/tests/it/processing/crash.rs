//! The process is killed under load while orders are on their way through the pipeline and into
//! their shop.

use super::{cancellation, get};
use crate::{
    crash::SHORT_LEASE,
    on_both,
    world::{BreakingLine, Shop, World, eventually, order, plug_and_play},
};
use futures_util::future::join_all;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use testkit::scale;

on_both!(orders_end_in_the_right_state_however_often_the_process_is_killed);

const ORDERS: usize = 60;
const SEED: u64 = 11;

/// What an order is to come to.
fn kind(number: usize) -> &'static str {
    ["clear", "fails", "pays-late", "prohibited", "clear", "review"][number % 6]
}

fn made(number: usize) -> Value {
    let mut order = order(&format!("O-{number}"));
    match kind(number) {
        "fails" => {
            order["tenders"][0]["provider_reference"] = "sandbox-fail-later-200".into();
            order["tenders"][0]["state"] = "TENDER_STATE_PENDING".into();
        }
        "pays-late" => {
            order["tenders"][0]["provider_reference"] = "sandbox-capture-later-300".into();
            order["tenders"][0]["state"] = "TENDER_STATE_PENDING".into();
        }
        "prohibited" => order["lines"][0]["hs_code"] = "9303.20".into(),
        "review" => order["buyer"]["email"] = "someone@disposable.example".into(),
        _ => {}
    }
    order
}

fn expected(number: usize) -> &'static str {
    match kind(number) {
        "fails" | "prohibited" => "ORDER_STATE_CANCELLED",
        "review" => "ORDER_STATE_RECEIVED",
        _ => "ORDER_STATE_COMPLETED",
    }
}

async fn orders_end_in_the_right_state_however_often_the_process_is_killed(mut world: World) {
    world.restart_with(&[SHORT_LEASE]);
    let shop = Shop::open().await;
    // Some of the answers are lost on top of it.
    let line = BreakingLine::to(shop.address, 10).await;
    let mut settings = plug_and_play(line.address, "NOTIFY", &[0, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
    settings["screening"] = json!({"fraud": true, "prohibited_goods": true, "denied_party": true});
    world.open_store(settings).await;
    let mut random = StdRng::seed_from_u64(SEED);
    let rounds = scale::pick(3, 20);
    let per_round = ORDERS / rounds;
    for round in 0..rounds {
        let numbers = round * per_round..(round + 1) * per_round;
        let orders: Vec<Value> = numbers.map(made).collect();
        join_all(orders.iter().map(|order| world.place(order))).await;
        // At another point of their way each time.
        let steps = random.random_range(1..6 * i64::try_from(per_round).unwrap());
        let facts = || world.database.count("SELECT count(*) FROM facts");
        let before = facts();
        eventually("some steps to be made", || async {
            (facts() >= before + steps / 2).then_some(())
        })
        .await;
        world.kill();
        world.start();
    }
    let mut states = BTreeMap::new();
    for number in 0..rounds * per_round {
        let id = format!("O-{number}");
        let done = eventually("the order to get where it belongs", || async {
            let order = get(&world, &id).await;
            let waits = kind(number) != "review"
                || order["screening"][0]["state"] == "SCREENING_STATE_REVIEW";
            (order["state"] == expected(number) && waits).then_some(order)
        })
        .await;
        *states.entry(done["state"].as_str().unwrap().to_owned()).or_insert(0) += 1;
        let in_shop = usize::from(expected(number) == "ORDER_STATE_COMPLETED");
        assert_eq!(shop.orders(&id).len(), in_shop, "{id} {}", kind(number));
        if expected(number) == "ORDER_STATE_CANCELLED" {
            let why = cancellation(&world, &id).await;
            let reason = match kind(number) {
                "fails" => "CANCELLATION_REASON_PAYMENT_FAILED",
                _ => "CANCELLATION_REASON_PROHIBITED_GOODS",
            };
            assert_eq!(why["reason"], reason, "{id}");
        }
    }
    assert_eq!(states.len(), 3, "{states:?}");
    // Each step was made once.
    for once in ["order.ready", "order.accepted", "order.completed", "order.cancelled"] {
        let twice = format!(
            "SELECT count(*) FROM (SELECT order_id FROM facts WHERE kind = '{once}' \
             GROUP BY order_id HAVING count(*) > 1) AS twice"
        );
        assert_eq!(world.database.count(&twice), 0, "{once}");
    }
    // What was captured for a cancelled order went back, once.
    let prohibited = (0..rounds * per_round).filter(|number| kind(*number) == "prohibited").count();
    let moved = "SELECT count(*) FROM ledger_transfers WHERE to_account = 'sandbox:returned'";
    eventually("the payments to be back", || async {
        (world.database.count(moved) == i64::try_from(prohibited).unwrap()).then_some(())
    })
    .await;
}
