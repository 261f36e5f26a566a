use crate::GiftCards;
use serde::Serialize;

/// The answer to a refund that was made.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct OrderRefundInfo {
    pub success: bool,
    pub reason: String,
    pub notify_order_refund: OrderRefund,
}

/// `Merchant.OrderRefund`. Totals have the decimals of their currency.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct OrderRefund {
    pub merchant_order_id: Option<String>,
    pub refund_id: String,
    #[serde(rename = "MerchantGUID")]
    pub merchant_guid: String,
    pub products: Vec<RefundProduct>,
    pub components: Vec<RefundComponent>,
    pub order_id: String,
    pub total_refund_amount: String,
    pub refund_reason: Option<OrderRefundReason>,
    pub refund_comments: Option<String>,
    pub original_total_refund_amount: String,
    pub service_gesture_amount: String,
    pub web_store_code: Option<String>,
    pub web_store_instance_code: Option<String>,
    pub full_refund: bool,
    pub refund_as_gift_card: bool,
    pub total_gift_cards_refund_amount: String,
    #[serde(rename = "TotalGiftCardsRefundAmountinMerchantCurrency")]
    pub total_gift_cards_refund_amount_in_merchant_currency: String,
    pub gift_cards_data: Option<GiftCards>,
}

/// `Merchant.RefundProduct`. Amounts have 4 decimals.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct RefundProduct {
    pub cart_item_id: String,
    pub refund_quantity: String,
    pub original_refund_amount: String,
    pub refund_amount: String,
    pub refund_reason: Option<OrderRefundReason>,
    pub refund_comments: Option<String>,
    #[serde(rename = "sku")]
    pub sku: Option<String>,
}

/// `Merchant.RefundComponent`. Amounts have the decimals of their currency.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct RefundComponent {
    pub amount: String,
    pub original_amount: String,
    /// `TRUE` or `FALSE`, as a text.
    pub is_charged_to_merchant: &'static str,
    pub component_type: ComponentType,
    pub refund_amount: String,
}

/// The names of the reference, and one that it does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComponentType {
    Products,
    Shipping,
    Duties,
    ServiceGesture,
    PrepaidReturn,
    /// A fee for cancelling, which the reference has no name for.
    CancellationFee,
}

impl Serialize for ComponentType {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl ComponentType {
    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Products => "Products",
            Self::Shipping => "Shipping",
            Self::Duties => "Duties",
            Self::ServiceGesture => "ServiceGesture",
            Self::PrepaidReturn => "PrepaidReturn",
            Self::CancellationFee => "CancellationFee",
        }
    }
}

/// `Merchant.OrderRefundReason`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct OrderRefundReason {
    pub order_refund_reason_code: Option<String>,
    pub name: String,
}

impl OrderRefundReason {
    /// What a reason is called that the store has not mapped.
    pub fn unmapped() -> Self {
        Self { order_refund_reason_code: None, name: "Undefined".to_owned() }
    }
}
