mod endpoint;
mod outcome;
mod signature;

use async_trait::async_trait;
use outbound::{CallSettings, Caller, Head, Lost, Reach, limits};
use ports::{Outgoing, Sent, WebhookSender};
use reqwest::{
    Url,
    dns::Resolve,
    header::{CONTENT_TYPE, HeaderMap, HeaderValue},
};
use std::{fmt, sync::Arc, time::Duration};

/// How messages are sent.
#[derive(Clone)]
pub struct WebhookSettings {
    /// Until the connection stands, the look-up of the name and TLS included.
    pub connect_timeout: Duration,
    /// For one message as a whole, until its answer is read.
    pub timeout: Duration,
    /// Endpoints may be on this machine, and there without TLS. Private networks are never called.
    pub allow_loopback: bool,
    /// Instead of the machine's own. What it answers is held to the same rule.
    pub resolver: Option<Arc<dyn Resolve>>,
}

impl Default for WebhookSettings {
    fn default() -> Self {
        Self {
            connect_timeout: limits::CONNECT_TIMEOUT,
            timeout: limits::TIMEOUT,
            allow_loopback: false,
            resolver: None,
        }
    }
}

impl fmt::Debug for WebhookSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookSettings")
            .field("connect_timeout", &self.connect_timeout)
            .field("timeout", &self.timeout)
            .field("allow_loopback", &self.allow_loopback)
            .finish_non_exhaustive()
    }
}

/// Posts messages by the Standard Webhooks specification. One is enough for a whole process: it
/// keeps connections open for the next message.
///
/// Success is a status of 2xx, whatever follows it; 410 says that the endpoint is gone. Everything
/// else failed, a redirect among it.
#[derive(Debug)]
pub struct StandardWebhooks {
    caller: Caller,
    reach: Reach,
}

impl StandardWebhooks {
    /// Bytes that are read of an answer. Whoever says more has its connection closed.
    pub const MAX_BODY: usize = limits::MAX_BODY;
    /// Characters of an endpoint's URL.
    pub const MAX_URL: usize = 2_048;

    pub fn new(settings: WebhookSettings) -> Self {
        let WebhookSettings { connect_timeout, timeout, allow_loopback, resolver } = settings;
        let calls = CallSettings {
            connect_timeout,
            timeout,
            private_networks: false,
            loopback: allow_loopback,
            resolver,
        };
        Self { reach: calls.reach(), caller: Caller::new(calls, Self::MAX_BODY) }
    }

    async fn post(&self, url: Url, headers: HeaderMap, body: Vec<u8>) -> Result<Head, Lost> {
        let request = self.caller.client()?.post(url).headers(headers).body(body);
        self.caller.begin(request).await
    }
}

#[async_trait]
impl WebhookSender for StandardWebhooks {
    fn check(&self, url: &str) -> Result<(), String> {
        endpoint::parse(url, self.reach).map(drop).map_err(str::to_owned)
    }

    async fn send(&self, message: Outgoing<'_>) -> Sent {
        let ready =
            endpoint::parse(message.url, self.reach).and_then(|url| Ok((url, headers(&message)?)));
        let (url, headers) = match ready {
            Ok(ready) => ready,
            Err(why) => return outcome::unsent(why),
        };
        match self.post(url, headers, message.body.to_vec()).await {
            Ok(head) => match outcome::by_status(head.status) {
                Some(sent) => {
                    head.forget().await;
                    sent
                }
                None => outcome::of(&head.read().await, &message),
            },
            Err(lost) => outcome::lost(lost),
        }
    }
}

fn headers(message: &Outgoing<'_>) -> Result<HeaderMap, &'static str> {
    let mut headers = signature::headers(message)?;
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // A message goes out whether or not anybody can follow it.
    if let Some(trace) = message.trace.and_then(|trace| HeaderValue::from_str(trace).ok()) {
        headers.insert("traceparent", trace);
    }
    Ok(headers)
}
