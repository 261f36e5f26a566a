//! A refund of the contract in the words of the reference document.

use super::{OrderRefund, OrderRefundInfo, OrderRefundReason, RefundComponent, RefundProduct};
use crate::compatible::decimal::{padded, places, share, sum};
use wire::{
    money::v1::MoneyPair,
    orders::v1::TenderMethod,
    refunds::v1::{
        self as refunds, ChargedTo, ComponentType, CreateRefundResponse, MappedReason, Refund,
        RefundLeg, RefundMethod, RefundReason, StoreThen,
    },
    stores::v1::Store,
};

/// Places of every amount of a product.
const PRODUCT_DECIMALS: usize = 4;

/// What a reason is called that the store has not mapped.
const UNMAPPED: &str = "Undefined";

/// Shows what the refund says of its store. A receipt from before refunds said so is shown with
/// `store` as it is now.
///
/// `None` if an amount of the refund is missing or no number: the services never answer that.
pub fn of_refund(store: &Store, made: CreateRefundResponse) -> Option<OrderRefundInfo> {
    let refund = made.refund?;
    let then = made.store.unwrap_or_else(|| as_it_is(store, &refund));
    let mut product_reasons = then.product_reasons.into_iter();
    let total = refund.total.clone()?;
    let decimals = places(&total.customer);
    let gestures =
        refund.components.iter().filter(|part| part.r#type() == ComponentType::ServiceGesture);
    let gestures = gestures.map(|part| Some(part.amount.as_ref()?.customer.as_str()));
    let gift_cards = refund.legs.iter().filter(|leg| goes_to_gift_card(&refund, leg));
    let gift_cards = sum(gift_cards.map(|leg| leg.amount.as_str()), decimals)?;
    let full_refund = refund.full_refund;
    let refund_as_gift_card = refund.refund_method() == RefundMethod::GiftCard;
    let notify_order_refund = OrderRefund {
        merchant_order_id: given(refund.external_order_id),
        refund_id: refund.refund_number.to_string(),
        merchant_guid: then.merchant_guid,
        service_gesture_amount: sum(gestures.collect::<Option<Vec<_>>>()?, decimals)?,
        refund_as_gift_card,
        total_gift_cards_refund_amount_in_merchant_currency: share(
            &total.merchant,
            &gift_cards,
            &total.customer,
        )?,
        total_gift_cards_refund_amount: gift_cards,
        products: refund
            .products
            .into_iter()
            .map(|line| product(line, product_reasons.next()))
            .collect::<Option<_>>()?,
        components: refund.components.into_iter().map(component).collect::<Option<_>>()?,
        order_id: refund.order_id,
        total_refund_amount: total.customer,
        original_total_refund_amount: total.merchant,
        refund_reason: refund.refund_reason.map(|_| reason(then.refund_reason)),
        refund_comments: given(refund.refund_comments),
        web_store_code: given(then.web_store_code),
        web_store_instance_code: given(then.web_store_instance_code),
        full_refund,
        gift_cards_data: (),
    };
    let reason = format!("Refund generated with id {}", notify_order_refund.refund_id);
    Some(OrderRefundInfo { success: true, reason, notify_order_refund })
}

fn product(line: refunds::RefundProduct, mapped: Option<MappedReason>) -> Option<RefundProduct> {
    let MoneyPair { customer, merchant } = line.amount?;
    Some(RefundProduct {
        cart_item_id: line.cart_item_id,
        refund_quantity: line.refund_quantity.to_string(),
        original_refund_amount: padded(&merchant, PRODUCT_DECIMALS),
        refund_amount: padded(&customer, PRODUCT_DECIMALS),
        refund_reason: line.refund_reason.map(|_| reason(mapped)),
        refund_comments: given(line.refund_comments),
        sku: given(line.product_code),
    })
}

/// What the published document calls a component; the report calls it so as well.
pub const fn component_name(component: ComponentType) -> Option<&'static str> {
    Some(match component {
        ComponentType::Products => "Products",
        ComponentType::Shipping => "Shipping",
        ComponentType::Duties => "Duties",
        ComponentType::ServiceGesture => "ServiceGesture",
        ComponentType::PrepaidReturn => "PrepaidReturn",
        ComponentType::CancellationFee => "CancellationFee",
        ComponentType::Unspecified => return None,
    })
}

fn component(part: refunds::RefundComponent) -> Option<RefundComponent> {
    let component_type = component_name(part.r#type())?;
    let to_platform = part.charged_to() == ChargedTo::Platform;
    let MoneyPair { customer, merchant } = part.amount?;
    Some(RefundComponent {
        refund_amount: customer.clone(),
        amount: customer,
        original_amount: merchant,
        is_charged_to_merchant: if to_platform { "FALSE" } else { "TRUE" },
        component_type,
    })
}

/// A code that the store has mapped is answered with the store's name for it.
fn reason(mapped: Option<MappedReason>) -> OrderRefundReason {
    match mapped.and_then(|mapped| mapped.reason) {
        Some(RefundReason { code, name }) => {
            OrderRefundReason { order_refund_reason_code: code, name }
        }
        None => OrderRefundReason { order_refund_reason_code: None, name: UNMAPPED.to_owned() },
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
    refund.refund_method() == RefundMethod::GiftCard
        || leg.tender_method() == TenderMethod::GiftCard
}

fn given(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests;
