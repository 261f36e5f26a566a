use super::{NO_AMOUNTS, Stored, long, shown, with};
use crate::{
    on_both,
    world::{Answer, GUID, World, order, order_of, order_path, unique},
};
use serde_json::{Value, json};

on_both!(
    every_malformed_amount_names_its_field,
    an_amount_has_no_more_decimals_than_its_currency,
    every_malformed_field_of_a_refund_is_named,
    all_malformed_fields_are_named_at_once,
    the_compatible_endpoint_refuses_the_same,
    an_id_that_cannot_be_one_names_nothing,
);

async fn prepared(world: &World) {
    world.open_store(json!({"appeasements": true, "prepaid_returns": true})).await;
    world.ready(&order("O-1")).await;
}

/// Posts what is refused both as a refund and as a quote.
async fn refused(world: &World, asked: &Value) -> Answer {
    let path = format!("{}/refunds", order_path("O-1"));
    let quoted = world.http().post(&format!("{path}:quote"), asked).await;
    let answer = world.refund("O-1", asked).await;
    assert_eq!(answer.status, 400, "{asked}: {}", answer.text());
    assert_eq!(quoted.json(), answer.json(), "{asked}");
    answer
}

async fn every_malformed_amount_names_its_field(world: World) {
    prepared(&world).await;
    let before = Stored::of(&world);
    let body = json!({"products": [{"cart_item_id": "L1"}]});
    for path in [
        "total_refund_amount",
        "original_total_refund_amount",
        "shipping_amount",
        "duties_amount",
        "service_gesture_amount",
        "customer_prepaid_refund_amount",
        "original_customer_prepaid_refund_amount",
        "products.0.refund_amount",
        "products.0.original_refund_amount",
        "products.0.refund_amount_percent",
    ] {
        for text in NO_AMOUNTS {
            // 10 ^ 12 is the largest amount, but a percent is refused far below it.
            let asked = with(&body, path, &json!(text));
            let answer = refused(&world, &asked).await;
            assert_eq!(answer.fields(), [shown(path)], "{text:?}: {}", answer.text());
            assert_eq!(answer.reason(), "INVALID_AMOUNT", "{asked}");
        }
        for no_text in [json!(1), json!(1.5), json!(true), json!([]), json!({"a": 1})] {
            let answer = refused(&world, &with(&body, path, &no_text)).await;
            answer.refused(400, "INVALID_FIELDS").names(&shown(path));
        }
    }
    assert_eq!(Stored::of(&world), before);
}

async fn an_amount_has_no_more_decimals_than_its_currency(world: World) {
    world.open_store(json!({"appeasements": true, "prepaid_returns": true})).await;
    let mut yen = order_of("O-1", &[("L1", "SKU-1", 2, "985", "61.003")]);
    yen["customer_currency"] = "JPY".into();
    yen["merchant_currency"] = "KWD".into();
    yen["shipping"] = json!({"customer": "10.00", "merchant": "0.060"});
    yen["duties"] = json!({"customer": "5", "merchant": "0.031"});
    world.ready(&yen).await;
    let before = Stored::of(&world);
    let body = json!({"products": [{"cart_item_id": "L1"}]});
    for (path, text) in [
        ("total_refund_amount", "1.5"),
        ("shipping_amount", "0.1"),
        ("duties_amount", "1.01"),
        ("service_gesture_amount", "1.5"),
        ("customer_prepaid_refund_amount", "1.5"),
        ("original_total_refund_amount", "1.0001"),
        ("original_customer_prepaid_refund_amount", "0.0005"),
        ("products.0.refund_amount", "1.5"),
        ("products.0.original_refund_amount", "1.00005"),
        ("products.0.refund_amount_percent", "100.01"),
        ("products.0.refund_amount_percent", "0"),
    ] {
        let answer = refused(&world, &with(&body, path, &json!(text))).await;
        answer.refused(400, "INVALID_AMOUNT").names(&shown(path));
    }
    assert_eq!(Stored::of(&world), before);
    // Trailing zeros do not count.
    let made = world.refund("O-1", &json!({"shipping_amount": "1.000"})).await.ok();
    assert_eq!(made["total"], json!({"customer": "1", "merchant": "0.006"}));
}

async fn every_malformed_field_of_a_refund_is_named(world: World) {
    prepared(&world).await;
    let before = Stored::of(&world);
    let body = json!({
        "products": [{"cart_item_id": "L1", "refund_quantity": 1, "refund_reason": {}}],
        "refund_reason": {},
        "charged_to": [{"type": "COMPONENT_TYPE_PRODUCTS", "charged_to": "CHARGED_TO_MERCHANT"}],
    });
    for (path, value, reason) in [
        ("products.0.refund_quantity", json!(0), "INVALID_QUANTITY"),
        ("products.0.refund_quantity", json!(-1), "INVALID_QUANTITY"),
        ("products.0.refund_quantity", json!(4), "INVALID_QUANTITY"),
        ("products.0.refund_quantity", json!(2_147_483_647), "INVALID_QUANTITY"),
        ("products.0.refund_quantity", json!(2_147_483_648_u32), "INVALID_FIELDS"),
        ("products.0.refund_quantity", json!(1.5), "INVALID_FIELDS"),
        ("products.0.refund_quantity", json!("1.5"), "INVALID_FIELDS"),
        ("products.0.refund_quantity", json!("one"), "INVALID_FIELDS"),
        ("products.0.refund_quantity", json!(true), "INVALID_FIELDS"),
        ("products.0.cart_item_id", json!("L9"), "UNKNOWN_LINE"),
        ("products.0.cart_item_id", json!(""), "UNKNOWN_LINE"),
        ("products.0.cart_item_id", json!(1), "INVALID_FIELDS"),
        ("products.0.cart_item_id", json!(null), "UNKNOWN_LINE"),
        ("products.0.refund_comments", long(2001), "INVALID_FIELDS"),
        ("products.0.refund_reason.code", long(65), "INVALID_FIELDS"),
        ("products.0", json!("L1"), "INVALID_FIELDS"),
        ("products", json!({"cart_item_id": "L1"}), "INVALID_FIELDS"),
        ("refund_comments", long(2001), "INVALID_FIELDS"),
        ("refund_comments", json!("a\u{0}b"), "INVALID_FIELDS"),
        ("refund_reason.code", long(65), "INVALID_FIELDS"),
        ("refund_reason.name", long(256), "INVALID_FIELDS"),
        ("refund_reason", json!("8"), "INVALID_FIELDS"),
        ("external_reference", long(256), "INVALID_FIELDS"),
        ("external_reference", json!("a\u{7}b"), "INVALID_FIELDS"),
        ("full_refund", json!("yes"), "INVALID_FIELDS"),
        ("full_refund", json!(1), "INVALID_FIELDS"),
        ("refund_method", json!("CASH"), "INVALID_FIELDS"),
        ("refund_method", json!(99), "INVALID_FIELDS"),
        ("charged_to.0.type", json!("Products"), "INVALID_FIELDS"),
        ("charged_to.0.platform_amount", json!("x"), "INVALID_AMOUNT"),
        ("no_such_field", json!(1), "INVALID_FIELDS"),
    ] {
        let asked = with(&body, path, &value);
        refused(&world, &asked).await.refused(400, reason).names(&shown(path));
    }
    for (asked, reason, fields) in [
        (json!({"quote_id": "x"}), "INVALID_FIELDS", vec!["quote_id"]),
        (json!({"wait": "WAIT_FOR_EVER"}), "INVALID_FIELDS", vec!["wait"]),
        (json!({"store_id": 7}), "INVALID_FIELDS", vec!["store_id"]),
    ] {
        let answer = world.refund("O-1", &asked).await;
        answer.refused(400, reason);
        assert_eq!(answer.fields(), fields);
    }
    let many: Vec<Value> = (0..501).map(|_| json!({"cart_item_id": "L1"})).collect();
    refused(&world, &json!({"products": many})).await.names("products");
    assert_eq!(Stored::of(&world), before);
}

async fn all_malformed_fields_are_named_at_once(world: World) {
    prepared(&world).await;
    let asked = json!({
        "total_refund_amount": "x",
        "shipping_amount": "1e1",
        "refund_comments": "x".repeat(2001),
        "products": [{"cart_item_id": "L1", "refund_amount": "?"}, {"refund_amount_percent": "%"}],
        "request_id": "a b",
    });
    let answer = world.http().post(&format!("{}/refunds", order_path("O-1")), &asked).await;
    answer.refused(400, "INVALID_FIELDS");
    let mut fields = answer.fields();
    fields.sort();
    let expected = [
        "products[0].refund_amount",
        "products[1].refund_amount_percent",
        "refund_comments",
        "request_id",
        "shipping_amount",
        "total_refund_amount",
    ];
    assert_eq!(fields, expected);
    for (path, asked) in [
        ("shipping_amount", json!({"shipping_amount": "0.00"})),
        ("products", json!({"products": []})),
        ("nothing", json!({})),
    ] {
        let answer = world.refund("O-1", &asked).await;
        assert_eq!(answer.reason(), "EMPTY_REFUND", "{path}");
    }
}

async fn the_compatible_endpoint_refuses_the_same(world: World) {
    prepared(&world).await;
    let before = Stored::of(&world);
    let path = format!("/Order/CreateOrderRefund?merchantGUID={GUID}");
    let body = json!({
        "orderRefund": {"OrderId": "O-1"},
        "refundProductsList": [{"CartItemId": "L1"}],
    });
    let amounts = [
        "orderRefund.TotalRefundAmount",
        "orderRefund.OriginalTotalRefundAmount",
        "orderRefund.ShippingAmount",
        "orderRefund.DutiesAmount",
        "orderRefund.ServiceGestureAmount",
        "orderRefund.CustomerPrepaidRefundAmount",
        "orderRefund.OriginalCustomerPrepaidRefundAmount",
        "refundProductsList.0.RefundAmount",
        "refundProductsList.0.OriginalRefundAmount",
        "refundProductsList.0.RefundAmountPercent",
    ];
    for field in amounts {
        // The word null is nothing at all here.
        for text in NO_AMOUNTS.iter().filter(|text| **text != "null") {
            let asked = with(&body, field, &json!(text));
            let answer = world.http().post(&path, &asked).await;
            let reason = answer.ok()["Reason"].as_str().unwrap().to_owned();
            assert!(reason.starts_with("INVALID_AMOUNT: "), "{asked}: {reason}");
        }
    }
    for text in ["1e1", "-1", "99999999999999999999999999999999999999999999", "1.001"] {
        let asked = format!(r#"{{"orderRefund": {{"OrderId": "O-1", "ShippingAmount": {text}}}}}"#);
        let answer = world.http().post_text(&path, asked).await.ok();
        assert!(answer["Reason"].as_str().unwrap().starts_with("INVALID_AMOUNT: "), "{answer}");
    }
    for (field, value, status) in [
        ("orderRefund.OrderId", json!(null), 400),
        ("orderRefund.OrderId", json!(["O-1"]), 400),
        ("orderRefund.FullRefund", json!("perhaps"), 400),
        ("orderRefund.RefundComments", long(2001), 400),
        ("orderRefund.externalReference", long(256), 400),
        ("orderRefund.RefundReason", json!("8"), 400),
        ("refundProductsList.0", json!(7), 400),
        ("refundProductsList", json!("[]"), 400),
        ("orderRefund", json!("{}"), 400),
        ("refundProductsList.0.RefundQuantity", json!(1.5), 200),
        ("refundProductsList.0.RefundQuantity", json!("-1"), 200),
        ("refundProductsList.0.RefundQuantity", json!("99999999999999999999"), 200),
    ] {
        let asked = with(&body, field, &value);
        let answer = world.http().post(&path, &asked).await;
        assert_eq!(answer.status, status, "{asked}: {}", answer.text());
        assert_eq!(answer.json()["Success"], false, "{asked}");
    }
    assert_eq!(Stored::of(&world), before);
}

async fn an_id_that_cannot_be_one_names_nothing(world: World) {
    prepared(&world).await;
    let before = Stored::of(&world);
    let shop = order_path("").trim_end_matches("/orders/").to_owned();
    for (path, status) in [
        (format!("{shop}/orders/nothing"), 404),
        (format!("{shop}/orders/%20"), 404),
        (format!("{shop}/orders/%00"), 404),
        (format!("{shop}/orders/{}", "x".repeat(5000)), 404),
        (format!("{shop}/orders/%F0%9F%98%80"), 404),
        (format!("{shop}/orders/%FF"), 400),
        (format!("{shop}/orders/O-1/refunds/nothing"), 404),
        (format!("{shop}/orders/O-1/refunds/rf_00000000000000000000000000000000"), 404),
        (format!("{shop}/orders/O-1%27%20OR%20%271%27=%271"), 404),
        ("/v1/stores/Shop".to_owned(), 400),
        ("/v1/stores/nobody".to_owned(), 404),
        (format!("/v1/stores/{}", "x".repeat(64)), 400),
        ("/v1/nothing".to_owned(), 404),
        ("/nothing".to_owned(), 404),
    ] {
        let answer = world.http().get(&path).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
        assert!(!answer.reason().is_empty());
    }
    for (order_id, refund) in [("%00", json!({})), ("nothing", json!({"full_refund": true}))] {
        let mut body = refund;
        body["request_id"] = unique("bad").into();
        let path = format!("{shop}/orders/{order_id}/refunds");
        world.http().post(&path, &body).await.refused(404, "ORDER_NOT_FOUND");
    }
    assert_eq!(Stored::of(&world), before);
}
