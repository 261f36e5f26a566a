//! One cancellation: a request is decided here, and what was cancelled is taken back.

use super::{cancel::Preview, order};
use crate::{
    fields::Fields,
    frame::{Frame, Page as _, html, pages},
    parts,
    visit::{Shown, Visit},
    words,
};
use askama::Template;
use gateway::Services;
use http::StatusCode;
use tonic::Status;
use wire::{
    cancellations::v1::{
        AcceptCancellationRequest, Cancellation, CancellationReason, CancellationState,
        CancelledLine, Evidence, GetCancellationRequest, PreviewCancellationRequest,
        PreviewCancellationResponse, PreviewUndoRequest, PreviewUndoResponse,
        RejectCancellationRequest, Repaid, UndoCancellationRequest, WithdrawCancellationRequest,
    },
    orders::v1::Order,
    refunds::v1::RefundMethod,
};

#[derive(Template)]
#[template(path = "cancellation.html")]
struct CancellationPage {
    frame: Frame,
    order: Order,
    it: Cancellation,
    fields: Fields,
    /// What an acceptance would do.
    preview: Option<Preview>,
    /// What stands in the way of an undo, with the evidence of the form.
    undo: Option<PreviewUndoResponse>,
}

pages!(CancellationPage);

impl CancellationPage {
    /// What the goods of a line are called.
    fn name(&self, cart_item_id: &str) -> &str {
        let line = self.order.lines.iter().find(|line| line.cart_item_id == cart_item_id);
        line.map_or("", |line| if line.name.is_empty() { &line.product_code } else { &line.name })
    }
}

pub async fn show<S: Services>(visit: Visit<S>) -> Shown {
    with(&visit, Fields::default(), None).await
}

/// What an acceptance would do alone, for a form that changes.
pub async fn fragment<S: Services>(visit: Visit<S>) -> Shown {
    let order = order::order(&visit, &visit.order_id()).await?;
    let outcome = acceptance(&visit, &visit.form).await;
    html(StatusCode::OK, &Preview::of(Some(outcome), &order, &visit.form))
}

async fn with<S: Services>(visit: &Visit<S>, fields: Fields, mut refused: Option<Status>) -> Shown {
    let it = cancellation(visit).await?;
    let order = order::order(visit, &it.order_id).await?;
    let may = visit.frame("", "").may;
    let state = it.state();
    let preview = if may.act && state == CancellationState::Requested {
        Some(Preview::of(Some(acceptance(visit, &fields).await), &order, &fields))
    } else {
        None
    };
    let can_be_undone =
        matches!(state, CancellationState::InProgress | CancellationState::Completed);
    let undo = if may.act && can_be_undone {
        match undo(visit, &fields).await {
            Ok(undo) => Some(undo),
            Err(status) => {
                refused.get_or_insert(status);
                None
            }
        }
    } else {
        None
    };
    CancellationPage {
        frame: visit.frame(it.display_name.clone(), "cancellations").with(refused.as_ref()),
        order,
        it,
        fields,
        preview,
        undo,
    }
    .shown()
}

async fn cancellation<S: Services>(visit: &Visit<S>) -> Result<Cancellation, Status> {
    let request = visit.calls.ask(GetCancellationRequest {
        store_id: visit.store_id(),
        order_id: visit.order_id(),
        cancellation_id: visit.named("cancellation_id"),
    });
    let answer = visit.calls.cancellations().get_cancellation(request).await?;
    Ok(answer.into_inner().cancellation.unwrap_or_default())
}

async fn acceptance<S: Services>(
    visit: &Visit<S>,
    fields: &Fields,
) -> Result<PreviewCancellationResponse, Status> {
    let request = visit.calls.ask(PreviewCancellationRequest {
        store_id: visit.store_id(),
        order_id: visit.order_id(),
        cancellation_id: visit.named("cancellation_id"),
        reason: words::number::<CancellationReason>(fields.text("reason")),
        refund_method: words::number::<RefundMethod>(fields.text("method")),
        shipping_refund: fields.has("all_shipping"),
        ..PreviewCancellationRequest::default()
    });
    Ok(visit.calls.cancellations().preview_cancellation(request).await?.into_inner())
}

async fn undo<S: Services>(
    visit: &Visit<S>,
    fields: &Fields,
) -> Result<PreviewUndoResponse, Status> {
    let request = visit.calls.ask(PreviewUndoRequest {
        store_id: visit.store_id(),
        order_id: visit.order_id(),
        cancellation_id: visit.named("cancellation_id"),
        evidence: evidence(fields),
    });
    Ok(visit.calls.cancellations().preview_undo(request).await?.into_inner())
}

/// What shows that money came in again.
fn evidence(fields: &Fields) -> Option<Evidence> {
    match fields.text("evidence") {
        "repaid" => {
            let repaid = Repaid {
                payment_reference: fields.text("payment_reference").to_owned(),
                amount: fields.text("amount").to_owned(),
            };
            Some(Evidence { repaid: Some(repaid), recaptured: false })
        }
        "recaptured" => Some(Evidence { repaid: None, recaptured: true }),
        _ => None,
    }
}

/// Does what the button says; without a word it only looks again.
pub async fn act<S: Services>(visit: Visit<S>) -> Shown {
    match acted(&visit).await {
        Ok(Some(done)) => {
            let (order_id, id) = (visit.order_id(), visit.named("cancellation_id"));
            Ok(visit.go(&format!("orders/{order_id}/cancellations/{id}"), done))
        }
        Ok(None) => with(&visit, visit.form.clone(), None).await,
        Err(status) => with(&visit, visit.form.clone(), Some(status)).await,
    }
}

async fn acted<S: Services>(visit: &Visit<S>) -> Result<Option<&'static str>, Status> {
    let mut cancellations = visit.calls.cancellations();
    let form = &visit.form;
    let (store_id, order_id) = (visit.store_id(), visit.order_id());
    let cancellation_id = visit.named("cancellation_id");
    let request_id = visit.request_id();
    let reason = words::number::<CancellationReason>(form.text("reason"));
    let comment = form.text("comment").to_owned();
    match form.text("do") {
        "accept" => {
            let request = visit.calls.ask(AcceptCancellationRequest {
                store_id,
                order_id,
                cancellation_id,
                request_id,
                reason,
                refund_method: words::number::<RefundMethod>(form.text("method")),
                comment,
                shipping_refund: form.has("all_shipping"),
            });
            cancellations.accept_cancellation(request).await?;
            Ok(Some("request-accepted"))
        }
        "reject" => {
            let lines = super::goods::quantities(form)?;
            // Zeros everywhere are pieces, too, and not all of it.
            if lines.is_empty() && !form.all("quantity").is_empty() {
                let text = "say which pieces are rejected, or leave all of them empty";
                return Err(Status::invalid_argument(text));
            }
            let lines = lines.into_iter().map(|line| CancelledLine {
                cart_item_id: line.cart_item_id,
                quantity: line.quantity,
                restock: false,
            });
            let request = visit.calls.ask(RejectCancellationRequest {
                store_id,
                order_id,
                cancellation_id,
                request_id,
                lines: lines.collect(),
                reason,
                comment,
            });
            cancellations.reject_cancellation(request).await?;
            Ok(Some("request-rejected"))
        }
        "withdraw" => {
            let request = visit.calls.ask(WithdrawCancellationRequest {
                store_id,
                order_id,
                cancellation_id,
                request_id,
            });
            cancellations.withdraw_cancellation(request).await?;
            Ok(Some("request-withdrawn"))
        }
        "undo" => {
            let request = visit.calls.ask(UndoCancellationRequest {
                store_id,
                order_id,
                cancellation_id,
                request_id,
                comment,
                evidence: evidence(form),
            });
            cancellations.undo_cancellation(request).await?;
            Ok(Some("undone"))
        }
        _ => Ok(None),
    }
}
