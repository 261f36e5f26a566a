//! Events that are passed on to a broker, in virtual time.

use super::world::{Running, World, seconds};
use crate::{Broadcaster, BroadcasterPorts, BroadcasterSettings};
use async_trait::async_trait;
use payments::names::SANDBOX;
use ports::{
    Clock as _, EventFeed as _, Lease, PublishError, Published, Publisher, PublisherCursors as _,
};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Takes events, or as many of a batch as it likes before it fails.
struct Broker {
    takes: Mutex<Box<dyn FnMut(usize) -> usize + Send>>,
    lasts: Duration,
    batches: Mutex<Vec<Vec<String>>>,
}

impl Broker {
    fn new(lasts: Duration, takes: impl FnMut(usize) -> usize + Send + 'static) -> Arc<Self> {
        let takes = Mutex::new(Box::new(takes) as _);
        Arc::new(Self { takes, lasts, batches: Mutex::default() })
    }

    fn all(&self) -> Vec<String> {
        self.batches.lock().unwrap().concat()
    }

    /// In the sequence in which they came first.
    fn stored(&self) -> Vec<String> {
        let mut known = BTreeSet::new();
        let mut all = self.all();
        all.retain(|id| known.insert(id.clone()));
        all
    }

    fn sizes(&self) -> Vec<usize> {
        self.batches.lock().unwrap().iter().map(Vec::len).collect()
    }
}

#[async_trait]
impl Publisher for Broker {
    async fn publish(&self, events: &[Published<'_>]) -> Result<(), PublishError> {
        let taken = (self.takes.lock().unwrap())(events.len()).min(events.len());
        for event in events {
            let body: serde_json::Value = serde_json::from_slice(event.body).unwrap();
            assert_eq!(body["data"]["event_id"], event.event_id.to_string());
            assert_eq!(body["type"], event.kind);
        }
        let ids = events[..taken].iter().map(|event| event.event_id.to_string());
        self.batches.lock().unwrap().push(ids.collect());
        tokio::time::sleep(self.lasts).await;
        if taken < events.len() {
            return Err(PublishError::Unavailable("the line broke".into()));
        }
        Ok(())
    }
}

fn start(world: &World, owner: &str, broker: &Arc<Broker>) -> Running {
    let (feed, cursors, publisher) = (world.store.clone(), world.store.clone(), broker.clone());
    let ports = BroadcasterPorts { feed, cursors, publisher };
    // Nobody tells: it looks for itself.
    let last = watch::Sender::new(0).subscribe();
    let settings = BroadcasterSettings { lease: seconds(3), ..BroadcasterSettings::default() };
    let broadcaster = Broadcaster::new("broker", ports, last, world.clock.clone(), settings, owner);
    let stop = CancellationToken::new();
    Running { join: tokio::spawn(broadcaster.run(stop.clone())), stop }
}

async fn orders(world: &World, batch: usize, count: usize) {
    for number in 0..count {
        world.captured(&format!("o{batch}-{number}"), &[(SANDBOX, "p1", "1.00")]).await;
    }
}

async fn ids(world: &World) -> Vec<String> {
    let events = world.store.all_events(0, 100_000).await.unwrap();
    events.iter().map(|event| event.event_id.to_string()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_broker_is_told_everything_in_its_order() {
    let world = World::new().await;
    orders(&world, 0, 1_200).await;
    let broker = Broker::new(Duration::ZERO, |count| count);
    let broadcaster = start(&world, "b1", &broker);
    tokio::time::sleep(seconds(1)).await;
    assert_eq!(broker.sizes(), [500, 500, 200]);
    orders(&world, 1, 3).await;
    tokio::time::sleep(seconds(1)).await;
    broadcaster.stop().await;
    assert_eq!(broker.all(), ids(&world).await);
    // Whoever comes next goes on from there.
    let broadcaster = start(&world, "b2", &broker);
    orders(&world, 2, 1).await;
    tokio::time::sleep(seconds(1)).await;
    broadcaster.stop().await;
    assert_eq!(broker.sizes().last(), Some(&1));
    assert_eq!(broker.all(), ids(&world).await);
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_fails_is_sent_the_same_again() {
    let world = World::new().await;
    orders(&world, 0, 20).await;
    let mut tries = 0;
    let broker = Broker::new(Duration::ZERO, move |count| {
        tries += 1;
        if tries <= 4 { 7 } else { count }
    });
    let broadcaster = start(&world, "b1", &broker);
    tokio::time::sleep(seconds(10)).await;
    broadcaster.stop().await;
    assert_eq!(broker.sizes(), [7, 7, 7, 7, 20]);
    assert_eq!(broker.stored(), ids(&world).await);
}

#[tokio::test(start_paused = true)]
async fn whose_cursor_was_taken_publishes_nothing_more() {
    let world = World::new().await;
    orders(&world, 0, 2_000).await;
    let broker = Broker::new(seconds(2), |count| count);
    let broadcaster = start(&world, "b1", &broker);
    tokio::time::sleep(seconds(3)).await;
    let (far, owner) = (world.clock.now() + seconds(3_600), "another".to_owned());
    let lease = Lease { owner, until: far + seconds(3_600) };
    let cursor = world.store.claim_cursor("broker", &lease, far).await.unwrap();
    assert_eq!(cursor, Some(500));
    tokio::time::sleep(seconds(60)).await;
    broadcaster.stop().await;
    assert_eq!(broker.sizes().len(), 2);
    world.store.release_cursor("broker", "another").await.unwrap();
    assert_eq!(world.store.claim_cursor("broker", &lease, far).await.unwrap(), Some(500));
}

/// Two processes, of which one is killed now and then, and a broker that fails now and then.
async fn one_run(seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    let world = World::new().await;
    let mut moods = StdRng::seed_from_u64(seed + 1);
    let broker = Broker::new(Duration::from_millis(700), move |count| {
        if moods.random_ratio(1, 4) { moods.random_range(0..=count) } else { count }
    });
    let mut running = vec![start(&world, "b1", &broker), start(&world, "b2", &broker)];
    for batch in 0..10 {
        let count = random.random_range(0..9);
        orders(&world, batch, count).await;
        tokio::time::sleep(Duration::from_millis(random.random_range(0..3_000))).await;
        if random.random_ratio(1, 3) {
            running.remove(random.random_range(0..2)).kill().await;
            running.push(start(&world, &format!("k{batch}"), &broker));
        }
    }
    tokio::time::sleep(seconds(300)).await;
    for broadcaster in running {
        broadcaster.stop().await;
    }
    // Nothing was passed over, not even for a while.
    assert_eq!(broker.stored(), ids(&world).await, "seed {seed}");
}

#[tokio::test(start_paused = true)]
async fn after_crashes_a_broker_has_everything_in_its_order() {
    for seed in 0..testkit::scale::pick(100, 5_000) {
        one_run(seed).await;
    }
}
