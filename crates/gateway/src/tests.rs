//! The gateway as a whole.

use super::*;
use crate::scripted::Scripted;
use axum::{body::Body, extract::Request, response::Response};
use http_body_util::BodyExt;
use prost::Message;
use serde_json::Value;
use tonic::Status;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
use tower::ServiceExt;
use wire::{
    orders::v1::{CreateOrderRequest, CreateOrderResponse},
    refunds::v1::{
        ExportRefundComponentsRequest, ExportRefundComponentsResponse, ListRefundsRequest,
        ListRefundsResponse, RefundComponentRow,
    },
    stores::v1::{ResolveMerchantRequest, ResolveMerchantResponse, Store},
};

async fn send(services: &Scripted, request: Request) -> (Response, String) {
    let app = router(services.clone(), Options::default());
    let mut response = app.oneshot(request).await.unwrap();
    let body = std::mem::take(response.body_mut()).collect().await.unwrap().to_bytes();
    (response, String::from_utf8(body.to_vec()).unwrap())
}

async fn get(services: &Scripted, path: &str) -> (u16, String) {
    let (response, body) = send(services, Request::get(path).body(Body::empty()).unwrap()).await;
    (response.status().as_u16(), body)
}

fn nothing() -> Scripted {
    Scripted::new(|_, _| Err(Status::unavailable("closed")))
}

/// Every service is well but this one.
fn all_but(sick: &'static str) -> Scripted {
    Scripted::new(move |_, arrived| {
        let HealthCheckRequest { service } = arrived.message();
        let status = if service == sick { 2 } else { 1 };
        Ok(HealthCheckResponse { status }.encode_to_vec())
    })
}

#[tokio::test]
async fn the_process_lives_whatever_its_services_do() {
    assert_eq!(get(&nothing(), "/healthz").await, (200, r#"{"status":"SERVING"}"#.to_owned()));
}

#[tokio::test]
async fn the_gateway_is_ready_when_every_service_is() {
    let (status, body) = get(&all_but(""), "/readyz").await;
    assert_eq!(status, 200, "{body}");
    for (services, expected) in
        [(all_but("meridian.refunds.v1.RefundService"), "NOT_SERVING"), (nothing(), "UNREACHABLE")]
    {
        let (status, body) = get(&services, "/readyz").await;
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status, &body["status"]), (503, &Value::from("NOT_SERVING")));
        assert_eq!(body["services"]["meridian.refunds.v1.RefundService"], expected);
        assert_eq!(body["services"].as_object().unwrap().len(), 8);
    }
}

#[tokio::test]
async fn the_page_loads_nothing_that_is_not_served() {
    let services = nothing();
    let (response, _) = send(&services, Request::get("/").body(Body::empty()).unwrap()).await;
    assert_eq!(response.headers()["location"], "/docs");
    let (status, page) = get(&services, "/docs").await;
    assert_eq!(status, 200);
    let loaded = page.split('"').filter(|part| part.starts_with('/'));
    let mut count = 0;
    for path in loaded {
        let (status, body) = get(&services, path).await;
        assert!(status == 200 && !body.is_empty(), "{path}");
        count += 1;
    }
    assert_eq!(count, 4);
    assert!(!page.contains("://"), "{page}");
    let (_, document) = get(&services, "/openapi.json").await;
    assert!(serde_json::from_str::<Value>(&document).unwrap()["paths"]["/healthz"].is_object());
}

#[tokio::test]
async fn a_bare_order_is_created_under_its_key() {
    let services = Scripted::new(|_, arrived| {
        let CreateOrderRequest { order, .. } = arrived.message();
        Ok(CreateOrderResponse { order }.encode_to_vec())
    });
    let request = Request::post("/v1/stores/s/orders").header("idempotency-key", "k");
    let body = Body::from(r#"{"order_id": "GE1", "lines": [{"cartItemId": "1"}]}"#);
    let (response, body) = send(&services, request.body(body).unwrap()).await;
    assert_eq!(response.status(), 200, "{body}");
    let request: CreateOrderRequest = services.arrived()[0].message();
    assert_eq!((request.store_id.as_str(), request.request_id.as_str()), ("s", "k"));
    assert_eq!(request.order.unwrap().lines[0].cart_item_id, "1");
}

#[tokio::test]
async fn the_refunds_of_an_order_are_read_without_naming_the_store() {
    let services = Scripted::new(|call, arrived| match call {
        "ResolveMerchant" => {
            let ResolveMerchantRequest { merchant_guid } = arrived.message();
            let store = Store { store_id: "s1".to_owned(), merchant_guid, ..Store::default() };
            Ok(ResolveMerchantResponse { store: Some(store) }.encode_to_vec())
        }
        _ => Ok(ListRefundsResponse::default().encode_to_vec()),
    });
    let (status, body) =
        get(&services, "/v1/orders/a%2Fb/refunds?MerchantGUID=g&page_size=7").await;
    assert_eq!(status, 200, "{body}");
    let arrived = services.arrived();
    assert_eq!(arrived[0].message::<ResolveMerchantRequest>().merchant_guid, "g");
    let list: ListRefundsRequest = arrived[1].message();
    assert_eq!((list.store_id.as_str(), list.order_id.as_str(), list.page_size), ("s1", "a/b", 7));

    assert_eq!(get(&services, "/v1/orders/o/refunds").await.0, 200);
    assert_eq!(get(&services, "/v1/orders/o/refunds?merchantGUID=a&merchantGUID=b").await.0, 400);
    assert_eq!(get(&services, "/v1/orders/o/refunds?merchantGUID=a&merchantguid=A").await.0, 200);
    for path in ["/v1/orders/%ff/refunds", "/v1/orders/%zz/refunds"] {
        let (status, body) = get(&services, path).await;
        assert!(status == 400 && body.contains("INVALID_FIELDS"), "{path}: {body}");
    }
    assert_eq!(get(&nothing(), "/v1/orders/o/refunds").await.0, 503);
    let platform = Scripted::new(|_, _| Err(Status::not_found("there is no such store")));
    let (status, body) = get(&platform, "/v1/orders/o/refunds").await;
    assert!(status == 400 && body.contains("merchantGUID is needed"), "{body}");
    assert_eq!(get(&platform, "/v1/orders/o/refunds?merchantGUID=g").await.0, 404);
    assert_eq!(get(&platform, "/v1/orders/o/refunds?merchantGUID=%00").await.0, 404);
    let request = Request::delete("/v1/orders/o/refunds").body(Body::empty()).unwrap();
    assert_eq!(send(&services, request).await.0.status(), 405);
}

#[tokio::test]
async fn every_call_says_how_long_it_may_take() {
    let services = Scripted::new(|_, _| Err(Status::unavailable("closed")));
    get(&services, "/v1/stores/s").await;
    for (header, value) in [
        ("x-request-timeout", "250ms"),
        ("grpc-timeout", "29S"),
        ("x-request-timeout", "31"),
        ("grpc-timeout", "1H"),
        ("grpc-timeout", "99999999H"),
    ] {
        let request = Request::get("/v1/stores/s").header(header, value);
        send(&services, request.body(Body::empty()).unwrap()).await;
    }
    let told: Vec<_> =
        services.arrived().iter().map(|call| call.metadata["grpc-timeout"].clone()).collect();
    assert_eq!(told, ["30000m", "250m", "29S", "30000m", "30000m", "30000m"]);
}

#[tokio::test]
async fn a_stream_takes_as_long_as_its_caller_says_and_no_less() {
    let services = Scripted::new(|_, _| Err(Status::unavailable("closed")));
    let path = "/v1/stores/s/refundComponents";
    get(&services, path).await;
    for (header, value) in [("x-request-timeout", "2m"), ("grpc-timeout", "1H")] {
        let request = Request::get(path).header(header, value);
        send(&services, request.body(Body::empty()).unwrap()).await;
    }
    let told = services.arrived();
    let told: Vec<_> = told.iter().map(|call| call.metadata.get("grpc-timeout")).collect();
    assert_eq!(told, [None, Some(&"2M".parse().unwrap()), Some(&"1H".parse().unwrap())]);
}

#[tokio::test]
async fn a_stream_is_shown_in_the_form_that_is_asked_for() {
    let services = Scripted::new(|_, arrived| {
        let request: ExportRefundComponentsRequest = arrived.message();
        let row =
            RefundComponentRow { order_id: request.store_id, ..RefundComponentRow::default() };
        Ok(ExportRefundComponentsResponse { row: Some(row) }.encode_to_vec())
    });
    let path = "/v1/stores/s/refundComponents?created_after=2026-01-31T00:00:00Z";
    let (status, lines) = get(&services, path).await;
    let line: Value = serde_json::from_str(&lines).unwrap();
    assert_eq!((status, &line["order_id"]), (200, &"s".into()));
    let request: ExportRefundComponentsRequest = services.arrived()[0].message();
    assert_eq!(request.created_after.unwrap().seconds, 1_769_817_600);
    let (status, csv) = get(&services, &format!("{path}&alt=csv")).await;
    assert_eq!((status, csv.lines().count()), (200, 2));
    let request = Request::get(path).header("accept", "text/event-stream");
    let (_, events) = send(&services, request.body(Body::empty()).unwrap()).await;
    assert_eq!(events, format!("data: {}\n\n", lines.trim_end()));
}

#[tokio::test]
async fn a_method_that_a_path_does_not_take_is_refused_after_its_body_was_read() {
    for path in ["/healthz", "/readyz", "/openapi.json", "/docs", "/v1/orders/o/refunds"] {
        let request = |body: Body| Request::post(path).body(body).unwrap();
        let (response, body) = send(&nothing(), request("x".into())).await;
        assert_eq!(
            (response.status().as_u16(), &response.headers()["allow"]),
            (405, &"GET".parse().unwrap())
        );
        assert!(body.contains("METHOD_NOT_ALLOWED"), "{path}: {body}");
        let (response, _) = send(&nothing(), request(vec![0; rest::MAX_BODY + 1].into())).await;
        assert_eq!(response.status(), 413, "{path}");
    }
}

#[tokio::test]
async fn a_body_for_which_there_is_no_room_is_to_come_again() {
    let small = || axum::Extension(room::Room::of(10));
    let rest = rest::router(nothing()).layer(small());
    let compatible = compatible::router(nothing()).layer(small());
    for (app, path) in [(rest, "/v1/stores"), (compatible, compatible::PATH)] {
        let request = Request::post(path).body(Body::from("12345678901")).unwrap();
        let response = app.oneshot(request).await.unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["retry-after"]),
            (503, &"1".parse().unwrap())
        );
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert!(String::from_utf8_lossy(&body).contains("OVERLOADED"), "{body:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_whose_body_does_not_come_is_ended() {
    for path in ["/v1/stores/s/tokens", compatible::PATH, "/nobody/serves/this"] {
        let never = Body::from_stream(futures_util::stream::pending::<Result<Vec<u8>, Status>>());
        let (response, body) = send(&nothing(), Request::post(path).body(never).unwrap()).await;
        assert_eq!(response.status(), 408, "{body}");
        assert!(body.contains("BODY_TOO_SLOW"), "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_takes_too_long_is_ended() {
    let never = tower::service_fn(|_: Request<tonic::body::Body>| async {
        std::future::pending::<Result<http::Response<tonic::body::Body>, Status>>().await
    });
    let request = Request::get("/v1/stores/s/tokens").body(Body::empty()).unwrap();
    let response = router(never, Options::default()).oneshot(request).await.unwrap();
    assert_eq!(response.status(), 504);
}

#[tokio::test]
async fn what_nobody_serves_is_not_found_in_the_shape_of_every_refusal() {
    let (status, body) = get(&nothing(), "/docs/swagger-ui.css.map").await;
    assert_eq!(status, 404);
    assert!(body.contains("PATH_NOT_FOUND"), "{body}");
}
