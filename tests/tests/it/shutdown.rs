//! Starting and ending: nothing is lost, nobody is in the way of anybody else.

use crate::{
    crash::SHORT_LEASE,
    on_both,
    world::{
        Backend, Database, Http, PLATFORM, STORE, World, eventually, order, order_path, unique,
    },
};
use futures_util::future::join_all;
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;

on_both!(
    a_call_in_flight_comes_to_its_end_when_the_process_is_told_to_stop,
    a_process_is_ready_within_a_second,
    what_a_process_left_behind_is_carried_on,
    two_processes_carry_every_leg_once,
);

async fn a_call_in_flight_comes_to_its_end_when_the_process_is_told_to_stop(mut world: World) {
    world.open_store(json!({})).await;
    let mut slow = order("O-1");
    slow["tenders"][0]["provider_reference"] = "sandbox-settle-later-1500".into();
    world.ready(&slow).await;
    let (http, address) = (world.http(), world.process().http());
    let path = format!("{}/refunds", order_path("O-1"));
    let call = {
        let (http, path) = (http.clone(), path.clone());
        let body = json!({"request_id": "r-1", "shipping_amount": "1.00", "wait": "WAIT_SETTLED"});
        tokio::spawn(async move { http.post(&path, &body).await })
    };
    eventually("the refund to be committed", || async {
        let listed = http.get(&path).await.ok();
        (listed["refunds"].as_array()?.len() == 1).then_some(())
    })
    .await;
    assert!(!call.is_finished());
    let process = world.take();
    let ending = tokio::task::spawn_blocking(move || process.terminate());
    eventually("the process to take no more calls", || async {
        TcpStream::connect(address).await.is_err().then_some(())
    })
    .await;
    let answer = call.await.unwrap().ok();
    assert_eq!(answer["state"], "REFUND_STATE_SUCCEEDED");
    assert_eq!(ending.await.unwrap().code(), Some(0));

    world.start();
    let refund = world.until_over(&answer).await;
    assert_eq!(refund["state"], "REFUND_STATE_SUCCEEDED");
    assert_eq!(world.refundable("O-1").await["shipping"]["customer"], "9.00");
}

async fn a_process_is_ready_within_a_second(mut world: World) {
    world.open_store(json!({})).await;
    world.ready(&order("O-1")).await;
    let mut fastest = Duration::MAX;
    // Whatever else runs on the machine may slow one start down, but not five.
    for _ in 0..5 {
        assert!(world.terminate().success());
        let begun = Instant::now();
        world.start();
        fastest = fastest.min(begun.elapsed());
    }
    assert!(fastest < Duration::from_secs(1), "ready after {fastest:?}");
    let ready = world.http().anonymous().get("/readyz").await.ok();
    assert_eq!(ready["status"], "SERVING");
    assert_eq!(world.http().get(&order_path("O-1")).await.ok()["state"], "ORDER_STATE_READY");
}

async fn what_a_process_left_behind_is_carried_on(mut world: World) {
    world.open_store(json!({})).await;
    let mut slow = order("O-1");
    slow["tenders"][0]["provider_reference"] = "sandbox-settle-later-500".into();
    world.ready(&slow).await;
    let refund = world.refund("O-1", &json!({"shipping_amount": "1.00"})).await.ok();
    world.place(&order("O-2")).await;
    assert!(world.terminate().success());
    world.start();
    world.until_ready("O-2").await;
    let refund = world.until_over(&refund).await;
    assert_eq!(refund["state"], "REFUND_STATE_SUCCEEDED");
}

async fn two_processes_carry_every_leg_once(world: World) {
    const REFUNDS: usize = 40;
    let other = world.launch(&[SHORT_LEASE]).start().unwrap();
    let processes = [world.http(), Http::to(other.http()).token(PLATFORM)];
    world.open_store(json!({})).await;
    let orders = ["O-1", "O-2", "O-3", "O-4"];
    for order_id in orders {
        world.ready(&order(order_id)).await;
    }
    let calls = (0..REFUNDS).map(|number| {
        let path = format!("{}/refunds", order_path(orders[number % orders.len()]));
        let body = json!({"request_id": unique("two"), "shipping_amount": "0.01"});
        let http = &processes[number % 2];
        async move { http.post(&path, &body).await.ok() }
    });
    let made = join_all(calls).await;
    for refund in &made {
        let over = world.until_over(refund).await;
        assert_eq!(over["state"], "REFUND_STATE_SUCCEEDED");
        assert_eq!(over["legs"][0]["attempts"], 1, "{over}");
    }
    let transfers = "SELECT count(*) FROM ledger_transfers WHERE to_account = 'sandbox:returned'";
    assert_eq!(usize::try_from(world.database.count(transfers)).unwrap(), REFUNDS);
    assert!(other.terminate().success());
}

/// The first start makes the tables, whoever it is.
fn start_together(backend: Backend) {
    const PROCESSES: usize = 4;
    let world = World::unstarted(Database::fresh(backend));
    let started: Vec<_> = std::thread::scope(|scope| {
        let starting: Vec<_> = (0..PROCESSES)
            .map(|_| {
                let launch = world.launch(&[]);
                scope.spawn(move || launch.start().unwrap_or_else(|error| panic!("{error}")))
            })
            .collect();
        starting.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let http: Vec<_> =
            started.iter().map(|process| Http::to(process.http()).token(PLATFORM)).collect();
        let store = json!({
            "store_id": STORE, "request_id": "s-1", "name": "S", "merchant_guid": "g",
            "currency": "EUR",
        });
        let made = join_all(http.iter().map(|http| http.post("/v1/stores", &store))).await;
        assert!(made.iter().all(|answer| answer.bytes == made[0].bytes), "{made:?}");
        for http in http {
            http.get(&format!("/v1/stores/{STORE}")).await.ok();
        }
    });
    assert!(started.into_iter().all(|process| process.terminate().success()));
}

#[test]
fn several_processes_start_at_once_on_an_empty_sqlite_file() {
    start_together(Backend::Sqlite);
}

#[test]
fn several_processes_start_at_once_on_an_empty_postgresql() {
    start_together(Backend::Postgresql);
}
