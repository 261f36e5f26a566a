//! Services that answer what a test says, in the wire format of gRPC and without a socket. What
//! the rules make of a request is tested where the rules are; here it is how requests and answers
//! read.

use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full};
use prost::Message;
use std::{
    convert::Infallible,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};
use tonic::{Status, body::Body, codegen::Bytes};

/// A call as it arrived.
#[derive(Debug, Clone)]
pub struct Arrived {
    /// `GetOrder`
    pub call: String,
    pub metadata: HeaderMap,
    message: Bytes,
}

type Answer = dyn Fn(&str, &Arrived) -> Result<Vec<u8>, Status> + Send + Sync;

#[derive(Clone)]
pub struct Scripted {
    answer: Arc<Answer>,
    arrived: Arc<Mutex<Vec<Arrived>>>,
}

impl Arrived {
    pub fn message<T: Message + Default>(&self) -> T {
        T::decode(self.message.clone()).unwrap()
    }
}

impl Scripted {
    /// `answer` gets the name of the method, `GetOrder`.
    pub fn new(
        answer: impl Fn(&str, &Arrived) -> Result<Vec<u8>, Status> + Send + Sync + 'static,
    ) -> Self {
        Self { answer: Arc::new(answer), arrived: Arc::default() }
    }

    pub fn arrived(&self) -> Vec<Arrived> {
        self.arrived.lock().unwrap().clone()
    }

    pub fn calls(&self) -> Vec<String> {
        self.arrived().into_iter().map(|arrived| arrived.call).collect()
    }
}

impl tower::Service<Request<Body>> for Scripted {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let Self { answer, arrived } = self.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            // The first five bytes say that nothing is compressed and how long the message is.
            let message = body.collect().await.unwrap().to_bytes().slice(5..);
            let call = parts.uri.path().rsplit('/').next().unwrap().to_owned();
            let call = Arrived { call, metadata: parts.headers, message };
            arrived.lock().unwrap().push(call.clone());
            Ok(match answer(&call.call, &call) {
                Ok(message) => answered(&message),
                Err(status) => status.into_http(),
            })
        })
    }
}

fn answered(message: &[u8]) -> Response<Body> {
    let mut frame = vec![0];
    frame.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
    frame.extend(message);
    let ok =
        HeaderMap::from_iter([("grpc-status".parse().unwrap(), HeaderValue::from_static("0"))]);
    let body = Full::new(Bytes::from(frame)).with_trailers(async move { Some(Ok(ok)) });
    let response = Response::builder().header("content-type", "application/grpc");
    response.body(Body::new(body)).unwrap()
}
