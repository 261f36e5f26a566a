//! When an endpoint is told, and when again.

use super::{
    receivers::{Answer, Got, fails, takes},
    town::{Town, patient, url},
};
use crate::{DispatcherPorts, DispatcherSettings, tests::world::seconds};
use domain::{
    order::Order,
    refund::Refund,
    store::Store,
    webhook::{Endpoint, Format, SCHEDULE},
};
use ports::{Again, DeliveryState, OrderRefundBody, own_value};
use std::{error::Error, sync::Arc, time::Duration};

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
    let events = town.events().await;
    let why = format!("HTTP 500, 10 tries of {}", events[0].event_id);
    assert_eq!((disabled.why, disabled.by_person), (why.clone(), false));
    // Everybody reads it: neither what was answered stands there, nor the whole URL.
    let told = events.last().unwrap();
    let data: serde_json::Value = serde_json::from_str(&told.data).unwrap();
    assert_eq!((told.kind, &data["why"]), ("webhook.disabled", &why.into()));
    assert_eq!(data["url"], "https://example.com");
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

/// Not one message alone: whatever is due, whatever comes, and whoever works on it.
#[tokio::test(start_paused = true)]
async fn an_endpoint_that_asks_for_time_is_left_alone_by_everything() {
    let town = Town::new().await;
    let busy = Answer { status: 429, retry_after: Some(seconds(3_600)), ..takes() };
    let mut first = true;
    let endpoint = town
        .endpoint(1, move |_| if std::mem::take(&mut first) { busy.clone() } else { takes() })
        .await;
    // There is more to send when it says so.
    town.orders(["a", "a2", "a3"]).await;
    let began = town.now();
    let settings = DispatcherSettings { concurrency: 1, ..patient() };
    let dispatcher = town.start("d1", settings);
    tokio::time::sleep(seconds(60)).await;
    for number in 0..20 {
        town.orders([format!("b{number}")]).await;
        tokio::time::sleep(seconds(30)).await;
    }
    dispatcher.kill().await;
    let dispatcher = town.start("d2", patient());
    town.orders(["c"]).await;
    town.send_test(1, 77).await;
    let asked = Again::Event(town.events().await[0].event_id);
    assert_eq!(town.again(&endpoint, asked).await, 1);
    tokio::time::sleep(seconds(1_500)).await;
    assert_eq!(town.positions(1), [1]);
    tokio::time::sleep(seconds(1_500)).await;
    dispatcher.stop().await;
    let got = town.got(1);
    assert_eq!(got.len(), 1 + 24 * 2 + 1);
    let waited = (got[1].at - began).unsigned_abs();
    assert!(waited >= seconds(3_600) && waited <= seconds(3_606), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn whoever_asked_for_time_did_so_for_the_endpoint_as_it_was() {
    let town = Town::new().await;
    let busy = Answer { status: 503, retry_after: Some(seconds(3_600)), ..takes() };
    let endpoint = town.endpoint(1, move |_| busy.clone()).await;
    town.script(2, |_| takes());
    let dispatcher = town.start("d1", DispatcherSettings::default());
    town.orders(["a"]).await;
    tokio::time::sleep(seconds(60)).await;
    town.change(Endpoint { url: url(2), ..endpoint }).await;
    town.orders(["b"]).await;
    tokio::time::sleep(seconds(1)).await;
    dispatcher.stop().await;
    // The message itself waits for its own time.
    assert_eq!((town.positions(1), town.positions(2)), (vec![1], vec![3, 4]));
}

#[tokio::test(start_paused = true)]
async fn a_message_that_cannot_be_made_is_shown_and_is_not_the_endpoints_fault() {
    struct Broken;
    impl OrderRefundBody for Broken {
        fn order_refund(
            &self,
            _: &Order,
            _: &Refund,
            _: &Store,
            _: &own_value::Balances,
        ) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
            Err("it cannot be written".into())
        }
    }
    let town = Town::new().await;
    let endpoint = town.endpoint(1, |_| takes()).await;
    town.put(Endpoint { format: Format::Globale, ..endpoint }).await;
    let ports = DispatcherPorts { refunds: Arc::new(Broken), ..town.ports() };
    let dispatcher = town.start_with("d1", ports, patient());
    town.orders(["a"]).await;
    town.world.refund("a").await;
    tokio::time::sleep(seconds(60)).await;
    let [delivery] = &town.deliveries(1).await[..] else { panic!("one refund was made") };
    let [attempt] = &delivery.attempts[..] else { panic!("{delivery:?}") };
    assert_eq!((delivery.tries, attempt.status), (0, None));
    let why = "the message could not be made here, and nothing was sent";
    assert_eq!(attempt.why.as_deref(), Some(why));
    tokio::time::sleep(hours(80)).await;
    let [delivery] = &town.deliveries(1).await[..] else { panic!("one refund was made") };
    assert_eq!((delivery.tries, delivery.attempts.len()), (0, 20));
    assert_eq!((town.got(1).len(), town.stored(1).await.disabled), (0, None));
    dispatcher.stop().await;
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
