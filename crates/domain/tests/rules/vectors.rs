//! The worked refunds, straight through the planner. The same file goes through the real
//! endpoint in the workspace's tests.

use domain::{
    Actor, ActorKind, Amount, Currencies, Currency, Pair,
    amount::parse_decimal,
    id::RefundId,
    order::{
        Command, CreateRefund, Fact, NewLine, NewOrder, NewTender, Order, TenderMethod, TenderState,
    },
    refund::{ProductRequest, RefundPolicy, RefundRequest},
    store::TenderOrder,
};
use rust_decimal::Decimal;
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

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
    let create = CreateRefund {
        refund_id: RefundId::from_uuid(Uuid::from_u128(order.refunds.len() as u128)),
        number: 1,
        at: OffsetDateTime::UNIX_EPOCH,
        by: Actor::new(ActorKind::Merchant, "test"),
        order_version: 1,
        policy: RefundPolicy {
            settings_version: 1,
            appeasements: true,
            prepaid_returns: true,
            tender_order: TenderOrder::NonCashFirst,
            approval_limit: None,
            may_charge_platform: false,
        },
        request: request(step),
    };
    let facts = match order.decide(Command::CreateRefund(Box::new(create))) {
        Err(rejection) => {
            assert_eq!(expect["refused"], rejection.reason.as_str(), "{rejection} at {step}");
            return order;
        }
        Ok(facts) => facts,
    };
    assert!(expect["refused"].is_null(), "was not refused: {step}");
    let order = facts.iter().fold(order, Order::evolve);
    let Some(Fact::RefundCreated { refund, .. }) = facts.first() else { panic!("no refund") };

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
    let left = order.books().unwrap().refundable(&order).unwrap().total.customer;
    assert_eq!(left.to_decimal(), decimal(&expect["left"]), "{step}");
    order
}

fn received(value: &Value) -> Order {
    let currency = |field: &str| Currencies::iso().get(value[field].as_str().unwrap()).unwrap();
    let (customer, merchant) = (currency("customer_currency"), currency("merchant_currency"));
    let amount = |value: &Value, currency: Currency| {
        Amount::parse(value.as_str().unwrap(), currency).unwrap()
    };
    let pair = |value: &Value| {
        Pair::new(amount(&value["customer"], customer), amount(&value["merchant"], merchant))
    };
    let lines: Vec<NewLine> = value["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| NewLine {
            cart_item_id: line["cart_item_id"].as_str().unwrap().into(),
            product_code: line["product_code"].as_str().map(str::to_owned),
            secondary_product_code: None,
            name: None,
            hs_code: None,
            quantity: u32::try_from(line["quantity"].as_u64().unwrap()).unwrap(),
            total: pair(line),
            duties: None,
        })
        .collect();
    let (shipping, duties) = (pair(&value["shipping"]), pair(&value["duties"]));
    let parts = lines.iter().map(|line| line.total).chain([shipping, duties]);
    let paid = Pair::sum(parts).unwrap().customer;
    let order = NewOrder {
        order_id: value["order_id"].as_str().unwrap().parse().unwrap(),
        cart_id: None,
        customer_currency: customer,
        merchant_currency: merchant,
        destination_country: "DE".into(),
        language: None,
        lines,
        shipping,
        duties,
        tenders: vec![NewTender {
            tender_id: "t1".parse().unwrap(),
            method: TenderMethod::Card,
            provider: "sandbox".into(),
            provider_reference: "p1".into(),
            amount: paid,
            state: TenderState::Captured,
        }],
    };
    let Fact::OrderReceived { order } =
        order.receive("s1".parse().unwrap(), OffsetDateTime::UNIX_EPOCH).unwrap()
    else {
        panic!("an order is received")
    };
    order.evolve(&Fact::OrderReady)
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
