use super::{BODY, TRACE, failed, here, message, secrets};
use crate::receiver::Receiver;
use ports::{Outgoing, WebhookSender as _};
use publishers::StandardWebhooks;

#[tokio::test]
async fn a_message_is_posted_as_it_is_with_the_headers_of_the_specification() {
    let receiver = Receiver::accepting().await;
    let url = format!("{}?store=7", receiver.url);
    StandardWebhooks::new(here()).send(message(&url, &secrets())).await;
    let [request] = receiver.requests().try_into().unwrap();
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/hooks?store=7"));
    assert_eq!(request.body, BODY.as_bytes());
    for (name, value) in [
        ("webhook-id", "evt_1"),
        ("webhook-timestamp", "1740830400"),
        ("content-type", "application/json"),
        ("user-agent", "meridian"),
        ("traceparent", TRACE),
    ] {
        assert_eq!(request.header(name), Some(value), "{name}");
    }
    let signatures: Vec<_> = request.header("webhook-signature").unwrap().split(' ').collect();
    assert_eq!(signatures.len(), 2);
    assert!(signatures.iter().all(|signature| signature.starts_with("v1,")));
    assert_eq!(request.header("accept-encoding"), None);
}

#[tokio::test]
async fn a_message_goes_out_without_a_trace_if_there_is_none() {
    let receiver = Receiver::accepting().await;
    let secrets = secrets();
    for trace in [None, Some("a\nb")] {
        let message = Outgoing { trace, ..message(&receiver.url, &secrets) };
        assert_eq!(StandardWebhooks::new(here()).send(message).await.status, Some(204));
    }
    assert!(receiver.requests().iter().all(|request| request.header("traceparent").is_none()));
}

#[tokio::test]
async fn nothing_is_sent_that_is_not_signed() {
    let receiver = Receiver::accepting().await;
    let sender = StandardWebhooks::new(here());
    let no_key = "the endpoint's secret is no signing key; expected whsec_ and then base64";
    let good = secrets()[0].clone();
    for (secrets, why) in [
        (vec![], "the endpoint has no secret to sign with"),
        (vec![String::new()], no_key),
        (vec!["whsec_".to_owned()], no_key),
        (vec!["whsec_not base64".to_owned()], no_key),
        (vec![good.trim_start_matches("whsec_").to_owned()], no_key),
        (vec![good.clone(), "whsec_".to_owned()], no_key),
    ] {
        let sent = sender.send(message(&receiver.url, &secrets)).await;
        assert_eq!(sent, failed(None, why));
    }
    let secrets = [good];
    for broken in [
        Outgoing { body: &[0xff], ..message(&receiver.url, &secrets) },
        Outgoing { message_id: "a\nb", ..message(&receiver.url, &secrets) },
    ] {
        assert_eq!(sender.send(broken).await.status, None);
    }
    assert_eq!(receiver.connections(), 0);
}
