//! Streams of a service that says what a test wants, when it wants it.

mod sockets;

use super::*;
use axum::extract::Request;
use http::{HeaderMap, Response as Answered};
use http_body_util::{BodyExt as _, StreamBody, combinators::UnsyncBoxBody};
use std::{
    convert::Infallible,
    future::{Ready, ready},
    sync::{Arc, Mutex},
    task::{Context, Poll},
};
use tokio::sync::mpsc;
use wire::rest::{Event, Message};

/// Its messages are texts, and `name:text` is one with a name.
static ROUTE: Route = Route {
    method: "GET",
    template: "/v1/stream",
    segments: &[],
    action: None,
    grpc_path: "/test.Service/Stream",
    has_body: false,
    request: &Message { fields: &[] },
    encode: |_| Ok(Vec::new()),
    decode: |message| Ok(json(message)),
    event: Some(|message| {
        let text = String::from_utf8(message.to_vec())?;
        let name = text.split_once(':').map_or("", |(name, _)| name).to_owned();
        Ok(Event { id: format!("id-{}", text.len()), name, data: json(message) })
    }),
};

fn json(message: &[u8]) -> Vec<u8> {
    serde_json::to_vec(&String::from_utf8_lossy(message)).unwrap()
}

type Said = Result<&'static str, Status>;

/// What comes of a call: the stream, or a refusal.
type Comes = Result<mpsc::Receiver<Said>, Status>;

/// Opens one stream, or refuses to.
#[derive(Clone)]
struct Fed(Arc<Mutex<Option<Comes>>>);

type FedBody = UnsyncBoxBody<Bytes, Infallible>;

impl tower::Service<http::Request<tonic::body::Body>> for Fed {
    type Response = Answered<FedBody>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: http::Request<tonic::body::Body>) -> Self::Future {
        let opened = self.0.lock().unwrap().take().unwrap();
        ready(Ok(match opened {
            Ok(said) => Answered::builder()
                .header("content-type", "application/grpc")
                .body(frames(said).boxed_unsync())
                .unwrap(),
            Err(status) => {
                let (parts, ()) = status.into_http::<()>().into_parts();
                Answered::from_parts(parts, http_body_util::Empty::new().boxed_unsync())
            }
        }))
    }
}

fn frames(
    said: mpsc::Receiver<Said>,
) -> StreamBody<impl futures_util::Stream<Item = Result<http_body::Frame<Bytes>, Infallible>>> {
    StreamBody::new(stream::unfold(Some(said), async |said| {
        let mut said = said?;
        let (status, said) = match said.recv().await {
            Some(Ok(text)) => {
                let mut frame = vec![0];
                frame.extend(u32::try_from(text.len()).unwrap().to_be_bytes());
                frame.extend(text.as_bytes());
                return Some((Ok(http_body::Frame::data(frame.into())), Some(said)));
            }
            Some(Err(status)) => (status, None),
            None => (Status::ok(""), None),
        };
        let mut trailers = HeaderMap::new();
        status.add_header(&mut trailers).unwrap();
        Some((Ok(http_body::Frame::trailers(trailers)), said))
    }))
}

struct Opened {
    say: mpsc::Sender<Said>,
    stopping: Stopping,
    response: Response,
}

impl Opened {
    async fn next(&mut self) -> Option<String> {
        let frame = self.response.body_mut().frame().await?;
        Some(String::from_utf8(frame.unwrap().into_data().unwrap().to_vec()).unwrap())
    }

    fn is_of(&self, form: &str) -> bool {
        self.response.headers()["content-type"] == form
    }
}

async fn opened(accept: &str) -> Opened {
    let (say, said) = mpsc::channel(1);
    let stopping = Stopping::default();
    let response = ask(Ok(said), accept, &stopping).await.unwrap();
    Opened { say, stopping, response }
}

async fn ask(opened: Comes, accept: &str, stopping: &Stopping) -> Result<Response, Refusal> {
    let request = Request::get("/v1/stream").header("accept", accept).extension(stopping.clone());
    let (parts, ()) = request.body(()).unwrap().into_parts();
    let metadata = tonic::metadata::MetadataMap::new();
    let call = Call { path: ROUTE.grpc_path, metadata, message: Vec::new() };
    answer(Fed(Arc::new(Mutex::new(Some(opened)))), &ROUTE, call, &parts).await
}

const EVENTS: &str = "text/event-stream";

#[tokio::test]
async fn a_message_is_a_line() {
    let mut opened = opened("*/*").await;
    assert!(opened.is_of("application/x-ndjson"));
    for text in ["one", "two"] {
        opened.say.send(Ok(text)).await.unwrap();
        assert_eq!(opened.next().await.unwrap(), format!("\"{text}\"\n"));
    }
    drop(opened.say);
    assert!(opened.response.body_mut().frame().await.is_none());
}

#[tokio::test]
async fn a_message_is_an_event_under_its_own_name() {
    let mut opened = opened(EVENTS).await;
    assert!(opened.is_of(EVENTS));
    opened.say.send(Ok("order.ready:1")).await.unwrap();
    let event = "id: id-13\nevent: order.ready\ndata: \"order.ready:1\"\n\n";
    assert_eq!(opened.next().await.unwrap(), event);
    opened.say.send(Ok("x")).await.unwrap();
    assert_eq!(opened.next().await.unwrap(), "id: id-1\ndata: \"x\"\n\n");
    drop(opened.say);
    assert!(opened.response.body_mut().frame().await.is_none());
}

#[tokio::test]
async fn no_message_is_taken_before_there_is_room_for_it() {
    let mut opened = opened("*/*").await;
    opened.say.send(Ok("one")).await.unwrap();
    tokio::task::yield_now().await;
    assert!(opened.say.try_send(Ok("two")).is_err());
    opened.next().await.unwrap();
    opened.say.try_send(Ok("two")).unwrap();
}

#[tokio::test]
async fn the_call_ends_when_its_reader_leaves() {
    let Opened { say, response, .. } = opened(EVENTS).await;
    drop(response);
    say.closed().await;
}

#[tokio::test]
async fn a_refusal_before_the_stream_is_an_answer_like_any_other() {
    for accept in ["*/*", EVENTS] {
        let refused = Err(Status::permission_denied("not you"));
        let refusal = ask(refused, accept, &Stopping::default()).await.unwrap_err();
        assert_eq!(refusal.http().as_u16(), 403);
    }
    let (_, said) = mpsc::channel(1);
    let refusal = ask(Ok(said), "text/csv", &Stopping::default()).await.unwrap_err();
    assert_eq!(refusal.http().as_u16(), 406);
}

#[tokio::test]
async fn lines_that_fail_end_with_the_refusal_and_are_broken_off() {
    let mut opened = opened("*/*").await;
    opened.say.send(Ok("one")).await.unwrap();
    opened.next().await.unwrap();
    opened.say.send(Err(Status::unavailable("gone"))).await.unwrap();
    let last: serde_json::Value = serde_json::from_str(&opened.next().await.unwrap()).unwrap();
    assert_eq!(
        (&last["error"]["code"], &last["error"]["status"]),
        (&14.into(), &"UNAVAILABLE".into())
    );
    assert!(opened.response.body_mut().frame().await.unwrap().is_err());
}

#[tokio::test]
async fn events_that_fail_end_with_an_event_that_says_so() {
    let mut opened = opened(EVENTS).await;
    opened.say.send(Err(Status::unavailable("gone"))).await.unwrap();
    let last = opened.next().await.unwrap();
    let data = last.strip_prefix("event: error\ndata: ").unwrap().trim_end();
    assert_eq!(serde_json::from_str::<serde_json::Value>(data).unwrap()["code"], 14);
    assert!(opened.response.body_mut().frame().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_silent_event_stream_says_that_it_is_still_there() {
    let mut opened = opened(EVENTS).await;
    let began = tokio::time::Instant::now();
    for beats in 1..=3 {
        assert_eq!(opened.next().await.unwrap(), ": \n\n");
        assert_eq!(began.elapsed().as_secs(), 15 * beats);
    }
}

#[tokio::test]
async fn events_end_when_the_listener_does() {
    let mut opened = opened(EVENTS).await;
    opened.say.send(Ok("more")).await.unwrap();
    opened.stopping.begin();
    assert!(opened.next().await.is_none());
    assert!(opened.say.is_closed());
}

#[tokio::test(start_paused = true)]
async fn lines_go_on_while_they_come_and_end_once_they_stop_coming() {
    let mut opened = opened("*/*").await;
    opened.stopping.begin();
    for _ in 0..20 {
        opened.say.send(Ok("one")).await.unwrap();
        tokio::time::sleep(LULL / 2).await;
        assert_eq!(opened.next().await.unwrap(), "\"one\"\n");
    }
    assert!(opened.next().await.unwrap().contains("SHUTTING_DOWN"));
    assert!(opened.response.body_mut().frame().await.unwrap().is_err());
}
