use super::{answered, failed, here, secrets, sent_to};
use crate::receiver::{Receiver, Reply};
use ports::{Reception, Sent, WebhookSender as _};
use publishers::{StandardWebhooks, WebhookSettings};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

const SHORT: Duration = Duration::from_millis(300);

fn hurried() -> WebhookSettings {
    WebhookSettings { timeout: SHORT, ..here() }
}

#[test]
fn a_try_takes_15_seconds_at_most_and_3_to_connect() {
    let WebhookSettings { connect_timeout, timeout, allow_loopback, .. } =
        WebhookSettings::default();
    assert_eq!((connect_timeout, timeout), (Duration::from_secs(3), Duration::from_secs(15)));
    assert!(!allow_loopback);
}

#[tokio::test]
async fn an_endpoint_that_hangs_is_given_up() {
    let receiver = Receiver::with(Reply::Silence).await;
    let began = Instant::now();
    let sent = sent_to(&receiver.url, hurried()).await;
    assert_eq!(sent, failed(None, "the endpoint did not answer: it took too long"));
    assert!(began.elapsed() < SHORT * 5, "{:?}", began.elapsed());
    assert_eq!(receiver.requests().len(), 1);
}

#[tokio::test]
async fn an_answer_that_trickles_is_given_up() {
    let receiver = Receiver::with(Reply::Trickle(500)).await;
    let began = Instant::now();
    let sent = sent_to(&receiver.url, hurried()).await;
    assert_eq!(sent, failed(Some(500), "HTTP 500"));
    assert!(began.elapsed() < SHORT * 5, "{:?}", began.elapsed());
}

/// The status says it, and nobody waits for what comes after it.
#[tokio::test]
async fn what_follows_a_success_does_not_undo_it() {
    let long = Reply::status(200).with("x", &"y".repeat(40_000));
    let replies = [
        Reply::Endless(200),
        Reply::Trickle(200),
        Reply::Short(200),
        Reply::Sized(200, 1 << 30),
        long.saying("no"),
    ];
    for reply in replies {
        let receiver = Receiver::with(reply).await;
        let began = Instant::now();
        let sent = sent_to(&receiver.url, here()).await;
        assert_eq!(sent, Sent { status: Some(200), reception: Reception::Accepted });
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    }
}

#[tokio::test]
async fn a_lost_connection_is_a_failure() {
    for reply in [Reply::Cut, Reply::Reset] {
        let Sent { status, reception } = answered(reply).await;
        let Reception::Failed { why, .. } = reception else { panic!("nothing was said") };
        assert_eq!(status, None);
        assert!(why.starts_with("the endpoint did not answer: "), "{why}");
        assert!(!why.contains("127.0.0.1"), "{why}");
    }
    assert_eq!(answered(Reply::Short(500)).await, failed(Some(500), "HTTP 500"));
}

#[tokio::test]
async fn nobody_there_is_a_failure() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/hooks", listener.local_addr().unwrap());
    drop(listener);
    let Sent { status: None, reception: Reception::Failed { why, .. } } =
        sent_to(&url, here()).await
    else {
        panic!("nobody is there")
    };
    assert!(why.starts_with("the endpoint was not reached: "), "{why}");
    assert!(!why.contains("127.0.0.1"), "{why}");
}

#[tokio::test]
async fn an_endpoint_without_tls_is_not_reached_over_tls() {
    let receiver = Receiver::accepting().await;
    let url = receiver.url.replace("http:", "https:");
    let settings = WebhookSettings { connect_timeout: SHORT, ..here() };
    assert_eq!(sent_to(&url, settings).await.status, None);
    assert!(receiver.requests().is_empty());
}

#[tokio::test]
async fn no_more_than_64_kib_of_an_answer_is_read() {
    const GIB: u64 = 1 << 30;
    let accepted = Sent { status: Some(200), reception: Reception::Accepted };
    let failed = failed(Some(500), "HTTP 500");
    for (status, sent) in [(200, accepted), (500, failed)] {
        let over = Reply::Sized(status, 64 * 1024 + 1);
        for reply in [Reply::Sized(status, GIB), Reply::Endless(status), over] {
            let receiver = Receiver::with(reply).await;
            assert_eq!(sent_to(&receiver.url, here()).await, sent);
            // What the sockets of both sides held went out as well.
            assert!(receiver.written() < 32 << 20, "{} bytes were taken", receiver.written());
        }
    }
}

#[tokio::test]
async fn headers_without_end_are_not_read_to_the_end() {
    let receiver = Receiver::with(Reply::Headers).await;
    let sent = sent_to(&receiver.url, here()).await;
    assert_eq!(sent.status, None);
    assert!(receiver.written() < 32 << 20, "{} bytes were taken", receiver.written());
    let long = Reply::status(500).with("x", &"y".repeat(40_000));
    assert_eq!(answered(long.saying("no")).await, failed(Some(500), "HTTP 500"));
}

#[tokio::test]
async fn one_endpoint_that_hangs_delays_no_other() {
    let (deaf, good) = (Receiver::with(Reply::Silence).await, Receiver::accepting().await);
    let sender = StandardWebhooks::new(here());
    let secrets = secrets();
    let deaf = sender.send(super::message(&deaf.url, &secrets));
    let began = Instant::now();
    let good = async {
        let sent = sender.send(super::message(&good.url, &secrets)).await;
        (sent, began.elapsed())
    };
    tokio::select! {
        _ = deaf => panic!("it hangs for 15 s"),
        (sent, took) = good => {
            assert_eq!(sent.status, Some(204));
            assert!(took < Duration::from_secs(5), "{took:?}");
        }
    }
}
