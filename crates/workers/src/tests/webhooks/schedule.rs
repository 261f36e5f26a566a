//! When an endpoint is told, and when again.

use super::{
    receivers::{Answer, Got, fails, takes},
    town::{Town, patient},
};
use crate::{DispatcherSettings, tests::world::seconds};
use domain::webhook::SCHEDULE;
use ports::DeliveryState;
use std::time::Duration;

const fn hours(count: u64) -> Duration {
    Duration::from_hours(count)
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_is_told_of_what_comes_at_once() {
    let town = Town::new().await;
    town.orders(["before"]).await;
    town.endpoint(1, |_| takes()).await;
    let dispatcher = town.start("d1", DispatcherSettings::default());
    tokio::time::sleep(seconds(5)).await;
    town.orders(["o1"]).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let got = town.got(1);
    assert_eq!(got.iter().map(Got::kind).collect::<Vec<_>>(), ["order.received", "order.ready"]);
    let events = town.events().await;
    for (got, event) in got.iter().zip(&events[2..]) {
        assert_eq!(got.id, event.event_id.to_string());
        assert_eq!(got.body["data"]["event_id"], got.id);
        assert_eq!((got.order(), got.position()), ("o1", event.position));
        assert_eq!(got.body["sequence"], event.sequence);
        assert_eq!(got.secrets, ["whsec_1"]);
    }
    dispatcher.stop().await;
    let deliveries = town.deliveries(1).await;
    assert_eq!(deliveries.len(), 2);
    for delivery in deliveries {
        assert_eq!((delivery.state, delivery.tries), (DeliveryState::Delivered, 1));
        let attempt = &delivery.attempts[0];
        assert_eq!((attempt.status, &attempt.why, attempt.millis), (Some(204), &None, 10));
    }
}

#[tokio::test(start_paused = true)]
async fn another_process_finds_events_without_a_signal() {
    let town = Town::new().await;
    town.endpoint(1, |_| takes()).await;
    let dispatcher = town.start("d1", DispatcherSettings::default());
    tokio::time::sleep(seconds(5)).await;
    town.world.captured("o1", &[(payments::names::SANDBOX, "p1", "25.00")]).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(town.positions(1), [1]);
    dispatcher.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_fails_is_tried_by_the_schedule_and_then_the_endpoint_is_disabled() {
    let town = Town::new().await;
    town.endpoint(1, |_| fails()).await;
    town.endpoint(2, |_| takes()).await;
    town.world.captured("o1", &[(payments::names::SANDBOX, "p1", "25.00")]).await;
    let dispatcher = town.start("d1", patient());
    tokio::time::sleep(hours(100)).await;
    let got = town.got(1);
    assert_eq!(got.len(), 10);
    // What it takes to notice: a poll, and what it takes to answer.
    let slack = seconds(6);
    for (tries, pair) in got.windows(2).enumerate() {
        let (wait, waited) = (SCHEDULE[tries + 1], (pair[1].at - pair[0].at).unsigned_abs());
        assert!(waited >= wait, "{tries}: {waited:?}");
        assert!(waited <= wait * 11 / 10 + slack, "{tries}: {waited:?}");
        assert_eq!((&pair[0].id, &pair[0].bytes), (&pair[1].id, &pair[1].bytes));
    }
    let disabled = town.stored(1).await.disabled.unwrap();
    assert!(disabled.why.contains("in none of 10 tries"), "{}", disabled.why);
    assert!(disabled.why.ends_with("it answered 500") && !disabled.by_person);
    let events = town.events().await;
    assert_eq!(events.last().unwrap().kind, "webhook.disabled");
    // The other one is told.
    assert_eq!(town.got(2).last().unwrap().kind(), "webhook.disabled");
    town.orders(["o2"]).await;
    tokio::time::sleep(hours(30)).await;
    assert_eq!((town.got(1).len(), town.got(2).len()), (10, 4));
    let delivery = &town.deliveries(1).await[0];
    assert_eq!((delivery.state, delivery.tries), (DeliveryState::Pending, 10));
    assert_eq!((delivery.due_at, delivery.attempts.len()), (None, 10));
    dispatcher.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_asks_for_time_is_left_alone() {
    let town = Town::new().await;
    let mut first = true;
    town.endpoint(1, move |_| {
        let busy = Answer { status: 503, retry_after: Some(seconds(3_600)), ..takes() };
        if std::mem::take(&mut first) { busy } else { takes() }
    })
    .await;
    town.world.captured("o1", &[(payments::names::SANDBOX, "p1", "25.00")]).await;
    let dispatcher = town.start("d1", patient());
    tokio::time::sleep(hours(2)).await;
    dispatcher.stop().await;
    let got = town.got(1);
    let waited = (got[1].at - got[0].at).unsigned_abs();
    assert!(waited >= seconds(3_600) && waited <= seconds(3_606), "{waited:?}");
    assert_eq!(got.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_is_gone_is_disabled_at_once() {
    let town = Town::new().await;
    town.endpoint(1, |_| Answer { status: 410, ..takes() }).await;
    town.endpoint(2, |_| takes()).await;
    town.orders(["o1", "o2", "o3"]).await;
    let dispatcher = town.start("d1", DispatcherSettings::default());
    tokio::time::sleep(seconds(60)).await;
    dispatcher.stop().await;
    // One of each order was on its way.
    assert_eq!(town.got(1).len(), 3);
    assert!(town.stored(1).await.disabled.unwrap().why.contains("410"));
    let told: Vec<_> = town.got(2).iter().map(|it| it.kind().to_owned()).collect();
    assert_eq!(told.iter().filter(|kind| *kind == "webhook.disabled").count(), 1);
}
