//! The edge over a real tonic server without a socket.

mod stores;

use super::*;
use axum::body::Body;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use stores::Stores;
use tower::ServiceExt;
use wire::stores::v1::store_service_server::StoreServiceServer;

async fn send(request: Request) -> (u16, Response, Value) {
    let services = tonic::service::Routes::new(StoreServiceServer::new(Stores));
    let app = router(services).fallback(not_found);
    let mut response = app.oneshot(request).await.unwrap();
    let body = std::mem::take(response.body_mut()).collect().await.unwrap().to_bytes();
    let json = serde_json::from_slice(&body).unwrap_or(Value::Null);
    (response.status().as_u16(), response, json)
}

async fn call(method: &str, path: &str, body: &str) -> (u16, Value) {
    let request = Request::builder().method(method).uri(path);
    let (status, _, json) = send(request.body(Body::from(body.to_owned())).unwrap()).await;
    (status, json)
}

fn violations(body: &Value) -> Vec<&str> {
    let details = body["details"].as_array().unwrap();
    let bad = details.iter().find_map(|detail| detail["field_violations"].as_array()).unwrap();
    bad.iter().map(|violation| violation["field"].as_str().unwrap()).collect()
}

#[test]
fn a_channel_to_another_process_serves_as_well() {
    let _: fn(tonic::transport::Channel) -> Router = router;
}

#[tokio::test]
async fn a_post_creates_and_answers_the_resource_itself() {
    let body = r#"{"store_id": "s1", "request_id": "r1", "name": "Shop", "currency": "GBP",
        "settings": {"tenderOrder": "TENDER_ORDER_PRO_RATA"}}"#;
    let (status, store) = call("POST", "/v1/stores", body).await;
    assert_eq!(status, 200, "{store}");
    assert_eq!((&store["store_id"], &store["name"]), (&json!("s1"), &json!("Shop")));
    assert_eq!(store["settings"]["tender_order"], "TENDER_ORDER_PRO_RATA");
    assert_eq!(store["settings"]["appeasements"], false);
    assert_eq!(store["settings"]["approval_limit"], Value::Null);
}

#[tokio::test]
async fn the_path_binds_its_fields() {
    let (status, store) = call("PATCH", "/v1/stores/s%2D1", r#"{"name": "New"}"#).await;
    assert_eq!((status, &store["store_id"], &store["name"]), (200, &json!("s-1"), &json!("New")));
}

#[tokio::test]
async fn a_query_is_a_request_too() {
    let (status, page) = call("GET", "/v1/stores?page_size=7&pageToken=a%26b+c", "").await;
    assert_eq!((status, &page["next_page_token"]), (200, &json!("7 a&b c")));
    assert_eq!(page["stores"], json!([]));
    for (query, field) in
        [("page_size=x", "page_size"), ("nonsense=1", "nonsense"), ("a=%", "query")]
    {
        let (status, body) = call("GET", &format!("/v1/stores?{query}"), "").await;
        assert_eq!((status, violations(&body)), (400, vec![field]));
    }
}

#[tokio::test]
async fn what_the_services_need_of_the_headers_reaches_them() {
    let request = Request::post("/v1/stores/s/tokens")
        .header("authorization", "Bearer t")
        .header("idempotency-key", "k1")
        .header("x-request-timeout", "250ms")
        .body(Body::from(r#"{"name": "n"}"#))
        .unwrap();
    let (status, response, token) = send(request).await;
    assert_eq!(status, 200, "{token}");
    assert_eq!(token["name"], "n");
    assert_eq!(token["scopes"], json!(["Bearer t", "k1", "250m"]));
    assert_eq!(token["token_id"], "k1", "the key stands for the request id");
    assert_eq!(response.extensions().get(), Some(&Template("/v1/stores/{store_id}/tokens")));
}

#[tokio::test]
async fn a_key_and_a_request_id_have_to_agree() {
    let request = Request::post("/v1/stores/s/tokens")
        .header("idempotency-key", "k1")
        .body(Body::from(r#"{"request_id": "k2"}"#))
        .unwrap();
    let (status, _, body) = send(request).await;
    assert_eq!((status, violations(&body)), (400, vec!["request_id"]));
}

#[tokio::test]
async fn a_refusal_keeps_its_code_and_details() {
    let (status, body) = call("GET", "/v1/stores/none", "").await;
    assert_eq!(status, 404);
    assert_eq!((&body["code"], &body["status"]), (&json!(5), &json!("NOT_FOUND")));
    assert_eq!(body["details"][0]["reason"], "STORE_NOT_FOUND");
    assert_eq!(body["details"][0]["metadata"]["store_id"], "none");
}

#[tokio::test]
async fn a_body_of_another_store_is_not_found() {
    let (status, body) = call("PATCH", "/v1/stores/a", r#"{"store_id": "b"}"#).await;
    assert_eq!((status, &body["details"][0]["reason"]), (404, &json!("STORE_NOT_FOUND")));
    assert_eq!(call("PATCH", "/v1/stores/a", r#"{"storeId": "a"}"#).await.0, 200);
    let (status, body) = call("PATCH", "/v1/stores/a", r#"{"store_id": 5}"#).await;
    assert_eq!((status, violations(&body)), (400, vec!["store_id"]));
}

#[tokio::test]
async fn malformed_bodies_are_400_and_name_the_field() {
    for (body, fields) in [
        ("{", vec!["body"]),
        ("[]", vec!["body"]),
        ("\u{feff}{}", vec!["body"]),
        (r#"{"name": "a", "name": "b"}"#, vec!["body"]),
        (r#"{"name": 1, "settings": {"error_info": 1}}"#, vec!["name", "settings.error_info"]),
    ] {
        let (status, answer) = call("POST", "/v1/stores", body).await;
        assert_eq!((status, violations(&answer)), (400, fields), "{body}");
        assert_eq!(answer["details"][0]["reason"], "INVALID_FIELDS");
    }
}

#[tokio::test]
async fn long_bodies_are_read_to_the_limit_and_refused_above_it() {
    let long = format!(r#"{{"nonsense": "{}"}}"#, "x".repeat(MAX_BODY - 100));
    assert_eq!(call("POST", "/v1/stores", &long).await.0, 400);
    let too_long = "x".repeat(MAX_BODY + 1);
    for path in ["/v1/stores", "/elsewhere"] {
        let (status, body) = call("POST", path, &too_long).await;
        assert_eq!((status, &body["details"][0]["reason"]), (413, &json!("BODY_TOO_LARGE")));
    }
}

#[tokio::test]
async fn what_is_not_there_is_404_and_a_wrong_method_405_in_the_same_shape() {
    for path in ["/v1/nothing", "/v1/stores/s:fly", "/elsewhere"] {
        let (status, body) = call("GET", path, "").await;
        assert_eq!((status, &body["status"]), (404, &json!("NOT_FOUND")), "{path}");
        assert_eq!(body["details"][0]["reason"], "PATH_NOT_FOUND");
    }
    let request = Request::delete("/v1/stores").body(Body::empty()).unwrap();
    let (status, response, body) = send(request).await;
    assert_eq!((status, &body["details"][0]["reason"]), (405, &json!("METHOD_NOT_ALLOWED")));
    assert_eq!(response.headers()["allow"], "GET, POST");
}

#[tokio::test]
async fn a_service_that_is_not_served_is_unimplemented() {
    let (status, body) = call("GET", "/v1/stores/s/orders", "").await;
    assert_eq!((status, &body["status"]), (501, &json!("UNIMPLEMENTED")));
}
