//! The `OrderRefund` object of the other platform's API, from what is stored.

use domain::{
    order::{Order, TenderMethod},
    refund::{
        Bearer, Component, ComponentKind, Leg, Refund, RefundMethod, RefundProduct, RefundReason,
    },
    store::{RefundReasonEntry, Store},
};
use globale::{ComponentType, OrderRefund, OrderRefundReason, Pair, Product};
use ports::OrderRefundBody;
use std::error::Error;

/// Decimals of a refund's part of a line in the merchant currency.
const LINE_DECIMALS: u32 = 4;

/// A refund cannot be said in the words of the other platform.
#[derive(Debug, thiserror::Error)]
pub enum Unwritable {
    #[error("the refund cannot be shown")]
    Amounts(#[from] globale::Unshowable),
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
    ) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
        Ok(order_refund(order, refund, store)?)
    }
}

/// What an endpoint of the format `globale` is sent about a refund: the JSON that the compatible
/// endpoint answers with as `NotifyOrderRefund`, with the names of the store as it is now.
///
/// # Errors
///
/// [`Unwritable`] if its amounts add up to more than can be shown.
pub fn order_refund(order: &Order, refund: &Refund, store: &Store) -> Result<Vec<u8>, Unwritable> {
    let known = &store.settings.refund_reasons;
    let gift_cards = refund.legs.iter().filter(|leg| goes_to_gift_card(order, refund, leg));
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
        to_gift_cards: gift_cards
            .map(|leg| leg.amount.to_text(order.customer_currency.exponent()))
            .collect(),
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

fn goes_to_gift_card(order: &Order, refund: &Refund, leg: &Leg) -> bool {
    let tender = order.tender(&leg.tender_id);
    refund.method == RefundMethod::GiftCard
        || tender.is_some_and(|tender| tender.method == TenderMethod::GiftCard)
}
