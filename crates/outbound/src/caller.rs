//! One HTTP call, within limits.

use crate::{
    limits,
    reach::{Guard, OutOfReach, Reach},
    system::System,
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

/// How calls are made.
#[derive(Clone)]
pub struct CallSettings {
    /// Until the connection stands, the look-up of the name and TLS included.
    pub connect_timeout: Duration,
    /// For one call as a whole, until its answer is read.
    pub timeout: Duration,
    /// What may be dialled beside public addresses; see [`Reach`].
    pub private_networks: bool,
    pub loopback: bool,
    /// Instead of the machine's own. What it answers is held to the same rule.
    pub resolver: Option<Arc<dyn Resolve>>,
}

impl Default for CallSettings {
    fn default() -> Self {
        Self {
            connect_timeout: limits::CONNECT_TIMEOUT,
            timeout: limits::TIMEOUT,
            private_networks: false,
            loopback: false,
            resolver: None,
        }
    }
}

impl CallSettings {
    pub const fn reach(&self) -> Reach {
        Reach { private_networks: self.private_networks, loopback: self.loopback }
    }
}

impl fmt::Debug for CallSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallSettings")
            .field("connect_timeout", &self.connect_timeout)
            .field("timeout", &self.timeout)
            .field("reach", &self.reach())
            .finish_non_exhaustive()
    }
}

/// Makes calls. One is enough for a whole process: it keeps connections open for the next call.
#[derive(Debug)]
pub struct Caller {
    settings: CallSettings,
    /// Made for the first call: with the certificates that it trusts it takes megabytes.
    client: OnceLock<Result<Client, String>>,
    max_body: usize,
}

/// An answer whose body was not read.
#[derive(Debug)]
pub struct Head {
    pub status: StatusCode,
    pub headers: HeaderMap,
    response: Response,
    max_body: usize,
}

#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Body,
}

#[derive(Debug)]
pub enum Body {
    Whole(Vec<u8>),
    /// It, or what comes before it, is more than the caller reads; the connection was closed.
    TooLong,
    /// The connection or the time ended before the body did.
    BrokenOff,
}

/// There is no answer. The texts are plain and short and name no address.
#[derive(Debug)]
pub enum Lost {
    /// What the URL leads to may not be dialled; nothing was.
    OutOfReach,
    /// The URL or the request is none that can be sent; nothing was.
    Unsendable,
    /// No connection came to be, so that nothing was sent.
    NotSent(String),
    /// The request may have arrived.
    Unanswered(String),
}

impl Caller {
    /// Reads `max_body` bytes of an answer's body at most.
    pub const fn new(settings: CallSettings, max_body: usize) -> Self {
        Self { settings, client: OnceLock::new(), max_body }
    }

    /// What requests are made with that [`Self::send`] then sends.
    ///
    /// # Errors
    ///
    /// If TLS cannot be set up here.
    pub fn client(&self) -> Result<&Client, Lost> {
        let client = self.client.get_or_init(|| self.made().map_err(|error| error.to_string()));
        client.as_ref().map_err(|error| Lost::NotSent(error.clone()))
    }

    fn made(&self) -> reqwest::Result<Client> {
        let CallSettings { connect_timeout, timeout, resolver, .. } = &self.settings;
        let resolver = resolver.clone().unwrap_or_else(System::of_process);
        Client::builder()
            .connect_timeout(*connect_timeout)
            .timeout(*timeout)
            .dns_resolver(Arc::new(Guard { reach: self.settings.reach(), resolver }))
            .pool_max_idle_per_host(limits::MAX_IDLE)
            .pool_idle_timeout(limits::IDLE_TIMEOUT)
            // The limits of headers are those of HTTP/1.1.
            .http1_only()
            // A redirect could lead anywhere, and a proxy would dial for us.
            .redirect(redirect::Policy::none())
            .no_proxy()
            .user_agent("meridian")
            .build()
    }

    /// Makes one call and reads its answer.
    ///
    /// # Errors
    ///
    /// [`Lost`] if there is no answer.
    pub async fn send(&self, request: RequestBuilder) -> Result<Answer, Lost> {
        Ok(self.begin(request).await?.read().await)
    }

    /// Makes one call, and leaves it to the caller whether the answer's body is read.
    ///
    /// # Errors
    ///
    /// [`Lost`] if there is no answer.
    pub async fn begin(&self, request: RequestBuilder) -> Result<Head, Lost> {
        let request = request.build().map_err(|_| Lost::Unsendable)?;
        if !is_web(request.url()) {
            return Err(Lost::Unsendable);
        }
        if !self.settings.reach().allows_host(request.url()) {
            return Err(Lost::OutOfReach);
        }
        let mut response = self.client()?.execute(request).await.map_err(|error| lost(&error))?;
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        Ok(Head { status, headers, response, max_body: self.max_body })
    }
}

impl Head {
    pub async fn read(self) -> Answer {
        let Self { status, headers, response, max_body } = self;
        let body = match length(&headers) {
            ..=limits::MAX_HEADERS => read(response, max_body).await,
            _ => Body::TooLong,
        };
        Answer { status, headers, body }
    }

    /// Lets the body be. A short one ends at once, and its connection is used again; that of any
    /// other is closed.
    pub async fn forget(self) {
        tokio::time::timeout(limits::FORGET, self.read()).await.ok();
    }
}

fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

fn length(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum()
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
