//! What is asked of an order of the store again and again.

use super::{Answer, World, order_path, unique};
use serde_json::Value;
use std::borrow::Borrow;

/// Calls a verb of an order with a request id of its own.
pub async fn act(world: &World, order_id: &str, verb: &str, body: impl Borrow<Value>) -> Answer {
    let mut body = body.borrow().clone();
    body["request_id"] = unique(verb).into();
    world.http().post(&format!("{}:{verb}", order_path(order_id)), &body).await
}

/// The order as it is now.
pub async fn get(world: &World, order_id: &str) -> Value {
    world.http().get(&order_path(order_id)).await.ok()
}
