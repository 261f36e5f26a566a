use crate::{
    Amount,
    id::{CancellationId, TenderId},
};
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
    /// How the money came in, if not with the order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovered: Option<Recovered>,
}

/// A tender that stands for money which had gone back with a cancellation and came in again when
/// that was undone. The tender it went back by keeps its own history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovered {
    pub cancellation_id: CancellationId,
    pub by: Recovery,
    /// The tender whose payment it is, for one that stands again at its provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<TenderId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Recovery {
    /// The customer paid anew.
    Repaid,
    /// The provider says that the payment stands again.
    Recaptured,
    /// Taken from the account of this system that it had been restored to.
    TakenBack,
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

    /// Its provider may still take it, or the rest of it.
    pub fn is_open(&self) -> bool {
        matches!(self.state, TenderState::Pending | TenderState::Authorized) && !self.is_confirmed()
    }

    /// Nothing of it has come in, and its provider may still take it.
    pub fn is_awaited(&self) -> bool {
        self.state == TenderState::Pending && !self.amount.is_zero()
    }

    /// Whether it came in again, in this way.
    pub fn came_by(&self, by: Recovery) -> bool {
        self.recovered.as_ref().is_some_and(|recovered| recovered.by == by)
    }

    /// Whether a provider knows both by the same payment.
    pub fn is_one_payment_with(&self, other: &Self) -> bool {
        (&self.provider, &self.provider_reference) == (&other.provider, &other.provider_reference)
    }

    /// The tender whose payment this is: itself, but for one that stands again.
    pub fn payment(&self) -> &TenderId {
        self.recovered.as_ref().and_then(|it| it.of.as_ref()).unwrap_or(&self.tender_id)
    }
}

impl Recovery {
    /// Begins the names of such tenders.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Repaid => "repaid",
            Self::Recaptured => "recaptured",
            Self::TakenBack => "taken-back",
        }
    }
}

impl TenderMethod {
    pub const ALL: [Self; 8] = [
        Self::Card,
        Self::Wallet,
        Self::BankTransfer,
        Self::Mobile,
        Self::GiftCard,
        Self::Points,
        Self::StoreCredit,
        Self::CashOnDelivery,
    ];

    /// Gift cards, points and store credit: value of this system's own, not money of a bank.
    pub const fn is_cash(self) -> bool {
        !matches!(self, Self::GiftCard | Self::Points | Self::StoreCredit)
    }

    /// Points and store credit: a cancellation that gives back nothing else is over at once.
    pub const fn is_points_or_credit(self) -> bool {
        matches!(self, Self::Points | Self::StoreCredit)
    }

    /// Whether a part of the payment can be given back. A mobile carrier's bill is taken back as
    /// a whole or not at all.
    pub const fn refunds_in_part(self) -> bool {
        !matches!(self, Self::Mobile)
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
