//! The feed of a store: complete, in order, and nobody else's.

mod broker;
mod crash;
mod stream;
mod tail;

use crate::{
    on_both,
    world::{Answer, STORE, World, act, eventually, order},
};
use serde_json::{Value, json};

on_both!(
    the_feed_tells_what_happened_in_its_order,
    a_reader_goes_on_after_what_it_has,
    a_filter_lets_its_types_and_its_order_pass,
    a_cursor_that_is_none_is_refused,
    a_store_sees_its_own_feed_alone,
    what_a_buyer_is_told_of_a_refund,
);

/// A part of the feed of [`STORE`].
pub async fn list(world: &World, query: &str) -> Answer {
    world.http().get(&format!("/v1/stores/{STORE}/events?{query}")).await
}

/// Once there are so many.
async fn all(world: &World, count: usize) -> Vec<Value> {
    eventually("the events", || async {
        let listed = list(world, "page_size=1000").await.ok();
        let events = listed["events"].as_array().unwrap().clone();
        assert!(events.len() <= count, "{events:#?}");
        (events.len() == count).then_some(events)
    })
    .await
}

fn texts<'v>(events: &'v [Value], field: &str) -> Vec<&'v str> {
    events.iter().map(|event| event[field].as_str().unwrap()).collect()
}

/// An order that was accepted, with one refund that went through: seven events.
async fn lived(world: &World, order_id: &str) {
    world.ready(&order(order_id)).await;
    let ids = json!({"external_order_id": format!("E-{order_id}"), "external_order_number": "#1"});
    act(world, order_id, "accept", ids).await.ok();
    let refund = world.refund(order_id, &json!({"shipping_amount": "1.00"})).await.ok();
    world.until_over(&refund).await;
}

const LIFE: [&str; 6] = [
    "order.received",
    "order.ready",
    "order.accepted",
    "refund.created",
    "refund.succeeded",
    "refund.notice",
];

async fn the_feed_tells_what_happened_in_its_order(world: World) {
    world.open_store(json!({})).await;
    lived(&world, "O-1").await;
    let events = all(&world, 6).await;
    assert_eq!(texts(&events, "type"), LIFE);
    assert_eq!(texts(&events, "position"), ["1", "2", "3", "4", "5", "6"]);
    assert_eq!(texts(&events, "sequence"), ["1", "2", "3", "4", "5", "6"]);
    let succeeded = &events[4];
    let refund_id = &succeeded["data"]["refund_id"];
    assert_eq!(&succeeded["entity_id"], refund_id);
    assert_eq!((&succeeded["store_id"], &succeeded["order_id"]), (&json!(STORE), &json!("O-1")));
    assert_eq!(succeeded["external_order_id"], "E-O-1");
    assert_eq!(succeeded["actor"], json!({"kind": "WORKER", "id": "legs"}));
    assert_eq!(succeeded["data"]["state"], "REFUND_STATE_SUCCEEDED");
    assert_eq!(succeeded["data"]["total"], json!({"customer": "1.00", "merchant": "0.93"}));
    assert_eq!(events[0]["data"]["total"], json!({"customer": "115.00", "merchant": "106.38"}));
    assert_eq!(events[0]["external_order_id"], "");
    // Nobody's name, address or mail is in any of them.
    let text = serde_json::to_string(&events).unwrap().to_lowercase();
    for personal in ["@", "lovelace", "phone", "address"] {
        assert!(!text.contains(personal), "{personal} in {text}");
    }
}

async fn a_reader_goes_on_after_what_it_has(mut world: World) {
    world.open_store(json!({})).await;
    for order_id in ["O-1", "O-2"] {
        lived(&world, order_id).await;
    }
    let events = all(&world, 12).await;
    let mut read: Vec<Value> = Vec::new();
    let mut token = String::new();
    loop {
        let page = list(&world, &format!("page_size=5&page_token={token}")).await.ok();
        read.extend(page["events"].as_array().unwrap().iter().cloned());
        let last = page["last_position"].as_str().unwrap().to_owned();
        assert_eq!(last, read.last().unwrap()["position"]);
        page["next_page_token"].as_str().unwrap().clone_into(&mut token);
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(read, events);
    let ids = texts(&events, "event_id");
    world.terminate();
    world.start();
    for (place, id) in ids.iter().enumerate() {
        let after = list(&world, &format!("after={id}")).await.ok();
        assert_eq!(texts(after["events"].as_array().unwrap(), "event_id"), ids[place + 1..]);
        let after = list(&world, &format!("after_position={}", place + 1)).await.ok();
        assert_eq!(texts(after["events"].as_array().unwrap(), "event_id"), ids[place + 1..]);
    }
    let start = list(&world, "after_position=0&page_size=1").await.ok();
    assert_eq!(start["events"][0]["event_id"], ids[0]);
}

async fn a_filter_lets_its_types_and_its_order_pass(world: World) {
    world.open_store(json!({})).await;
    for order_id in ["O-1", "O-2"] {
        lived(&world, order_id).await;
    }
    all(&world, 12).await;
    let found = list(&world, "types=order.ready&types=refund.created&page_size=3").await.ok();
    let events = found["events"].as_array().unwrap();
    assert_eq!(texts(events, "type"), ["order.ready", "refund.created", "order.ready"]);
    let token = found["next_page_token"].as_str().unwrap();
    let rest = format!("types=order.ready&types=refund.created&page_token={token}");
    let rest = list(&world, &rest).await.ok();
    assert_eq!(texts(rest["events"].as_array().unwrap(), "type"), ["refund.created"]);
    let found = list(&world, "order_id=O-2").await.ok();
    let events = found["events"].as_array().unwrap();
    assert_eq!(texts(events, "type"), LIFE);
    assert_eq!(texts(events, "position"), ["7", "8", "9", "10", "11", "12"]);
    let none = list(&world, "order_id=O-3").await.ok();
    assert_eq!(none["events"], json!([]));
    // A token is good for the list that it came from.
    list(&world, &format!("page_token={token}"))
        .await
        .refused(400, "INVALID_FIELDS")
        .names("page_token");
    list(&world, "types=order.melted").await.refused(400, "INVALID_FIELDS").names("types[0]");
}

async fn a_cursor_that_is_none_is_refused(world: World) {
    world.open_store(json!({})).await;
    world.open_store_named("other", "guid-of-the-other", json!({})).await;
    world.ready(&order("O-1")).await;
    let path = "/v1/stores/other/orders";
    let body = json!({"request_id": "one", "order": order("O-1")});
    world.http().post(path, &body).await.ok();
    all(&world, 2).await;
    let of_other = eventually("the other's event", || async {
        let listed = world.http().get("/v1/stores/other/events").await.ok();
        listed["events"][0]["event_id"].as_str().map(str::to_owned)
    })
    .await;

    let unknown = "evt_0190b2c40000700080000000000000aa";
    let refused = list(&world, &format!("after={unknown}")).await;
    refused.refused(400, "CURSOR_UNKNOWN");
    assert_eq!(refused.metadata("last"), "2");
    list(&world, &format!("after={of_other}")).await.refused(404, "CURSOR_NOT_FOUND");
    list(&world, "after_position=3").await.refused(400, "CURSOR_UNKNOWN");
    list(&world, "after=first").await.refused(400, "INVALID_FIELDS").names("after");
    list(&world, "after_position=-1").await.refused(400, "INVALID_FIELDS").names("after_position");
    let both = list(&world, &format!("after={unknown}&after_position=1")).await;
    both.refused(400, "INVALID_FIELDS").names("after_position");
    list(&world, "page_token=nonsense").await.refused(400, "INVALID_FIELDS").names("page_token");

    // What was in the feed and is there no more, as after a restore of an earlier state.
    let last = list(&world, "").await.ok()["events"][1]["event_id"].as_str().unwrap().to_owned();
    world.database.rows("DELETE FROM event_log WHERE store_id = 'shop' AND position = 2");
    world.database.rows("UPDATE feeds SET position = 1 WHERE store_id = 'shop'");
    let refused = list(&world, &format!("after={last}")).await;
    refused.refused(400, "FEED_EPOCH_CHANGED");
    assert_eq!(refused.metadata("last"), "1");
}

async fn a_store_sees_its_own_feed_alone(world: World) {
    world.open_store(json!({})).await;
    world.open_store_named("other", "guid-of-the-other", json!({})).await;
    for role in ["ROLE_VIEWER", "ROLE_AGENT", "ROLE_MANAGER"] {
        let http = world.http().token(&world.token(role).await);
        http.get(&format!("/v1/stores/{STORE}/events")).await.ok();
        let foreign = http.get("/v1/stores/other/events").await;
        let nobodys = http.get("/v1/stores/nobody/events").await;
        foreign.refused(404, "STORE_NOT_FOUND");
        assert_eq!(foreign.text().replace("other", "nobody"), nobodys.text());
    }
    let http = world.http().token(&world.token("ROLE_STOREFRONT").await);
    http.get(&format!("/v1/stores/{STORE}/events")).await.refused(403, "ROLE_FORBIDS");
    let anonymous = world.http().anonymous();
    anonymous.get(&format!("/v1/stores/{STORE}/events")).await.refused(401, "UNAUTHENTICATED");
}

async fn what_a_buyer_is_told_of_a_refund(world: World) {
    world.open_store(json!({})).await;
    world.ready(&order("O-1")).await;
    let line = order("O-1")["lines"][0]["cart_item_id"].clone();
    let product = json!({
        "cart_item_id": line,
        "refund_quantity": "1",
        "refund_reason": {"code": "8", "name": "Damaged"},
    });
    let refund = world.refund("O-1", &json!({"products": [product]})).await.ok();
    world.until_over(&refund).await;
    let general = world.refund("O-1", &json!({"shipping_amount": "1.00"})).await.ok();
    world.until_over(&general).await;
    let notices = eventually("the notices", || async {
        let listed = list(&world, "types=refund.notice").await.ok();
        let events = listed["events"].as_array().unwrap().clone();
        (events.len() == 2).then_some(events)
    })
    .await;
    let told = &notices[0]["data"];
    assert_eq!(told["refund_id"], refund["refund_id"]);
    assert_eq!((&told["total"], &told["currency"]), (&refund["total"]["customer"], &json!("USD")));
    assert_eq!(told["lines"][0]["cart_item_id"], line);
    assert_eq!(told["lines"][0]["quantity"], 1);
    assert_eq!(told["lines"][0]["reason"], json!({"code": "8", "name": "Damaged"}));
    // Without a reason it is in a general form.
    assert_eq!(notices[1]["data"]["lines"], json!([]));
    assert_eq!(notices[1]["data"]["total"], "1.00");
}
