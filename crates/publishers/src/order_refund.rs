//! The `OrderRefund` object of the other platform's API, from what is stored.

use domain::{
    Amount,
    amount::AmountError,
    order::Order,
    refund::{
        Bearer, Component, ComponentKind, Leg, LegState, Refund, RefundMethod, RefundProduct,
        RefundReason,
    },
    store::{RefundReasonEntry, Store},
};
use globale::{ComponentType, GiftCard, Movement, OrderRefund, OrderRefundReason, Pair, Product};
use ports::{
    OrderRefundBody,
    own_value::{self, Balances},
};
use std::error::Error;

/// Decimals of a refund's part of a line in the merchant currency.
const LINE_DECIMALS: u32 = 4;

/// A refund cannot be said in the words of the other platform.
#[derive(Debug, thiserror::Error)]
pub enum Unwritable {
    #[error("the refund cannot be shown")]
    Amounts(#[from] globale::Unshowable),
    #[error("the gift cards of the refund cannot be shown")]
    GiftCards(#[from] AmountError),
    #[error("the refund cannot be written as JSON")]
    Json(#[from] serde_json::Error),
}

/// The port's adapter: [`order_refund()`].
#[derive(Debug, Clone, Copy)]
pub struct OrderRefunds;

impl OrderRefundBody for OrderRefunds {
    fn order_refund(
        &self,
        order: &Order,
        refund: &Refund,
        store: &Store,
        balances: &Balances,
    ) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
        Ok(order_refund(order, refund, store, balances)?)
    }
}

/// What an endpoint of the format `globale` is sent about a refund: the JSON that the compatible
/// endpoint answers with as `NotifyOrderRefund`, with the names of the store, and what is on its gift
/// cards, as they are now.
///
/// # Errors
///
/// [`Unwritable`] if its amounts add up to more than can be shown.
pub fn order_refund(
    order: &Order,
    refund: &Refund,
    store: &Store,
    balances: &Balances,
) -> Result<Vec<u8>, Unwritable> {
    let known = &store.settings.refund_reasons;
    let cards = refund.gift_cards(order)?;
    let object = OrderRefund::of(globale::Refund {
        number: refund.number,
        merchant_guid: store.merchant_guid.clone(),
        web_store_code: store.web_store_code.clone(),
        web_store_instance_code: store.web_store_instance_code.clone(),
        order_id: order.order_id.to_string(),
        merchant_order_id: order.external.as_ref().map(|shop| shop.id.clone()),
        full: refund.full,
        as_gift_card: refund.method == RefundMethod::GiftCard,
        total: pair(order, refund.total),
        products: refund.products.iter().map(|it| product(order, it, known)).collect(),
        components: refund.components.iter().map(|it| component(order, it)).collect(),
        to_gift_cards: cards
            .iter()
            .flat_map(|card| card.legs.iter().map(|leg| shown(order, leg.amount)))
            .collect(),
        gift_cards: cards
            .iter()
            .map(|card| gift_card(order, card, balances))
            .collect::<Result<_, _>>()?,
        reason: refund.reason.as_ref().map(|sent| reason(sent, known)),
        comments: refund.comments.clone(),
    })?;
    Ok(serde_json::to_vec(&object)?)
}

fn pair(order: &Order, amount: domain::Pair) -> Pair {
    Pair {
        customer: amount.customer.to_text(order.customer_currency.exponent()),
        merchant: amount.merchant.to_text(order.merchant_currency.exponent()),
    }
}

fn product(order: &Order, product: &RefundProduct, known: &[RefundReasonEntry]) -> Product {
    let line = order.lines.get(product.line);
    let merchant = product.amount.merchant.to_text(LINE_DECIMALS);
    Product {
        cart_item_id: line.map(|line| line.cart_item_id.clone()).unwrap_or_default(),
        sku: line.and_then(|line| line.product_code.clone()),
        quantity: product.quantity.to_string(),
        amount: Pair { merchant, ..pair(order, product.amount) },
        reason: product.reason.as_ref().map(|sent| reason(sent, known)),
        comments: product.comments.clone(),
    }
}

fn component(order: &Order, component: &Component) -> globale::Component {
    let kind = match component.kind {
        ComponentKind::Products => ComponentType::Products,
        ComponentKind::Shipping => ComponentType::Shipping,
        ComponentKind::Duties => ComponentType::Duties,
        ComponentKind::ServiceGesture => ComponentType::ServiceGesture,
        ComponentKind::PrepaidReturn => ComponentType::PrepaidReturn,
        ComponentKind::CancellationFee => ComponentType::CancellationFee,
    };
    globale::Component {
        kind,
        amount: pair(order, component.amount),
        charged_to_platform: component.charged_to == Bearer::Platform,
    }
}

/// The store's entry for what was sent, by its code.
fn reason(sent: &RefundReason, known: &[RefundReasonEntry]) -> OrderRefundReason {
    let entry = known.iter().find(|known| Some(&known.code) == sent.code.as_ref());
    entry.map_or_else(OrderRefundReason::unmapped, |RefundReasonEntry { code, name }| {
        OrderRefundReason { order_refund_reason_code: Some(code.clone()), name: name.clone() }
    })
}

fn gift_card(
    order: &Order,
    card: &domain::refund::GiftCard<'_>,
    balances: &Balances,
) -> Result<GiftCard, AmountError> {
    let balance = own_value::with_refund(card, balances)?;
    Ok(GiftCard {
        card_id: card.card_id.to_owned(),
        currency: order.customer_currency.to_string(),
        redemption: card.tender.map(|tender| tender.tender_id.to_string()),
        balance: balance.map(|balance| shown(order, balance)),
        used: shown(order, card.used),
        refunded: shown(order, card.refunded),
        movements: card.legs.iter().map(|leg| movement(leg)).collect(),
    })
}

fn movement(leg: &Leg) -> Movement {
    match (leg.state, &leg.failure) {
        (LegState::Settled, _) => Movement::Arrived,
        (LegState::Failed, Some(failure)) => {
            Movement::Failed { code: failure.code.clone(), text: failure.message.clone() }
        }
        _ => Movement::OnItsWay,
    }
}

fn shown(order: &Order, amount: Amount) -> String {
    amount.to_text(order.customer_currency.exponent())
}
