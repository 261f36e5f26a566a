//! gRPC clients over the network.

use super::PLATFORM;
use http::Uri;
use hyper_util::rt::TokioIo;
use sockets::ClientTls;
use std::{net::SocketAddr, time::Duration};
use tokio::net::TcpStream;
use tonic::{
    Request, Status,
    codegen::StdError,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::{Channel, Endpoint},
};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tower::service_fn;
use wire::{
    orders::v1::order_service_client::OrderServiceClient,
    refunds::v1::refund_service_client::RefundServiceClient,
};

/// One connection as one caller.
#[derive(Debug, Clone)]
pub struct Grpc {
    channel: Channel,
    bearer: Bearer,
}

fn endpoint(address: SocketAddr) -> Endpoint {
    let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
    endpoint.connect_timeout(Duration::from_secs(10))
}

pub type Called = InterceptedService<Channel, Bearer>;

impl Grpc {
    pub async fn to(address: SocketAddr, token: &str) -> Self {
        Self::over(endpoint(address), token).await
    }

    /// The same, but of each answer no more than 16 KiB are under way that nobody has read.
    pub async fn narrow(address: SocketAddr, token: &str) -> Self {
        Self::over(endpoint(address).initial_stream_window_size(16 << 10), token).await
    }

    /// The same, or why there is no connection.
    pub async fn try_to(address: SocketAddr, token: &str) -> Result<Self, StdError> {
        let grpc = Self { channel: endpoint(address).connect().await?, bearer: Bearer::of(token) };
        // Only an answer shows that there is one.
        HealthClient::new(grpc.channel.clone()).check(HealthCheckRequest::default()).await?;
        Ok(grpc)
    }

    /// The same over TLS.
    pub async fn over_tls(
        address: SocketAddr,
        token: &str,
        tls: &ClientTls,
    ) -> Result<Self, StdError> {
        let tls = tls.clone();
        let connector = service_fn(move |uri: Uri| {
            let tls = tls.clone();
            async move {
                let stream = TcpStream::connect(uri.authority().unwrap().as_str()).await?;
                tls.connect(uri.host().unwrap(), stream).await.map(TokioIo::new)
            }
        });
        let channel = endpoint(address).connect_with_connector(connector).await?;
        Ok(Self { channel, bearer: Bearer::of(token) })
    }

    async fn over(endpoint: Endpoint, token: &str) -> Self {
        let channel = endpoint.connect().await.unwrap();
        Self { channel, bearer: Bearer::of(token) }
    }

    /// The same connection as another caller.
    pub fn token(&self, secret: &str) -> Self {
        Self { channel: self.channel.clone(), bearer: Bearer::of(secret) }
    }

    /// The same connection as nobody.
    pub fn anonymous(&self) -> Self {
        Self { channel: self.channel.clone(), bearer: Bearer(None) }
    }

    /// For services that ask nobody who they are.
    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }

    pub fn orders(&self) -> OrderServiceClient<Called> {
        OrderServiceClient::new(self.called())
    }

    pub fn refunds(&self) -> RefundServiceClient<Called> {
        RefundServiceClient::new(self.called())
    }

    /// For calls that no client of the contract makes.
    pub fn called(&self) -> Called {
        InterceptedService::new(self.channel.clone(), self.bearer.clone())
    }
}

/// Says who calls.
#[derive(Debug, Clone)]
pub struct Bearer(Option<MetadataValue<Ascii>>);

impl Bearer {
    fn of(secret: &str) -> Self {
        Self(Some(format!("Bearer {secret}").parse().unwrap()))
    }
}

impl Default for Bearer {
    fn default() -> Self {
        Self::of(PLATFORM)
    }
}

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(bearer) = &self.0 {
            request.metadata_mut().insert("authorization", bearer.clone());
        }
        Ok(request)
    }
}

/// The stable reason of a refusal, which its message begins with too.
#[track_caller]
pub fn reason_of(status: &Status) -> String {
    use tonic_types::StatusExt as _;
    let details = status.get_error_details();
    let reason = details.error_info().map(|info| info.reason.clone());
    let reason = reason.unwrap_or_else(|| panic!("a refusal without a reason: {status:?}"));
    assert!(status.message().starts_with(&format!("{reason}: ")), "{status:?}");
    reason
}
