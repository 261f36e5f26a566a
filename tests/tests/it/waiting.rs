//! Whatever waits stands in a list, with what it waits for.

use crate::{
    lifecycle::stripe::{WEBHOOK_SECRET, paid_by},
    notices::{reconcile, signed},
    on_both,
    world::{Http, STORE, World, eventually, order, order_path, refund_path, unique},
};
use serde_json::{Value, json};
use testkit::localstripe::{SECRET_KEY, Server};

on_both!(
    a_provider_that_is_down_is_shown_and_slows_no_other,
    what_is_not_understood_is_kept_and_listed,
    payouts_that_wait_for_a_person_are_listed,
);

async fn providers(world: &World) -> Vec<Value> {
    let listed = world.http().get("/v1/payment-providers").await.ok();
    listed["providers"].as_array().unwrap().clone()
}

async fn provider(world: &World, name: &str) -> Value {
    let all = providers(world).await;
    all.into_iter().find(|it| it["name"] == name).unwrap()
}

async fn tasks(http: &Http, kinds: &str) -> Vec<Value> {
    let listed = http.get(&format!("/v1/stores/{STORE}/tasks{kinds}")).await.ok();
    listed["tasks"].as_array().unwrap().clone()
}

async fn a_provider_that_is_down_is_shown_and_slows_no_other(mut world: World) {
    let server = tokio::task::spawn_blocking(Server::start).await.unwrap();
    let url = server.url();
    world.restart_with(&[
        ("MERIDIAN__PAYMENTS__STRIPE__URL", url.as_str()),
        ("MERIDIAN__PAYMENTS__STRIPE__SECRET_KEY", SECRET_KEY),
        ("MERIDIAN__PAYMENTS__BREAKER__FAILURES", "3"),
        ("MERIDIAN__PAYMENTS__BREAKER__PAUSE", "1h"),
    ]);
    world.open_store(json!({})).await;
    let mut refunds = Vec::new();
    for number in 0..4 {
        let payment = server.captured(11_500, "usd");
        world.ready(&paid_by(&format!("O-{number}"), &payment, "CAPTURED")).await;
    }
    let closed = provider(&world, "stripe").await;
    assert_eq!(
        (&closed["state"], &closed["until"]),
        (&"CIRCUIT_STATE_CLOSED".into(), &Value::Null)
    );
    let names: Vec<_> = providers(&world).await.iter().map(|it| it["name"].clone()).collect();
    assert_eq!(names, ["ledger", "manual", "sandbox", "stripe"]);
    drop(server);

    for number in 0..4 {
        let asked = json!({"shipping_amount": "1.00"});
        refunds.push(world.refund(&format!("O-{number}"), &asked).await.ok());
    }
    let open = eventually("Stripe to be left alone", || async {
        let stripe = provider(&world, "stripe").await;
        (stripe["state"] == "CIRCUIT_STATE_OPEN").then_some(stripe)
    })
    .await;
    assert!(open["consecutive_failures"].as_i64().unwrap() >= 3, "{open}");
    assert!(open["since"].as_str() < open["until"].as_str(), "{open}");
    let waiting = eventually("every leg to say what it waits for", || async {
        let tasks = tasks(&world.http(), "?kinds=TASK_KIND_LEG").await;
        let said = |task: &Value| {
            task["waits_for"].as_str().unwrap().starts_with("stripe is left alone until ")
        };
        (tasks.len() == 4 && tasks.iter().all(said)).then_some(tasks)
    })
    .await;
    assert!(waiting.iter().all(|task| task["kind"] == "TASK_KIND_LEG"));
    for refund in &refunds {
        let refund = world.http().get(&refund_path(refund)).await.ok();
        assert_eq!(refund["state"], "REFUND_STATE_PENDING");
        assert_eq!(refund["legs"][0]["state"], "LEG_STATE_PENDING");
    }
    // The process is well, and so are the others.
    assert_eq!(world.http().get("/readyz").await.status, 200);
    world.ready(&order("P-1")).await;
    let other = world.refund("P-1", &json!({"shipping_amount": "1.00"})).await.ok();
    assert_eq!(world.until_over(&other).await["state"], "REFUND_STATE_SUCCEEDED");
    assert_eq!(provider(&world, "sandbox").await["state"], "CIRCUIT_STATE_CLOSED");
    // It is the platform's to know.
    let manager = world.http().token(&world.token("ROLE_MANAGER").await);
    manager.get("/v1/payment-providers").await.refused(403, "ROLE_FORBIDS");
}

async fn what_is_not_understood_is_kept_and_listed(mut world: World) {
    world.restart_with(&[("MERIDIAN__PAYMENTS__STRIPE__WEBHOOK_SECRET", WEBHOOK_SECRET)]);
    world.open_store(json!({})).await;
    let odd = json!({
        "id": "evt_odd", "object": "event", "type": "charge.dispute.closed", "created": 1_700_000_000,
        "data": {"object": {"id": "du_1", "amount": 100, "currency": "usd", "status": "torn",
                            "payment_intent": "pi_1"}},
    })
    .to_string();
    // Answered as taken, so that it does not come for ever, and kept once.
    for _ in 0..2 {
        signed(&world, &odd).await.ok();
        signed(&world, "{").await.ok();
    }
    let (mut found, mut token) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/payment-notices?page_size=1&page_token={token}");
        let page = world.http().get(&path).await.ok();
        found.extend(page["notices"].as_array().unwrap().clone());
        page["next_page_token"].as_str().unwrap().clone_into(&mut token);
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(found.len(), 2, "{found:#?}");
    assert_eq!(
        (&found[0]["event_id"], &found[0]["subject"]),
        (&"evt_odd".into(), &"charge.dispute.closed".into())
    );
    for notice in &found {
        assert_eq!(
            (&notice["provider"], &notice["kind"]),
            (&"stripe".into(), &"NOTICE_KIND_UNREAD".into())
        );
    }
    eventually("it to say what it waits for", || async {
        let listed = world.http().get("/v1/payment-notices").await.ok();
        let why = listed["notices"][0]["waits_for"].as_str().unwrap().to_owned();
        why.ends_with("the dispute's status").then_some(())
    })
    .await;
    let (status, lines) = reconcile(&world);
    assert_eq!((status.code(), lines.len()), (Some(1), 3), "{lines:#?}");
    assert_eq!(
        (&lines[0]["break"], &lines[0]["subject"]),
        (&"NOTICE_UNREAD".into(), &"stripe evt_odd".into())
    );
    let manager = world.http().token(&world.token("ROLE_MANAGER").await);
    manager.get("/v1/payment-notices").await.refused(403, "ROLE_FORBIDS");
}

async fn payouts_that_wait_for_a_person_are_listed(world: World) {
    const PAYOUTS: &str = "?kinds=TASK_KIND_PAYOUT";
    world.open_store(json!({"approval_limit": "50.00"})).await;
    world.ready(&order("O-1")).await;
    let agent = world.http().token(&world.token("ROLE_AGENT").await);
    let first = world.http().token(&world.token("ROLE_MANAGER").await);
    let second = world.http().token(&world.token("ROLE_MANAGER").await);
    let payout = async |http: &Http, amount: &str| {
        let body = json!({
            "request_id": unique("refund"), "total_refund_amount": amount,
            "refund_method": "REFUND_METHOD_BANK_DEPOSIT",
        });
        http.post(&format!("{}/refunds", order_path("O-1")), &body).await.ok()
    };
    let change = async |http: &Http, refund: &Value, verb: &str, mut body: Value| {
        body["request_id"] = unique(verb).into();
        http.post(&format!("{}:{verb}", refund_path(refund)), &body).await
    };
    // Up to the limit a person may pay it out at once; above it another manager has to approve.
    let small = payout(&first, "5.00").await;
    let large = payout(&first, "60.00").await;
    assert_eq!(large["state"], "REFUND_STATE_HELD");
    let held = format!("/v1/stores/{STORE}/orders/-/refunds?states=REFUND_STATE_HELD");
    assert_eq!(agent.get(&held).await.ok()["refunds"][0]["refund_id"], large["refund_id"]);
    let listed = tasks(&agent, PAYOUTS).await;
    let [task] = &listed[..] else { panic!("{listed:#?}") };
    assert_eq!(task["subject"], small["legs"][0]["leg_id"]);
    assert_eq!(task["waits_for"], "a person has to pay it out and confirm it");
    let paid = json!({"payment_reference": "SEPA-1"});
    change(&first, &large, "confirm", paid.clone()).await.refused(400, "REFUND_STATE_FORBIDS");
    change(&agent, &large, "approve", json!({})).await.refused(403, "ROLE_FORBIDS");
    change(&first, &large, "approve", json!({})).await.refused(400, "FOUR_EYES");
    assert_eq!(tasks(&agent, PAYOUTS).await.len(), 1);
    change(&second, &large, "approve", json!({})).await.ok();
    assert_eq!(tasks(&agent, PAYOUTS).await.len(), 2);
    // Held back it waits for another thing, and once it is paid out for nothing.
    change(&first, &small, "hold", json!({"reason": "looks odd"})).await.ok();
    assert_eq!(tasks(&agent, PAYOUTS).await[0]["subject"], large["legs"][0]["leg_id"]);
    change(&first, &small, "release", json!({})).await.ok();
    for refund in [&small, &large] {
        let over = change(&agent, refund, "confirm", paid.clone()).await.ok();
        assert_eq!(over["state"], "REFUND_STATE_SUCCEEDED");
    }
    assert_eq!(tasks(&agent, "").await, [] as [Value; 0]);
    // Another way back, and no person has to do anything.
    let changed = payout(&first, "1.00").await;
    assert_eq!(tasks(&agent, PAYOUTS).await.len(), 1);
    let method = json!({"refund_method": "REFUND_METHOD_ORIGINAL"});
    let changed = change(&first, &changed, "changeMethod", method).await.ok();
    assert_eq!(world.until_over(&changed).await["state"], "REFUND_STATE_SUCCEEDED");
    assert_eq!(tasks(&agent, "").await, [] as [Value; 0]);
    let wrong = agent.get(&format!("/v1/stores/{STORE}/tasks?kinds=TASK_KIND_UNSPECIFIED")).await;
    wrong.refused(400, "INVALID_FIELDS").names("kinds[0]");
}
