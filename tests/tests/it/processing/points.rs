//! The process ends at once at every named point on the way of an order, of its hand-over and of the
//! legs of its refund, and another goes on from there.

use super::{get, until_state};
use crate::{
    crash::SHORT_LEASE,
    on_both,
    world::{BreakingLine, Shop, World, eventually, order, plug_and_play},
};
use http::Method;
use serde_json::{Value, json};
use testkit::{process::Launch, scale};

on_both!(wherever_the_process_ends_each_order_ends_right_and_each_effect_happens_once);

const ORDERS: &str = "/v1/stores/shop/orders";

/// Where to end, as the build for tests is told.
pub const STOP_AT: &str = "MERIDIAN_STOP_AT";

/// The points there are, from the program itself.
pub fn all_points(launch: &Launch) -> Vec<String> {
    let refused = launch.clone().set(STOP_AT, "?").start().err();
    let said =
        refused.expect("the program is built with --features meridian/failpoints").to_string();
    let (_, names) = said.split_once("is not one of ").unwrap_or_else(|| panic!("{said}"));
    let (names, _) = names.split_once(", with").unwrap();
    names.split(", ").map(str::to_owned).collect()
}

/// Those that need no provider which tells of what happens: `money::matrix` passes the others.
fn points(world: &World) -> Vec<String> {
    let elsewhere = |name: &String| name.starts_with("refund.") || name.starts_with("notice.");
    all_points(&world.launch(&[])).into_iter().filter(|name| !elsewhere(name)).collect()
}

async fn wherever_the_process_ends_each_order_ends_right_and_each_effect_happens_once(
    mut world: World,
) {
    let points = points(&world);
    assert!(points.len() >= 21, "{points:?}");
    let shop = Shop::open().await;
    shop.never_take("unwanted");
    // The first push of each round loses its answer, so that the shop has to be asked.
    let line = BreakingLine::to(shop.address, 0).await;
    let mut settings = plug_and_play(line.address, "CANCEL", &[0, 0, 1, 1]);
    settings["screening"] = json!({"fraud": true, "prohibited_goods": true, "denied_party": true});
    world.open_store(settings).await;
    let (mut round, mut placed) = (0, 0);
    for passing in 1..=scale::pick(1, 3) {
        for point in &points {
            round += 1;
            placed += passing;
            line.lose(passing);
            world.restart_with(&[SHORT_LEASE, (STOP_AT, &format!("{point}:{passing}"))]);
            // The process may be gone before it has taken all of them.
            let http = world.http();
            for body in orders(round, passing) {
                http.try_send(Method::POST, ORDERS, body.to_string()).await.ok();
            }
            eventually(&format!("{point}:{passing} to be reached"), || {
                let ended = world.has_ended();
                async move { ended.then_some(()) }
            })
            .await;
            world.restart_with(&[SHORT_LEASE]);
            for body in orders(round, passing) {
                world.http().post(ORDERS, &body).await.ok();
            }
            for number in 0..passing {
                ends_right(&world, &shop, &format!("{round}-{number}"), point).await;
            }
            // One movement at the provider for each payment that went back.
            let moved =
                "SELECT count(*) FROM ledger_transfers WHERE to_account = 'sandbox:returned'";
            let expected = i64::try_from(2 * placed).unwrap();
            assert_eq!(world.database.count(moved), expected, "{point}:{passing}");
        }
    }
    let double = "SELECT count(*) FROM (SELECT order_id, kind FROM facts WHERE kind IN \
        ('order.ready', 'order.accepted', 'order.completed', 'order.cancelled', 'refund.succeeded') \
        GROUP BY order_id, kind HAVING count(*) > 1) AS double";
    assert_eq!(world.database.count(double), 0);
}

/// As many of each kind as it takes to pass every point so often: one that goes all the way, one
/// that is cancelled for its goods, and one that no shop takes.
fn orders(round: usize, passing: usize) -> Vec<Value> {
    (0..passing).flat_map(|number| three(&format!("{round}-{number}"))).collect()
}

fn three(name: &str) -> [Value; 3] {
    let mut clear = order(&format!("clear-{name}"));
    clear["tenders"][0]["state"] = "TENDER_STATE_PENDING".into();
    clear["tenders"][0]["provider_reference"] = "sandbox-capture-later".into();
    let mut goods = order(&format!("goods-{name}"));
    goods["lines"][0]["hs_code"] = "9303.20".into();
    goods["tenders"][0]["provider_reference"] = "sandbox-lose-answer".into();
    [clear, goods, order(&format!("unwanted-{name}"))].map(|order| {
        let request_id = format!("place-{}", order["order_id"].as_str().unwrap());
        json!({"request_id": request_id, "order": order})
    })
}

async fn ends_right(world: &World, shop: &Shop, which: &str, context: &str) {
    let id = |name: &str| format!("{name}-{which}");
    until_state(world, &id("clear"), "COMPLETED").await;
    until_state(world, &id("goods"), "CANCELLED").await;
    until_state(world, &id("unwanted"), "CANCELLED").await;
    assert_eq!(shop.orders(&id("clear")).len(), 1, "{context}");
    assert_eq!(shop.orders(&id("goods")).len() + shop.orders(&id("unwanted")).len(), 0);
    for name in ["goods", "unwanted"] {
        let order_id = id(name);
        eventually("the payment to be back", || async {
            let order = get(world, &order_id).await;
            (order["tenders"][0]["refunded"] == "115.00").then_some(())
        })
        .await;
    }
}
