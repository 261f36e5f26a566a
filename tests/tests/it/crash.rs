//! The process is killed under load, again and again: what it said yes to is there, once.

use crate::{
    on_both,
    world::{Grpc, STORE, World, eventually, order},
};
use futures_util::future::join_all;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use testkit::scale;
use tonic::{Code, Status};
use wire::refunds::v1::{CreateRefundRequest, Refund};

on_both!(what_was_acknowledged_is_there_once_and_every_leg_settles_once);

const CLIENTS: usize = 8;
const ORDERS: usize = 24;
const SEED: u64 = 7;

/// A leg that a killed process held is taken over when its lease is over.
pub const SHORT_LEASE: (&str, &str) = ("MERIDIAN__PAYMENTS__LEASE", "2s");

/// How the payments behave: well, losing answers, losing requests, asking to come again.
const REFERENCES: [&str; 4] =
    ["pay", "sandbox-lose-answer", "sandbox-never-received", "sandbox-flaky"];

/// A request, and what was answered to it before the process was gone.
type Sent = (CreateRefundRequest, Option<Refund>);

async fn what_was_acknowledged_is_there_once_and_every_leg_settles_once(mut world: World) {
    world.restart_with(&[SHORT_LEASE]);
    world.open_store(json!({})).await;
    let orders: Vec<Value> = (0..ORDERS).map(behaving).collect();
    join_all(orders.iter().map(|order| world.place(order))).await;
    for number in 0..ORDERS {
        world.until_ready(&order_id(number)).await;
    }

    let mut random = StdRng::seed_from_u64(SEED);
    let mut all: Vec<Refund> = Vec::new();
    for round in 0..scale::pick(3, 20) {
        let sent = killed_under_load(&mut world, round, random.random_range(1..80)).await;
        let in_doubt = sent.iter().filter(|(_, answer)| answer.is_none()).count();
        assert_eq!(in_doubt, CLIENTS, "every client was left without an answer");
        world.start();
        all.extend(asked_again(&world, sent).await);
    }
    everything_settled_once(&world, &all).await;
}

fn order_id(number: usize) -> String {
    format!("O-{number}")
}

fn behaving(number: usize) -> Value {
    let mut order = order(&order_id(number));
    order["tenders"][0]["provider_reference"] = REFERENCES[number % REFERENCES.len()].into();
    order
}

/// Lets clients refund until the process, killed after so many yeses, is gone.
async fn killed_under_load(world: &mut World, round: usize, yeses: usize) -> Vec<Sent> {
    let said_yes = Arc::new(AtomicUsize::new(0));
    let grpc = world.grpc().await;
    let clients = (0..CLIENTS).map(|client| {
        tokio::spawn(refunding(grpc.clone(), format!("{round}-{client}"), Arc::clone(&said_yes)))
    });
    let clients: Vec<_> = clients.collect();
    eventually("refunds to be made", || async {
        (said_yes.load(Ordering::Relaxed) >= yeses).then_some(())
    })
    .await;
    world.kill();
    let mut sent = Vec::new();
    for client in clients {
        sent.extend(client.await.unwrap());
    }
    sent
}

/// One client, until nobody answers any more.
async fn refunding(grpc: Grpc, name: String, said_yes: Arc<AtomicUsize>) -> Vec<Sent> {
    let mut refunds = grpc.refunds();
    let mut sent = Vec::new();
    for number in 0.. {
        let request = CreateRefundRequest {
            store_id: STORE.to_owned(),
            order_id: order_id((name.len() + number * 7) % ORDERS),
            request_id: format!("{name}-{number}"),
            shipping_amount: Some("0.01".to_owned()),
            ..CreateRefundRequest::default()
        };
        match refunds.create_refund(request.clone()).await {
            Ok(answer) => {
                said_yes.fetch_add(1, Ordering::Relaxed);
                sent.push((request, answer.into_inner().refund));
            }
            Err(status) => {
                assert!(is_gone(&status), "{status:?}");
                sent.push((request, None));
                break;
            }
        }
    }
    sent
}

/// Whether a connection broke, and not a rule.
fn is_gone(status: &Status) -> bool {
    matches!(status.code(), Code::Unavailable | Code::Unknown | Code::Cancelled | Code::Internal)
}

/// The same requests again: what was answered is answered again, what was not is told now.
async fn asked_again(world: &World, sent: Vec<Sent>) -> Vec<Refund> {
    let grpc = world.grpc().await;
    let calls = sent.into_iter().map(|(request, before)| {
        let mut refunds = grpc.refunds();
        async move {
            let now = refunds.create_refund(request).await.unwrap().into_inner().refund;
            assert!(before.is_none() || before == now, "{before:?} became {now:?}");
            now.unwrap()
        }
    });
    join_all(calls).await
}

async fn everything_settled_once(world: &World, all: &[Refund]) {
    let database = &world.database;
    eventually("every refund to succeed", || async {
        let open = "SELECT count(*) FROM refunds WHERE state <> 'SUCCEEDED'";
        (database.count(open) == 0).then_some(())
    })
    .await;
    let ids: HashSet<_> = all.iter().map(|refund| &refund.refund_id).collect();
    assert_eq!(ids.len(), all.len(), "a refund was answered to two requests");
    let count = i64::try_from(all.len()).unwrap();
    assert_eq!(database.count("SELECT count(*) FROM refunds"), count);
    assert_eq!(
        database.count("SELECT count(DISTINCT refund_number) FROM refunds"),
        count,
        "numbers are unique"
    );

    // One movement at the provider for each leg, and nothing else.
    let returned = "FROM ledger_transfers WHERE to_account = 'sandbox:returned'";
    assert_eq!(database.count(&format!("SELECT count(*) {returned}")), count);
    let legs: HashSet<_> =
        all.iter().flat_map(|refund| &refund.legs).map(|leg| leg.leg_id.clone()).collect();
    let moved: HashSet<_> = database
        .rows(&format!("SELECT transfer_key {returned}"))
        .into_iter()
        .map(|mut row| row.remove(0))
        .collect();
    assert_eq!(moved, legs);

    // The tenders, the order and the provider agree to the cent.
    let (hundredths, cents) = (count * 100, Decimal::new(count, 2));
    let balance = "SELECT balance FROM ledger_accounts WHERE name = 'sandbox:returned'";
    assert_eq!(database.count(balance), hundredths);
    assert_eq!(database.count("SELECT sum(returned) FROM tenders"), hundredths);
    let mut settled = Decimal::ZERO;
    for number in 0..ORDERS {
        let order = world.http().get(&crate::world::order_path(&order_id(number))).await.ok();
        let refunded = order["tenders"][0]["refunded"].as_str().unwrap();
        assert_eq!(order["refunded"]["customer"], refunded);
        settled += refunded.parse::<Decimal>().unwrap();
    }
    assert_eq!(settled, cents);
}
