//! From nothing, or from wherever an earlier push stopped, to an order that is paid.

use super::{
    VendureSettings,
    api::{Api, Trouble},
    basket::Basket,
    buyer::Customer,
    draft::Draft,
    order::{self, ShopOrder},
    query,
    variants::Variants,
};
use crate::failure::{refused, undecided};
use domain::order::{ExternalIds, FailureClass};
use ports::PushFailure;
use serde::Deserialize;
use serde_json::json;

pub(super) struct Placing<'v> {
    pub api: &'v Api<'v>,
    pub settings: &'v VendureSettings,
}

/// Vendure's names of the states that an order has before it is placed.
mod state {
    pub const DRAFT: &str = "Draft";
    pub const ADDING: &str = "AddingItems";
    pub const PAYING: &str = "ArrangingPayment";
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Created {
    create_draft_order: Id,
}

#[derive(Deserialize)]
struct Id {
    id: String,
}

impl Placing<'_> {
    pub(super) async fn place(&self) -> Result<ExternalIds, PushFailure> {
        // Nothing but the payment makes it an order.
        let surely = |failure| PushFailure { in_doubt: false, ..failure };
        let order = self.prepare().await.map_err(surely)?;
        if order.is_placed() { Ok(order.into_ids()) } else { self.pay(&order).await }
    }

    /// The order, which is placed already or lacks nothing but its payment.
    async fn prepare(&self) -> Result<ShopOrder, PushFailure> {
        let found = order::find(self.api).await?;
        if let Some(cancelled) = found.as_ref().filter(|found| found.is_cancelled()) {
            let text = format!("order {} was cancelled in the shop", cancelled.code);
            return Err(refused(FailureClass::RejectedOther, text));
        }
        if let Some(placed) = found.as_ref().filter(|found| found.is_placed()) {
            return Ok(placed.clone());
        }
        // What can be known to fail does so before the shop has a draft of it.
        let basket = Basket::of(self.api.push.order, self.settings.money_precision)?;
        let customer = Customer::of(self.api.push)?;
        let variants = Variants::of(self.api, &basket).await?;
        let begun = match found {
            Some(begun) => begun,
            None => self.begin(&basket).await?,
        };
        self.check_currency(&begun)?;
        let draft = Draft { api: self.api, id: &begun.id, basket: &basket, variants: &variants };
        match begun.state.as_str() {
            state::DRAFT | state::ADDING => {}
            state::PAYING if draft.is_complete(&begun) => return Ok(begun),
            state::PAYING => self.move_to(&begun, state::ADDING).await?,
            _ if begun.is_placed() => return Ok(begun),
            other => {
                let text = format!("order {} of the shop is {other}", begun.code);
                return Err(refused(FailureClass::RejectedOther, text));
            }
        }
        draft.set_customer(&customer).await?;
        draft.fill(&begun).await?;
        draft.set_shipping_method(&self.settings.shipping_method).await?;
        let filled = self.find_again().await?;
        draft.check(&filled)?;
        self.move_to(&filled, state::PAYING).await?;
        Ok(filled)
    }

    /// A draft that carries the platform's order id. Of two who begin at once the database lets
    /// one, and the other goes on with that one's draft.
    async fn begin(&self, basket: &Basket) -> Result<ShopOrder, PushFailure> {
        let created: Created = self
            .api
            .call(query::CREATE, json!({}))
            .await
            .map_err(|trouble| trouble.or(FailureClass::RejectedOther))?;
        let Id { id } = created.create_draft_order;
        let variables = json!({
            "order": id,
            "key": self.api.push.order.order_id.as_str(),
            "shipping": basket.shipping,
            "duties": basket.duties,
        });
        let named: Result<serde_json::Value, Trouble> = self.api.call(query::NAME, variables).await;
        if let Err(trouble) = named {
            // Nobody would find it again. If it stays it is an empty draft without a name.
            let _: Result<serde_json::Value, Trouble> =
                self.api.call(query::DELETE, json!({ "order": id })).await;
            let other = order::find(self.api).await?;
            return other.ok_or_else(|| trouble.or(FailureClass::RejectedOther));
        }
        self.find_again().await
    }

    async fn find_again(&self) -> Result<ShopOrder, PushFailure> {
        order::find(self.api).await?.ok_or_else(|| {
            refused(FailureClass::Transient, "the draft in the shop was removed meanwhile")
        })
    }

    fn check_currency(&self, begun: &ShopOrder) -> Result<(), PushFailure> {
        let (ours, theirs) = (self.api.push.order.merchant_currency.code(), &begun.currency_code);
        if ours == theirs {
            return Ok(());
        }
        let text = format!("the shop's channel is in {theirs}, the order in {ours}");
        Err(refused(FailureClass::RejectedOther, text))
    }

    async fn move_to(&self, order: &ShopOrder, state: &str) -> Result<(), PushFailure> {
        let variables = json!({ "order": order.id, "state": state });
        let moved = self.api.change(query::MOVE_TO, variables).await;
        moved.map_err(|trouble| match &trouble {
            // Its code is the same whatever the reason.
            Trouble::Refused { message, .. } if message.contains("insufficient stock") => {
                trouble.or(FailureClass::RejectedInventory)
            }
            _ => trouble.or(FailureClass::RejectedOther),
        })
    }

    /// Records the payment, which places the order. Whoever is told that it cannot be paid looks
    /// whether somebody else has.
    async fn pay(&self, order: &ShopOrder) -> Result<ExternalIds, PushFailure> {
        let variables = json!({
            "order": order.id,
            "method": self.settings.payment_method,
            "reference": self.api.push.order.order_id.as_str(),
        });
        let paid = self.api.change(query::PAY, variables).await;
        if let Err(Trouble::Failed(failure)) = paid {
            return Err(failure);
        }
        let found = order::find(self.api).await.map_err(undecided)?;
        match (found.filter(ShopOrder::is_placed), paid) {
            (Some(placed), _) => Ok(placed.into_ids()),
            (None, Err(trouble)) => Err(trouble.or(FailureClass::RejectedOther)),
            (None, Ok(())) => {
                let text = "the shop took the payment and does not count the order as placed";
                Err(refused(FailureClass::RejectedOther, text))
            }
        }
    }
}
