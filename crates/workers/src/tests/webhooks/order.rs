//! In which sequence an endpoint is told, and who waits for whom.

use super::{
    receivers::{Got, fails, hangs, takes},
    town::{Town, patient},
};
use crate::{DispatcherSettings, tests::world::seconds};
use domain::webhook::{Endpoint, Format};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

#[tokio::test(start_paused = true)]
async fn an_order_whose_event_fails_waits_and_the_others_do_not() {
    let town = Town::new().await;
    let mut failures = 3;
    town.endpoint(1, move |got: &Got| {
        if got.order() == "a" && failures > 0 {
            failures -= 1;
            return fails();
        }
        takes()
    })
    .await;
    town.orders(["a", "b", "c"]).await;
    let dispatcher = town.start("d1", patient());
    tokio::time::sleep(seconds(20)).await;
    town.world.accept("a").await;
    town.world.accept_as("b", "x2").await;
    tokio::time::sleep(seconds(20)).await;
    // Of the first order nothing but its first event was tried; the others were told all.
    let came = |order| town.got(1).into_iter().filter(move |it| it.order() == order);
    assert_eq!(came("a").map(|it| it.position()).collect::<Vec<_>>(), [1, 1]);
    assert_eq!(came("b").map(|it| it.position()).collect::<Vec<_>>(), [3, 4, 8]);
    assert_eq!(came("c").count(), 2);
    tokio::time::sleep(Duration::from_hours(1)).await;
    dispatcher.stop().await;
    let got: Vec<_> = came("a").collect();
    assert_eq!(got.iter().map(Got::position).collect::<Vec<_>>(), [1, 1, 1, 1, 2, 7]);
    // What waited for it came at once.
    assert!(got[5].at - got[3].at < time::Duration::SECOND);
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_hangs_delays_no_other() {
    let town = Town::new().await;
    for number in 0..10 {
        town.endpoint(number, |_| hangs()).await;
    }
    town.endpoint(10, |_| takes()).await;
    let dispatcher = town.start("d1", DispatcherSettings::default());
    for minute in 0..20 {
        let began = town.now();
        let order_id = format!("o{minute}");
        town.orders([&order_id]).await;
        tokio::time::sleep(seconds(7)).await;
        let got = town.got(10);
        let last = got.iter().filter(|it| it.order() == order_id);
        let times: Vec<_> = last.map(|it| it.at - began).collect();
        assert_eq!(times.len(), 2);
        assert!(times.iter().all(|after| *after < time::Duration::milliseconds(100)), "{times:?}");
    }
    dispatcher.stop().await;
}

/// Some in one minute after the other, and every one of them with as much as it may have.
#[tokio::test(start_paused = true)]
async fn many_endpoints_that_hang_delay_no_other() {
    let town = Town::new().await;
    for number in 0..200 {
        town.endpoint(number, |_| hangs()).await;
    }
    town.endpoint(200, |_| takes()).await;
    let settings = DispatcherSettings { messages: 100, ..DispatcherSettings::default() };
    let dispatcher = town.start("d1", settings);
    let mut slowest = time::Duration::ZERO;
    for minute in 0..10 {
        let began = town.now();
        let orders: Vec<_> = (0..20).map(|number| format!("o{minute}-{number}")).collect();
        town.orders(&orders).await;
        tokio::time::sleep(seconds(7)).await;
        let got = town.got(200).split_off(minute * 40);
        assert_eq!(got.len(), 40);
        slowest = got.iter().map(|it| it.at - began).max().unwrap().max(slowest);
    }
    dispatcher.stop().await;
    assert!(slowest < time::Duration::SECOND, "{slowest}");
    // Beside one message for each of them they share what there is.
    let at_once = town.receivers.most_of_all();
    assert!(at_once > 200 && at_once <= 201 + 100, "{at_once}");
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_answers_nothing_is_asked_by_one_message_at_a_time() {
    let town = Town::new().await;
    let answers = Arc::new(AtomicBool::new(false));
    let is_well = answers.clone();
    let script = move |_: &Got| if is_well.load(Ordering::SeqCst) { takes() } else { hangs() };
    town.endpoint(1, script).await;
    town.orders((0..100).map(|number| format!("o{number}"))).await;
    let dispatcher = town.start("d1", DispatcherSettings::default());
    tokio::time::sleep(seconds(14)).await;
    assert_eq!(town.got(1).len(), 16);
    tokio::time::sleep(seconds(45)).await;
    assert_eq!(town.got(1).len(), 16 + 3);
    answers.store(true, Ordering::SeqCst);
    tokio::time::sleep(seconds(15)).await;
    assert!(town.got(1).len() > 150, "{}", town.got(1).len());
    dispatcher.stop().await;
}

#[tokio::test(start_paused = true)]
async fn few_couriers_serve_many_endpoints_in_turn() {
    let town = Town::new().await;
    for number in 0..6 {
        town.endpoint(number, |_| hangs()).await;
    }
    for number in 6..12 {
        town.endpoint(number, |_| takes()).await;
    }
    let settings = DispatcherSettings { couriers: 2, ..DispatcherSettings::default() };
    let dispatcher = town.start("d1", settings);
    // More than they ever get through with.
    for batch in 0..40 {
        town.orders((0..20).map(|number| format!("o{batch}-{number}"))).await;
        tokio::time::sleep(seconds(10)).await;
    }
    tokio::time::sleep(seconds(100)).await;
    dispatcher.stop().await;
    for number in 0..6 {
        assert!(town.got(number).len() > 16, "{number}: {}", town.got(number).len());
    }
    for number in 6..12 {
        assert_eq!(town.got(number).len(), 40 * 20 * 2, "{number}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_is_told_of_the_types_that_it_wants() {
    let town = Town::new().await;
    let picky = town.endpoint(1, |_| takes()).await;
    town.put(Endpoint { types: vec!["order.accepted".into()], ..picky }).await;
    let other = town.endpoint(2, |_| takes()).await;
    town.put(Endpoint { format: Format::Globale, ..other }).await;
    let dispatcher = town.start("d1", DispatcherSettings::default());
    town.orders((0..300).map(|number| format!("o{number}"))).await;
    town.world.accept("o7").await;
    town.world.refund("o7").await;
    tokio::time::sleep(seconds(5)).await;
    dispatcher.stop().await;
    assert_eq!(town.positions(1), [601]);
    let [refund] = &town.got(2)[..] else { panic!("one refund was made") };
    assert_eq!(refund.body["OrderId"], "o7");
    assert_eq!(refund.body["MerchantGUID"], "guid-1");
    assert_eq!(refund.id, town.events().await[601].event_id.to_string());
}
