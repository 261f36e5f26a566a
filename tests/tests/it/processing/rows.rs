//! Every row of the lifecycle's table of transitions, by its number.

use super::{act, cancellation, events, get, nothing, paid, until, until_handover, until_state};
use crate::{
    on_both,
    world::{GUID, STORE, Shop, World, eventually, order, order_path, unique},
};
use serde_json::{Value, json};

on_both!(
    l01_checkout_makes_an_order_received,
    l02_an_order_that_is_paid_and_clear_is_ready,
    l03_a_payment_that_failed_or_lapsed_cancels,
    l04_to_l06_what_fails_a_check_is_cancelled_for_it,
    l07_a_merchant_cancels_before_ready_if_the_store_allows_it,
    l08_to_l11_an_order_is_accepted_once_and_not_before_it_is_ready,
    l12_a_push_that_succeeds_accepts_and_completes,
    l13_a_push_that_fails_is_tried_again,
    l14_after_the_last_try_a_person_is_told,
    l15_after_the_last_try_the_order_is_cancelled_if_the_store_wants_that,
    l16_and_l18_a_merchant_cancels_what_was_not_shipped,
    l17_an_order_is_finished_once_it_is_captured,
    l19_what_was_shipped_is_not_cancelled,
    l20_a_refund_never_changes_the_state,
    l21_line_by_line_until_every_piece_is_cancelled,
    l22_an_undo_gives_the_order_its_state_back,
    l23_a_push_that_arrives_after_a_cancel_is_said_to_be_one_too_many,
    l24_and_l25_what_is_open_is_shipped_and_what_is_under_way_arrives,
    the_platform_keeps_its_word_to_a_ready_order,
);

fn ids(id: &str) -> Value {
    json!({"external_order_id": id, "external_order_number": format!("#{id}")})
}

fn sold_out() -> Value {
    json!({"reason": "CANCELLATION_REASON_OUT_OF_STOCK"})
}

fn state(order: &Value) -> &str {
    order["state"].as_str().unwrap().trim_start_matches("ORDER_STATE_")
}

async fn l01_checkout_makes_an_order_received(world: World) {
    world.open_store(nothing()).await;
    let received = world.place(&paid("O-1", "p", "PENDING")).await;
    assert_eq!(state(&received), "RECEIVED");
    // The event is there before the call returns.
    assert_eq!(events(&world, "O-1"), ["order.received"]);
    let create = format!("/v1/stores/{STORE}/orders");
    let again = |order: Value| json!({"request_id": unique("again"), "order": order});
    world.http().post(&create, &again(order("O-1"))).await.refused(409, "ORDER_EXISTS");
    let mut wrong = order("O-2");
    wrong["tenders"][0]["amount"] = "115.01".into();
    let refused = world.http().post(&create, &again(wrong)).await;
    refused.refused(400, "INVALID_FIELDS").names("order.tenders");
    let mut wrong = order("O-2");
    wrong["merchant_currency"] = "XXQ".into();
    world.http().post(&create, &again(wrong)).await.refused(400, "INVALID_FIELDS");
    world.http().get(&order_path("O-2")).await.refused(404, "ORDER_NOT_FOUND");
}

async fn l02_an_order_that_is_paid_and_clear_is_ready(world: World) {
    let checks = json!({"fraud": true, "prohibited_goods": true, "denied_party": true});
    world.open_store(json!({"screening": checks})).await;
    let received = world.place(&paid("O-1", "sandbox-capture-later-100", "PENDING")).await;
    let pending = received["screening"].as_array().unwrap();
    assert_eq!(pending.len(), 3);
    assert!(pending.iter().all(|check| check["state"] == "SCREENING_STATE_PENDING"));
    assert_eq!(received["handover"]["state"], "HANDOVER_STATE_NOT_APPLICABLE");
    // The provider's notice, while it is asked as well: one transition.
    world.place(&paid("O-2", "sandbox-capture-later-50", "PENDING")).await;
    let captured = json!({"tender_id": "t1", "state": "TENDER_STATE_CAPTURED"});
    act(&world, "O-2", "recordPayment", captured).await.ok();
    until_state(&world, "O-2", "READY").await;
    let once = "SELECT kind, count(*) FROM facts WHERE order_id = 'O-2' \
                AND kind IN ('payment.recorded', 'order.ready') GROUP BY kind ORDER BY kind";
    assert_eq!(world.database.rows(once), [["order.ready", "1"], ["payment.recorded", "1"]]);

    let ready = until_state(&world, "O-1", "READY").await;
    let queued = "SELECT count(*) FROM facts WHERE kind = 'handover.queued'";
    assert_eq!(world.database.count(queued), 0, "the store is not plug & play");
    for check in ready["screening"].as_array().unwrap() {
        assert_eq!(check["state"], "SCREENING_STATE_CLEAR", "{check}");
        assert_eq!(check["decided_by"], "process-order");
    }
    assert_eq!(events(&world, "O-1"), ["order.received", "order.ready"]);
}

async fn l03_a_payment_that_failed_or_lapsed_cancels(world: World) {
    let checks = json!({"screening": {"fraud": true}});
    world.open_store(checks).await;
    // One of two payments fails; what the other one authorised is let go.
    let mut half = paid("failed", "sandbox-fail-later", "PENDING");
    half["tenders"][0]["amount"] = "15.00".into();
    let mut other = half["tenders"][0].clone();
    other["tender_id"] = "t2".into();
    other["provider_reference"] = "p2".into();
    other["amount"] = "100.00".into();
    other["state"] = "TENDER_STATE_AUTHORIZED".into();
    half["tenders"].as_array_mut().unwrap().push(other);
    world.place(&half).await;
    until_state(&world, "failed", "CANCELLED").await;
    let why = cancellation(&world, "failed").await;
    assert_eq!(why["reason"], "CANCELLATION_REASON_PAYMENT_FAILED");
    assert_eq!(why["requested_by"], "REQUESTED_BY_PLATFORM");
    let over =
        until(&world, "failed", |order| order["tenders"][1]["state"] == "TENDER_STATE_RELEASED")
            .await;
    assert_eq!(over["tenders"][0]["state"], "TENDER_STATE_FAILED");
    assert_eq!(over["tenders"][1]["released"], "100.00");

    // What is reported after that goes back.
    half["order_id"] = "late".into();
    half["tenders"][1]["state"] = "TENDER_STATE_PENDING".into();
    world.place(&half).await;
    until_state(&world, "late", "CANCELLED").await;
    let captured = json!({"tender_id": "t2", "state": "TENDER_STATE_CAPTURED"});
    act(&world, "late", "recordPayment", captured).await.ok();
    let back = until(&world, "late", |order| order["tenders"][1]["refunded"] == "100.00").await;
    assert_eq!((state(&back), &back["tenders"][1]["captured"]), ("CANCELLED", &json!("100.00")));

    // A provider's notice and asking for it end in the same transition.
    world.place(&paid("notice", "p", "PENDING")).await;
    let failed = json!({"tender_id": "t1", "state": "TENDER_STATE_FAILED"});
    act(&world, "notice", "recordPayment", failed).await.ok();
    until_state(&world, "notice", "CANCELLED").await;

    // An authorisation lapses while a person is awaited.
    let mut lapses = paid("lapses", "sandbox-lapse-later-300", "AUTHORIZED");
    lapses["buyer"]["email"] = REVIEWED.into();
    world.place(&lapses).await;
    until_state(&world, "lapses", "CANCELLED").await;
    let why = cancellation(&world, "lapses").await;
    assert_eq!(why["reason"], "CANCELLATION_REASON_PAYMENT_FAILED");
}

/// On the demo's made-up list of e-mail domains that a person looks at.
const REVIEWED: &str = "someone@disposable.example";
/// On its made-up list of denied parties.
const DENIED: &str = "Ruritanian Munitions Works";
/// One edit from it.
const ALIKE: &str = "Ruritanian Munition Works";

async fn l04_to_l06_what_fails_a_check_is_cancelled_for_it(world: World) {
    let checks = json!({"fraud": true, "prohibited_goods": true, "denied_party": true});
    world.open_store(json!({"screening": checks})).await;
    // A person says that it is fraud.
    let mut odd = order("fraud");
    odd["buyer"]["email"] = REVIEWED.into();
    world.place(&odd).await;
    let review = |check: usize| {
        move |order: &Value| order["screening"][check]["state"] == "SCREENING_STATE_REVIEW"
    };
    let waiting = until(&world, "fraud", review(0)).await;
    assert_eq!(state(&waiting), "RECEIVED");
    assert!(!waiting["screening"][0]["findings"].to_string().contains("someone"));
    assert_eq!(events(&world, "fraud"), ["order.received", "order.screening_review"]);
    let tasks = world.http().get(&format!("/v1/stores/{STORE}/tasks")).await.ok();
    let task = &tasks["tasks"][0];
    assert_eq!(
        (&task["order_id"], &task["kind"]),
        (&"fraud".into(), &"TASK_KIND_PROCESS_ORDER".into())
    );
    eventually("the task to say what it waits for", || async {
        let tasks = world.http().get(&format!("/v1/stores/{STORE}/tasks")).await.ok();
        let why = tasks["tasks"][0]["waits_for"].as_str().unwrap().to_owned();
        (why == "FRAUD is in REVIEW: a person has to decide").then_some(())
    })
    .await;
    let resolve = |check: &str, state: &str| {
        json!({"check": format!("SCREENING_CHECK_{check}"), "state": format!("SCREENING_STATE_{state}"),
               "comment": "looked at"})
    };
    let refused = act(&world, "fraud", "resolveScreening", resolve("DENIED_PARTY", "CLEAR")).await;
    refused.refused(400, "SCREENING_STATE_FORBIDS");
    act(&world, "fraud", "resolveScreening", resolve("FRAUD", "FAILED")).await.ok();
    until_state(&world, "fraud", "CANCELLED").await;
    let why = cancellation(&world, "fraud").await;
    assert_eq!(why["reason"], "CANCELLATION_REASON_FRAUD_DETECTED");

    // Or that it is none.
    let mut odd = order("no-fraud");
    odd["buyer"]["email"] = REVIEWED.into();
    world.place(&odd).await;
    until(&world, "no-fraud", review(0)).await;
    let bad = act(&world, "no-fraud", "resolveScreening", nothing()).await;
    assert_eq!(bad.refused(400, "INVALID_FIELDS").fields(), ["check", "state", "comment"]);
    act(&world, "no-fraud", "resolveScreening", resolve("FRAUD", "CLEAR")).await.ok();
    until_state(&world, "no-fraud", "READY").await;

    // A rule says so by itself, and the payment goes back.
    let mut known = order("known-fraud");
    known["buyer"]["email"] = "someone@stolen-cards.example".into();
    world.place(&known).await;
    until_state(&world, "known-fraud", "CANCELLED").await;
    let why = cancellation(&world, "known-fraud").await;
    assert_eq!(why["reason"], "CANCELLATION_REASON_FRAUD_DETECTED");

    // Goods that may not go there.
    let mut goods = order("goods");
    goods["lines"][0]["hs_code"] = "9303.20".into();
    world.place(&goods).await;
    let cancelled = until_state(&world, "goods", "CANCELLED").await;
    assert_eq!(cancelled["screening"][1]["state"], "SCREENING_STATE_FAILED");
    let why = cancellation(&world, "goods").await;
    assert_eq!(why["reason"], "CANCELLATION_REASON_PROHIBITED_GOODS");

    // A name that is on a list, and one that is nearly.
    let mut denied = order("denied");
    denied["shipping_address"] = json!({"name": DENIED, "lines": ["1 Way"], "city": "Strelsau",
        "postal_code": "1", "country": "US"});
    world.place(&denied).await;
    until_state(&world, "denied", "CANCELLED").await;
    let why = cancellation(&world, "denied").await;
    assert_eq!(why["reason"], "CANCELLATION_REASON_DENIED_PARTY");
    for order_id in ["fraud", "known-fraud", "goods", "denied"] {
        until(&world, order_id, |order| order["tenders"][0]["refunded"] == "115.00").await;
    }
    let mut alike = order("alike");
    alike["buyer"]["name"] = ALIKE.into();
    world.place(&alike).await;
    let waiting = until(&world, "alike", review(2)).await;
    let said = waiting["screening"][2]["findings"].to_string();
    assert!(!said.to_lowercase().contains("munition"), "{said}");
}

async fn l07_a_merchant_cancels_before_ready_if_the_store_allows_it(world: World) {
    world.open_store(nothing()).await;
    world.place(&paid("O-1", "p", "PENDING")).await;
    act(&world, "O-1", "cancel", sold_out()).await.ok();
    assert_eq!(state(&get(&world, "O-1").await), "CANCELLED");
    let settings = json!({"request_id": unique("u"), "settings": {"cancel_before_ready": false}});
    let store = format!("/v1/stores/{STORE}");
    world.http().send(http::Method::PATCH, &store, settings.to_string()).await.ok();
    // Within the second that settings may be old.
    eventually("the setting to be in force", || async {
        let id = unique("O");
        world.place(&paid(&id, "p", "PENDING")).await;
        let answer = act(&world, &id, "cancel", sold_out()).await;
        (answer.status != 200 && answer.reason() == "NOT_ENABLED").then_some(())
    })
    .await;
}

async fn l08_to_l11_an_order_is_accepted_once_and_not_before_it_is_ready(world: World) {
    world.open_store(nothing()).await;
    world.place(&paid("early", "p", "PENDING")).await;
    let refused = act(&world, "early", "accept", ids("E-1")).await;
    assert_eq!(refused.refused(400, "ORDER_NOT_READY").metadata("state"), "RECEIVED");
    let draft = act(&world, "early", "setExternalReference", ids("D-1")).await.ok();
    assert_eq!((state(&draft), &draft["external_order_id"]), ("RECEIVED", &"D-1".into()));
    world.ready(&order("O-1")).await;
    act(&world, "O-1", "accept", nothing()).await.refused(400, "INVALID_FIELDS");
    act(&world, "O-1", "accept", ids("D-1")).await.refused(409, "EXTERNAL_ORDER_ID_TAKEN");
    let accepted = act(&world, "O-1", "accept", ids("E-1")).await.ok();
    assert_eq!(state(&accepted), "ACCEPTED");
    assert_eq!(act(&world, "O-1", "accept", ids("E-1")).await.ok(), accepted);
    act(&world, "O-1", "accept", ids("E-2")).await.refused(400, "ORDER_ALREADY_ACCEPTED");
    act(&world, "O-1", "complete", nothing()).await.ok();
    let completed = act(&world, "O-1", "accept", ids("E-1")).await.ok();
    assert_eq!(state(&completed), "COMPLETED");
    act(&world, "O-1", "accept", ids("E-2")).await.refused(400, "ORDER_ALREADY_ACCEPTED");
    let seen = events(&world, "O-1");
    assert_eq!(seen, ["order.received", "order.ready", "order.accepted", "order.completed"]);
}

async fn l12_a_push_that_succeeds_accepts_and_completes(world: World) {
    let shop = Shop::open().await;
    world.open_store(shop.settings("NOTIFY", &[])).await;
    world.place(&order("O-1")).await;
    let done = until_state(&world, "O-1", "COMPLETED").await;
    assert_eq!(done["external_order_id"], "shop-O-1");
    assert_eq!(done["external_order_number"], "#O-1");
    assert_eq!(done["handover"]["state"], "HANDOVER_STATE_SUCCEEDED");
    assert_eq!(get(&world, "shop-O-1").await, done);
    let [pushed] = &shop.orders("O-1")[..] else { panic!("one order is in the shop") };
    assert_eq!(pushed["buyer"]["email"], "buyer@example.com");
    assert_eq!(pushed["totals"], json!({"customer": "115.00", "merchant": "106.38"}));
    assert_eq!(shop.pushes()[0].0["idempotency-key"], "O-1");
    let seen = events(&world, "O-1");
    assert_eq!(seen, ["order.received", "order.ready", "order.accepted", "order.completed"]);
    let actor = "SELECT actor_kind, actor_id FROM facts WHERE kind = 'order.accepted'";
    assert_eq!(world.database.rows(actor), [["WORKER", "handover"]]);
}

async fn l13_a_push_that_fails_is_tried_again(world: World) {
    let shop = Shop::open().await;
    world.open_store(shop.settings("NOTIFY", &[0, 0, 3_600])).await;
    let no = |error: &str| (422, json!({"error": error, "message": "sorry"}));
    shop.refuse([no("REJECTED_INVENTORY"), no("REJECTED_ADDRESS"), (503, nothing())]);
    world.place(&order("O-1")).await;
    let waits = until(&world, "O-1", |order| order["handover"]["tries"] == 3).await;
    assert_eq!(state(&waits), "READY");
    assert_eq!(waits["handover"]["state"], "HANDOVER_STATE_RETRYING");
    let failures = waits["handover"]["failures"].as_array().unwrap();
    let classes: Vec<&str> =
        failures.iter().map(|it| it["failure_class"].as_str().unwrap()).collect();
    let class = |name: &str| format!("HANDOVER_FAILURE_CLASS_{name}");
    let expected = ["REJECTED_INVENTORY", "REJECTED_ADDRESS", "TRANSIENT"].map(class);
    assert_eq!(classes, expected);
    assert!(failures[0]["cause"].as_str().unwrap().contains("sorry"), "{failures:?}");
    assert!(failures[2]["retry_time"].is_string());
    let seen = events(&world, "O-1");
    assert_eq!(seen[2..], ["order.handover_failed"; 3]);
    // What it waits for is shown; a person need not wait.
    let tasks = world.http().get(&format!("/v1/stores/{STORE}/tasks")).await.ok();
    let [task] = &tasks["tasks"].as_array().unwrap()[..] else { panic!("{tasks}") };
    assert_eq!(task["kind"], "TASK_KIND_HANDOVER");
    assert!(task["waits_for"].as_str().unwrap().starts_with("TRANSIENT: "), "{task}");
    act(&world, "O-1", "retryHandover", nothing()).await.ok();
    until_state(&world, "O-1", "COMPLETED").await;
    assert_eq!(shop.orders("O-1").len(), 1);
}

async fn l14_after_the_last_try_a_person_is_told(world: World) {
    let shop = Shop::open().await;
    world.open_store(shop.settings("NOTIFY", &[0])).await;
    shop.refuse(vec![(401, nothing()); 2]);
    world.place(&order("O-1")).await;
    let over = until_handover(&world, "O-1", "EXHAUSTED").await;
    assert_eq!(state(&over), "READY");
    assert_eq!(
        over["handover"]["failures"][1]["failure_class"],
        "HANDOVER_FAILURE_CLASS_AUTHENTICATION"
    );
    assert_eq!(over["handover"]["failures"][1]["retry_time"], Value::Null);
    let seen = events(&world, "O-1");
    assert_eq!(seen.last().unwrap(), "order.handover_exhausted");
    let tasks = world.http().get(&format!("/v1/stores/{STORE}/tasks")).await.ok();
    assert_eq!(tasks["tasks"], json!([]));
    // Retry, accept by hand, or cancel.
    act(&world, "O-1", "retryHandover", nothing()).await.ok();
    until_state(&world, "O-1", "COMPLETED").await;
    act(&world, "O-1", "retryHandover", nothing()).await.refused(400, "HANDOVER_STATE_FORBIDS");
    for order_id in ["by-hand", "cancelled"] {
        shop.refuse(vec![(401, nothing()); 2]);
        world.place(&order(order_id)).await;
        until_handover(&world, order_id, "EXHAUSTED").await;
    }
    act(&world, "by-hand", "accept", ids("M-1")).await.ok();
    until_state(&world, "by-hand", "COMPLETED").await;
    act(&world, "cancelled", "cancel", sold_out()).await.ok();
    act(&world, "cancelled", "retryHandover", nothing()).await.refused(400, "ORDER_CANCELLED");
    assert!(shop.orders("by-hand").is_empty() && shop.orders("cancelled").is_empty());
}

async fn l15_after_the_last_try_the_order_is_cancelled_if_the_store_wants_that(world: World) {
    let shop = Shop::open().await;
    world.open_store(shop.settings("CANCEL", &[0, 0])).await;
    shop.refuse(vec![(422, json!({"error": "REJECTED_PRODUCT"})); 3]);
    world.place(&order("O-1")).await;
    until_state(&world, "O-1", "CANCELLED").await;
    let why = cancellation(&world, "O-1").await;
    assert_eq!(why["reason"], "CANCELLATION_REASON_HANDOVER_FAILED");
    let back = until(&world, "O-1", |order| order["tenders"][0]["refunded"] == "115.00").await;
    assert_eq!(back["refunded"]["customer"], "115.00");
    assert!(shop.orders("O-1").is_empty());
}

async fn l16_and_l18_a_merchant_cancels_what_was_not_shipped(world: World) {
    world.open_store(nothing()).await;
    for (order_id, steps) in [("ready", 0), ("accepted", 1), ("completed", 2)] {
        world.ready(&order(order_id)).await;
        for step in 0..steps {
            match step {
                0 => act(&world, order_id, "accept", ids(order_id)).await.ok(),
                _ => act(&world, order_id, "complete", nothing()).await.ok(),
            };
        }
        act(&world, order_id, "cancel", sold_out()).await.ok();
        assert_eq!(state(&get(&world, order_id).await), "CANCELLED");
        until(&world, order_id, |order| order["tenders"][0]["refunded"] == "115.00").await;
    }
}

async fn l17_an_order_is_finished_once_it_is_captured(world: World) {
    let shop = Shop::open().await;
    world.open_store(shop.settings("NOTIFY", &[])).await;
    // The provider is asked, or tells.
    world.place(&paid("asked", "sandbox-collect-later-200", "AUTHORIZED")).await;
    world.place(&paid("told", "p", "AUTHORIZED")).await;
    until_state(&world, "asked", "COMPLETED").await;
    until_state(&world, "told", "ACCEPTED").await;
    act(&world, "told", "complete", nothing()).await.refused(400, "PAYMENT_NOT_CAPTURED");
    let captured = json!({"tender_id": "t1", "state": "TENDER_STATE_CAPTURED"});
    act(&world, "told", "recordPayment", captured).await.ok();
    until_state(&world, "told", "COMPLETED").await;
    // A shop that takes its orders by itself has the platform finish them by the call.
    world.open_store_named("other", &format!("{GUID}-2"), nothing()).await;
    let body = json!({"request_id": unique("o"), "order": order("O-1")});
    world.http().post("/v1/stores/other/orders", &body).await.ok();
    let path = "/v1/stores/other/orders/O-1";
    eventually("it to be ready", || async {
        (state(&world.http().get(path).await.ok()) == "READY").then_some(())
    })
    .await;
    let verb = async |verb: &str, mut body: Value| {
        body["request_id"] = unique("v").into();
        world.http().post(&format!("{path}:{verb}"), &body).await
    };
    assert_eq!(state(&verb("accept", ids("E-1")).await.ok()), "ACCEPTED");
    assert_eq!(state(&verb("complete", nothing()).await.ok()), "COMPLETED");
}

async fn l19_what_was_shipped_is_not_cancelled(world: World) {
    world.open_store(nothing()).await;
    world.ready(&order("O-1")).await;
    let shipped = json!({"lines": [{"cart_item_id": "L1", "quantity": 1}]});
    act(&world, "O-1", "ship", shipped).await.ok();
    let mut some = sold_out();
    some["lines"] = json!([{"cart_item_id": "L1", "quantity": 3}]);
    // READY, ACCEPTED and COMPLETED alike.
    for step in [None, Some(("accept", ids("E-1"))), Some(("complete", nothing()))] {
        if let Some((verb, body)) = step {
            act(&world, "O-1", verb, body).await.ok();
        }
        let refused = act(&world, "O-1", "cancel", sold_out()).await;
        assert!(refused.refused(400, "ORDER_SHIPPED").text().contains("refund or a return"));
        act(&world, "O-1", "cancel", some.clone()).await.refused(400, "ORDER_SHIPPED");
    }
}

async fn l20_a_refund_never_changes_the_state(world: World) {
    world.open_store(nothing()).await;
    world.ready(&order("O-1")).await;
    let seen = async |expected: &str| {
        world.refund("O-1", &json!({"shipping_amount": "1.00"})).await.ok();
        assert_eq!(state(&get(&world, "O-1").await), expected);
    };
    seen("READY").await;
    act(&world, "O-1", "accept", ids("E-1")).await.ok();
    seen("ACCEPTED").await;
    act(&world, "O-1", "complete", nothing()).await.ok();
    seen("COMPLETED").await;
    world.place(&paid("early", "p", "PENDING")).await;
    world
        .refund("early", &json!({"shipping_amount": "1.00"}))
        .await
        .refused(400, "ORDER_NOT_READY");
    let all = world.refund("O-1", &json!({"full_refund": true})).await.ok();
    assert_eq!(all["total"]["customer"], "112.00");
    assert_eq!(state(&get(&world, "O-1").await), "COMPLETED");
}

async fn l21_line_by_line_until_every_piece_is_cancelled(world: World) {
    world.open_store(nothing()).await;
    world.ready(&order("O-1")).await;
    for (line, quantity, expected) in
        [("L1", 2, "READY"), ("L2", 1, "READY"), ("L1", 1, "CANCELLED")]
    {
        let mut some = sold_out();
        some["lines"] = json!([{"cart_item_id": line, "quantity": quantity}]);
        act(&world, "O-1", "cancel", some).await.ok();
        assert_eq!(state(&get(&world, "O-1").await), expected);
    }
}

async fn l22_an_undo_gives_the_order_its_state_back(world: World) {
    world.open_store(nothing()).await;
    world.ready(&paid("O-1", "sandbox-settle-later-3600000", "CAPTURED")).await;
    act(&world, "O-1", "accept", ids("E-1")).await.ok();
    let cancelled = {
        let mut body = sold_out();
        body["refund_method"] = "REFUND_METHOD_BANK_DEPOSIT".into();
        act(&world, "O-1", "cancel", body).await.ok()
    };
    let id = cancelled["cancellation_id"].as_str().unwrap();
    let undo = json!({"request_id": unique("undo"), "comment": "found one"});
    let path = format!("{}/cancellations/{id}:undo", order_path("O-1"));
    world.http().post(&path, &undo).await.ok();
    assert_eq!(state(&get(&world, "O-1").await), "ACCEPTED");
    assert_eq!(events(&world, "O-1").last().unwrap(), "order.reinstated");
}

async fn l23_a_push_that_arrives_after_a_cancel_is_said_to_be_one_too_many(world: World) {
    let shop = Shop::open().await;
    world.open_store(shop.settings("NOTIFY", &[])).await;
    shop.shut();
    world.place(&order("O-1")).await;
    eventually("the push to arrive", || async { (shop.arrived() == 1).then_some(()) }).await;
    act(&world, "O-1", "cancel", sold_out()).await.ok();
    assert_eq!(get(&world, "O-1").await["handover"]["in_doubt"], true);
    shop.reopen();
    let orphan = until(&world, "O-1", |order| order["external_order_id"] == "shop-O-1").await;
    assert_eq!(state(&orphan), "CANCELLED");
    assert_eq!(orphan["handover"]["state"], "HANDOVER_STATE_SUCCEEDED");
    assert!(events(&world, "O-1").contains(&"order.orphaned".to_owned()));
    assert_eq!(shop.orders("O-1").len(), 1);
}

async fn l24_and_l25_what_is_open_is_shipped_and_what_is_under_way_arrives(world: World) {
    world.open_store(nothing()).await;
    let some = |quantity: u32| json!({"lines": [{"cart_item_id": "L1", "quantity": quantity}]});
    world.place(&paid("early", "p", "PENDING")).await;
    act(&world, "early", "ship", some(1)).await.refused(400, "ORDER_NOT_READY");
    world.ready(&order("O-1")).await;
    act(&world, "O-1", "deliver", some(1)).await.refused(400, "QUANTITY_NOT_AVAILABLE");
    let shipped = act(&world, "O-1", "ship", some(2)).await.ok();
    assert_eq!((state(&shipped), &shipped["lines"][0]["in_transit"]), ("READY", &2.into()));
    let refused = act(&world, "O-1", "ship", some(2)).await;
    assert!(refused.refused(400, "QUANTITY_NOT_AVAILABLE").text().contains("L1"));
    let arrived = act(&world, "O-1", "deliver", some(1)).await.ok();
    assert_eq!((state(&arrived), &arrived["lines"][0]["delivered"]), ("READY", &1.into()));
    assert_eq!(events(&world, "O-1")[2..], ["order.shipped", "order.delivered"]);
    // One piece is left of the line; cancelled, it is not open any more.
    let mut last = sold_out();
    last["lines"] = json!([{"cart_item_id": "L1", "quantity": 1}]);
    act(&world, "O-1", "cancel", last).await.ok();
    let refused = act(&world, "O-1", "ship", some(1)).await;
    assert!(refused.refused(400, "QUANTITY_NOT_AVAILABLE").text().contains("L1"));
    act(&world, "O-1", "accept", ids("E-1")).await.ok();
    let arrived = act(&world, "O-1", "deliver", nothing()).await.ok();
    assert_eq!((state(&arrived), &arrived["lines"][0]["delivered"]), ("ACCEPTED", &2.into()));
    world.ready(&order("O-2")).await;
    act(&world, "O-2", "cancel", sold_out()).await.ok();
    act(&world, "O-2", "ship", some(1)).await.refused(400, "ORDER_CANCELLED");
}

/// To be READY is a promise to the merchant.
async fn the_platform_keeps_its_word_to_a_ready_order(world: World) {
    world.open_store(nothing()).await;
    world.ready(&paid("O-1", "p", "AUTHORIZED")).await;
    for reason in
        ["PAYMENT_FAILED", "FRAUD_DETECTED", "PROHIBITED_GOODS", "DENIED_PARTY", "HANDOVER_FAILED"]
    {
        let body = json!({"reason": format!("CANCELLATION_REASON_{reason}")});
        act(&world, "O-1", "cancel", body).await.refused(400, "ORDER_PROTECTED");
    }
    let mut platform = sold_out();
    platform["requested_by"] = "REQUESTED_BY_PLATFORM".into();
    act(&world, "O-1", "cancel", platform).await.refused(400, "ORDER_PROTECTED");
    // Not even where the payment is gone, or a check is wanted now that it would fail.
    let failed = json!({"tender_id": "t1", "state": "TENDER_STATE_FAILED"});
    act(&world, "O-1", "recordPayment", failed).await.ok();
    let mut arms = order("O-3");
    arms["lines"][0]["hs_code"] = "9303.20".into();
    world.ready(&arms).await;
    let settings = json!({"screening": {"prohibited_goods": true}});
    let update = json!({"request_id": unique("u"), "settings": settings});
    let store = format!("/v1/stores/{STORE}");
    world.http().send(http::Method::PATCH, &store, update.to_string()).await.ok();
    eventually("a later order to be cancelled for its goods", || async {
        let id = unique("later");
        let mut later = arms.clone();
        later["order_id"] = id.clone().into();
        world.place(&later).await;
        let over = until(&world, &id, |order| order["state"] != "ORDER_STATE_RECEIVED").await;
        (state(&over) == "CANCELLED").then_some(())
    })
    .await;
    for order_id in ["O-1", "O-3"] {
        assert_eq!(state(&get(&world, order_id).await), "READY");
    }
    let resolve = json!({"check": "SCREENING_CHECK_FRAUD", "state": "SCREENING_STATE_FAILED", "comment": "late"});
    act(&world, "O-1", "resolveScreening", resolve).await.refused(400, "SCREENING_STATE_FORBIDS");
}
