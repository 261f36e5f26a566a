//! `meridian.cancellations.v1.CancellationService`: parse, run the use case, render.

mod from_wire;
mod to_wire;

use application::{Cancellations, Failure, Look, Missing, On, Request as Command};
use domain::{cancellation::Cancellation, id::CancellationId, order::Order};
use grpc_kit::{
    Admitted, Fields, MAX_COMMENT, admit, fingerprint, next_token, page, read_answer, refusal,
    to_its_end, within_message,
};
use prost::Message;
use tonic::{Request, Response, Status};
use wire::cancellations::v1::{self as proto, cancellation_service_server::CancellationService};

#[derive(Clone)]
pub struct CancellationsGrpc {
    cancellations: Cancellations,
}

impl CancellationsGrpc {
    pub const fn new(cancellations: Cancellations) -> Self {
        Self { cancellations }
    }
}

/// The calls that change something: admit, read the request id and the fields, run the use case
/// to its end, and answer the cancellation.
macro_rules! command {
    ($this:ident, $request:ident, $method:literal, $response:ident,
     |$fields:ident, $message:ident| $read:expr,
     |$cancellations:ident, $on:ident, $content:ident, $parts:ident| $run:expr) => {{
        let admitted = admit(&$request, $method, &$request.get_ref().store_id)?;
        let $message = $request.into_inner();
        let mut $fields = Fields::new();
        let id = $fields.request_id(&$message.request_id, &admitted);
        let $parts = $read;
        $fields.finish()?;
        let mut $content = $message;
        $content.request_id.clear();
        let command = fingerprint(id, $method, &$content);
        let $cancellations = $this.cancellations.clone();
        let cancellation = to_its_end(async move {
            let $on = on(&admitted, &$content.order_id, &command);
            read_answer::<proto::Cancellation>($run.await)
        })
        .await?;
        Ok(Response::new(proto::$response { cancellation: Some(cancellation) }))
    }};
}

#[tonic::async_trait]
impl CancellationService for CancellationsGrpc {
    async fn preview_cancellation(
        &self,
        request: Request<proto::PreviewCancellationRequest>,
    ) -> Result<Response<proto::PreviewCancellationResponse>, Status> {
        let Admitted { caller, store_id, .. } =
            admit(&request, "PreviewCancellation", &request.get_ref().store_id)?;
        let message = request.into_inner();
        let (order_id, of_request) = (message.order_id.clone(), message.cancellation_id.clone());
        let no_reason = message.reason == 0;
        let mut fields = Fields::new();
        let asked = from_wire::cancel(&mut fields, &from_wire::of_preview(message));
        fields.finish()?;
        let look = if of_request.is_empty() {
            Look::Cancel(asked)
        } else {
            let application::NewCancellation { reason, method, charges, .. } = asked;
            let shipping_refund = charges.shipping_refund;
            let grant = application::Grant { reason, method, shipping_refund };
            Look::Accept(named(&of_request)?, grant)
        };
        let seen = self.cancellations.preview(&caller, &store_id, &order_id, &look).await;
        let (order, plan) = seen.map_err(|failure| refusal::of(&failure))?;
        let seen = to_wire::preview(&order, &plan, !of_request.is_empty());
        let mut seen = seen.map_err(|rejection| refusal::of(&rejection.into()))?;
        if let Some(cancellation) = seen.cancellation.as_mut().filter(|_| no_reason) {
            cancellation.reason = 0;
        }
        Ok(Response::new(seen))
    }

    async fn cancel_order(
        &self,
        request: Request<proto::CancelOrderRequest>,
    ) -> Result<Response<proto::CancelOrderResponse>, Status> {
        command!(
            self,
            request,
            "CancelOrder",
            CancelOrderResponse,
            |fields, message| from_wire::cancel(&mut fields, &message),
            |cancellations, on, content, new| cancellations.cancel(on, new, &render)
        )
    }

    async fn request_cancellation(
        &self,
        request: Request<proto::RequestCancellationRequest>,
    ) -> Result<Response<proto::RequestCancellationResponse>, Status> {
        command!(
            self,
            request,
            "RequestCancellation",
            RequestCancellationResponse,
            |fields, message| from_wire::request(&mut fields, &message),
            |cancellations, on, content, new| cancellations.request(on, new, &render)
        )
    }

    async fn withdraw_cancellation(
        &self,
        request: Request<proto::WithdrawCancellationRequest>,
    ) -> Result<Response<proto::WithdrawCancellationResponse>, Status> {
        command!(
            self,
            request,
            "WithdrawCancellation",
            WithdrawCancellationResponse,
            |fields, message| named(&message.cancellation_id)?,
            |cancellations, on, content, id| cancellations.withdraw(on, id, &render)
        )
    }

    async fn accept_cancellation(
        &self,
        request: Request<proto::AcceptCancellationRequest>,
    ) -> Result<Response<proto::AcceptCancellationResponse>, Status> {
        command!(
            self,
            request,
            "AcceptCancellation",
            AcceptCancellationResponse,
            |fields, message| {
                let grant = from_wire::grant(&mut fields, &message);
                (named(&message.cancellation_id)?, grant)
            },
            |cancellations, on, content, parts| {
                let (id, grant) = parts;
                cancellations.accept(on, id, grant, &render)
            }
        )
    }

    async fn reject_cancellation(
        &self,
        request: Request<proto::RejectCancellationRequest>,
    ) -> Result<Response<proto::RejectCancellationResponse>, Status> {
        command!(
            self,
            request,
            "RejectCancellation",
            RejectCancellationResponse,
            |fields, message| {
                let lines = from_wire::lines(&mut fields, &message.lines);
                let given = from_wire::given(&mut fields, message.reason, &message.comment);
                (named(&message.cancellation_id)?, lines, given)
            },
            |cancellations, on, content, parts| {
                let (id, lines, given) = parts;
                cancellations.reject(on, id, lines, given, &render)
            }
        )
    }

    async fn preview_undo(
        &self,
        request: Request<proto::PreviewUndoRequest>,
    ) -> Result<Response<proto::PreviewUndoResponse>, Status> {
        let Admitted { caller, store_id, .. } =
            admit(&request, "PreviewUndo", &request.get_ref().store_id)?;
        let message = request.into_inner();
        let mut fields = Fields::new();
        let proof = from_wire::proof(&mut fields, message.evidence.as_ref());
        fields.finish()?;
        let id = named(&message.cancellation_id)?;
        let (order_id, proof) = (&message.order_id, proof.as_ref());
        let seen = self.cancellations.preview_undo(&caller, &store_id, order_id, id, proof).await;
        let (order, plan) = seen.map_err(|failure| refusal::of(&failure))?;
        Ok(Response::new(to_wire::undo(&order, &plan)))
    }

    async fn undo_cancellation(
        &self,
        request: Request<proto::UndoCancellationRequest>,
    ) -> Result<Response<proto::UndoCancellationResponse>, Status> {
        command!(
            self,
            request,
            "UndoCancellation",
            UndoCancellationResponse,
            |fields, message| {
                fields.text("comment", &message.comment, MAX_COMMENT);
                let proof = from_wire::proof(&mut fields, message.evidence.as_ref());
                (named(&message.cancellation_id)?, proof)
            },
            |cancellations, on, content, parts| {
                let (id, proof) = &parts;
                cancellations.undo(on, *id, &content.comment, proof.as_ref(), &render)
            }
        )
    }

    async fn get_cancellation(
        &self,
        request: Request<proto::GetCancellationRequest>,
    ) -> Result<Response<proto::GetCancellationResponse>, Status> {
        let Admitted { store_id, .. } =
            admit(&request, "GetCancellation", &request.get_ref().store_id)?;
        let message = request.into_inner();
        let id = named(&message.cancellation_id)?;
        let found = self.cancellations.get(&store_id, &message.order_id, id).await;
        let (order, cancellation) = found.map_err(|failure| refusal::of(&failure))?;
        let cancellation = Some(to_wire::cancellation(&order, &cancellation));
        Ok(Response::new(proto::GetCancellationResponse { cancellation }))
    }

    async fn list_cancellations(
        &self,
        request: Request<proto::ListCancellationsRequest>,
    ) -> Result<Response<proto::ListCancellationsResponse>, Status> {
        let Admitted { store_id, .. } =
            admit(&request, "ListCancellations", &request.get_ref().store_id)?;
        let message = request.into_inner();
        let mut fields = Fields::new();
        let mut filter = from_wire::filter(&mut fields, &message);
        let list = proto::ListCancellationsRequest {
            page_size: 0,
            page_token: String::new(),
            ..message.clone()
        };
        let page = page(&mut fields, message.page_size, &message.page_token, &list);
        fields.finish()?;
        if !matches!(message.order_id.as_str(), "" | "-") {
            let order_id = self.cancellations.order_id(&store_id, &message.order_id).await;
            filter.order_id = Some(order_id.map_err(|failure| refusal::of(&failure))?);
        }
        let found = self.cancellations.list(&store_id, &filter, page).await;
        let found = found.map_err(|failure| refusal::of(&failure))?;
        let (cancellations, next) = within_message(
            found,
            |(order, cancellation)| to_wire::cancellation(order, cancellation),
            |(_, cancellation)| cancellation.cancellation_id,
        );
        let next_page_token = next_token(next, &list);
        Ok(Response::new(proto::ListCancellationsResponse { cancellations, next_page_token }))
    }
}

fn on<'a>(admitted: &'a Admitted, order_id: &'a str, request: &'a Command) -> On<'a> {
    On { caller: &admitted.caller, store_id: &admitted.store_id, order_id, request }
}

/// An id that cannot be one names nothing.
fn named(id: &str) -> Result<CancellationId, Status> {
    let missing = || refusal::of(&Failure::not_found(Missing::Cancellation, id));
    id.parse().map_err(|_| missing())
}

/// The stored answer: what every repetition of the request is given again.
fn render(order: &Order, cancellation: &Cancellation) -> Vec<u8> {
    to_wire::cancellation(order, cancellation).encode_to_vec()
}
