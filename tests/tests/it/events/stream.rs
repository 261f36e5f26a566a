//! The feed as it is followed, over gRPC and over HTTP.

use super::{LIFE, lived};
use crate::{
    on_both,
    world::{Grpc, PLATFORM, STORE, World, order, reason_of},
};
use futures_util::future::join_all;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt as _, Empty};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::timeout;
use tonic::{Code, Status, Streaming, codegen::Bytes};
use wire::events::v1::{
    Event, WatchEventsRequest, WatchEventsResponse, event_service_client::EventServiceClient,
};

on_both!(
    a_stream_goes_on_from_a_cursor_and_then_live,
    a_stream_of_an_order_says_nothing_of_others,
    events_are_streamed_over_http,
    a_stream_ends_with_its_process,
    a_store_may_have_so_many_streams_open,
    a_slow_reader_misses_nothing,
);

/// For whatever comes by itself.
const PATIENCE: Duration = Duration::from_secs(30);

async fn watch(
    grpc: &Grpc,
    request: WatchEventsRequest,
) -> Result<Streaming<WatchEventsResponse>, Status> {
    let request = WatchEventsRequest { store_id: STORE.to_owned(), ..request };
    let watched = EventServiceClient::new(grpc.called()).watch_events(request).await;
    watched.map(tonic::Response::into_inner)
}

async fn next(stream: &mut Streaming<WatchEventsResponse>) -> Event {
    let message = timeout(PATIENCE, stream.message()).await.expect("an event").unwrap();
    message.expect("the stream goes on").event.unwrap()
}

async fn a_stream_goes_on_from_a_cursor_and_then_live(world: World) {
    world.open_store(json!({})).await;
    let grpc = world.grpc().await;
    let mut all = watch(&grpc, WatchEventsRequest::default()).await.unwrap();
    lived(&world, "O-1").await;
    let mut seen = Vec::new();
    for (place, kind) in (1..).zip(LIFE) {
        let event = next(&mut all).await;
        assert_eq!((event.r#type.as_str(), event.position), (kind, place));
        seen.push(event.event_id);
    }
    let after = seen[3].clone();
    let mut rest =
        watch(&grpc, WatchEventsRequest { after, ..WatchEventsRequest::default() }).await.unwrap();
    let from_now = WatchEventsRequest { from_now: true, ..WatchEventsRequest::default() };
    let mut new = watch(&grpc, from_now).await.unwrap();
    world.place(&order("O-2")).await;
    for expected in [5, 6, 7] {
        assert_eq!(next(&mut rest).await.position, expected);
    }
    assert_eq!(next(&mut new).await.position, 7);
    assert_eq!(next(&mut all).await.order_id, "O-2");
    let unknown = WatchEventsRequest {
        after: "evt_0190b2c40000700080000000000000aa".to_owned(),
        ..WatchEventsRequest::default()
    };
    let refused = watch(&grpc, unknown).await.unwrap_err();
    assert_eq!(
        (refused.code(), reason_of(&refused)),
        (Code::InvalidArgument, "CURSOR_UNKNOWN".to_owned())
    );
}

async fn a_stream_of_an_order_says_nothing_of_others(world: World) {
    world.open_store(json!({})).await;
    let grpc = world.grpc().await;
    let of_one = WatchEventsRequest {
        order_id: "O-2".to_owned(),
        types: vec!["order.ready".to_owned(), "refund.succeeded".to_owned()],
        ..WatchEventsRequest::default()
    };
    let mut stream = watch(&grpc, of_one).await.unwrap();
    for order_id in ["O-1", "O-2", "O-3"] {
        lived(&world, order_id).await;
    }
    for kind in ["order.ready", "refund.succeeded"] {
        let event = next(&mut stream).await;
        assert_eq!((event.r#type.as_str(), event.order_id.as_str()), (kind, "O-2"));
    }
}

async fn events_are_streamed_over_http(world: World) {
    world.open_store(json!({})).await;
    lived(&world, "O-1").await;
    let listed = super::list(&world, "").await.ok();
    let third = listed["events"][2]["event_id"].as_str().unwrap();
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    let mut request = Request::builder()
        // As a browser asks again that began with what comes.
        .uri(format!("http://{}/v1/stores/{STORE}/events?from_now=true", world.process().http()))
        .body(Empty::new())
        .unwrap();
    let mut headers = HeaderMap::new();
    headers.insert("authorization", format!("Bearer {PLATFORM}").parse().unwrap());
    headers.insert("accept", "text/event-stream, */*;q=0.1".parse().unwrap());
    headers.insert("last-event-id", third.parse().unwrap());
    *request.headers_mut() = headers;
    let answer = client.request(request).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let mut body = answer.into_body();
    world.place(&order("O-2")).await;
    let mut text = String::new();
    while text.matches("\n\n").count() < 4 {
        let frame = timeout(PATIENCE, body.frame()).await.expect("an event").unwrap().unwrap();
        text.push_str(std::str::from_utf8(&frame.into_data().unwrap()).unwrap());
    }
    let events: Vec<&str> = text.split("\n\n").filter(|it| it.starts_with("id: ")).collect();
    let kinds = ["refund.created", "refund.succeeded", "refund.notice", "order.received"];
    for (event, kind) in events.iter().zip(kinds) {
        let mut lines = event.lines();
        let id = lines.next().unwrap().strip_prefix("id: ").unwrap();
        assert_eq!(lines.next(), Some(format!("event: {kind}").as_str()));
        let data = lines.next().unwrap().strip_prefix("data: ").unwrap();
        let data: Value = serde_json::from_str(data).unwrap();
        assert_eq!((&data["event_id"], &data["type"]), (&json!(id), &json!(kind)));
    }
}

async fn a_stream_ends_with_its_process(mut world: World) {
    world.open_store(json!({})).await;
    let grpc = world.grpc().await;
    let mut stream = watch(&grpc, WatchEventsRequest::default()).await.unwrap();
    let ended = tokio::spawn(async move { stream.message().await });
    assert!(world.terminate().success());
    let status = timeout(PATIENCE, ended).await.unwrap().unwrap().unwrap_err();
    assert_eq!(
        (status.code(), reason_of(&status)),
        (Code::Unavailable, "SHUTTING_DOWN".to_owned())
    );
}

async fn a_store_may_have_so_many_streams_open(world: World) {
    world.open_store(json!({})).await;
    let grpc = world.grpc().await;
    let opened = (0..100).map(|_| watch(&grpc, WatchEventsRequest::default()));
    let mut open: Vec<_> = join_all(opened).await.into_iter().map(Result::unwrap).collect();
    let refused = watch(&grpc, WatchEventsRequest::default()).await.unwrap_err();
    let told = (refused.code(), reason_of(&refused));
    assert_eq!(told, (Code::ResourceExhausted, "TOO_MANY_STREAMS".to_owned()));
    // One that is left makes room for another.
    drop(open.pop());
    crate::world::eventually("a place", || async {
        watch(&grpc, WatchEventsRequest::default()).await.ok()
    })
    .await;
}

/// Two events each: more than are kept for one who listens.
const ORDERS: i64 = 800;

async fn a_slow_reader_misses_nothing(world: World) {
    world.open_store(json!({})).await;
    let grpc = world.grpc().await;
    let mut stream = watch(&grpc, WatchEventsRequest::default()).await.unwrap();
    let orders: Vec<i64> = (1..=ORDERS).collect();
    for some in orders.chunks(50) {
        let placed = some.iter().map(async |number| {
            world.place(&order(&format!("O-{number}"))).await;
        });
        join_all(placed).await;
    }
    for position in 1..=2 * ORDERS {
        assert_eq!(next(&mut stream).await.position, position);
    }
}
