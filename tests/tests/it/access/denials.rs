//! What callers were refused is in the log of their store, and nowhere else.

use crate::{
    on_both,
    world::{GUID, STORE, World, eventually, order, order_path},
};
use http::Method;
use serde_json::{Value, json};

on_both!(
    what_was_denied_is_in_the_log_of_the_callers_store,
    what_was_denied_changes_no_version,
    what_waits_is_written_before_the_process_ends,
);

/// What the history of the store has of it: who, and what.
fn denied(world: &World) -> Vec<(String, Value)> {
    let sql = format!(
        "SELECT actor_kind, actor_id, body FROM facts WHERE kind = 'access.denied' \
         AND store_id = '{STORE}' AND order_id = '' ORDER BY place"
    );
    let entry = |row: Vec<String>| {
        let fact: Value = serde_json::from_str(&row[2]).unwrap();
        (format!("{} {}", row[0], row[1]), fact)
    };
    world.database.rows(&sql).into_iter().map(entry).collect()
}

/// The attempts, without who made them.
fn attempts(world: &World) -> Vec<Value> {
    let listed = |(_, fact): (String, Value)| fact["denials"].as_array().unwrap().clone();
    denied(world).into_iter().flat_map(listed).collect()
}

async fn until_attempts(world: &World, expected: Value) {
    eventually("the attempts to be in the log", || async {
        (Value::from(attempts(world)) == expected).then_some(())
    })
    .await;
}

async fn what_was_denied_is_in_the_log_of_the_callers_store(world: World) {
    world.open_store(json!({})).await;
    world.open_store_named("shop-2", "other-guid", json!({})).await;
    world.ready(&order("O-1")).await;
    let body = json!({"request_id": "t", "name": "t", "role": "ROLE_VIEWER"});
    let tokens = format!("/v1/stores/{STORE}/tokens");
    let made = world.http().post(&tokens, &body).await.ok();
    let viewer = world.http().token(made["secret"].as_str().unwrap());
    viewer.get("/v1/stores/shop-2/orders/O-9").await.refused(404, "STORE_NOT_FOUND");
    let lists = |method: &str, reason: &str, named: Option<&str>, times: u64| {
        let mut denial = json!({"reason": reason, "method": method, "times": times});
        if let Some(named) = named {
            denial["named"] = named.into();
        }
        denial
    };
    let first = lists("GetOrder", "STORE_NOT_FOUND", Some("shop-2"), 1);
    until_attempts(&world, json!([first])).await;
    let id = made["token_id"].as_str().unwrap();
    assert_eq!(denied(&world)[0].0, format!("MERCHANT {id}"));

    // Who knows the GUID alone, and a token that was revoked, are known as well.
    let guid = format!("/Order/CreateOrderRefund?merchantGUID={GUID}");
    let asked = json!({"orderRefund": {"OrderId": "O-1", "ShippingAmount": "1.00"}});
    assert_eq!(world.http().anonymous().post(&guid, &asked).await.status, 401);
    let by_guid = lists("ResolveMerchant", "TOKEN_NEEDED", None, 1);
    until_attempts(&world, json!([first, by_guid])).await;
    let agent = json!({"request_id": "a", "name": "a", "role": "ROLE_AGENT"});
    let made = world.http().post(&tokens, &agent).await.ok();
    let agent = world.http().token(made["secret"].as_str().unwrap());
    let revoke = format!("{tokens}/{}:revoke", made["token_id"].as_str().unwrap());
    world.http().post(&revoke, &json!({"request_id": "x"})).await.ok();
    agent.get(&order_path("O-1")).await.refused(401, "UNAUTHENTICATED");
    let ended = lists("GetOrder", "TOKEN_ENDED", None, 1);
    until_attempts(&world, json!([first, by_guid, ended])).await;

    // Each is an entry of the log and no event; the other store's log has none.
    let entries = "SELECT count(*) FROM event_log WHERE kind = 'access.denied'";
    eventually("the log to have them", || async {
        (world.database.count(entries) == 3).then_some(())
    })
    .await;
    let elsewhere = format!("{entries} AND (position IS NOT NULL OR store_id <> '{STORE}')");
    assert_eq!(world.database.count(&elsewhere), 0);
    let feed = world.http().get(&format!("/v1/stores/{STORE}/events")).await.ok();
    assert!(!feed.to_string().contains("denied"), "{feed}");
    let verified = world.launch(&[]).run(&["verify"]).unwrap();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
}

async fn what_was_denied_changes_no_version(world: World) {
    world.open_store(json!({})).await;
    let store = format!("/v1/stores/{STORE}");
    let viewer = world.http().token(&world.token("ROLE_VIEWER").await);
    let seen = world.http().get(&store).await.ok();
    viewer.get(&format!("{store}/tokens")).await.refused(403, "ROLE_FORBIDS");
    let expected = json!([{"reason": "ROLE_FORBIDS", "method": "ListTokens", "times": 1}]);
    until_attempts(&world, expected).await;
    assert_eq!(world.http().get(&store).await.ok(), seen);
    let body = json!({"request_id": "u", "name": "Renamed", "version": seen["version"]});
    let renamed = world.http().send(Method::PATCH, &store, body.to_string()).await.ok();
    assert_eq!(renamed["name"], "Renamed");
}

async fn what_waits_is_written_before_the_process_ends(mut world: World) {
    world.open_store(json!({})).await;
    let viewer = world.http().token(&world.token("ROLE_VIEWER").await);
    let tokens = format!("/v1/stores/{STORE}/tokens");
    for _ in 0..3 {
        viewer.get(&tokens).await.refused(403, "ROLE_FORBIDS");
    }
    // The first may be in the log already; the rest would wait for a minute.
    assert!(world.terminate().success());
    let times = attempts(&world).iter().map(|it| it["times"].as_u64().unwrap()).sum::<u64>();
    assert_eq!(times, 3);
}
