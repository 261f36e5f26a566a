//! Events on their way to endpoints, by the real process.

use super::{Receiver, make, path, webhooks};
use crate::{
    crash::SHORT_LEASE,
    on_both,
    world::{GUID, STORE, World, act, eventually, order, unique},
};
use futures_util::future::join_all;
use serde_json::{Value, json};
use testkit::scale;

on_both!(
    an_endpoint_is_told_of_everything_in_its_sequence,
    an_endpoint_that_is_gone_is_disabled_and_the_others_are_told,
    a_test_and_a_message_once_more,
    a_refund_in_the_other_platforms_shape,
    a_killed_dispatcher_loses_nothing,
);

/// Endpoints are on this machine.
const LOOPBACK: (&str, &str) = ("MERIDIAN__WEBHOOKS__ALLOW_LOOPBACK", "true");

async fn opened(mut world: World) -> (World, Receiver) {
    world.restart_with(&[LOOPBACK, SHORT_LEASE]);
    world.open_store(json!({"error_info": true})).await;
    (world, Receiver::open().await)
}

async fn told(world: &World, receiver: &Receiver, more: Value) -> Value {
    let mut body = json!({"url": receiver.url()});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    make(&world.http(), &body).await.ok()
}

fn secret(endpoint: &Value) -> &str {
    endpoint["secret"].as_str().unwrap()
}

/// Every event of the feed.
async fn feed(world: &World) -> Vec<Value> {
    let page = world.http().get(&format!("/v1/stores/{STORE}/events?page_size=1000")).await.ok();
    assert_eq!(page["next_page_token"], "");
    page["events"].as_array().unwrap().clone()
}

async fn delivered(world: &World, endpoint: &Value, count: usize) -> Vec<Value> {
    let path = format!("{}/deliveries?page_size=1000", path(endpoint));
    eventually("deliveries", || async {
        let listed = world.http().get(&path).await.ok();
        let deliveries = listed["deliveries"].as_array().unwrap().clone();
        let all = deliveries.iter().all(|it| it["state"] == "DELIVERY_STATE_DELIVERED");
        (all && deliveries.len() == count).then_some(deliveries)
    })
    .await
}

async fn an_endpoint_is_told_of_everything_in_its_sequence(world: World) {
    let (world, receiver) = opened(world).await;
    let endpoint = told(&world, &receiver, json!({})).await;
    let refunds = Receiver::open().await;
    let of_refunds = told(&world, &refunds, json!({"types": ["refund.succeeded"]})).await;
    let orders: Vec<String> = (0..10).map(|number| format!("O-{number}")).collect();
    let lives = orders.iter().map(async |id| {
        world.ready(&order(id)).await;
        let ids = json!({"external_order_id": format!("E-{id}"), "external_order_number": "#1"});
        act(&world, id, "accept", ids).await.ok();
        let refund = world.refund(id, &json!({"shipping_amount": "1.00"})).await.ok();
        world.until_over(&refund).await;
    });
    join_all(lives).await;
    let deliveries = delivered(&world, &endpoint, 60).await;
    let first = receiver.check(secret(&endpoint));
    let events = feed(&world).await;
    assert_eq!((events.len(), first.len()), (60, 60));
    for event in &events {
        let body = &first[event["event_id"].as_str().unwrap()];
        assert_eq!((&body["type"], &body["store_id"]), (&event["type"], &event["store_id"]));
        assert_eq!(body["sequence"].to_string(), event["sequence"].as_str().unwrap());
        assert_eq!(body["data"]["entity_id"], event["entity_id"]);
        let fields: Vec<&String> = body.as_object().unwrap().keys().collect();
        assert_eq!(fields.len(), 5, "{fields:?}");
        for (name, value) in event["data"].as_object().unwrap() {
            assert_eq!(&body["data"][name], value, "{name}");
        }
    }
    // Newest first, each with its one try.
    let attempt = &deliveries[0]["attempts"][0];
    assert_eq!(
        (&attempt["status"], deliveries[0]["attempts"].as_array().unwrap().len()),
        (&json!(200), 1)
    );
    delivered(&world, &of_refunds, 10).await;
    let kinds = refunds.messages().into_iter().map(|message| message.body["type"].clone());
    assert!(kinds.eq(std::iter::repeat_n(json!("refund.succeeded"), 10)));
    // Nobody's secret verifies another's messages.
    let wrong = standardwebhooks::Webhook::new(secret(&of_refunds)).unwrap();
    let message = &receiver.messages()[0];
    assert!(wrong.verify(&message.bytes, &message.headers).is_err());
}

async fn an_endpoint_that_is_gone_is_disabled_and_the_others_are_told(world: World) {
    let (world, receiver) = opened(world).await;
    let gone = Receiver::open().await;
    gone.answer(410);
    let endpoint = told(&world, &receiver, json!({})).await;
    let leaving = told(&world, &gone, json!({})).await;
    world.ready(&order("O-1")).await;
    let disabled = eventually("the endpoint to be disabled", || async {
        let endpoint = world.http().get(&path(&leaving)).await.ok();
        (endpoint["state"] == "ENDPOINT_STATE_DISABLED").then_some(endpoint)
    })
    .await;
    assert_eq!(disabled["disabled_reason"], "HTTP 410");
    let message = eventually("the others to be told", || async {
        receiver.messages().into_iter().find(|it| it.body["type"] == "webhook.disabled")
    })
    .await;
    let data = &message.body["data"];
    assert_eq!((&data["endpoint_id"], &data["why"]), (&leaving["endpoint_id"], &json!("HTTP 410")));
    assert_eq!(data["url"], format!("http://{}", gone.address));
    receiver.check(secret(&endpoint));
    let events = feed(&world).await;
    assert!(events.iter().any(|it| it["type"] == "webhook.disabled"));
    assert!(gone.messages().is_empty());
}

async fn a_test_and_a_message_once_more(world: World) {
    let (world, receiver) = opened(world).await;
    let endpoint = told(&world, &receiver, json!({})).await;
    let verb = |verb: &str, mut body: Value| {
        body["request_id"] = unique(verb).into();
        let (http, path) = (world.http(), format!("{}:{verb}", path(&endpoint)));
        async move { http.post(&path, &body).await.ok() }
    };
    let tested = verb("test", json!({})).await;
    assert_eq!(tested["state"], "DELIVERY_STATE_DELIVERED", "{tested}");
    assert_eq!(receiver.messages()[0].body["type"], "webhook.test");
    world.ready(&order("O-1")).await;
    delivered(&world, &endpoint, 3).await;
    let event = feed(&world).await[1]["event_id"].clone();
    verb("redeliver", json!({"event_id": event})).await;
    eventually("the message once more", || async {
        let same = receiver.messages().into_iter().filter(|it| it.id == event.as_str().unwrap());
        (same.count() == 2).then_some(())
    })
    .await;
    let range = json!({"from": "2020-01-01T00:00:00Z", "before": "2100-01-01T00:00:00Z"});
    let again = verb("redeliver", range).await;
    assert_eq!(again["event_count"], 2, "{again}");
    eventually("all of it once more", || async {
        (receiver.messages().len() == 1 + 2 + 1 + 2).then_some(())
    })
    .await;
}

async fn a_refund_in_the_other_platforms_shape(world: World) {
    let (world, receiver) = opened(world).await;
    let format = json!({"format": "ENDPOINT_FORMAT_GLOBALE"});
    let endpoint = told(&world, &receiver, format).await;
    world.ready(&order("O-1")).await;
    let token = world.token("ROLE_MANAGER").await;
    let line = order("O-1")["lines"][0]["cart_item_id"].clone();
    let body = json!({
        "orderRefund": {"OrderId": "O-1"},
        "refundProductsList": [{"CartItemId": line, "RefundQuantity": 1}],
    });
    let http = world.http().token(&token);
    let path = format!("/Order/CreateOrderRefund?merchantGUID={GUID}");
    let answer = http.post(&path, &body).await.ok();
    assert_eq!(answer["Success"], true, "{answer}");
    delivered(&world, &endpoint, 1).await;
    let messages = receiver.messages();
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].body, answer["NotifyOrderRefund"]);
    let webhook = standardwebhooks::Webhook::new(secret(&endpoint)).unwrap();
    webhook.verify(&messages[0].bytes, &messages[0].headers).unwrap();
}

async fn a_killed_dispatcher_loses_nothing(world: World) {
    let (mut world, receiver) = opened(world).await;
    let endpoint = told(&world, &receiver, json!({})).await;
    let mut count = 0;
    for round in 0..scale::pick(3, 20) {
        let ids: Vec<String> = (0..20).map(|number| format!("O-{round}-{number}")).collect();
        join_all(ids.iter().map(async |id| world.place(&order(id)).await)).await;
        count += ids.len();
        // In the middle of it, as some have been told and some have not.
        let before = receiver.messages().len();
        eventually("some messages", || async {
            (receiver.messages().len() > before).then_some(())
        })
        .await;
        world.kill();
        world.start();
    }
    let events = eventually("all orders to be ready", || async {
        let events = feed(&world).await;
        (events.len() == 2 * count).then_some(events)
    })
    .await;
    eventually("every event to be told", || async {
        let messages = receiver.messages();
        let told: std::collections::HashSet<_> = messages.into_iter().map(|it| it.id).collect();
        (told.len() == events.len()).then_some(())
    })
    .await;
    let first = receiver.check(secret(&endpoint));
    assert!(events.iter().all(|event| first.contains_key(event["event_id"].as_str().unwrap())));
    println!("{} events, {} messages", events.len(), receiver.messages().len());
    let listed = world.http().get(&format!("{}?page_size=10", webhooks())).await.ok();
    assert_eq!(listed["endpoints"][0]["state"], "ENDPOINT_STATE_ENABLED");
}
