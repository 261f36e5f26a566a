//! Cancellations as shop staff, customers and storefronts see them.
//!
//! - [`guide`]: every path that a guide for shop staff describes;
//! - [`undo`]: taken back, before and after the money moved;
//! - [`lists`]: the queue of the console, with its filters;
//! - [`refusals`]: what may not be, with its figures, and who may not;
//! - [`race`]: everything at once on one order;
//! - [`crash`]: killed between acceptance and settlement.

mod crash;
pub mod guide;
mod lists;
mod race;
mod refusals;
mod undo;

use crate::world::{Answer, Http, World, eventually, get, order_path, unique};
use serde_json::{Value, json};

/// A store that takes requests of customers.
pub fn takes_requests() -> Value {
    json!({"customer_requests": {"enabled": true, "window_days": 14}})
}

fn with_id(mut body: Value) -> Value {
    body["request_id"] = unique("call").into();
    body
}

/// By the merchant.
pub async fn cancel(http: &Http, order_id: &str, body: Value) -> Answer {
    http.post(&format!("{}:cancel", order_path(order_id)), &with_id(body)).await
}

/// By the customer.
pub async fn request(http: &Http, order_id: &str, body: Value) -> Answer {
    http.post(&format!("{}/cancellations", order_path(order_id)), &with_id(body)).await
}

fn path(cancellation: &Value) -> String {
    let name = |field: &str| cancellation[field].as_str().unwrap();
    format!("{}/cancellations/{}", order_path(name("order_id")), name("cancellation_id"))
}

/// One of the verbs on a cancellation.
pub async fn verb(http: &Http, cancellation: &Value, verb: &str, body: Value) -> Answer {
    http.post(&format!("{}:{verb}", path(cancellation)), &with_id(body)).await
}

/// Waits until the money is back.
pub async fn until_completed(world: &World, cancellation: &Value) -> Value {
    let (http, path) = (world.http(), path(cancellation));
    eventually("the cancellation to be completed", || async {
        let now = http.get(&path).await.ok();
        (now["state"] == "CANCELLATION_STATE_COMPLETED").then_some(now)
    })
    .await
}

/// Held, cancelled and open pieces of a line.
fn pieces(order: &Value, line: usize) -> (i64, i64, i64) {
    let count = |field: &str| order["lines"][line][field].as_i64().unwrap();
    (count("held"), count("cancelled"), count("open"))
}

pub fn sold_out() -> Value {
    json!({"reason": "CANCELLATION_REASON_OUT_OF_STOCK"})
}
