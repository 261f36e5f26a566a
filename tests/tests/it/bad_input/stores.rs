use super::{NO_AMOUNTS, Stored, long, shown, with};
use crate::{
    on_both,
    world::{STORE, World, unique},
};
use http::Method;
use serde_json::json;

on_both!(every_malformed_field_of_a_store_is_named, every_malformed_field_of_a_token_is_named,);

async fn every_malformed_field_of_a_store_is_named(world: World) {
    world.open_store(json!({})).await;
    let before = Stored::of(&world);
    let store = json!({
        "store_id": "new", "name": "New", "merchant_guid": "new-guid", "currency": "EUR",
        "settings": {
            "customer_requests": {}, "handover": {"adapter": "http", "url": "http://x"},
            "refund_reasons": [{"code": "1", "name": "One"}],
            "screening": {"scopes": [{
                "check": "SCREENING_CHECK_FRAUD", "destination_countries": ["DE"],
                "hs_prefixes": ["93"], "tender_methods": ["TENDER_METHOD_CARD"],
            }]},
        },
    });
    for (path, value) in [
        ("store_id", json!("")),
        ("store_id", json!("New")),
        ("store_id", json!("-new")),
        ("store_id", long(64)),
        ("name", json!("")),
        ("name", long(256)),
        ("merchant_guid", json!("a b")),
        ("merchant_guid", json!("\u{e9}")),
        ("merchant_guid", long(129)),
        ("web_store_code", long(129)),
        ("currency", json!("EURO")),
        ("currency", json!(null)),
        ("settings", json!([])),
        ("settings.appeasements", json!("yes")),
        ("settings.approval_limit", json!(100)),
        ("settings.tender_order", json!("RANDOM")),
        ("settings.customer_requests.window_days", json!(-1)),
        ("settings.refund_reasons.0.code", json!("")),
        ("settings.refund_reasons.0.name", long(256)),
        ("settings.handover.exhausted", json!("NEVER")),
        ("settings.handover.schedule_seconds", json!([-1])),
        ("settings.handover.schedule_seconds", json!(vec![1; 51])),
        ("settings.handover.adapter", json!("pigeon")),
        ("settings.handover.adapter", json!("")),
        ("settings.handover.url", json!("")),
        ("settings.handover.url", json!("shop.example/orders")),
        ("settings.handover.url", json!("ftp://shop.example")),
        ("settings.handover.url", json!("https://user:word@shop.example")),
        ("settings.handover.url", json!("https://")),
        ("settings.handover.secret", long(1_025)),
        ("settings.screening.fraud", json!("yes")),
        ("settings.screening.scopes", json!(vec![json!({"check": "SCREENING_CHECK_FRAUD"}); 51])),
        ("settings.screening.scopes.0.check", json!("SCREENING_CHECK_LUCK")),
        ("settings.screening.scopes.0.minimum_total", json!("-1")),
        ("settings.screening.scopes.0.destination_countries.0", json!("Germany")),
        ("settings.screening.scopes.0.hs_prefixes.0", json!("...")),
        ("settings.screening.scopes.0.tender_methods.0", json!("TENDER_METHOD_SHELLS")),
        ("settings.no_such_setting", json!(true)),
    ] {
        let mut body = with(&store, path, &value);
        body["request_id"] = unique("bad").into();
        let answer = world.http().post("/v1/stores", &body).await;
        assert_eq!(answer.status, 400, "{path} {value}: {}", answer.text());
        assert_eq!(answer.fields(), [shown(path)], "{value}: {}", answer.text());
    }
    for text in NO_AMOUNTS {
        let mut body = with(&store, "settings.approval_limit", &json!(text));
        body["request_id"] = unique("bad").into();
        let answer = world.http().post("/v1/stores", &body).await;
        assert_eq!(
            (answer.status, answer.fields()),
            (400, vec!["settings.approval_limit".to_owned()])
        );
    }
    let body = json!({
        "store_id": "new", "request_id": unique("bad"), "name": "", "currency": "EURO",
        "settings": {"approval_limit": "1e1", "tender_order": "TENDER_ORDER_UNSPECIFIED"},
    });
    let answer = world.http().post("/v1/stores", &body).await;
    let named = ["currency", "name", "settings.approval_limit"];
    assert_eq!(answer.refused(400, "INVALID_FIELDS").fields(), named);
    for (path, value) in [("name", json!("")), ("currency", json!("E")), ("version", json!("x"))] {
        let mut body = json!({"request_id": unique("bad")});
        body[path] = value;
        let store = format!("/v1/stores/{STORE}");
        let answer = world.http().send(Method::PATCH, &store, body.to_string()).await;
        answer.refused(400, "INVALID_FIELDS").names(path);
    }
    assert_eq!(Stored::of(&world), before);
}

async fn every_malformed_field_of_a_token_is_named(world: World) {
    world.open_store(json!({})).await;
    let before = Stored::of(&world);
    let token = json!({"name": "till", "role": "ROLE_AGENT"});
    for (path, value) in [
        ("name", json!("")),
        ("name", long(256)),
        ("role", json!(null)),
        ("role", json!("ROLE_UNSPECIFIED")),
        ("role", json!("AGENT")),
        ("scopes", json!(["orders:read"])),
        ("expire_time", json!("2001-01-01T00:00:00Z")),
        ("expire_time", json!("tomorrow")),
        ("expire_time", json!(7)),
    ] {
        let mut body = with(&token, path, &value);
        body["request_id"] = unique("bad").into();
        let answer = world.http().post(&format!("/v1/stores/{STORE}/tokens"), &body).await;
        assert_eq!(answer.status, 400, "{path} {value}: {}", answer.text());
        assert_eq!(answer.fields(), [shown(path)], "{value}: {}", answer.text());
    }
    let service = json!({
        "request_id": unique("bad"), "name": "s", "role": "ROLE_SERVICE", "scopes": ["everything"],
    });
    let answer = world.http().post(&format!("/v1/stores/{STORE}/tokens"), &service).await;
    answer.refused(400, "INVALID_FIELDS").names("scopes[0]");
    for token_id in ["nothing", "tok_00000000000000000000000000000000", "%00"] {
        let path = format!("/v1/stores/{STORE}/tokens/{token_id}:revoke");
        let body = json!({"request_id": unique("bad")});
        world.http().post(&path, &body).await.refused(404, "TOKEN_NOT_FOUND");
    }
    assert_eq!(Stored::of(&world), before);
}
