//! `meridian.payments.v1.PaymentService`: how payment providers stand, and what they tell by
//! themselves.

mod to_wire;

use application::{Failure, NotTaken, Notices};
use grpc_kit::{Fields, admit_any, next_token, page, refusal, within_message};
use ports::{KeptNotice, NoticeKey, NoticePlace, PageRequest, Providers};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use telemetry::{KeyValue, metrics::Counter};
use time::OffsetDateTime;
use tonic::{Request, Response, Status};
use wire::payments::v1::{self as proto, payment_service_server::PaymentService};

const MAX_BODY: usize = 256 << 10;
const MAX_HEADERS: usize = 8;

#[derive(Clone)]
pub struct PaymentsGrpc {
    notices: Notices,
    providers: Providers,
    received: Counter<u64>,
}

/// Where a page of notices ended.
#[derive(Serialize, Deserialize)]
struct Place {
    taken_at: OffsetDateTime,
    provider: String,
    event_id: String,
}

impl PaymentsGrpc {
    pub fn new(notices: Notices, providers: Providers) -> Self {
        let received = telemetry::meter()
            .u64_counter("payment.notices")
            .with_description("Messages of payment providers, by provider and what came of them")
            .build();
        Self { notices, providers, received }
    }

    fn count(&self, provider: &str, outcome: &'static str) {
        let attributes = [
            KeyValue::new("payment.provider", provider.to_owned()),
            KeyValue::new("outcome", outcome),
        ];
        self.received.add(1, &attributes);
    }
}

#[tonic::async_trait]
impl PaymentService for PaymentsGrpc {
    async fn receive_notice(
        &self,
        request: Request<proto::ReceiveNoticeRequest>,
    ) -> Result<Response<proto::ReceiveNoticeResponse>, Status> {
        let proto::ReceiveNoticeRequest { provider, headers, body } = request.into_inner();
        let mut fields = Fields::new();
        if body.len() > MAX_BODY {
            fields.wrong("body", format!("must be at most {MAX_BODY} bytes"));
        }
        if headers.len() > MAX_HEADERS {
            fields.wrong("headers", format!("must be at most {MAX_HEADERS}"));
        }
        fields.finish()?;
        let headers: BTreeMap<_, _> = headers.into_iter().collect();
        let received = self.notices.receive(&provider, &headers, &body).await;
        // A name that is not configured is whatever somebody made up, and no attribute.
        match &received {
            Ok(received) => self.count(&provider, received.name()),
            Err(NotTaken::NotBelieved(_)) => self.count(&provider, "refused"),
            Err(NotTaken::UnknownProvider(_) | NotTaken::Store(_)) => {}
        }
        let taken = received.map_err(refused)?.is_new();
        Ok(Response::new(proto::ReceiveNoticeResponse { taken }))
    }

    async fn list_providers(
        &self,
        request: Request<proto::ListProvidersRequest>,
    ) -> Result<Response<proto::ListProvidersResponse>, Status> {
        admit_any(&request, "ListProviders")?;
        let providers = self.providers.iter();
        let providers = providers.map(|(name, it)| to_wire::provider(name, it.circuit())).collect();
        Ok(Response::new(proto::ListProvidersResponse { providers }))
    }

    async fn list_notices(
        &self,
        request: Request<proto::ListNoticesRequest>,
    ) -> Result<Response<proto::ListNoticesResponse>, Status> {
        admit_any(&request, "ListNotices")?;
        let message = request.into_inner();
        let list = proto::ListNoticesRequest::default();
        let mut fields = Fields::new();
        let page = page::<Place>(&mut fields, message.page_size, &message.page_token, &list);
        fields.finish()?;
        let page = PageRequest { size: page.size, after: page.after.map(NoticePlace::from) };
        let found = self.notices.open(page).await.map_err(|failure| refusal::of(&failure))?;
        let (notices, next) = within_message(found, to_wire::notice, KeptNotice::place);
        let next_page_token = next_token(next.map(Place::from), &list);
        Ok(Response::new(proto::ListNoticesResponse { notices, next_page_token }))
    }
}

impl From<Place> for NoticePlace {
    fn from(Place { taken_at, provider, event_id }: Place) -> Self {
        Self { taken_at, key: NoticeKey { provider, event_id } }
    }
}

impl From<NoticePlace> for Place {
    fn from(NoticePlace { taken_at, key }: NoticePlace) -> Self {
        Self { taken_at, provider: key.provider, event_id: key.event_id }
    }
}

fn refused(not: NotTaken) -> Status {
    match not {
        NotTaken::UnknownProvider(name) => refusal::unknown_provider(&name),
        NotTaken::NotBelieved(error) => {
            tracing::warn!(%error, "a message of a payment provider was refused");
            refusal::unsigned(&error.to_string())
        }
        NotTaken::Store(error) => refusal::of(&Failure::Store(error)),
    }
}
