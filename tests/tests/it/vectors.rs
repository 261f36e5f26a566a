//! Every step of the worked refunds through the compatible endpoint, digit for digit.

mod written;

use crate::{
    on_both,
    world::{GUID, Http, World, eventually, tender},
};
use futures_util::stream::{self, StreamExt as _};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::fs;

on_both!(every_step_comes_out_digit_for_digit);

/// Orders that are worked on side by side.
const AT_ONCE: usize = 6;

const PATH: &str = "/Order/CreateOrderRefund";

/// The one refusal whose text the reference document fixes.
const FULL_REFUND_TEXT: &str = "Full refund requested but list of RefundProduct is not empty.";

async fn every_step_comes_out_digit_for_digit(world: World) {
    world.open_store(json!({"appeasements": true, "prepaid_returns": true})).await;
    let agent = world.http().token(&world.token("ROLE_AGENT").await);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/refunds.json");
    let cases: Vec<Value> = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();

    for case in &cases {
        world.place(&received(&case["order"])).await;
    }
    let runs = cases.iter().enumerate().map(|(index, case)| {
        let agent = agent.clone();
        let world = &world;
        async move { Case { world, agent, index }.run(case).await }
    });
    let outcomes: Vec<_> = stream::iter(runs).buffer_unordered(AT_ONCE).collect().await;
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
        let order_id = case["order"]["order_id"].as_str().unwrap();
        self.world.until_ready(order_id).await;
        let steps = case["steps"].as_array().unwrap();
        let mut made = 0;
        for (index, step) in steps.iter().enumerate() {
            let before = self.left(order_id).await;
            let form = self.index + index;
            let sent = written::sent(&step["order_refund"], &step["products"], form);
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
