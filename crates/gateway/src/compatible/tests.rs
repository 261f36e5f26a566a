//! The endpoint as its callers see it.

use super::*;
use crate::scripted::{Arrived, Scripted};
use axum::body::Body;
use http_body_util::BodyExt;
use prost::Message;
use serde_json::{Value, json};
use tonic_types::{ErrorDetails, StatusExt};
use tower::ServiceExt;
use wire::{
    money::v1::MoneyPair,
    refunds::v1::{CreateRefundResponse, Refund},
    stores::v1::{ResolveMerchantResponse, StoreSettings},
};

const GUID: &str = "39a4-f632";
const REFUND: &str = "%7B%22OrderId%22%3A%22GE1%22%2C%22ShippingRefund%22%3Atrue%7D";

/// A store with this GUID, an order `GE1`, and a refund of nothing.
fn services(error_info: bool) -> Scripted {
    Scripted::new(move |call, arrived| answer(call, arrived, error_info))
}

fn answer(call: &str, arrived: &Arrived, error_info: bool) -> Result<Vec<u8>, Status> {
    match call {
        "ResolveMerchant" => {
            let ResolveMerchantRequest { merchant_guid } = arrived.message();
            let token = arrived.metadata.get("authorization").map(HeaderValue::as_bytes);
            let alone = arrived.metadata.get("x-merchant-guid").map(HeaderValue::as_bytes);
            if token.or(alone).is_none_or(|found| found != b"Bearer t" && found != GUID.as_bytes())
            {
                return Err(Status::unauthenticated("the token is not known"));
            }
            if merchant_guid != GUID {
                return Err(Status::not_found("there is no such store"));
            }
            let settings = Some(StoreSettings { error_info, ..StoreSettings::default() });
            let store_id = "s1".to_owned();
            let store = Some(Store { store_id, merchant_guid, settings, ..Store::default() });
            Ok(ResolveMerchantResponse { store }.encode_to_vec())
        }
        "CreateRefund" => {
            let CreateRefundRequest { order_id, refund_comments, .. } = arrived.message();
            let reason = match (order_id.as_str(), refund_comments.as_str()) {
                ("GE1", "") => None,
                ("GE1", "busy") => return Err(Status::unavailable("closed")),
                ("GE1", reason) => Some((Code::FailedPrecondition, reason.to_owned())),
                _ => Some((Code::NotFound, "ORDER_NOT_FOUND".to_owned())),
            };
            if let Some((code, reason)) = reason {
                let details = ErrorDetails::with_error_info(&reason, "meridian", []);
                return Err(Status::with_error_details(code, format!("{reason}: why"), details));
            }
            let total = Some(MoneyPair { customer: "0.00".to_owned(), merchant: "0".to_owned() });
            let external_order_id = "77".to_owned();
            let refund = Refund {
                refund_number: 1,
                order_id,
                external_order_id,
                total,
                ..Refund::default()
            };
            Ok(CreateRefundResponse { refund: Some(refund), ..<_>::default() }.encode_to_vec())
        }
        _ => Err(Status::unimplemented(call)),
    }
}

fn post(uri: &str) -> http::request::Builder {
    Request::post(uri).header("authorization", "Bearer t")
}

async fn send(
    services: &Scripted,
    request: http::request::Builder,
    body: impl Into<Body>,
) -> (u16, Value) {
    let response =
        router(services.clone()).oneshot(request.body(body.into()).unwrap()).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap())
}

fn by_query() -> String {
    format!("{PATH}?merchantGUID={GUID}&orderRefund={REFUND}")
}

#[tokio::test]
async fn a_call_becomes_a_refund_of_the_contract() {
    let services = services(false);
    let request = post(&by_query()).header("idempotency-key", "k1").header("traceparent", "00-a");
    let (status, body) =
        send(&services, request, r#"[{"CartItemId": 7, "RefundQuantity": "1"}]"#).await;
    assert_eq!((status, &body["Success"]), (200, &json!(true)), "{body}");
    assert_eq!(body["NotifyOrderRefund"]["MerchantOrderId"], "77");
    assert_eq!(body["NotifyOrderRefund"]["MerchantGUID"], GUID);
    assert_eq!(services.calls(), ["ResolveMerchant", "CreateRefund"]);

    let arrived = services.arrived().pop().unwrap();
    let request: CreateRefundRequest = arrived.message();
    assert_eq!((request.store_id.as_str(), request.order_id.as_str()), ("s1", "GE1"));
    assert_eq!((request.request_id.as_str(), request.shipping_refund), ("k1", Some(true)));
    assert_eq!(request.products[0].cart_item_id.as_deref(), Some("7"));
    assert_eq!(arrived.metadata["authorization"], "Bearer t");
    assert_eq!(arrived.metadata["traceparent"], "00-a");
    for absent in ["idempotency-key", "x-merchant-guid"] {
        assert!(!arrived.metadata.contains_key(absent), "{absent}");
    }
}

#[tokio::test]
async fn two_calls_without_a_key_are_two_requests() {
    let services = services(false);
    for _ in 0..2 {
        assert_eq!(send(&services, post(&by_query()), Body::empty()).await.0, 200);
    }
    let made = services.arrived().into_iter().filter(|arrived| arrived.call == "CreateRefund");
    let ids: Vec<_> = made.map(|made| made.message::<CreateRefundRequest>().request_id).collect();
    assert!(!ids[0].is_empty() && ids[0] != ids[1]);
}

#[tokio::test]
async fn both_parts_may_stand_in_the_body() {
    let body = format!(
        r#"{{"merchantGuid": "{GUID}", "OrderRefund": {{"orderid": "GE1"}},
            "refundProductsList": [{{"cartItemId": "1"}}]}}"#
    );
    assert_eq!(send(&services(false), post(PATH), body).await.0, 200);
    let request = post(PATH).header("MerchantGUID", GUID);
    let (status, body) =
        send(&services(false), request, r#"{"orderRefund": {"OrderId": "GE1"}}"#).await;
    assert_eq!((status, &body["Success"]), (200, &json!(true)));
}

#[tokio::test]
async fn the_guid_alone_is_passed_on_as_a_credential_of_its_own() {
    let services = services(false);
    assert_eq!(send(&services, Request::post(by_query()), Body::empty()).await.0, 200);
    for arrived in services.arrived() {
        assert_eq!(arrived.metadata["x-merchant-guid"], GUID);
    }
}

#[tokio::test]
async fn nobody_learns_whether_a_guid_exists() {
    let services = services(true);
    let uri = |guid: &str| format!("{PATH}?merchantGUID={guid}&orderRefund={REFUND}");
    let wrong_token = Request::post(by_query()).header("authorization", "Bearer x");
    let mut answers = Vec::new();
    for request in [
        wrong_token,
        post(&uri("other")),
        post(&format!("{PATH}?orderRefund={REFUND}")),
        post(&uri("")),
        post(&by_query()).header("merchantguid", "other"),
        Request::post(uri("other")),
        Request::post(uri("%00")),
    ] {
        let (status, body) = send(&services, request, Body::empty()).await;
        assert_eq!((status, &body["Success"]), (401, &json!(false)), "{body}");
        assert_eq!(body["Code"], "UNAUTHENTICATED");
        answers.push(body);
    }
    for body in ["[", "7", r#"{"merchantGUID": 7}"#] {
        let (status, body) = send(&services, post(PATH), body).await;
        assert_eq!(status, 401);
        answers.push(body);
    }
    assert!(answers.windows(2).all(|two| two[0] == two[1]));
    assert!(services.calls().iter().all(|call| call == "ResolveMerchant"));
}

#[tokio::test]
async fn a_refusal_has_the_shape_that_the_store_chose() {
    let body = r#"{"orderRefund": {"OrderId": "GE1", "RefundComments": "ORDER_FULLY_REFUNDED"}}"#;
    let uri = format!("{PATH}?merchantGUID={GUID}");
    let expected = json!({
        "Success": false,
        "Reason": "ORDER_FULLY_REFUNDED: why",
        "NotifyOrderRefund": null,
    });
    assert_eq!(send(&services(false), post(&uri), body).await, (200, expected));
    let expected = json!({
        "Code": "1001",
        "Error": "why",
        "Description": "ORDER_FULLY_REFUNDED: why",
        "Success": false,
    });
    assert_eq!(send(&services(true), post(&uri), body).await, (400, expected));
    let body = r#"{"orderRefund": {"OrderId": "GE2"}}"#;
    let (status, answer) = send(&services(true), post(&uri), body).await;
    assert_eq!((status, &answer["Code"]), (404, &json!("ORDER_NOT_FOUND")));
    let body = r#"{"orderRefund": {"OrderId": "GE1", "RefundComments": "busy"}}"#;
    assert_eq!(send(&services(false), post(&uri), body).await.0, 503);
}

#[tokio::test]
async fn malformed_calls_are_refused_before_anything_is_asked_for() {
    let uri = format!("{PATH}?merchantGUID={GUID}");
    for (body, error_info, status, reason) in [
        (
            r#"{"orderRefund": {"OrderId": "GE1", "DutiesAmount": "1e1"}}"#,
            false,
            200,
            "INVALID_AMOUNT: DutiesAmount",
        ),
        (
            r#"{"orderRefund": {"OrderId": "GE1", "DutiesAmount": "1e1"}}"#,
            true,
            400,
            "INVALID_AMOUNT: DutiesAmount",
        ),
        (
            r#"{"orderRefund": {"OrderId": "GE1", "FullRefund": 1}}"#,
            false,
            400,
            "INVALID_FIELDS: FullRefund",
        ),
        (r#"{"orderRefund": {}}"#, false, 400, "INVALID_FIELDS: OrderId is missing"),
        ("[", false, 400, "INVALID_FIELDS: the body is not JSON"),
        ("[]", false, 400, "INVALID_FIELDS: orderRefund is missing"),
        ("7", true, 400, "INVALID_FIELDS: the body must be"),
    ] {
        let services = services(error_info);
        let (found, answer) = send(&services, post(&uri), body).await;
        assert_eq!(found, status, "{body}: {answer}");
        let text = answer["Reason"].as_str().or(answer["Description"].as_str()).unwrap();
        assert!(text.starts_with(reason), "{body}: {text}");
        assert_eq!(services.calls(), ["ResolveMerchant"]);
    }
    for request in [
        post(&format!("{uri}&orderRefund=%")),
        post(&uri).header("x-request-timeout", "soon"),
        post(&uri).header("grpc-timeout", "soon"),
        post(&by_query()).header("idempotency-key", HeaderValue::from_bytes(b"\xff").unwrap()),
    ] {
        let (status, answer) = send(&services(false), request, Body::empty()).await;
        assert_eq!((status, &answer["Code"]), (400, &json!("INVALID_FIELDS")), "{answer}");
    }
}

#[tokio::test]
async fn long_bodies_are_read_to_the_limit_and_refused_above_it() {
    let lines = format!("[{}{{}}]", "{},\n".repeat(1_000_000));
    let (status, answer) = send(&services(false), post(&by_query()), lines).await;
    assert_eq!(status, 400, "{answer}");
    assert!(answer["Error"].as_str().unwrap().contains("lists 1000001 products"), "{answer}");
    let (status, answer) =
        send(&services(false), post(&by_query()), vec![b' '; rest::MAX_BODY + 1]).await;
    assert_eq!((status, &answer["Code"]), (413, &json!("BODY_TOO_LARGE")));
}

#[tokio::test]
async fn another_method_is_refused_in_the_same_shape() {
    let (status, answer) = send(&services(false), Request::get(PATH), Body::empty()).await;
    assert_eq!((status, &answer["Code"]), (405, &json!("METHOD_NOT_ALLOWED")));
    let long = vec![b' '; rest::MAX_BODY + 1];
    assert_eq!(send(&services(false), Request::put(PATH), long).await.0, 413);
}
