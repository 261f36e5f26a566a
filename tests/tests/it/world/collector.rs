//! A collector of telemetry, which keeps whatever it is sent, byte for byte.

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Path, State},
    response::Response,
    routing::post,
};
use http::{HeaderMap, HeaderValue};
use http_body::Frame;
use http_body_util::StreamBody;
use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex},
};
use tokio::net::TcpListener;

/// Takes OTLP over gRPC, on loopback, for as long as the test runs.
pub struct Collector {
    pub address: SocketAddr,
    received: Received,
}

/// Which service was called, and the message.
type Received = Arc<Mutex<Vec<(String, Bytes)>>>;

impl Collector {
    pub async fn start() -> Self {
        let received = Received::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new()
            .route("/{service}/Export", post(export))
            .with_state(Arc::clone(&received));
        tokio::spawn(async { axum::serve(listener, app).await });
        Self { address, received }
    }

    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What the services of this signal were sent: `trace`, `metrics` or `logs`.
    pub fn of(&self, signal: &str) -> Vec<Bytes> {
        let received = self.received.lock().unwrap();
        let of = received.iter().filter(|(service, _)| service.contains(signal));
        of.map(|(_, message)| message.clone()).collect()
    }
}

async fn export(
    State(received): State<Received>,
    Path(service): Path<String>,
    message: Bytes,
) -> Response {
    received.lock().unwrap().push((service, message));
    // An empty message, and that all is well.
    let well =
        HeaderMap::from_iter([("grpc-status".parse().unwrap(), HeaderValue::from_static("0"))]);
    let frames = [Frame::data(Bytes::from_static(&[0; 5])), Frame::trailers(well)];
    let frames = futures_util::stream::iter(frames.map(Ok::<_, Infallible>));
    let body = Body::new(StreamBody::new(frames));
    Response::builder().header("content-type", "application/grpc").body(body).unwrap()
}
