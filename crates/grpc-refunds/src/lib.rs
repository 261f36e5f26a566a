//! `meridian.refunds.v1.RefundService` and what payment providers tell: parse, run the use case,
//! render.

mod change;
mod export;
mod from_wire;
mod payments;
mod to_wire;

pub use payments::PaymentsGrpc;

use application::{Failure, Missing, NewRefund, Refunds, Request as Command};
use domain::{amount::AmountError, id::RefundId, order::Order, refund::Refund, store::Store};
use grpc_kit::{
    Admitted, Fields, admit, fingerprint, next_token, page, read_answer, refusal, render,
    to_its_end, within_message,
};
use ports::{RefundFilter, own_value::Balances};
use prost::Message;
use tonic::{Request, Response, Status};
use wire::refunds::v1::{self as proto, refund_service_server::RefundService};

#[derive(Clone)]
pub struct RefundsGrpc {
    refunds: Refunds,
}

impl RefundsGrpc {
    pub const fn new(refunds: Refunds) -> Self {
        Self { refunds }
    }
}

#[tonic::async_trait]
impl RefundService for RefundsGrpc {
    async fn quote_refund(
        &self,
        request: Request<proto::QuoteRefundRequest>,
    ) -> Result<Response<proto::QuoteRefundResponse>, Status> {
        let Admitted { caller, store_id, .. } =
            admit(&request, "QuoteRefund", &request.get_ref().store_id)?;
        let message = request.into_inner();
        let order_id = message.order_id.clone();
        let mut fields = Fields::new();
        let asked = from_wire::request(&mut fields, &from_wire::of_quote(message));
        fields.finish()?;
        let quoted = self.refunds.quote(&caller, &store_id, &order_id, asked).await;
        let quoted = quoted.map_err(|failure| refusal::of(&failure))?;
        Ok(Response::new(to_wire::quoted(&quoted)))
    }

    async fn create_refund(
        &self,
        request: Request<proto::CreateRefundRequest>,
    ) -> Result<Response<proto::CreateRefundResponse>, Status> {
        let admitted = admit(&request, "CreateRefund", &request.get_ref().store_id)?;
        let message = request.into_inner();
        if admitted.principal.by_guid && from_wire::says_more_than_compatible(&message) {
            return Err(refusal::denied(admitted.principal.role, "CreateRefund with these fields"));
        }
        let mut fields = Fields::new();
        let id = fields.request_id(&message.request_id, &admitted);
        let wait = message.wait() == proto::Wait::Settled;
        let new = from_wire::new_refund(&mut fields, &message);
        fields.finish()?;
        let content = proto::CreateRefundRequest { request_id: String::new(), wait: 0, ..message };
        let request = fingerprint(id, "CreateRefund", &content);
        let (this, caller) = (self.clone(), admitted.clone());
        let order_id = content.order_id;
        let run = async move { this.create(&caller, &order_id, request, new).await };
        let made = to_its_end(run).await?;
        let refund = made.refund.ok_or_else(refusal::unreadable_answer)?;
        let refund = if wait { self.once_settled(&admitted, refund).await? } else { refund };
        Ok(Response::new(proto::CreateRefundResponse { refund: Some(refund), ..made }))
    }

    async fn get_refund(
        &self,
        request: Request<proto::GetRefundRequest>,
    ) -> Result<Response<proto::GetRefundResponse>, Status> {
        let Admitted { store_id, .. } = admit(&request, "GetRefund", &request.get_ref().store_id)?;
        let message = request.into_inner();
        let refund_id = named(&message.refund_id)?;
        let found = self.refunds.get(&store_id, &message.order_id, refund_id).await;
        let (order, refund) = found.map_err(|failure| refusal::of(&failure))?;
        let refund = Some(render::refund(&order, &refund));
        Ok(Response::new(proto::GetRefundResponse { refund }))
    }

    async fn list_refunds(
        &self,
        request: Request<proto::ListRefundsRequest>,
    ) -> Result<Response<proto::ListRefundsResponse>, Status> {
        let Admitted { store_id, .. } =
            admit(&request, "ListRefunds", &request.get_ref().store_id)?;
        let message = request.into_inner();
        let mut fields = Fields::new();
        let states = from_wire::states(&mut fields, &message.states);
        let list = proto::ListRefundsRequest {
            page_size: 0,
            page_token: String::new(),
            ..message.clone()
        };
        let page = page(&mut fields, message.page_size, &message.page_token, &list);
        fields.finish()?;
        let one_order = !matches!(message.order_id.as_str(), "" | "-");
        let (order_id, refundable) = if one_order {
            let left = self.refunds.refundable(&store_id, &message.order_id).await;
            let (order, version, left) = left.map_err(|failure| refusal::of(&failure))?;
            let left = render::refundable(&order, version, &left);
            (Some(order.order_id), Some(left))
        } else {
            (None, None)
        };
        let filter = RefundFilter { order_id, states, ..RefundFilter::default() };
        let found = self.refunds.list(&store_id, &filter, page).await;
        let found = found.map_err(|failure| refusal::of(&failure))?;
        let (refunds, next) = within_message(
            found,
            |(order, refund)| render::refund(order, refund),
            |(_, refund)| refund.refund_id,
        );
        let next_page_token = next_token(next, &list);
        Ok(Response::new(proto::ListRefundsResponse { refunds, next_page_token, refundable }))
    }

    async fn get_refundable(
        &self,
        request: Request<proto::GetRefundableRequest>,
    ) -> Result<Response<proto::GetRefundableResponse>, Status> {
        let Admitted { store_id, .. } =
            admit(&request, "GetRefundable", &request.get_ref().store_id)?;
        let left = self.refunds.refundable(&store_id, &request.get_ref().order_id).await;
        let (order, version, left) = left.map_err(|failure| refusal::of(&failure))?;
        let refundable = Some(render::refundable(&order, version, &left));
        Ok(Response::new(proto::GetRefundableResponse { refundable }))
    }

    async fn explain_refund(
        &self,
        request: Request<proto::ExplainRefundRequest>,
    ) -> Result<Response<proto::ExplainRefundResponse>, Status> {
        let Admitted { store_id, .. } =
            admit(&request, "ExplainRefund", &request.get_ref().store_id)?;
        let message = request.into_inner();
        let refund_id = named(&message.refund_id)?;
        let found = self.refunds.explain(&store_id, &message.order_id, refund_id).await;
        let (order, derivations) = found.map_err(|failure| refusal::of(&failure))?;
        let explanations =
            derivations.iter().map(|derivation| render::explanation(&order, derivation)).collect();
        Ok(Response::new(proto::ExplainRefundResponse { explanations }))
    }

    type ExportRefundComponentsStream = export::Rows;

    async fn export_refund_components(
        &self,
        request: Request<proto::ExportRefundComponentsRequest>,
    ) -> Result<Response<Self::ExportRefundComponentsStream>, Status> {
        let Admitted { store_id, .. } =
            admit(&request, "ExportRefundComponents", &request.get_ref().store_id)?;
        let mut fields = Fields::new();
        let filter = from_wire::export(&mut fields, request.get_ref());
        fields.finish()?;
        let rows = export::Export::open(self.refunds.clone(), store_id, filter).await?;
        Ok(Response::new(rows))
    }

    async fn retry_refund(
        &self,
        request: Request<proto::RetryRefundRequest>,
    ) -> Result<Response<proto::RetryRefundResponse>, Status> {
        let refund = Some(self.change(request).await?);
        Ok(Response::new(proto::RetryRefundResponse { refund }))
    }

    async fn hold_refund(
        &self,
        request: Request<proto::HoldRefundRequest>,
    ) -> Result<Response<proto::HoldRefundResponse>, Status> {
        let refund = Some(self.change(request).await?);
        Ok(Response::new(proto::HoldRefundResponse { refund }))
    }

    async fn release_refund(
        &self,
        request: Request<proto::ReleaseRefundRequest>,
    ) -> Result<Response<proto::ReleaseRefundResponse>, Status> {
        let refund = Some(self.change(request).await?);
        Ok(Response::new(proto::ReleaseRefundResponse { refund }))
    }

    async fn approve_refund(
        &self,
        request: Request<proto::ApproveRefundRequest>,
    ) -> Result<Response<proto::ApproveRefundResponse>, Status> {
        let refund = Some(self.change(request).await?);
        Ok(Response::new(proto::ApproveRefundResponse { refund }))
    }

    async fn change_refund_method(
        &self,
        request: Request<proto::ChangeRefundMethodRequest>,
    ) -> Result<Response<proto::ChangeRefundMethodResponse>, Status> {
        let refund = Some(self.change(request).await?);
        Ok(Response::new(proto::ChangeRefundMethodResponse { refund }))
    }

    async fn confirm_manual_refund(
        &self,
        request: Request<proto::ConfirmManualRefundRequest>,
    ) -> Result<Response<proto::ConfirmManualRefundResponse>, Status> {
        let refund = Some(self.change(request).await?);
        Ok(Response::new(proto::ConfirmManualRefundResponse { refund }))
    }
}

impl RefundsGrpc {
    async fn create(
        &self,
        admitted: &Admitted,
        order_id: &str,
        request: Command,
        new: NewRefund,
    ) -> Result<proto::CreateRefundResponse, Status> {
        let Admitted { caller, store_id, .. } = admitted;
        let render = &render_new;
        let answer = self.refunds.create(caller, store_id, order_id, &request, new, render).await;
        let answer = answer.map_err(|failure| refusal::of(&failure))?;
        read_new(&answer.bytes)
    }

    /// The refund with its legs through, as far as the caller's patience reaches. Nothing is left
    /// to wait for if only people are to pay out.
    async fn once_settled(
        &self,
        admitted: &Admitted,
        refund: proto::Refund,
    ) -> Result<proto::Refund, Status> {
        let manual = |leg: &proto::RefundLeg| leg.kind() == proto::LegKind::Manual;
        if refund.state() != proto::RefundState::Pending || refund.legs.iter().all(manual) {
            return Ok(refund);
        }
        // Only states may have moved on since the receipt was written.
        let refund_id = named(&refund.refund_id)?;
        let patience = admitted.patience();
        let store_id = &admitted.store_id;
        let settled = self.refunds.settled(store_id, &refund.order_id, refund_id, patience).await;
        let (order, now) = settled.map_err(|failure| refusal::of(&failure))?;
        let now = render::refund(&order, &now);
        Ok(proto::Refund { state: now.state, legs: now.legs, ..refund })
    }

    async fn change<M: change::Change>(
        &self,
        request: Request<M>,
    ) -> Result<proto::Refund, Status> {
        let (store_id, order_id, refund_id, request_id) = request.get_ref().names();
        let admitted = admit(&request, M::METHOD, store_id)?;
        let mut fields = Fields::new();
        let request_id = fields.request_id(request_id, &admitted);
        request.get_ref().check(&mut fields);
        fields.finish()?;
        let refund_id = named(refund_id)?;
        let order_id = order_id.to_owned();
        let message = request.into_inner().without_request_id();
        let request = fingerprint(request_id, M::METHOD, &message);
        let refunds = self.refunds.clone();
        to_its_end(async move {
            let Admitted { caller, store_id, .. } = &admitted;
            let command = |at| message.command(refund_id, caller.actor.clone(), at);
            let answer = refunds
                .change(caller, store_id, &order_id, refund_id, &request, &command, &render)
                .await;
            read_answer(answer)
        })
        .await
    }
}

/// An id that cannot be one names nothing.
fn named(refund_id: &str) -> Result<RefundId, Status> {
    let missing = || refusal::of(&Failure::not_found(Missing::Refund, refund_id));
    refund_id.parse().map_err(|_| missing())
}

/// The stored answer: what every repetition of the request is given again.
fn render(order: &Order, refund: &Refund) -> Vec<u8> {
    render::refund(order, refund).encode_to_vec()
}

/// The same for a new refund, with what the store called itself and its reasons at that time, and
/// what was on the gift cards.
fn render_new(
    order: &Order,
    refund: &Refund,
    store: &Store,
    balances: &Balances,
) -> Result<Vec<u8>, AmountError> {
    Ok(to_wire::new_refund(order, refund, store, balances)?.encode_to_vec())
}

/// A receipt from before refunds said what their store was holds the refund alone. One is never
/// taken for the other: a refund begins with its id, whose text is no message.
fn read_new(answer: &[u8]) -> Result<proto::CreateRefundResponse, Status> {
    proto::CreateRefundResponse::decode(answer).or_else(|_| {
        let refund = proto::Refund::decode(answer).map_err(|_| refusal::unreadable_answer())?;
        let refund = Some(refund);
        Ok(proto::CreateRefundResponse { refund, ..<_>::default() })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receipts_of_both_forms_are_read() {
        let id = "rf_0190b2c40000700080000000000000aa".to_owned();
        let refund = proto::Refund { refund_id: id, refund_number: 7, ..proto::Refund::default() };
        let alone = read_new(&refund.encode_to_vec()).unwrap();
        assert_eq!((alone.refund.as_ref(), alone.store), (Some(&refund), None));
        let whole = proto::CreateRefundResponse {
            refund: Some(refund),
            store: Some(proto::StoreThen::default()),
            gift_cards: vec![proto::GiftCardThen::default()],
        };
        assert_eq!(read_new(&whole.encode_to_vec()).unwrap(), whole);
        assert!(read_new(b"\xff").is_err());
    }
}
