//! The gateway's listener: so many connections, each of which has to say something in time.

mod stopping;

pub(crate) use stopping::Stopping;

use axum::{Extension, Router, body::Body, http::Request};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use socket2::{SockRef, TcpKeepalive};
use std::{io, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};
use tower::ServiceExt as _;

/// What a connection may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at the same time; further ones wait until one has ended.
    pub connections: usize,
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
        Self {
            connections: 4_096,
            header_timeout: Duration::from_secs(30),
            headers: 128 << 10,
            streams: 200,
        }
    }
}

/// After so many streams that a client opened and reset at once, its connection is closed.
const MAX_RESETS: usize = 200;
/// A connection that is silent for so long is asked whether it is still there.
const KEEPALIVE: Duration = Duration::from_secs(30);
/// How long nothing is accepted after accepting failed, as for want of file descriptors.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// Serves `router` until `stop`; then takes no new connections, lets requests in flight end, and
/// tells streams that they have to.
///
/// # Errors
///
/// None today: what a connection does wrong ends that connection alone.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    stop: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let places = Arc::new(Semaphore::new(limits.connections));
    let open = GracefulShutdown::new();
    let stopping = Stopping::default();
    let router = router.layer(Extension(stopping.clone()));
    let mut stop = std::pin::pin!(stop);
    loop {
        let next = accept(&listener, &places);
        let (stream, place) = tokio::select! {
            next = next => next,
            () = &mut stop => break,
        };
        let connection = connection(stream, router.clone(), limits, &open);
        tokio::spawn(async move {
            connection.await;
            drop(place);
        });
    }
    drop(listener);
    stopping.begin();
    open.shutdown().await;
    Ok(())
}

/// The next connection with its place among those that are open.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (TcpStream, Option<OwnedSemaphorePermit>) {
    // Nobody closes the semaphore, so that there is always a place.
    let place = Arc::clone(places).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return (stream, place),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(ACCEPT_AGAIN).await;
            }
        }
    }
}

fn connection(
    stream: TcpStream,
    router: Router,
    limits: Limits,
    open: &GracefulShutdown,
) -> impl Future<Output = ()> + Send + use<> {
    // Answers are written whole; waiting to fill a packet only delays them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection keeps its delay");
    }
    // HTTP/1 does not ask a reader whether it is still there.
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE / 3);
    if let Err(error) = SockRef::from(&stream).set_tcp_keepalive(&keepalive.with_retries(3)) {
        tracing::debug!(%error, "a connection is not asked whether it is still there");
    }
    let asked = Arc::new(Notify::new());
    let first = Arc::clone(&asked);
    let service = router.map_request(move |request: Request<Incoming>| {
        first.notify_one();
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
mod tests;
