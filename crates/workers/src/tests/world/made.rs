//! What the world is furnished with.

use super::{currency, store_id};
use domain::{
    Amount, Pair,
    order::{NewLine, NewOrder, NewTender},
    store::{Store as StoreRecord, StoreSettings},
};
use time::OffsetDateTime;

pub fn shop(settings: StoreSettings, now: OffsetDateTime) -> StoreRecord {
    StoreRecord {
        store_id: store_id(),
        name: "Shop".to_owned(),
        merchant_guid: "guid-1".to_owned(),
        web_store_code: None,
        web_store_instance_code: None,
        currency: currency(),
        settings,
        settings_version: 1,
        incidentals: 0,
        created_at: now,
    }
}

pub fn order(order_id: &str, total: Amount, tenders: Vec<NewTender>) -> NewOrder {
    let line = NewLine {
        cart_item_id: "L1".to_owned(),
        product_code: None,
        secondary_product_code: None,
        name: None,
        hs_code: None,
        quantity: 1,
        total: Pair::new(total, total),
        duties: None,
    };
    NewOrder {
        order_id: order_id.parse().unwrap(),
        cart_id: None,
        customer_currency: currency(),
        merchant_currency: currency(),
        destination_country: "DE".to_owned(),
        language: None,
        lines: vec![line],
        shipping: Pair::ZERO,
        duties: Pair::ZERO,
        tenders,
    }
}
