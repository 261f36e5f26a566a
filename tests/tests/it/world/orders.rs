//! Orders as a checkout hands them over.

use rust_decimal::Decimal;
use serde_json::{Value, json};

/// Two lines, shipping and duties, 115.00 USD in all, captured on one card; books in euros.
pub fn order(order_id: &str) -> Value {
    let lines = [("L1", "SKU-1", 3, "60.00", "55.50"), ("L2", "SKU-2", 1, "40.00", "37.00")];
    order_of(order_id, &lines)
}

/// Lines of id, code, quantity and total in both currencies, with 10.00 USD of shipping and
/// 5.00 USD of duties.
pub fn order_of(order_id: &str, lines: &[(&str, &str, i32, &str, &str)]) -> Value {
    let paid: Decimal = lines.iter().map(|line| line.3.parse::<Decimal>().unwrap()).sum();
    let paid = paid + Decimal::new(1500, 2);
    let lines = lines.iter().map(|(id, code, quantity, customer, merchant)| {
        json!({
            "cart_item_id": id,
            "product_code": code,
            "name": "A thing",
            "quantity": quantity,
            "total": {"customer": customer, "merchant": merchant},
        })
    });
    json!({
        "order_id": order_id,
        "customer_currency": "USD",
        "merchant_currency": "EUR",
        "destination_country": "US",
        "buyer": {"name": "A Buyer", "email": "buyer@example.com"},
        "lines": lines.collect::<Value>(),
        "shipping": {"customer": "10.00", "merchant": "9.25"},
        "duties": {"customer": "5.00", "merchant": "4.63"},
        "tenders": [tender("t1", "pay-1", &paid.to_string())],
    })
}

/// A captured card of the sandbox.
pub fn tender(tender_id: &str, reference: &str, amount: &str) -> Value {
    json!({
        "tender_id": tender_id,
        "method": "TENDER_METHOD_CARD",
        "provider": "sandbox",
        "provider_reference": reference,
        "amount": amount,
        "state": "TENDER_STATE_CAPTURED",
    })
}
