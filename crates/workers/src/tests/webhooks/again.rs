//! What people ask to be sent.

use super::{
    receivers::{Answer, Got, fails, takes},
    town::Town,
};
use crate::{DispatcherSettings, tests::world::seconds};
use domain::webhook::{Disabled, Endpoint, Secret};
use ports::{Again, DeliveryState};
use std::time::Duration;

#[tokio::test(start_paused = true)]
async fn what_was_delivered_is_sent_again_if_somebody_asks() {
    let town = Town::new().await;
    let endpoint = town.endpoint(1, |_| takes()).await;
    let dispatcher = town.start("d1", DispatcherSettings::default());
    let began = town.now();
    town.orders(["a", "b"]).await;
    tokio::time::sleep(seconds(60)).await;
    let events = town.events().await;
    let second = Again::Event(events[1].event_id);
    assert_eq!(town.again(&endpoint, second).await, 1);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let got = town.got(1);
    assert_eq!(got.len(), 5);
    let first = got.iter().find(|it| it.id == got[4].id).unwrap();
    assert_eq!((first.position(), &first.bytes), (2, &got[4].bytes));
    // A range comes in sequence.
    let range = Again::Range { from: began, before: town.now() };
    assert_eq!(town.again(&endpoint, range).await, 4);
    tokio::time::sleep(seconds(1)).await;
    dispatcher.stop().await;
    let again = town.got(1).split_off(5);
    for (order, positions) in [("a", [1, 2]), ("b", [3, 4])] {
        let came = again.iter().filter(|it| it.order() == order).map(Got::position);
        assert!(came.eq(positions));
    }
    let deliveries = town.deliveries(1).await;
    let tries: Vec<_> = deliveries.iter().map(|it| (it.tries, it.attempts.len())).collect();
    assert_eq!(tries, [(1, 2), (1, 3), (1, 2), (1, 2)]);
    assert!(deliveries.iter().all(|it| it.state == DeliveryState::Delivered));
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_tried_at_once_if_somebody_asks() {
    let town = Town::new().await;
    let mut failures = 4;
    let endpoint = town
        .endpoint(1, move |_| {
            if failures == 0 {
                return takes();
            }
            failures -= 1;
            fails()
        })
        .await;
    let dispatcher = town.start("d1", DispatcherSettings::default());
    town.orders(["a"]).await;
    // Four tries; the fifth is due after two hours.
    tokio::time::sleep(Duration::from_hours(1)).await;
    assert_eq!(town.got(1).len(), 4);
    let first = Again::Event(town.events().await[0].event_id);
    assert_eq!(town.again(&endpoint, first).await, 1);
    tokio::time::sleep(Duration::from_millis(500)).await;
    dispatcher.stop().await;
    assert_eq!(town.positions(1), [1, 1, 1, 1, 1, 2]);
}

/// Whatever becomes of the try that is on its way when somebody asks.
#[tokio::test(start_paused = true)]
async fn what_is_asked_for_while_it_is_on_its_way_is_sent_once_more() {
    for status in [204, 500] {
        let town = Town::new().await;
        let mut answers = vec![takes(), Answer { status, after: seconds(3), ..takes() }, fails()];
        let script = move |_: &Got| answers.pop().unwrap_or_else(takes);
        let endpoint = town.endpoint(1, script).await;
        let dispatcher = town.start("d1", DispatcherSettings::default());
        town.world.captured("a", &[(payments::names::SANDBOX, "p1", "25.00")]).await;
        town.signal().await;
        // Its second try is on its way, and comes back in the end.
        tokio::time::sleep(Duration::from_millis(6_500)).await;
        assert_eq!(town.positions(1), [1, 1]);
        let first = Again::Event(town.events().await[0].event_id);
        assert_eq!(town.again(&endpoint, first).await, 1);
        tokio::time::sleep(seconds(5)).await;
        assert_eq!(town.positions(1), [1, 1, 1], "{status}");
        dispatcher.stop().await;
        let [delivery] = &town.deliveries(1).await[..] else { panic!("there is one event") };
        assert_eq!((delivery.state, delivery.tries), (DeliveryState::Delivered, 1));
        let tried: Vec<_> = delivery.attempts.iter().map(|it| it.status.unwrap()).collect();
        assert_eq!(tried, [500, status, 204]);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_asked_for_while_messages_are_on_their_way_comes_soon() {
    let town = Town::new().await;
    let slow = |_: &Got| Answer { after: seconds(3), ..takes() };
    let endpoint = town.endpoint(1, slow).await;
    let dispatcher = town.start("d1", DispatcherSettings::default());
    town.orders(["a"]).await;
    tokio::time::sleep(seconds(30)).await;
    town.orders((0..50).map(|number| format!("o{number}"))).await;
    tokio::time::sleep(seconds(4)).await;
    let first = Again::Event(town.events().await[0].event_id);
    assert_eq!(town.again(&endpoint, first).await, 1);
    tokio::time::sleep(seconds(12)).await;
    assert_eq!(town.positions(1).iter().filter(|position| **position == 1).count(), 2);
    tokio::time::sleep(seconds(60)).await;
    dispatcher.stop().await;
    assert_eq!(town.got(1).len(), 103);
}

#[tokio::test(start_paused = true)]
async fn a_test_is_sent_to_an_endpoint() {
    let town = Town::new().await;
    town.endpoint(1, |_| takes()).await;
    let dispatcher = town.start("d1", DispatcherSettings::default());
    tokio::time::sleep(seconds(60)).await;
    town.send_test(1, 77).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    dispatcher.stop().await;
    let [test] = &town.got(1)[..] else { panic!("one test was sent") };
    assert_eq!((test.kind(), &test.body["data"]), ("webhook.test", &serde_json::json!({})));
    assert_eq!(test.body["sequence"], 0);
    assert_eq!(town.deliveries(1).await[0].state, DeliveryState::Delivered);
}

#[tokio::test(start_paused = true)]
async fn while_a_secret_is_replaced_both_sign() {
    let town = Town::new().await;
    let endpoint = town.endpoint(1, |_| takes()).await;
    let dispatcher = town.start("d1", DispatcherSettings::default());
    let until = Some(town.now() + seconds(3_600));
    let old = Secret { until, ..endpoint.secrets[0].clone() };
    let new = Secret { secret: "whsec_new".to_owned(), until: None };
    town.put(Endpoint { secrets: vec![new, old], ..endpoint }).await;
    town.orders(["a"]).await;
    tokio::time::sleep(seconds(3_600)).await;
    town.orders(["b"]).await;
    tokio::time::sleep(seconds(1)).await;
    dispatcher.stop().await;
    let got = town.got(1);
    assert_eq!(got[0].secrets, ["whsec_new", "whsec_1"]);
    assert_eq!(got[3].secrets, ["whsec_new"]);
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_is_enabled_again_is_told_what_it_missed() {
    let town = Town::new().await;
    let endpoint = town.endpoint(1, |_| fails()).await;
    let dispatcher = town.start("d1", DispatcherSettings::default());
    town.orders(["a"]).await;
    tokio::time::sleep(seconds(60)).await;
    let disabled = Disabled { why: "a person".into(), at: town.now(), by_person: true };
    town.put(Endpoint { disabled: Some(disabled), ..endpoint.clone() }).await;
    town.orders(["b"]).await;
    tokio::time::sleep(Duration::from_hours(9)).await;
    assert_eq!(town.positions(1), [1, 1]);
    town.script(1, |_| takes());
    town.put(endpoint).await;
    tokio::time::sleep(seconds(1)).await;
    dispatcher.stop().await;
    let mut positions = town.positions(1);
    positions.sort_unstable();
    assert_eq!(positions, [1, 1, 1, 2, 3, 4]);
}
