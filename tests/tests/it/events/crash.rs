//! The database is stopped at once, and sequencers are killed, while orders come in: the feed is
//! whole.

use crate::world::{Database, STORE, World, eventually, order, unique};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use testkit::{
    postgres::{Options, Server},
    scale,
};
use tokio::time::{Instant, sleep};

const WRITERS: usize = 16;
const STOPS: usize = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_feed_is_whole_after_stops_of_the_database_and_kills_of_a_sequencer() {
    let mut server = Server::start(Options::default());
    let database = Database::Postgresql(server.fresh_database());
    let world = Arc::new(World::at(database, &[]));
    let sequencer = || {
        let launch = world.launch(&[
            ("MERIDIAN__SERVE__SERVICES", "merchants"),
            ("MERIDIAN__SERVE__WORKERS", "sequencer"),
        ]);
        launch.start().unwrap_or_else(|error| panic!("{error}"))
    };
    world.open_store(json!({})).await;
    let done = Arc::new(AtomicBool::new(false));
    let writers = (0..WRITERS).map(|writer| {
        let (world, done) = (Arc::clone(&world), Arc::clone(&done));
        tokio::spawn(async move { write(&world, writer, &done).await })
    });
    let writers: Vec<_> = writers.collect();
    let reader = {
        let (world, done) = (Arc::clone(&world), Arc::clone(&done));
        tokio::spawn(async move { read(&world, &done).await })
    };
    let mut second = sequencer();
    let pause = Duration::from_secs(scale::pick(8, 60)) / 4;
    for _ in 0..STOPS {
        sleep(pause).await;
        second.kill9();
        second = sequencer();
        server.stop_immediate();
        server.restart();
    }
    sleep(pause).await;
    done.store(true, Ordering::SeqCst);
    let acknowledged: usize =
        join_all(writers).await.into_iter().map(|writer| writer.unwrap()).sum();
    let seen = tokio::time::timeout(Duration::from_mins(2), reader).await.unwrap().unwrap();
    let facts = "SELECT count(*) FROM facts WHERE sequence IS NOT NULL";
    let written = world.database.count(facts);
    println!("{acknowledged} orders acknowledged, {written} events written, {} read", seen.len());
    assert_eq!(i64::try_from(seen.len()).unwrap(), written, "missed or doubled");
    assert_eq!(seen.iter().collect::<HashSet<_>>().len(), seen.len(), "doubled");
    assert!(acknowledged > WRITERS);
    let received = "SELECT count(*) FROM event_log WHERE kind = 'order.received'";
    assert!(world.database.count(received) >= i64::try_from(acknowledged).unwrap());
    assert!(second.terminate().success());
}

/// Places orders until told to stop; what is not answered is asked for again with the same id.
async fn write(world: &World, writer: usize, done: &AtomicBool) -> usize {
    let http = world.http();
    let mut acknowledged = 0;
    for number in 0.. {
        if done.load(Ordering::SeqCst) {
            return acknowledged;
        }
        let placed = order(&format!("O-{writer}-{number}"));
        let body = json!({"request_id": unique("order"), "order": placed});
        let until = Instant::now() + Duration::from_mins(1);
        loop {
            let answer = http.post(&format!("/v1/stores/{STORE}/orders"), &body).await;
            if answer.status == 200 {
                acknowledged += 1;
                break;
            }
            assert!(answer.status >= 500, "{}", answer.text());
            assert!(Instant::now() < until, "{}", answer.text());
            sleep(Duration::from_millis(50)).await;
        }
        sleep(Duration::from_millis(20)).await;
    }
    acknowledged
}

/// Follows the feed by the id of the last event that it has.
async fn read(world: &World, done: &AtomicBool) -> Vec<String> {
    let http = world.http();
    let (mut after, mut seen, mut position) = (String::new(), Vec::new(), 0_i64);
    loop {
        let finished = done.load(Ordering::SeqCst) && everything_is_numbered(world).await;
        let path = format!("/v1/stores/{STORE}/events?page_size=200&after={after}");
        let answer = http.get(&path).await;
        if answer.status >= 500 {
            sleep(Duration::from_millis(50)).await;
            continue;
        }
        let page = answer.ok();
        let events: &Vec<Value> = page["events"].as_array().unwrap();
        for event in events {
            let here: i64 = event["position"].as_str().unwrap().parse().unwrap();
            assert_eq!(here, position + 1, "a gap");
            position = here;
            after = event["event_id"].as_str().unwrap().to_owned();
            seen.push(after.clone());
        }
        if finished && events.is_empty() {
            return seen;
        }
        if events.is_empty() {
            sleep(Duration::from_millis(5)).await;
        }
    }
}

/// Once nothing is under way any more: no task that may still write, and nothing to be numbered.
async fn everything_is_numbered(world: &World) -> bool {
    eventually("everything to be numbered", || async {
        let waiting = "SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) FROM tasks \
                       WHERE kind = 'process_order')";
        (world.database.count(waiting) == 0).then_some(true)
    })
    .await
}
