//! Messages to endpoints, over real sockets.

mod answers;
mod limits;
mod pace;
mod reach;
mod requests;
mod verified;

use crate::receiver::{Receiver, Reply};
use ports::{Outgoing, Reception, Sent, WebhookSender as _};
use publishers::{StandardWebhooks, WebhookSettings};
use time::{OffsetDateTime, macros::datetime};

const NOON: OffsetDateTime = datetime!(2025-03-01 12:00 UTC);
const BODY: &str = r#"{"type":"refund.succeeded","data":{"note":"ä"}}"#;
const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// Base64 of "a key of thirty-two plain bytes!" and of "another key, of the same length..".
fn secrets() -> Vec<String> {
    vec![
        "whsec_YSBrZXkgb2YgdGhpcnR5LXR3byBwbGFpbiBieXRlcyE=".to_owned(),
        "whsec_YW5vdGhlciBrZXksIG9mIHRoZSBzYW1lIGxlbmd0aC4u".to_owned(),
    ]
}

fn message<'m>(url: &'m str, secrets: &'m [String]) -> Outgoing<'m> {
    Outgoing {
        url,
        secrets,
        message_id: "evt_1",
        at: NOON,
        body: BODY.as_bytes(),
        trace: Some(TRACE),
    }
}

fn here() -> WebhookSettings {
    WebhookSettings { allow_loopback: true, ..WebhookSettings::default() }
}

async fn sent_to(url: &str, settings: WebhookSettings) -> Sent {
    StandardWebhooks::new(settings).send(message(url, &secrets()[..1])).await
}

async fn answered(reply: Reply) -> Sent {
    sent_to(&Receiver::with(reply).await.url, here()).await
}

fn failed(status: Option<u16>, why: &str) -> Sent {
    Sent { status, reception: Reception::Failed { why: why.to_owned(), retry_after: None } }
}
