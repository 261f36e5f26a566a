use super::{found, pushed, short};
use crate::{case::ids, shop::Reply};
use domain::order::FailureClass::{
    self, Authentication, RejectedAddress, RejectedInventory, RejectedOther, RejectedProduct,
    Transient,
};
use std::time::Duration;

#[tokio::test]
async fn a_shop_names_the_order_in_its_own_way() {
    let long = "x".repeat(128);
    for (body, id, number) in [
        (r#"{"id":"77","number":"A-77"}"#, "77", "A-77"),
        (r#"{"id":77,"number":78}"#, "77", "78"),
        (r#"{"id":"77"}"#, "77", "77"),
        (r#"{"id":"77","number":null,"further":[1]}"#, "77", "77"),
        (r#"{"external_order_id":"77","external_order_number":"A-77"}"#, "77", "A-77"),
        (
            r#"{"external_order_id":18446744073709551615}"#,
            "18446744073709551615",
            "18446744073709551615",
        ),
        (&format!(r#"{{"id":"{long}"}}"#), &long, &long),
    ] {
        for status in [200, 201, 202, 409] {
            let body = body.to_owned();
            let taken = pushed(move || Reply::json(status, &body)).await;
            assert_eq!(taken, Ok(ids(id, number)), "{status}");
        }
        let body = body.to_owned();
        assert_eq!(found(move || Reply::json(200, &body)).await, Ok(Some(ids(id, number))));
    }
}

#[tokio::test]
async fn a_success_that_nobody_understands_leaves_doubt() {
    let long = format!(r#"{{"id":"{}"}}"#, "x".repeat(129));
    for body in [
        "",
        "ok",
        "{}",
        "[]",
        "null",
        r#"{"id":""}"#,
        r#"{"id":null}"#,
        r#"{"id":1.5}"#,
        r#"{"id":true}"#,
        r#"{"id":"a\u0007"}"#,
        r#"{"id":"1","number":""}"#,
        r#"{"number":"A-77"}"#,
        &long,
    ] {
        for status in [200, 204, 409] {
            let sent = if status == 204 { String::new() } else { body.to_owned() };
            let failure = pushed(move || Reply::json(status, &sent)).await.unwrap_err();
            assert_eq!(short(&failure), (RejectedOther, true), "{status} {body}");
        }
        let body = body.to_owned();
        let failure = found(move || Reply::json(200, &body)).await.unwrap_err();
        assert_eq!(short(&failure), (RejectedOther, true));
    }
}

#[tokio::test]
async fn a_status_has_its_class_and_its_doubt() {
    let rows: [(u16, FailureClass, bool); 16] = [
        (301, RejectedOther, false),
        (304, RejectedOther, false),
        (308, RejectedOther, false),
        (400, RejectedOther, false),
        (401, Authentication, false),
        (403, Authentication, false),
        (404, RejectedOther, false),
        (408, Transient, true),
        (410, RejectedOther, false),
        (422, RejectedOther, false),
        (425, Transient, false),
        (429, Transient, false),
        (500, Transient, true),
        (501, Transient, true),
        (503, Transient, true),
        (599, Transient, true),
    ];
    for (status, class, in_doubt) in rows {
        let failure = pushed(move || Reply::json(status, "")).await.unwrap_err();
        assert_eq!(short(&failure), (class, in_doubt), "{status}");
        assert!(failure.cause.starts_with(&format!("HTTP {status}")), "{}", failure.cause);
        if status != 404 {
            let failure = found(move || Reply::json(status, "")).await.unwrap_err();
            assert_eq!(short(&failure), (class, true), "{status}");
        }
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    assert_eq!(found(|| Reply::json(404, "no such order")).await, Ok(None));
}

#[tokio::test]
async fn a_refusal_says_what_it_is_about() {
    for (error, class) in [
        ("REJECTED_INVENTORY", RejectedInventory),
        ("REJECTED_ADDRESS", RejectedAddress),
        ("REJECTED_PRODUCT", RejectedProduct),
        ("REJECTED_OTHER", RejectedOther),
        ("SOMETHING_ELSE", RejectedOther),
    ] {
        for status in [400, 409, 422] {
            let body = format!(r#"{{"error":"{error}","message":"not today"}}"#);
            let failure = pushed(move || Reply::json(status, &body)).await.unwrap_err();
            assert_eq!(short(&failure), (class, false));
            assert_eq!(failure.cause, format!("HTTP {status}: not today"));
        }
        // Who does not know us may say what it wants.
        let body = format!(r#"{{"error":"{error}"}}"#);
        let failure = pushed(move || Reply::json(401, &body)).await.unwrap_err();
        assert_eq!(failure.class, Authentication);
    }
}

#[tokio::test]
async fn a_cause_is_short_and_nobodys_data() {
    let message = r"no\u0000 \u001b[1m\nstock for ADA lovelace, ada@example.com, hauptstraße 5, "
        .to_owned()
        + super::SECRET
        + &"!".repeat(600);
    let body = format!(r#"{{"error":"REJECTED_INVENTORY","message":"{message}"}}"#);
    let failure = pushed(move || Reply::json(422, &body)).await.unwrap_err();
    let (start, rest) = failure.cause.split_at("HTTP 422: ".len());
    assert_eq!(start, "HTTP 422: ");
    assert!(rest.starts_with("no [1m stock for …, …, …, …!!!"), "{rest}");
    assert_eq!(rest.chars().count(), 200);
}

#[tokio::test]
async fn a_shop_may_ask_to_be_left_alone() {
    let asked = |status: u16, value: &'static str| async move {
        let reply = move || Reply::json(status, "").with("retry-after", value);
        pushed(reply).await.unwrap_err().retry_after
    };
    assert_eq!(asked(429, "90").await, Some(Duration::from_secs(90)));
    assert_eq!(asked(503, "100000").await, Some(Duration::from_hours(24)));
    // Half a minute after the test clock's noon.
    let date = "Sat, 01 Mar 2025 12:00:30 GMT";
    assert_eq!(asked(503, date).await, Some(Duration::from_secs(30)));
    assert_eq!(asked(503, "later").await, None);
    assert_eq!(asked(422, "90").await, None);
    assert_eq!(pushed(|| Reply::json(429, "")).await.unwrap_err().retry_after, None);
}
