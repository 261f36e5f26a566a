//! Calling the services from a command of this very program: the same gate, the same rules, no
//! network.

use crate::{
    compose::{Composed, Services},
    system::SystemIds,
};
use meridian::settings::{Service, Settings};
use ports::Ids as _;
use std::{error::Error, fmt::Write as _};
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
};
use wire::{
    cancellations::v1::cancellation_service_client::CancellationServiceClient,
    events::v1::event_service_client::EventServiceClient,
    orders::v1::order_service_client::OrderServiceClient,
    refunds::v1::refund_service_client::RefundServiceClient,
    stores::v1::store_service_client::StoreServiceClient,
};

const SERVICES: &[Service] =
    &[Service::Orders, Service::Refunds, Service::Cancellations, Service::Merchants];

/// The platform's own desk, with a token that lives as long as this process.
pub struct Desk {
    pub composed: Composed,
    authorization: MetadataValue<Ascii>,
}

pub type Called = InterceptedService<Services, Authorize>;

impl Desk {
    pub async fn open(settings: &Settings) -> Result<Self, Box<dyn Error>> {
        let secret = SystemIds.secret().iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
        let composed = Composed::new(settings, SERVICES, Some(&secret)).await?;
        let authorization = format!("Bearer {secret}").parse()?;
        Ok(Self { composed, authorization })
    }

    pub fn orders(&self) -> OrderServiceClient<Called> {
        OrderServiceClient::new(self.called())
    }

    pub fn refunds(&self) -> RefundServiceClient<Called> {
        RefundServiceClient::new(self.called())
    }

    pub fn cancellations(&self) -> CancellationServiceClient<Called> {
        CancellationServiceClient::new(self.called())
    }

    pub fn stores(&self) -> StoreServiceClient<Called> {
        StoreServiceClient::new(self.called())
    }

    pub fn events(&self) -> EventServiceClient<Called> {
        EventServiceClient::new(self.called())
    }

    fn called(&self) -> Called {
        let authorize = Authorize(self.authorization.clone());
        InterceptedService::new(self.composed.services(), authorize)
    }
}

#[derive(Clone)]
pub struct Authorize(MetadataValue<Ascii>);

impl Interceptor for Authorize {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}
