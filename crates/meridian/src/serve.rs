//! `meridian serve`.

use crate::compose::Composed;
use meridian::settings::{Grpc, Service, Settings};
use secrecy::ExposeSecret as _;
use std::{error::Error, fmt::Write as _, net::SocketAddr, time::Duration};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;
use tonic::transport::{Endpoint, Server, server::TcpIncoming};

/// Longest list of headers that a call may bring, in bytes.
const MAX_HEADERS: u32 = 16 * 1024;
/// After so many streams that a client opened and reset at once, its connection is closed.
const MAX_RESETS: usize = 200;
/// A connection that is silent for so long is asked whether it is still there.
const KEEPALIVE: Duration = Duration::from_secs(30);

type Fault = Box<dyn Error + Send + Sync>;
type Servers = JoinSet<Result<(), Fault>>;

pub async fn run(settings: Settings) -> Result<(), Box<dyn Error>> {
    let stop = CancellationToken::new();
    let bootstrap = settings.auth.bootstrap_token.as_ref().map(|token| token.expose_secret());
    let composed = Composed::new(&settings, &settings.serve.services, bootstrap).await?;
    let mut addresses = String::new();
    let mut servers = Servers::new();
    if serves_grpc(&settings.serve.services) {
        let address = grpc(&composed, &settings.grpc, &mut servers, stop.clone()).await?;
        write!(addresses, " grpc={address}")?;
    }
    if settings.serve.services.contains(&Service::Gateway) {
        let address = http(&composed, &settings, &mut servers, stop.clone()).await?;
        write!(addresses, " http={address}")?;
    }
    let stop_workers = CancellationToken::new();
    let workers = composed.start_workers(&settings, &settings.serve.workers, &stop_workers)?;
    println!("meridian ready{addresses}");

    let broke = until_told_to_stop(&mut servers).await;
    tracing::info!("shutting down");
    // Whoever watches the health sends no new calls, while those in flight go on.
    for service in SERVICE_NAMES {
        composed.health.set_service_status(*service, tonic_health::ServingStatus::NotServing).await;
    }
    stop.cancel();
    let grace = settings.serve.shutdown_grace;
    drain(servers, grace).await;
    stop_workers.cancel();
    for worker in workers {
        let _ = tokio::time::timeout(grace, worker).await;
    }
    broke
}

const SERVICE_NAMES: &[&str] = &[
    "",
    "meridian.orders.v1.OrderService",
    "meridian.refunds.v1.RefundService",
    "meridian.stores.v1.StoreService",
];

fn serves_grpc(services: &[Service]) -> bool {
    services.iter().any(|service| *service != Service::Gateway)
}

async fn grpc(
    composed: &Composed,
    settings: &Grpc,
    servers: &mut Servers,
    stop: CancellationToken,
) -> Result<SocketAddr, Box<dyn Error>> {
    let listener = TcpListener::bind(settings.listen).await?;
    let address = listener.local_addr()?;
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let server = Server::builder()
        .layer(composed.gate.clone())
        .max_concurrent_streams(settings.max_concurrent_streams)
        .http2_max_header_list_size(MAX_HEADERS)
        .http2_max_pending_accept_reset_streams(Some(MAX_RESETS))
        .http2_keepalive_interval(Some(KEEPALIVE))
        .http2_keepalive_timeout(Some(KEEPALIVE))
        .add_routes(composed.routes.clone())
        .serve_with_incoming_shutdown(incoming, async move { stop.cancelled().await });
    servers.spawn(async { Ok(server.await?) });
    Ok(address)
}

async fn http(
    composed: &Composed,
    settings: &Settings,
    servers: &mut Servers,
    stop: CancellationToken,
) -> Result<SocketAddr, Box<dyn Error>> {
    let router = match &settings.http.upstream {
        None => gateway::router(composed.services(), gateway::Options::default()),
        Some(upstream) => {
            let services = Endpoint::from_shared(upstream.clone())?.connect_lazy();
            gateway::router(services, gateway::Options::default())
        }
    };
    let listener = TcpListener::bind(settings.http.listen).await?;
    let address = listener.local_addr()?;
    let server =
        axum::serve(listener, router).with_graceful_shutdown(async move { stop.cancelled().await });
    servers.spawn(async { Ok(server.await?) });
    Ok(address)
}

/// Until SIGTERM or Ctrl-C, or until a server ends by itself, which it never should.
async fn until_told_to_stop(servers: &mut Servers) -> Result<(), Box<dyn Error>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
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
