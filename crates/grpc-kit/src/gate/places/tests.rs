use super::*;
use tokio::task::JoinHandle;

const ROOM: Room = Room { places: 4, per_store: 3, queue: 6, patience: Duration::from_secs(1) };

fn waiting(places: &Places, store: &'static str) -> JoinHandle<Result<Place, Full>> {
    let places = places.clone();
    tokio::spawn(async move { places.take(store).await })
}

/// Whether it had a place, which it gives back at once.
fn served(places: &Places, store: &'static str) -> JoinHandle<bool> {
    let places = places.clone();
    tokio::spawn(async move { places.take(store).await.is_ok() })
}

/// Lets everybody go as far as they can. The time stands still meanwhile.
async fn settled() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

async fn taken(places: &Places, store: &str, number: usize) -> Vec<Place> {
    let mut taken = Vec::new();
    for _ in 0..number {
        taken.push(places.take(store).await.unwrap());
    }
    taken
}

/// Nothing may be left of anybody once all is over.
fn is_empty(places: &Places) -> bool {
    let state = places.state();
    (state.taken, state.waiting, state.stores.len(), state.turns.len()) == (0, 0, 0, 0)
}

#[tokio::test(start_paused = true)]
async fn one_store_never_has_all_places() {
    let places = Places::new(ROOM);
    let mut first = taken(&places, "a", 3).await;
    let fourth = waiting(&places, "a");
    settled().await;
    assert!(!fourth.is_finished());
    let other = places.take("b").await.unwrap();
    first.pop();
    let fourth = fourth.await.unwrap().unwrap();
    drop((first, fourth, other));
    assert!(is_empty(&places));
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_has_the_next_place_and_stores_take_turns() {
    let places = Places::new(Room { per_store: 4, ..ROOM });
    let mut held = taken(&places, "a", 4).await;
    let many: Vec<_> = (0..4).map(|_| waiting(&places, "a")).collect();
    settled().await;
    let few = [waiting(&places, "b"), waiting(&places, "c")];
    settled().await;
    // The turns are a, b, c, a.
    held.drain(..3);
    settled().await;
    assert!(few.iter().all(JoinHandle::is_finished));
    assert_eq!(many.iter().filter(|call| call.is_finished()).count(), 1);
    held.clear();
    let mut all = many;
    all.extend(few);
    for call in all {
        drop(call.await.unwrap().unwrap());
    }
    assert!(is_empty(&places));
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_longer_than_the_patience() {
    let places = Places::new(Room { places: 1, per_store: 1, ..ROOM });
    let held = places.take("a").await.unwrap();
    let began = tokio::time::Instant::now();
    assert!(places.take("b").await.is_err());
    assert_eq!(began.elapsed(), ROOM.patience);
    drop(held);
    assert!(is_empty(&places));
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_refuses_at_once_whoever_has_most_in_it() {
    let places = Places::new(Room { places: 1, per_store: 1, ..ROOM });
    let held = places.take("a").await.unwrap();
    let flood: Vec<_> = (0..ROOM.queue).map(|_| served(&places, "a")).collect();
    settled().await;
    let began = tokio::time::Instant::now();
    assert!(places.take("a").await.is_err());
    assert_eq!(began.elapsed(), Duration::ZERO);
    // The flood's last make room for others, until all have alike.
    let others: Vec<_> = (0..3).map(|_| served(&places, "b")).collect();
    settled().await;
    let refused: Vec<_> = flood.iter().map(JoinHandle::is_finished).collect();
    assert_eq!(refused, [false, false, false, true, true, true]);
    assert!(others.iter().all(|call| !call.is_finished()));
    assert!(places.take("b").await.is_err());
    drop(held);
    let mut number = 0;
    for call in flood.into_iter().chain(others) {
        number += u32::from(call.await.unwrap());
    }
    assert_eq!(number, 6);
    assert!(is_empty(&places));
}

#[tokio::test(start_paused = true)]
async fn whoever_leaves_the_queue_is_in_nobodys_way() {
    let places = Places::new(Room { places: 1, per_store: 1, ..ROOM });
    let held = places.take("a").await.unwrap();
    let left: Vec<_> = (0..ROOM.queue).map(|_| waiting(&places, "b")).collect();
    settled().await;
    for call in &left {
        call.abort();
    }
    settled().await;
    let stays = waiting(&places, "c");
    settled().await;
    drop(held);
    drop(stays.await.unwrap().unwrap());
    assert!(is_empty(&places));
}

/// The place is on its way to somebody who leaves before it is there.
#[tokio::test(start_paused = true)]
async fn a_place_that_comes_too_late_is_the_next_ones() {
    let places = Places::new(Room { places: 1, per_store: 1, ..ROOM });
    let held = places.take("a").await.unwrap();
    let leaves = waiting(&places, "b");
    let stays = waiting(&places, "c");
    settled().await;
    drop(held);
    leaves.abort();
    drop(stays.await.unwrap().unwrap());
    assert!(is_empty(&places));
}

/// Whatever they do, no more run than may, and nothing is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn places_are_neither_lost_nor_given_twice() {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    let room = Room { places: 3, per_store: 2, queue: 8, patience: Duration::from_millis(2) };
    let (places, running) = (Places::new(room), Arc::new(AtomicUsize::new(0)));
    let calls = (0..4_000_usize).map(|number| {
        let (places, running) = (places.clone(), Arc::clone(&running));
        tokio::spawn(async move {
            let store = ["a", "b", "c"][number % 3];
            // Some leave before they are let in.
            let patience = Duration::from_micros(u64::try_from(number % 7).unwrap() * 100);
            let Ok(Ok(place)) = timeout(patience, places.take(store)).await else { return 0 };
            assert!(running.fetch_add(1, SeqCst) < room.places);
            tokio::task::yield_now().await;
            running.fetch_sub(1, SeqCst);
            drop(place);
            1
        })
    });
    let mut served = 0;
    for call in calls.collect::<Vec<_>>() {
        served += call.await.unwrap();
    }
    assert!(served > 0);
    assert!(is_empty(&places));
}
