//! The worked refunds, straight through the planner. The same file goes through the real
//! endpoint in the workspace's tests.

use crate::build::{
    self, amount, checkout, create_with, currency, last, left, policy, ready, tender,
};
use domain::{
    Pair,
    amount::parse_decimal,
    order::{Command, NewLine, NewOrder, Order, TenderMethod},
    refund::{ProductRequest, RefundRequest},
};
use rust_decimal::Decimal;
use serde_json::Value;

#[test]
fn every_step_comes_out_digit_for_digit() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/refunds.json");
    let cases: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut steps = 0;
    for case in &cases {
        let mut order = received(&case["order"]);
        for step in case["steps"].as_array().unwrap() {
            order = check(order, step);
            steps += 1;
        }
    }
    assert!(steps > 200, "only {steps} steps were read");
}

fn check(order: Order, step: &Value) -> Order {
    let expect = &step["expect"];
    let create = create_with(&order, policy(), request(step));
    let facts = match order.decide(Command::CreateRefund(Box::new(create))) {
        Err(rejection) => {
            assert_eq!(expect["refused"], rejection.reason.as_str(), "{rejection} at {step}");
            return order;
        }
        Ok(facts) => facts,
    };
    assert!(expect["refused"].is_null(), "was not refused: {step}");
    let order = facts.iter().fold(order, Order::evolve);
    let refund = last(&order);
    assert_eq!(refund.total.customer.to_decimal(), decimal(&expect["total"]), "{step}");
    assert_eq!(refund.total.merchant.to_decimal(), decimal(&expect["original_total"]), "{step}");
    let products: Vec<_> = refund
        .products
        .iter()
        .map(|product| {
            (
                order.lines[product.line].cart_item_id.clone(),
                i64::from(product.quantity),
                product.amount.customer.to_decimal(),
                product.amount.merchant.to_decimal(),
            )
        })
        .collect();
    let expected: Vec<_> = expect["products"]
        .as_array()
        .unwrap()
        .iter()
        .map(|product| {
            (
                product["cart_item_id"].as_str().unwrap().to_owned(),
                product["quantity"].as_i64().unwrap(),
                decimal(&product["amount"]),
                decimal(&product["original_amount"]),
            )
        })
        .collect();
    assert_eq!(products, expected, "{step}");
    let components: Vec<_> = refund
        .components
        .iter()
        .map(|component| {
            let Pair { customer, merchant } = component.amount;
            (component.kind.name().to_owned(), customer.to_decimal(), merchant.to_decimal())
        })
        .collect();
    let expected: Vec<_> = expect["components"]
        .as_array()
        .unwrap()
        .iter()
        .map(|component| {
            let kind = component["type"].as_str().unwrap().to_owned();
            (kind, decimal(&component["amount"]), decimal(&component["original_amount"]))
        })
        .collect();
    assert_eq!(components, expected, "{step}");
    let left = left(&order).total.customer;
    assert_eq!(left.to_decimal(), decimal(&expect["left"]), "{step}");
    order
}

fn received(value: &Value) -> Order {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let worth = |value: &Value| {
        Pair::new(amount(&text(&value["customer"])), amount(&text(&value["merchant"])))
    };
    let lines: Vec<NewLine> = value["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| NewLine {
            product_code: line["product_code"].as_str().map(str::to_owned),
            ..build::line(
                &text(&line["cart_item_id"]),
                u32::try_from(line["quantity"].as_u64().unwrap()).unwrap(),
                worth(line),
            )
        })
        .collect();
    let (shipping, duties) = (worth(&value["shipping"]), worth(&value["duties"]));
    let parts = lines.iter().map(|line| line.total).chain([shipping, duties]);
    let paid = Pair::sum(parts).unwrap().customer;
    ready(NewOrder {
        order_id: text(&value["order_id"]).parse().unwrap(),
        customer_currency: currency(&text(&value["customer_currency"])),
        merchant_currency: currency(&text(&value["merchant_currency"])),
        lines,
        shipping,
        duties,
        tenders: vec![tender("card", TenderMethod::Card, paid)],
        ..checkout()
    })
}

fn request(step: &Value) -> RefundRequest {
    let fields = &step["order_refund"];
    let amount = |value: &Value| (!value.is_null()).then(|| decimal(value));
    let flag = |value: &Value| value.as_bool().unwrap_or(false);
    let products = step["products"].as_array().map(Vec::as_slice).unwrap_or_default();
    RefundRequest {
        full_refund: flag(&fields["FullRefund"]),
        total_refund_amount: amount(&fields["TotalRefundAmount"]),
        original_total_refund_amount: amount(&fields["OriginalTotalRefundAmount"]),
        products_duties_refund: flag(&fields["ProductsDutiesRefund"]),
        shipping_refund: flag(&fields["ShippingRefund"]),
        shipping_amount: amount(&fields["ShippingAmount"]),
        duties_amount: amount(&fields["DutiesAmount"]),
        service_gesture_amount: amount(&fields["ServiceGestureAmount"]),
        customer_prepaid_refund_amount: amount(&fields["CustomerPrepaidRefundAmount"]),
        original_customer_prepaid_refund_amount: amount(
            &fields["OriginalCustomerPrepaidRefundAmount"],
        ),
        products: products
            .iter()
            .map(|product| ProductRequest {
                cart_item_id: product["CartItemId"].as_str().map(str::to_owned),
                product_code: product["ProductCode"].as_str().map(str::to_owned),
                refund_quantity: amount(&product["RefundQuantity"])
                    .map(|quantity| quantity.try_into().unwrap()),
                refund_amount: amount(&product["RefundAmount"]),
                original_refund_amount: amount(&product["OriginalRefundAmount"]),
                refund_amount_percent: amount(&product["RefundAmountPercent"]),
                ..ProductRequest::default()
            })
            .collect(),
        ..RefundRequest::default()
    }
}

fn decimal(value: &Value) -> Decimal {
    match value {
        Value::String(text) => parse_decimal(text).unwrap(),
        number => parse_decimal(&number.to_string()).unwrap(),
    }
}
