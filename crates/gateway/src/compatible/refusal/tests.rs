use super::*;
use domain::Reason;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tonic_types::ErrorDetails;

fn status(code: Code, reason: &str, message: &str) -> Status {
    let details = ErrorDetails::with_error_info(reason, "meridian", []);
    Status::with_error_details(code, message, details)
}

async fn shown(refused: Refused, error_info: bool) -> (u16, Value) {
    let response = refused.into_response(error_info);
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap())
}

#[tokio::test]
async fn a_refusal_by_the_rules_has_the_shape_that_the_store_chose() {
    for message in ["the refund comes to 0", "EMPTY_REFUND: the refund comes to 0"] {
        let refused = Refused::of(&status(Code::InvalidArgument, "EMPTY_REFUND", message));
        let expected = json!({
            "Success": false,
            "Reason": "EMPTY_REFUND: the refund comes to 0",
            "NotifyOrderRefund": null,
        });
        assert_eq!(shown(refused.clone(), false).await, (200, expected));
        let expected = json!({
            "Code": "1004",
            "Error": "the refund comes to 0",
            "Description": "EMPTY_REFUND: the refund comes to 0",
            "Success": false,
        });
        assert_eq!(shown(refused, true).await, (400, expected));
    }
}

#[tokio::test]
async fn the_one_fixed_text_stands_alone() {
    let reason = Reason::FullRefundWithProducts.as_str();
    for message in ["FULL_REFUND_WITH_PRODUCTS: whatever", FULL_REFUND_TEXT] {
        let refused = Refused::of(&status(Code::InvalidArgument, reason, message));
        assert_eq!(shown(refused.clone(), false).await.1["Reason"], FULL_REFUND_TEXT);
        let (status, body) = shown(refused, true).await;
        assert_eq!((status, &body["Code"]), (400, &json!(reason)));
        assert_eq!(
            (&body["Error"], &body["Description"]),
            (&json!(FULL_REFUND_TEXT), &json!(FULL_REFUND_TEXT))
        );
    }
}

#[tokio::test]
async fn conflicts_and_missing_orders_are_refusals_too() {
    for (code, reason, http) in [
        (Code::AlreadyExists, "EXTERNAL_REFERENCE_TAKEN", 409),
        (Code::NotFound, "ORDER_NOT_FOUND", 404),
        (Code::FailedPrecondition, "ORDER_NOT_READY", 400),
        (Code::ResourceExhausted, "TOO_MANY_ENTRIES", 400),
    ] {
        let refused = Refused::of(&status(code, reason, "why"));
        assert_eq!(shown(refused.clone(), false).await.1["Reason"], format!("{reason}: why"));
        let (status, body) = shown(refused, true).await;
        assert_eq!((status, &body["Code"]), (http, &json!(reason)));
    }
}

#[tokio::test]
async fn general_errors_have_one_shape_whatever_the_store_chose() {
    let mut details = ErrorDetails::with_error_info("UNAVAILABLE", "meridian", []);
    details.set_retry_info(Some(Duration::from_millis(1200)));
    let unavailable = Status::with_error_details(Code::Unavailable, "closed", details);
    for error_info in [true, false] {
        let response = Refused::of(&unavailable).into_response(error_info);
        assert_eq!(
            (response.status().as_u16(), &response.headers()["retry-after"]),
            (503, &HeaderValue::from_static("2"))
        );
        for (refused, http, code) in [
            (Refused::of(&Status::internal("broken")), 500, "INTERNAL"),
            (Refused::of(&Status::invalid_argument("?")), 400, "INVALID_ARGUMENT"),
            (
                Refused::of(&status(Code::Aborted, "REQUEST_IN_PROGRESS", "m")),
                409,
                "REQUEST_IN_PROGRESS",
            ),
            (Refused::of(&Status::permission_denied("no")), 403, "PERMISSION_DENIED"),
            (Refused::malformed("the body is not JSON".to_owned()), 400, "INVALID_FIELDS"),
            (Refused::too_long(), 413, "BODY_TOO_LARGE"),
            (Refused::no_room(), 503, "OVERLOADED"),
            (
                Refused::of(&status(Code::ResourceExhausted, "ORDER_CROWDED", "m")),
                429,
                "ORDER_CROWDED",
            ),
            (Refused::unauthenticated(), 401, "UNAUTHENTICATED"),
        ] {
            let (status, body) = shown(refused, error_info).await;
            assert_eq!(
                (status, &body["Code"], &body["Success"]),
                (http, &json!(code), &json!(false))
            );
        }
    }
}

#[tokio::test]
async fn a_malformed_amount_is_refused_as_the_rules_refuse_one() {
    let refused = Refused::fields("INVALID_AMOUNT", "RefundAmount must be".to_owned());
    assert_eq!(shown(refused.clone(), false).await.0, 200);
    assert_eq!(shown(refused, true).await.0, 400);
}
