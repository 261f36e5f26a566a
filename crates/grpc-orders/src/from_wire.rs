//! Messages become commands here, or are sent back with every mistake named.

mod new_order;
mod orders;

pub(crate) use new_order::new_order;
pub(crate) use orders::filter;

use application::{Resolution, Shipped};
use domain::{
    Amount, Reason, Rejection,
    id::{OrderId, TenderId},
    order::{ExternalIds, Order, Parcel, PaymentReport, TenderState},
    rejection::Violations,
    screening::Check,
};
use grpc_kit::{Fields, screening_check};
use ports::{OrderOrigin, PageRequest, TaskKind, TaskOrigin};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use wire::orders::v1 as proto;

/// Characters of a name, an e-mail address, a line of an address.
const MAX_NAME: usize = 255;
/// Characters of a code, a phone number, a carrier.
const MAX_CODE: usize = 64;
/// Characters of ids that others give.
const MAX_ID: usize = 128;
/// Characters of what a person says about a check.
const MAX_COMMENT: usize = 1_000;

pub(crate) fn external(fields: &mut Fields, id: &str, number: &str) -> ExternalIds {
    ExternalIds {
        id: fields.text("external_order_id", id, MAX_ID),
        number: fields.text("external_order_number", number, MAX_ID),
    }
}

/// A payment report whose amount waits for the order to say its currency.
#[derive(Debug, Clone)]
pub(crate) struct Report {
    tender_id: TenderId,
    state: TenderState,
    amount: Option<Decimal>,
    provider_reference: Option<String>,
}

impl Report {
    pub fn read(&self, order: &Order) -> Result<PaymentReport, Rejection> {
        let decimals = order.customer_currency.exponent();
        let amount = self.amount.map(|amount| Amount::from_decimal(amount, decimals));
        let mut wrong = Violations::default();
        let amount = amount.and_then(|amount| wrong.check("amount", amount));
        wrong.into_result(Reason::InvalidAmount)?;
        Ok(PaymentReport {
            tender_id: self.tender_id.clone(),
            state: self.state,
            amount,
            provider_reference: self.provider_reference.clone(),
        })
    }
}

pub(crate) fn payment(fields: &mut Fields, message: &proto::RecordPaymentRequest) -> Report {
    let tender_id: Option<TenderId> = fields.parse("tender_id", &message.tender_id);
    let state = match message.state() {
        proto::TenderState::Authorized => Some(TenderState::Authorized),
        proto::TenderState::Captured => Some(TenderState::Captured),
        proto::TenderState::Failed => Some(TenderState::Failed),
        _ => None,
    };
    if state.is_none() {
        fields.wrong("state", "must be AUTHORIZED, CAPTURED or FAILED");
    }
    let amount = fields.decimal("amount", message.amount.as_deref());
    let reference = message.provider_reference.as_deref().unwrap_or_default();
    let provider_reference = fields.optional_text("provider_reference", reference, MAX_NAME);
    Report {
        // Whatever is missing was named, so that this report is never used.
        tender_id: tender_id.unwrap_or_else(unnamed),
        state: state.unwrap_or(TenderState::Pending),
        amount,
        provider_reference,
    }
}

fn unnamed() -> TenderId {
    "unnamed".parse().expect("a plain word is a name")
}

pub(crate) fn shipped(fields: &mut Fields, message: &proto::RecordShipmentRequest) -> Shipped {
    if message.lines.is_empty() {
        fields.wrong("lines", "must name what was shipped");
    }
    Shipped {
        parcels: parcels(fields, &message.lines),
        carrier: fields.optional_text("carrier", &message.carrier, MAX_CODE).unwrap_or_default(),
        tracking_number: fields
            .optional_text("tracking_number", &message.tracking_number, MAX_ID)
            .unwrap_or_default(),
    }
}

pub(crate) fn parcels(fields: &mut Fields, lines: &[proto::LineQuantity]) -> Vec<Parcel> {
    if lines.len() > Order::MAX_LINES {
        fields.wrong("lines", format!("must be at most {}", Order::MAX_LINES));
    }
    let mut parcels = Vec::new();
    for (index, line) in lines.iter().take(Order::MAX_LINES).enumerate() {
        let at = |name: &str| format!("lines[{index}].{name}");
        let quantity = u32::try_from(line.quantity).ok().filter(|quantity| *quantity > 0);
        if quantity.is_none() {
            fields.wrong(at("quantity"), "must be at least 1");
        }
        let cart_item_id = fields.text(&at("cart_item_id"), &line.cart_item_id, MAX_ID);
        parcels.push(Parcel { cart_item_id, quantity: quantity.unwrap_or(1) });
    }
    parcels
}

/// Where a page of orders ends, as it stands in a page token.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Origin {
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
    id: OrderId,
}

impl From<OrderOrigin> for Origin {
    fn from(origin: OrderOrigin) -> Self {
        Self { at: origin.created_at, id: origin.order_id }
    }
}

impl From<Origin> for OrderOrigin {
    fn from(origin: Origin) -> Self {
        Self { created_at: origin.at, order_id: origin.id }
    }
}

pub(crate) fn resolution(
    fields: &mut Fields,
    message: &proto::ResolveScreeningRequest,
) -> Resolution {
    let check = screening_check(fields, "check", message.check);
    let clear = match message.state() {
        proto::ScreeningState::Clear => Some(true),
        proto::ScreeningState::Failed => Some(false),
        _ => None,
    };
    if clear.is_none() {
        fields.wrong("state", "must be CLEAR or FAILED");
    }
    Resolution {
        // Whatever is missing was named, so that this resolution is never used.
        check: check.unwrap_or(Check::Fraud),
        clear: clear.unwrap_or_default(),
        comment: fields.text("comment", &message.comment, MAX_COMMENT),
    }
}

/// Where a page of tasks ends, as it stands in a page token.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TaskPlace {
    order: OrderId,
    kind: String,
    subject: String,
}

impl From<TaskOrigin> for TaskPlace {
    fn from(origin: TaskOrigin) -> Self {
        let TaskOrigin { order_id, kind, subject } = origin;
        Self { order: order_id, kind: kind.name().to_owned(), subject }
    }
}

/// Kinds that one list may name.
const MAX_KINDS: usize = 16;

pub(crate) fn task_kinds(fields: &mut Fields, kinds: &[i32]) -> Vec<TaskKind> {
    if kinds.len() > MAX_KINDS {
        fields.wrong("kinds", format!("must be at most {MAX_KINDS}"));
    }
    let mut read = Vec::new();
    for (index, kind) in kinds.iter().take(MAX_KINDS).enumerate() {
        read.push(match proto::TaskKind::try_from(*kind) {
            Ok(proto::TaskKind::ProcessOrder) => TaskKind::ProcessOrder,
            Ok(proto::TaskKind::Leg) => TaskKind::Leg,
            Ok(proto::TaskKind::Handover) => TaskKind::Handover,
            Ok(proto::TaskKind::Complete) => TaskKind::Complete,
            Ok(proto::TaskKind::Payout) => TaskKind::Payout,
            Ok(proto::TaskKind::Unspecified) | Err(_) => {
                fields.wrong(format!("kinds[{index}]"), "must be a kind of tasks");
                continue;
            }
        });
    }
    read
}

pub(crate) fn task_page(
    fields: &mut Fields,
    page: PageRequest<TaskPlace>,
) -> PageRequest<TaskOrigin> {
    let after = page.after.and_then(|TaskPlace { order, kind, subject }| {
        let known = TaskKind::ALL.into_iter().find(|known| known.name() == kind);
        if known.is_none() {
            fields.wrong("page_token", "must be a next_page_token of this very list");
        }
        Some(TaskOrigin { order_id: order, kind: known?, subject })
    });
    PageRequest { size: page.size, after }
}
