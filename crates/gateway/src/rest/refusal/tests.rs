use super::*;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::time::Duration;
use tonic_types::ErrorDetails;

async fn shown(response: Response) -> Value {
    let body = response.into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice(&body).unwrap()
}

#[tokio::test]
async fn a_status_is_shown_with_all_of_its_details() {
    let mut details = ErrorDetails::with_error_info(
        "AMOUNT_EXCEEDS_REFUNDABLE",
        "meridian",
        [("left".to_owned(), "60.95".to_owned())],
    );
    details.add_bad_request_violation("products[0].refund_amount", "is more than is left");
    details.set_retry_info(Some(Duration::from_millis(1200)));
    let status = Status::with_error_details(Code::FailedPrecondition, "70.00 asked", details);

    let response = of_status(&status);
    assert_eq!(response.status(), 400);
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(response.headers()["retry-after"], "2");
    let body = shown(response).await;
    assert_eq!((&body["code"], &body["status"]), (&json!(9), &json!("FAILED_PRECONDITION")));
    assert_eq!(body["message"], "70.00 asked");
    let details = body["details"].as_array().unwrap();
    assert_eq!(details.len(), 3);
    for expected in [
        json!({
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "AMOUNT_EXCEEDS_REFUNDABLE",
            "domain": "meridian",
            "metadata": {"left": "60.95"},
        }),
        json!({
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            "field_violations": [{
                "field": "products[0].refund_amount",
                "description": "is more than is left",
            }],
        }),
        json!({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retry_delay": "1.200s"}),
    ] {
        assert!(details.contains(&expected), "{expected} in {details:?}");
    }
}

#[tokio::test]
async fn a_status_without_a_reason_has_its_code_for_one() {
    let response = of_status(&Status::unauthenticated("no token"));
    assert_eq!(response.status(), 401);
    assert_eq!(response.headers()["www-authenticate"], "Bearer");
    assert_eq!(shown(response).await["details"][0]["reason"], "UNAUTHENTICATED");
}

#[test]
fn every_code_has_the_http_status_that_is_published_for_it() {
    let expected =
        [200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401];
    for (code, http) in (0..).zip(expected) {
        assert_eq!(http_status(Code::from_i32(code)).as_u16(), http, "{code}");
    }
}

#[tokio::test]
async fn a_flood_of_faults_does_not_flood_the_message() {
    let fault = Fault { field: "f".to_owned(), description: "is wrong".to_owned() };
    let body = shown(Refusal::fields(vec![fault; 12]).into_response()).await;
    assert!(body["message"].as_str().unwrap().ends_with("; f is wrong; and 2 more"));
    assert_eq!(body["details"][1]["field_violations"].as_array().unwrap().len(), 12);
}
