use super::{Bearer, ComponentKind, RefundMethod};
use crate::{Amount, Currency, store::TenderOrder};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// A refund as somebody asks for it. A field that is present counts as given, even as 0.
///
/// Amounts are still plain decimals: only the order knows their currency.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RefundRequest {
    pub full_refund: bool,
    pub total_refund_amount: Option<Decimal>,
    pub original_total_refund_amount: Option<Decimal>,
    pub products_duties_refund: bool,
    pub shipping_refund: bool,
    pub shipping_amount: Option<Decimal>,
    pub duties_amount: Option<Decimal>,
    pub service_gesture_amount: Option<Decimal>,
    pub customer_prepaid_refund_amount: Option<Decimal>,
    pub original_customer_prepaid_refund_amount: Option<Decimal>,
    pub products: Vec<ProductRequest>,
    pub reason: Option<RefundReason>,
    pub comments: Option<String>,
    pub external_reference: Option<String>,
    pub charged_to: Vec<ComponentCharge>,
    pub method: RefundMethod,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ProductRequest {
    /// Wins over the product code.
    pub cart_item_id: Option<String>,
    pub product_code: Option<String>,
    pub refund_quantity: Option<i64>,
    pub refund_amount: Option<Decimal>,
    pub original_refund_amount: Option<Decimal>,
    pub refund_amount_percent: Option<Decimal>,
    pub reason: Option<RefundReason>,
    pub comments: Option<String>,
}

/// A reason as it was sent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RefundReason {
    pub code: Option<String>,
    pub name: Option<String>,
}

/// Who bears one component, wholly or in part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComponentCharge {
    pub kind: ComponentKind,
    pub charged_to: Bearer,
    /// The part of a split that the platform bears, in the customer currency.
    pub platform_amount: Option<Decimal>,
}

/// What the store's settings and the caller's kind allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundPolicy {
    pub settings_version: i64,
    pub appeasements: bool,
    pub prepaid_returns: bool,
    pub tender_order: TenderOrder,
    /// A limit above which the refund waits for approval, in the store's currency.
    pub approval_limit: Option<(Amount, Currency)>,
    /// Only the platform may let the platform bear a component.
    pub may_charge_platform: bool,
}

impl RefundRequest {
    /// Bytes of free text.
    pub(crate) fn text_length(&self) -> usize {
        let lines = self.products.iter();
        let lines: usize =
            lines.map(|line| text_length(line.reason.as_ref(), line.comments.as_ref())).sum();
        lines + text_length(self.reason.as_ref(), self.comments.as_ref())
    }
}

pub(super) fn text_length(reason: Option<&RefundReason>, comments: Option<&String>) -> usize {
    let reason = reason.into_iter().flat_map(|reason| [&reason.code, &reason.name]).flatten();
    reason.chain(comments).map(String::len).sum()
}
