//! One HTTP call to a shop, within limits.

use crate::{
    reach::{Guard, OutOfReach, Reach, System},
    wording,
};
use reqwest::{
    Client, RequestBuilder, Response, StatusCode, Url, dns::Resolve, header::HeaderMap, redirect,
};
use std::{
    error::Error,
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};

/// How shops are called.
#[derive(Clone)]
pub struct CallSettings {
    /// Until the connection stands, TLS included.
    pub connect_timeout: Duration,
    /// For one call as a whole, until its answer is read.
    pub timeout: Duration,
    /// Shops may have addresses that are not public. Some are refused in any case: where clouds
    /// keep their machines' credentials, link-local, unspecified and multicast ones.
    pub private_networks: bool,
    /// Instead of the machine's own. What it answers is held to the same rule.
    pub resolver: Option<Arc<dyn Resolve>>,
}

impl Default for CallSettings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(3),
            timeout: Duration::from_secs(15),
            private_networks: false,
            resolver: None,
        }
    }
}

impl fmt::Debug for CallSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallSettings")
            .field("connect_timeout", &self.connect_timeout)
            .field("timeout", &self.timeout)
            .field("private_networks", &self.private_networks)
            .finish_non_exhaustive()
    }
}

#[derive(Debug)]
pub(crate) struct Caller {
    settings: CallSettings,
    /// Made for the first call: with the certificates that it trusts it takes megabytes.
    client: OnceLock<Result<Client, String>>,
    reach: Reach,
    /// Bytes that are read of an answer.
    max_body: usize,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Body,
}

#[derive(Debug)]
pub(crate) enum Body {
    Whole(Vec<u8>),
    TooLong,
    BrokenOff,
}

/// There is no answer.
#[derive(Debug)]
pub(crate) enum Lost {
    OutOfReach,
    Unsendable,
    NotSent(String),
    Unanswered(String),
}

impl Caller {
    pub(crate) fn new(settings: CallSettings, max_body: usize) -> Self {
        let reach = Reach { private_networks: settings.private_networks };
        Self { settings, client: OnceLock::new(), reach, max_body }
    }

    pub(crate) fn client(&self) -> Result<&Client, Lost> {
        let client = self.client.get_or_init(|| self.made().map_err(|error| error.to_string()));
        client.as_ref().map_err(|error| Lost::NotSent(error.clone()))
    }

    fn made(&self) -> reqwest::Result<Client> {
        let CallSettings { connect_timeout, timeout, resolver, .. } = &self.settings;
        let resolver = resolver.clone().unwrap_or_else(|| Arc::new(System));
        Client::builder()
            .connect_timeout(*connect_timeout)
            .timeout(*timeout)
            .dns_resolver(Arc::new(Guard { reach: self.reach, resolver }))
            // A redirect could lead anywhere, and a proxy would dial for us.
            .redirect(redirect::Policy::none())
            .no_proxy()
            .user_agent("meridian")
            .build()
    }

    pub(crate) async fn send(&self, request: RequestBuilder) -> Result<Answer, Lost> {
        let request = request.build().map_err(|_| Lost::Unsendable)?;
        if !is_web(request.url()) {
            return Err(Lost::Unsendable);
        }
        if !self.reach.allows_host(request.url()) {
            return Err(Lost::OutOfReach);
        }
        let mut response = self.client()?.execute(request).await.map_err(|error| lost(&error))?;
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        Ok(Answer { status, headers, body: read(response, self.max_body).await })
    }
}

fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

async fn read(mut response: Response, max: usize) -> Body {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > max => {
                return Body::TooLong;
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Body::Whole(body),
            Err(_) => return Body::BrokenOff,
        }
    }
}

fn lost(error: &reqwest::Error) -> Lost {
    let mut chain = std::iter::successors(Some(error as &dyn Error), |&error| error.source());
    if chain.any(<dyn Error>::is::<OutOfReach>) {
        return Lost::OutOfReach;
    }
    if error.is_builder() {
        return Lost::Unsendable;
    }
    let why = why(error);
    if error.is_connect() { Lost::NotSent(why) } else { Lost::Unanswered(why) }
}

/// The bottom of the chain: what lies above it repeats the URL, which may hold a secret.
fn why(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "it took too long".to_owned();
    }
    let bottom = std::iter::successors(error.source(), |&error| error.source()).last();
    bottom
        .map_or_else(|| "the call failed".to_owned(), |bottom| wording::plain(&bottom.to_string()))
}
