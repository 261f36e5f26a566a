//! Endpoints that a merchant is told of events at.

mod deliveries;
mod endpoints;
mod receiver;
mod urls;

pub use receiver::{Message, Receiver};

use crate::world::{Answer, Http, STORE, World, unique};
use http::Method;
use serde_json::{Value, json};

/// The endpoints of [`STORE`].
fn webhooks() -> String {
    format!("/v1/stores/{STORE}/webhooks")
}

fn path(endpoint: &Value) -> String {
    format!("{}/{}", webhooks(), endpoint["endpoint_id"].as_str().unwrap())
}

/// Asks for an endpoint with a request id of its own.
async fn make(http: &Http, body: &Value) -> Answer {
    let mut body = body.clone();
    body["request_id"] = unique("endpoint").into();
    http.post(&webhooks(), &body).await
}

/// A new endpoint that nothing is ever sent to: the name is one that nobody may have.
async fn endpoint(world: &World) -> Value {
    make(&world.http(), &json!({"url": "https://hooks.invalid/meridian"})).await.ok()
}

async fn update(http: &Http, endpoint: &Value, body: &Value) -> Answer {
    let mut body = body.clone();
    if body["request_id"].is_null() {
        body["request_id"] = unique("update").into();
    }
    http.send(Method::PATCH, &path(endpoint), body.to_string()).await
}

async fn delete(http: &Http, endpoint: &Value, request_id: &str) -> Answer {
    let path = format!("{}?request_id={request_id}", path(endpoint));
    http.send(Method::DELETE, &path, "").await
}
