use crate::{
    connection::{Connection, Place, Stream},
    tls::ServerTls,
};
use socket2::{SockRef, TcpKeepalive};
use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use telemetry::{
    KeyValue,
    metrics::{Counter, UpDownCounter},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
    time::{sleep, timeout},
};

/// A connection that is silent for so long is asked whether it is still there.
const KEEPALIVE: Duration = Duration::from_secs(30);
/// How long nothing is accepted after accepting failed, as for want of file descriptors.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at the same time, those whose handshake goes on among them. One more is closed as
    /// soon as it is there.
    pub connections: usize,
    /// Handshakes at the same time; one more is closed alike.
    pub handshakes: usize,
    /// How long one may take.
    pub handshake_timeout: Duration,
}

/// Takes connections, over TLS if it has a certificate.
pub struct Listener {
    name: &'static str,
    tcp: TcpListener,
    tls: Option<ServerTls>,
    limits: Limits,
    places: Arc<Semaphore>,
    handshakes: JoinSet<Option<Connection>>,
    open: UpDownCounter<i64>,
    refused: Counter<u64>,
}

impl Listener {
    /// `name` is what it is called where it is counted.
    ///
    /// # Errors
    ///
    /// If the address cannot be listened at.
    pub async fn bind(
        name: &'static str,
        address: SocketAddr,
        limits: Limits,
        tls: Option<ServerTls>,
    ) -> io::Result<Self> {
        let meter = telemetry::meter();
        Ok(Self {
            name,
            tcp: TcpListener::bind(address).await?,
            tls,
            limits,
            places: Arc::new(Semaphore::new(limits.connections)),
            handshakes: JoinSet::new(),
            open: meter
                .i64_up_down_counter("server.connections")
                .with_description("Connections that are open, by listener")
                .build(),
            refused: meter
                .u64_counter("server.connections.refused")
                .with_description("Connections that were closed unheard, by listener and reason")
                .build(),
        })
    }

    /// # Errors
    ///
    /// If the system does not tell.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }

    /// The next connection over which something can be said. Nothing is lost if this is dropped
    /// before it has one.
    pub async fn accept(&mut self) -> Connection {
        loop {
            tokio::select! {
                Some(shaken) = self.handshakes.join_next() => {
                    if let Ok(Some(connection)) = shaken {
                        return connection;
                    }
                }
                accepted = self.tcp.accept() => match accepted {
                    Ok((stream, peer)) => {
                        if let Some(connection) = self.take(stream, peer.ip()) {
                            return connection;
                        }
                    }
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be accepted");
                        sleep(ACCEPT_AGAIN).await;
                    }
                },
            }
        }
    }

    /// Nothing if there is no place for it, or a handshake to be made first.
    fn take(&mut self, stream: TcpStream, peer: IpAddr) -> Option<Connection> {
        let Ok(permit) = Arc::clone(&self.places).try_acquire_owned() else {
            self.count_refused("connections");
            return None;
        };
        let place = Place::new(permit, self.open.clone(), self.name);
        prepare(&stream);
        let Some(tls) = self.tls.clone() else {
            return Some(Connection::new(Stream::Plain(stream), peer, place));
        };
        if self.handshakes.len() >= self.limits.handshakes {
            self.count_refused("handshakes");
            return None;
        }
        let (refused, name) = (self.refused.clone(), self.name);
        let patience = self.limits.handshake_timeout;
        self.handshakes.spawn(async move {
            let shaken = timeout(patience, tls.accept(stream)).await;
            match shaken.unwrap_or_else(|late| Err(late.into())) {
                Ok(stream) => Some(Connection::new(Stream::Tls(Box::new(stream)), peer, place)),
                Err(error) => {
                    tracing::debug!(%error, listener = name, "a handshake failed");
                    count_refused(&refused, name, "handshake");
                    None
                }
            }
        });
        None
    }

    fn count_refused(&self, reason: &'static str) {
        tracing::debug!(listener = self.name, reason, "one connection too many was closed");
        count_refused(&self.refused, self.name, reason);
    }
}

fn count_refused(refused: &Counter<u64>, listener: &'static str, reason: &'static str) {
    refused.add(1, &[KeyValue::new("listener", listener), KeyValue::new("reason", reason)]);
}

fn prepare(stream: &TcpStream) {
    // Answers are written whole; waiting to fill a packet only delays them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection keeps its delay");
    }
    // HTTP/1 does not ask a reader whether it is still there, nor does a handshake.
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE / 3);
    if let Err(error) = SockRef::from(stream).set_tcp_keepalive(&keepalive.with_retries(3)) {
        tracing::debug!(%error, "a connection is not asked whether it is still there");
    }
}
