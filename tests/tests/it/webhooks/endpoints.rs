//! An endpoint from its making to its end.

use super::{delete, endpoint, make, path, update, webhooks};
use crate::{
    on_both,
    world::{Answer, STORE, World, unique},
};
use serde_json::{Value, json};
use std::fmt::Write as _;

on_both!(
    an_endpoint_is_made_read_changed_and_ended,
    a_secret_is_answered_once_and_stands_nowhere_else,
    the_same_request_is_answered_again,
    every_fault_of_a_request_is_named,
    a_store_has_twenty_endpoints_and_no_more,
    what_another_store_has_is_not_there,
    nothing_is_sent_to_what_is_disabled,
    what_a_person_did_stands_in_the_log,
);

async fn an_endpoint_is_made_read_changed_and_ended(world: World) {
    world.open_store(json!({})).await;
    let http = world.http();
    let made = make(
        &http,
        &json!({"url": "https://hooks.invalid/a", "types": ["order.ready", "refund.created"]}),
    )
    .await
    .ok();
    for (field, value) in [
        ("store_id", json!(STORE)),
        ("url", json!("https://hooks.invalid/a")),
        ("types", json!(["order.ready", "refund.created"])),
        ("format", json!("ENDPOINT_FORMAT_STANDARD")),
        ("state", json!("ENDPOINT_STATE_ENABLED")),
        ("disabled_reason", json!("")),
        ("disabled_time", Value::Null),
        ("version", json!("1")),
        ("previous_secret_expire_time", Value::Null),
    ] {
        assert_eq!(made[field], value, "{field}");
    }
    let got = http.get(&path(&made)).await.ok();
    assert_eq!(got["secret"], "");

    let second = make(&http, &json!({"url": "https://hooks.invalid/b"})).await.ok();
    let listed = http.get(&webhooks()).await.ok();
    assert_eq!(listed["endpoints"][0], got);
    assert_eq!(listed["endpoints"][1]["endpoint_id"], second["endpoint_id"]);
    let page = http.get(&format!("{}?page_size=1", webhooks())).await.ok();
    assert_eq!(page["endpoints"], json!([got]));
    let token = page["next_page_token"].as_str().unwrap();
    let rest = http.get(&format!("{}?page_size=1&page_token={token}", webhooks())).await.ok();
    assert_eq!(rest["endpoints"][0]["endpoint_id"], second["endpoint_id"]);
    assert_eq!(rest["next_page_token"], "");

    let body = json!({"all_types": true, "state": "ENDPOINT_STATE_DISABLED", "version": 1});
    let off = update(&http, &made, &body).await.ok();
    assert_eq!((&off["types"], &off["version"]), (&json!([]), &json!("2")));
    assert_eq!(off["state"], "ENDPOINT_STATE_DISABLED");
    assert_eq!(off["disabled_reason"], "a person disabled it");
    assert_eq!(off["disabled_time"], off["update_time"]);
    let stale = update(&http, &made, &body).await;
    stale.refused(409, "VERSION_MISMATCH");
    assert_eq!((stale.metadata("asked"), stale.metadata("actual")), ("1".into(), "2".into()));
    let on = update(&http, &made, &json!({"state": "ENDPOINT_STATE_ENABLED"})).await.ok();
    assert_eq!(
        (&on["state"], &on["disabled_time"]),
        (&json!("ENDPOINT_STATE_ENABLED"), &Value::Null)
    );

    assert_eq!(delete(&http, &made, "d-1").await.ok(), json!({}));
    assert_eq!(delete(&http, &made, "d-1").await.ok(), json!({}), "a replay");
    delete(&http, &made, "d-2").await.refused(404, "ENDPOINT_NOT_FOUND");
    http.get(&path(&made)).await.refused(404, "ENDPOINT_NOT_FOUND");
    update(&http, &made, &json!({})).await.refused(404, "ENDPOINT_NOT_FOUND");
    assert_eq!(http.get(&webhooks()).await.ok()["endpoints"].as_array().unwrap().len(), 1);
}

async fn rotate(world: &World, made: &Value, body: &Value) -> Answer {
    world.http().post(&format!("{}:rotateSecret", path(made)), body).await
}

async fn a_secret_is_answered_once_and_stands_nowhere_else(world: World) {
    world.open_store(json!({})).await;
    let body = json!({"request_id": "e-1", "url": "https://hooks.invalid/"});
    let made = world.http().post(&webhooks(), &body).await.ok();
    let mut secrets = vec![made["secret"].clone()];
    for (number, overlap) in [Value::Null, json!(60), json!(0)].into_iter().enumerate() {
        let body = json!({"request_id": format!("r-{number}"), "overlap_seconds": overlap});
        let rotated = rotate(&world, &made, &body).await.ok();
        assert_eq!(rotated["previous_secret_expire_time"].is_null(), overlap == 0);
        secrets.push(rotated["secret"].clone());
        let mut replay = rotate(&world, &made, &body).await.ok();
        assert_eq!(replay["secret"], "");
        replay["secret"] = rotated["secret"].clone();
        assert_eq!(replay, rotated);
    }
    let texts: Vec<&str> = secrets.iter().map(|secret| secret.as_str().unwrap()).collect();
    for (place, secret) in texts.iter().enumerate() {
        assert!(secret.starts_with("whsec_") && secret.len() == 50, "{secret}");
        assert!(!texts[..place].contains(secret), "a secret came twice");
    }
    // Only what signs now is kept, and only where it is needed to sign.
    let kept = world.database.rows("SELECT doc FROM webhook_endpoints");
    let kept = format!("{kept:?}");
    for (place, secret) in texts.iter().enumerate() {
        assert_eq!(kept.contains(secret), place == texts.len() - 1, "{place}");
        let elsewhere = world.database.rows("SELECT body FROM facts");
        assert!(!format!("{elsewhere:?}").contains(secret));
        // Both databases show bytes in hexadecimal, one of them as a list.
        let receipts = format!("{:?}", world.database.rows("SELECT answer FROM receipts"));
        let receipts = receipts.replace([',', ' '], "");
        assert!(receipts.contains(&hex("https://hooks.invalid/")));
        assert!(!receipts.contains(&hex(secret)));
        assert!(!world.process().log().contains(secret));
    }
}

fn hex(text: &str) -> String {
    text.bytes().fold(String::new(), |mut hex, byte| {
        // Writing to a text cannot fail.
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

async fn the_same_request_is_answered_again(world: World) {
    world.open_store(json!({})).await;
    let http = world.http();
    let made = endpoint(&world).await;
    let body = json!({"request_id": "u-1", "types": ["order.ready"]});
    let first = update(&http, &made, &body).await;
    update(&http, &made, &json!({"all_types": true})).await.ok();
    assert_eq!(update(&http, &made, &body).await.bytes, first.bytes);
    let other = json!({"request_id": "u-1", "types": ["order.received"]});
    update(&http, &made, &other).await.refused(409, "REQUEST_ID_REUSED");
    assert_eq!(http.get(&path(&made)).await.ok()["version"], "3");

    // The header stands for the field, on a method without a body too.
    let keyed = http.with("idempotency-key", "d-1");
    assert_eq!(keyed.send(http::Method::DELETE, &path(&made), "").await.ok(), json!({}));
    assert_eq!(delete(&http, &made, "d-1").await.ok(), json!({}));
    let without = http.send(http::Method::DELETE, &path(&made), "").await;
    without.refused(400, "INVALID_FIELDS").names("request_id");
}

async fn every_fault_of_a_request_is_named(world: World) {
    world.open_store(json!({})).await;
    let http = world.http();
    let types = json!(["order.ready", "order.made", "order.ready", "webhook.test"]);
    let refused =
        http.post(&webhooks(), &json!({"url": "https://10.0.0.1/", "types": types})).await;
    refused.refused(400, "INVALID_FIELDS");
    assert_eq!(refused.fields(), ["request_id", "url", "types[1]", "types[2]", "types[3]"]);
    let globale = json!({
        "url": "https://hooks.invalid/", "format": "ENDPOINT_FORMAT_GLOBALE",
        "types": ["refund.created", "order.ready"],
    });
    make(&http, &globale).await.refused(400, "INVALID_FIELDS").names("types[1]");
    let globale = json!({"url": "https://hooks.invalid/", "format": "ENDPOINT_FORMAT_GLOBALE"});
    let globale = make(&http, &globale).await.ok();
    let refused = update(&http, &globale, &json!({"types": ["order.ready"]})).await;
    refused.refused(400, "INVALID_FIELDS").names("types");
    let both = json!({"types": ["refund.created"], "all_types": true});
    update(&http, &globale, &both).await.refused(400, "INVALID_FIELDS").names("all_types");

    let verb = async |verb: &str, body: Value| {
        let mut body = body;
        body["request_id"] = unique(verb).into();
        http.post(&format!("{}:{verb}", path(&globale)), &body).await
    };
    for overlap in [-1, 604_801] {
        let refused = verb("rotateSecret", json!({"overlap_seconds": overlap})).await;
        refused.refused(400, "INVALID_FIELDS").names("overlap_seconds");
    }
    let (early, late) = ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z");
    let event = "evt_0190b2c40000700080000000000000aa";
    for (body, field) in [
        (json!({}), "event_id"),
        (json!({"event_id": "evt_1"}), "event_id"),
        (json!({"event_id": event, "from": early}), "event_id"),
        (json!({"from": early}), "before"),
        (json!({"before": early}), "from"),
        (json!({"from": late, "before": early}), "before"),
    ] {
        verb("redeliver", body).await.refused(400, "INVALID_FIELDS").names(field);
    }
    verb("redeliver", json!({"event_id": event})).await.refused(404, "EVENT_NOT_FOUND");
    let listed = http.get(&format!("{}/deliveries?event_id=x&page_token=y", path(&globale))).await;
    listed.refused(400, "INVALID_FIELDS");
    assert_eq!(listed.fields(), ["event_id", "page_token"]);
}

async fn a_store_has_twenty_endpoints_and_no_more(world: World) {
    world.open_store(json!({})).await;
    let http = world.http();
    let made = endpoint(&world).await;
    let body = json!({"url": "https://hooks.invalid/more"});
    let more = (1..25).map(|_| make(&http, &body));
    let answers = futures_util::future::join_all(more).await;
    let (ok, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!((ok.len(), refused.len()), (19, 5));
    for answer in refused {
        answer.refused(429, "TOO_MANY_ENDPOINTS");
        assert_eq!(answer.metadata("limit"), "20");
    }
    delete(&http, &made, "d-1").await.ok();
    endpoint(&world).await;
}

async fn what_another_store_has_is_not_there(world: World) {
    world.open_store(json!({})).await;
    world.open_store_named("other", "other-guid", json!({})).await;
    let body = json!({"request_id": "e-1", "url": "https://hooks.invalid/"});
    let others = world.http().post("/v1/stores/other/webhooks", &body).await.ok();
    let others = others["endpoint_id"].as_str().unwrap();
    let nobodys = "ep_0190b2c40000700080000000000000aa";
    let manager = world.http().token(&world.token("ROLE_MANAGER").await);
    let calls = [
        (http::Method::GET, "", json!(null)),
        (http::Method::PATCH, "", json!({"state": "ENDPOINT_STATE_DISABLED"})),
        (http::Method::DELETE, "?request_id=x-1", json!(null)),
        (http::Method::GET, "/deliveries", json!(null)),
        (http::Method::POST, ":rotateSecret", json!({})),
        (http::Method::POST, ":redeliver", json!({"event_id": nobodys.replace("ep_", "evt_")})),
        (http::Method::POST, ":test", json!({})),
    ];
    for (method, rest, body) in calls {
        let ask = async |endpoint_id: &str| {
            let mut body = body.clone();
            if !body.is_null() {
                body["request_id"] = unique("x").into();
            }
            let path = format!("{}/{endpoint_id}{rest}", webhooks());
            let answer = manager.send(method.clone(), &path, body.to_string()).await;
            answer.refused(404, "ENDPOINT_NOT_FOUND");
            answer.text().replace(endpoint_id, "ID")
        };
        let words = ask(others).await;
        assert_eq!(words, ask(nobodys).await, "{method} {rest}");
        assert_eq!(words, ask("no-id-at-all").await, "{method} {rest}");
    }
    let listed = manager.get(&webhooks()).await.ok();
    assert_eq!(listed["endpoints"], json!([]));
    let theirs = world.http().get(&format!("/v1/stores/other/webhooks/{others}")).await.ok();
    assert_eq!(
        (&theirs["version"], &theirs["state"]),
        (&json!("1"), &json!("ENDPOINT_STATE_ENABLED"))
    );
}

async fn nothing_is_sent_to_what_is_disabled(world: World) {
    world.open_store(json!({})).await;
    let made = endpoint(&world).await;
    update(&world.http(), &made, &json!({"state": "ENDPOINT_STATE_DISABLED"})).await.ok();
    for (verb, body) in [
        ("test", json!({"request_id": "t-1"})),
        (
            "redeliver",
            json!({"request_id": "a-1", "event_id": "evt_0190b2c40000700080000000000000aa"}),
        ),
    ] {
        let refused = world.http().post(&format!("{}:{verb}", path(&made)), &body).await;
        refused.refused(400, "ENDPOINT_DISABLED");
        assert_eq!(refused.metadata("why"), "a person disabled it");
    }
    let listed = world.http().get(&format!("{}/deliveries", path(&made))).await.ok();
    assert_eq!(listed["deliveries"], json!([]));
}

async fn what_a_person_did_stands_in_the_log(world: World) {
    world.open_store(json!({})).await;
    let manager = world.http().token(&world.token("ROLE_MANAGER").await);
    let url = "https://hooks.invalid:8443/p4th?key=s3cret";
    let made = make(&manager, &json!({"url": url})).await.ok();
    update(&manager, &made, &json!({"types": ["order.ready"]})).await.ok();
    manager.post(&format!("{}:rotateSecret", path(&made)), &json!({"request_id": "r"})).await.ok();
    delete(&manager, &made, "d-1").await.ok();
    let rows = world
        .database
        .rows("SELECT kind, actor_kind FROM facts WHERE kind LIKE 'webhook.%' ORDER BY place");
    let kinds: Vec<&str> = rows.iter().map(|row| row[0].as_str()).collect();
    let expected =
        ["webhook.created", "webhook.updated", "webhook.secret_rotated", "webhook.deleted"];
    assert_eq!(kinds, expected);
    assert!(rows.iter().all(|row| row[1] == "MERCHANT"), "{rows:?}");
    // It is never deleted, so that nothing secret may stand in it, and a URL may hold a secret.
    let count = |text| {
        world.database.count(&format!("SELECT count(*) FROM facts WHERE body LIKE '%{text}%'"))
    };
    assert_eq!((count("https://hooks.invalid:8443\""), count("p4th"), count("s3cret")), (2, 0, 0));
    // Nobody else is told.
    let told =
        "SELECT count(*) FROM event_log WHERE position IS NOT NULL AND kind LIKE 'webhook.%'";
    assert_eq!(world.database.count(told), 0);
}
