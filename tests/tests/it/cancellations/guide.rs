//! The guide for shop staff: requested, accepted, completed.

use super::{cancel, get, path, pieces, request, sold_out, takes_requests, until_completed, verb};
use crate::{
    on_both,
    world::{World, order, order_of, order_path, tender},
};
use serde_json::{Value, json};

on_both!(
    a_customer_asks_and_the_merchant_proceeds,
    a_customer_asks_by_phone,
    a_piece_is_sold_out,
    an_order_of_nothing_is_cancelled_at_once,
    an_order_paid_in_points_is_cancelled_at_once,
    a_bank_deposit_waits_for_a_person,
    what_was_only_authorised_is_released,
    a_part_of_a_request_is_rejected,
    a_store_may_accept_by_itself,
    an_order_whose_payment_failed_is_cancelled_by_the_platform,
    a_preview_is_what_the_commit_does,
    the_same_request_id_is_answered_again,
);

async fn a_customer_asks_and_the_merchant_proceeds(world: World) {
    world.open_store(takes_requests()).await;
    world.ready(&order("O-1")).await;
    let storefront = world.http().token(&world.token("ROLE_STOREFRONT").await);
    let agent = world.http().token(&world.token("ROLE_AGENT").await);
    let asked = json!({"reason": "CANCELLATION_REASON_CHANGED_MIND", "comment": "found another"});
    let asked = request(&storefront, "O-1", asked).await.ok();
    assert_eq!(asked["state"], "CANCELLATION_STATE_REQUESTED");
    assert_eq!(asked["display_name"], "Cancellation requested [Customer]");
    assert_eq!(asked["requested_by"], "REQUESTED_BY_CUSTOMER");
    assert_eq!(asked["channel"], "CHANNEL_ACCOUNT");
    assert_eq!(asked["refund_id"], "");
    let held = get(&world, "O-1").await;
    assert_eq!((pieces(&held, 0), pieces(&held, 1)), ((3, 0, 0), (1, 0, 0)));

    // Proceed: what would happen, then it happens.
    let look = json!({"cancellation_id": asked["cancellation_id"]});
    let seen = agent.post(&format!("{}:previewCancel", order_path("O-1")), &look).await.ok();
    assert_eq!((&seen["refunded"], &seen["by_hand"]), (&json!("115.00"), &json!("0.00")));
    let grant = json!({"reason": "CANCELLATION_REASON_CHANGED_MIND"});
    let accepted = verb(&agent, &asked, "accept", grant).await.ok();
    assert_eq!(accepted["state"], "CANCELLATION_STATE_IN_PROGRESS");
    assert_eq!(accepted["display_name"], "Cancellation in progress");
    assert_eq!(accepted["refund_total"], json!({"customer": "115.00", "merchant": "106.38"}));
    let done = until_completed(&world, &asked).await;
    assert_eq!(done["display_name"], "Canceled");
    assert_eq!(done["refund_state"], "REFUND_STATE_SUCCEEDED");
    assert_eq!(done["customer_comment"], "found another");
    let order = get(&world, "O-1").await;
    assert_eq!(order["state"], "ORDER_STATE_CANCELLED");
    assert_eq!(order["refunded"], order["totals"]);
    assert_eq!(order["tenders"][0]["refunded"], "115.00");
}

async fn a_customer_asks_by_phone(world: World) {
    world.open_store(json!({})).await;
    world.ready(&order("O-1")).await;
    let body = json!({
        "reason": "CANCELLATION_REASON_SHIPPING_DELAY",
        "requested_by": "REQUESTED_BY_CUSTOMER",
        "fee": "5.00",
    });
    let made = cancel(&world.http(), "O-1", body).await.ok();
    assert_eq!(made["requested_by"], "REQUESTED_BY_CUSTOMER");
    assert_eq!(made["channel"], "CHANNEL_CONTACT");
    assert_eq!(made["state"], "CANCELLATION_STATE_IN_PROGRESS");
    assert_eq!(made["refund_total"]["customer"], "110.00");
    until_completed(&world, &made).await;
    let refund = made["refund_id"].as_str().unwrap();
    let refund = world.http().get(&format!("{}/refunds/{refund}", order_path("O-1"))).await.ok();
    let fee = refund["components"].as_array().unwrap().last().unwrap();
    assert_eq!(fee["type"], "COMPONENT_TYPE_CANCELLATION_FEE");
    assert_eq!(fee["amount"], json!({"customer": "-5.00", "merchant": "-4.63"}));
}

async fn a_piece_is_sold_out(world: World) {
    world.open_store(json!({})).await;
    world.ready(&order("O-1")).await;
    let mut body = sold_out();
    body["lines"] = json!([{"cart_item_id": "L1", "quantity": 1, "restock": true}]);
    let made = cancel(&world.http(), "O-1", body.clone()).await.ok();
    // A third of 60.00, and a third of the line's 3.00 of duties.
    assert_eq!(made["refund_total"]["customer"], "21.00");
    assert_eq!(made["lines"], json!([{"cart_item_id": "L1", "quantity": 1, "restock": true}]));
    until_completed(&world, &made).await;
    let order = get(&world, "O-1").await;
    assert_eq!((&order["state"], pieces(&order, 0)), (&json!("ORDER_STATE_READY"), (0, 1, 2)));

    // The rest is shipped but for one line, which goes the same way, and shipping with it: that was
    // the last piece that was open.
    let lines = json!([{"cart_item_id": "L1", "quantity": 2}]);
    let ship = json!({"request_id": "ship-1", "lines": lines, "carrier": "DHL"});
    world.http().post(&format!("{}:ship", order_path("O-1")), &ship).await.ok();
    body["lines"] = json!([{"cart_item_id": "L2", "quantity": 1}]);
    let last = cancel(&world.http(), "O-1", body).await.ok();
    assert_eq!(last["refund_total"]["customer"], "52.00");
    assert_eq!(get(&world, "O-1").await["state"], "ORDER_STATE_READY");
}

async fn an_order_of_nothing_is_cancelled_at_once(world: World) {
    world.open_store(json!({})).await;
    let mut free = order_of("O-1", &[("L1", "GIFT", 1, "0.00", "0.00")]);
    for charge in ["shipping", "duties"] {
        free[charge] = json!({"customer": "0", "merchant": "0"});
    }
    free["tenders"] = json!([]);
    world.ready(&free).await;
    let made = cancel(&world.http(), "O-1", sold_out()).await.ok();
    assert_eq!(made["state"], "CANCELLATION_STATE_COMPLETED");
    assert_eq!(made["refund_id"], "");
    assert_eq!(get(&world, "O-1").await["state"], "ORDER_STATE_CANCELLED");
}

pub fn own(tender_id: &str, method: &str, account: &str, amount: &str) -> Value {
    let mut tender = tender(tender_id, account, amount);
    tender["method"] = method.into();
    tender["provider"] = "ledger".into();
    tender
}

pub(super) fn balance(world: &World, account: &str) -> i64 {
    world.database.count(&format!(
        "SELECT balance FROM ledger_accounts WHERE name = 'ledger-account:{account}'"
    ))
}

async fn an_order_paid_in_points_is_cancelled_at_once(world: World) {
    world.open_store(json!({})).await;
    let mut paid = order("O-1");
    paid["tenders"] = json!([
        own("points", "TENDER_METHOD_POINTS", "P-1", "100.00"),
        own("credit", "TENDER_METHOD_STORE_CREDIT", "C-1", "15.00"),
    ]);
    world.ready(&paid).await;
    let made = cancel(&world.http(), "O-1", sold_out()).await.ok();
    assert_eq!(made["state"], "CANCELLATION_STATE_COMPLETED");
    assert_eq!(made["refund_state"], "REFUND_STATE_SUCCEEDED");
    assert_eq!((balance(&world, "P-1"), balance(&world, "C-1")), (1_000_000, 150_000));
    let clearing = "SELECT balance FROM ledger_accounts WHERE name = 'ledger-clearing'";
    assert_eq!(world.database.count(clearing), 0, "what was spent is given back");
}

async fn a_bank_deposit_waits_for_a_person(world: World) {
    world.open_store(json!({})).await;
    world.ready(&order("O-1")).await;
    let mut body = sold_out();
    body["refund_method"] = "REFUND_METHOD_BANK_DEPOSIT".into();
    let made = cancel(&world.http(), "O-1", body).await.ok();
    assert_eq!(made["state"], "CANCELLATION_STATE_IN_PROGRESS");
    assert_eq!(get(&world, "O-1").await["state"], "ORDER_STATE_CANCELLED");
    let refund = made["refund_id"].as_str().unwrap();
    let confirm = json!({"request_id": "paid-1", "payment_reference": "SEPA 1"});
    let at = format!("{}/refunds/{refund}:confirm", order_path("O-1"));
    world.http().post(&at, &confirm).await.ok();
    let done = world.http().get(&path(&made)).await.ok();
    assert_eq!(done["state"], "CANCELLATION_STATE_COMPLETED");
}

async fn what_was_only_authorised_is_released(world: World) {
    world.open_store(json!({})).await;
    let mut paid = order("O-1");
    paid["tenders"] = json!([
        tender("held", "pay-1", "75.00"),
        own("gift", "TENDER_METHOD_GIFT_CARD", "G-1", "40.00"),
    ]);
    paid["tenders"][0]["state"] = "TENDER_STATE_AUTHORIZED".into();
    world.ready(&paid).await;
    let part = json!({
        "request_id": "capture-1", "tender_id": "held", "state": "TENDER_STATE_CAPTURED",
        "amount": "30.00",
    });
    world.http().post(&format!("{}:recordPayment", order_path("O-1")), &part).await.ok();
    let http = world.http();
    let seen = http.post(&format!("{}:previewCancel", order_path("O-1")), &json!({})).await.ok();
    let sums = ["released", "refunded", "restored", "by_hand"].map(|sum| seen[sum].clone());
    assert_eq!(sums, ["45.00", "30.00", "40.00", "0.00"].map(Value::from));
    let made = cancel(&world.http(), "O-1", sold_out()).await.ok();
    until_completed(&world, &made).await;
    let order = get(&world, "O-1").await;
    let held = &order["tenders"][0];
    assert_eq!((&held["released"], &held["refunded"]), (&json!("45.00"), &json!("30.00")));
    let released = "SELECT balance FROM ledger_accounts WHERE name = 'sandbox:released'";
    assert_eq!(world.database.count(released), 450_000);
    assert_eq!(balance(&world, "G-1"), 400_000);

    let mut only = super::super::world::order("O-2");
    only["tenders"][0]["state"] = "TENDER_STATE_AUTHORIZED".into();
    world.ready(&only).await;
    let made = cancel(&world.http(), "O-2", sold_out()).await.ok();
    until_completed(&world, &made).await;
    let order = get(&world, "O-2").await;
    assert_eq!(order["tenders"][0]["state"], "TENDER_STATE_RELEASED");
    assert_eq!(order["refunded"], order["totals"]);
}

async fn a_part_of_a_request_is_rejected(world: World) {
    world.open_store(takes_requests()).await;
    world.ready(&order("O-1")).await;
    let http = world.http();
    let reason = json!({"reason": "CANCELLATION_REASON_CHANGED_MIND"});
    let asked = request(&http, "O-1", reason.clone()).await.ok();
    let no = json!({
        "reason": "CANCELLATION_REASON_OTHER", "comment": "already packed",
        "lines": [{"cart_item_id": "L1", "quantity": 2}],
    });
    let rest = verb(&http, &asked, "reject", no).await.ok();
    assert_eq!(rest["state"], "CANCELLATION_STATE_REQUESTED");
    assert_eq!(rest["lines"].as_array().unwrap().len(), 2);
    let listed = http.get(&format!("{}/cancellations", order_path("O-1"))).await.ok();
    let rejected = &listed["cancellations"][0];
    assert_eq!(rejected["state"], "CANCELLATION_STATE_REJECTED");
    assert_eq!(rejected["split_from"], asked["cancellation_id"]);
    assert_eq!(rejected["comment"], "already packed");
    assert_eq!(pieces(&get(&world, "O-1").await, 0), (1, 0, 2));
    let accepted = verb(&http, &asked, "accept", reason).await.ok();
    assert_eq!(accepted["refund_total"]["customer"], "63.00");
    until_completed(&world, &asked).await;
}

async fn a_store_may_accept_by_itself(world: World) {
    world.open_store(json!({"customer_requests": {"enabled": true, "auto_accept": true}})).await;
    world.ready(&order("O-1")).await;
    let reason = json!({"reason": "CANCELLATION_REASON_CHANGED_MIND"});
    let asked = request(&world.http(), "O-1", reason).await.ok();
    assert_eq!(asked["state"], "CANCELLATION_STATE_IN_PROGRESS");
    assert_eq!(asked["reason"], "CANCELLATION_REASON_UNSPECIFIED");
    until_completed(&world, &asked).await;
}

async fn an_order_whose_payment_failed_is_cancelled_by_the_platform(world: World) {
    world.open_store(json!({})).await;
    let mut fails = order("O-1");
    fails["tenders"] = json!([
        tender("card", "sandbox-fail-later", "75.00"),
        own("gift", "TENDER_METHOD_GIFT_CARD", "G-1", "40.00"),
    ]);
    fails["tenders"][0]["state"] = "TENDER_STATE_PENDING".into();
    world.place(&fails).await;
    let at = format!("{}/cancellations", order_path("O-1"));
    let made = crate::world::eventually("the platform to cancel", || async {
        let listed = world.http().get(&at).await.ok();
        listed["cancellations"].as_array().unwrap().first().cloned()
    })
    .await;
    assert_eq!(made["requested_by"], "REQUESTED_BY_PLATFORM");
    assert_eq!(made["reason"], "CANCELLATION_REASON_PAYMENT_FAILED");
    until_completed(&world, &made).await;
    assert_eq!(balance(&world, "G-1"), 400_000, "what was paid is back");
    assert_eq!(get(&world, "O-1").await["state"], "ORDER_STATE_CANCELLED");
    let undo = verb(&world.http(), &made, "undo", json!({"comment": "they called"})).await;
    undo.refused(400, "PLATFORM_CANCELLATION");
}

async fn a_preview_is_what_the_commit_does(world: World) {
    world.open_store(json!({})).await;
    world.ready(&order("O-1")).await;
    world.refund("O-1", &json!({"service_gesture_amount": "7.77"})).await.ok();
    let body = json!({
        "reason": "CANCELLATION_REASON_PRICE_ERROR",
        "lines": [{"cart_item_id": "L1", "quantity": 2}],
        "shipping_amount": "3.33", "fee": "1.11",
    });
    let at = format!("{}:previewCancel", order_path("O-1"));
    let seen = world.http().post(&at, &body).await.ok();
    let made = cancel(&world.http(), "O-1", body).await.ok();
    assert_eq!(seen["cancellation"]["refund_total"], made["refund_total"]);
    let refund = made["refund_id"].as_str().unwrap();
    let refund = world.http().get(&format!("{}/refunds/{refund}", order_path("O-1"))).await.ok();
    for same in ["total", "components", "products", "refund_method", "full_refund"] {
        assert_eq!(seen["refund"][same], refund[same], "{same}");
    }
    let legs = |refund: &Value| -> Vec<Value> {
        let legs = refund["legs"].as_array().unwrap().iter();
        legs.map(|leg| json!([leg["tender_id"], leg["kind"], leg["amount"]])).collect()
    };
    assert_eq!(legs(&seen["refund"]), legs(&refund));
    let left = world.refundable("O-1").await;
    for same in ["total", "lines", "shipping", "duties", "tenders"] {
        assert_eq!(seen["left"][same], left[same], "{same}");
    }
    assert!(!seen["explanations"].as_array().unwrap().is_empty());
}

async fn the_same_request_id_is_answered_again(mut world: World) {
    world.open_store(json!({})).await;
    world.ready(&order("O-1")).await;
    let http = world.http().with("idempotency-key", "once");
    let at = format!("{}:cancel", order_path("O-1"));
    let first = http.post(&at, &sold_out()).await;
    let calls = (0..16).map(|_| async { http.post(&at, &sold_out()).await });
    for again in futures_util::future::join_all(calls).await {
        assert_eq!((again.status, &again.bytes), (200, &first.bytes));
    }
    let other = json!({"reason": "CANCELLATION_REASON_DEFECTIVE"});
    http.post(&at, &other).await.refused(409, "REQUEST_ID_REUSED");
    world.kill();
    world.start();
    let http = world.http().with("idempotency-key", "once");
    assert_eq!(http.post(&at, &sold_out()).await.bytes, first.bytes);
    assert_eq!(world.database.count("SELECT count(*) FROM cancellations"), 1);
}
