//! `meridian.orders.v1.OrderService`: parse, run the use case, render.

mod from_wire;
mod people;
mod to_wire;

use application::{Answer, Failure, Orders, Request as Command, Waiting};
use domain::order::Order;
use grpc_kit::{
    Admitted, Fields, admit, fingerprint, next_token, page, read_answer, refusal, to_its_end,
    within_message,
};
use ports::{OrderOrigin, PageRequest, Version};
use prost::Message;
use tonic::{Request, Response, Status};
use wire::orders::v1::{self as proto, order_service_server::OrderService};

#[derive(Clone)]
pub struct OrdersGrpc {
    orders: Orders,
    waiting: Waiting,
    currencies: domain::Currencies,
}

impl OrdersGrpc {
    pub const fn new(orders: Orders, waiting: Waiting, currencies: domain::Currencies) -> Self {
        Self { orders, waiting, currencies }
    }
}

/// The calls that change an order: admit, read the request id and the fields, run the use case
/// to its end, and answer the order with its personal data.
macro_rules! command {
    ($this:ident, $request:ident, $method:literal, $response:ident,
     |$fields:ident, $message:ident| $read:expr,
     |$orders:ident, $admitted:ident, $command:ident, $parts:ident, $order_id:ident| $run:expr) => {{
        let $admitted = admit(&$request, $method, &$request.get_ref().store_id)?;
        let $message = $request.into_inner();
        let mut $fields = Fields::new();
        let id = $fields.request_id(&$message.request_id, &$admitted);
        let $parts = $read;
        $fields.finish()?;
        let $order_id = $message.order_id.clone();
        let mut content = $message;
        content.request_id.clear();
        let $command = fingerprint(id, $method, &content);
        let $orders = $this.orders.clone();
        let this = $this.clone();
        let order = to_its_end(async move {
            let answer: Result<Answer, Failure> = $run.await;
            this.with_people(&$admitted, answer).await
        })
        .await?;
        Ok(Response::new(proto::$response { order: Some(order) }))
    }};
}

#[tonic::async_trait]
impl OrderService for OrdersGrpc {
    async fn create_order(
        &self,
        request: Request<proto::CreateOrderRequest>,
    ) -> Result<Response<proto::CreateOrderResponse>, Status> {
        let admitted = admit(&request, "CreateOrder", &request.get_ref().store_id)?;
        let message = request.into_inner();
        admitted.same_store(message.order.as_ref().map_or("", |order| &order.store_id))?;
        let books = self.orders.books_currency(&admitted.store_id).await;
        let books = books.map_err(|failure| refusal::of(&failure))?;
        let mut fields = Fields::new();
        let id = fields.request_id(&message.request_id, &admitted);
        let has_id = fields.nothing_wrong();
        let order = message.order.as_ref();
        let (new, personal) = from_wire::new_order(&mut fields, order, &self.currencies, books);
        let content = proto::CreateOrderRequest { request_id: String::new(), ..message };
        let command = fingerprint(id, "CreateOrder", &content);
        if let Err(refused) = fields.finish() {
            // The store's currency may have been another one when this very request was taken.
            let first = if has_id { self.answered(&admitted, &command).await? } else { None };
            let mut order = first.ok_or(refused)?;
            people::add(&mut order, &personal);
            return Ok(Response::new(proto::CreateOrderResponse { order: Some(order) }));
        }
        let Some(new) = new else { return Err(refusal::internal()) };
        let orders = self.orders.clone();
        let order = to_its_end(async move {
            let Admitted { caller, store_id, .. } = &admitted;
            // The stored answer is without personal data; the same content brought it along.
            let people = personal.clone();
            let answer = orders.create(caller, store_id, &command, new, personal, &render).await;
            let mut order: proto::Order = read_answer(answer)?;
            people::add(&mut order, &people);
            Ok(order)
        })
        .await?;
        Ok(Response::new(proto::CreateOrderResponse { order: Some(order) }))
    }

    async fn get_order(
        &self,
        request: Request<proto::GetOrderRequest>,
    ) -> Result<Response<proto::GetOrderResponse>, Status> {
        let Admitted { store_id, .. } = admit(&request, "GetOrder", &request.get_ref().store_id)?;
        let view = self.orders.get(&store_id, &request.get_ref().order_id).await;
        let view = view.map_err(|failure| refusal::of(&failure))?;
        Ok(Response::new(proto::GetOrderResponse { order: Some(to_wire::view(&view)) }))
    }

    async fn list_orders(
        &self,
        request: Request<proto::ListOrdersRequest>,
    ) -> Result<Response<proto::ListOrdersResponse>, Status> {
        let Admitted { store_id, .. } = admit(&request, "ListOrders", &request.get_ref().store_id)?;
        let message = request.into_inner();
        let mut fields = Fields::new();
        let (filter, sort) = from_wire::filter(&mut fields, &message);
        let list =
            proto::ListOrdersRequest { page_size: 0, page_token: String::new(), ..message.clone() };
        let read: PageRequest<from_wire::Origin> =
            page(&mut fields, message.page_size, &message.page_token, &list);
        fields.finish()?;
        let page = PageRequest { size: read.size, after: read.after.map(OrderOrigin::from) };
        let found = self.orders.list(&store_id, &filter, sort, page).await;
        let found = found.map_err(|failure| refusal::of(&failure))?;
        let (orders, next) = within_message(found, to_wire::view, |view| OrderOrigin {
            created_at: view.order.created_at,
            order_id: view.order.order_id.clone(),
        });
        let next_page_token = next_token(next.map(from_wire::Origin::from), &list);
        Ok(Response::new(proto::ListOrdersResponse { orders, next_page_token }))
    }

    async fn accept_order(
        &self,
        request: Request<proto::AcceptOrderRequest>,
    ) -> Result<Response<proto::AcceptOrderResponse>, Status> {
        command!(
            self,
            request,
            "AcceptOrder",
            AcceptOrderResponse,
            |fields, message| from_wire::external(
                &mut fields,
                &message.external_order_id,
                &message.external_order_number
            ),
            |orders, admitted, command, external, order_id| orders.accept(
                &admitted.caller,
                &admitted.store_id,
                &order_id,
                &command,
                &external,
                &render
            )
        )
    }

    async fn complete_order(
        &self,
        request: Request<proto::CompleteOrderRequest>,
    ) -> Result<Response<proto::CompleteOrderResponse>, Status> {
        command!(
            self,
            request,
            "CompleteOrder",
            CompleteOrderResponse,
            |fields, message| (),
            |orders, admitted, command, _parts, order_id| orders.complete(
                &admitted.caller,
                &admitted.store_id,
                &order_id,
                &command,
                &render
            )
        )
    }

    async fn erase_personal_data(
        &self,
        request: Request<proto::ErasePersonalDataRequest>,
    ) -> Result<Response<proto::ErasePersonalDataResponse>, Status> {
        command!(
            self,
            request,
            "ErasePersonalData",
            ErasePersonalDataResponse,
            |fields, message| (),
            |orders, admitted, command, _parts, order_id| orders.erase_personal_data(
                &admitted.caller,
                &admitted.store_id,
                &order_id,
                &command,
                &render
            )
        )
    }

    async fn set_external_reference(
        &self,
        request: Request<proto::SetExternalReferenceRequest>,
    ) -> Result<Response<proto::SetExternalReferenceResponse>, Status> {
        command!(
            self,
            request,
            "SetExternalReference",
            SetExternalReferenceResponse,
            |fields, message| from_wire::external(
                &mut fields,
                &message.external_order_id,
                &message.external_order_number
            ),
            |orders, admitted, command, external, order_id| orders.set_external_reference(
                &admitted.caller,
                &admitted.store_id,
                &order_id,
                &command,
                &external,
                &render
            )
        )
    }

    async fn record_payment(
        &self,
        request: Request<proto::RecordPaymentRequest>,
    ) -> Result<Response<proto::RecordPaymentResponse>, Status> {
        command!(
            self,
            request,
            "RecordPayment",
            RecordPaymentResponse,
            |fields, message| from_wire::payment(&mut fields, &message),
            |orders, admitted, command, report, order_id| orders.record_payment(
                &admitted.caller,
                &admitted.store_id,
                &order_id,
                &command,
                &|order: &Order| report.read(order),
                &render
            )
        )
    }

    async fn record_shipment(
        &self,
        request: Request<proto::RecordShipmentRequest>,
    ) -> Result<Response<proto::RecordShipmentResponse>, Status> {
        command!(
            self,
            request,
            "RecordShipment",
            RecordShipmentResponse,
            |fields, message| from_wire::shipped(&mut fields, &message),
            |orders, admitted, command, shipped, order_id| orders.ship(
                &admitted.caller,
                &admitted.store_id,
                &order_id,
                &command,
                shipped,
                &render
            )
        )
    }

    async fn record_delivery(
        &self,
        request: Request<proto::RecordDeliveryRequest>,
    ) -> Result<Response<proto::RecordDeliveryResponse>, Status> {
        command!(
            self,
            request,
            "RecordDelivery",
            RecordDeliveryResponse,
            |fields, message| from_wire::parcels(&mut fields, &message.lines),
            |orders, admitted, command, parcels, order_id| orders.deliver(
                &admitted.caller,
                &admitted.store_id,
                &order_id,
                &command,
                parcels,
                &render
            )
        )
    }

    async fn resolve_screening(
        &self,
        request: Request<proto::ResolveScreeningRequest>,
    ) -> Result<Response<proto::ResolveScreeningResponse>, Status> {
        command!(
            self,
            request,
            "ResolveScreening",
            ResolveScreeningResponse,
            |fields, message| from_wire::resolution(&mut fields, &message),
            |orders, admitted, command, resolution, order_id| orders.resolve_screening(
                &admitted.caller,
                &admitted.store_id,
                &order_id,
                &command,
                resolution,
                &render
            )
        )
    }

    async fn retry_handover(
        &self,
        request: Request<proto::RetryHandoverRequest>,
    ) -> Result<Response<proto::RetryHandoverResponse>, Status> {
        command!(
            self,
            request,
            "RetryHandover",
            RetryHandoverResponse,
            |fields, message| (),
            |orders, admitted, command, _parts, order_id| orders.retry_handover(
                &admitted.caller,
                &admitted.store_id,
                &order_id,
                &command,
                &render
            )
        )
    }

    async fn list_tasks(
        &self,
        request: Request<proto::ListTasksRequest>,
    ) -> Result<Response<proto::ListTasksResponse>, Status> {
        let Admitted { store_id, .. } = admit(&request, "ListTasks", &request.get_ref().store_id)?;
        let message = request.into_inner();
        let mut fields = Fields::new();
        let list =
            proto::ListTasksRequest { page_size: 0, page_token: String::new(), ..message.clone() };
        let page: PageRequest<from_wire::TaskPlace> =
            page(&mut fields, message.page_size, &message.page_token, &list);
        let page = from_wire::task_page(&mut fields, page);
        let kinds = from_wire::task_kinds(&mut fields, &message.kinds);
        fields.finish()?;
        let found = self.waiting.list(&store_id, &kinds, page).await;
        let found = found.map_err(|failure| refusal::of(&failure))?;
        let (tasks, next) = within_message(found, to_wire::task, ports::WaitingTask::origin);
        let next_page_token = next_token(next.map(from_wire::TaskPlace::from), &list);
        Ok(Response::new(proto::ListTasksResponse { tasks, next_page_token }))
    }
}

impl OrdersGrpc {
    /// What this very request was answered before.
    async fn answered(
        &self,
        admitted: &Admitted,
        command: &Command,
    ) -> Result<Option<proto::Order>, Status> {
        let answer = self.orders.answered(&admitted.store_id, command).await;
        let answer = answer.map_err(|failure| refusal::of(&failure))?;
        answer.map(|answer| read_answer(Ok(answer))).transpose()
    }

    /// The stored answer names nobody; who bought stands beside the order.
    async fn with_people(
        &self,
        admitted: &Admitted,
        answer: Result<Answer, Failure>,
    ) -> Result<proto::Order, Status> {
        let mut order: proto::Order = read_answer(answer)?;
        let view = self.orders.get(&admitted.store_id, &order.order_id).await;
        if let Some(personal) = view.map_err(|failure| refusal::of(&failure))?.personal {
            people::add(&mut order, &personal);
        }
        Ok(order)
    }
}

/// The stored answer: what every repetition of the request is given again.
fn render(order: &Order, version: Version) -> Vec<u8> {
    to_wire::order(order, version).encode_to_vec()
}
