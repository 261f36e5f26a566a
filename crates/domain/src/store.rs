//! A store: one web shop of a merchant, and the tenant that every record belongs to.

use crate::{Amount, Currency, cancellation::CancellationReason, id::StoreId};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Store {
    pub store_id: StoreId,
    pub name: String,
    /// The merchant's credential-like name in the compatible endpoint; unique over all stores,
    /// without regard to case. Empty if it has none.
    pub merchant_guid: String,
    pub web_store_code: Option<String>,
    pub web_store_instance_code: Option<String>,
    /// What the approval limit is in, and the merchant currency of an order that names none.
    pub currency: Currency,
    pub settings: StoreSettings,
    /// Counts changes of the settings; a refund names the one that it was computed with.
    pub settings_version: i64,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

impl Store {
    /// Whether this is the store's GUID. No text is the GUID of a store that has none.
    pub fn has_guid(&self, guid: &str) -> bool {
        !guid.is_empty() && self.merchant_guid.to_lowercase() == guid.to_lowercase()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own in the contract")]
pub struct StoreSettings {
    /// A refund of a line may leave the quantity out.
    pub appeasements: bool,
    /// A prepaid return fee may be deducted from a refund.
    pub prepaid_returns: bool,
    /// The compatible endpoint answers refusals in the `ErrorInfo` shape.
    pub error_info: bool,
    /// The merchant's GUID alone is credential enough for the compatible endpoint.
    pub guid_alone: bool,
    pub cancel_before_ready: bool,
    /// In the store's currency. A merchant's refund above it waits for another manager.
    pub approval_limit: Option<Amount>,
    pub tender_order: TenderOrder,
    pub customer_requests: CustomerRequests,
    pub handover: Option<Handover>,
    pub screening: Screening,
    pub refund_reasons: Vec<RefundReasonEntry>,
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self {
            appeasements: false,
            prepaid_returns: false,
            error_info: false,
            guid_alone: false,
            cancel_before_ready: true,
            approval_limit: None,
            tender_order: TenderOrder::default(),
            customer_requests: CustomerRequests::default(),
            handover: None,
            screening: Screening::default(),
            refund_reasons: Vec::new(),
        }
    }
}

/// Which tenders a refund goes back to first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TenderOrder {
    /// Gift cards, points and store credit, then the rest in the order's own sequence.
    #[default]
    NonCashFirst,
    CashFirst,
    /// In proportion to what is left of each, largest remainder.
    ProRata,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CustomerRequests {
    pub enabled: bool,
    /// Days from the order date within which a customer may ask; 0 sets no limit.
    pub window_days: u32,
    pub auto_accept: bool,
    /// Reasons that customers may give, of those that customers may give anywhere; none named is
    /// all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<CancellationReason>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handover {
    pub adapter: String,
    pub url: String,
    pub exhausted: HandoverExhausted,
    /// Waits between tries, in seconds.
    pub schedule_seconds: Vec<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum HandoverExhausted {
    #[default]
    Notify,
    Cancel,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Screening {
    pub fraud: bool,
    pub prohibited_goods: bool,
    pub denied_party: bool,
}

impl Screening {
    /// No check has to be clear before an order may become ready.
    pub const fn is_off(self) -> bool {
        !(self.fraud || self.prohibited_goods || self.denied_party)
    }
}

/// A reason the store knows: its own code and the name it stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundReasonEntry {
    pub code: String,
    pub name: String,
}

/// What happened to a store, in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum StoreFact {
    #[serde(rename = "store.created")]
    Created { store: Box<Store> },
    #[serde(rename = "store.updated")]
    Updated { store: Box<Store> },
    #[serde(rename = "token.created")]
    TokenCreated { token: Box<crate::token::Token> },
    #[serde(rename = "token.revoked")]
    TokenRevoked { token_id: crate::id::TokenId },
}

impl StoreFact {
    /// The stable name, as stored.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Created { .. } => "store.created",
            Self::Updated { .. } => "store.updated",
            Self::TokenCreated { .. } => "token.created",
            Self::TokenRevoked { .. } => "token.revoked",
        }
    }
}
