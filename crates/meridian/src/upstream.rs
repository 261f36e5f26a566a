//! The services of another process, as the gateway calls them.

use std::{
    pin::Pin,
    task::{Context, Poll},
};
use tonic::{
    body::Body,
    codegen::http::{Request, Response},
    transport::{Channel, Endpoint, Error},
};
use tower::{Service, ServiceExt as _};
use wire::rest::ROUTES;

/// Two connections: one connection carries so many calls at a time and no more, and streams that
/// stay open for hours would leave none for the others.
#[derive(Debug, Clone)]
pub struct Upstream {
    calls: Channel,
    streams: Channel,
}

impl Upstream {
    pub fn at(endpoint: &Endpoint) -> Self {
        Self { calls: endpoint.connect_lazy(), streams: endpoint.connect_lazy() }
    }
}

impl Service<Request<Body>> for Upstream {
    type Response = Response<Body>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Error>> + Send>>;

    /// Each call waits for its own connection.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let channel = if streams(request.uri().path()) { &self.streams } else { &self.calls };
        Box::pin(channel.clone().oneshot(request))
    }
}

fn streams(path: &str) -> bool {
    ROUTES.iter().any(|route| route.event.is_some() && route.grpc_path == path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    const CALL: &str = "/meridian.refunds.v1.RefundService/GetRefund";
    const STREAM: &str = "/meridian.refunds.v1.RefundService/ExportRefundComponents";

    #[tokio::test]
    async fn streams_have_a_connection_of_their_own() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let mut upstream = Upstream::at(&Endpoint::from_shared(address).unwrap());
        let mut open = Vec::new();
        for path in [CALL, CALL, STREAM, STREAM] {
            let request = Request::builder().uri(path).body(Body::empty()).unwrap();
            open.push(tokio::spawn(upstream.call(request)));
        }
        // Nobody answers, so that none of the four ends: two connections carry them all.
        let _two = [listener.accept().await.unwrap(), listener.accept().await.unwrap()];
        let third = tokio::time::timeout(std::time::Duration::from_millis(100), listener.accept());
        assert!(third.await.is_err());
        assert!(open.iter().all(|call| !call.is_finished()));
    }
}
