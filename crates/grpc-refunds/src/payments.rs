//! `meridian.payments.v1.PaymentService`: what payment providers tell by themselves.

use application::{Failure, NotTaken, Notices};
use grpc_kit::{Fields, refusal};
use ports::NoticeError;
use std::collections::BTreeMap;
use tonic::{Request, Response, Status};
use wire::payments::v1::{self as proto, payment_service_server::PaymentService};

const MAX_BODY: usize = 256 << 10;
const MAX_HEADERS: usize = 8;

#[derive(Clone)]
pub struct PaymentsGrpc {
    notices: Notices,
}

impl PaymentsGrpc {
    pub const fn new(notices: Notices) -> Self {
        Self { notices }
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
        let taken = self.notices.receive(&provider, &headers, &body).await;
        let taken = taken.map_err(refused)?;
        Ok(Response::new(proto::ReceiveNoticeResponse { taken }))
    }
}

fn refused(not: NotTaken) -> Status {
    match not {
        NotTaken::UnknownProvider(name) => refusal::unknown_provider(&name),
        NotTaken::Unread(error @ (NoticeError::Unsigned(_) | NoticeError::Untimely)) => {
            tracing::warn!(%error, "a message of a payment provider was refused");
            refusal::unsigned(&error.to_string())
        }
        NotTaken::Unread(error @ NoticeError::Unreadable(_)) => {
            tracing::warn!(%error, "a message of a payment provider was not understood");
            let mut fields = Fields::new();
            fields.wrong("body", error.to_string());
            fields.finish().err().unwrap_or_else(refusal::internal)
        }
        NotTaken::Store(error) => refusal::of(&Failure::Store(error)),
    }
}
