mod link;
mod trouble;

use async_trait::async_trait;
use link::Link;
use ports::{PublishError, Published, Publisher};
use secrecy::SecretString;
use std::{fmt, path::PathBuf, time::Duration};
use tokio::{sync::Mutex, time};
use trouble::Trouble;

/// How events are published.
#[derive(Debug, Clone)]
pub struct NatsSettings {
    /// Servers of one cluster, with commas between them: `nats://host:4222`, or `tls://host:4222`
    /// for TLS. Without a user or a password: see `login`.
    pub servers: String,
    pub login: Option<Login>,
    /// Certificates in PEM to trust instead of the machine's own.
    pub root_certificates: Option<PathBuf>,
    /// The stream that keeps the events, made with the first of them if there is none. One that is
    /// there is used as it is.
    pub stream: String,
    /// For how long a stream that is made here knows an event again.
    pub duplicate_window: Duration,
    /// Until a connection stands, TLS included.
    pub connect_timeout: Duration,
    /// For a batch as a whole, until all of it is acknowledged.
    pub timeout: Duration,
}

/// Who publishes.
#[derive(Debug, Clone)]
pub struct Login {
    /// Without a user the secret is a token.
    pub user: Option<String>,
    pub secret: SecretString,
}

impl NatsSettings {
    /// Without a login, into the stream `MERIDIAN`.
    pub fn of(servers: impl Into<String>) -> Self {
        Self {
            servers: servers.into(),
            login: None,
            root_certificates: None,
            stream: "MERIDIAN".to_owned(),
            duplicate_window: Duration::from_mins(2),
            connect_timeout: Duration::from_secs(3),
            timeout: Duration::from_secs(10),
        }
    }
}

/// The settings name no server that can be connected to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UnusableServers(&'static str);

/// Whether servers can be understood, in words.
///
/// # Errors
///
/// What is wrong with them.
pub fn check_servers(servers: &str) -> Result<(), String> {
    link::servers(servers).map(drop).map_err(|error| error.to_string())
}

/// Publishes to a stream of NATS JetStream: an event to the subject `meridian.<store>.<type>`,
/// under its id as the message id, so that the stream keeps it once.
///
/// All of a batch is under way at a time, over one connection, and NATS takes what comes over a
/// connection in its order. So whatever is stored of a batch is its beginning, however it ends, and
/// the next try fills in the rest.
pub struct NatsJetStream {
    settings: NatsSettings,
    servers: Vec<async_nats::ServerAddr>,
    /// Made with the first batch, and anew after one that failed.
    link: Mutex<Option<Link>>,
}

impl NatsJetStream {
    /// Connects to nobody yet.
    ///
    /// # Errors
    ///
    /// If the settings name no server, or one that cannot be understood.
    pub fn new(settings: NatsSettings) -> Result<Self, UnusableServers> {
        let servers = link::servers(&settings.servers)?;
        Ok(Self { settings, servers, link: Mutex::new(None) })
    }

    async fn send(&self, events: &[Published<'_>]) -> Result<(), Trouble> {
        let standing = self.link.lock().await.clone().filter(Link::stands);
        if let Some(link) = standing {
            match link.send(events).await {
                // It may have ended since it was last used, or the stream on it.
                Err(trouble) if !trouble.is_refusal() => self.hang_up().await,
                sent => return sent,
            }
        }
        self.connected().await?.send(events).await
    }

    /// The link that stands, or a new one. Those who come meanwhile wait for it.
    async fn connected(&self) -> Result<Link, Trouble> {
        let mut link = self.link.lock().await;
        if let Some(link) = link.as_ref().filter(|link| link.stands()) {
            return Ok(link.clone());
        }
        Ok(link.insert(Link::connect(&self.servers, &self.settings).await?).clone())
    }

    async fn hang_up(&self) {
        self.link.lock().await.take();
    }
}

impl fmt::Debug for NatsJetStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsJetStream").field("settings", &self.settings).finish_non_exhaustive()
    }
}

#[async_trait]
impl Publisher for NatsJetStream {
    async fn publish(&self, events: &[Published<'_>]) -> Result<(), PublishError> {
        if events.is_empty() {
            return Ok(());
        }
        let limit = self.settings.timeout;
        let sent = time::timeout(limit, self.send(events)).await;
        let sent = sent.unwrap_or(Err(Trouble::TooLong(limit)));
        if sent.is_err() {
            self.hang_up().await;
        }
        Ok(sent?)
    }
}
