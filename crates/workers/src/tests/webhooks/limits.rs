//! How much is begun, and how much is left to wait.

use super::{
    receivers::{Got, fails, hangs, takes},
    town::{Town, named, patient},
};
use crate::{DispatcherSettings, tests::world::seconds};
use ports::{Clock as _, Deliveries as _, DeliveryState};
use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

#[tokio::test(start_paused = true)]
async fn so_many_messages_are_on_their_way_at_once_and_no_more() {
    let town = Town::new().await;
    town.endpoint(1, |_| takes()).await;
    town.orders((0..100).map(|number| format!("o{number}"))).await;
    let settings = DispatcherSettings { concurrency: 7, ..DispatcherSettings::default() };
    let dispatcher = town.start("d1", settings);
    tokio::time::sleep(seconds(60)).await;
    dispatcher.stop().await;
    assert_eq!((town.got(1).len(), town.most_at_once(1)), (200, 7));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_begun_far_ahead_of_the_cursor() {
    let town = Town::new().await;
    town.endpoint(1, |got: &Got| if got.position() == 1 { hangs() } else { takes() }).await;
    town.orders((0..100).map(|number| format!("o{number}"))).await;
    let settings = DispatcherSettings { ahead: 20, ..DispatcherSettings::default() };
    let dispatcher = town.start("d1", settings);
    tokio::time::sleep(seconds(14)).await;
    assert_eq!(town.positions(1).into_iter().collect::<BTreeSet<_>>().len(), 19);
    // It waits in a delivery of its own now.
    tokio::time::sleep(seconds(4)).await;
    assert_eq!(town.got(1).len(), 199);
    dispatcher.stop().await;
}

#[tokio::test(start_paused = true)]
async fn nothing_new_is_begun_while_much_waits() {
    let town = Town::new().await;
    let recovered = Arc::new(AtomicBool::new(false));
    let is_well = recovered.clone();
    let script = move |_: &Got| if is_well.load(Ordering::SeqCst) { takes() } else { fails() };
    town.endpoint(1, script).await;
    town.orders((0..200).map(|number| format!("o{number}"))).await;
    let settings = DispatcherSettings { backlog: 20, ..patient() };
    let dispatcher = town.start("d1", settings);
    tokio::time::sleep(Duration::from_hours(3)).await;
    let waiting = town.deliveries(1).await.len();
    // What was on its way when it became too much came on top.
    assert!((20..=20 + 2 * 16).contains(&waiting), "{waiting}");
    let tried: BTreeSet<_> = town.positions(1).into_iter().collect();
    assert!(tried.len() < 20 + 16, "{}", tried.len());
    assert!(town.got(1).len() < 36 * 6);
    recovered.store(true, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_hours(6)).await;
    dispatcher.stop().await;
    let deliveries = town.deliveries(1).await;
    assert_eq!(deliveries.len(), 400);
    assert!(deliveries.iter().all(|it| it.state == DeliveryState::Delivered));
}

#[tokio::test(start_paused = true)]
async fn what_was_delivered_is_kept_for_a_while() {
    let town = Town::new().await;
    town.endpoint(1, |_| takes()).await;
    let mut failing = true;
    town.endpoint(2, move |_| if std::mem::take(&mut failing) { fails() } else { takes() }).await;
    town.orders((0..700).map(|number| format!("o{number}"))).await;
    let keep = Duration::from_hours(2);
    let dispatcher = town.start("d1", DispatcherSettings { keep, ..patient() });
    tokio::time::sleep(Duration::from_mins(100)).await;
    assert_eq!(town.deliveries(1).await.len(), 1_400);
    tokio::time::sleep(Duration::from_mins(21) + Duration::from_millis(500)).await;
    // Some at a time.
    let left = town.deliveries(1).await.len() + town.deliveries(2).await.len();
    assert_eq!(left, 1_800);
    tokio::time::sleep(seconds(2)).await;
    assert!(town.deliveries(1).await.is_empty() && town.deliveries(2).await.is_empty());
    dispatcher.stop().await;
    // Nothing of it is sent again.
    assert_eq!(town.got(1).len(), 1_400);
    let backlog = town.world.store.backlog(&named(1)).await.unwrap();
    assert!(backlog.pending.is_empty() && backlog.delivered.is_empty());
    assert!(town.world.clock.now() > town.events().await[0].occurred_at);
}
