//! One refund: its figures and how they came about, its legs, and what a person can do with it.

use crate::{
    frame::{Frame, Page as _, html, pages},
    parts,
    visit::{Shown, Visit},
    words,
    zone::Zone,
};
use askama::Template;
use gateway::Services;
use http::StatusCode;
use tonic::Status;
use wire::{
    orders::v1::Order,
    refunds::v1::{
        ApproveRefundRequest, ChangeRefundMethodRequest, ConfirmManualRefundRequest,
        ExplainRefundRequest, Explanation, GetRefundRequest, HoldRefundRequest, LegKind, LegState,
        Refund, RefundMethod, RefundState, ReleaseRefundRequest, RetryRefundRequest,
    },
    stores::v1::Store,
};

#[derive(Template)]
#[template(path = "refund.html")]
struct RefundPage {
    frame: Frame,
    refund: Refund,
    explanations: Vec<Explanation>,
    /// The one who looks at it made it, and cannot approve it.
    is_own: bool,
}

pages!(RefundPage);

impl RefundPage {
    fn is(&self, state: RefundState) -> bool {
        self.refund.state() == state
    }

    fn is_failed(&self) -> bool {
        self.is(RefundState::Failed)
    }

    fn is_held(&self) -> bool {
        self.is(RefundState::Held)
    }

    fn is_pending(&self) -> bool {
        self.is(RefundState::Pending)
    }

    fn waits_for_payout(&self) -> bool {
        self.is_pending() && self.has_payout()
    }

    fn has_payout(&self) -> bool {
        let legs = self.refund.legs.iter();
        let mut by_hand = legs.filter(|leg| leg.kind() == LegKind::Manual);
        by_hand.any(|leg| !matches!(leg.state(), LegState::Settled | LegState::Voided))
    }

    fn is_open(&self) -> bool {
        self.is_failed() || self.is_pending() || self.is_held()
    }
}

pub async fn show<S: Services>(visit: Visit<S>) -> Shown {
    with(&visit, None).await
}

async fn with<S: Services>(visit: &Visit<S>, refused: Option<&Status>) -> Shown {
    let refund = refund(visit).await?;
    let request = visit.calls.ask(ExplainRefundRequest {
        store_id: visit.store_id(),
        order_id: visit.order_id(),
        refund_id: visit.named("refund_id"),
    });
    let explained = visit.calls.refunds().explain_refund(request).await?.into_inner();
    RefundPage {
        frame: visit.frame(format!("Refund no. {}", refund.refund_number), "refunds").with(refused),
        is_own: refund.created_by == visit.session.actor,
        refund,
        explanations: explained.explanations,
    }
    .shown()
}

async fn refund<S: Services>(visit: &Visit<S>) -> Result<Refund, Status> {
    let request = visit.calls.ask(GetRefundRequest {
        store_id: visit.store_id(),
        order_id: visit.order_id(),
        refund_id: visit.named("refund_id"),
    });
    let answer = visit.calls.refunds().get_refund(request).await?;
    Ok(answer.into_inner().refund.unwrap_or_default())
}

/// Does what the button says.
pub async fn act<S: Services>(visit: Visit<S>) -> Shown {
    match acted(&visit).await {
        Ok(done) => {
            let (order_id, refund_id) = (visit.order_id(), visit.named("refund_id"));
            Ok(visit.go(&format!("orders/{order_id}/refunds/{refund_id}"), done))
        }
        Err(status) => with(&visit, Some(&status)).await,
    }
}

/// Fills in what every request about a refund names.
macro_rules! about {
    ($visit:expr, $request:ident { $($field:ident: $value:expr),* $(,)? }) => {
        $visit.calls.ask($request {
            store_id: $visit.store_id(),
            order_id: $visit.order_id(),
            refund_id: $visit.named("refund_id"),
            request_id: $visit.request_id(),
            $($field: $value,)*
        })
    };
}

async fn acted<S: Services>(visit: &Visit<S>) -> Result<&'static str, Status> {
    let mut refunds = visit.calls.refunds();
    let form = &visit.form;
    match form.text("do") {
        "retry" => {
            refunds.retry_refund(about!(visit, RetryRefundRequest {})).await?;
            Ok("retried")
        }
        "hold" => {
            let reason = form.text("why").to_owned();
            refunds.hold_refund(about!(visit, HoldRefundRequest { reason: reason })).await?;
            Ok("held")
        }
        "release" => {
            refunds.release_refund(about!(visit, ReleaseRefundRequest {})).await?;
            Ok("released")
        }
        "approve" => {
            refunds.approve_refund(about!(visit, ApproveRefundRequest {})).await?;
            Ok("approved")
        }
        "confirm" => {
            let reference = form.text("payment_reference").to_owned();
            let request =
                about!(visit, ConfirmManualRefundRequest { payment_reference: reference });
            refunds.confirm_manual_refund(request).await?;
            Ok("confirmed")
        }
        "change" => {
            let method = words::number::<RefundMethod>(form.text("method"));
            let request = about!(visit, ChangeRefundMethodRequest { refund_method: method });
            refunds.change_refund_method(request).await?;
            Ok("method-changed")
        }
        _ => Err(Status::invalid_argument("the form does not say what to do")),
    }
}

#[derive(Template)]
#[template(path = "credit-note.html")]
struct CreditNote {
    store: Store,
    zone: Zone,
    order: Order,
    refund: Refund,
}

/// A refund on paper.
pub async fn credit_note<S: Services>(visit: Visit<S>) -> Shown {
    let refund = refund(&visit).await?;
    let order = super::order::order(&visit, &refund.order_id).await?;
    let (store, zone) = (visit.store.clone(), visit.zone.clone());
    html(StatusCode::OK, &CreditNote { store, zone, order, refund })
}
