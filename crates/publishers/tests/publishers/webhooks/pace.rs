use super::{here, message, secrets};
use crate::receiver::Receiver;
use ports::WebhookSender as _;
use publishers::StandardWebhooks;
use std::{sync::Arc, time::Instant};
use testkit::scale;

/// Messages under way at a time.
const AT_ONCE: u64 = 16;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_messages_go_over_few_connections() {
    let each = scale::pick(100, 5_000);
    let receiver = Receiver::accepting().await;
    let (sender, url) = (Arc::new(StandardWebhooks::new(here())), receiver.url.clone());
    let began = Instant::now();
    let tasks: Vec<_> = (0..AT_ONCE)
        .map(|_| {
            let (sender, url, secrets) = (sender.clone(), url.clone(), secrets());
            tokio::spawn(async move {
                for _ in 0..each {
                    let sent = sender.send(message(&url, &secrets[..1])).await;
                    assert_eq!(sent.status, Some(204));
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let (count, took) = (AT_ONCE * each, began.elapsed());
    println!("{count} messages in {took:?}");
    assert_eq!(receiver.requests().len() as u64, count);
    assert!(receiver.connections() <= 2 * AT_ONCE, "{} connections", receiver.connections());
}
