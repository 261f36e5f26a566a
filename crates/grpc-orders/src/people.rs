//! Personal data, which stand beside the order and never in facts or stored answers.

use domain::order::{Address, Buyer, Personal};
use wire::orders::v1 as proto;

pub(crate) fn add(order: &mut proto::Order, personal: &Personal) {
    let Buyer { name, email, phone } = personal.buyer.clone();
    order.buyer = Some(proto::Buyer { name, email, phone });
    order.shipping_address = personal.shipping_address.as_ref().map(address);
    order.billing_address = personal.billing_address.as_ref().map(address);
    order.customer_note = personal.customer_note.clone().unwrap_or_default();
}

fn address(address: &Address) -> proto::Address {
    let Address { name, lines, city, region, postal_code, country, phone } = address.clone();
    proto::Address { name, lines, city, region, postal_code, country, phone }
}
