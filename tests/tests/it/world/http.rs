//! A plain HTTP client.

use super::Answer;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;
use std::{fmt::Write as _, net::SocketAddr};
use tonic::codegen::{Bytes, StdError};

/// Calls one gateway with the same headers again and again.
#[derive(Debug, Clone)]
pub struct Http {
    client: Client<HttpConnector, Full<Bytes>>,
    address: SocketAddr,
    headers: HeaderMap,
}

impl Http {
    pub fn to(address: SocketAddr) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        let json = HeaderValue::from_static("application/json");
        Self { client, address, headers: HeaderMap::from_iter([(header::CONTENT_TYPE, json)]) }
    }

    /// The same as another caller.
    pub fn token(&self, secret: &str) -> Self {
        self.with("authorization", &format!("Bearer {secret}"))
    }

    /// What it shows for whom it is.
    pub fn secret(&self) -> String {
        let shown = self.headers[header::AUTHORIZATION].to_str().unwrap();
        shown.trim_start_matches("Bearer ").to_owned()
    }

    /// The same as nobody.
    pub fn anonymous(&self) -> Self {
        let mut other = self.clone();
        other.headers.remove(header::AUTHORIZATION);
        other
    }

    /// The same with one header more.
    pub fn with(&self, name: &'static str, value: &str) -> Self {
        let mut other = self.clone();
        other.headers.insert(HeaderName::from_static(name), value.parse().unwrap());
        other
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, Bytes::new()).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_text(path, body.to_string()).await
    }

    pub async fn post_text(&self, path: &str, body: impl Into<Bytes>) -> Answer {
        self.send(Method::POST, path, body).await
    }

    pub async fn send(&self, method: Method, path: &str, body: impl Into<Bytes>) -> Answer {
        let answer = self.try_send(method, path, body).await;
        answer.unwrap_or_else(|error| panic!("{path}: {error:?}"))
    }

    /// The answer, or why there is none.
    pub async fn try_send(
        &self,
        method: Method,
        path: &str,
        body: impl Into<Bytes>,
    ) -> Result<Answer, StdError> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address))
            .body(Full::new(body.into()))?;
        *request.headers_mut() = self.headers.clone();
        let (parts, body) = self.client.request(request).await?.into_parts();
        let bytes = body.collect().await?.to_bytes();
        Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, bytes })
    }
}

/// A text as a part of a path or a value of a query.
pub fn encode(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(byte.into());
        } else {
            // Writing to a text cannot fail.
            write!(encoded, "%{byte:02X}").unwrap();
        }
    }
    encoded
}
