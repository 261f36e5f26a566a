//! Shipments: which pieces left, and which arrived.

use super::{Fact, Line, Order, OrderState};
use crate::{Reason, Rejection, id::ShipmentId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use time::OffsetDateTime;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shipment {
    pub shipment_id: ShipmentId,
    pub parcels: Vec<Parcel>,
    pub carrier: String,
    pub tracking_number: String,
    #[serde(with = "time::serde::rfc3339")]
    pub shipped_at: OffsetDateTime,
}

/// Some pieces of one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parcel {
    pub cart_item_id: String,
    pub quantity: u32,
}

/// L24: every quantity named has to be open.
pub(super) fn ship(order: &Order, shipment: Shipment) -> Result<Vec<Fact>, Rejection> {
    may_ship(order)?;
    has_room(order, &shipment)?;
    check(order, &shipment.parcels, "open", Line::open)?;
    Ok(vec![Fact::Shipped { shipment }])
}

/// The order is read and written with every command, so what its shipments add to it is bounded.
fn has_room(order: &Order, shipment: &Shipment) -> Result<(), Rejection> {
    let named = order.shipments.iter().map(|shipment| shipment.parcels.len()).sum::<usize>();
    let bounds = [
        (order.shipments.len() + 1, Order::MAX_SHIPMENTS, "shipments"),
        (named + shipment.parcels.len(), Order::MAX_PARCELS, "lines over all shipments"),
    ];
    for (count, most, what) in bounds {
        if count > most {
            let text = format!("an order holds at most {most} {what}");
            return Err(Rejection::new(Reason::TooManyEntries, text).with("limit", most));
        }
    }
    Ok(())
}

/// L25: the quantities have to be in transit. None named means all of them.
pub(super) fn deliver(order: &Order, parcels: Vec<Parcel>) -> Result<Vec<Fact>, Rejection> {
    may_ship(order)?;
    let in_transit = |line: &Line| line.quantities.in_transit;
    let parcels = if parcels.is_empty() { all(order, in_transit) } else { parcels };
    if parcels.is_empty() {
        return Err(Rejection::new(Reason::QuantityNotAvailable, "nothing is in transit"));
    }
    check(order, &parcels, "in transit", in_transit)?;
    Ok(vec![Fact::Delivered { parcels }])
}

fn all(order: &Order, count: impl Fn(&Line) -> u32) -> Vec<Parcel> {
    let parcels = order
        .lines
        .iter()
        .map(|line| Parcel { cart_item_id: line.cart_item_id.clone(), quantity: count(line) });
    parcels.filter(|parcel| parcel.quantity > 0).collect()
}

fn may_ship(order: &Order) -> Result<(), Rejection> {
    match order.state {
        OrderState::Ready | OrderState::Accepted | OrderState::Completed => Ok(()),
        OrderState::Received => Err(super::decide::not_ready(order)),
        OrderState::Cancelled => Err(super::decide::cancelled(order)),
    }
}

fn check(
    order: &Order,
    parcels: &[Parcel],
    place: &str,
    available: impl Fn(&Line) -> u32,
) -> Result<(), Rejection> {
    let mut seen = BTreeSet::new();
    for (index, Parcel { cart_item_id, quantity }) in parcels.iter().enumerate() {
        let field = |name: &str| format!("lines[{index}].{name}");
        let line = order.line(cart_item_id).ok_or_else(|| {
            let text = format!("the order has no line {cart_item_id}");
            Rejection::new(Reason::UnknownLine, text).at(field("cart_item_id"))
        })?;
        if !seen.insert(cart_item_id) {
            let text = format!("line {cart_item_id} is listed twice");
            return Err(Rejection::new(Reason::DuplicateLine, text).at(field("cart_item_id")));
        }
        if *quantity == 0 {
            let text = "a quantity must be at least 1";
            return Err(Rejection::new(Reason::InvalidQuantity, text).at(field("quantity")));
        }
        let left = available(line);
        if *quantity > left {
            let text = format!("{quantity} of line {cart_item_id} asked, {left} of it {place}");
            return Err(Rejection::new(Reason::QuantityNotAvailable, text)
                .with("line", cart_item_id)
                .with("asked", quantity)
                .with("left", left));
        }
    }
    Ok(())
}
