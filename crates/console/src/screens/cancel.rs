//! A merchant cancels an order or some pieces of it: first what that would do, then the deed.

use super::order;
use crate::{
    fields::Fields,
    frame::{Frame, Page as _, html, pages},
    parts,
    refused::Refused,
    visit::{Shown, Visit},
    words,
};
use askama::Template;
use gateway::Services;
use http::StatusCode;
use tonic::Status;
use wire::{
    cancellations::v1::{
        CancelOrderRequest, Cancellation, CancellationReason, CancelledLine, Channel,
        PreviewCancellationRequest, PreviewCancellationResponse, RequestCancellationRequest,
        RequestedBy,
    },
    orders::v1::Order,
    refunds::v1::RefundMethod,
};

#[derive(Template)]
#[template(path = "cancel.html")]
struct CancelPage {
    frame: Frame,
    order: Order,
    fields: Fields,
    preview: Preview,
}

pages!(CancelPage);

impl CancelPage {
    /// What stands in the form for the line at a place: nothing is chosen at first.
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "templates hand everything over by reference"
    )]
    fn quantity(&self, place: &usize) -> String {
        self.fields.column("quantity").get(*place).copied().unwrap_or_default().to_owned()
    }

    /// Who can only ask gives the customer's reason.
    fn reasons(&self) -> Vec<words::Choice> {
        if self.frame.may.manage { words::merchant_reasons() } else { words::buyer_reasons() }
    }

    fn restocks(&self, line: &str) -> bool {
        self.fields.holds("restock", line)
    }
}

/// What a cancellation, or the acceptance of one, would do.
#[derive(Template)]
#[template(path = "preview.html")]
pub struct Preview {
    answer: Option<PreviewCancellationResponse>,
    refused: Option<Refused>,
    currency: String,
}

impl Preview {
    pub fn of(
        outcome: Option<Result<PreviewCancellationResponse, Status>>,
        order: &Order,
        form: &Fields,
    ) -> Self {
        let currency = order.customer_currency.clone();
        match outcome {
            Some(Ok(answer)) => Self { answer: Some(answer), refused: None, currency },
            Some(Err(status)) => {
                Self { answer: None, refused: Some(Refused::of(&status).in_form(form)), currency }
            }
            None => Self { answer: None, refused: None, currency },
        }
    }
}

pub async fn show<S: Services>(visit: Visit<S>) -> Shown {
    page(&visit, visit.query.clone(), None, None).await
}

/// What the button says: show what it would do, do it, or ask for it.
pub async fn post<S: Services>(visit: Visit<S>) -> Shown {
    let (outcome, done) = match visit.form.text("do") {
        "cancel" => (cancelled(&visit).await, "cancelled"),
        "request" => (requested(&visit).await, "requested"),
        _ => {
            let outcome = preview(&visit).await;
            return page(&visit, visit.form.clone(), Some(outcome), None).await;
        }
    };
    match outcome {
        Ok(made) => {
            let made = made.unwrap_or_default();
            let to = format!("orders/{}/cancellations/{}", made.order_id, made.cancellation_id);
            Ok(visit.go(&to, done))
        }
        Err(status) => page(&visit, visit.form.clone(), None, Some(&status)).await,
    }
}

async fn cancelled<S: Services>(visit: &Visit<S>) -> Result<Option<Cancellation>, Status> {
    let request = visit.calls.ask(asked(visit)?);
    Ok(visit.calls.cancellations().cancel_order(request).await?.into_inner().cancellation)
}

/// For a customer who called or wrote.
async fn requested<S: Services>(visit: &Visit<S>) -> Result<Option<Cancellation>, Status> {
    let asked = asked(visit)?;
    let request = visit.calls.ask(RequestCancellationRequest {
        store_id: asked.store_id,
        order_id: asked.order_id,
        request_id: asked.request_id,
        lines: asked.lines,
        reason: asked.reason,
        comment: asked.comment,
        shipping_refund: asked.shipping_refund,
        shipping_amount: asked.shipping_amount,
        fee: asked.fee,
        requested_by: RequestedBy::Customer.into(),
        channel: Channel::Contact.into(),
    });
    Ok(visit.calls.cancellations().request_cancellation(request).await?.into_inner().cancellation)
}

/// What it would do alone, for a form that changes.
pub async fn fragment<S: Services>(visit: Visit<S>) -> Shown {
    let order = order::order(&visit, &visit.order_id()).await?;
    let outcome = preview(&visit).await;
    html(StatusCode::OK, &Preview::of(Some(outcome), &order, &visit.form))
}

async fn page<S: Services>(
    visit: &Visit<S>,
    fields: Fields,
    outcome: Option<Result<PreviewCancellationResponse, Status>>,
    refused: Option<&Status>,
) -> Shown {
    let order = order::order(visit, &visit.order_id()).await?;
    CancelPage {
        frame: visit.frame(format!("Cancel {}", order.order_id), "orders").with(refused),
        preview: Preview::of(outcome, &order, &fields),
        order,
        fields,
    }
    .shown()
}

fn asked<S: Services>(visit: &Visit<S>) -> Result<CancelOrderRequest, Status> {
    let form = &visit.form;
    Ok(CancelOrderRequest {
        store_id: visit.store_id(),
        order_id: visit.order_id(),
        request_id: visit.request_id(),
        lines: if form.text("what") == "everything" { Vec::new() } else { pieces(form)? },
        reason: words::number::<CancellationReason>(form.text("reason")),
        comment: form.text("comment").to_owned(),
        refund_method: words::number::<RefundMethod>(form.text("method")),
        shipping_refund: form.has("all_shipping"),
        shipping_amount: form.given("shipping"),
        fee: form.given("fee"),
        requested_by: words::number::<RequestedBy>(form.text("requested_by")),
        channel: 0,
    })
}

/// Whoever wants only pieces and names none would cancel the whole order.
fn pieces(form: &Fields) -> Result<Vec<CancelledLine>, Status> {
    let lines = super::goods::quantities(form)?;
    if lines.is_empty() {
        return Err(Status::invalid_argument("say which pieces, or cancel everything"));
    }
    let lines = lines.into_iter().map(|line| CancelledLine {
        restock: form.holds("restock", &line.cart_item_id),
        cart_item_id: line.cart_item_id,
        quantity: line.quantity,
    });
    Ok(lines.collect())
}

async fn preview<S: Services>(visit: &Visit<S>) -> Result<PreviewCancellationResponse, Status> {
    let asked = asked(visit)?;
    let request = visit.calls.ask(PreviewCancellationRequest {
        store_id: asked.store_id,
        order_id: asked.order_id,
        cancellation_id: String::new(),
        lines: asked.lines,
        reason: asked.reason,
        comment: asked.comment,
        refund_method: asked.refund_method,
        shipping_refund: asked.shipping_refund,
        shipping_amount: asked.shipping_amount,
        fee: asked.fee,
        requested_by: asked.requested_by,
        channel: asked.channel,
    });
    Ok(visit.calls.cancellations().preview_cancellation(request).await?.into_inner())
}
