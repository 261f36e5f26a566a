use super::{SECRET, adapter, case, patient};
use crate::shop::{Reply, Request, Shop};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::order::FailureClass;
use ports::StorefrontBackend as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const TAKEN: &str = r#"{"id":"77","number":"A-77"}"#;

#[tokio::test]
async fn a_push_is_the_whole_order_with_its_key() {
    let shop = Shop::with(|| Reply::json(201, TAKEN)).await;
    adapter(&patient()).push(case(&shop.url).push()).await.unwrap();
    let [request] = shop.requests().try_into().unwrap();
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/orders"));
    assert_eq!(request.header("idempotency-key"), Some("GE-1"));
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("accept-encoding"), None);
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    let address = json!({
        "name": "Ada Lovelace", "lines": ["Hauptstraße 5", "3. Stock"], "city": "Potsdam",
        "region": "Brandenburg", "postal_code": "14467", "country": "DE",
        "phone": "+49 30 1234567",
    });
    let expected = json!({
        "order_id": "GE-1",
        "store_id": "demo",
        "customer_currency": "USD",
        "merchant_currency": "EUR",
        "destination_country": "DE",
        "language": "de",
        "buyer": {"name": "Ada Lovelace", "email": "Ada@Example.com", "phone": "+49 30 1234567"},
        "shipping_address": address,
        "lines": [
            {"cart_item_id": "l1", "product_code": "SHIRT-M", "name": "One SHIRT-M",
             "quantity": 3, "cancelled": 0, "total": {"customer": "40.00", "merchant": "35.00"},
             "duties": {"customer": "1.90", "merchant": "1.90"}},
            {"cart_item_id": "l2", "product_code": "SHOES-42", "name": "One SHOES-42",
             "quantity": 1, "cancelled": 0, "total": {"customer": "65.00", "merchant": "60.00"},
             "duties": {"customer": "3.10", "merchant": "3.10"}},
        ],
        "shipping": {"customer": "7.00", "merchant": "6.30"},
        "duties": {"customer": "5.00", "merchant": "5.00"},
        "totals": {"customer": "117.00", "merchant": "106.30"},
        "tenders": [
            {"tender_id": "card", "method": "TENDER_METHOD_CARD", "amount": "97.00",
             "state": "TENDER_STATE_CAPTURED"},
            {"tender_id": "points", "method": "TENDER_METHOD_POINTS", "amount": "20.00",
             "state": "TENDER_STATE_CAPTURED"},
        ],
        "customer_note": "ring twice",
        "create_time": "2025-03-01T11:30:00Z",
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn an_order_without_personal_data_is_pushed_without() {
    let shop = Shop::with(|| Reply::json(201, TAKEN)).await;
    let case = crate::case::Case { personal: None, ..case(&shop.url) };
    adapter(&patient()).push(case.push()).await.unwrap();
    let body: Value = serde_json::from_slice(&shop.requests()[0].body).unwrap();
    for field in ["buyer", "shipping_address", "billing_address", "customer_note"] {
        assert_eq!(body.get(field), None);
    }
}

#[tokio::test]
async fn both_calls_are_signed() {
    let shop = Shop::with(|| Reply::json(200, TAKEN)).await;
    let case = case(&shop.url);
    adapter(&patient()).push(case.push()).await.unwrap();
    adapter(&patient()).find(case.push()).await.unwrap();
    for request in shop.requests() {
        // The test clock's noon.
        assert_eq!(request.header("webhook-timestamp"), Some("1740830400"));
        assert_eq!(request.header("webhook-id"), Some("GE-1"));
        assert_eq!(request.header("webhook-signature"), Some(signature(&request).as_str()));
    }
}

#[tokio::test]
async fn a_look_up_asks_for_the_order_below_the_url() {
    let shop = Shop::with(|| Reply::json(200, TAKEN)).await;
    for (suffix, path) in
        [("", "/orders/GE-1"), ("/", "/orders/GE-1"), ("?channel=eu", "/orders/GE-1?channel=eu")]
    {
        let url = format!("{}{suffix}", shop.url);
        adapter(&patient()).find(case(&url).push()).await.unwrap();
        let request = shop.requests().pop().unwrap();
        assert_eq!((request.method.as_str(), request.path.as_str()), ("GET", path));
        assert!(request.body.is_empty());
    }
}

#[tokio::test]
async fn nothing_is_sent_without_a_key() {
    let shop = Shop::with(|| Reply::json(200, TAKEN)).await;
    for secret in ["", "whsec_", "whsec_not base64"] {
        let mut case = case(&shop.url);
        secret.clone_into(&mut case.target.secret);
        let failure = adapter(&patient()).push(case.push()).await.unwrap_err();
        assert_eq!(super::short(&failure), (FailureClass::Authentication, false));
    }
    assert!(shop.requests().is_empty());
}

/// By RFC 2104 and the text of the Standard Webhooks specification, not by what the adapter uses.
fn signature(request: &Request) -> String {
    let key = STANDARD.decode(SECRET.strip_prefix("whsec_").unwrap()).unwrap();
    assert_eq!(key, b"a key of thirty-two plain bytes!");
    let padded = |with: u8| -> Vec<u8> {
        let mut block = key.clone();
        block.resize(64, 0);
        block.iter().map(|byte| byte ^ with).collect()
    };
    let inner = Sha256::new()
        .chain_update(padded(0x36))
        .chain_update(request.header("webhook-id").unwrap())
        .chain_update(".")
        .chain_update(request.header("webhook-timestamp").unwrap())
        .chain_update(".")
        .chain_update(&request.body)
        .finalize();
    let outer = Sha256::new().chain_update(padded(0x5c)).chain_update(inner).finalize();
    format!("v1,{}", STANDARD.encode(outer))
}
