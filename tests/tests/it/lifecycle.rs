//! An order from the checkout on, and the refunds of it.

mod lists;
mod orders;
mod people;
mod providers;
mod quotes;
mod refusals;
mod stores;
mod tenders;

use crate::world::{Answer, World, order_path, unique};
use serde_json::Value;

/// Calls a verb of an order with a request id of its own.
async fn act(world: &World, order_id: &str, verb: &str, body: &Value) -> Answer {
    let mut body = body.clone();
    body["request_id"] = unique(verb).into();
    world.http().post(&format!("{}:{verb}", order_path(order_id)), &body).await
}

async fn get(world: &World, order_id: &str) -> Value {
    world.http().get(&order_path(order_id)).await.ok()
}
