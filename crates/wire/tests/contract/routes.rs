//! The tables of the REST edge.

use serde_json::{Value, json};
use wire::rest::{METHODS, ROUTES, Route};

fn route(call: &str) -> &'static Route {
    ROUTES.iter().find(|route| route.grpc_path.ends_with(call)).expect("the contract has the call")
}

#[test]
fn a_request_is_encoded_and_the_resource_itself_is_answered() {
    let message = (route("/GetStore").encode)(json!({"store_id": "demo"})).unwrap();
    assert_eq!(message, b"\x0a\x04demo");
    // `store` is field 1 of the answer, `store_id` field 1 of the store.
    let answer = (route("/GetStore").decode)(b"\x0a\x06\x0a\x04demo").unwrap();
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!((&answer["store_id"], &answer["settings"]), (&json!("demo"), &Value::Null));
    assert!((route("/GetStore").decode)(b"\xff").is_err());
}

#[test]
fn a_list_is_answered_with_its_page_token() {
    let answer = (route("/ListRefunds").decode)(b"").unwrap();
    assert_eq!(answer, br#"{"refunds":[],"next_page_token":"","refundable":null}"#);
}

#[test]
fn whatever_changes_something_takes_a_request_id() {
    // A session is the caller's own: what ended or changed it answers no repetition, and of a
    // password not even a digest is kept for one.
    let own = ["/LogOut", "/ChangePassword"];
    let reads = ["/QuoteRefund", "/PreviewCancellation", "/PreviewUndo"];
    for route in ROUTES {
        let mut without = reads.iter().chain(&own);
        let changes = route.method != "GET" && !without.any(|it| route.grpc_path.ends_with(it));
        assert_eq!(route.request.field("request_id").is_some(), changes, "{}", route.grpc_path);
        let without_body = ["GET", "DELETE"].contains(&route.method);
        assert_eq!(route.has_body, !without_body, "{}", route.grpc_path);
    }
}

#[test]
fn a_message_of_a_stream_is_an_event_as_well() {
    let route = route("/ExportRefundComponents");
    // `row` is field 1 of the message, `order_id` field 4 of the row.
    let event = (route.event.unwrap())(b"\x0a\x05\x22\x03GE1").unwrap();
    assert_eq!((event.id.as_str(), event.name.as_str()), ("", ""));
    let row: Value = serde_json::from_slice(&event.data).unwrap();
    assert_eq!((&row["order_id"], &row["settle_time"]), (&json!("GE1"), &Value::Null));
    assert_eq!((route.decode)(b"\x0a\x05\x22\x03GE1").unwrap(), event.data);
    assert!((route.event.unwrap())(b"\xff").is_err());
}

#[test]
fn a_method_has_its_own_name_and_no_other() {
    let method = METHODS.iter().find(|method| method.name == "GetOrder").unwrap();
    assert!(method.is_named("GetOrder"));
    for other in ["", "Get", "GetOrders", "GetOrdex", "getOrder"] {
        assert!(!method.is_named(other), "{other}");
    }
}
