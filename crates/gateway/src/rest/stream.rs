//! The answer of a server stream, shown message by message as they come.
//!
//! Nothing is gathered: the next message is taken when the connection has room for it, so that a
//! slow reader slows the service down. When the reader leaves, the call is dropped.

mod form;

use super::{call::Call, refusal::Refusal, unread};
use crate::{Services, serve::Stopping};
use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use form::Form;
use futures_util::stream;
use http::{HeaderValue, header, request::Parts};
use prost::bytes::Bytes;
use std::{mem, time::Duration};
use tokio::{task::yield_now, time::sleep};
use tonic::{Status, Streaming};
use wire::rest::Route;

/// An event stream on which nothing comes says so often that it is still there: proxies close a
/// connection that is silent.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// A comment, which no reader takes for an event.
const STILL_THERE: &[u8] = b": \n\n";

/// When the listener is ending, a stream may go on for as long as its messages follow each other so
/// closely. A report that is being read comes to its end; one that only waits is over.
const LULL: Duration = Duration::from_secs(1);

/// Opens the stream and answers with its first bytes.
///
/// # Errors
///
/// What the service answers instead of a stream; it is then an answer like any other.
pub async fn answer<S: Services>(
    services: S,
    route: &'static Route,
    call: Call,
    parts: &Parts,
) -> Result<Response, Refusal> {
    let form = Form::of(route, &parts.headers, parts.uri.query())?;
    let head = form.head().map_err(|fault| unread(route, &fault))?;
    let stopping = parts.extensions.get::<Stopping>().cloned().unwrap_or_default();
    let messages = call.open(services).await.map_err(|status| Refusal::of(&status))?;
    let at = head.map_or(At::Open, At::Head);
    let shown = Shown { messages, route, form, stopping, at };
    let mut response = Body::from_stream(stream::unfold(shown, Shown::next)).into_response();
    let headers = response.headers_mut();
    form.headers(headers);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// A stream that is being shown.
struct Shown {
    messages: Streaming<Bytes>,
    route: &'static Route,
    form: Form,
    stopping: Stopping,
    at: At,
}

enum At {
    Head(Vec<u8>),
    Open,
    /// Its last word was said, and nobody is to take it for the end.
    BrokenOff,
    Over,
}

/// What came of a stream.
enum Heard {
    Message(Bytes),
    Nothing,
    End,
    Failure(Status),
    TimeToGo,
}

impl Shown {
    /// The next bytes to show; none at the end.
    async fn next(mut self) -> Option<(Result<Bytes, Status>, Self)> {
        match mem::replace(&mut self.at, At::Open) {
            At::Head(head) => return Some((Ok(head.into()), self)),
            At::Open => {}
            At::BrokenOff => {
                // What was said before goes out before the connection is broken.
                yield_now().await;
                return Some(self.broken_off());
            }
            At::Over => return None,
        }
        let bytes = match self.heard().await {
            Heard::Message(message) => match self.form.message(self.route, &message) {
                Ok(bytes) => bytes,
                Err(fault) => {
                    let refusal = unread(self.route, &fault);
                    return Some(self.failed(&refusal));
                }
            },
            Heard::Nothing => STILL_THERE.to_vec(),
            Heard::Failure(status) => return Some(self.failed(&Refusal::of(&status))),
            Heard::TimeToGo => return Some(self.failed(&Refusal::shutting_down())),
            Heard::End => return None,
        };
        Some((Ok(bytes.into()), self))
    }

    async fn heard(&mut self) -> Heard {
        let Self { messages, form, stopping, .. } = self;
        let events = form.is_events();
        tokio::select! {
            biased;
            // Whoever reads events comes again by itself, and goes on where it was.
            () = stopping.begun(), if events => Heard::End,
            message = messages.message() => match message {
                Ok(Some(message)) => Heard::Message(message),
                Ok(None) => Heard::End,
                Err(status) => Heard::Failure(status),
            },
            () = sleep(HEARTBEAT), if events => Heard::Nothing,
            () = lull(stopping), if !events => Heard::TimeToGo,
        }
    }

    /// The last word. Events have one of their own for it; everything else is broken off, so that
    /// a part is never taken for the whole.
    fn failed(mut self, refusal: &Refusal) -> (Result<Bytes, Status>, Self) {
        let (grpc_path, status) = (self.route.grpc_path, refusal.http().as_u16());
        tracing::info!(grpc_path, status, "a stream was not shown to its end");
        let Some(last) = self.form.refusal(refusal) else { return self.broken_off() };
        self.at = if self.form.is_events() { At::Over } else { At::BrokenOff };
        (Ok(last.into()), self)
    }

    fn broken_off(mut self) -> (Result<Bytes, Status>, Self) {
        self.at = At::Over;
        (Err(Status::aborted("the stream did not come to its end")), self)
    }
}

async fn lull(stopping: &Stopping) {
    stopping.begun().await;
    sleep(LULL).await;
}

#[cfg(test)]
mod tests;
