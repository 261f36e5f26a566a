use super::RequestedBy;
use crate::{Reason, Rejection};
use serde::{Deserialize, Serialize};

/// A reason with the words that go with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    pub reason: CancellationReason,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CancellationReason {
    ChangedMind,
    ShippingDelay,
    OutOfStock,
    Defective,
    WrongInformation,
    UndeliverableArea,
    PriceError,
    PaymentFailed,
    FraudDetected,
    ProhibitedGoods,
    DeniedParty,
    HandoverFailed,
    ExportImpossible,
    /// Needs a text.
    Other,
}

impl CancellationReason {
    pub const ALL: [Self; 14] = [
        Self::ChangedMind,
        Self::ShippingDelay,
        Self::OutOfStock,
        Self::Defective,
        Self::WrongInformation,
        Self::UndeliverableArea,
        Self::PriceError,
        Self::PaymentFailed,
        Self::FraudDetected,
        Self::ProhibitedGoods,
        Self::DeniedParty,
        Self::HandoverFailed,
        Self::ExportImpossible,
        Self::Other,
    ];

    /// The stable name, as stored and shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ChangedMind => "CHANGED_MIND",
            Self::ShippingDelay => "SHIPPING_DELAY",
            Self::OutOfStock => "OUT_OF_STOCK",
            Self::Defective => "DEFECTIVE",
            Self::WrongInformation => "WRONG_INFORMATION",
            Self::UndeliverableArea => "UNDELIVERABLE_AREA",
            Self::PriceError => "PRICE_ERROR",
            Self::PaymentFailed => "PAYMENT_FAILED",
            Self::FraudDetected => "FRAUD_DETECTED",
            Self::ProhibitedGoods => "PROHIBITED_GOODS",
            Self::DeniedParty => "DENIED_PARTY",
            Self::HandoverFailed => "HANDOVER_FAILED",
            Self::ExportImpossible => "EXPORT_IMPOSSIBLE",
            Self::Other => "OTHER",
        }
    }

    /// The platform's alone.
    pub const fn is_platforms(self) -> bool {
        matches!(
            self,
            Self::PaymentFailed
                | Self::FraudDetected
                | Self::ProhibitedGoods
                | Self::DeniedParty
                | Self::HandoverFailed
        )
    }

    /// One of those that a customer may give.
    pub const fn is_customers(self) -> bool {
        matches!(
            self,
            Self::ChangedMind | Self::ShippingDelay | Self::WrongInformation | Self::Other
        )
    }

    /// U8: nobody undoes these.
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            Self::FraudDetected | Self::ProhibitedGoods | Self::DeniedParty | Self::PaymentFailed
        )
    }
}

impl Given {
    /// Checks that `who` may give this reason, and that OTHER comes with a text.
    ///
    /// # Errors
    ///
    /// [`Reason::OrderProtected`] for a reason of the platform, [`Reason::ReasonNotAllowed`] for
    /// one that no customer gives, [`Reason::InvalidFields`] for OTHER without a text.
    pub(super) fn check(&self, who: RequestedBy) -> Result<(), Rejection> {
        let name = self.reason.name();
        if who != RequestedBy::Platform && self.reason.is_platforms() {
            let text = format!("{name} is a reason of the platform, which its workers alone give");
            return Err(Rejection::new(Reason::OrderProtected, text).at("reason"));
        }
        if who == RequestedBy::Customer && !self.reason.is_customers() {
            let allowed: Vec<_> = Self::customers().map(CancellationReason::name).collect();
            let allowed = allowed.join(", ");
            let text = format!("a customer may not give {name}, but {allowed}");
            return Err(Rejection::new(Reason::ReasonNotAllowed, text)
                .at("reason")
                .with("asked", name)
                .with("allowed", allowed));
        }
        let said = self.text.as_ref().is_some_and(|text| !text.trim().is_empty());
        if self.reason == CancellationReason::Other && !said {
            let text = "the reason OTHER needs a text";
            return Err(Rejection::new(Reason::InvalidFields, text).at("comment"));
        }
        Ok(())
    }

    fn customers() -> impl Iterator<Item = CancellationReason> {
        CancellationReason::ALL.into_iter().filter(|reason| reason.is_customers())
    }
}
