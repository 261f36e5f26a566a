//! Serving the gateway's connections, each of which has to say something in time.

mod stopping;

pub(crate) use stopping::Stopping;

use axum::{Extension, Router, body::Body, http::Request};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use sockets::{Connection, Listener};
use std::{io, sync::Arc, time::Duration};
use tokio::{sync::Notify, time::timeout};
use tower::ServiceExt as _;

/// What a connection may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How long a connection may take for its first request, and HTTP/1 for the headers of each;
    /// there it also ends a connection that is idle.
    pub header_timeout: Duration,
    /// Bytes of a request's line and headers that HTTP/1 holds, and of headers that HTTP/2 does.
    pub headers: u32,
    /// Requests at the same time on one connection of HTTP/2.
    pub streams: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { header_timeout: Duration::from_secs(30), headers: 128 << 10, streams: 200 }
    }
}

/// Stands in the extensions of a request that came over TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encrypted;

/// After so many streams that a client opened and reset at once, its connection is closed.
const MAX_RESETS: usize = 200;
/// A connection that is silent for so long is asked whether it is still there.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// Serves `router` until `stop`; then takes no new connections, lets requests in flight end, and
/// tells streams that they have to.
///
/// # Errors
///
/// None today: what a connection does wrong ends that connection alone.
pub async fn serve(
    mut listener: Listener,
    router: Router,
    limits: Limits,
    stop: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let open = GracefulShutdown::new();
    let stopping = Stopping::default();
    let router = router.layer(Extension(stopping.clone()));
    let mut stop = std::pin::pin!(stop);
    loop {
        let stream = tokio::select! {
            next = listener.accept() => next,
            () = &mut stop => break,
        };
        tokio::spawn(connection(stream, router.clone(), limits, &open));
    }
    drop(listener);
    stopping.begin();
    open.shutdown().await;
    Ok(())
}

fn connection(
    stream: Connection,
    router: Router,
    limits: Limits,
    open: &GracefulShutdown,
) -> impl Future<Output = ()> + Send + use<> {
    let asked = Arc::new(Notify::new());
    let first = Arc::clone(&asked);
    let encrypted = stream.is_encrypted().then_some(Encrypted);
    let service = router.map_request(move |mut request: Request<Incoming>| {
        first.notify_one();
        if let Some(encrypted) = encrypted {
            request.extensions_mut().insert(encrypted);
        }
        request.map(Body::new)
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(limits.headers as usize);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(limits.headers)
        .max_concurrent_streams(limits.streams)
        .max_pending_accept_reset_streams(MAX_RESETS)
        .keep_alive_interval(KEEPALIVE)
        .keep_alive_timeout(KEEPALIVE);
    let service = TowerToHyperService::new(service);
    let served = builder.serve_connection(TokioIo::new(stream), service).into_owned();
    let served = open.watch(served);
    async move {
        let mut served = std::pin::pin!(served);
        // The versions tell themselves apart by the first bytes, which no timeout of theirs covers.
        let early = tokio::select! {
            ended = &mut served => Some(ended),
            spoke = timeout(limits.header_timeout, asked.notified()) => match spoke {
                Ok(()) => None,
                Err(_) => return,
            },
        };
        let ended = match early {
            Some(ended) => ended,
            None => served.await,
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended badly");
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
