//! One connection, with a stream to publish to.

use super::{
    Login, NatsSettings, UnusableServers,
    trouble::{Told, Trouble},
};
use async_nats::{
    Auth, AuthError, ConnectOptions, ServerAddr,
    connection::State,
    header::{HeaderMap, HeaderValue, NATS_MESSAGE_ID},
    jetstream::{
        Context,
        context::{ContextBuilder, PublishAckFuture, PublishError},
        stream::{Config, StorageType},
    },
};
use ports::Published;
use secrecy::ExposeSecret as _;
use std::{
    future::{IntoFuture as _, ready},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// What every subject begins with.
const ROOT: &str = "meridian";

/// Between looks whether a server that says nothing is still there. The third without an answer
/// ends the connection.
const PING: Duration = Duration::from_secs(10);

#[derive(Clone)]
pub(super) struct Link(Context);

impl Link {
    pub(super) async fn connect(
        servers: &[ServerAddr],
        settings: &NatsSettings,
    ) -> Result<Self, Trouble> {
        let connected = Arc::new(AtomicBool::new(false));
        let client = options(servers.len(), settings, connected.clone())
            .connect(servers)
            .await
            .map_err(|error| Trouble::Connect(Told::of(error.kind(), &error)))?;
        connected.store(true, Ordering::SeqCst);
        let context = ContextBuilder::new().timeout(settings.timeout).build(client);
        let stream = Config {
            name: settings.stream.clone(),
            subjects: vec![format!("{ROOT}.>")],
            storage: StorageType::File,
            duplicate_window: settings.duplicate_window,
            ..Config::default()
        };
        let made = context.get_or_create_stream(stream).await;
        made.map_err(|error| Trouble::Stream(Told::of(error.kind(), &error)))?;
        Ok(Self(context))
    }

    pub(super) fn stands(&self) -> bool {
        self.0.client().connection_state() == State::Connected
    }

    /// Sends all, and then waits for all to be acknowledged. Nothing is sent behind one that could
    /// not be.
    pub(super) async fn send(&self, events: &[Published<'_>]) -> Result<(), Trouble> {
        let lost = |event: &Published<'_>, error: PublishError| {
            Trouble::Event(event.event_id, Told::of(error.kind(), &error))
        };
        let mut acknowledgements = Vec::with_capacity(events.len());
        for event in events {
            let sent = self.send_one(event).await;
            acknowledgements.push((event, sent.map_err(|error| lost(event, error))?));
        }
        for (event, acknowledgement) in acknowledgements {
            let stored = acknowledgement.into_future().await;
            stored.map_err(|error| lost(event, error))?;
        }
        Ok(())
    }

    async fn send_one(&self, event: &Published<'_>) -> Result<PublishAckFuture, PublishError> {
        let mut headers = HeaderMap::new();
        headers.insert(NATS_MESSAGE_ID, event.event_id.to_string());
        // An event goes out whether or not anybody can follow it.
        if let Some(trace) = event.trace.and_then(|trace| trace.parse::<HeaderValue>().ok()) {
            headers.insert("traceparent", trace);
        }
        let subject = format!("{ROOT}.{}.{}", event.store_id, event.kind);
        self.0.publish_with_headers(subject, headers, event.body.to_vec().into()).await
    }
}

/// Once it was connected, a link that is lost stays lost: the library would make a new connection
/// by itself and send over it what it still has of a batch, behind a gap that the old one left. So
/// nobody is let in a second time, and the tries end after one to each server.
fn options(servers: usize, settings: &NatsSettings, connected: Arc<AtomicBool>) -> ConnectOptions {
    let auth = auth(settings.login.as_ref());
    let options = ConnectOptions::with_auth_callback(move |_| {
        let lost = connected.load(Ordering::SeqCst);
        ready(if lost {
            Err(AuthError::new("the connection was lost, and the next batch makes a new one"))
        } else {
            Ok(auth.clone())
        })
    })
    .name("meridian")
    .connection_timeout(settings.connect_timeout)
    .ping_interval(PING)
    .ignore_discovered_servers()
    .max_reconnects(servers);
    match &settings.root_certificates {
        Some(certificates) => options.add_root_certificates(certificates.clone()),
        None => options,
    }
}

fn auth(login: Option<&Login>) -> Auth {
    let mut auth = Auth::new();
    if let Some(Login { user, secret }) = login {
        let secret = Some(secret.expose_secret().to_owned());
        auth.username.clone_from(user);
        *(if user.is_some() { &mut auth.password } else { &mut auth.token }) = secret;
    }
    auth
}

pub(super) fn servers(text: &str) -> Result<Vec<ServerAddr>, UnusableServers> {
    let servers = text.split(',').map(str::trim);
    servers.map(server).collect()
}

fn server(text: &str) -> Result<ServerAddr, UnusableServers> {
    if !["nats://", "tls://"].iter().any(|scheme| text.starts_with(scheme)) {
        return Err(UnusableServers("a server must begin with nats:// or tls://"));
    }
    let server: ServerAddr =
        text.parse().map_err(|_| UnusableServers("a server's URL cannot be read"))?;
    if server.host().is_empty() {
        return Err(UnusableServers("a server's URL cannot be read"));
    }
    // A URL is shown in places where a secret is not.
    if server.username().is_some() || server.password().is_some() {
        return Err(UnusableServers("a server's URL must not contain a user or a password"));
    }
    Ok(server)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_named_with_their_scheme_and_without_secrets() {
        let read = |text: &str| servers(text).map(|servers| servers.len());
        assert_eq!(read("nats://localhost"), Ok(1));
        assert_eq!(read("tls://a.example:4222, tls://b.example:4222"), Ok(2));
        for (text, why) in [
            ("", "a server must begin with nats:// or tls://"),
            ("localhost:4222", "a server must begin with nats:// or tls://"),
            ("ws://localhost:4222", "a server must begin with nats:// or tls://"),
            ("nats://a,", "a server must begin with nats:// or tls://"),
            ("nats://", "a server's URL cannot be read"),
            ("nats://a:x", "a server's URL cannot be read"),
            ("nats://me:pw@a", "a server's URL must not contain a user or a password"),
            ("nats://me@a", "a server's URL must not contain a user or a password"),
        ] {
            assert_eq!(read(text), Err(UnusableServers(why)), "{text}");
        }
    }
}
