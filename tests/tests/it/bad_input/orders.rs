use super::{NO_AMOUNTS, Stored, long, shown, with};
use crate::{
    on_both,
    world::{STORE, World, order, order_path, unique},
};
use serde_json::{Value, json};

on_both!(
    every_malformed_field_of_an_order_is_named,
    every_malformed_field_of_a_verb_is_named,
    all_faults_of_an_order_are_named_at_once,
);

async fn every_malformed_field_of_an_order_is_named(world: World) {
    world.open_store(json!({})).await;
    let before = Stored::of(&world);
    let order = order("O-1");
    for (path, value, named) in wrong_fields() {
        let changed = with(&order, path, &value);
        let body = json!({"request_id": unique("bad"), "order": changed});
        let answer = world.http().post(&format!("/v1/stores/{STORE}/orders"), &body).await;
        answer.refused(400, if named.1.is_empty() { "INVALID_FIELDS" } else { named.1 });
        let field = if named.0.is_empty() { shown(path) } else { named.0.to_owned() };
        let field = format!("order.{field}");
        assert_eq!(answer.fields(), [field], "{value}: {}", answer.text());
    }
    for path in
        ["lines.0.total.customer", "shipping.merchant", "duties.customer", "tenders.0.amount"]
    {
        for text in NO_AMOUNTS {
            let changed = with(&order, path, &json!(text));
            let body = json!({"request_id": unique("bad"), "order": changed});
            let answer = world.http().post(&format!("/v1/stores/{STORE}/orders"), &body).await;
            assert_eq!(answer.status, 400, "{path} {text:?}: {}", answer.text());
            assert_eq!(answer.fields(), [format!("order.{}", shown(path))], "{text:?}");
        }
    }
    let none = with(&order, "lines", &json!([]));
    let body = json!({"request_id": unique("bad"), "order": none});
    let answer = world.http().post(&format!("/v1/stores/{STORE}/orders"), &body).await;
    assert_eq!(answer.fields(), ["order.lines", "order.tenders"]);
    for body in [json!({}), json!({"order": {}}), json!({"order": null})] {
        let answer = world.http().post(&format!("/v1/stores/{STORE}/orders"), &body).await;
        assert_eq!(answer.status, 400, "{}", answer.text());
        assert!(!answer.fields().is_empty(), "{}", answer.text());
    }
    assert_eq!(Stored::of(&world), before);
}

async fn all_faults_of_an_order_are_named_at_once(world: World) {
    world.open_store(json!({})).await;
    let mut order = order("a b");
    order["customer_currency"] = "usd".into();
    order["merchant_currency"] = "XAU".into();
    order["lines"][0]["total"]["customer"] = "1e1".into();
    order["lines"][1]["quantity"] = 0.into();
    order["shipping"]["merchant"] = "-1".into();
    order["tenders"][0]["tender_id"] = "a b".into();
    order["tenders"][0]["amount"] = "1.00001".into();
    let body = json!({"request_id": "o-1", "order": order});
    let answer = world.http().post(&format!("/v1/stores/{STORE}/orders"), &body).await;
    let named = [
        "order.order_id",
        "order.customer_currency",
        "order.merchant_currency",
        "order.lines[0].total.customer",
        "order.lines[1].quantity",
        "order.tenders[0].tender_id",
        "order.tenders[0].amount",
        "order.shipping.merchant",
    ];
    assert_eq!(answer.refused(400, "INVALID_FIELDS").fields(), named);
}

/// Path in the order, what stands there, and the field and the reason that the refusal names, where
/// they are not the path itself and `INVALID_FIELDS`.
#[rustfmt::skip]
fn wrong_fields() -> Vec<(&'static str, Value, (&'static str, &'static str))> {
    let plain = ("", "");
    let many = |count: usize, one: Value| Value::Array(vec![one; count]);
    let order = order("O-1");
    vec![
        ("order_id", json!(""), plain),
        ("order_id", json!("-"), plain),
        ("order_id", json!("a b"), plain),
        ("order_id", json!("a/b"), plain),
        ("order_id", json!("O\u{0}1"), plain),
        ("order_id", json!("\u{e9}"), plain),
        ("order_id", long(65), plain),
        ("order_id", json!(1), plain),
        ("cart_id", long(129), plain),
        ("customer_currency", json!(""), plain),
        ("customer_currency", json!("usd"), plain),
        ("customer_currency", json!("XXX"), plain),
        ("customer_currency", json!("USDD"), plain),
        ("merchant_currency", json!("XAU"), plain),
        ("destination_country", json!(null), plain),
        ("destination_country", json!("us"), plain),
        ("destination_country", json!("USA"), plain),
        ("buyer", json!("A Buyer"), plain),
        ("buyer.email", long(256), plain),
        ("buyer.name", json!("a\u{0}b"), plain),
        ("buyer.phone", long(65), plain),
        ("customer_note", long(2001), plain),
        ("shipping_address", json!({"country": "Germany"}), ("shipping_address.country", "")),
        ("billing_address", json!({"city": "x".repeat(256)}), ("billing_address.city", "")),
        ("billing_address", json!({"lines": ["a", "b", "c", "d", "e", "f"]}), ("billing_address.lines", "")),
        ("lines", json!({}), plain),
        ("lines", many(501, order["lines"][0].clone()), plain),
        ("lines.0.cart_item_id", json!(""), plain),
        ("lines.0.cart_item_id", long(129), plain),
        ("lines.1.cart_item_id", json!("L1"), plain),
        ("lines.0.product_code", long(129), plain),
        ("lines.0.name", long(256), plain),
        ("lines.0.quantity", json!(0), plain),
        ("lines.0.quantity", json!(null), plain),
        ("lines.0.quantity", json!(-1), plain),
        ("lines.0.quantity", json!(2_147_483_648_u32), plain),
        ("lines.0.quantity", json!(1.5), plain),
        ("lines.0.total", json!(null), plain),
        ("lines.0.total", json!("60.00"), plain),
        ("lines.0.total.customer", json!("60.001"), ("", "INVALID_AMOUNT")),
        ("lines.0.total.merchant", json!("55.555"), ("", "INVALID_AMOUNT")),
        ("lines.0.total.customer", json!(60), plain),
        ("lines.0.refunds", json!([]), plain),
        ("shipping.customer", json!("10.001"), ("", "INVALID_AMOUNT")),
        ("duties.merchant", json!(""), ("", "INVALID_AMOUNT")),
        ("tenders", json!([]), plain),
        ("tenders", many(21, order["tenders"][0].clone()), plain),
        ("tenders.0.tender_id", json!(""), plain),
        ("tenders.0.tender_id", json!("a b"), plain),
        ("tenders.0.method", json!("CARD"), plain),
        ("tenders.0.method", json!(null), plain),
        ("tenders.0.provider", json!(""), plain),
        ("tenders.0.provider_reference", long(256), plain),
        ("tenders.0.state", json!("TENDER_STATE_FAILED"), plain),
        ("tenders.0.amount", json!("114.99"), ("tenders", "")),
        ("tenders.0.amount", json!("115.001"), ("", "INVALID_AMOUNT")),
        ("no_such_field", json!(1), plain),
    ]
}

async fn every_malformed_field_of_a_verb_is_named(world: World) {
    world.open_store(json!({})).await;
    world.ready(&order("O-1")).await;
    let before = Stored::of(&world);
    let ids = json!({"external_order_id": "E-1", "external_order_number": "#1"});
    let lines = json!({"lines": [{"cart_item_id": "L1", "quantity": 1}]});
    let payment = json!({"tender_id": "t1", "state": "TENDER_STATE_CAPTURED"});
    for (verb, body, path, value, reason) in [
        ("accept", &ids, "external_order_id", json!(""), "INVALID_FIELDS"),
        ("accept", &ids, "external_order_id", long(129), "INVALID_FIELDS"),
        ("accept", &ids, "external_order_number", json!(null), "INVALID_FIELDS"),
        ("accept", &ids, "external_order_number", json!("a\u{1}"), "INVALID_FIELDS"),
        ("setExternalReference", &ids, "external_order_id", json!(null), "INVALID_FIELDS"),
        ("ship", &lines, "lines", json!([]), "INVALID_FIELDS"),
        ("ship", &lines, "lines.0.quantity", json!(0), "INVALID_FIELDS"),
        ("ship", &lines, "lines.0.quantity", json!(-5), "INVALID_FIELDS"),
        ("ship", &lines, "lines.0.cart_item_id", json!(""), "INVALID_FIELDS"),
        ("ship", &lines, "lines.0.cart_item_id", json!("L9"), "UNKNOWN_LINE"),
        ("ship", &lines, "tracking_number", long(129), "INVALID_FIELDS"),
        ("ship", &lines, "carrier", long(129), "INVALID_FIELDS"),
        ("deliver", &lines, "lines.0.quantity", json!(0), "INVALID_FIELDS"),
        ("deliver", &lines, "lines.0.cart_item_id", json!("L9"), "UNKNOWN_LINE"),
        ("recordPayment", &payment, "tender_id", json!(""), "INVALID_FIELDS"),
        ("recordPayment", &payment, "state", json!(null), "INVALID_FIELDS"),
        ("recordPayment", &payment, "state", json!("TENDER_STATE_RELEASED"), "INVALID_FIELDS"),
        ("recordPayment", &payment, "amount", json!("1e1"), "INVALID_AMOUNT"),
        ("recordPayment", &payment, "amount", json!("115.01"), "INVALID_AMOUNT"),
        ("recordPayment", &payment, "amount", json!("1.001"), "INVALID_AMOUNT"),
        ("recordPayment", &payment, "provider_reference", long(256), "INVALID_FIELDS"),
    ] {
        let mut body = with(body, path, &value);
        body["request_id"] = unique("bad").into();
        let answer = world.http().post(&format!("{}:{verb}", order_path("O-1")), &body).await;
        assert_eq!(answer.status, 400, "{verb} {path} {value}: {}", answer.text());
        assert_eq!(answer.fields(), [shown(path)], "{verb} {value}: {}", answer.text());
        assert_eq!(answer.reason(), reason, "{verb} {path} {value}");
    }
    for (query, field) in [
        ("page_size=-1", "page_size"),
        ("page_size=1001", "page_size"),
        ("page_size=x", "page_size"),
        ("page_token=x", "page_token"),
        ("states=READY", "states[0]"),
        ("created_after=yesterday", "created_after"),
        ("nothing=1", "nothing"),
        ("order_by=ORDER_SORT_RANDOM", "order_by"),
        ("refund_states=REFUND_STATE_PENDING&refund_states=HELD", "refund_states[1]"),
        ("cancellation_states=ORDER_STATE_READY", "cancellation_states[0]"),
        ("screening_states=SCREENING_STATE_UNSPECIFIED", "screening_states[0]"),
        ("handover_states=X", "handover_states[0]"),
        ("search=a&search=", "search[1]"),
        ("search=%01", "search[0]"),
        (&format!("search={}", "x".repeat(256)), "search[0]"),
        // Eleven of one, and six together.
        (&"search=x&".repeat(11), "search"),
        (&"states=ORDER_STATE_READY&".repeat(11), "states"),
        (
            "search=x&buyer_email=x&product_code=x&external_order_id=x&states=ORDER_STATE_READY\
             &created_before=2026-01-01T00:00:00Z",
            "filters",
        ),
    ] {
        let query = query.trim_end_matches('&');
        let path = format!("/v1/stores/{STORE}/orders?{query}");
        world.http().get(&path).await.refused(400, "INVALID_FIELDS").names(field);
    }
    assert_eq!(Stored::of(&world), before);
}
