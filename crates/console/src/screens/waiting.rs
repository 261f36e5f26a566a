//! What waits: orders whose checks a person decides, orders that the shop does not have, and
//! everything that workers still have to do.

use crate::{
    frame::{Frame, Page as _, pages},
    parts,
    visit::{Shown, Visit},
    words,
};
use askama::Template;
use gateway::Services;
use tonic::Status;
use wire::orders::v1::{
    HandoverState, ListOrdersRequest, ListOrdersResponse, ListTasksRequest, Order, OrderHandover,
    OrderSort, OrderState, Screened, ScreeningState, Task,
};

/// Tasks on a page.
const PAGE: i32 = 50;
/// Unfinished orders that are looked through for one page, the oldest first.
const LOOKED_THROUGH: i32 = 500;

#[derive(Template)]
#[template(path = "waiting.html")]
struct WaitingPage {
    frame: Frame,
    review: Vec<Order>,
    not_handed_over: Vec<Order>,
    tasks: Vec<Task>,
    next: String,
    further: String,
}

pages!(WaitingPage);

pub async fn list<S: Services>(visit: Visit<S>) -> Shown {
    let fields = &visit.query;
    let request = visit.calls.ask(ListTasksRequest {
        store_id: visit.store_id(),
        page_size: PAGE,
        page_token: fields.text("page").to_owned(),
        kinds: Vec::new(),
    });
    let tasks = visit.calls.orders().list_tasks(request).await?.into_inner();
    let unfinished = unfinished(&visit, fields.text("orders")).await?;
    let linked = |name: &str, token: &str| match token {
        "" => String::new(),
        token => fields.query_with(name, token),
    };
    WaitingPage {
        frame: visit.frame("Waiting", "waiting"),
        review: unfinished.orders.iter().filter(|it| is_in_review(it)).cloned().collect(),
        not_handed_over: unfinished.orders.iter().filter(|it| is_stuck(it)).cloned().collect(),
        tasks: tasks.tasks,
        next: linked("page", &tasks.next_page_token),
        further: linked("orders", &unfinished.next_page_token),
    }
    .shown()
}

/// Orders that are not accepted yet, the oldest first.
async fn unfinished<S: Services>(
    visit: &Visit<S>,
    page_token: &str,
) -> Result<ListOrdersResponse, Status> {
    let request = visit.calls.ask(ListOrdersRequest {
        store_id: visit.store_id(),
        page_size: LOOKED_THROUGH,
        page_token: page_token.to_owned(),
        states: vec![OrderState::Received.into(), OrderState::Ready.into()],
        order_by: OrderSort::CreateTimeAsc.into(),
        ..ListOrdersRequest::default()
    });
    Ok(visit.calls.orders().list_orders(request).await?.into_inner())
}

fn in_review(check: &Screened) -> bool {
    check.state() == ScreeningState::Review
}

fn is_in_review(order: &Order) -> bool {
    order.state() == OrderState::Received && order.screening.iter().any(in_review)
}

fn is_stuck(order: &Order) -> bool {
    let state = order.handover.as_ref().map(OrderHandover::state);
    matches!(state, Some(HandoverState::Retrying | HandoverState::Exhausted))
}
