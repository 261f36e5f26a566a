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
    HandoverState, ListOrdersRequest, ListOrdersResponse, ListTasksRequest, Order, OrderSort,
    OrderState, ScreeningState, Task,
};

/// Orders, and tasks, on a page.
const PAGE: i32 = 50;

#[derive(Template)]
#[template(path = "waiting.html")]
struct WaitingPage {
    frame: Frame,
    review: Vec<Order>,
    further_reviews: String,
    not_handed_over: Vec<Order>,
    further: String,
    tasks: Vec<Task>,
    next: String,
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
    let review = oldest(
        &visit,
        fields.text("review"),
        ListOrdersRequest {
            states: vec![OrderState::Received.into()],
            screening_states: vec![ScreeningState::Review.into()],
            ..ListOrdersRequest::default()
        },
    );
    let review = review.await?;
    let stuck = [HandoverState::Retrying, HandoverState::Exhausted].map(Into::into);
    let stuck = ListOrdersRequest { handover_states: stuck.into(), ..<_>::default() };
    let stuck = oldest(&visit, fields.text("stuck"), stuck).await?;
    let linked = |name: &str, token: &str| match token {
        "" => String::new(),
        token => fields.query_with(name, token),
    };
    WaitingPage {
        frame: visit.frame("Waiting", "waiting"),
        review: review.orders,
        further_reviews: linked("review", &review.next_page_token),
        not_handed_over: stuck.orders,
        further: linked("stuck", &stuck.next_page_token),
        tasks: tasks.tasks,
        next: linked("page", &tasks.next_page_token),
    }
    .shown()
}

async fn oldest<S: Services>(
    visit: &Visit<S>,
    page_token: &str,
    asked: ListOrdersRequest,
) -> Result<ListOrdersResponse, Status> {
    let request = visit.calls.ask(ListOrdersRequest {
        store_id: visit.store_id(),
        page_size: PAGE,
        page_token: page_token.to_owned(),
        order_by: OrderSort::CreateTimeAsc.into(),
        ..asked
    });
    Ok(visit.calls.orders().list_orders(request).await?.into_inner())
}
