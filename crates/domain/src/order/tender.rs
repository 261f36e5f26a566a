use crate::{Amount, id::TenderId};
use serde::{Deserialize, Serialize};

/// One way in which an order was paid. Amounts are in the customer currency.
///
/// What went back is not stored here: the legs of the refunds say it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tender {
    pub tender_id: TenderId,
    pub method: TenderMethod,
    /// The payment provider's configured name.
    pub provider: String,
    pub provider_reference: String,
    pub amount: Amount,
    pub authorized: Amount,
    pub captured: Amount,
    pub state: TenderState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TenderMethod {
    Card,
    Wallet,
    BankTransfer,
    Mobile,
    GiftCard,
    Points,
    StoreCredit,
    CashOnDelivery,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TenderState {
    Pending,
    Authorized,
    Captured,
    Failed,
}

impl Tender {
    /// The payment stands: all of it is authorised or captured, or there is nothing to pay.
    pub fn is_confirmed(&self) -> bool {
        matches!(self.state, TenderState::Authorized | TenderState::Captured)
            && self.authorized.max(self.captured) >= self.amount
            || self.amount.is_zero()
    }

    /// All of it was captured, or there is nothing to capture.
    pub fn is_captured(&self) -> bool {
        self.captured == self.amount
    }
}

impl TenderMethod {
    /// Gift cards, points and store credit: value of this system's own, not money of a bank.
    pub const fn is_cash(self) -> bool {
        !matches!(self, Self::GiftCard | Self::Points | Self::StoreCredit)
    }
}

impl TenderState {
    /// The stable name, as stored and shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Authorized => "AUTHORIZED",
            Self::Captured => "CAPTURED",
            Self::Failed => "FAILED",
        }
    }
}
