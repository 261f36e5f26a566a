//! Per order and currency, the components of what has succeeded are what was given back.

use super::{refunded, rows};
use crate::{
    on_both,
    world::{World, act, get, order, order_of, refund_path, tender, unique},
};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::collections::BTreeMap;

on_both!(components_of_refunds_that_succeeded_are_what_the_ledger_gave_back);

/// Customer and merchant currency.
type Sums = (Decimal, Decimal);

fn decimal(value: &Value) -> Decimal {
    value.as_str().unwrap().parse().unwrap()
}

fn add(sums: &mut Sums, amount: &Value) {
    sums.0 += decimal(&amount["customer"]);
    sums.1 += decimal(&amount["merchant"]);
}

/// By order, of the rows in one of these states.
fn sums(rows: &[Value], states: &[&str]) -> BTreeMap<String, Sums> {
    let mut sums = BTreeMap::new();
    for row in rows {
        let state = row["state"].as_str().unwrap().strip_prefix("REFUND_STATE_").unwrap();
        if states.contains(&state) {
            let of_order = sums.entry(row["order_id"].as_str().unwrap().to_owned());
            add(of_order.or_default(), &row["amount"]);
        }
    }
    sums
}

fn paid_with(mut order: Value, tenders: Value) -> Value {
    order["tenders"] = tenders;
    order
}

fn own(tender_id: &str, method: &str, account: &str, amount: &str) -> Value {
    let mut tender = tender(tender_id, account, amount);
    tender["method"] = method.into();
    tender["provider"] = "ledger".into();
    tender
}

/// Dinars with three decimals, booked in yen without any.
fn far_away() -> Value {
    let mut order = order_of("O-far", &[("L1", "S", 7, "10.001", "4999")]);
    order["customer_currency"] = "KWD".into();
    order["merchant_currency"] = "JPY".into();
    order["shipping"] = json!({"customer": "1.250", "merchant": "625"});
    order["duties"] = json!({"customer": "0.333", "merchant": "166"});
    paid_with(order, json!([tender("t1", "pay-far", "11.584")]))
}

/// Orders with refunds of every kind, all of them through.
async fn refund_everything(world: &World) {
    world.ready(&order("O-parts")).await;
    for asked in [
        json!({"products": [{"cart_item_id": "L1", "refund_quantity": 1}],
            "products_duties_refund": true}),
        json!({"products": [{"cart_item_id": "L1", "refund_amount_percent": "33.3"}]}),
        json!({"shipping_amount": "3.33", "duties_amount": "1.11",
            "service_gesture_amount": "2.22"}),
        json!({"products": [{"cart_item_id": "L2", "refund_quantity": 1}],
            "customer_prepaid_refund_amount": "4.99"}),
        json!({"full_refund": true}),
    ] {
        refunded(world, "O-parts", &asked).await;
    }
    world.ready(&order("O-split")).await;
    let half = json!({"type": "COMPONENT_TYPE_SHIPPING", "platform_amount": "3.01"});
    let asked = json!({"shipping_amount": "7.00", "charged_to": [half]});
    refunded(world, "O-split", &asked).await;

    let tenders = json!([
        tender("card", "pay-1", "65.00"),
        own("gift", "TENDER_METHOD_GIFT_CARD", "GC-1", "30.00"),
        own("points", "TENDER_METHOD_POINTS", "PT-1", "20.00"),
    ]);
    world.ready(&paid_with(order("O-mixed"), tenders)).await;
    for amount in ["40.00", "25.01"] {
        refunded(world, "O-mixed", &json!({"total_refund_amount": amount})).await;
    }
    world.ready(&far_away()).await;
    for pieces in [2, 3] {
        let product = json!({"cart_item_id": "L1", "refund_quantity": pieces});
        let asked = json!({"products": [product], "products_duties_refund": true});
        refunded(world, "O-far", &asked).await;
    }
    world.ready(&order("O-cancelled")).await;
    let asked = json!({
        "reason": "CANCELLATION_REASON_OUT_OF_STOCK", "fee": "5.00", "shipping_refund": true,
    });
    let cancellation = act(world, "O-cancelled", "cancel", asked).await.ok();
    let refund_id = cancellation["refund_id"].clone();
    world.until_over(&json!({"order_id": "O-cancelled", "refund_id": refund_id})).await;
}

/// Two more: one whose money never went back, and one that nobody let go on.
async fn fail_one_and_hold_another(world: &World) {
    let declining = json!([tender("t1", "sandbox-decline", "115.00")]);
    world.ready(&paid_with(order("O-failed"), declining)).await;
    let failed = refunded(world, "O-failed", &json!({"shipping_refund": true})).await;
    assert_eq!(failed["state"], "REFUND_STATE_FAILED");

    world.ready(&order("O-held")).await;
    refunded(world, "O-held", &json!({"shipping_amount": "1.00"})).await;
    let by_hand = json!({"duties_amount": "2.00", "refund_method": "REFUND_METHOD_BANK_DEPOSIT"});
    let held = world.refund("O-held", &by_hand).await.ok();
    let why = json!({"request_id": unique("hold"), "reason": "ask the manager"});
    let held = world.http().post(&format!("{}:hold", refund_path(&held)), &why).await.ok();
    assert_eq!(held["state"], "REFUND_STATE_HELD");
}

async fn components_of_refunds_that_succeeded_are_what_the_ledger_gave_back(world: World) {
    world.open_store(json!({"appeasements": true, "prepaid_returns": true})).await;
    refund_everything(&world).await;
    fail_one_and_hold_another(&world).await;
    let rows = rows(&world, "").await;
    let settled = sums(&rows, &["SUCCEEDED"]);
    let reserved = sums(&rows, &["SUCCEEDED", "PENDING", "HELD"]);
    let kinds: Vec<&str> = rows.iter().map(|row| row["component_type"].as_str().unwrap()).collect();
    for kind in
        ["PRODUCTS", "SHIPPING", "DUTIES", "SERVICE_GESTURE", "PREPAID_RETURN", "CANCELLATION_FEE"]
    {
        assert!(kinds.contains(&&*format!("COMPONENT_TYPE_{kind}")), "{kind} in {kinds:?}");
    }
    let orders = ["parts", "split", "mixed", "far", "cancelled", "failed", "held"];
    for order_id in orders.map(|name| format!("O-{name}")) {
        let order = get(&world, &order_id).await;
        let given_back: Decimal =
            order["tenders"].as_array().unwrap().iter().map(|it| decimal(&it["refunded"])).sum();
        let of_settled = settled.get(&order_id).copied().unwrap_or_default();
        assert_eq!(of_settled.0, given_back, "{order_id}");
        let refunded = &order["refunded"];
        let expected = (decimal(&refunded["customer"]), decimal(&refunded["merchant"]));
        assert_eq!(reserved.get(&order_id).copied().unwrap_or_default(), expected, "{order_id}");
        if order_id != "O-held" {
            assert_eq!(of_settled, expected, "{order_id}");
        }
    }
    // All of 115.00 and 106.38, with 2.22 of goodwill (2.05) and without the fee of 4.99 (4.62).
    let whole: Sums = ("112.23".parse().unwrap(), "103.81".parse().unwrap());
    assert_eq!(settled["O-parts"], whole);
    // And over all orders, by the books of the sandbox and of the accounts.
    let books = "SELECT SUM(returned) FROM tenders WHERE order_id <> 'O-held'";
    let of_all: Decimal =
        settled.iter().filter(|(id, _)| *id != "O-held").map(|(_, sums)| sums.0).sum();
    assert_eq!(Decimal::new(world.database.count(books), 4), of_all);
}
