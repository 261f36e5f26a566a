//! However often one store calls, another has its share.

mod flood;

use crate::{
    on_both,
    world::{Backend, Grpc, Http, STORE, World, eventually, order, order_path, reason_of, unique},
};
use futures_util::future::join_all;
use serde_json::json;
use std::time::Duration;
use tokio::task::JoinHandle;
use tonic::{Code, Request};
use tonic_types::StatusExt as _;
use wire::{
    events::v1::{WatchEventsRequest, event_service_client::EventServiceClient},
    orders::v1::GetOrderRequest,
    refunds::v1::CreateRefundRequest,
};

on_both!(
    a_store_above_its_rate_is_told_when_to_come_back,
    calls_wait_for_a_place_and_stores_take_turns,
    a_store_with_all_of_its_calls_under_way_leaves_places_to_others,
);

const OTHER: &str = "other";

/// The secret of a manager of a store.
async fn token_of(world: &World, store_id: &str) -> String {
    let body = json!({"request_id": unique("token"), "name": "t", "role": "ROLE_MANAGER"});
    let made = world.http().post(&format!("/v1/stores/{store_id}/tokens"), &body).await.ok();
    made["secret"].as_str().unwrap().to_owned()
}

/// Two stores with an order each.
async fn two_stores(world: &World) {
    world.open_store(json!({})).await;
    world.open_store_named(OTHER, "guid-other", json!({})).await;
    world.ready(&order("O-1")).await;
    let placed = json!({"request_id": unique("order"), "order": order("O-1")});
    world.http().post(&format!("/v1/stores/{OTHER}/orders"), &placed).await.ok();
}

fn get(store_id: &str) -> GetOrderRequest {
    GetOrderRequest { store_id: store_id.to_owned(), order_id: "O-1".to_owned() }
}

fn refund(request_id: &str) -> CreateRefundRequest {
    CreateRefundRequest {
        store_id: STORE.to_owned(),
        order_id: "O-1".to_owned(),
        request_id: request_id.to_owned(),
        shipping_amount: Some("0.10".to_owned()),
        ..CreateRefundRequest::default()
    }
}

async fn a_store_above_its_rate_is_told_when_to_come_back(mut world: World) {
    two_stores(&world).await;
    let secret = token_of(&world, STORE).await;
    world.restart_with(&[
        ("MERIDIAN__LIMITS__RATE_PER_STORE", "2"),
        ("MERIDIAN__LIMITS__BURST_PER_STORE", "20"),
    ]);
    let platform = world.grpc().await;
    let ours = platform.token(&secret);
    // However slowly they come, 60 of them are more than there may be.
    let calls =
        join_all((0..60).map(|_| async { ours.orders().get_order(get(STORE)).await })).await;
    let served = calls.iter().filter(|call| call.is_ok()).count();
    let refused: Vec<_> = calls.into_iter().filter_map(Result::err).collect();
    assert!((20..40).contains(&served), "{served} were served");
    for status in &refused {
        assert_eq!((status.code(), &*reason_of(status)), (Code::ResourceExhausted, "RATE_LIMITED"));
        let retry = status.get_error_details().retry_info().unwrap().retry_delay.unwrap();
        assert!(!retry.is_zero() && retry <= Duration::from_millis(500), "{retry:?}");
    }
    // Over REST in whole seconds.
    let http = Http::to(world.process().http()).token(&secret);
    let limited = eventually("a refusal", || async {
        let answer = http.get(&order_path("O-1")).await;
        (answer.status == 429).then_some(answer)
    })
    .await;
    limited.refused(429, "RATE_LIMITED");
    assert_eq!(limited.headers["retry-after"], "1");
    // Whoever comes back when it was told is served.
    let told =
        eventually("a refusal", || async { ours.orders().get_order(get(STORE)).await.err() }).await;
    let retry = told.get_error_details().retry_info().unwrap().retry_delay.unwrap();
    tokio::time::sleep(retry).await;
    ours.orders().get_order(get(STORE)).await.unwrap();
    // Nobody else has less for it: another store has not, nor the platform at this very store.
    world.http().get(&order_path("O-1")).await.ok();
    platform.orders().get_order(get(OTHER)).await.unwrap();
}

/// Whatever is committed waits for the lock, and its call has a place for as long.
async fn calls_wait_for_a_place_and_stores_take_turns(mut world: World) {
    two_stores(&world).await;
    let secrets = [token_of(&world, STORE).await, token_of(&world, OTHER).await];
    world.restart_with(&[
        ("MERIDIAN__GRPC__MAX_CONCURRENT_CALLS", "1"),
        ("MERIDIAN__LIMITS__WAITING_CALLS", "2"),
        ("MERIDIAN__LIMITS__WAIT", "1m"),
        ("MERIDIAN__DATABASE__STATEMENT_TIMEOUT", "5m"),
    ]);
    let grpc = world.grpc().await;
    let [ours, theirs] = secrets.each_ref().map(|secret| grpc.token(secret));
    let lock = world.database.lock();
    let holds = spawned(&ours, |grpc| async move {
        grpc.refunds().create_refund(patiently(refund("r-1"))).await
    });
    // Over the gateway, because a gRPC client keeps the deadline by itself.
    let http = Http::to(world.process().http()).token(&secrets[0]).with("grpc-timeout", "300m");
    let hurried = || async {
        let answer = http.get(&order_path("O-1")).await;
        (answer.status != 200).then_some(answer)
    };
    // No call waits beyond its own deadline.
    let late = eventually("the place to be taken", &hurried).await;
    late.refused(504, "DEADLINE_EXCEEDED");
    let mine =
        |grpc: Grpc| async move { grpc.orders().get_order(patiently(get(STORE))).await.map(drop) };
    // The queue takes two of three, and nobody else of the same store.
    let waiting = [spawned(&ours, mine), spawned(&ours, mine), spawned(&ours, mine)];
    let over = |number: usize| waiting.iter().filter(|call| call.is_finished()).count() >= number;
    eventually("the queue to be full", || async { over(1).then_some(()) }).await;
    let refused = hurried().await.unwrap();
    refused.refused(503, "OVERLOADED");
    assert_eq!(refused.headers["retry-after"], "1");
    // Whoever has less in it takes the place of whoever has more.
    let other =
        spawned(
            &theirs,
            |grpc| async move { grpc.orders().get_order(patiently(get(OTHER))).await },
        );
    eventually("one of ours to make room", || async { over(2).then_some(()) }).await;
    drop(lock);
    holds.await.unwrap().unwrap();
    other.await.unwrap().unwrap();
    let mut served = 0;
    for call in waiting {
        match call.await.unwrap() {
            Ok(()) => served += 1,
            Err(status) => {
                assert_eq!(reason_of(&status), "OVERLOADED");
                assert!(status.get_error_details().retry_info().is_some());
            }
        }
    }
    assert_eq!(served, 1);
}

async fn a_store_with_all_of_its_calls_under_way_leaves_places_to_others(mut world: World) {
    two_stores(&world).await;
    let secrets = [token_of(&world, STORE).await, token_of(&world, OTHER).await];
    // With a share of all of them it does not: then it is the share that makes the difference.
    for (share, is_served) in [("2", true), ("4", false)] {
        world.restart_with(&[
            ("MERIDIAN__GRPC__MAX_CONCURRENT_CALLS", "4"),
            ("MERIDIAN__LIMITS__CALLS_PER_STORE", share),
            ("MERIDIAN__LIMITS__WAITING_CALLS", "0"),
            ("MERIDIAN__DATABASE__STATEMENT_TIMEOUT", "5m"),
        ]);
        let grpc = world.grpc().await;
        let [ours, theirs] = secrets.each_ref().map(|secret| grpc.token(secret));
        let lock = world.database.lock();
        let calls: Vec<_> = (0..4)
            .map(|number| {
                let request = refund(&format!("r-{share}-{number}"));
                spawned(&ours, |grpc| async move { until_let_in(&grpc, request).await })
            })
            .collect();
        eventually("our calls to have all that they get", || async {
            let ours = ours.orders().get_order(get(STORE)).await;
            let theirs = theirs.orders().get_order(get(OTHER)).await;
            (ours.is_err() && theirs.is_ok() == is_served).then_some(())
        })
        .await;
        for _ in 0..20 {
            let theirs = theirs.orders().get_order(get(OTHER)).await;
            assert_eq!(theirs.is_ok(), is_served, "{theirs:?}");
        }
        drop(lock);
        for call in calls {
            call.await.unwrap();
        }
    }
}

async fn until_let_in(grpc: &Grpc, request: CreateRefundRequest) {
    eventually("a place", || async {
        match grpc.refunds().create_refund(patiently(request.clone())).await {
            Ok(_) => Some(()),
            Err(status) => {
                assert_eq!(reason_of(&status), "OVERLOADED");
                None
            }
        }
    })
    .await;
}

fn spawned<T: Send + 'static, F>(grpc: &Grpc, call: impl FnOnce(Grpc) -> F) -> JoinHandle<T>
where
    F: Future<Output = T> + Send + 'static,
{
    tokio::spawn(call(grpc.clone()))
}

/// A call that waits for as long as it has to.
fn patiently<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(Duration::from_mins(2));
    request
}

/// What they cost is a look-up, and those have places of their own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_are_in_nobodys_way() {
    const GUESSES: usize = 400;
    // Looked up, and waiting for it.
    const IN: usize = 16 + 256;
    let mut world = World::on(Backend::Postgresql);
    two_stores(&world).await;
    world.restart_with(&[("MERIDIAN__GRPC__MAX_CONCURRENT_CALLS", "4")]);
    let platform = world.grpc().await;
    let mut connections = Vec::new();
    for _ in 0..GUESSES.div_ceil(150) {
        connections.push(world.grpc().await);
    }
    let lock = world.database.lock_tokens();
    let guesses: Vec<_> = (0..GUESSES)
        .map(|number| {
            let guess = connections[number % connections.len()].token(&format!("mrd_{number}"));
            spawned(
                &guess,
                |grpc| async move { grpc.orders().get_order(patiently(get(STORE))).await },
            )
        })
        .collect();
    let over = || guesses.iter().filter(|guess| guess.is_finished()).count();
    eventually("too many guesses", || async { (over() >= GUESSES - IN).then_some(()) }).await;
    for _ in 0..20 {
        platform.orders().get_order(get(OTHER)).await.unwrap();
    }
    drop(lock);
    let mut reasons = Vec::new();
    for guess in guesses {
        reasons.push(reason_of(&guess.await.unwrap().unwrap_err()));
    }
    reasons.sort();
    reasons.dedup();
    assert!(
        reasons.iter().all(|it| ["OVERLOADED", "UNAUTHENTICATED"].contains(&&**it)),
        "{reasons:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_call_too_many_on_a_connection_waits_at_its_client() {
    let world = World::with(Backend::Sqlite, &[("MERIDIAN__GRPC__MAX_CONCURRENT_STREAMS", "1")]);
    world.open_store(json!({})).await;
    world.ready(&order("O-1")).await;
    let (first, second) = (world.grpc().await, world.grpc().await);
    let watch = WatchEventsRequest { store_id: STORE.to_owned(), ..WatchEventsRequest::default() };
    let events = EventServiceClient::new(first.called()).watch_events(watch).await.unwrap();
    let waits = spawned(&first, |grpc| async move { grpc.orders().get_order(get(STORE)).await });
    // Another connection is not concerned.
    second.orders().get_order(get(STORE)).await.unwrap();
    assert!(!waits.is_finished());
    drop(events);
    waits.await.unwrap().unwrap();
}
