//! What the columns of an order and of its lists are, as the order says. Commits write it, and an
//! audit compares it with what is stored.

use super::{CancellationRow, RefundRow, TenderRow, ToldRow};
use crate::column::{micros, to_doc};
use domain::{
    Amount, Rejection,
    cancellation::{Cancellation, CancelledLine, Given},
    event::Told,
    order::{Line, Order},
    refund::Refund,
};
use ports::StoreError;

/// The columns of an order beside its documents that may change with it, and when it was made.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct OrderColumns {
    pub created_at: i64,
    pub captured: i64,
    pub returned: i64,
    pub state: &'static str,
    pub external_order_id: Option<String>,
    pub external_order_number: Option<String>,
    pub cart_id: Option<String>,
}

impl OrderColumns {
    pub fn of(order: &Order, tenders: &[TenderRow]) -> Self {
        Self {
            created_at: micros(order.created_at),
            captured: tenders.iter().map(|tender| tender.captured).sum(),
            returned: tenders.iter().map(|tender| tender.returned).sum(),
            state: order.state.name(),
            external_order_id: order.external.as_ref().map(|external| external.id.clone()),
            external_order_number: order.external.as_ref().map(|external| external.number.clone()),
            cart_id: order.cart_id.clone(),
        }
    }
}

/// Captured, and returned or on its way back, per tender.
pub(crate) fn tenders(order: &Order) -> Result<Vec<TenderRow>, Rejection> {
    let books = order.books()?;
    // The sum of what was captured is within the limits of an amount, or this says so.
    Amount::sum(order.tenders.iter().map(|tender| tender.captured))?;
    Amount::sum(books.tenders.iter().copied())?;
    let sums = books.tenders.iter().zip(&books.released);
    let rows = order.tenders.iter().zip(sums).map(|(tender, (returned, released))| TenderRow {
        tender_id: tender.tender_id.to_string(),
        provider: tender.provider.clone(),
        reference: Some(tender.provider_reference.clone()).filter(|text| !text.is_empty()),
        authorized: tender.authorized.ten_thousandths(),
        captured: tender.captured.ten_thousandths(),
        returned: returned.ten_thousandths(),
        released: released.ten_thousandths(),
    });
    Ok(rows.collect())
}

/// The codes of its products, each once.
pub(crate) fn product_codes(order: &Order) -> Vec<String> {
    codes_of(order.lines.iter())
}

pub(super) fn codes(order: &Order, lines: &[CancelledLine]) -> Vec<String> {
    codes_of(lines.iter().filter_map(|line| order.lines.get(line.line)))
}

fn codes_of<'l>(lines: impl Iterator<Item = &'l Line>) -> Vec<String> {
    let of_line = |line: &Line| [line.product_code.clone(), line.secondary_product_code.clone()];
    let mut codes: Vec<String> = lines.flat_map(of_line).flatten().collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

impl CancellationRow {
    pub fn of(order: &Order, cancellation: &Cancellation, former: Vec<String>) -> Self {
        let products = codes(order, &cancellation.lines);
        let former_products = former.into_iter().filter(|code| !products.contains(code)).collect();
        let name = |given: &Option<Given>| given.as_ref().map(|given| given.reason.name());
        Self {
            cancellation_id: cancellation.cancellation_id.as_uuid(),
            state: cancellation.state.name(),
            requested_by: cancellation.requested_by.name(),
            reason: name(&cancellation.reason),
            customer_reason: name(&cancellation.customer_reason),
            created_at: micros(cancellation.created_at),
            accepted_at: cancellation.accepted.as_ref().map(|accepted| micros(accepted.at)),
            completed_at: cancellation.completed_at.map(micros),
            products,
            former_products,
        }
    }
}

impl RefundRow {
    pub fn of(refund: &Refund, place: i64) -> Self {
        Self {
            refund_id: refund.refund_id.as_uuid(),
            number: refund.number,
            place,
            created_at: micros(refund.created_at),
            state: refund.state.name(),
            external_reference: refund.external_reference.clone(),
        }
    }
}

impl ToldRow {
    pub fn of(told: Told) -> Result<Self, StoreError> {
        let Told { entity_id, external, data } = told;
        Ok(Self { entity_id, external, data: to_doc(&data)? })
    }
}
