//! Makes a draft what it has to be, whatever it is by now.

use super::{
    api::{Api, Trouble},
    basket::{Basket, Item},
    buyer::Customer,
    order::{self, ShopLine, ShopOrder},
    query,
    variants::Variants,
};
use crate::failure::refused;
use domain::order::FailureClass;
use ports::PushFailure;
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) struct Draft<'v> {
    pub api: &'v Api<'v>,
    pub id: &'v str,
    pub basket: &'v Basket,
    pub variants: &'v Variants,
}

#[derive(Deserialize)]
struct Customers {
    customers: Found,
}

#[derive(Deserialize)]
struct Found {
    items: Vec<Known>,
}

#[derive(Deserialize)]
struct Known {
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ShippingMethods {
    eligible_shipping_methods_for_draft_order: Vec<ShippingMethod>,
}

#[derive(Deserialize)]
struct ShippingMethod {
    id: String,
    code: String,
}

/// Times that the lines are looked at again, in case that somebody else works on them.
const ROUNDS: usize = 3;

impl Draft<'_> {
    pub(super) async fn set_customer(&self, customer: &Customer) -> Result<(), PushFailure> {
        self.set_address(query::SHIP_TO, &customer.shipping_address).await?;
        if let Some(address) = &customer.billing_address {
            self.set_address(query::BILL_TO, address).await?;
        }
        let address = |trouble: Trouble| trouble.or(FailureClass::RejectedAddress);
        // Somebody with an account in the shop would be refused as a new customer.
        let asked = self.api.call(query::CUSTOMERS, json!({ "email": customer.email })).await;
        let Customers { customers } = asked.map_err(address)?;
        let variables = match customers.items.first() {
            Some(known) => json!({ "order": self.id, "customer": known.id }),
            None => json!({ "order": self.id, "new": customer.new }),
        };
        self.api.change(query::SELL_TO, variables).await.map_err(address)
    }

    async fn set_address(&self, query: &str, address: &Value) -> Result<(), PushFailure> {
        let variables = json!({ "order": self.id, "address": address });
        let set: Result<Value, Trouble> = self.api.call(query, variables).await;
        set.map(drop).map_err(|trouble| trouble.or(FailureClass::RejectedAddress))
    }

    /// Puts the basket's lines there and takes others away.
    pub(super) async fn fill(&self, begun: &ShopOrder) -> Result<(), PushFailure> {
        let mut order = begun.clone();
        for _ in 0..ROUNDS {
            if self.has_lines(&order) {
                return Ok(());
            }
            self.change_lines(&order.lines).await?;
            let found = order::find(self.api).await?;
            order = found.filter(|found| found.id == self.id).ok_or_else(disturbed)?;
        }
        if self.has_lines(&order) { Ok(()) } else { Err(disturbed()) }
    }

    async fn change_lines(&self, lines: &[ShopLine]) -> Result<(), PushFailure> {
        let mut missing: Vec<&Item> = self.basket.items.iter().collect();
        for line in lines {
            let place = missing.iter().position(|item| self.is_line_of(line, item));
            let Some(item) = place.map(|place| missing.swap_remove(place)) else {
                let variables = json!({ "order": self.id, "line": line.id });
                let removed = self.api.change(query::REMOVE, variables).await;
                removed.map_err(|trouble| trouble.or(FailureClass::RejectedOther))?;
                continue;
            };
            if line.quantity != item.quantity {
                let quantity = item.quantity;
                let variables = json!({ "order": self.id, "line": line.id, "quantity": quantity });
                let adjusted = self.api.change(query::ADJUST, variables).await;
                adjusted.map_err(|trouble| not_added(item, trouble))?;
            }
        }
        for item in missing {
            let variables = json!({
                "order": self.id,
                "variant": self.variants.id(&item.sku),
                "quantity": item.quantity,
                "line": item.line,
                "price": item.unit_price,
            });
            let added = self.api.change(query::ADD, variables).await;
            added.map_err(|trouble| not_added(item, trouble))?;
        }
        Ok(())
    }

    pub(super) async fn set_shipping_method(&self, code: &str) -> Result<(), PushFailure> {
        let asked = self.api.call(query::SHIPPING_METHODS, json!({ "order": self.id })).await;
        let ShippingMethods { eligible_shipping_methods_for_draft_order: methods } =
            asked.map_err(|trouble| trouble.or(FailureClass::RejectedOther))?;
        let Some(method) = methods.iter().find(|method| method.code == code) else {
            let text = format!("the shop has no shipping method {code} for this order");
            return Err(refused(FailureClass::RejectedAddress, text));
        };
        let variables = json!({ "order": self.id, "method": method.id });
        let set = self.api.change(query::SHIP_BY, variables).await;
        set.map_err(|trouble| trouble.or(FailureClass::RejectedAddress))
    }

    pub(super) fn is_complete(&self, order: &ShopOrder) -> bool {
        self.has_lines(order) && order.total_with_tax == self.basket.total
    }

    /// What the buyer paid is what the shop gets: a promotion or a price of its own must not come
    /// between.
    pub(super) fn check(&self, order: &ShopOrder) -> Result<(), PushFailure> {
        if order.id != self.id || !self.has_lines(order) {
            return Err(disturbed());
        }
        if order.total_with_tax == self.basket.total {
            return Ok(());
        }
        let (theirs, ours) = (order.total_with_tax, self.basket.total);
        let text = format!("the order comes to {theirs} in the shop, and the buyer paid {ours}");
        Err(refused(FailureClass::RejectedOther, text))
    }

    fn has_lines(&self, order: &ShopOrder) -> bool {
        let is_there = |item: &Item| {
            let is_it = |line: &&ShopLine| self.is_line_of(line, item);
            order.lines.iter().find(is_it).is_some_and(|line| line.quantity == item.quantity)
        };
        order.lines.len() == self.basket.items.len() && self.basket.items.iter().all(is_there)
    }

    fn is_line_of(&self, line: &ShopLine, item: &Item) -> bool {
        line.custom_fields.platform_line.as_deref() == Some(&item.line)
            && line.custom_fields.platform_unit_price == Some(item.unit_price)
            && Some(line.product_variant.id.as_str()) == self.variants.id(&item.sku)
    }
}

fn not_added(item: &Item, trouble: Trouble) -> PushFailure {
    let class = match &trouble {
        Trouble::Refused { code, .. } if code == "INSUFFICIENT_STOCK_ERROR" => {
            FailureClass::RejectedInventory
        }
        Trouble::Refused { code, .. } if code == "ENTITY_NOT_FOUND" => {
            FailureClass::RejectedProduct
        }
        _ => FailureClass::RejectedOther,
    };
    match trouble {
        Trouble::Refused { code, message } => {
            let message = format!("{}: {message}", item.sku);
            Trouble::Refused { code, message }.or(class)
        }
        failed @ Trouble::Failed(_) => failed.or(class),
    }
}

fn disturbed() -> PushFailure {
    refused(FailureClass::Transient, "somebody else is at work on the draft in the shop")
}
