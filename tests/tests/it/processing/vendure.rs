//! The whole way into a shop system that others wrote, really running.

use super::until_state;
use crate::{
    on_both,
    world::{World, order_of},
};
use futures_util::future::join_all;
use serde_json::{Value, json};
use testkit::vendure::{SECRET, Server};

on_both!(orders_end_up_in_a_real_shop_once_each);

/// A real shop takes its time.
const PATIENT: [(&str, &str); 2] =
    [("MERIDIAN__HANDOVER__CALL_TIMEOUT", "15s"), ("MERIDIAN__HANDOVER__PUSH_TIMEOUT", "1m")];

async fn orders_end_up_in_a_real_shop_once_each(mut world: World) {
    world.restart_with(&PATIENT);
    let shop = tokio::task::spawn_blocking(Server::start).await.unwrap();
    let handover = json!({
        "adapter": "vendure", "url": shop.url, "secret": SECRET, "schedule_seconds": [1, 1, 1],
    });
    world.open_store(json!({"handover": handover})).await;
    let ids: Vec<String> = (0..5).map(|number| format!("O-{number}")).collect();
    let made = |id: &String| {
        let lines = [("L1", "SHIRT-M", 3, "60.00", "55.50"), ("L2", "SCARF", 1, "40.00", "37.00")];
        let mut order = order_of(id, &lines);
        order["shipping_address"] = json!({"name": "A Buyer", "lines": ["1 Way"], "city": "Town",
            "postal_code": "12345", "country": "US"});
        order
    };
    let orders: Vec<Value> = ids.iter().map(made).collect();
    join_all(orders.iter().map(|order| world.place(order))).await;
    let mut numbers = std::collections::HashSet::new();
    for id in &ids {
        let done = until_state(&world, id, "COMPLETED").await;
        assert_eq!(done["handover"]["tries"], 0, "{done}");
        assert!(numbers.insert(done["external_order_number"].as_str().unwrap().to_owned()));
    }
    // What the shop does not sell, and what it has too few of.
    for (id, code, pieces, class) in [
        ("unknown", "NO-SUCH", 1, "REJECTED_PRODUCT"),
        ("few", "SOLD-OUT", 1, "REJECTED_INVENTORY"),
    ] {
        let mut order = order_of(id, &[("L1", code, pieces, "60.00", "55.50")]);
        order["shipping_address"] = orders[0]["shipping_address"].clone();
        world.place(&order).await;
        let refused = super::until_handover(&world, id, "EXHAUSTED").await;
        let failed = &refused["handover"]["failures"][0];
        assert_eq!(failed["failure_class"], format!("HANDOVER_FAILURE_CLASS_{class}"), "{failed}");
    }
}
