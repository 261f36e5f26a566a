use crate::{
    ComponentType, GiftCard, GiftCards, GiftCardsData, OrderRefund, OrderRefundReason,
    RefundComponent, RefundProduct,
    decimal::{padded, places, share, sum},
};

/// Places of every amount of a product.
const PRODUCT_DECIMALS: usize = 4;

/// A refund as whoever shows it knows it. Amounts are decimal texts with the decimals of their
/// currency; a text that is empty counts as not given.
#[derive(Debug)]
pub struct Refund {
    pub number: i64,
    pub merchant_guid: String,
    pub web_store_code: Option<String>,
    pub web_store_instance_code: Option<String>,
    pub order_id: String,
    /// What the merchant's own system calls the order.
    pub merchant_order_id: Option<String>,
    pub full: bool,
    pub as_gift_card: bool,
    pub total: Pair,
    pub products: Vec<Product>,
    pub components: Vec<Component>,
    /// What of it goes to gift cards, movement by movement, in the customer currency.
    pub to_gift_cards: Vec<String>,
    /// The cards, where more is known of them.
    pub gift_cards: Vec<GiftCard>,
    /// As the store has mapped it; see [`OrderRefundReason::unmapped`].
    pub reason: Option<OrderRefundReason>,
    pub comments: Option<String>,
}

/// One amount in both currencies of an order.
#[derive(Debug, Clone)]
pub struct Pair {
    pub customer: String,
    pub merchant: String,
}

#[derive(Debug)]
pub struct Product {
    pub cart_item_id: String,
    pub sku: Option<String>,
    /// Pieces; 0 for an appeasement.
    pub quantity: String,
    /// With up to 4 decimals.
    pub amount: Pair,
    pub reason: Option<OrderRefundReason>,
    pub comments: Option<String>,
}

#[derive(Debug)]
pub struct Component {
    pub kind: ComponentType,
    pub amount: Pair,
    /// Whether the platform bears it, and not the merchant.
    pub charged_to_platform: bool,
}

/// An amount of the refund is no number, or their sum is out of reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the amounts of the refund are no numbers that can be shown")]
pub struct Unshowable;

impl OrderRefund {
    /// # Errors
    ///
    /// [`Unshowable`]: nothing is guessed then.
    pub fn of(refund: Refund) -> Result<Self, Unshowable> {
        let Pair { customer: total, merchant: original_total } = refund.total;
        let decimals = places(&total);
        let gestures = refund.components.iter();
        let gestures = gestures.filter(|part| part.kind == ComponentType::ServiceGesture);
        let gestures = sum(gestures.map(|part| part.amount.customer.as_str()), decimals);
        let shown = refund.gift_cards.into_iter().map(|card| {
            let in_merchant = share(&original_total, &card.refunded, &total).ok_or(Unshowable)?;
            Ok(GiftCardsData::of(card, in_merchant))
        });
        let gift_cards_data = GiftCards::of(shown.collect::<Result<_, _>>()?);
        let cards = refund.to_gift_cards.iter().map(String::as_str);
        let cards = sum(cards, decimals).ok_or(Unshowable)?;
        let cards_in_merchant = share(&original_total, &cards, &total).ok_or(Unshowable)?;
        Ok(Self {
            merchant_order_id: given(refund.merchant_order_id),
            refund_id: refund.number.to_string(),
            merchant_guid: refund.merchant_guid,
            products: refund.products.into_iter().map(RefundProduct::from).collect(),
            components: refund.components.into_iter().map(RefundComponent::from).collect(),
            order_id: refund.order_id,
            total_refund_amount: total,
            refund_reason: refund.reason,
            refund_comments: given(refund.comments),
            original_total_refund_amount: original_total,
            service_gesture_amount: gestures.ok_or(Unshowable)?,
            web_store_code: given(refund.web_store_code),
            web_store_instance_code: given(refund.web_store_instance_code),
            full_refund: refund.full,
            refund_as_gift_card: refund.as_gift_card,
            total_gift_cards_refund_amount: cards,
            total_gift_cards_refund_amount_in_merchant_currency: cards_in_merchant,
            gift_cards_data,
        })
    }
}

impl From<Product> for RefundProduct {
    fn from(product: Product) -> Self {
        Self {
            cart_item_id: product.cart_item_id,
            refund_quantity: product.quantity,
            original_refund_amount: padded(&product.amount.merchant, PRODUCT_DECIMALS),
            refund_amount: padded(&product.amount.customer, PRODUCT_DECIMALS),
            refund_reason: product.reason,
            refund_comments: given(product.comments),
            sku: given(product.sku),
        }
    }
}

impl From<Component> for RefundComponent {
    fn from(component: Component) -> Self {
        let Pair { customer, merchant } = component.amount;
        Self {
            refund_amount: customer.clone(),
            amount: customer,
            original_amount: merchant,
            is_charged_to_merchant: if component.charged_to_platform { "FALSE" } else { "TRUE" },
            component_type: component.kind,
        }
    }
}

fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests;
