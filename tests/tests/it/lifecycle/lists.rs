use super::act;
use crate::{
    cancellations::until_completed,
    on_both,
    world::{Http, STORE, World, order, order_path},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use futures_util::future::join_all;
use serde_json::{Value, json};

on_both!(
    orders_are_found_by_every_filter,
    pages_have_every_order_once_and_belong_to_one_list,
    refunds_are_listed_by_order_store_and_state,
    a_forged_page_token_is_refused,
);

async fn ids(http: &Http, query: &str) -> Vec<String> {
    let found = http.get(&format!("/v1/stores/{STORE}/orders?{query}")).await.ok();
    let orders = found["orders"].as_array().unwrap();
    orders.iter().map(|order| order["order_id"].as_str().unwrap().to_owned()).collect()
}

async fn orders_are_found_by_every_filter(world: World) {
    world.open_store(json!({})).await;
    for number in 1..=4 {
        let mut order = order(&format!("O-{number}"));
        order["buyer"]["email"] = format!("Buyer{number}@Example.com").into();
        order["lines"][0]["product_code"] = format!("SKU-{number}0").into();
        order["lines"][1]["secondary_product_code"] = format!("SEC-{number}").into();
        if number == 4 {
            order["tenders"][0]["state"] = "TENDER_STATE_PENDING".into();
            world.place(&order).await;
        } else {
            world.ready(&order).await;
        }
    }
    let accepted = json!({"external_order_id": "E-2", "external_order_number": "#2"});
    let second = act(&world, "O-2", "accept", &accepted).await.ok();
    let since = second["create_time"].as_str().unwrap();
    let refund = world.refund("O-2", &json!({"total_refund_amount": "5.00"})).await.ok();
    world.until_over(&refund).await;
    let one_piece = json!({
        "reason": "CANCELLATION_REASON_OUT_OF_STOCK",
        "lines": [{"cart_item_id": "L2", "quantity": 1}],
    });
    let cancelled = act(&world, "O-3", "cancel", &one_piece).await.ok();
    until_completed(&world, &cancelled).await;
    let since = crate::world::encode(since);
    let http = world.http();
    for (query, expected) in [
        (String::new(), vec!["O-4", "O-3", "O-2", "O-1"]),
        ("order_by=ORDER_SORT_CREATE_TIME_ASC".to_owned(), vec!["O-1", "O-2", "O-3", "O-4"]),
        ("states=ORDER_STATE_RECEIVED".to_owned(), vec!["O-4"]),
        ("states=ORDER_STATE_READY".to_owned(), vec!["O-3", "O-1"]),
        (
            "states=ORDER_STATE_READY&states=ORDER_STATE_ACCEPTED".to_owned(),
            vec!["O-3", "O-2", "O-1"],
        ),
        ("external_order_id=E-2".to_owned(), vec!["O-2"]),
        ("external_order_id=E-9".to_owned(), vec![]),
        ("buyer_email=bUYER3%40example.COM".to_owned(), vec!["O-3"]),
        ("product_code=SKU-10".to_owned(), vec!["O-1"]),
        ("product_code=SKU-2".to_owned(), vec!["O-4", "O-3", "O-2", "O-1"]),
        ("product_code=SEC-3".to_owned(), vec!["O-3"]),
        (format!("created_after={since}"), vec!["O-4", "O-3", "O-2"]),
        (format!("created_before={since}"), vec!["O-1"]),
        (format!("created_after={since}&created_before={since}"), vec![]),
        (
            "states=ORDER_STATE_READY&product_code=SKU-10&buyerEmail=buyer1%40example.com"
                .to_owned(),
            vec!["O-1"],
        ),
        ("states=ORDER_STATE_RECEIVED&product_code=SKU-10".to_owned(), vec![]),
        ("search=%232".to_owned(), vec!["O-2"]),
        ("search=O-1&search=BUYER3%40example.com&search=E-9".to_owned(), vec!["O-3", "O-1"]),
        ("search=buyer".to_owned(), vec!["O-4", "O-3", "O-2", "O-1"]),
        // What a cancellation pays back is a refund, too.
        ("refund_states=REFUND_STATE_SUCCEEDED".to_owned(), vec!["O-3", "O-2"]),
        ("refund_states=REFUND_STATE_HELD&refund_states=REFUND_STATE_FAILED".to_owned(), vec![]),
        ("cancellation_states=CANCELLATION_STATE_COMPLETED".to_owned(), vec!["O-3"]),
        ("screening_states=SCREENING_STATE_REVIEW".to_owned(), vec![]),
        (
            "handover_states=HANDOVER_STATE_NOT_APPLICABLE&states=ORDER_STATE_RECEIVED".to_owned(),
            vec!["O-4"],
        ),
        (
            "search=SKU-2&states=ORDER_STATE_ACCEPTED&refund_states=REFUND_STATE_SUCCEEDED\
             &handover_states=HANDOVER_STATE_NOT_APPLICABLE&created_before=2100-01-01T00:00:00Z"
                .to_owned(),
            vec!["O-2"],
        ),
    ] {
        assert_eq!(ids(&http, &query).await, expected, "{query}");
    }
}

async fn pages_have_every_order_once_and_belong_to_one_list(world: World) {
    world.open_store(json!({})).await;
    world.open_store_named("other", "other-guid", json!({})).await;
    let placed: Vec<_> = (1..=25).map(|number| order(&format!("O-{number:02}"))).collect();
    join_all(placed.iter().map(|order| world.place(order))).await;
    let http = world.http();
    let whole = ids(&http, "page_size=1000").await;
    assert_eq!(whole.len(), 25);
    for sort in ["ORDER_SORT_CREATE_TIME_DESC", "ORDER_SORT_CREATE_TIME_ASC"] {
        let mut found = Vec::new();
        let mut token = String::new();
        for size in [10, 10, 5] {
            let query = format!("page_size={size}&order_by={sort}&page_token={token}");
            let page = http.get(&format!("/v1/stores/{STORE}/orders?{query}")).await.ok();
            let orders = page["orders"].as_array().unwrap();
            assert_eq!(orders.len(), size);
            found.extend(orders.iter().map(|order| order["order_id"].as_str().unwrap().to_owned()));
            page["next_page_token"].as_str().unwrap().clone_into(&mut token);
        }
        assert_eq!(token, "");
        if sort.ends_with("ASC") {
            found.reverse();
        }
        assert_eq!(found, whole);
    }
    let first = http.get(&format!("/v1/stores/{STORE}/orders?page_size=10")).await.ok();
    let token = first["next_page_token"].as_str().unwrap();
    for path in [
        format!("/v1/stores/{STORE}/orders?page_size=10&product_code=SKU-1&page_token={token}"),
        format!("/v1/stores/other/orders?page_token={token}"),
        format!("{}/refunds?page_token={token}", order_path("O-01")),
        format!("/v1/stores/{STORE}/tokens?page_token={token}"),
        format!("/v1/stores?page_token={token}"),
        format!("/v1/stores/{STORE}/orders?page_token={token}x"),
    ] {
        http.get(&path).await.refused(400, "INVALID_FIELDS").names("page_token");
    }
    // An order that came in meanwhile stands before the first page, and moves no other.
    world.place(&order("O-99")).await;
    let path = format!("/v1/stores/{STORE}/orders?page_size=10&page_token={token}");
    let second: Vec<Value> = http.get(&path).await.ok()["orders"].as_array().unwrap().clone();
    let second: Vec<_> = second.iter().map(|order| order["order_id"].as_str().unwrap()).collect();
    assert_eq!(second, &whole[10..20]);
}

async fn refunds_are_listed_by_order_store_and_state(world: World) {
    world.open_store(json!({})).await;
    let mut declining = order("O-2");
    declining["tenders"][0]["provider_reference"] = "sandbox-decline".into();
    world.ready(&order("O-1")).await;
    world.ready(&declining).await;
    let mut made = Vec::new();
    for order_id in ["O-1", "O-1", "O-2", "O-1"] {
        let refund = world.refund(order_id, &json!({"shipping_amount": "1.00"})).await.ok();
        made.push(world.until_over(&refund).await);
    }
    let http = world.http();
    let list = async |path: String| http.get(&path).await.ok();
    let store = format!("/v1/stores/{STORE}/orders/-/refunds");
    let all = list(store.clone()).await;
    assert_eq!(all["refunds"], json!(made));
    assert!(all["refundable"].is_null());
    let of_first = list(format!("{}/refunds", order_path("O-1"))).await;
    assert_eq!(of_first["refunds"], json!([made[0], made[1], made[3]]));
    assert_eq!(of_first["refundable"], world.refundable("O-1").await);
    let failed = list(format!("{store}?states=REFUND_STATE_FAILED")).await;
    assert_eq!(failed["refunds"], json!([made[2]]));
    let first = list(format!("{store}?page_size=3")).await;
    assert_eq!(first["refunds"], json!(made[..3]));
    let token = first["next_page_token"].as_str().unwrap();
    let rest = list(format!("{store}?page_size=3&page_token={token}")).await;
    assert_eq!((&rest["refunds"], &rest["next_page_token"]), (&json!(made[3..]), &json!("")));
    let other = format!("{}/refunds?page_token={token}", order_path("O-1"));
    http.get(&other).await.refused(400, "INVALID_FIELDS").names("page_token");
    http.get(&format!("{}/refunds", order_path("O-9"))).await.refused(404, "ORDER_NOT_FOUND");
    // A refund is found under its own order and under no other.
    let refund_id = made[0]["refund_id"].as_str().unwrap();
    assert_eq!(list(format!("{}/refunds/{refund_id}", order_path("O-1"))).await, made[0]);
    let astray = format!("{}/refunds/{refund_id}", order_path("O-2"));
    http.get(&astray).await.refused(404, "REFUND_NOT_FOUND");
}

/// A token with another place in it: callers can read and write them.
fn forged(page: &Value, place: &str, instead: &str) -> String {
    let token = page["next_page_token"].as_str().unwrap();
    let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(token).unwrap()).unwrap();
    assert!(text.contains(place), "{text}");
    BASE64_URL_SAFE_NO_PAD.encode(text.replace(place, instead))
}

async fn a_forged_page_token_is_refused(world: World) {
    world.open_store(json!({})).await;
    world.open_store_named("other", "other-guid", json!({})).await;
    for order_id in ["O-1", "O-2"] {
        world.place(&order(order_id)).await;
    }
    let http = world.http();
    for (list, place) in
        [(format!("/v1/stores/{STORE}/orders"), "O-2"), ("/v1/stores".to_owned(), "other")]
    {
        let page = http.get(&format!("{list}?page_size=1")).await.ok();
        for instead in [r"a\u0000b", "a b", ""] {
            let token = forged(&page, &format!("\"{place}\""), &format!("\"{instead}\""));
            let answer = http.get(&format!("{list}?page_size=1&page_token={token}")).await;
            answer.refused(400, "INVALID_FIELDS").names("page_token");
        }
    }
}
