//! Several processes on one database share the work.

use super::until_state;
use crate::{
    crash::SHORT_LEASE,
    world::{Backend, BreakingLine, Shop, World, order, plug_and_play},
};
use futures_util::future::join_all;
use serde_json::json;

const ORDERS: usize = 100;

/// Both are killed in the middle of it, one after the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_two_processes_do_is_done_once() {
    let mut world = World::with(Backend::Postgresql, &[SHORT_LEASE]);
    let shop = Shop::open().await;
    let line = BreakingLine::to(shop.address, 10).await;
    let mut settings = plug_and_play(line.address, "CANCEL", &[0, 1, 1, 1, 1, 1]);
    settings["screening"] = json!({"fraud": true, "prohibited_goods": true, "denied_party": true});
    world.open_store(settings).await;
    let another = || {
        let started = world.launch(&[SHORT_LEASE]).start();
        started.unwrap_or_else(|error| panic!("{error}"))
    };
    let ids: Vec<String> = (0..ORDERS).map(|number| format!("O-{number}")).collect();
    let (first, rest) = ids.split_at(ORDERS / 2);
    let second = another();
    join_all(first.iter().map(async |id| world.place(&order(id)).await)).await;
    second.kill9();
    let _third = another();
    join_all(rest.iter().map(async |id| world.place(&order(id)).await)).await;
    world.kill();
    world.start();
    for id in &ids {
        until_state(&world, id, "COMPLETED").await;
        assert_eq!(shop.orders(id).len(), 1, "{id}");
    }
    for kind in ["order.ready", "order.accepted", "order.completed"] {
        let count =
            format!("SELECT count(*), count(DISTINCT order_id) FROM facts WHERE kind = '{kind}'");
        let hundred = ORDERS.to_string();
        assert_eq!(world.database.rows(&count), [[hundred.clone(), hundred]], "{kind}");
    }
}
