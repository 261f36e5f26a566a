//! One order: everything about it, and what can be done with it.

use crate::{
    frame::{Frame, Page as _, pages},
    parts,
    visit::{Shown, Visit},
    words,
};
use askama::Template;
use gateway::Services;
use tonic::Status;
use wire::{
    cancellations::v1::{Cancellation, ListCancellationsRequest},
    events::v1::{Event, ListEventsRequest},
    orders::v1::{
        AcceptOrderRequest, Buyer, CompleteOrderRequest, ErasePersonalDataRequest, GetOrderRequest,
        HandoverState, Order, OrderHandover, OrderState, ResolveScreeningRequest,
        RetryHandoverRequest, ScreeningCheck, ScreeningState, SetExternalReferenceRequest,
    },
    refunds::v1::{ListRefundsRequest, Refund, Refundable},
};

/// Refunds and cancellations of an order that its page shows.
const PAGE: i32 = 200;
/// Pages of events that are read for the timeline, of 500 each.
const PAGES_OF_EVENTS: usize = 40;

#[derive(Template)]
#[template(path = "order.html")]
struct OrderPage {
    frame: Frame,
    order: Order,
    refunds: Vec<Refund>,
    refundable: Refundable,
    cancellations: Vec<Cancellation>,
    events: Vec<Event>,
    /// There are more refunds or cancellations than the page shows.
    more: bool,
}

pages!(OrderPage);

impl OrderPage {
    fn is(&self, states: &[OrderState]) -> bool {
        states.contains(&self.order.state())
    }

    fn can_be_accepted(&self) -> bool {
        self.is(&[OrderState::Ready])
    }

    fn can_be_shipped(&self) -> bool {
        self.is(&[OrderState::Ready, OrderState::Accepted, OrderState::Completed])
            && self.order.lines.iter().any(|line| line.open > 0)
    }

    fn can_be_delivered(&self) -> bool {
        self.order.lines.iter().any(|line| line.in_transit > 0)
    }

    fn can_be_cancelled(&self) -> bool {
        !self.is(&[OrderState::Cancelled]) && self.order.lines.iter().any(|line| line.open > 0)
    }

    fn can_be_refunded(&self) -> bool {
        !self.is(&[OrderState::Received]) && words::some(words::customer(&self.refundable.total))
    }

    /// Only the platform may.
    fn can_be_completed(&self) -> bool {
        self.frame.platform && self.is(&[OrderState::Accepted])
    }

    fn can_be_pushed(&self) -> bool {
        let state = self.order.handover.as_ref().map(OrderHandover::state);
        matches!(state, Some(HandoverState::Retrying | HandoverState::Exhausted))
    }

    /// Its buyer is not needed any more, and not forgotten yet.
    fn can_be_erased(&self) -> bool {
        let known = self.order.buyer.as_ref().is_some_and(|buyer| *buyer != Buyer::default());
        self.frame.may.manage && known && !self.is(&[OrderState::Received, OrderState::Ready])
    }

    /// Checks that a person has to decide.
    fn to_decide(&self) -> Vec<i32> {
        let review = i32::from(ScreeningState::Review);
        let waiting = self.order.screening.iter().filter(|check| check.state == review);
        waiting.map(|check| check.check).collect()
    }
}

pub async fn show<S: Services>(visit: Visit<S>) -> Shown {
    with(&visit, None).await
}

/// The page, and what was refused of an action.
pub async fn with<S: Services>(visit: &Visit<S>, refused: Option<&Status>) -> Shown {
    let (store_id, order_id) = (visit.store_id(), visit.order_id());
    let order = order(visit, &order_id).await?;
    // It may have been asked for by the merchant's own id.
    let order_id = order.order_id.clone();
    let asked = visit.calls.ask(ListRefundsRequest {
        store_id: store_id.clone(),
        order_id: order_id.clone(),
        page_size: PAGE,
        ..ListRefundsRequest::default()
    });
    let refunds = visit.calls.refunds().list_refunds(asked).await?.into_inner();
    let asked = visit.calls.ask(ListCancellationsRequest {
        store_id,
        order_id: order_id.clone(),
        page_size: PAGE,
        ..ListCancellationsRequest::default()
    });
    let cancellations = visit.calls.cancellations().list_cancellations(asked).await?.into_inner();
    OrderPage {
        frame: visit.frame(format!("Order {order_id}"), "orders").with(refused),
        events: events(visit, &order_id).await?,
        order,
        more: !refunds.next_page_token.is_empty() || !cancellations.next_page_token.is_empty(),
        refundable: refunds.refundable.unwrap_or_default(),
        refunds: refunds.refunds,
        cancellations: cancellations.cancellations,
    }
    .shown()
}

pub async fn order<S: Services>(visit: &Visit<S>, order_id: &str) -> Result<Order, Status> {
    let asked = GetOrderRequest { store_id: visit.store_id(), order_id: order_id.to_owned() };
    let answer = visit.calls.orders().get_order(visit.calls.ask(asked)).await?;
    Ok(answer.into_inner().order.unwrap_or_default())
}

/// The timeline, newest first.
async fn events<S: Services>(visit: &Visit<S>, order_id: &str) -> Result<Vec<Event>, Status> {
    let mut asked = ListEventsRequest {
        store_id: visit.store_id(),
        order_id: order_id.to_owned(),
        page_size: 500,
        ..ListEventsRequest::default()
    };
    let mut events = Vec::new();
    for _ in 0..PAGES_OF_EVENTS {
        let answer = visit.calls.events().list_events(visit.calls.ask(asked.clone())).await?;
        let page = answer.into_inner();
        events.extend(page.events);
        if page.next_page_token.is_empty() {
            break;
        }
        asked.page_token = page.next_page_token;
    }
    events.reverse();
    Ok(events)
}

/// Where an action on the order leads: back to it, with what was done or why not.
pub async fn after<S: Services, T>(
    visit: &Visit<S>,
    outcome: Result<T, Status>,
    done: &str,
) -> Shown {
    match outcome {
        Ok(_) => Ok(visit.go(&format!("orders/{}", visit.order_id()), done)),
        Err(status) => with(visit, Some(&status)).await,
    }
}

pub async fn accept<S: Services>(visit: Visit<S>) -> Shown {
    let request = visit.calls.ask(AcceptOrderRequest {
        store_id: visit.store_id(),
        order_id: visit.order_id(),
        request_id: visit.request_id(),
        external_order_id: visit.form.text("external_order_id").to_owned(),
        external_order_number: visit.form.text("external_order_number").to_owned(),
    });
    let outcome = visit.calls.orders().accept_order(request).await;
    after(&visit, outcome, "accepted").await
}

pub async fn set_reference<S: Services>(visit: Visit<S>) -> Shown {
    let request = visit.calls.ask(SetExternalReferenceRequest {
        store_id: visit.store_id(),
        order_id: visit.order_id(),
        request_id: visit.request_id(),
        external_order_id: visit.form.text("external_order_id").to_owned(),
        external_order_number: visit.form.text("external_order_number").to_owned(),
    });
    let outcome = visit.calls.orders().set_external_reference(request).await;
    after(&visit, outcome, "referenced").await
}

pub async fn complete<S: Services>(visit: Visit<S>) -> Shown {
    let request = visit.calls.ask(CompleteOrderRequest {
        store_id: visit.store_id(),
        order_id: visit.order_id(),
        request_id: visit.request_id(),
    });
    let outcome = visit.calls.orders().complete_order(request).await;
    after(&visit, outcome, "completed").await
}

pub async fn screen<S: Services>(visit: Visit<S>) -> Shown {
    let request = visit.calls.ask(ResolveScreeningRequest {
        store_id: visit.store_id(),
        order_id: visit.order_id(),
        request_id: visit.request_id(),
        check: words::number::<ScreeningCheck>(visit.form.text("check")),
        state: words::number::<ScreeningState>(visit.form.text("state")),
        comment: visit.form.text("comment").to_owned(),
    });
    let outcome = visit.calls.orders().resolve_screening(request).await;
    after(&visit, outcome, "screened").await
}

pub async fn erase<S: Services>(visit: Visit<S>) -> Shown {
    let request = visit.calls.ask(ErasePersonalDataRequest {
        store_id: visit.store_id(),
        order_id: visit.order_id(),
        request_id: visit.request_id(),
    });
    let outcome = visit.calls.orders().erase_personal_data(request).await;
    after(&visit, outcome, "erased").await
}

pub async fn hand_over<S: Services>(visit: Visit<S>) -> Shown {
    let request = visit.calls.ask(RetryHandoverRequest {
        store_id: visit.store_id(),
        order_id: visit.order_id(),
        request_id: visit.request_id(),
    });
    let outcome = visit.calls.orders().retry_handover(request).await;
    after(&visit, outcome, "handed-over").await
}
