use super::{Batch, TRACE, context, id, messages, numbers, publisher, settings, stream};
use async_nats::jetstream::stream::{Config, StorageType};
use ports::{PublishError, Published, Publisher as _};
use publishers::NatsSettings;
use std::time::Duration;
use testkit::nats::Server;

#[tokio::test]
async fn an_event_has_its_subject_its_id_and_its_trace() {
    let server = Server::start();
    let batch = Batch::of(1..3);
    batch.by(&publisher(settings(&server.address()))).await.unwrap();
    let [first, second] = messages(&server).await.try_into().unwrap();
    assert_eq!(first.subject.as_str(), "meridian.demo.refund.succeeded");
    assert_eq!(second.subject.as_str(), "meridian.demo.refund.created");
    assert_eq!(first.payload.as_ref(), br#"{"sequence":1}"#);
    let header = |message: &async_nats::jetstream::message::StreamMessage, name: &str| {
        message.headers.get(name).map(|value| value.as_str().to_owned())
    };
    assert_eq!(header(&first, "Nats-Msg-Id"), Some(id(1).to_string()));
    assert_eq!(header(&first, "traceparent"), None);
    assert_eq!(header(&second, "traceparent").as_deref(), Some(TRACE));
}

#[tokio::test]
async fn batches_are_stored_in_their_order() {
    let server = Server::start();
    let publisher = publisher(settings(&server.address()));
    for batch in [1..501, 501..502, 502..502, 502..601] {
        Batch::of(batch).by(&publisher).await.unwrap();
    }
    assert!(numbers(&server).await.into_iter().eq(1..601));
}

#[tokio::test]
async fn a_batch_that_is_published_twice_is_stored_once() {
    let server = Server::start();
    let publisher = publisher(settings(&server.address()));
    for batch in [1..51, 1..51, 26..76] {
        Batch::of(batch).by(&publisher).await.unwrap();
    }
    assert!(numbers(&server).await.into_iter().eq(1..76));
    // Another process knows nothing of the first.
    Batch::of(1..76).by(&super::publisher(settings(&server.address()))).await.unwrap();
    assert_eq!(numbers(&server).await.len(), 75);
}

#[tokio::test]
async fn the_stream_is_made_as_the_settings_say() {
    let server = Server::start();
    let settings = NatsSettings {
        stream: "ORDERS".to_owned(),
        duplicate_window: Duration::from_secs(7),
        ..settings(&server.address())
    };
    Batch::of(1..2).by(&publisher(settings)).await.unwrap();
    let stream = context(&server).await.get_stream("ORDERS").await.unwrap();
    let Config { subjects, storage, duplicate_window, .. } = &stream.cached_info().config;
    assert_eq!(subjects, &["meridian.>"]);
    assert_eq!((*storage, *duplicate_window), (StorageType::File, Duration::from_secs(7)));

    let own = Server::start();
    Batch::of(1..2).by(&publisher(super::settings(&own.address()))).await.unwrap();
    let config = super::stream(&own).await.cached_info().config.clone();
    assert_eq!(
        (config.storage, config.duplicate_window),
        (StorageType::File, Duration::from_mins(2))
    );
}

#[tokio::test]
async fn a_stream_that_is_there_is_used_as_it_is() {
    let server = Server::start();
    let theirs = Config {
        name: "MERIDIAN".to_owned(),
        subjects: vec!["meridian.demo.>".to_owned()],
        max_messages: 10,
        ..Config::default()
    };
    context(&server).await.create_stream(theirs).await.unwrap();
    Batch::of(1..16).by(&publisher(settings(&server.address()))).await.unwrap();
    let info = stream(&server).await.cached_info().clone();
    assert_eq!((info.config.max_messages, info.state.messages), (10, 10));
}

#[tokio::test]
async fn a_stream_that_was_deleted_is_made_again() {
    let server = Server::start();
    let publisher = publisher(settings(&server.address()));
    Batch::of(1..4).by(&publisher).await.unwrap();
    context(&server).await.delete_stream("MERIDIAN").await.unwrap();
    Batch::of(4..8).by(&publisher).await.unwrap();
    assert!(numbers(&server).await.into_iter().eq(4..8));
}

#[tokio::test]
async fn nothing_is_stored_behind_an_event_that_is_too_large() {
    let server = Server::start();
    let publisher = publisher(settings(&server.address()));
    let batch = Batch::of(1..10);
    // NATS takes 1 MiB.
    let large = " ".repeat(2 << 20);
    let mut events = batch.events();
    events[4] = Published { body: large.as_bytes(), ..events[4] };
    let error = publisher.publish(&events).await.unwrap_err();
    assert!(matches!(error, PublishError::Refused(_)), "{error:?}");
    let text = super::chain(&error);
    let start = format!("the broker refuses what it is sent: {} was not acknowledged: ", id(5));
    assert!(text.starts_with(&start), "{text}");
    batch.by(&publisher).await.unwrap();
    assert!(numbers(&server).await.into_iter().eq(1..10));
}

#[tokio::test]
async fn what_the_broker_does_not_take_is_said() {
    let server = Server::start();
    let theirs = Config {
        name: "OTHER".to_owned(),
        subjects: vec!["meridian.demo.>".to_owned()],
        ..Config::default()
    };
    context(&server).await.create_stream(theirs).await.unwrap();
    let error = Batch::of(1..3).by(&publisher(settings(&server.address()))).await.unwrap_err();
    assert!(matches!(error, PublishError::Refused(_)), "{error:?}");
    let text = super::chain(&error);
    let start = "the broker refuses what it is sent: there is no stream to publish to: ";
    assert!(text.starts_with(start), "{text}");
}
