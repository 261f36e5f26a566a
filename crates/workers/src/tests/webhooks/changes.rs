//! What happens to an endpoint, its store and its dispatcher meanwhile.

use super::{
    line::{Call, Fate, Line},
    receivers::{Answer, Got, fails, hangs, takes},
    town::{Town, named, url},
};
use crate::{DispatcherPorts, DispatcherSettings, tests::world::seconds};
use domain::webhook::{Disabled, Endpoint};
use ports::{Again, Deliveries as _, DeliveryState, Lease};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use std::{collections::BTreeSet, time::Duration};

fn slow(after: Duration) -> impl FnMut(&Got) -> Answer {
    move |_| Answer { after, ..takes() }
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_a_person_disables_is_left_alone_soon() {
    let town = Town::new().await;
    let endpoint = town.endpoint(1, slow(seconds(1))).await;
    town.orders((0..200).map(|number| format!("o{number}"))).await;
    let settings = DispatcherSettings { concurrency: 1, ..DispatcherSettings::default() };
    let dispatcher = town.start("d1", settings);
    tokio::time::sleep(seconds(8)).await;
    let disabled = Disabled { why: "a person".into(), at: town.now(), by_person: true };
    town.put(Endpoint { disabled: Some(disabled), ..endpoint }).await;
    tokio::time::sleep(seconds(60)).await;
    dispatcher.stop().await;
    assert!(town.got(1).len() <= 14, "{}", town.got(1).len());
}

#[tokio::test(start_paused = true)]
async fn a_new_url_counts_from_the_next_message_on() {
    let town = Town::new().await;
    let endpoint = town.endpoint(1, slow(seconds(1))).await;
    town.orders((0..20).map(|number| format!("o{number}"))).await;
    let settings = DispatcherSettings { concurrency: 1, ..DispatcherSettings::default() };
    let dispatcher = town.start("d1", settings);
    tokio::time::sleep(seconds(8)).await;
    town.put(Endpoint { url: url(2), ..endpoint }).await;
    tokio::time::sleep(seconds(60)).await;
    dispatcher.stop().await;
    let (before, after) = (town.positions(1), town.positions(2));
    assert!(before.len() <= 14, "{before:?}");
    let mut all = [before, after].concat();
    all.sort_unstable();
    assert!(all.into_iter().eq(1..=40));
}

/// The old URL wants nothing any more, which is noticed while another message is on its way: before
/// somebody names a new URL, or after.
#[tokio::test(start_paused = true)]
async fn what_an_endpoint_did_at_its_old_url_does_not_disable_it_at_the_new_one() {
    for gone_after in [1, 6] {
        let town = Town::new().await;
        let script = move |got: &Got| match got.order() {
            "a" => Answer { status: 410, after: seconds(gone_after), ..takes() },
            _ => hangs(),
        };
        let endpoint = town.endpoint(1, script).await;
        town.script(2, |_| takes());
        town.orders(["a", "b"]).await;
        let dispatcher = town.start("d1", DispatcherSettings::default());
        tokio::time::sleep(seconds(3)).await;
        town.change(Endpoint { url: url(2), ..endpoint }).await;
        tokio::time::sleep(seconds(40)).await;
        dispatcher.stop().await;
        assert_eq!(town.stored(1).await.disabled, None, "{gone_after}");
        let mut told = town.positions(2);
        told.sort_unstable();
        assert_eq!(told, [1, 2, 3, 4], "{gone_after}");
        assert_eq!(town.events().await.len(), 4, "nobody was told that it is disabled");
    }
}

#[tokio::test(start_paused = true)]
async fn what_an_endpoint_does_not_want_any_more_is_not_sent() {
    let town = Town::new().await;
    let endpoint = town.endpoint(1, |_| fails()).await;
    town.orders(["a", "b"]).await;
    let dispatcher = town.start("d1", DispatcherSettings::default());
    tokio::time::sleep(seconds(60)).await;
    assert_eq!(town.deliveries(1).await.len(), 4);
    town.script(1, |_| takes());
    let before = town.got(1).len();
    let asked = Again::Event(town.events().await[0].event_id);
    assert_eq!(town.again(&endpoint, asked).await, 1);
    town.change(Endpoint { types: vec!["order.ready".into()], ..endpoint }).await;
    tokio::time::sleep(Duration::from_hours(2)).await;
    dispatcher.stop().await;
    let mut told = town.positions(1).split_off(before);
    told.sort_unstable();
    // The first is none of these, and somebody asked for it.
    assert_eq!(told, [1, 2, 4]);
    let left = town.deliveries(1).await;
    assert!(left.iter().map(|it| it.position).eq([1, 2, 4]));
    assert!(left.iter().all(|it| it.state == DeliveryState::Delivered));
}

#[tokio::test(start_paused = true)]
async fn a_dispatcher_that_is_stopped_waits_for_what_is_on_its_way() {
    let town = Town::new().await;
    town.endpoint(1, slow(seconds(4))).await;
    town.orders(["a", "b", "c"]).await;
    let first = town.start("d1", DispatcherSettings::default());
    tokio::time::sleep(seconds(2)).await;
    first.stop().await;
    let began = town.now();
    let second = town.start("d2", DispatcherSettings::default());
    tokio::time::sleep(seconds(60)).await;
    second.stop().await;
    // It was given back at once, and nothing was sent twice.
    let got = town.got(1);
    assert_eq!(got.len(), 6);
    assert!(got[3].at - began < time::Duration::SECOND);
    let unique: BTreeSet<_> = got.iter().map(|it| &it.id).collect();
    assert_eq!(unique.len(), 6);
}

#[tokio::test(start_paused = true)]
async fn what_takes_longer_than_the_grace_is_sent_by_another() {
    let town = Town::new().await;
    town.endpoint(1, |got: &Got| if got.order() == "a" { hangs() } else { takes() }).await;
    town.orders(["a", "b"]).await;
    let first = town.start("d1", DispatcherSettings::default());
    tokio::time::sleep(seconds(2)).await;
    let stopped = tokio::time::Instant::now();
    first.stop().await;
    assert!(stopped.elapsed() <= seconds(6), "{:?}", stopped.elapsed());
    town.script(1, |_| takes());
    let second = town.start("d2", DispatcherSettings::default());
    tokio::time::sleep(seconds(2)).await;
    second.stop().await;
    assert_eq!(town.positions(1), [1, 3, 4, 1, 2]);
}

#[tokio::test(start_paused = true)]
async fn whose_lease_was_taken_sends_nothing_more() {
    let town = Town::new().await;
    town.endpoint(1, slow(seconds(1))).await;
    town.orders((0..50).map(|number| format!("o{number}"))).await;
    let settings = DispatcherSettings { concurrency: 1, ..DispatcherSettings::default() };
    let dispatcher = town.start("d1", settings);
    // Right after it was renewed, so that only what is kept tells.
    tokio::time::sleep(Duration::from_millis(5_500)).await;
    // As if this process had stood still for longer than its lease.
    let far = town.now() + Duration::from_hours(1);
    let lease = Lease { owner: "another".to_owned(), until: far + Duration::from_hours(1) };
    let claimed = town.world.store.claim_endpoints(1, &lease, far).await.unwrap();
    assert_eq!(claimed.len(), 1);
    let kept = town.deliveries(1).await;
    tokio::time::sleep(seconds(60)).await;
    dispatcher.stop().await;
    let got = town.got(1).len();
    assert!((6..=7).contains(&got), "{got}");
    let store = &town.world.store;
    let touched = store.renew_endpoint(&named(1), &lease).await.unwrap();
    assert_eq!(touched, Some(0));
    assert_eq!(town.deliveries(1).await, kept);
}

#[tokio::test(start_paused = true)]
async fn a_dispatcher_outlives_a_store_that_fails() {
    let town = Town::new().await;
    town.endpoint(1, |_| takes()).await;
    let mut random = StdRng::seed_from_u64(7);
    let line = Line::new(town.world.store.clone(), move |_| match random.random_range(0..6) {
        0 => Fate::CallLost,
        1 => Fate::AnswerLost,
        _ => Fate::Answered,
    });
    let ports = DispatcherPorts { deliveries: line, ..town.ports() };
    let dispatcher = town.start_with("d1", ports, DispatcherSettings::default());
    for batch in 0..10 {
        town.orders((0..50).map(|number| format!("o{batch}-{number}"))).await;
        tokio::time::sleep(seconds(1)).await;
    }
    tokio::time::sleep(seconds(60)).await;
    dispatcher.stop().await;
    let got = town.got(1);
    let unique: BTreeSet<_> = got.iter().map(|it| &it.id).collect();
    assert_eq!((unique.len(), town.deliveries(1).await.len()), (1_000, 1_000));
    // What could not be kept at once is not sent again for that alone, and no try is kept twice.
    assert!(got.len() <= 1_000 + 2 * 16, "{}", got.len());
    for delivery in town.deliveries(1).await {
        let id = delivery.event_id.to_string();
        let tries = got.iter().filter(|it| it.id == id).count();
        assert!((1..=tries).contains(&delivery.attempts.len()), "{delivery:?}");
    }
}

/// A courier that was asked for something, and is no more before it could look.
#[tokio::test(start_paused = true)]
async fn what_was_asked_for_is_not_lost_with_a_courier() {
    let town = Town::new().await;
    let endpoint = town.endpoint(1, slow(seconds(12))).await;
    town.orders(["a"]).await;
    let mut loads = 0;
    let line = Line::new(town.world.store.clone(), move |call| {
        loads += u32::from(call == Call::Backlog);
        if loads == 2 { Fate::Silence } else { Fate::Answered }
    });
    let ports = DispatcherPorts { deliveries: line, ..town.ports() };
    let first = town.start_with("d1", ports, DispatcherSettings::default());
    // The first was taken, and the second is on its way.
    tokio::time::sleep(seconds(13)).await;
    let again = Again::Event(town.events().await[0].event_id);
    assert_eq!(town.again(&endpoint, again).await, 1);
    tokio::time::sleep(seconds(12)).await;
    first.kill().await;
    let second = town.start("d2", DispatcherSettings::default());
    tokio::time::sleep(seconds(60)).await;
    second.stop().await;
    assert_eq!(town.positions(1), [1, 2, 1]);
}
