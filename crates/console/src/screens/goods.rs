//! Goods that leave and arrive.

use super::order;
use crate::{
    faults::PIECES,
    fields::Fields,
    visit::{Shown, Visit},
};
use gateway::Services;
use tonic::Status;
use wire::orders::v1::{LineQuantity, RecordDeliveryRequest, RecordShipmentRequest};

/// The lines of a form that has a column of ids and one of quantities; a quantity that is empty or
/// 0 leaves its line out.
pub fn quantities(form: &Fields) -> Result<Vec<LineQuantity>, Status> {
    let (lines, pieces) = (form.column("line"), form.column("quantity"));
    let mut all = Vec::new();
    for row in PIECES.of(form) {
        let (Some(line), Some(text)) = (lines.get(row), pieces.get(row)) else { break };
        let quantity = text.parse().map_err(|_| {
            Status::invalid_argument(format!("“{text}” pieces of {line} is no whole number"))
        })?;
        all.push(LineQuantity { cart_item_id: (*line).to_owned(), quantity });
    }
    Ok(all)
}

pub async fn ship<S: Services>(visit: Visit<S>) -> Shown {
    let outcome = async {
        let request = visit.calls.ask(RecordShipmentRequest {
            store_id: visit.store_id(),
            order_id: visit.order_id(),
            request_id: visit.request_id(),
            lines: quantities(&visit.form)?,
            carrier: visit.form.text("carrier").to_owned(),
            tracking_number: visit.form.text("tracking_number").to_owned(),
        });
        visit.calls.orders().record_shipment(request).await
    };
    order::after(&visit, outcome.await, "shipped").await
}

pub async fn deliver<S: Services>(visit: Visit<S>) -> Shown {
    let outcome = async {
        let request = visit.calls.ask(RecordDeliveryRequest {
            store_id: visit.store_id(),
            order_id: visit.order_id(),
            request_id: visit.request_id(),
            lines: quantities(&visit.form)?,
        });
        visit.calls.orders().record_delivery(request).await
    };
    order::after(&visit, outcome.await, "delivered").await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_without_a_quantity_are_left_out() {
        let form = "line=a&quantity=2&line=b&quantity=&line=c&quantity=0&line=d&quantity=1";
        let lines = quantities(&Fields::of(form).unwrap()).unwrap();
        let lines: Vec<_> =
            lines.iter().map(|line| (line.cart_item_id.as_str(), line.quantity)).collect();
        assert_eq!(lines, [("a", 2), ("d", 1)]);
        assert!(quantities(&Fields::of("line=a&quantity=1.5").unwrap()).is_err());
    }
}
