//! Every step of the worked refunds through the compatible endpoint, digit for digit.

use crate::{
    on_both,
    world::{GUID, Http, STORE, World, encode, eventually, order_path, tender},
};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::{fs, sync::Arc};

on_both!(
    every_step_comes_out_digit_for_digit,
    refusals_have_the_codes_of_the_reference_document,
    only_the_stores_own_token_and_guid_are_let_in,
);

const PATH: &str = "/Order/CreateOrderRefund";

/// The one refusal whose text the reference document fixes.
const FULL_REFUND_TEXT: &str = "Full refund requested but list of RefundProduct is not empty.";

async fn every_step_comes_out_digit_for_digit(world: World) {
    world.open_store(json!({"appeasements": true, "prepaid_returns": true})).await;
    let world = Arc::new(world);
    let agent = world.http().token(&world.token("ROLE_AGENT").await);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/refunds.json");
    let cases: Vec<Value> = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();

    let mut running = tokio::task::JoinSet::new();
    for (index, case) in cases.into_iter().enumerate() {
        let (world, agent) = (Arc::clone(&world), agent.clone());
        running.spawn(async move { Case { world: &world, agent, index }.run(&case).await });
    }
    let outcomes = running.join_all().await;
    let steps: usize = outcomes.iter().map(|outcome| outcome.steps).sum();
    let made: usize = outcomes.iter().map(|outcome| outcome.made).sum();
    assert!(steps > 200, "only {steps} steps were read");
    the_refusals_left_nothing(&world, made).await;
}

/// What one order came to.
struct Outcome {
    steps: usize,
    made: usize,
}

struct Case<'w> {
    world: &'w World,
    agent: Http,
    index: usize,
}

impl Case<'_> {
    async fn run(&self, case: &Value) -> Outcome {
        let order = received(&case["order"]);
        self.world.ready(&order).await;
        let order_id = order["order_id"].as_str().unwrap();
        let steps = case["steps"].as_array().unwrap();
        let mut made = 0;
        for (index, step) in steps.iter().enumerate() {
            let before = self.left(order_id).await;
            let form = self.index + index;
            let sent = sent(&step["order_refund"], &step["products"], form);
            let answer = self.agent.with(sent.header.0, &sent.header.1);
            let answer = answer.post_text(&format!("{PATH}{}", sent.query), sent.body).await.ok();
            if step["expect"]["refused"].is_null() {
                made += 1;
                check(&answer, step);
                let left = self.left(order_id).await;
                assert_eq!(left["total"]["customer"], step["expect"]["left"], "{step}");
            } else {
                check_refusal(&answer, step);
                assert_eq!(self.left(order_id).await, before, "{step}");
            }
        }
        Outcome { steps: steps.len(), made }
    }

    /// What is left to refund, but for the version: legs settle meanwhile.
    async fn left(&self, order_id: &str) -> Value {
        let mut left = self.world.refundable(order_id).await;
        left.as_object_mut().unwrap().remove("version");
        left
    }
}

fn check(answer: &Value, step: &Value) {
    let expect = &step["expect"];
    let refund = &answer["NotifyOrderRefund"];
    assert_eq!(answer["Success"], true, "{answer} for {step}");
    let reason = format!("Refund generated with id {}", refund["RefundId"].as_str().unwrap());
    assert_eq!(answer["Reason"], reason);
    for (member, expected) in [
        ("FullRefund", "full_refund"),
        ("TotalRefundAmount", "total"),
        ("OriginalTotalRefundAmount", "original_total"),
        ("ServiceGestureAmount", "service_gesture"),
    ] {
        assert_eq!(refund[member], expect[expected], "{member} of {refund} for {step}");
    }
    assert_eq!(refund["OrderId"], step["order_refund"]["OrderId"]);
    assert_eq!(refund["MerchantGUID"], GUID);

    let products = refund["Products"].as_array().unwrap().iter().map(|product| {
        let quantity: i64 = product["RefundQuantity"].as_str().unwrap().parse().unwrap();
        json!({
            "cart_item_id": product["CartItemId"],
            "quantity": quantity,
            "amount": product["RefundAmount"],
            "original_amount": product["OriginalRefundAmount"],
        })
    });
    assert_eq!(products.collect::<Value>(), expect["products"], "products for {step}");
    let components = refund["Components"].as_array().unwrap().iter().map(|component| {
        assert_eq!(component["Amount"], component["RefundAmount"]);
        assert_eq!(component["IsChargedToMerchant"], "TRUE");
        json!({
            "type": component["ComponentType"],
            "amount": component["Amount"],
            "original_amount": component["OriginalAmount"],
        })
    });
    assert_eq!(components.collect::<Value>(), expect["components"], "components for {step}");
}

fn check_refusal(answer: &Value, step: &Value) {
    let refused = step["expect"]["refused"].as_str().unwrap();
    assert_eq!(answer["Success"], false, "was not refused with {refused}: {answer} for {step}");
    assert!(answer["NotifyOrderRefund"].is_null(), "{answer}");
    let reason = answer["Reason"].as_str().unwrap();
    if refused == "FULL_REFUND_WITH_PRODUCTS" {
        assert_eq!(reason, FULL_REFUND_TEXT);
    } else {
        assert!(reason.starts_with(&format!("{refused}: ")), "{reason} for {step}");
    }
}

/// Every refund that was made is there with its receipt, and nothing else is.
async fn the_refusals_left_nothing(world: &World, made: usize) {
    let made = i64::try_from(made).unwrap();
    eventually("all refunds to succeed", || async {
        let open = "SELECT count(*) FROM refunds WHERE state NOT LIKE 'SUCCEEDED'";
        (world.database.count(open) == 0).then_some(())
    })
    .await;
    for sql in [
        "SELECT count(*) FROM refunds",
        "SELECT count(*) FROM receipts WHERE method = 'CreateRefund'",
    ] {
        assert_eq!(world.database.count(sql), made, "{sql}");
    }
}

/// How one call is written down.
struct Sent {
    header: (&'static str, String),
    query: String,
    body: String,
}

/// Every call is written differently: names in another case, amounts as numbers, the parts in the
/// query or in the body, the GUID in the query, a header or the body.
fn sent(order_refund: &Value, products: &Value, form: usize) -> Sent {
    let style = Style { case: form % 4, numbers: form % 2 == 1, words: form % 3 == 1 };
    let (refund, list) = (style.json(order_refund), style.json(products));
    let name = |name: &str| style.name(name);
    let header = ("x-none", "none".to_owned());
    match form % 3 {
        0 => {
            let query = format!("?merchantGUID={GUID}&orderRefund={}", encode(&refund));
            let body = if list == "[]" && form % 2 == 0 { String::new() } else { list };
            Sent { header, query, body }
        }
        1 => {
            let (refund_name, list_name) = (name("orderRefund"), name("refundProductsList"));
            let body = format!(r#"{{"{refund_name}": {refund}, "{list_name}": {list}}}"#);
            let query = String::new();
            Sent { header: ("merchantguid", GUID.to_owned()), query, body }
        }
        _ => {
            let guid_name = name("merchantGUID");
            let list = if list == "[]" { "null".to_owned() } else { list };
            let body = format!(
                r#"{{"{guid_name}": "{GUID}", "refundProductsList": {list}, "more": [{{}}],
                    "orderRefund": {refund}}}"#
            );
            Sent { header, query: String::new(), body }
        }
    }
}

/// The liberties that a caller may take.
struct Style {
    case: usize,
    numbers: bool,
    words: bool,
}

impl Style {
    fn name(&self, name: &str) -> String {
        match self.case {
            0 => name.to_owned(),
            1 => name.to_lowercase(),
            2 => name.to_uppercase(),
            _ => name[..1].to_lowercase() + &name[1..],
        }
    }

    fn json(&self, value: &Value) -> String {
        match value {
            Value::Array(values) => {
                let values: Vec<_> = values.iter().map(|value| self.json(value)).collect();
                format!("[{}]", values.join(", "))
            }
            Value::Object(members) => {
                let mut texts: Vec<_> = members
                    .iter()
                    .map(|(name, value)| format!(r#""{}": {}"#, self.name(name), self.json(value)))
                    .collect();
                // What is null is absent, and what is unknown is ignored.
                texts.push(r#""RefundComments": null, "SomethingElse": {"a": [1]}"#.to_owned());
                format!("{{{}}}", texts.join(", "))
            }
            Value::Bool(flag) if self.words => format!("\"{flag}\""),
            // Digits for digits: no float in between.
            Value::String(text) if self.numbers && text.parse::<Decimal>().is_ok() => text.clone(),
            Value::Number(number) if !self.numbers => format!("\"{number}\""),
            other => other.to_string(),
        }
    }
}

/// An order of the file, paid by one captured card.
fn received(order: &Value) -> Value {
    let parts = order["lines"].as_array().unwrap().iter();
    let parts = parts.chain([&order["shipping"], &order["duties"]]);
    let amounts = parts.map(|part| part["customer"].as_str().unwrap().parse::<Decimal>().unwrap());
    let paid: Decimal = amounts.sum();
    let lines = order["lines"].as_array().unwrap().iter().map(|line| {
        json!({
            "cart_item_id": line["cart_item_id"],
            "product_code": line["product_code"],
            "quantity": line["quantity"],
            "total": {"customer": line["customer"], "merchant": line["merchant"]},
        })
    });
    json!({
        "order_id": order["order_id"],
        "customer_currency": order["customer_currency"],
        "merchant_currency": order["merchant_currency"],
        "destination_country": "DE",
        "lines": lines.collect::<Value>(),
        "shipping": order["shipping"],
        "duties": order["duties"],
        "tenders": [tender("t1", "p1", &paid.to_string())],
    })
}

async fn refusals_have_the_codes_of_the_reference_document(world: World) {
    world.open_store(json!({"error_info": true})).await;
    world.ready(&crate::world::order("O-1")).await;
    for (refund, products, status, code) in [
        (
            json!({"FullRefund": true}),
            json!([{"CartItemId": "L1"}]),
            400,
            "FULL_REFUND_WITH_PRODUCTS",
        ),
        (json!({"ShippingAmount": "10.01"}), json!([]), 400, "1002"),
        (json!({}), json!([{"CartItemId": "L1", "RefundQuantity": 4}]), 400, "1003"),
        (json!({}), json!([]), 400, "1004"),
        (json!({"OrderId": "O-2", "FullRefund": true}), json!([]), 404, "ORDER_NOT_FOUND"),
        (json!({"DutiesAmount": "1.001"}), json!([]), 400, "INVALID_AMOUNT"),
        (json!({"DutiesAmount": "-1"}), json!([]), 400, "INVALID_AMOUNT"),
        (json!({"DutiesAmount": "1e1"}), json!([]), 400, "INVALID_AMOUNT"),
        (json!({}), json!([{"CartItemId": "L9", "RefundQuantity": 1}]), 400, "UNKNOWN_LINE"),
        (json!({"CustomerPrepaidRefundAmount": "1"}), json!([]), 400, "NOT_ENABLED"),
    ] {
        let mut refund = refund;
        if refund["OrderId"].is_null() {
            refund["OrderId"] = "O-1".into();
        }
        let body = json!({"orderRefund": refund, "refundProductsList": products});
        let answer = world.http().post(&format!("{PATH}?merchantGUID={GUID}"), &body).await;
        assert_eq!(answer.status, status, "{} for {body}", answer.text());
        let info = answer.json();
        assert_eq!((&info["Code"], &info["Success"]), (&json!(code), &json!(false)), "{info}");
        assert!(info["Error"].as_str().is_some_and(|text| !text.is_empty()), "{info}");
    }
    let body = json!({"orderRefund": {"OrderId": "O-1", "FullRefund": true}});
    let path = format!("{PATH}?merchantGUID={GUID}");
    assert_eq!(world.http().post(&path, &body).await.ok()["Success"], true);
    assert_eq!(world.http().post(&path, &body).await.json()["Code"], "1001");
}

async fn only_the_stores_own_token_and_guid_are_let_in(world: World) {
    world.open_store(json!({})).await;
    world.open_store_named("other", "other-guid", json!({})).await;
    world.ready(&crate::world::order("O-1")).await;
    let own = world.http().token(&world.token("ROLE_AGENT").await);
    let viewer = world.http().token(&world.token("ROLE_VIEWER").await);
    let body = json!({"orderRefund": {"OrderId": "O-1", "ShippingAmount": "1.00"}});
    let with = |guid: &str| format!("{PATH}?merchantGUID={guid}");
    let mut refusals = Vec::new();
    for (http, path) in [
        (&own, with("other-guid")),
        (&own, with("nobody")),
        (&own, PATH.to_owned()),
        (&world.http(), with("nobody")),
        (&world.http().anonymous(), with(GUID)),
        (&world.http().token("forged-forged-forged"), with(GUID)),
    ] {
        let answer = http.post(&path, &body).await;
        assert_eq!(answer.status, 401, "{path}: {}", answer.text());
        refusals.push(answer.text());
    }
    // Nobody learns which GUIDs there are.
    refusals.dedup();
    assert_eq!(refusals.len(), 1, "{refusals:?}");
    assert_eq!(viewer.post(&with(GUID), &body).await.status, 403);
    for http in [&own, &world.http()] {
        assert_eq!(http.post(&with(GUID), &body).await.ok()["Success"], true);
    }
    assert_eq!(world.database.count("SELECT count(*) FROM refunds"), 2);
    let refunds = format!("{}/refunds", order_path("O-1"));
    assert_eq!(world.http().get(&refunds).await.ok()["refunds"].as_array().unwrap().len(), 2);
    assert_eq!(world.http().get(&format!("/v1/stores/{STORE}")).await.status, 200);
}
