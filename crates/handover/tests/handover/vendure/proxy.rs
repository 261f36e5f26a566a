//! Stands before the shop and loses what a test wants lost.

use crate::shop::{Reply, Request, Shop};
use std::sync::atomic::{AtomicUsize, Ordering};
use testkit::vendure::Server;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// The shop never hears of the call.
    OfTheCall,
    /// The shop does what it was called for, and nobody hears of it.
    OfTheAnswer,
}

/// `rule` is told the call's number, counted from 0.
pub async fn before(
    server: &Server,
    rule: impl Fn(usize, &Request) -> Option<Loss> + Send + Sync + 'static,
) -> Shop {
    let (client, url) = (reqwest::Client::new(), server.url.clone());
    let calls = AtomicUsize::new(0);
    Shop::that(move |request| {
        let (client, url) = (client.clone(), url.clone());
        let loss = rule(calls.fetch_add(1, Ordering::SeqCst), &request);
        Box::pin(async move {
            if loss == Some(Loss::OfTheCall) {
                return Reply::Cut;
            }
            let reply = forward(&client, &url, request).await;
            if loss == Some(Loss::OfTheAnswer) { Reply::Cut } else { reply }
        })
    })
    .await
}

async fn forward(client: &reqwest::Client, url: &str, request: Request) -> Reply {
    let mut forwarded = client.post(url);
    for name in ["content-type", "authorization"] {
        if let Some(value) = request.header(name) {
            forwarded = forwarded.header(name, value);
        }
    }
    let answer = forwarded.body(request.body).send().await.unwrap();
    let status = answer.status().as_u16();
    let token = answer.headers().get("vendure-auth-token").cloned();
    let reply = Reply::json(status, &answer.text().await.unwrap());
    match token {
        Some(token) => reply.with("vendure-auth-token", token.to_str().unwrap()),
        None => reply,
    }
}
