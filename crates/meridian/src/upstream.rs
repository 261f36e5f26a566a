//! The services of another process, as the gateway calls them.

use hyper_util::rt::TokioIo;
use ports::Chain;
use sockets::ClientTls;
use std::{
    error::Error as StdError,
    iter::successors,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};
use tokio::net::TcpStream;
use tonic::{
    Status, TimeoutExpired,
    body::Body,
    codegen::http::{Request, Response, Uri},
    transport::{Channel, Endpoint, Error},
};
use tower::{Service, ServiceExt as _, service_fn};
use wire::rest::METHODS;

/// Connections that streams take in turn; each is made when it is needed. They carry what a server
/// with our defaults lets be open at a time, with room to spare for streams that end unevenly.
const STREAM_CONNECTIONS: usize = 10;

/// The port where none is named.
const HTTPS: u16 = 443;

/// One connection carries so many calls at a time and no more, and streams that stay open for hours
/// would leave none for the others: they have connections of their own.
#[derive(Debug, Clone)]
pub struct Upstream {
    calls: Channel,
    streams: Arc<[Channel]>,
    opened: Arc<AtomicUsize>,
}

impl Upstream {
    /// Over TLS if there is any for it.
    pub fn at(endpoint: &Endpoint, tls: Option<&ClientTls>) -> Self {
        let connect = || match tls {
            Some(tls) => over_tls(endpoint, tls),
            None => endpoint.connect_lazy(),
        };
        let streams = (0..STREAM_CONNECTIONS).map(|_| connect()).collect();
        Self { calls: connect(), streams, opened: Arc::default() }
    }

    fn for_call(&self, path: &str) -> &Channel {
        if !streams(path) {
            return &self.calls;
        }
        let next = self.opened.fetch_add(1, Ordering::Relaxed) % STREAM_CONNECTIONS;
        self.streams.get(next).unwrap_or(&self.calls)
    }
}

impl Service<Request<Body>> for Upstream {
    type Response = Response<Body>;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Status>> + Send>>;

    /// Each call waits for its own connection.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let channel = self.for_call(request.uri().path()).clone();
        Box::pin(async move { channel.oneshot(request).await.map_err(|error| of(&error)) })
    }
}

/// What became of a call that was not answered. A connection that breaks off, as one does whose
/// certificate is not taken, has many codes for that; to a caller they are all the same.
fn of(error: &Error) -> Status {
    let first: &(dyn StdError + 'static) = error;
    let mut causes = successors(Some(first), |&error| error.source());
    if causes.any(<dyn StdError>::is::<TimeoutExpired>) {
        return Status::deadline_exceeded("the call's deadline passed");
    }
    tracing::warn!(error = %Chain(error), "the services upstream did not answer");
    Status::unavailable("the services cannot be reached")
}

/// Each connection is made with the certificates as they are by then.
fn over_tls(endpoint: &Endpoint, tls: &ClientTls) -> Channel {
    let tls = tls.clone();
    let connector = service_fn(move |uri: Uri| {
        let tls = tls.clone();
        async move {
            let name = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
            let port = uri.port_u16().unwrap_or(HTTPS);
            let stream = TcpStream::connect((&*name, port)).await?;
            stream.set_nodelay(true)?;
            tls.connect(&name, stream).await.map(TokioIo::new)
        }
    });
    endpoint.connect_with_connector_lazy(connector)
}

fn streams(path: &str) -> bool {
    METHODS.iter().any(|method| method.streams && method.path == path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::net::TcpListener;

    const CALL: &str = "/meridian.refunds.v1.RefundService/GetRefund";
    const STREAM: &str = "/meridian.refunds.v1.RefundService/ExportRefundComponents";

    #[tokio::test]
    async fn streams_have_connections_of_their_own() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let mut upstream = Upstream::at(&Endpoint::from_shared(address).unwrap(), None);
        let mut open = Vec::new();
        for path in [CALL, CALL].into_iter().chain([STREAM; 2 * STREAM_CONNECTIONS]) {
            let request = Request::builder().uri(path).body(Body::empty()).unwrap();
            open.push(tokio::spawn(upstream.call(request)));
        }
        // Nobody answers, so that none of them ends: one connection carries the calls.
        let mut accepted = Vec::new();
        for _ in 0..=STREAM_CONNECTIONS {
            accepted.push(listener.accept().await.unwrap());
        }
        let further = tokio::time::timeout(Duration::from_millis(100), listener.accept());
        assert!(further.await.is_err());
        assert!(open.iter().all(|call| !call.is_finished()));
    }
}
