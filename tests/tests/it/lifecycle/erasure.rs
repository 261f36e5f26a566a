//! Personal data stand in one place, and are gone from it when somebody asks.

use crate::{
    cancellations::until_completed,
    on_both,
    world::{Collector, STORE, World, act, get, order, order_path, unique},
};
use serde_json::{Value, json};

on_both!(
    who_bought_is_forgotten_and_what_was_bought_is_not,
    what_a_customer_wrote_is_forgotten,
    whoever_is_still_needed_is_not_forgotten,
    what_names_anybody_stands_in_one_place,
    what_names_anybody_is_not_exported,
);

/// An order in which every text that may name somebody is a canary.
fn named(order_id: &str) -> Value {
    let mut order = order(order_id);
    let address = |what: &str| {
        json!({
            "name": format!("canary-{what}-name"), "lines": [format!("canary-{what}-street")],
            "city": format!("canary-{what}-city"), "region": format!("canary-{what}-region"),
            "postal_code": format!("canary-{what}-code"), "country": "US",
            "phone": format!("+1 canary-{what}-phone"),
        })
    };
    order["buyer"] = json!({
        "name": "canary-buyer-name", "email": "canary-mail@example.com",
        "phone": "canary-buyer-phone",
    });
    order["shipping_address"] = address("ship");
    order["billing_address"] = address("bill");
    order["customer_note"] = "canary-note".into();
    order
}

async fn accepted(world: &World, order_id: &str) {
    world.ready(&named(order_id)).await;
    let ids = json!({"external_order_id": format!("E-{order_id}"), "external_order_number": "#1"});
    act(world, order_id, "accept", ids).await.ok();
}

async fn what_a_customer_wrote_is_forgotten(world: World) {
    world.open_store(json!({"customer_requests": {"enabled": true}})).await;
    accepted(&world, "O-1").await;
    let request = json!({
        "reason": "CANCELLATION_REASON_OTHER", "comment": "call canary at home",
        "lines": [{"cart_item_id": "L1", "quantity": 1}],
    });
    let asked = crate::cancellations::request(&world.http(), "O-1", request).await.ok();
    assert_eq!(asked["customer_comment"], "call canary at home");
    let at = format!("{}/cancellations", order_path("O-1"));
    let one = format!("{at}/{}", asked["cancellation_id"].as_str().unwrap());
    act(&world, "O-1", "erasePersonalData", json!({})).await.ok();
    for path in [&one, &at] {
        let shown = world.http().get(path).await.ok();
        assert!(!shown.to_string().contains("canary"), "{shown}");
    }
    let shown = world.http().get(&one).await.ok();
    assert_eq!(shown["customer_reason"], "CANCELLATION_REASON_OTHER");
    let stands = "SELECT count(*) FROM orders WHERE doc LIKE '%canary%'";
    assert_eq!(world.database.count(stands), 0);
    // It is decided as any other, and nothing brings the words back.
    let accept = json!({"request_id": "accept", "reason": "CANCELLATION_REASON_OUT_OF_STOCK"});
    world.http().post(&format!("{one}:accept"), &accept).await.ok();
    assert!(!world.http().get(&one).await.ok().to_string().contains("canary"));
}

async fn who_bought_is_forgotten_and_what_was_bought_is_not(world: World) {
    world.open_store(json!({})).await;
    accepted(&world, "O-1").await;
    accepted(&world, "O-2").await;
    world.ready(&named("O-3")).await;
    let before = get(&world, "O-1").await;
    let by_mail = format!("/v1/stores/{STORE}/orders?buyer_email=canary-mail@example.com");
    assert_eq!(world.http().get(&by_mail).await.ok()["orders"].as_array().unwrap().len(), 3);
    let by_name = format!("/v1/stores/{STORE}/orders?search=canary");
    assert_eq!(world.http().get(&by_name).await.ok()["orders"].as_array().unwrap().len(), 3);
    let body = json!({"request_id": "erase-1"});
    let path = format!("{}:erasePersonalData", order_path("O-1"));
    let erased = world.http().post(&path, &body).await.ok();
    assert!(!erased.to_string().contains("canary"), "{erased}");
    assert_eq!(world.http().post(&path, &body).await.ok(), erased);
    let after = get(&world, "O-1").await;
    assert_eq!(after, erased);
    for kept in ["totals", "lines", "tenders", "state", "external_order_id", "create_time"] {
        assert_eq!(after[kept], before[kept], "{kept}");
    }
    for found_by in [&by_mail, &by_name] {
        let found = world.http().get(found_by).await.ok();
        let found = found["orders"].as_array().unwrap().iter();
        let found: Vec<_> = found.map(|order| order["order_id"].as_str().unwrap()).collect();
        assert_eq!(found, ["O-3", "O-2"], "{found_by}");
    }
    let left = "SELECT count(*) FROM orders WHERE order_id = 'O-1' \
                AND (personal IS NOT NULL OR buyer_email IS NOT NULL)";
    assert_eq!(world.database.count(left), 0);
    let words = "SELECT count(*) FROM order_names WHERE order_id = ";
    assert_eq!(world.database.count(&format!("{words}'O-1'")), 0);
    assert_eq!(world.database.count(&format!("{words}'O-2'")), 4);
    // It goes on, and is refunded, without anybody's name.
    let refund = world.refund("O-1", &json!({"full_refund": true})).await.ok();
    world.until_over(&refund).await;
    assert!(!get(&world, "O-1").await.to_string().contains("canary"));
    act(&world, "O-1", "erasePersonalData", json!({})).await.ok();
    // It cannot be brought back to where its buyer would be needed.
    let made = act(&world, "O-3", "cancel", json!({"reason": "CANCELLATION_REASON_OUT_OF_STOCK"}));
    let made = until_completed(&world, &made.await.ok()).await;
    act(&world, "O-3", "erasePersonalData", json!({})).await.ok();
    let undo = json!({"request_id": "undo", "comment": "after all", "evidence": {"repaid": {"payment_reference": "wire-1", "amount": "115.00"}}});
    let at = format!(
        "{}/cancellations/{}:undo",
        order_path("O-3"),
        made["cancellation_id"].as_str().unwrap()
    );
    let refused = world.http().post(&at, &undo).await;
    assert_eq!(refused.status, 400, "{}", refused.text());
    assert!(refused.text().contains("who bought was erased"), "{}", refused.text());
    let agent = world.http().token(&world.token("ROLE_AGENT").await);
    agent.post(&path, &json!({"request_id": "x"})).await.refused(403, "ROLE_FORBIDS");
    let verified = world.launch(&[]).run(&["verify"]).unwrap();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
}

async fn whoever_is_still_needed_is_not_forgotten(world: World) {
    world.open_store(json!({})).await;
    world.ready(&named("O-1")).await;
    let refused = act(&world, "O-1", "erasePersonalData", json!({})).await;
    refused.refused(400, "ORDER_STATE_FORBIDS");
    assert_eq!(get(&world, "O-1").await["buyer"]["name"], "canary-buyer-name");
}

/// Whether a value has this text. Bytes are shown in hexadecimal, by one of the databases with commas
/// between them.
pub fn shows(value: &str, text: &str) -> bool {
    let hex: Vec<_> = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    value.contains(text) || value.contains(&hex.concat()) || value.contains(&hex.join(", "))
}

async fn what_names_anybody_stands_in_one_place(world: World) {
    world.open_store(json!({"screening": {"fraud": true, "denied_party": true}})).await;
    accepted(&world, "O-1").await;
    let refund = json!({"shipping_amount": "1.00"});
    let refund = world.refund("O-1", &refund).await.ok();
    world.until_over(&refund).await;
    let elsewhere = [
        ("orders", "doc"),
        ("orders", "external_order_number"),
        ("orders", "cart_id"),
        ("order_products", "product_code"),
        ("refunds", "external_reference"),
        ("tenders", "reference"),
        ("facts", "body"),
        ("event_log", "data"),
        ("stores", "doc"),
        ("tasks", "subject"),
        ("tasks", "why"),
        ("claims", "claim_key"),
        ("receipts", "answer"),
    ];
    for (table, column) in elsewhere {
        let rows = world.database.rows(&format!("SELECT {column} FROM {table}"));
        let found = rows.iter().flatten().find(|text| shows(text, "canary"));
        assert_eq!(found, None, "{table}.{column}");
    }
    let feed = world.http().get(&format!("/v1/stores/{STORE}/events")).await.ok();
    assert!(!feed.to_string().contains("canary"), "{feed}");
    assert!(!world.process().log().contains("canary"), "{}", world.process().log());
    assert!(get(&world, "O-1").await.to_string().contains("canary-note"));
}

/// Traces, metrics and logs as a collector gets them, of calls that are taken and of calls that are
/// refused, over every way in.
async fn what_names_anybody_is_not_exported(mut world: World) {
    let collector = Collector::start().await;
    let endpoint = collector.endpoint();
    world.restart_with(&[
        ("MERIDIAN__TELEMETRY__ENDPOINT", &endpoint),
        ("MERIDIAN__TELEMETRY__FILTER", "info"),
    ]);
    world.open_store(json!({"screening": {"fraud": true, "denied_party": true}})).await;
    accepted(&world, "O-1").await;
    let refund = world.refund("O-1", &json!({"shipping_amount": "1.00"})).await.ok();
    world.until_over(&refund).await;
    let store = format!("/v1/stores/{STORE}");
    let http = world.http();
    for query in ["buyer_email=canary-mail@example.com", "buyer_email=canary", "canary=canary"] {
        http.get(&format!("{store}/orders?{query}")).await;
        http.get(&format!("/console/{STORE}/orders?q=canary-mail%40example.com&{query}")).await;
    }
    // What is wrong is not told to the log either.
    let mut wrong = named("O-2");
    wrong["buyer"]["email"] = format!("canary-mail-{}", "x".repeat(1_000)).into();
    wrong["shipping_address"]["country"] = "canary-country".into();
    wrong["billing_address"]["lines"] = "canary-no-list".into();
    wrong["canary_field"] = "canary".into();
    for order in [wrong.clone(), named("canary order with spaces")] {
        let body = json!({"request_id": unique("order"), "order": order});
        let refused = http.post(&format!("{store}/orders"), &body).await;
        assert_eq!(refused.status, 400, "{}", refused.text());
    }
    let broken = format!("{{\"order\": {wrong}");
    assert_eq!(http.post_text(&format!("{store}/orders"), broken).await.status, 400);
    let user = json!({
        "request_id": unique("user"), "login": "canary-login", "name": "canary name",
        "role": "ROLE_AGENT",
    });
    http.post(&format!("{store}/users"), &user).await.ok();
    http.post(&format!("{store}/users"), &user).await;
    let form = "store=shop&login=canary-login&password=canary-password";
    http.anonymous().post_text("/console/login", form).await;
    http.token("canary-secret")
        .get(&format!("{store}/orders"))
        .await
        .refused(401, "UNAUTHENTICATED");
    act(&world, "O-1", "erasePersonalData", json!({})).await.ok();
    let log = world.process().log();
    // At its end it sends what it has.
    assert!(world.terminate().success());
    assert!(!log.contains("canary"), "{log}");
    for signal in ["trace", "metrics", "logs"] {
        let sent = collector.of(signal);
        assert!(!sent.is_empty(), "no {signal}");
        for message in sent {
            let text = String::from_utf8_lossy(&message);
            assert!(!text.contains("canary"), "{signal}: {text}");
        }
    }
    let traces = collector.of("trace").concat();
    assert!(String::from_utf8_lossy(&traces).contains("OrderService/CreateOrder"));
}
