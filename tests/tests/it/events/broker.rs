//! The events of all stores on a real broker, whatever becomes of the process and of the broker.

use crate::{
    on_both,
    world::{World, eventually},
};
use async_nats::jetstream::{self, message::StreamMessage};
use serde_json::{Value, json};
use std::collections::HashSet;
use testkit::nats::Server;

on_both!(the_broker_has_the_feed);

async fn the_broker_has_the_feed(mut world: World) {
    let mut broker = Server::start();
    let address = format!("nats://{}", broker.address());
    world.restart_with(&[("MERIDIAN__BROKER__NATS", &address)]);
    world.open_store(json!({})).await;
    super::lived(&world, "O-1").await;
    is_told(&world, &broker, 6).await;

    // What was told before the process ended is not told again under another id.
    world.kill();
    world.start();
    super::lived(&world, "O-2").await;
    is_told(&world, &broker, 12).await;

    // Commands go on without the broker, which gets what it missed.
    broker.kill9();
    super::lived(&world, "O-3").await;
    broker.restart();
    is_told(&world, &broker, 18).await;
}

/// The broker has exactly what the feed has, in its order.
async fn is_told(world: &World, broker: &Server, count: usize) {
    let feed = super::all(world, count).await;
    let messages = eventually("the broker to have the feed", || async {
        let messages = messages(broker).await?;
        (messages.len() >= count).then_some(messages)
    })
    .await;
    assert_eq!(messages.len(), count);
    for (message, event) in messages.iter().zip(&feed) {
        let text = |field: &str| event[field].as_str().unwrap().to_owned();
        let subject = format!("meridian.{}.{}", text("store_id"), text("type"));
        assert_eq!(message.subject.as_str(), subject);
        assert_eq!(message.headers.get("Nats-Msg-Id").unwrap().as_str(), text("event_id"));
        let body: Value = serde_json::from_slice(&message.payload).unwrap();
        assert_eq!(body["type"], event["type"]);
        for field in ["event_id", "order_id"] {
            assert_eq!(body["data"][field], event[field]);
        }
        for (field, value) in event["data"].as_object().unwrap() {
            assert_eq!(&body["data"][field], value, "{field}");
        }
    }
    let ids: HashSet<_> = feed.iter().map(|event| event["event_id"].as_str()).collect();
    assert_eq!(ids.len(), count);
}

/// All that the stream keeps, in its order; none while the broker or its stream is not there.
async fn messages(broker: &Server) -> Option<Vec<StreamMessage>> {
    let context = jetstream::new(async_nats::connect(broker.address()).await.ok()?);
    let stream = context.get_stream("MERIDIAN").await.ok()?;
    let mut messages = Vec::new();
    for sequence in 1..=stream.cached_info().state.last_sequence {
        messages.push(stream.get_raw_message(sequence).await.ok()?);
    }
    Some(messages)
}
