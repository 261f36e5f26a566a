//! The push into a shop's own system, when things go wrong.

use super::{act, until, until_state};
use crate::{
    on_both,
    world::{BreakingLine, SECRET, STORE, Shop, World, order, plug_and_play, unique},
};
use futures_util::future::join_all;
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

on_both!(
    a_lost_answer_never_makes_a_second_order,
    a_shop_that_is_down_gets_its_orders_once_it_is_there,
    a_pushed_order_is_signed_with_the_stores_secret,
    the_secret_is_kept_and_never_shown,
);

/// Every push of a run loses its answer once, after the order was made in the shop.
async fn a_lost_answer_never_makes_a_second_order(world: World) {
    const RUNS: usize = 100;
    let shop = Shop::open().await;
    let line = BreakingLine::to(shop.address, RUNS).await;
    world.open_store(plug_and_play(line.address, "CANCEL", &[0, 0, 1, 1, 1])).await;
    let ids: Vec<String> = (0..RUNS).map(|number| format!("O-{number}")).collect();
    join_all(ids.iter().map(async |id| world.place(&order(id)).await)).await;
    for id in &ids {
        let done = until_state(&world, id, "COMPLETED").await;
        assert_eq!(done["external_order_id"], format!("shop-{id}"));
        assert_eq!(shop.orders(id).len(), 1, "{id}");
    }
    assert_eq!(line.lost(), RUNS);
}

async fn a_shop_that_is_down_gets_its_orders_once_it_is_there(world: World) {
    // Nobody listens there.
    let closed = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    world.open_store(plug_and_play(closed, "NOTIFY", &[0, 3_600])).await;
    world.place(&order("O-1")).await;
    let waits = until(&world, "O-1", |order| order["handover"]["tries"] == 2).await;
    assert_eq!(waits["handover"]["in_doubt"], false, "nothing was sent");
    let shop = Shop::open().await;
    let body = json!({"request_id": unique("u"), "settings": shop.settings("NOTIFY", &[])});
    let store = format!("/v1/stores/{STORE}");
    world.http().send(http::Method::PATCH, &store, body.to_string()).await.ok();
    act(&world, "O-1", "retryHandover", json!({})).await.ok();
    until_state(&world, "O-1", "COMPLETED").await;
    assert_eq!(shop.orders("O-1").len(), 1);
}

/// By the scheme of Standard Webhooks: id, time and body, with HMAC-SHA-256.
async fn a_pushed_order_is_signed_with_the_stores_secret(world: World) {
    let shop = Shop::open().await;
    world.open_store(shop.settings("NOTIFY", &[])).await;
    world.place(&order("O-1")).await;
    let done = until_state(&world, "O-1", "COMPLETED").await;
    let (headers, body) = &shop.pushes()[0];
    assert_eq!(headers["webhook-id"], "O-1");
    // By a library of others, which looks at the time as well.
    let webhook = Webhook::new(SECRET).unwrap();
    webhook.verify(body, headers).unwrap();
    assert!(webhook.verify(&body[1..], headers).is_err());
    let at: i64 = headers["webhook-timestamp"].to_str().unwrap().parse().unwrap();
    let made = done["create_time"].as_str().unwrap();
    let made = OffsetDateTime::parse(made, &Rfc3339).unwrap().unix_timestamp();
    assert!((0..60).contains(&(at - made)), "{at}");
}

async fn the_secret_is_kept_and_never_shown(world: World) {
    let shop = Shop::open().await;
    let made = world.open_store(shop.settings("NOTIFY", &[])).await;
    let shown = |store: &Value| {
        assert!(!store.to_string().contains(SECRET), "{store}");
        store["settings"]["handover"]["has_secret"].as_bool().unwrap()
    };
    assert!(shown(&made));
    let path = format!("/v1/stores/{STORE}");
    let update = async |settings: Value| {
        let body = json!({"request_id": unique("u"), "settings": settings});
        world.http().send(http::Method::PATCH, &path, body.to_string()).await.ok()
    };
    // Read, changed and written back it is still there.
    let mut settings = world.http().get(&path).await.ok()["settings"].clone();
    settings["handover"]["exhausted"] = "HANDOVER_EXHAUSTED_CANCEL".into();
    assert!(shown(&update(settings.clone()).await));
    // It does not go to another address: that has one of its own, which is told once.
    settings["handover"]["url"] = "https://elsewhere.example/orders".into();
    let body = json!({"request_id": unique("u"), "settings": settings});
    let send = async || {
        let answer = world.http().send(http::Method::PATCH, &path, body.to_string()).await.ok();
        answer["settings"]["handover"]["secret"].as_str().unwrap().to_owned()
    };
    let secret = send().await;
    assert!(secret.starts_with("whsec_") && secret != SECRET, "{secret}");
    assert_eq!(send().await, "", "a replay does not tell it again");
    let read = world.http().get(&path).await.ok();
    assert_eq!(read["settings"]["handover"]["secret"], "");
    let written = format!("SELECT count(*) FROM facts WHERE body LIKE '%{}%'", &secret[6..]);
    assert_eq!(world.database.count(&written), 0);
    let written = "SELECT count(*) FROM facts WHERE body LIKE '%MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw%'";
    assert_eq!(world.database.count(written), 0);
}
