use super::{answered, failed, secrets};
use crate::receiver::Reply;
use ports::{Reception, Sent};
use std::time::Duration;

#[tokio::test]
async fn every_status_of_2xx_is_a_success() {
    for status in [200, 201, 202, 204, 299] {
        let expected = Sent { status: Some(status), reception: Reception::Accepted };
        assert_eq!(answered(Reply::status(status)).await, expected);
    }
    let talkative = Reply::status(200).saying(&" ".repeat(64 * 1024));
    assert_eq!(answered(talkative).await.reception, Reception::Accepted);
}

#[tokio::test]
async fn an_endpoint_that_is_gone_says_so() {
    let gone = Sent { status: Some(410), reception: Reception::Gone };
    assert_eq!(answered(Reply::status(410).saying("do not come back")).await, gone);
    assert_eq!(answered(Reply::Endless(410)).await, gone);
}

#[tokio::test]
async fn everything_else_failed() {
    for status in [300, 304, 400, 401, 404, 408, 409, 425, 429, 500, 502, 503, 504, 599] {
        let Sent { status: seen, reception } = answered(Reply::status(status)).await;
        assert_eq!(seen, Some(status));
        let Reception::Failed { why, retry_after: None } = reception else {
            panic!("{status} is a failure")
        };
        assert!(why.starts_with(&format!("HTTP {status}")), "{why}");
    }
    let broken = Reply::status(500).saying("no room left");
    assert_eq!(answered(broken).await, failed(Some(500), "HTTP 500: no room left"));
}

#[tokio::test]
async fn a_busy_endpoint_says_when_to_come_back() {
    let asked = async |status: u16, value: &str| {
        let reply = Reply::status(status).with("retry-after", value);
        match answered(reply).await.reception {
            Reception::Failed { retry_after, .. } => retry_after,
            other => panic!("{other:?}"),
        }
    };
    for status in [429, 503] {
        assert_eq!(asked(status, "120").await, Some(Duration::from_mins(2)));
        // The message went out at noon.
        let date = "Sat, 01 Mar 2025 12:30:00 GMT";
        assert_eq!(asked(status, date).await, Some(Duration::from_mins(30)));
        assert_eq!(asked(status, "604800").await, Some(Duration::from_hours(24)));
        assert_eq!(asked(status, "soon").await, None);
    }
    for status in [301, 400, 404, 500, 502] {
        assert_eq!(asked(status, "120").await, None, "{status}");
    }
}

#[tokio::test]
async fn what_an_endpoint_says_is_shown_short_and_without_its_secret() {
    let [secret, _] = secrets().try_into().unwrap();
    let key = secret.strip_prefix("whsec_").unwrap();
    let text = format!("no\u{0} \u{1b}[1m\r\n\u{202e}stock {secret} {key}{}", "!".repeat(600));
    let Reception::Failed { why, .. } = answered(Reply::status(500).saying(&text)).await.reception
    else {
        panic!("500 is a failure")
    };
    let said = why.strip_prefix("HTTP 500: ").unwrap();
    assert!(said.starts_with("no [1m stock whsec_… …!!!"), "{said}");
    assert_eq!(said.chars().count(), 200);
}
