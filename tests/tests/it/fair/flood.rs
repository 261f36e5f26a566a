//! One store calls ten times as often as it may, and its neighbour does not notice.

use super::{OTHER, get, token_of, two_stores};
use crate::{
    on_both,
    world::{Grpc, STORE, World, reason_of},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};
use testkit::scale;
use tokio::{task::JoinSet, time::interval};
use tonic_types::StatusExt as _;

on_both!(a_store_at_ten_times_its_rate_leaves_the_p99_of_another_alone);

/// Calls in a second that a store may make, so few that a build for tests has time for ten times as
/// many refusals.
const RATE: u32 = 40;
const TIMES: u32 = 10;
/// Calls in a second of the neighbour.
const QUIET: u32 = 25;
/// Whatever else runs on the machine may get in the way once, but not every time.
const TRIES: u32 = 5;
const MORE: Duration = Duration::from_millis(10);

async fn a_store_at_ten_times_its_rate_leaves_the_p99_of_another_alone(mut world: World) {
    two_stores(&world).await;
    let secrets = [token_of(&world, STORE).await, token_of(&world, OTHER).await];
    let rate = RATE.to_string();
    world.restart_with(&[
        ("MERIDIAN__LIMITS__RATE_PER_STORE", &rate),
        ("MERIDIAN__LIMITS__BURST_PER_STORE", &rate),
    ]);
    let [loud, quiet] =
        [world.grpc().await.token(&secrets[0]), world.grpc().await.token(&secrets[1])];
    let mut seen = Vec::new();
    for _ in 0..TRIES {
        let alone = p99_of(&quiet).await;
        let done = Arc::new(AtomicBool::new(false));
        let flood = tokio::spawn(flood(loud.clone(), Arc::clone(&done)));
        let beside = p99_of(&quiet).await;
        done.store(true, Relaxed);
        let has_its_rate = flood.await.unwrap();
        if has_its_rate && beside <= (2 * alone).max(alone + MORE) {
            return;
        }
        seen.push((alone, beside, has_its_rate));
    }
    panic!("alone, beside the other, and whether that was served at its rate: {seen:?}");
}

/// All of its calls are served.
async fn p99_of(quiet: &Grpc) -> Duration {
    let (mut calls, mut ticks) = (JoinSet::new(), interval(Duration::from_secs(1) / QUIET));
    for _ in 0..scale::pick(4, 20) * QUIET {
        ticks.tick().await;
        let quiet = quiet.clone();
        calls.spawn(async move {
            let begun = Instant::now();
            quiet.orders().get_order(get(OTHER)).await.unwrap();
            begun.elapsed()
        });
    }
    let mut took = calls.join_all().await;
    took.sort_unstable();
    took[took.len() * 99 / 100 - 1]
}

/// Calls at its own pace, whatever is answered. Whether it is served at its rate, which it is never
/// above.
async fn flood(loud: Grpc, done: Arc<AtomicBool>) -> bool {
    let (served, begun) = (Arc::new(AtomicU32::new(0)), Instant::now());
    let (mut calls, mut ticks) =
        (JoinSet::new(), interval(Duration::from_secs(1) / (RATE * TIMES)));
    let mut sent = 0;
    while !done.load(Relaxed) {
        ticks.tick().await;
        sent += 1;
        let (loud, served) = (loud.clone(), Arc::clone(&served));
        calls.spawn(async move {
            match loud.orders().get_order(get(STORE)).await {
                Ok(_) => _ = served.fetch_add(1, Relaxed),
                Err(status) => {
                    assert_eq!(reason_of(&status), "RATE_LIMITED");
                    assert!(status.get_error_details().retry_info().is_some());
                }
            }
        });
    }
    calls.join_all().await;
    let (served, took) = (served.load(Relaxed), begun.elapsed());
    // The burst, and what came in meanwhile.
    let due = u32::try_from((took * RATE).as_secs()).unwrap();
    assert!(served <= RATE + due + 1, "{served} in {took:?}");
    assert!(sent > 2 * served, "{served} of {sent}");
    served >= due * 4 / 5
}
