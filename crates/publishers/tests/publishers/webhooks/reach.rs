use super::{failed, here, message, secrets, sent_to};
use crate::receiver::{Receiver, Reply};
use ports::WebhookSender as _;
use publishers::{StandardWebhooks, WebhookSettings};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};

/// Answers what it was told last, and counts how often it was asked.
#[derive(Default)]
struct Fickle(Mutex<(Vec<IpAddr>, u32)>);

impl Fickle {
    fn turn_to(&self, addresses: &[&str]) {
        let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
        self.0.lock().unwrap().0 = addresses;
    }

    fn asked(&self) -> u32 {
        self.0.lock().unwrap().1
    }
}

impl Resolve for Fickle {
    fn resolve(&self, _: Name) -> Resolving {
        let mut answer = self.0.lock().unwrap();
        answer.1 += 1;
        let addresses: Vec<_> =
            answer.0.iter().map(|&address| SocketAddr::new(address, 0)).collect();
        Box::pin(async move { Ok(Box::new(addresses.into_iter()) as Addrs) })
    }
}

const REFUSED: &str = "the URL's address may not be called";

#[tokio::test]
async fn an_address_in_the_url_is_refused_when_saved_and_when_dialled() {
    let receiver = Receiver::accepting().await;
    let port = receiver.port();
    let sender = StandardWebhooks::new(WebhookSettings::default());
    for host in [
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "2130706433",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:10.0.0.1]",
        "169.254.169.254",
        "10.0.0.1",
        "0.0.0.0",
    ] {
        let url = format!("https://{host}:{port}/hooks");
        assert_eq!(sender.check(&url), Err(REFUSED.to_owned()), "{host}");
        assert_eq!(sender.send(message(&url, &secrets())).await, failed(None, REFUSED), "{host}");
    }
    let plain = "the URL must begin with https://";
    assert_eq!(sender.check(&receiver.url), Err(plain.to_owned()));
    assert_eq!(sender.send(message(&receiver.url, &secrets())).await, failed(None, plain));
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn this_machine_is_called_where_that_is_allowed_and_private_networks_are_not() {
    let receiver = Receiver::accepting().await;
    let sender = StandardWebhooks::new(here());
    for host in ["127.0.0.1", "127.1", "0x7f.1", "localhost"] {
        let url = receiver.url.replace("127.0.0.1", host);
        assert_eq!(sender.check(&url), Ok(()));
        assert_eq!(sender.send(message(&url, &secrets())).await.status, Some(204), "{host}");
    }
    for url in ["https://10.0.0.1/", "https://[::ffff:10.0.0.1]/", "https://169.254.169.254/"] {
        assert_eq!(sender.send(message(url, &secrets())).await, failed(None, REFUSED), "{url}");
    }
}

#[tokio::test]
async fn a_name_that_turns_to_this_machine_is_never_dialled() {
    let receiver = Receiver::accepting().await;
    let url = format!("https://hooks.example:{}/", receiver.port());
    let fickle = Arc::new(Fickle::default());
    let settings = WebhookSettings {
        connect_timeout: Duration::from_millis(300),
        resolver: Some(fickle.clone()),
        ..WebhookSettings::default()
    };
    let sender = StandardWebhooks::new(settings.clone());
    let turns: [&[&str]; 4] =
        [&["127.0.0.1"], &["::1", "127.0.0.1"], &["::ffff:127.0.0.1"], &["127.0.0.1", "::1"]];
    for (tries, turn) in (1..=1_000).zip(turns.into_iter().cycle()) {
        // Whoever asked now would find nothing wrong with it.
        fickle.turn_to(&["1.1.1.1"]);
        assert_eq!(sender.check(&url), Ok(()));
        fickle.turn_to(turn);
        assert_eq!(sender.send(message(&url, &secrets())).await, failed(None, REFUSED));
        assert_eq!(fickle.asked(), tries, "the name is looked up once, by who dials");
    }
    assert_eq!(receiver.connections(), 0);

    // That they would have been counted is seen where this machine may be called.
    let open = StandardWebhooks::new(WebhookSettings { allow_loopback: true, ..settings });
    fickle.turn_to(&["127.0.0.1"]);
    let sent = open.send(message(&url, &secrets())).await;
    assert_eq!((sent.status, receiver.connections()), (None, 1));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Receiver::accepting().await;
    for status in [301, 302, 303, 307, 308] {
        let reply = Reply::status(status).with("location", &elsewhere.url);
        let receiver = Receiver::with(reply).await;
        let sent = sent_to(&receiver.url, here()).await;
        let why = format!("HTTP {status}: redirects are not followed");
        assert_eq!(sent, failed(Some(status), &why));
    }
    assert_eq!(elsewhere.connections(), 0);
}
