//! The columns of an order and its rows in lists: as a commit makes them of the order.

use crate::{
    audit::{
        history::{OrderHead, Record},
        report::{Report, Spot},
    },
    commit::{CancellationRow, OrderColumns, RefundRow, TenderRow, product_codes, tenders},
    facets,
};
use domain::{
    id::RefundId,
    order::{Order, Personal, bare_email},
};
use ports::{FaultKind, person_words};
use std::collections::BTreeMap;

pub(super) fn check(
    record: &Record,
    head: &OrderHead,
    order: &Order,
    refunds: &BTreeMap<RefundId, i64>,
    spot: Spot<'_>,
    report: &mut Report<'_>,
) {
    // What comes to no amount is a fault of its own.
    let Ok(rows) = tenders(order) else { return };
    let columns = OrderColumns::of(order, &rows);
    let different = differ(&[
        ("created_at", head.created_at == columns.created_at),
        ("captured", head.captured == columns.captured),
        ("returned", head.returned == columns.returned),
        ("state", head.state == columns.state),
        ("external_order_id", head.external_order_id == columns.external_order_id),
        ("external_order_number", head.external_order_number == columns.external_order_number),
        ("cart_id", head.cart_id == columns.cart_id),
    ]);
    if let Some(names) = different {
        let text = format!("orders: {names} is not what the order says");
        report.tell(spot, FaultKind::ProjectionDiffers, text);
    }
    let mut lists = Lists { spot, report };
    lists.tenders(record, &rows);
    lists.refunds(record, order, refunds);
    lists.cancellations(record, order);
    lists.products(record, order, columns.created_at);
    lists.set("order_facets", &record.facets, &[(facets::of(order), columns.created_at)]);
    lists.personal(record, head, columns.created_at);
}

/// The names of what is not the same.
fn differ(columns: &[(&str, bool)]) -> Option<String> {
    let names: Vec<_> = columns.iter().filter(|(_, same)| !same).map(|(name, _)| *name).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

struct Lists<'l, 'f> {
    spot: Spot<'l>,
    report: &'l mut Report<'f>,
}

impl Lists<'_, '_> {
    fn tell(&mut self, what: FaultKind, row: &str, names: Option<String>) {
        if let Some(names) = names {
            let text = format!("{row}: {names} is not what the order says");
            self.report.tell(self.spot, what, text);
        }
    }

    fn missing(&mut self, what: FaultKind, row: &str) {
        self.report.tell(self.spot, what, format!("{row}: the row is missing"));
    }

    fn too_many(&mut self, what: FaultKind, row: &str) {
        self.report.tell(self.spot, what, format!("{row}: the order knows nothing of this row"));
    }

    fn tenders(&mut self, record: &Record, rows: &[TenderRow]) {
        let what = FaultKind::TenderDiffers;
        for row in rows {
            let name = format!("tenders {}", row.tender_id);
            let Some(is) = record.tenders.iter().find(|is| is.tender_id == row.tender_id) else {
                self.missing(what, &name);
                continue;
            };
            let names = differ(&[
                ("captured", is.captured == row.captured),
                ("returned", is.returned == row.returned),
                ("authorized", is.authorized.is_none_or(|it| it == row.authorized)),
                ("released", is.released == row.released),
                ("provider", is.provider.as_ref() == Some(&row.provider)),
                ("reference", is.reference == row.reference),
            ]);
            self.tell(what, &name, names);
        }
        for is in &record.tenders {
            if rows.iter().all(|row| row.tender_id != is.tender_id) {
                self.too_many(what, &format!("tenders {}", is.tender_id));
            }
        }
    }

    fn refunds(&mut self, record: &Record, order: &Order, places: &BTreeMap<RefundId, i64>) {
        let what = FaultKind::ProjectionDiffers;
        for refund in &order.refunds {
            let name = format!("refunds {}", refund.refund_id);
            let place = places.get(&refund.refund_id).copied();
            let row = RefundRow::of(refund, place.unwrap_or_default());
            let Some(is) = record.refunds.iter().find(|is| is.refund_id == row.refund_id) else {
                self.missing(what, &name);
                continue;
            };
            let names = differ(&[
                ("refund_number", is.number == row.number),
                ("place", place.is_none_or(|place| place == is.place)),
                ("created_at", is.created_at == row.created_at),
                ("state", is.state == row.state),
                ("external_reference", is.external_reference == row.external_reference),
            ]);
            self.tell(what, &name, names);
        }
        for is in &record.refunds {
            let id = RefundId::from_uuid(is.refund_id);
            if order.refund(id).is_none() {
                self.too_many(what, &format!("refunds {id}"));
            }
        }
    }

    fn cancellations(&mut self, record: &Record, order: &Order) {
        let what = FaultKind::ProjectionDiffers;
        let mut products = Vec::new();
        for cancellation in &order.cancellations {
            let name = format!("cancellations {}", cancellation.cancellation_id);
            let row = CancellationRow::of(order, cancellation, Vec::new());
            let id = row.cancellation_id;
            products.extend(row.products.iter().map(|code| (id, code.clone())));
            let Some(is) = record.cancellations.iter().find(|is| is.cancellation_id == id) else {
                self.missing(what, &name);
                continue;
            };
            let names = differ(&[
                ("state", is.state == row.state),
                ("requested_by", is.requested_by == row.requested_by),
                ("reason", is.reason.as_deref() == row.reason),
                ("customer_reason", is.customer_reason.as_deref() == row.customer_reason),
                ("created_at", is.created_at == row.created_at),
                ("accepted_at", is.accepted_at == row.accepted_at),
                ("completed_at", is.completed_at == row.completed_at),
            ]);
            self.tell(what, &name, names);
        }
        for is in &record.cancellations {
            let id = domain::id::CancellationId::from_uuid(is.cancellation_id);
            if order.cancellation(id).is_none() {
                self.too_many(what, &format!("cancellations {id}"));
            }
        }
        self.set("cancellation_products", &record.cancelled_products, &products);
    }

    /// Those of a new order; they never change.
    fn products(&mut self, record: &Record, order: &Order, created_at: i64) {
        let codes = product_codes(order).into_iter();
        let products: Vec<_> = codes.map(|code| (code, created_at)).collect();
        self.set("order_products", &record.products, &products);
    }

    /// What an order is found by of what names somebody; nothing once that was erased.
    fn personal(&mut self, record: &Record, head: &OrderHead, created_at: i64) {
        let stored = head.personal.as_deref().map(serde_json::from_slice::<Personal>);
        let Ok(personal) = stored.transpose() else {
            let text = "orders.personal cannot be read";
            self.report.tell(self.spot, FaultKind::Unreadable, text);
            return;
        };
        let email = personal.as_ref().map(|personal| bare_email(&personal.buyer.email));
        let differs = differ(&[("buyer_email", head.buyer_email == email)]);
        self.tell(FaultKind::ProjectionDiffers, "orders", differs);
        let words = personal.as_ref().map(person_words).unwrap_or_default().into_iter();
        let names: Vec<_> = words.map(|word| (word, created_at)).collect();
        self.set("order_names", &record.names, &names);
    }

    fn set<T: PartialEq>(&mut self, table: &str, are: &[T], should_be: &[T]) {
        let what = FaultKind::ProjectionDiffers;
        if should_be.iter().any(|row| !are.contains(row)) {
            self.missing(what, table);
        }
        if are.iter().any(|row| !should_be.contains(row)) {
            self.too_many(what, table);
        }
    }
}
