//! Domain values become messages here.

mod processing;

pub(crate) use processing::{handover_state, screening_state, task};

use crate::people;
use domain::order::{Books, Line, LineBooks, Order, Shipment};
use grpc_kit::{
    line_pair, pair,
    render::{count, dispute, order_state, tender},
    timestamp,
};
use ports::{OrderView, Version};
use wire::orders::v1 as proto;

pub(crate) fn view(view: &OrderView) -> proto::Order {
    let mut order = order(&view.order, view.version);
    if let Some(personal) = &view.personal {
        people::add(&mut order, personal);
    }
    order
}

/// The order without anybody's personal data.
pub(crate) fn order(order: &Order, version: Version) -> proto::Order {
    // Sums were within their limits when each part was committed.
    let books = order.books().ok();
    let refunded = books.as_ref().map(|books| books.total).unwrap_or_default();
    let external = order.external.clone();
    proto::Order {
        order_id: order.order_id.to_string(),
        cart_id: order.cart_id.clone().unwrap_or_default(),
        customer_currency: order.customer_currency.to_string(),
        merchant_currency: order.merchant_currency.to_string(),
        destination_country: order.destination_country.clone(),
        language: order.language.clone().unwrap_or_default(),
        buyer: None,
        shipping_address: None,
        billing_address: None,
        lines: lines(order, books.as_ref()),
        shipping: Some(pair(order.shipping, order)),
        duties: Some(pair(order.duties, order)),
        tenders: order.tenders.iter().map(|paid| tender(order, paid)).collect(),
        customer_note: String::new(),
        store_id: order.store_id.to_string(),
        state: order_state(order.state).into(),
        external_order_id: external.as_ref().map(|it| it.id.clone()).unwrap_or_default(),
        external_order_number: external.map(|it| it.number).unwrap_or_default(),
        totals: Some(pair(order.totals().unwrap_or_default(), order)),
        refunded: Some(pair(refunded, order)),
        shipments: shipments(order),
        version: version.0,
        create_time: Some(timestamp(order.created_at)),
        update_time: Some(timestamp(order.updated_at)),
        screening: order.screening.iter().map(processing::screened).collect(),
        handover: Some(processing::handover(order)),
        disputes: order.disputes.iter().map(|it| dispute(order, it)).collect(),
    }
}

fn lines(order: &Order, books: Option<&Books>) -> Vec<proto::OrderLine> {
    let taken =
        |index: usize| books.and_then(|books| books.lines.get(index)).copied().unwrap_or_default();
    let lines = order.lines.iter().enumerate();
    lines.map(|(index, line)| self::line(order, line, taken(index))).collect()
}

fn line(order: &Order, line: &Line, taken: LineBooks) -> proto::OrderLine {
    let quantities = line.quantities;
    proto::OrderLine {
        cart_item_id: line.cart_item_id.clone(),
        product_code: line.product_code.clone().unwrap_or_default(),
        secondary_product_code: line.secondary_product_code.clone().unwrap_or_default(),
        name: line.name.clone().unwrap_or_default(),
        hs_code: line.hs_code.clone().unwrap_or_default(),
        quantity: count(line.quantity),
        total: Some(pair(line.total, order)),
        duties: Some(pair(line.duties, order)),
        open: count(line.open()),
        held: count(quantities.held),
        cancelled: count(quantities.cancelled),
        in_transit: count(quantities.in_transit),
        delivered: count(quantities.delivered),
        refunded_quantity: count(taken.quantity),
        refunded: Some(line_pair(taken.amount, order)),
    }
}

/// A delivery names pieces, not parcels: what was delivered counts for the earliest shipments.
fn shipments(order: &Order) -> Vec<proto::Shipment> {
    let mut arrived: Vec<u32> = order.lines.iter().map(|line| line.quantities.delivered).collect();
    let mut shown = Vec::with_capacity(order.shipments.len());
    for shipment in &order.shipments {
        let mut delivered = true;
        for parcel in &shipment.parcels {
            let line = order.lines.iter().position(|line| line.cart_item_id == parcel.cart_item_id);
            if let Some(left) = line.and_then(|index| arrived.get_mut(index)) {
                delivered &= *left >= parcel.quantity;
                *left = left.saturating_sub(parcel.quantity);
            }
        }
        shown.push(self::shipment(shipment, delivered));
    }
    shown
}

fn shipment(shipment: &Shipment, delivered: bool) -> proto::Shipment {
    let lines = shipment.parcels.iter().map(|parcel| proto::LineQuantity {
        cart_item_id: parcel.cart_item_id.clone(),
        quantity: count(parcel.quantity),
    });
    proto::Shipment {
        shipment_id: shipment.shipment_id.to_string(),
        lines: lines.collect(),
        carrier: shipment.carrier.clone(),
        tracking_number: shipment.tracking_number.clone(),
        delivered,
        create_time: Some(timestamp(shipment.shipped_at)),
    }
}
