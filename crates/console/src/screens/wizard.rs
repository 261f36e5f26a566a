//! A refund: what is asked for, what it comes to, and the confirmation of exactly that.

mod asked;

use super::order;
use crate::{
    fields::Fields,
    frame::{Frame, Page as _, html, pages},
    parts,
    refused::{Refused, leaves_open},
    visit::{Shown, Visit},
    words::{self, Choice},
    zone::Zone,
};
use askama::Template;
use axum::response::{IntoResponse as _, Redirect};
use gateway::Services;
use http::StatusCode;
use tonic::Status;
use wire::{
    orders::v1::{Order, OrderLine},
    refunds::v1::{
        CreateRefundRequest, GetRefundableRequest, QuoteRefundResponse, Refund, Refundable,
        RefundableLine,
    },
    stores::v1::StoreSettings,
};

#[derive(Template)]
#[template(path = "wizard.html")]
struct WizardPage {
    frame: Frame,
    order: Order,
    left: Refundable,
    settings: StoreSettings,
    fields: Fields,
    quote: Quote,
}

pages!(WizardPage);

/// What stands beside the form, and takes its place by itself while the form changes.
#[derive(Template)]
#[template(path = "quote.html")]
struct Quote {
    /// Where it is confirmed.
    confirm: String,
    form_token: String,
    request_id: String,
    /// The form that it is the quote of.
    asked: String,
    zone: Zone,
    answer: Option<QuoteRefundResponse>,
    refused: Option<Refused>,
    /// A quote that was confirmed, and of which it is not known what became.
    unsure: Option<String>,
}

impl Quote {
    fn plan(&self) -> Refund {
        self.answer.as_ref().and_then(|answer| answer.plan.clone()).unwrap_or_default()
    }
}

/// A line of the form.
struct Row {
    line: OrderLine,
    left: RefundableLine,
    quantity: String,
    percent: String,
    amount: String,
    reason: String,
}

impl WizardPage {
    /// Lines of which something is left.
    fn rows(&self) -> Vec<Row> {
        let written = self.fields.column("line");
        let left = self.order.lines.iter().map(|line| (line, self.left_of(line)));
        let rows = left.filter(|(_, left)| is_something(left)).map(|(line, left)| {
            let place = written.iter().position(|id| *id == line.cart_item_id);
            let at = |name: &str| {
                let column = self.fields.column(name);
                place.and_then(|place| column.get(place).copied()).unwrap_or_default().to_owned()
            };
            Row {
                line: line.clone(),
                left,
                quantity: at("quantity"),
                percent: at("percent"),
                amount: at("amount"),
                reason: at("line_reason"),
            }
        });
        rows.collect()
    }

    /// Lines of which everything was refunded.
    fn exhausted(&self) -> Vec<&str> {
        let lines = self.order.lines.iter().filter(|line| !is_something(&self.left_of(line)));
        lines.map(|line| line.cart_item_id.as_str()).collect()
    }

    fn left_of(&self, line: &OrderLine) -> RefundableLine {
        let left = self.left.lines.iter().find(|it| it.cart_item_id == line.cart_item_id);
        left.cloned().unwrap_or_default()
    }

    fn reasons(&self) -> Vec<Choice> {
        let reasons = self.settings.refund_reasons.iter();
        let reasons = reasons.map(|it| Choice {
            value: it.code.clone(),
            text: format!("{} ({})", it.name, it.code),
        });
        reasons.collect()
    }
}

fn is_something(left: &RefundableLine) -> bool {
    left.quantity > 0 || words::some(words::customer(&left.amount))
}

pub async fn show<S: Services>(visit: Visit<S>) -> Shown {
    let nothing = quote_of(&visit, &visit.query, None);
    page(&visit, visit.query.clone(), nothing, None).await
}

/// What the button says: work it out, or do exactly what was worked out.
pub async fn post<S: Services>(visit: Visit<S>) -> Shown {
    if visit.form.has("quote_id") {
        return confirm(&visit).await;
    }
    let outcome = ask(&visit, &visit.form).await;
    let quote = quote_of(&visit, &visit.form, Some(outcome));
    page(&visit, visit.form.clone(), quote, None).await
}

/// The figures alone, for a form that changes.
pub async fn fragment<S: Services>(visit: Visit<S>) -> Shown {
    let outcome = ask(&visit, &visit.form).await;
    html(StatusCode::OK, &quote_of(&visit, &visit.form, Some(outcome)))
}

async fn page<S: Services>(
    visit: &Visit<S>,
    fields: Fields,
    quote: Quote,
    refused: Option<&Status>,
) -> Shown {
    let order = order::order(visit, &visit.order_id()).await?;
    let asked =
        GetRefundableRequest { store_id: visit.store_id(), order_id: order.order_id.clone() };
    let left = visit.calls.refunds().get_refundable(visit.calls.ask(asked)).await?.into_inner();
    WizardPage {
        frame: visit.frame(format!("Refund of {}", order.order_id), "orders").with(refused),
        order,
        left: left.refundable.unwrap_or_default(),
        settings: visit.store.settings.clone().unwrap_or_default(),
        fields,
        quote,
    }
    .shown()
}

async fn ask<S: Services>(visit: &Visit<S>, form: &Fields) -> Result<QuoteRefundResponse, Status> {
    let settings = visit.store.settings.clone().unwrap_or_default();
    let asked = asked::read(form, &settings.refund_reasons, visit.store_id(), visit.order_id());
    let answer = visit.calls.refunds().quote_refund(visit.calls.ask(asked?)).await?;
    Ok(answer.into_inner())
}

fn quote_of<S: Services>(
    visit: &Visit<S>,
    form: &Fields,
    outcome: Option<Result<QuoteRefundResponse, Status>>,
) -> Quote {
    let (answer, refused) = match outcome {
        Some(Ok(answer)) => (Some(answer), None),
        Some(Err(status)) => (None, Some(Refused::of(&status).in_form(form))),
        None => (None, None),
    };
    Quote {
        confirm: format!("/console/{}/orders/{}/refund", visit.store_id(), visit.order_id()),
        form_token: visit.form_token.clone(),
        request_id: uuid::Uuid::new_v4().to_string(),
        asked: form.written(&["csrf", "request_id"]),
        zone: visit.zone.clone(),
        answer,
        refused,
        unsure: None,
    }
}

/// Makes the refund of the quote and of nothing else.
async fn confirm<S: Services>(visit: &Visit<S>) -> Shown {
    let request = visit.calls.ask(CreateRefundRequest {
        store_id: visit.store_id(),
        order_id: visit.order_id(),
        request_id: visit.request_id(),
        quote_id: visit.form.text("quote_id").to_owned(),
        ..CreateRefundRequest::default()
    });
    match visit.calls.refunds().create_refund(request).await {
        Ok(made) => {
            let refund = made.into_inner().refund.unwrap_or_default();
            let to = format!(
                "/console/{}/orders/{}/refunds/{}?done=refunded",
                refund.store_id, refund.order_id, refund.refund_id
            );
            Ok(Redirect::to(&to).into_response())
        }
        Err(status) => {
            let asked = Fields::of(visit.form.text("asked")).unwrap_or_default();
            let quote = if leaves_open(&status) {
                let request_id = visit.request_id();
                let unsure = Some(visit.form.text("quote_id").to_owned());
                Quote { request_id, unsure, ..quote_of(visit, &asked, None) }
            } else {
                quote_of(visit, &asked, Some(ask(visit, &asked).await))
            };
            page(visit, asked, quote, Some(&status)).await
        }
    }
}
