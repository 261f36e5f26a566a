//! Dispatchers that are killed at any time, and others that go on.

use super::{
    receivers::{Answer, Got, fails, takes},
    town::Town,
};
use crate::{
    DispatcherSettings,
    tests::world::{Running, seconds},
};
use payments::names::SANDBOX;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// Endpoints that take most of what they are sent, after a while, and some only later: within the
/// first five tries, as long as a run waits for.
fn moody(seed: u64) -> impl FnMut(&Got) -> Answer {
    let mut random = StdRng::seed_from_u64(seed);
    let mut failures = BTreeMap::<String, u32>::new();
    move |got| {
        let after = Duration::from_millis(random.random_range(0..1_500));
        let failed = failures.entry(got.id.clone()).or_default();
        if random.random_ratio(1, 5) && *failed < 4 {
            *failed += 1;
            return Answer { after, ..fails() };
        }
        Answer { after, ..takes() }
    }
}

fn settings(random: &mut StdRng) -> DispatcherSettings {
    DispatcherSettings {
        lease: seconds(3),
        concurrency: random.random_range(1..6),
        ahead: random.random_range(1..20),
        couriers: random.random_range(1..4),
        poll: seconds(30),
        ..DispatcherSettings::default()
    }
}

/// What happens to one order, one after the other.
async fn live(town: &Town, order_id: String, pauses: Vec<Duration>) {
    let world = &town.world;
    for (step, pause) in pauses.into_iter().enumerate() {
        tokio::time::sleep(pause).await;
        match step {
            0 => world.captured(&order_id, &[(SANDBOX, "p1", "25.00")]).await,
            1 => world.ready(&order_id).await,
            2 => world.accept_as(&order_id, &order_id).await,
            _ => drop(world.refund(&order_id).await),
        }
        town.signal().await;
    }
}

async fn one_run(seed: u64, kills: bool) -> usize {
    let mut random = StdRng::seed_from_u64(seed);
    let town = Town::new().await;
    let endpoints = random.random_range(1..4);
    for number in 0..endpoints {
        town.endpoint(number, moody(seed * 10 + u64::try_from(number).unwrap())).await;
    }
    let mut dispatchers: Vec<Running> = Vec::new();
    for owner in ["d0", "d1"] {
        dispatchers.push(town.start(owner, settings(&mut random)));
    }
    let orders = random.random_range(1..7);
    let pauses = |random: &mut StdRng| {
        let steps = random.random_range(1..5);
        (0..steps).map(|_| Duration::from_millis(random.random_range(0..2_000))).collect()
    };
    let lives: Vec<_> =
        (0..orders).map(|number| (format!("o{number}"), pauses(&mut random))).collect();
    let living = async {
        for (order_id, pauses) in lives {
            live(&town, order_id, pauses).await;
        }
    };
    let killing = async {
        for kill in 0..if kills { random.random_range(1..6) } else { 0 } {
            let pause = random.random_range(0..4_000);
            tokio::time::sleep(Duration::from_millis(pause)).await;
            let killed = dispatchers.remove(random.random_range(0..2));
            killed.kill().await;
            dispatchers.push(town.start(&format!("k{kill}"), settings(&mut random)));
        }
    };
    tokio::join!(living, killing);
    tokio::time::sleep(Duration::from_hours(12)).await;
    for dispatcher in dispatchers {
        dispatcher.stop().await;
    }
    let mut doubles = 0;
    for number in 0..endpoints {
        doubles += checked(&town, number, seed).await;
    }
    doubles
}

/// Every event was taken, always with the same content, and nothing of an order was even tried
/// before all that was before it was taken. Answers how many were taken more than once.
async fn checked(town: &Town, number: u128, seed: u64) -> usize {
    let context = format!("seed {seed}, endpoint {number}");
    let got = town.got(number);
    let events = town.events().await;
    let (mut taken, mut bodies) = (BTreeMap::<String, usize>::new(), BTreeMap::new());
    for got in &got {
        let event = events.iter().find(|event| event.event_id.to_string() == got.id);
        let event = event.unwrap_or_else(|| panic!("{context}: {} is made up", got.id));
        let before = events.iter().filter(|it| it.order_id == event.order_id);
        for before in before.filter(|it| it.position < event.position) {
            let id = before.event_id.to_string();
            assert!(taken.contains_key(&id), "{context}: {} came before {id}", got.id);
        }
        let first = bodies.entry(&got.id).or_insert(&got.bytes);
        assert_eq!(*first, &got.bytes, "{context}");
        if got.taken {
            *taken.entry(got.id.clone()).or_default() += 1;
        }
    }
    let ids: BTreeSet<_> = events.iter().map(|event| event.event_id.to_string()).collect();
    assert_eq!(taken.keys().cloned().collect::<BTreeSet<_>>(), ids, "{context}");
    let deliveries = town.deliveries(number).await;
    assert_eq!(deliveries.len(), events.len(), "{context}");
    taken.values().filter(|times| **times > 1).count()
}

#[tokio::test(start_paused = true)]
async fn after_crashes_every_event_came_and_of_each_order_in_sequence() {
    let mut doubles = 0;
    for seed in 0..testkit::scale::pick(60, 5_000) {
        doubles += one_run(seed, true).await;
    }
    // Otherwise nothing was interrupted, and the test proves nothing.
    assert!(doubles > 0);
}

#[tokio::test(start_paused = true)]
async fn without_crashes_every_event_came_once() {
    for seed in 0..testkit::scale::pick(30, 2_000) {
        assert_eq!(one_run(seed, false).await, 0, "seed {seed}");
    }
}
