use super::{adapter, case, patient, pushed, short};
use crate::shop::{Reply, Shop};
use domain::order::FailureClass::{RejectedOther, Transient};
use handover::{CallSettings, GenericHttp};
use ports::StorefrontBackend as _;
use std::time::Duration;
use tokio::net::TcpListener;

#[tokio::test]
async fn nobody_there_is_no_doubt() {
    // Taken and let go again, so that nobody listens there.
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/orders", listener.local_addr().unwrap());
    drop(listener);
    let case = case(&url);
    let failure = adapter(&patient()).push(case.push()).await.unwrap_err();
    assert_eq!(short(&failure), (Transient, false));
    assert!(failure.cause.starts_with("the shop was not reached: "), "{}", failure.cause);
    assert!(!failure.cause.contains("127.0.0.1"), "{}", failure.cause);
    // Nothing is known of what was sent before.
    let failure = adapter(&patient()).find(case.push()).await.unwrap_err();
    assert_eq!(short(&failure), (Transient, true));
}

#[tokio::test]
async fn a_shop_without_tls_is_not_reached_over_tls() {
    let shop = Shop::with(|| Reply::json(200, r#"{"id":"1"}"#)).await;
    // What a handshake begins with is no request, and it waits for one.
    let url = shop.url.replace("http:", "https:");
    let settings = CallSettings { connect_timeout: Duration::from_millis(200), ..patient() };
    let failure = adapter(&settings).push(case(&url).push()).await.unwrap_err();
    assert_eq!(short(&failure), (Transient, false));
}

#[tokio::test]
async fn an_answer_that_never_comes_leaves_doubt() {
    let settings = CallSettings { timeout: Duration::from_millis(200), ..patient() };
    let shop = Shop::with(|| Reply::Silence).await;
    let failure = adapter(&settings).push(case(&shop.url).push()).await.unwrap_err();
    assert_eq!(short(&failure), (Transient, true));
    assert_eq!(failure.cause, "the shop did not answer: it took too long");
    assert_eq!(shop.requests().len(), 1);
}

#[tokio::test]
async fn a_lost_answer_leaves_doubt() {
    for reply in [|| Reply::Cut, || Reply::Short] {
        assert_eq!(short(&pushed(reply).await.unwrap_err()), (Transient, true));
    }
}

#[tokio::test]
async fn no_more_is_read_than_an_answer_needs() {
    let fits = |length: usize| {
        let start = r#"{"id":"77"}"#;
        Reply::json(200, &format!("{start}{}", " ".repeat(length - start.len())))
    };
    assert!(pushed(move || fits(GenericHttp::MAX_BODY)).await.is_ok());
    let failure = pushed(move || fits(GenericHttp::MAX_BODY + 1)).await.unwrap_err();
    assert_eq!(short(&failure), (RejectedOther, true));
    assert_eq!(failure.cause, "HTTP 200: the answer is too long");
    let failure = pushed(|| Reply::Endless).await.unwrap_err();
    assert_eq!(failure.cause, "HTTP 200: the answer is too long");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Shop::with(|| Reply::json(200, r#"{"id":"1"}"#)).await;
    for status in [301, 302, 303, 307, 308] {
        let location = elsewhere.url.clone();
        let reply = move || Reply::json(status, "").with("location", &location);
        let failure = pushed(reply).await.unwrap_err();
        assert_eq!(short(&failure), (RejectedOther, false));
        assert_eq!(failure.cause, format!("HTTP {status}: redirects are not followed"));
    }
    assert!(elsewhere.requests().is_empty());
}
