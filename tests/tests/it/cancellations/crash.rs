//! Killed between acceptance and settlement: it settles after the restart, once.

use super::{cancel, get, sold_out, until_completed};
use crate::{
    crash::SHORT_LEASE,
    on_both,
    world::{World, order, order_path},
};
use futures_util::future::join_all;
use serde_json::{Value, json};
use testkit::scale;

on_both!(what_was_accepted_before_a_kill_settles_after_it_once);

/// How the payments behave: well, losing answers, losing requests, asking to come again, taking
/// their time.
const REFERENCES: [&str; 5] = [
    "pay",
    "sandbox-lose-answer",
    "sandbox-never-received",
    "sandbox-flaky",
    "sandbox-settle-later-2000",
];
const ORDERS: usize = 10;

async fn what_was_accepted_before_a_kill_settles_after_it_once(mut world: World) {
    world.restart_with(&[SHORT_LEASE]);
    world.open_store(json!({})).await;
    let rounds: usize = scale::pick(2, 20);
    let mut cancelled = 0;
    for round in 0..rounds {
        let ids: Vec<String> = (0..ORDERS).map(|number| format!("O-{round}-{number}")).collect();
        for (number, id) in ids.iter().enumerate() {
            let mut order = order(id);
            let tender = &mut order["tenders"][0];
            tender["provider_reference"] = REFERENCES[number % REFERENCES.len()].into();
            if number % 2 == 1 {
                tender["state"] = "TENDER_STATE_AUTHORIZED".into();
            }
            world.place(&order).await;
        }
        for id in &ids {
            world.until_ready(id).await;
        }
        let http = world.http();
        let calls = ids.iter().map(|id| async { cancel(&http, id, sold_out()).await.ok() });
        let made: Vec<Value> = join_all(calls).await;
        world.kill();
        let open = "SELECT count(*) FROM refunds WHERE state = 'PENDING'";
        let open = world.database.count(open);
        assert!(open >= 2, "{open}: nothing was between acceptance and settlement");
        world.start();
        for (id, made) in ids.iter().zip(&made) {
            until_completed(&world, made).await;
            let order = get(&world, id).await;
            assert_eq!(order["state"], "ORDER_STATE_CANCELLED");
            let refunds = world.http().get(&format!("{}/refunds", order_path(id))).await.ok();
            assert_eq!(refunds["refunds"].as_array().unwrap().len(), 1, "{refunds}");
        }
        cancelled += ids.len();
    }
    // The sandbox counts what it did: each payment went back once, half of them were let go.
    let side = |name: &str| {
        let sql = format!("SELECT balance FROM ledger_accounts WHERE name = '{name}'");
        world.database.count(&sql)
    };
    let half = i64::try_from(cancelled / 2).unwrap() * 1_150_000;
    assert_eq!((side("sandbox:returned"), side("sandbox:released")), (half, half));
}
