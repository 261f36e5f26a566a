//! What the platform does with an order by itself: pays, screens, hands it over, finishes it.
//!
//! - [`rows`]: every row of the lifecycle's table, one test each;
//! - [`handover`]: the push into a shop's own system, when things go wrong;
//! - [`vendure`]: into a shop system that others wrote, really running;
//! - [`lists`]: files of the operator's own, changed while they are in use;
//! - [`replicas`]: several processes on one database;
//! - [`points`]: ended at every named point on the way;
//! - [`crash`]: killed under load.

mod crash;
mod handover;
mod lists;
pub mod points;
mod replicas;
mod rows;
mod vendure;

use crate::world::{World, act, eventually, get, order, order_path};
use serde_json::{Value, json};

/// Waits until the order is as wished.
async fn until(world: &World, order_id: &str, wished: impl Fn(&Value) -> bool) -> Value {
    let (http, path) = (world.http(), order_path(order_id));
    let wished = &wished;
    eventually("the order to be as wished", || async {
        let order = http.get(&path).await.ok();
        wished(&order).then_some(order)
    })
    .await
}

async fn until_state(world: &World, order_id: &str, state: &str) -> Value {
    let state = format!("ORDER_STATE_{state}");
    until(world, order_id, |order| order["state"] == *state).await
}

async fn until_handover(world: &World, order_id: &str, state: &str) -> Value {
    let state = format!("HANDOVER_STATE_{state}");
    until(world, order_id, |order| order["handover"]["state"] == *state).await
}

/// An order that is paid so by card.
fn paid(order_id: &str, reference: &str, state: &str) -> Value {
    let mut order = order(order_id);
    order["tenders"][0]["provider_reference"] = reference.into();
    order["tenders"][0]["state"] = format!("TENDER_STATE_{state}").into();
    order
}

/// The names of what happened to an order, as the feed's readers see it.
fn events(world: &World, order_id: &str) -> Vec<String> {
    let sql = format!(
        "SELECT kind FROM facts WHERE order_id = '{order_id}' AND sequence IS NOT NULL ORDER BY place"
    );
    world.database.rows(&sql).into_iter().map(|mut row| row.remove(0)).collect()
}

/// What of the order is to be paid back, and why it was cancelled.
async fn cancellation(world: &World, order_id: &str) -> Value {
    let list = format!("{}/cancellations", order_path(order_id));
    let list = world.http().get(&list).await.ok();
    list["cancellations"][0].clone()
}

fn nothing() -> Value {
    json!({})
}
