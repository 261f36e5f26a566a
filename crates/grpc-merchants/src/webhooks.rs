//! `meridian.webhooks.v1.WebhookService`: parse, run the use case, render.

mod from_wire;
mod to_wire;

use application::{Failure, Made, Missing, Request as Command, Webhooks};
use domain::{
    id::{EndpointId, EventId},
    webhook::Endpoint,
};
use grpc_kit::{
    Admitted, Fields, admit, fingerprint, next_token, page, read_answer, refusal, to_its_end,
    within_message,
};
use ports::{Delivery, EndpointKey};
use prost::Message;
use std::time::Duration;
use tonic::{Request, Response, Status};
use wire::webhooks::v1::{self as proto, webhook_service_server::WebhookService};

/// For how long somebody who sends a test waits for what becomes of it.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Clone)]
pub struct WebhooksGrpc {
    webhooks: Webhooks,
}

impl WebhooksGrpc {
    pub const fn new(webhooks: Webhooks) -> Self {
        Self { webhooks }
    }
}

#[tonic::async_trait]
impl WebhookService for WebhooksGrpc {
    async fn create_endpoint(
        &self,
        request: Request<proto::CreateEndpointRequest>,
    ) -> Result<Response<proto::CreateEndpointResponse>, Status> {
        let admitted = admit(&request, "CreateEndpoint", &request.get_ref().store_id)?;
        let message = request.into_inner();
        let mut fields = Fields::new();
        let id = fields.request_id(&message.request_id, &admitted);
        let has_id = fields.nothing_wrong();
        let check_url = |url: &str| self.webhooks.check_url(url);
        let new = from_wire::new_endpoint(&mut fields, &message, &check_url);
        let content = proto::CreateEndpointRequest { request_id: String::new(), ..message };
        let command = fingerprint(id, "CreateEndpoint", &content);
        if let Err(refused) = fields.finish() {
            let endpoint = Some(self.answered(&admitted, &command, has_id, refused).await?);
            return Ok(Response::new(proto::CreateEndpointResponse { endpoint }));
        }
        let webhooks = self.webhooks.clone();
        let endpoint = to_its_end(async move {
            let Admitted { caller, store_id, .. } = &admitted;
            read_made(webhooks.create(caller, store_id, &command, new, &render).await)
        })
        .await?;
        Ok(Response::new(proto::CreateEndpointResponse { endpoint: Some(endpoint) }))
    }

    async fn get_endpoint(
        &self,
        request: Request<proto::GetEndpointRequest>,
    ) -> Result<Response<proto::GetEndpointResponse>, Status> {
        let admitted = admit(&request, "GetEndpoint", &request.get_ref().store_id)?;
        let key = named(&admitted, &request.get_ref().endpoint_id)?;
        let found = self.webhooks.get(&key).await.map_err(|failure| refusal::of(&failure))?;
        let endpoint = Some(to_wire::endpoint(&found));
        Ok(Response::new(proto::GetEndpointResponse { endpoint }))
    }

    async fn list_endpoints(
        &self,
        request: Request<proto::ListEndpointsRequest>,
    ) -> Result<Response<proto::ListEndpointsResponse>, Status> {
        let admitted = admit(&request, "ListEndpoints", &request.get_ref().store_id)?;
        let message = request.into_inner();
        let list = proto::ListEndpointsRequest {
            store_id: message.store_id,
            ..proto::ListEndpointsRequest::default()
        };
        let mut fields = Fields::new();
        let page = page::<EndpointId>(&mut fields, message.page_size, &message.page_token, &list);
        fields.finish()?;
        let found = self.webhooks.list(&admitted.store_id, page).await;
        let found = found.map_err(|failure| refusal::of(&failure))?;
        let endpoints = found.items.iter().map(to_wire::endpoint).collect();
        let next_page_token = next_token(found.next, &list);
        Ok(Response::new(proto::ListEndpointsResponse { endpoints, next_page_token }))
    }

    async fn update_endpoint(
        &self,
        request: Request<proto::UpdateEndpointRequest>,
    ) -> Result<Response<proto::UpdateEndpointResponse>, Status> {
        let admitted = admit(&request, "UpdateEndpoint", &request.get_ref().store_id)?;
        let message = request.into_inner();
        let mut fields = Fields::new();
        let id = fields.request_id(&message.request_id, &admitted);
        let has_id = fields.nothing_wrong();
        let check_url = |url: &str| self.webhooks.check_url(url);
        let patch = from_wire::patch(&mut fields, &message, &check_url);
        let content = proto::UpdateEndpointRequest { request_id: String::new(), ..message };
        let command = fingerprint(id, "UpdateEndpoint", &content);
        if let Err(refused) = fields.finish() {
            let endpoint = Some(self.answered(&admitted, &command, has_id, refused).await?);
            return Ok(Response::new(proto::UpdateEndpointResponse { endpoint }));
        }
        let key = named(&admitted, &content.endpoint_id)?;
        let webhooks = self.webhooks.clone();
        let endpoint = to_its_end(async move {
            let (caller, version) = (&admitted.caller, content.version);
            read_answer(webhooks.update(caller, &key, &command, patch, version, &render).await)
        })
        .await?;
        Ok(Response::new(proto::UpdateEndpointResponse { endpoint: Some(endpoint) }))
    }

    async fn delete_endpoint(
        &self,
        request: Request<proto::DeleteEndpointRequest>,
    ) -> Result<Response<proto::DeleteEndpointResponse>, Status> {
        let admitted = admit(&request, "DeleteEndpoint", &request.get_ref().store_id)?;
        let message = request.into_inner();
        let mut fields = Fields::new();
        let id = fields.request_id(&message.request_id, &admitted);
        fields.finish()?;
        let key = named(&admitted, &message.endpoint_id)?;
        let content = proto::DeleteEndpointRequest { request_id: String::new(), ..message };
        let command = fingerprint(id, "DeleteEndpoint", &content);
        let webhooks = self.webhooks.clone();
        let answer = to_its_end(async move {
            let nothing = proto::DeleteEndpointResponse {}.encode_to_vec();
            let answer = webhooks.delete(&admitted.caller, &key, &command, &nothing).await;
            read_answer(answer)
        })
        .await?;
        Ok(Response::new(answer))
    }

    async fn rotate_secret(
        &self,
        request: Request<proto::RotateSecretRequest>,
    ) -> Result<Response<proto::RotateSecretResponse>, Status> {
        let admitted = admit(&request, "RotateSecret", &request.get_ref().store_id)?;
        let message = request.into_inner();
        let mut fields = Fields::new();
        let id = fields.request_id(&message.request_id, &admitted);
        let overlap = from_wire::overlap(&mut fields, &message);
        fields.finish()?;
        let key = named(&admitted, &message.endpoint_id)?;
        let content = proto::RotateSecretRequest { request_id: String::new(), ..message };
        let command = fingerprint(id, "RotateSecret", &content);
        let webhooks = self.webhooks.clone();
        let endpoint = to_its_end(async move {
            let caller = &admitted.caller;
            read_made(webhooks.rotate_secret(caller, &key, &command, overlap, &render).await)
        })
        .await?;
        Ok(Response::new(proto::RotateSecretResponse { endpoint: Some(endpoint) }))
    }

    async fn list_deliveries(
        &self,
        request: Request<proto::ListDeliveriesRequest>,
    ) -> Result<Response<proto::ListDeliveriesResponse>, Status> {
        let admitted = admit(&request, "ListDeliveries", &request.get_ref().store_id)?;
        let message = request.into_inner();
        let mut fields = Fields::new();
        let filter = from_wire::filter(&mut fields, &message);
        let (size, token) = (message.page_size, message.page_token.clone());
        let list =
            proto::ListDeliveriesRequest { page_size: 0, page_token: String::new(), ..message };
        let page = page::<EventId>(&mut fields, size, &token, &list);
        fields.finish()?;
        let key = named(&admitted, &list.endpoint_id)?;
        let found = self.webhooks.deliveries(&key, &filter, page).await;
        let found = found.map_err(|failure| refusal::of(&failure))?;
        let (deliveries, next) = within_message(found, to_wire::delivery, |it| it.event_id);
        let next_page_token = next_token(next, &list);
        Ok(Response::new(proto::ListDeliveriesResponse { deliveries, next_page_token }))
    }

    async fn redeliver_event(
        &self,
        request: Request<proto::RedeliverEventRequest>,
    ) -> Result<Response<proto::RedeliverEventResponse>, Status> {
        let admitted = admit(&request, "RedeliverEvent", &request.get_ref().store_id)?;
        let message = request.into_inner();
        let mut fields = Fields::new();
        let id = fields.request_id(&message.request_id, &admitted);
        let again = from_wire::again(&mut fields, &message);
        fields.finish()?;
        let Some(again) = again else { return Err(refusal::internal()) };
        let key = named(&admitted, &message.endpoint_id)?;
        let content = proto::RedeliverEventRequest { request_id: String::new(), ..message };
        let command = fingerprint(id, "RedeliverEvent", &content);
        let webhooks = self.webhooks.clone();
        let answer = to_its_end(async move {
            let caller = &admitted.caller;
            read_answer(webhooks.send_again(caller, &key, &command, &again, &render_count).await)
        })
        .await?;
        Ok(Response::new(answer))
    }

    async fn send_test_event(
        &self,
        request: Request<proto::SendTestEventRequest>,
    ) -> Result<Response<proto::SendTestEventResponse>, Status> {
        let admitted = admit(&request, "SendTestEvent", &request.get_ref().store_id)?;
        let message = request.into_inner();
        let mut fields = Fields::new();
        let id = fields.request_id(&message.request_id, &admitted);
        fields.finish()?;
        let key = named(&admitted, &message.endpoint_id)?;
        let content = proto::SendTestEventRequest { request_id: String::new(), ..message };
        let command = fingerprint(id, "SendTestEvent", &content);
        let (webhooks, test) = (self.webhooks.clone(), key.clone());
        let patience = admitted.patience().min(PATIENCE);
        let sent: proto::Delivery = to_its_end(async move {
            let caller = &admitted.caller;
            read_answer(webhooks.send_test(caller, &test, &command, &render_delivery).await)
        })
        .await?;
        // What became of it may have moved on since the receipt was written.
        let event_id = sent.event_id.parse().map_err(|_| refusal::unreadable_answer())?;
        let tried = self.webhooks.once_tried(&key, event_id, patience).await;
        let tried = tried.map_err(|failure| refusal::of(&failure))?;
        let delivery = Some(tried.as_ref().map_or(sent, to_wire::delivery));
        Ok(Response::new(proto::SendTestEventResponse { delivery }))
    }
}

impl WebhooksGrpc {
    /// What this very request was answered before: a URL that may not be called any more could be
    /// when it was taken. Otherwise the refusal.
    async fn answered(
        &self,
        admitted: &Admitted,
        command: &Command,
        has_id: bool,
        refused: Status,
    ) -> Result<proto::Endpoint, Status> {
        if !has_id {
            return Err(refused);
        }
        let first = self.webhooks.answered(&admitted.store_id, command).await;
        let first = first.map_err(|failure| refusal::of(&failure))?;
        read_answer(Ok(first.ok_or(refused)?))
    }
}

/// An id that cannot be one names nothing.
fn named(admitted: &Admitted, endpoint_id: &str) -> Result<EndpointKey, Status> {
    let parsed = endpoint_id.parse();
    let endpoint_id = parsed
        .map_err(|_| refusal::of(&Failure::not_found(Missing::Endpoint, endpoint_id.to_owned())))?;
    Ok(EndpointKey { store_id: admitted.store_id.clone(), endpoint_id })
}

/// The stored answer: what every repetition of the request is given again.
fn render(endpoint: &Endpoint) -> Vec<u8> {
    to_wire::endpoint(endpoint).encode_to_vec()
}

fn render_count(events: u32) -> Vec<u8> {
    proto::RedeliverEventResponse { event_count: to_wire::count(events) }.encode_to_vec()
}

fn render_delivery(delivery: &Delivery) -> Vec<u8> {
    to_wire::delivery(delivery).encode_to_vec()
}

/// With the secret that was made, this once.
fn read_made(made: Result<Made, Failure>) -> Result<proto::Endpoint, Status> {
    let Made { answer, secret } = made.map_err(|failure| refusal::of(&failure))?;
    let endpoint = read_answer(Ok(answer))?;
    Ok(proto::Endpoint { secret: secret.unwrap_or_default(), ..endpoint })
}
