//! The same over a socket.

use super::*;
use crate::{Limits, serve, serve::tests::listener};
use axum::{Router, routing::get};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::oneshot,
    task::JoinHandle,
};

struct Served {
    say: mpsc::Sender<Said>,
    reader: TcpStream,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

/// A reader that has asked.
async fn served(accept: &str) -> Served {
    let (say, said) = mpsc::channel(1);
    let fed = Fed(Arc::new(Mutex::new(Some(Ok(said)))));
    let shown = async move |request: Request| {
        let (parts, _) = request.into_parts();
        let metadata = tonic::metadata::MetadataMap::new();
        let call = Call { path: ROUTE.grpc_path, metadata, message: Vec::new() };
        answer(fed, &ROUTE, call, &parts).await.unwrap_or_else(IntoResponse::into_response)
    };
    let router = Router::new().route("/v1/stream", get(shown));
    let listener = listener().await;
    let mut reader = TcpStream::connect(listener.address().unwrap()).await.unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let ended = tokio::spawn(async move {
        let stopped = async { drop(stopped.await) };
        serve(listener, router, Limits::default(), stopped).await.unwrap();
    });
    let head = format!("GET /v1/stream HTTP/1.1\r\nhost: x\r\naccept: {accept}\r\n\r\n");
    reader.write_all(head.as_bytes()).await.unwrap();
    Served { say, reader, stop, ended }
}

async fn until(reader: &mut TcpStream, wanted: &str) -> String {
    let mut text = String::new();
    while !text.contains(wanted) {
        let byte = reader.read_u8().await.unwrap_or_else(|_| panic!("{text}"));
        text.push(byte.into());
    }
    text
}

#[tokio::test]
async fn what_is_broken_off_has_its_last_word_and_no_end() {
    let mut served = served("*/*").await;
    served.say.send(Ok("one")).await.unwrap();
    let head = until(&mut served.reader, "\"one\"\n").await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    served.say.send(Err(Status::unavailable("gone"))).await.unwrap();
    let mut rest = Vec::new();
    served.reader.read_to_end(&mut rest).await.unwrap();
    let rest = String::from_utf8(rest).unwrap();
    assert!(rest.contains("{\"error\":{\"code\":14,"), "{rest}");
    assert!(!rest.contains("\r\n0\r\n\r\n"), "{rest}");
}

#[tokio::test]
async fn the_call_ends_when_the_connection_does() {
    for accept in ["*/*", EVENTS] {
        let mut served = served(accept).await;
        until(&mut served.reader, "\r\n\r\n").await;
        drop(served.reader);
        served.say.closed().await;
    }
}

#[tokio::test]
async fn a_listener_that_ends_waits_for_no_reader_of_events() {
    let mut served = served(EVENTS).await;
    until(&mut served.reader, "\r\n\r\n").await;
    served.stop.send(()).unwrap();
    let mut rest = Vec::new();
    served.reader.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, b"0\r\n\r\n");
    served.ended.await.unwrap();
}
