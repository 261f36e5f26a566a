//! `meridian serve`.

use crate::{compose::Composed, incoming, system::SystemClock, upstream::Upstream};
use meridian::settings::{Certificates, Service, Settings};
use ports::Clock as _;
use sockets::{Limits, Listener, ServerTls};
use std::{error::Error, fmt::Write as _, net::SocketAddr, time::Duration};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;
use tonic::transport::{Endpoint, Server};

/// Headers that are read of a call, in bytes. The gate allows fewer, and has words for the refusal:
/// above this number the answer is a bare HTTP status, which gRPC clients show as UNKNOWN.
const MAX_HEADERS: u32 = 128 * 1024;
/// Headers of an answer of the services upstream that the gateway reads, in bytes.
const MAX_ANSWERED_HEADERS: u32 = 256 * 1024;
/// After so many streams that a client opened and reset at once, its connection is closed.
const MAX_RESETS: usize = 200;
/// After its grace a worker hands back what it holds; so much longer it may take.
const HANDING_BACK: Duration = Duration::from_secs(3);
/// A connection that is silent for so long is asked whether it is still there.
const KEEPALIVE: Duration = Duration::from_secs(30);

type Fault = Box<dyn Error + Send + Sync>;
type Servers = JoinSet<Result<(), Fault>>;

pub async fn run(settings: Settings) -> Result<(), Box<dyn Error>> {
    let stop = CancellationToken::new();
    let serve = &settings.serve;
    let mut addresses = String::new();
    let mut servers = Servers::new();
    let certificates = Certificates::open(&settings)?;
    certificates.keep_fresh(&settings);
    // A gateway alone needs no database: its services are elsewhere.
    let composed = if serves_grpc(&serve.services) || !serve.workers.is_empty() {
        let token =
            settings.auth.bootstrap_token.as_ref().map(secrecy::ExposeSecret::expose_secret);
        Some(Composed::new(&settings, &serve.services, token).await?)
    } else {
        None
    };
    if let Some(composed) = composed.as_ref().filter(|_| serves_grpc(&serve.services)) {
        let tls = certificates.grpc.clone();
        let address = grpc(composed, &settings, tls, &mut servers, stop.clone()).await?;
        write!(addresses, " grpc={address}")?;
    }
    if serve.services.contains(&Service::Gateway) {
        let composed = composed.as_ref();
        let address = http(composed, &settings, &certificates, &mut servers, stop.clone()).await?;
        write!(addresses, " http={address}")?;
    }
    if let Some(composed) = &composed {
        warn_without_fences(composed).await?;
    }
    let mut workers = Vec::new();
    let stop_workers = CancellationToken::new();
    if let Some(composed) = &composed {
        workers = composed.start_workers(&settings, &serve.workers, &stop_workers)?;
        workers.push(tokio::spawn(composed.watch_store(serve.services.clone(), stop.clone())));
        // As long as there may be leases.
        workers.push(tokio::spawn(composed.keep_time(stop_workers.clone())));
        workers.push(tokio::spawn(composed.follow_feed(stop_workers.clone())));
        workers.push(tokio::spawn(composed.follow_credentials(stop_workers.clone())));
        // Calls may come and be denied until the last of them is over.
        workers.push(tokio::spawn(composed.keep_visits(stop_workers.clone())));
    }
    // From the moment it says that it is ready, a signal to end is heard.
    let signals = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    println!("meridian ready{addresses}");

    let broke = until_told_to_stop(&mut servers, signals).await;
    tracing::info!("shutting down");
    stop.cancel();
    if let Some(composed) = &composed {
        composed.closing.cancel();
    }
    drain(servers, serve.shutdown_grace).await;
    stop_workers.cancel();
    let ended = async {
        for worker in workers {
            worker.await.ok();
        }
    };
    if tokio::time::timeout(serve.shutdown_grace + HANDING_BACK, ended).await.is_err() {
        tracing::warn!("a worker is cut off: what it holds is free again when its lease runs out");
    }
    broke
}

/// Whoever may go around row-level security does, and is not told by the database.
async fn warn_without_fences(composed: &Composed) -> Result<(), Box<dyn Error>> {
    if composed.store().goes_around_fences().await? {
        tracing::warn!(
            "the role in database.url is a superuser or has BYPASSRLS: row-level security does not \
             hold for it, and nothing but this program keeps stores apart"
        );
    }
    Ok(())
}

fn serves_grpc(services: &[Service]) -> bool {
    services.iter().any(|service| *service != Service::Gateway)
}

/// Everything but how many connections there may be is the same for both ports.
fn limits(settings: &Settings, connections: usize) -> Limits {
    let (handshakes, handshake_timeout) = (settings.tls.handshakes, settings.tls.handshake_timeout);
    Limits { connections, handshakes, handshake_timeout }
}

async fn grpc(
    composed: &Composed,
    settings: &Settings,
    tls: Option<ServerTls>,
    servers: &mut Servers,
    stop: CancellationToken,
) -> Result<SocketAddr, Box<dyn Error>> {
    let limits = limits(settings, settings.grpc.max_connections);
    let settings = &settings.grpc;
    let listener = Listener::bind("grpc", settings.listen, limits, tls).await?;
    let address = listener.address()?;
    let server = Server::builder()
        .layer(composed.gate.clone())
        .max_concurrent_streams(settings.max_concurrent_streams)
        .http2_max_header_list_size(MAX_HEADERS)
        .http2_max_pending_accept_reset_streams(Some(MAX_RESETS))
        .http2_keepalive_interval(Some(KEEPALIVE))
        .http2_keepalive_timeout(Some(KEEPALIVE))
        .add_routes(composed.routes.clone())
        .serve_with_incoming_shutdown(incoming::connections(listener), async move {
            stop.cancelled().await;
        });
    servers.spawn(async { Ok(server.await?) });
    Ok(address)
}

async fn http(
    composed: Option<&Composed>,
    settings: &Settings,
    certificates: &Certificates,
    servers: &mut Servers,
    stop: CancellationToken,
) -> Result<SocketAddr, Box<dyn Error>> {
    let options = gateway::Options::default();
    let router = match (&settings.http.upstream, composed) {
        (Some(upstream), _) => {
            // A connection on which a stream is only waited for says nothing when its other end is
            // gone: it is asked.
            let endpoint = Endpoint::from_shared(upstream.url.clone())?
                .http2_max_header_list_size(MAX_ANSWERED_HEADERS)
                .http2_keep_alive_interval(KEEPALIVE)
                .keep_alive_timeout(KEEPALIVE)
                .keep_alive_while_idle(true);
            with_console(Upstream::at(&endpoint, certificates.upstream.as_ref()), options)
        }
        (None, Some(composed)) => with_console(composed.services(), options),
        (None, None) => return Err("the gateway has no services: set http.upstream".into()),
    };
    let limits = limits(settings, settings.http.max_connections);
    let tls = certificates.http.clone();
    let listener = Listener::bind("http", settings.http.listen, limits, tls).await?;
    let address = listener.address()?;
    let limits = gateway::Limits::default();
    let stopped = async move { stop.cancelled().await };
    servers.spawn(async move { Ok(gateway::serve(listener, router, limits, stopped).await?) });
    Ok(address)
}

/// What callers and people are served over the same services.
fn with_console<S: gateway::Services>(services: S, options: gateway::Options) -> axum::Router {
    let pages = console::pages(services.clone(), || SystemClock.now());
    gateway::router_beside(services, options, pages)
}

/// Until SIGTERM or Ctrl-C, or until a server ends by itself, which it never should.
async fn until_told_to_stop(
    servers: &mut Servers,
    (mut terminate, mut interrupt): (Signal, Signal),
) -> Result<(), Box<dyn Error>> {
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
        Some(ended) = servers.join_next() => {
            let fault = ended.map_err(Fault::from).and_then(|ended| ended);
            Err(format!("a server ended: {fault:?}").into())
        }
    }
}

/// Lets calls in flight finish, but not for ever.
async fn drain(mut servers: Servers, grace: Duration) {
    let all = async {
        while let Some(ended) = servers.join_next().await {
            if let Err(fault) = ended.map_err(Fault::from).and_then(|ended| ended) {
                tracing::error!(error = fault, "a server ended badly");
            }
        }
    };
    if tokio::time::timeout(grace, all).await.is_err() {
        tracing::warn!("calls in flight are cut off");
        servers.shutdown().await;
    }
}
