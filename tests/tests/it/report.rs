//! The report of what refunds consist of.
//!
//! - [`sums`]: they are the ledger's;
//! - [`rows`]: which rows there are, and in which sequence;
//! - [`ways`]: over gRPC, as lines, as CSV, and from the command line;
//! - [`streams`]: what a stream takes, and how it is refused.

mod rows;
mod streams;
mod sums;
mod ways;

use crate::world::{STORE, World};
use serde_json::Value;

const PATH: &str = "/v1/stores/shop/refundComponents";

/// The rows of the store, as lines of JSON; `query` begins with its question mark.
async fn rows(world: &World, query: &str) -> Vec<Value> {
    let answer = world.http().get(&format!("{PATH}{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.headers["content-type"], "application/x-ndjson");
    answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Makes a refund and waits until it is through.
async fn refunded(world: &World, order_id: &str, asked: &Value) -> Value {
    let refund = world.refund(order_id, asked).await.ok();
    world.until_over(&refund).await
}

#[test]
fn the_path_is_that_of_the_store() {
    assert_eq!(PATH, format!("/v1/stores/{STORE}/refundComponents"));
}
