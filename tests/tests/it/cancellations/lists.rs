//! The queue of the console.

use super::{cancel, request, sold_out, takes_requests, verb};
use crate::{
    on_both,
    world::{STORE, World, order, order_path},
};
use serde_json::{Value, json};

on_both!(the_queue_is_filtered_and_paged);

fn names(listed: &Value) -> Vec<String> {
    let all = listed["cancellations"].as_array().unwrap().iter();
    all.map(|it| it["order_id"].as_str().unwrap().to_owned()).collect()
}

async fn the_queue_is_filtered_and_paged(world: World) {
    world.open_store(takes_requests()).await;
    let http = world.http();
    for number in 1..=4 {
        world.ready(&order(&format!("O-{number}"))).await;
    }
    let reason = json!({"reason": "CANCELLATION_REASON_WRONG_INFORMATION"});
    let first = request(&http, "O-1", reason.clone()).await.ok();
    let second = request(&http, "O-2", reason).await.ok();
    cancel(&http, "O-3", sold_out()).await.ok();
    let mut part = sold_out();
    part["lines"] = json!([{"cart_item_id": "L2", "quantity": 1}]);
    let fourth = cancel(&http, "O-4", part).await.ok();
    verb(&http, &second, "withdraw", json!({})).await.ok();

    let all = format!("/v1/stores/{STORE}/orders/-/cancellations");
    let list = async |query: &str| names(&http.get(&format!("{all}?{query}")).await.ok());
    assert_eq!(list("").await, ["O-4", "O-3", "O-2", "O-1"]);
    assert_eq!(list("states=CANCELLATION_STATE_REQUESTED").await, ["O-1"]);
    let two = "states=CANCELLATION_STATE_WITHDRAWN&states=CANCELLATION_STATE_REQUESTED";
    assert_eq!(list(two).await, ["O-2", "O-1"]);
    assert_eq!(list("requested_by=REQUESTED_BY_MERCHANT").await, ["O-4", "O-3"]);
    let wrong = "reasons=CANCELLATION_REASON_WRONG_INFORMATION";
    assert_eq!(list(wrong).await, ["O-2", "O-1"]);
    assert_eq!(list("product_code=SKU-1").await, ["O-3", "O-2", "O-1"]);
    let from = second["create_time"].as_str().unwrap();
    assert_eq!(list(&format!("created_after={from}")).await, ["O-4", "O-3", "O-2"]);
    assert_eq!(list(&format!("created_before={from}")).await, ["O-1"]);
    let accepted = fourth["accept_time"].as_str().unwrap();
    assert_eq!(list(&format!("accepted_after={accepted}")).await, ["O-4"]);
    assert_eq!(list("accepted_before=2020-01-01T00:00:00Z").await, Vec::<String>::new());
    assert_eq!(list("completed_after=2020-01-01T00:00:00Z&product_code=NONE").await.len(), 0);

    let page = http.get(&format!("{all}?page_size=3")).await.ok();
    let token = page["next_page_token"].as_str().unwrap();
    assert_eq!(names(&page), ["O-4", "O-3", "O-2"]);
    let rest = http.get(&format!("{all}?page_size=3&page_token={token}")).await.ok();
    assert_eq!((names(&rest), &rest["next_page_token"]), (vec!["O-1".to_owned()], &json!("")));
    let elsewhere = format!("{all}?page_size=3&page_token={token}&product_code=SKU-1");
    http.get(&elsewhere).await.refused(400, "INVALID_FIELDS").names("page_token");
    http.get(&format!("{all}?states=NONSENSE")).await.refused(400, "INVALID_FIELDS");

    let of_one = format!("{}/cancellations", order_path("O-1"));
    assert_eq!(names(&http.get(&of_one).await.ok()), ["O-1"]);
    let got = http.get(&super::path(&first)).await.ok();
    assert_eq!(got, first);
    let of_another = format!("{}/cancellations", order_path("O-9"));
    http.get(&of_another).await.refused(404, "ORDER_NOT_FOUND");
}
