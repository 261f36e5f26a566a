//! A refund of the contract in the words of the reference document.

use globale::{
    Component, ComponentType, GiftCard, Movement, OrderRefund, OrderRefundInfo, OrderRefundReason,
    Pair, Product,
};
use wire::{
    money::v1::MoneyPair,
    orders::v1::TenderMethod,
    refunds::v1::{
        self as refunds, ChargedTo, CreateRefundResponse, GiftCardThen, LegState, MappedReason,
        Refund, RefundLeg, RefundMethod, RefundReason, StoreThen,
    },
    stores::v1::Store,
};

/// Shows what the refund says of its store. A receipt from before refunds said so is shown with
/// `store` as it is now.
///
/// `None` if an amount of the refund is missing or no number: the services never answer that.
pub fn of_refund(store: &Store, made: CreateRefundResponse) -> Option<OrderRefundInfo> {
    let refund = made.refund?;
    let then = made.store.unwrap_or_else(|| as_it_is(store, &refund));
    let refund = as_it_was(refund, then, made.gift_cards)?;
    let notify_order_refund = OrderRefund::of(refund).ok()?;
    let reason = format!("Refund generated with id {}", notify_order_refund.refund_id);
    Some(OrderRefundInfo { success: true, reason, notify_order_refund })
}

fn as_it_was(refund: Refund, then: StoreThen, cards: Vec<GiftCardThen>) -> Option<globale::Refund> {
    let to_gift_cards = refund.legs.iter().filter(|leg| goes_to_gift_card(&refund, leg));
    let to_gift_cards = to_gift_cards.map(|leg| leg.amount.clone()).collect();
    let gift_cards = cards.into_iter().map(|card| gift_card(&refund, card)).collect();
    let as_gift_card = refund.refund_method() == RefundMethod::GiftCard;
    let mut product_reasons = then.product_reasons.into_iter();
    let mut product = |line| product(line, product_reasons.next());
    Some(globale::Refund {
        number: refund.refund_number,
        merchant_guid: then.merchant_guid,
        web_store_code: Some(then.web_store_code),
        web_store_instance_code: Some(then.web_store_instance_code),
        order_id: refund.order_id,
        merchant_order_id: Some(refund.external_order_id),
        full: refund.full_refund,
        as_gift_card,
        total: pair(refund.total?),
        products: refund.products.into_iter().map(&mut product).collect::<Option<_>>()?,
        components: refund.components.into_iter().map(component).collect::<Option<_>>()?,
        to_gift_cards,
        gift_cards,
        reason: refund.refund_reason.map(|_| reason(then.refund_reason)),
        comments: Some(refund.refund_comments),
    })
}

fn gift_card(refund: &Refund, card: GiftCardThen) -> GiftCard {
    let legs = refund.legs.iter().filter(|leg| card.leg_ids.contains(&leg.leg_id));
    GiftCard {
        movements: legs.map(movement).collect(),
        card_id: card.card_id,
        currency: refund.customer_currency.clone(),
        redemption: Some(card.tender_id).filter(|it| !it.is_empty()),
        balance: Some(card.balance).filter(|it| !it.is_empty()),
        used: card.balance_used,
        refunded: card.refunded,
    }
}

fn movement(leg: &RefundLeg) -> Movement {
    match leg.state() {
        LegState::Settled => Movement::Arrived,
        LegState::Failed => {
            let (code, text) = leg.failure.split_once(": ").unwrap_or((&leg.failure, ""));
            Movement::Failed { code: code.to_owned(), text: text.to_owned() }
        }
        _ => Movement::OnItsWay,
    }
}

fn product(line: refunds::RefundProduct, mapped: Option<MappedReason>) -> Option<Product> {
    Some(Product {
        cart_item_id: line.cart_item_id,
        sku: Some(line.product_code),
        quantity: line.refund_quantity.to_string(),
        amount: pair(line.amount?),
        reason: line.refund_reason.map(|_| reason(mapped)),
        comments: Some(line.refund_comments),
    })
}

/// What the published document calls a component; the report calls it so as well.
pub fn component_name(component: refunds::ComponentType) -> Option<&'static str> {
    kind(component).map(ComponentType::name)
}

const fn kind(component: refunds::ComponentType) -> Option<ComponentType> {
    Some(match component {
        refunds::ComponentType::Products => ComponentType::Products,
        refunds::ComponentType::Shipping => ComponentType::Shipping,
        refunds::ComponentType::Duties => ComponentType::Duties,
        refunds::ComponentType::ServiceGesture => ComponentType::ServiceGesture,
        refunds::ComponentType::PrepaidReturn => ComponentType::PrepaidReturn,
        refunds::ComponentType::CancellationFee => ComponentType::CancellationFee,
        refunds::ComponentType::Unspecified => return None,
    })
}

fn component(part: refunds::RefundComponent) -> Option<Component> {
    let kind = kind(part.r#type())?;
    let charged_to_platform = part.charged_to() == ChargedTo::Platform;
    Some(Component { kind, amount: pair(part.amount?), charged_to_platform })
}

fn pair(MoneyPair { customer, merchant }: MoneyPair) -> Pair {
    Pair { customer, merchant }
}

/// A code that the store has mapped is answered with the store's name for it.
fn reason(mapped: Option<MappedReason>) -> OrderRefundReason {
    match mapped.and_then(|mapped| mapped.reason) {
        Some(RefundReason { code, name }) => {
            OrderRefundReason { order_refund_reason_code: code, name }
        }
        None => OrderRefundReason::unmapped(),
    }
}

/// What the store would say today.
fn as_it_is(store: &Store, refund: &Refund) -> StoreThen {
    let known = store.settings.as_ref().map_or(&[][..], |settings| &settings.refund_reasons);
    let mapped = |sent: Option<&RefundReason>| {
        let code = sent.and_then(|sent| sent.code.as_ref());
        let entry = known.iter().find(|known| Some(&known.code) == code);
        let reason = entry
            .map(|entry| RefundReason { code: Some(entry.code.clone()), name: entry.name.clone() });
        MappedReason { reason }
    };
    StoreThen {
        merchant_guid: store.merchant_guid.clone(),
        web_store_code: store.web_store_code.clone(),
        web_store_instance_code: store.web_store_instance_code.clone(),
        refund_reason: Some(mapped(refund.refund_reason.as_ref())),
        product_reasons: refund
            .products
            .iter()
            .map(|it| mapped(it.refund_reason.as_ref()))
            .collect(),
    }
}

fn goes_to_gift_card(refund: &Refund, leg: &RefundLeg) -> bool {
    leg.state() != LegState::Voided
        && (refund.refund_method() == RefundMethod::GiftCard
            || leg.tender_method() == TenderMethod::GiftCard)
}

#[cfg(test)]
mod both_ways;
#[cfg(test)]
mod tests;
