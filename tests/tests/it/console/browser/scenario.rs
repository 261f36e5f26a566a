//! What is there before a scenario, and what has come of it.

use super::play;
use crate::{
    webhooks::{Message, Receiver},
    world::{PLATFORM, Shop, World, eventually, order, order_path, refund_path, unique},
};
use http::Method;
use serde_json::{Value, json};

fn settings() -> Value {
    json!({
        "appeasements": true,
        "refund_reasons": [{"code": "8", "name": "Damaged item"}],
        "customer_requests": {"enabled": true},
    })
}

/// The same order under another id and another payment.
fn another(order_id: &str) -> Value {
    let mut order = order(order_id);
    order["tenders"][0]["provider_reference"] = format!("pay-{order_id}").into();
    order
}

pub async fn somebody_logs_in_and_out(world: World) {
    world.open_store(settings()).await;
    logs_in_and_out(&world, true).await;
}

async fn logs_in_and_out(world: &World, javascript: bool) {
    let given = json!({
        "manager": world.token("ROLE_MANAGER").await,
        "wrong": "mrd_nobody-has-this-token",
        "javascript": javascript,
    });
    play(world, "log_in_and_out", given).await;
}

pub async fn without_javascript_too(world: World) {
    world.open_store(settings()).await;
    logs_in_and_out(&world, false).await;
    finds_orders(&world, false).await;
    let done = refunds_two_lines(&world, false).await;
    assert_eq!(done["state"], "REFUND_STATE_SUCCEEDED");
}

pub async fn somebody_new_chooses_a_password_is_shut_out_and_deleted(world: World) {
    world.open_store(settings()).await;
    let manager = world.token("ROLE_MANAGER").await;
    play(&world, "somebody_new", json!({"manager": manager, "own": "correct horse battery"})).await;
}

pub async fn an_order_is_found_by_each_filter(world: World) {
    world.open_store(settings()).await;
    finds_orders(&world, true).await;
}

async fn finds_orders(world: &World, javascript: bool) {
    several_orders(world).await;
    let manager = world.token("ROLE_MANAGER").await;
    let refunds = world.http().get("/v1/stores/shop/orders/O-1/refunds").await.ok();
    let number = refunds["refunds"][0]["refund_number"].as_str().unwrap().to_owned();
    let finds = [
        // Whatever leads to an order is one field.
        (json!({"q": "O-1"}), vec!["O-1"]),
        (json!({"q": "EXT-3"}), vec!["O-3"]),
        (json!({"q": "N-3"}), vec!["O-3"]),
        (json!({"q": number}), vec!["O-1"]),
        (json!({"q": "hold-pay-2"}), vec!["O-2"]),
        (json!({"q": "ZOE@example.com"}), vec!["O-2"]),
        (json!({"q": "muller zoe"}), vec!["O-2"]),
        (json!({"q": "RARE"}), vec!["O-2"]),
        (json!({"q": "nothing"}), vec![]),
        (json!({"q": "rare; EXT-3; Müller"}), vec!["O-3", "O-2"]),
        (json!({"Status": ["Accepted"]}), vec!["O-3"]),
        (json!({"Status": ["Accepted", "Received"]}), vec!["O-5", "O-3", "O-2"]),
        (json!({"Screening": ["Review"]}), vec!["O-5"]),
        (json!({"Screening": ["Clear"]}), vec!["O-6"]),
        (json!({"Hand-over": ["Exhausted", "Retrying"]}), vec!["O-6"]),
        (json!({"Cancellation": ["Requested"]}), vec!["O-4"]),
        (json!({"Refund": ["Succeeded"]}), vec!["O-1"]),
        (json!({"From": "2001-01-01", "To": "2001-01-02"}), vec![]),
        (
            json!({"From": "2001-01-01", "Status": ["Ready"], "Sort": "oldest"}),
            vec!["O-1", "O-4", "O-6"],
        ),
        (json!({"q": "SKU-2", "Status": ["Ready"], "Refund": ["Succeeded", "Held"]}), vec!["O-1"]),
        (json!({"Status": ["Accepted"], "Refund": ["Succeeded"]}), vec![]),
    ];
    let (asked, expected): (Vec<_>, Vec<_>) = finds.into_iter().unzip();
    let given = json!({"manager": manager, "finds": asked, "javascript": javascript});
    assert_eq!(play(world, "find_orders", given).await, json!(expected));
}

/// One for each filter, the last two of a store that has its orders checked and pushed into a shop.
async fn several_orders(world: &World) {
    world.ready(&another("O-1")).await;
    let refund = world.refund("O-1", &json!({"total_refund_amount": "5.00"})).await.ok();
    world.until_over(&refund).await;
    let mut pending = another("O-2");
    pending["tenders"][0]["state"] = "TENDER_STATE_PENDING".into();
    pending["tenders"][0]["provider_reference"] = "hold-pay-2".into();
    pending["buyer"] = json!({"name": "Zoë Müller", "email": "zoe@example.com"});
    pending["lines"][0]["product_code"] = "RARE".into();
    world.place(&pending).await;
    for order_id in ["O-3", "O-4"] {
        world.ready(&another(order_id)).await;
    }
    let accepted = json!({
        "request_id": unique("accept"), "external_order_id": "EXT-3", "external_order_number": "N-3",
    });
    world.http().post(&format!("{}:accept", order_path("O-3")), &accepted).await.ok();
    cancel(world, "O-4", "cancellations").await;

    let shop = Shop::open().await;
    shop.never_take("O-");
    let mut settings = settings();
    settings["handover"] = shop.settings("NOTIFY", &[1])["handover"].clone();
    settings["screening"] = json!({"fraud": true});
    let update = json!({"request_id": unique("update"), "settings": settings});
    world.http().send(Method::PATCH, "/v1/stores/shop", update.to_string()).await.ok();
    let mut suspicious = another("O-5");
    suspicious["buyer"]["email"] = "someone@disposable.example".into();
    suspicious["billing_address"] = json!({"name": "A", "country": "RO"});
    suspicious["shipping_address"] = json!({"name": "B", "country": "US"});
    world.place(&suspicious).await;
    world.place(&another("O-6")).await;
    for (order_id, path, state) in [
        ("O-5", "/screening/0/state", "SCREENING_STATE_REVIEW"),
        ("O-6", "/handover/state", "HANDOVER_STATE_EXHAUSTED"),
    ] {
        eventually("an order to stand where it is looked for", || async {
            let order = world.http().get(&order_path(order_id)).await.ok();
            (order.pointer(path)? == state).then_some(())
        })
        .await;
    }
}

pub async fn what_was_quoted_is_what_was_booked(world: World) {
    world.open_store(settings()).await;
    world.ready(&another("O-1")).await;
    let done = refunds_two_lines(&world, true).await;
    assert_eq!(done["state"], "REFUND_STATE_SUCCEEDED");
}

/// The refund as the service has it, once it is over.
async fn refunds_two_lines(world: &World, javascript: bool) -> Value {
    let manager = world.token("ROLE_MANAGER").await;
    let given = json!({"manager": manager, "javascript": javascript});
    let seen = play(world, "refund_two_lines", given).await;
    // Half of two of three pieces of 60.00, an eighth of 40.00, and 3.33 on top.
    assert_eq!(seen["quoted"]["total"], "28.33 USD");
    let explained = seen["quoted"]["explained"].as_array().unwrap();
    assert!(explained.contains(&json!("line L1")), "{explained:?}");
    let refund = json!({"order_id": "O-1", "refund_id": seen["refund_id"]});
    let done = world.until_over(&refund).await;
    assert_eq!(done["total"]["customer"], "28.33");
    assert_eq!(done["refund_reason"]["code"], "8");
    let legs: Vec<_> = done["legs"].as_array().unwrap().iter().map(|leg| &leg["amount"]).collect();
    let shown = seen["quoted"]["legs"].as_array().unwrap();
    let shown: Vec<_> = shown.iter().map(|leg| &leg[2]).collect();
    assert_eq!(shown, legs);
    done
}

pub async fn a_request_is_accepted_and_another_rejected(world: World) {
    world.open_store(settings()).await;
    let customer = world.http().token(&world.token("ROLE_STOREFRONT").await);
    for order_id in ["O-1", "O-2"] {
        world.ready(&another(order_id)).await;
        let asked = json!({
            "request_id": unique("request"), "reason": "CANCELLATION_REASON_CHANGED_MIND",
        });
        customer.post(&format!("{}/cancellations", order_path(order_id)), &asked).await.ok();
    }
    let given = json!({"manager": world.token("ROLE_MANAGER").await});
    let seen = play(&world, "decide_requests", given).await;
    assert!(seen["rejected"].as_str().unwrap().contains("Rejected"), "{seen}");
    let state =
        async |order_id: &str| world.http().get(&order_path(order_id)).await.ok()["state"].clone();
    assert_eq!(state("O-1").await, "ORDER_STATE_CANCELLED");
    assert_eq!(state("O-2").await, "ORDER_STATE_READY");
}

pub async fn an_undo_is_refused_until_there_is_proof(world: World) {
    world.open_store(settings()).await;
    world.ready(&another("O-1")).await;
    let asked = json!({
        "request_id": unique("cancel"), "reason": "CANCELLATION_REASON_OUT_OF_STOCK",
    });
    let path = order_path("O-1");
    let made = world.http().post(&format!("{path}:cancel"), &asked).await.ok();
    let id = made["cancellation_id"].as_str().unwrap();
    let there = format!("{path}/cancellations/{id}");
    eventually("the money to be back", || async {
        let made = world.http().get(&there).await.ok();
        (made["state"] == "CANCELLATION_STATE_COMPLETED").then_some(())
    })
    .await;
    let given = json!({
        "manager": world.token("ROLE_MANAGER").await, "cancellation": id, "amount": "115.00",
    });
    assert_eq!(play(&world, "undo_with_proof", given).await["state"], "Undone");
    assert_eq!(world.http().get(&path).await.ok()["state"], "ORDER_STATE_READY");
}

pub async fn a_refund_above_the_limit_is_approved_by_another(world: World) {
    world.open_store(json!({"approval_limit": "50.00"})).await;
    world.ready(&another("O-1")).await;
    let given = json!({
        "agent": world.token("ROLE_AGENT").await,
        "manager": world.token("ROLE_MANAGER").await,
    });
    let seen = play(&world, "four_eyes", given).await;
    let refund = json!({"order_id": "O-1", "refund_id": seen["refund_id"]});
    let done = world.until_over(&refund).await;
    assert_eq!(done["state"], "REFUND_STATE_SUCCEEDED");
    let path = format!("{}:explain", refund_path(&refund));
    assert!(!world.http().get(&path).await.ok()["explanations"].as_array().unwrap().is_empty());
}

pub async fn an_event_is_sent_again(world: World) {
    world.open_store(settings()).await;
    let receiver = Receiver::open().await;
    let manager = world.token("ROLE_MANAGER").await;
    let given = json!({"manager": manager, "url": receiver.url()});
    let made = play(&world, "send_again", given).await;
    world.ready(&another("O-1")).await;
    let of_order = |messages: &[Message]| {
        let of_it = messages.iter().filter(|it| it.body["type"] == "order.received");
        of_it.map(|it| it.id.clone()).collect::<Vec<_>>()
    };
    let event = eventually("the message to come", || async {
        of_order(&receiver.messages()).first().cloned()
    })
    .await;
    receiver.check(made["secret"].as_str().unwrap());
    let given = json!({"manager": manager, "endpoint": made["endpoint"], "event": event});
    play(&world, "redeliver", given).await;
    let again = eventually("the message to come again", || async {
        let came = of_order(&receiver.messages());
        (came.len() > 1).then_some(came)
    })
    .await;
    assert_eq!(again, [event.clone(), event]);
}

pub async fn what_was_refused_is_marked_in_the_form(world: World) {
    world.open_store(settings()).await;
    world.ready(&another("O-1")).await;
    let manager = world.token("ROLE_MANAGER").await;
    play(&world, "refused_fields", json!({"manager": manager})).await;
}

pub async fn settings_tokens_refunds_and_data_by_hand(world: World) {
    world.open_store(settings()).await;
    for order_id in ["O-1", "O-2"] {
        world.ready(&another(order_id)).await;
    }
    // They wait for a person, so that there is time for everything.
    let asked = json!({
        "total_refund_amount": "5.00", "refund_method": "REFUND_METHOD_BANK_DEPOSIT",
    });
    let held = world.refund("O-1", &asked).await.ok();
    let changed = world.refund("O-1", &asked).await.ok();
    let there = |it: &Value| format!("orders/O-1/refunds/{}", it["refund_id"].as_str().unwrap());
    let manager = world.token("ROLE_MANAGER").await;
    let given = json!({"manager": manager, "held": there(&held), "changed": there(&changed)});
    let seen = play(&world, "by_hand", given).await;
    for refund in [held, changed] {
        assert_eq!(world.until_over(&refund).await["state"], "REFUND_STATE_SUCCEEDED");
    }
    let revoked = world.http().token(seen["token"].as_str().unwrap());
    assert_eq!(revoked.get(&order_path("O-1")).await.status, 401);
    let erased = world.http().get(&order_path("O-2")).await.ok();
    assert_eq!(erased["buyer"]["email"], Value::Null, "{erased}");
}

pub async fn what_waits_is_worked_off(world: World) {
    world.open_store(settings()).await;
    several_orders(&world).await;
    let manager = world.token("ROLE_MANAGER").await;
    play(&world, "work_off", json!({"manager": manager})).await;
    let decided = world.http().get(&order_path("O-5")).await.ok();
    assert_eq!(decided["screening"][0]["state"], "SCREENING_STATE_CLEAR");
}

pub async fn an_endpoint_is_changed_and_goes(world: World) {
    world.open_store(settings()).await;
    let (before, after) = (Receiver::open().await, Receiver::open().await);
    world.ready(&another("O-1")).await;
    let manager = world.token("ROLE_MANAGER").await;
    let given = json!({"manager": manager, "url": before.url(), "other": after.url()});
    let seen = play(&world, "endpoint", given).await;
    assert!(!seen["rotated"].is_null());
}

pub async fn no_page_has_a_serious_finding_of_axe(world: World) {
    world.open_store(settings()).await;
    for order_id in ["O-1", "O-2", "O-3"] {
        world.ready(&another(order_id)).await;
    }
    let refund = world.refund("O-1", &json!({"total_refund_amount": "5.00"})).await.ok();
    let cancelled = cancel(&world, "O-2", "cancel").await;
    let request = cancel(&world, "O-3", "cancellations").await;
    let hook = json!({"request_id": unique("hook"), "url": "https://hooks.invalid/x"});
    let hook = world.http().post("/v1/stores/shop/webhooks", &hook).await.ok();
    let text = |value: &Value, name: &str| value[name].as_str().unwrap().to_owned();
    let refund = format!("orders/O-1/refunds/{}", text(&refund, "refund_id"));
    let cancelled = format!("orders/O-2/cancellations/{}", text(&cancelled, "cancellation_id"));
    let request = format!("orders/O-3/cancellations/{}", text(&request, "cancellation_id"));
    let note = format!("{refund}/credit-note");
    let hook = format!("webhooks/{}", text(&hook, "endpoint_id"));
    let pages = [
        "orders",
        "orders?q=nothing",
        "orders?q=buyer&state=READY&refund=SUCCEEDED&from=2001-01-01",
        "orders?q=1;2;3;4;5;6;7;8;9;10;11",
        "orders/O-1",
        "orders/O-9",
        "orders/O-1/refund",
        "orders/O-1/cancel",
        "cancellations",
        "refunds",
        "waiting",
        "webhooks",
        "settings",
        "access",
        "reports",
        &refund,
        &note,
        &cancelled,
        &request,
        &hook,
    ];
    let pages = pages.map(|page| format!("/console/shop/{page}"));
    for (width, scheme) in [(1280, "light"), (390, "dark")] {
        let given = json!({
            "platform": PLATFORM, "pages": pages, "width": width, "scheme": scheme,
        });
        assert_eq!(play(&world, "accessible", given).await, json!({}));
    }
}

pub async fn nor_what_only_a_form_leads_to(world: World) {
    world.open_store(settings()).await;
    world.ready(&another("O-1")).await;
    let manager = world.token("ROLE_MANAGER").await;
    for (width, scheme) in [(1280, "light"), (390, "dark")] {
        let given = json!({"manager": manager, "width": width, "scheme": scheme});
        assert_eq!(play(&world, "accessible_forms", given).await, json!({}));
    }
}

/// A cancellation, or a request for one: by the verb or by the collection.
async fn cancel(world: &World, order_id: &str, how: &str) -> Value {
    let asked = json!({
        "request_id": unique("cancel"), "reason": "CANCELLATION_REASON_CHANGED_MIND",
    });
    let between = if how == "cancel" { ':' } else { '/' };
    let path = format!("{}{between}{how}", order_path(order_id));
    world.http().post(&path, &asked).await.ok()
}
