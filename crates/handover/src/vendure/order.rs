//! An order as the shop has it.

use super::{
    api::{Api, Trouble},
    query,
};
use domain::order::{ExternalIds, FailureClass};
use ports::PushFailure;
use serde::Deserialize;
use serde_json::json;

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ShopOrder {
    pub id: String,
    pub code: String,
    pub state: String,
    order_placed_at: Option<String>,
    pub currency_code: String,
    pub total_with_tax: i64,
    pub lines: Vec<ShopLine>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ShopLine {
    pub id: String,
    pub quantity: u32,
    pub product_variant: Variant,
    pub custom_fields: LineFields,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Variant {
    pub id: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LineFields {
    pub platform_line: Option<String>,
    pub platform_unit_price: Option<i64>,
}

#[derive(Deserialize)]
struct Orders {
    orders: Found,
}

#[derive(Deserialize)]
struct Found {
    items: Vec<ShopOrder>,
}

impl ShopOrder {
    /// Drafts and orders whose payment is not recorded yet are no orders to anybody.
    pub(super) fn is_placed(&self) -> bool {
        self.order_placed_at.is_some()
    }

    /// Somebody in the shop has cancelled it: to the shop it is none any more.
    pub(super) fn is_cancelled(&self) -> bool {
        self.state == "Cancelled"
    }

    pub(super) fn into_ids(self) -> ExternalIds {
        ExternalIds { id: self.id, number: self.code }
    }
}

/// The order that carries the platform's order id, in whichever state it is.
pub(super) async fn find(api: &Api<'_>) -> Result<Option<ShopOrder>, PushFailure> {
    let key = api.push.order.order_id.as_str();
    let called: Result<Orders, Trouble> = api.call(query::ORDERS, json!({ "key": key })).await;
    let found = called.map_err(|trouble| trouble.or(FailureClass::RejectedOther))?;
    Ok(found.orders.items.into_iter().next())
}
