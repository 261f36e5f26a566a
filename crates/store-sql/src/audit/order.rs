//! One order: its history, what that makes, and the rows beside it.
//!
//! What the facts make is taken for the truth as long as the facts are what they were; then a stored
//! order that differs is one fault, and not one for each row that was made of it. If a fact was
//! changed or is missing, the stored order stands in.

mod difference;
mod facts;
mod lists;
mod money;
mod places;

use super::{
    history::{OrderHead, Record},
    report::{Report, Spot},
    suspects::OfOrder,
};
use domain::order::Order;
use facts::History;
use ports::FaultKind;

pub(super) fn check(record: &Record, suspects: &OfOrder, report: &mut Report<'_>) {
    let spot = Spot::of_order(&record.store_id, &record.order_id);
    let whole = places::check(record, spot, report);
    if record.order_id.is_empty() {
        facts::of_store(record, suspects, spot, report);
        if !record.cancelled_products.is_empty() {
            let text = "cancellation_products: rows of cancellations that are not there";
            report.tell(spot, FaultKind::ProjectionDiffers, text);
        }
        return;
    }
    let stored = record.head.as_ref().map(|head| serde_json::from_slice::<Order>(&head.doc));
    let known = stored.as_ref().and_then(|stored| stored.as_ref().ok());
    let history = facts::of_order(record, suspects, known, whole, report);
    let (Some(head), Some(stored)) = (&record.head, stored) else {
        if !record.head_is_unread() {
            let text = "there are rows of an order, but no order";
            report.tell(spot, FaultKind::RecordMissing, text);
        }
        return;
    };
    let stored = stored.map_err(|error| {
        let text = format!("orders.doc: {}", without_values(&error));
        report.tell(spot, FaultKind::Unreadable, text);
    });
    rebuilt(head, history, stored.ok(), record, spot, report);
}

fn rebuilt(
    head: &OrderHead,
    history: History,
    stored: Option<Order>,
    record: &Record,
    spot: Spot<'_>,
    report: &mut Report<'_>,
) {
    let History { order: mut made, refunds, replaced } = history;
    if let (Some(made), Some(stored)) = (&mut made, &stored) {
        // When a command was carried out is no fact.
        made.updated_at = stored.updated_at;
        if made != stored {
            let place = difference::between(made, stored);
            let text = format!("orders.doc is not what its facts make: {place} differs");
            report.tell(spot, FaultKind::OrderDiffers, text);
        }
    }
    let by_facts = made.is_some();
    let Some(order) = made.or(stored) else { return };
    if !record.a_row_is_unread() {
        lists::check(record, head, &order, &refunds, spot, report);
    }
    money::check(&order, by_facts.then_some(&replaced), spot, report);
}

/// What is wrong with a document, without what stands in it.
fn without_values(error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    format!("{:?} error at line {line}, column {column}", error.classify())
}

#[cfg(test)]
mod tests;
