use super::{adapter, case, patient, short};
use crate::shop::{Reply, Shop};
use domain::order::FailureClass::RejectedOther;
use handover::CallSettings;
use ports::StorefrontBackend as _;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex},
};

/// Answers something else each time, and the last for ever.
struct Fickle(Mutex<Vec<Vec<IpAddr>>>);

impl Fickle {
    fn answering(answers: &[&[&str]]) -> Arc<Self> {
        let parse = |answer: &&[&str]| answer.iter().map(|it| it.parse().unwrap()).collect();
        Arc::new(Self(Mutex::new(answers.iter().map(parse).collect())))
    }

    fn left(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

impl Resolve for Fickle {
    fn resolve(&self, _: Name) -> Resolving {
        let mut answers = self.0.lock().unwrap();
        let answer = if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() };
        let addresses = answer.into_iter().map(|address| SocketAddr::new(address, 0));
        Box::pin(async move { Ok(Box::new(addresses) as Addrs) })
    }
}

async fn shop() -> Shop {
    Shop::with(|| Reply::json(200, r#"{"id":"1"}"#)).await
}

#[tokio::test]
async fn a_private_address_is_refused_where_only_public_ones_may_be_called() {
    let shop = shop().await;
    let settings = CallSettings { private_networks: false, ..patient() };
    for host in ["127.0.0.1", "localhost", "127.1", "[::ffff:127.0.0.1]"] {
        let url = shop.url.replace("127.0.0.1", host);
        let failure = adapter(&settings).push(case(&url).push()).await.unwrap_err();
        assert_eq!(short(&failure), (RejectedOther, false), "{host}");
        assert_eq!(failure.cause, "the shop's address may not be called");
    }
    assert!(shop.requests().is_empty());
    assert!(adapter(&patient()).push(case(&shop.url).push()).await.is_ok());
}

#[tokio::test]
async fn an_address_that_is_no_shops_is_refused_always() {
    for host in ["169.254.169.254", "0.0.0.0", "224.0.0.1", "[fe80::1]", "[::]"] {
        let url = format!("http://{host}/orders");
        let failure = adapter(&patient()).push(case(&url).push()).await.unwrap_err();
        assert_eq!(failure.cause, "the shop's address may not be called", "{host}");
    }
}

#[tokio::test]
async fn a_name_is_judged_by_the_address_that_is_dialled() {
    let shop = shop().await;
    let port = shop.url.rsplit_once(':').unwrap().1;
    let url = format!("http://shop.example:{port}");
    // Were it asked once to judge and once to dial, it would lead the second time to where it
    // must not.
    let fickle = Fickle::answering(&[&["169.254.169.254", "127.0.0.1"], &["169.254.169.254"]]);
    let settings = CallSettings { resolver: Some(fickle.clone()), ..patient() };
    let adapter = adapter(&settings);
    assert!(adapter.push(case(&url).push()).await.is_ok());
    assert_eq!((fickle.left(), shop.requests().len()), (1, 1));
    let failure = adapter.push(case(&url).push()).await.unwrap_err();
    assert_eq!(short(&failure), (RejectedOther, false));
    assert_eq!(failure.cause, "the shop's address may not be called");
}

#[tokio::test]
async fn a_name_that_turns_private_is_refused() {
    let shop = shop().await;
    let port = shop.url.rsplit_once(':').unwrap().1;
    let url = format!("http://shop.example:{port}");
    let fickle = Fickle::answering(&[&["127.0.0.1", "10.0.0.1"], &["::1", "fd00::1"]]);
    let settings = CallSettings { private_networks: false, resolver: Some(fickle), ..patient() };
    let adapter = adapter(&settings);
    for _ in 0..2 {
        let failure = adapter.push(case(&url).push()).await.unwrap_err();
        assert_eq!(failure.cause, "the shop's address may not be called");
    }
    assert!(shop.requests().is_empty());
}

#[tokio::test]
async fn what_is_no_web_address_is_not_called() {
    for url in ["", "shop", "ftp://shop.example/", "file:///etc/passwd", "mailto:a@b", "http://"] {
        let failure = adapter(&patient()).push(case(url).push()).await.unwrap_err();
        assert_eq!(short(&failure), (RejectedOther, false), "{url}");
        let failure = adapter(&patient()).find(case(url).push()).await.unwrap_err();
        assert_eq!(short(&failure), (RejectedOther, true), "{url}");
    }
}
