//! The parts of Stripe's objects that are read. What is not needed is not named, so that Stripe may
//! change it.

use super::minor;
use ports::{OrderKey, PaymentStatus};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

/// Under these names a refund carries what it is for.
pub(super) mod metadata {
    pub const LEG: &str = "leg";
    pub const REFUND: &str = "refund";
    pub const ORDER: &str = "order";
    pub const STORE: &str = "store";
}

pub(super) type Metadata = BTreeMap<String, String>;

#[derive(Debug, Deserialize)]
pub(super) struct Intent {
    pub id: String,
    pub status: String,
    pub amount: i64,
    pub currency: String,
    #[serde(default)]
    pub amount_capturable: Option<i64>,
    #[serde(default)]
    pub amount_received: Option<i64>,
    /// As an object where it was asked to be, else only its id.
    #[serde(default)]
    pub latest_charge: Option<ChargeOrId>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum ChargeOrId {
    Charge(Box<Charge>),
    Id(#[expect(dead_code, reason = "read so that an id is no fault")] String),
}

#[derive(Debug, Deserialize)]
pub(super) struct Charge {
    pub amount: i64,
    pub currency: String,
    #[serde(default)]
    pub captured: bool,
    #[serde(default)]
    pub amount_captured: Option<i64>,
    pub amount_refunded: i64,
    #[serde(default)]
    pub payment_intent: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Refund {
    pub id: String,
    pub amount: i64,
    pub currency: String,
    #[serde(default)]
    pub payment_intent: Option<String>,
    #[serde(default)]
    pub status: Option<String>,
    #[serde(default)]
    pub failure_reason: Option<String>,
    #[serde(default, deserialize_with = "or_none")]
    pub metadata: Metadata,
}

#[derive(Debug, Deserialize)]
pub(super) struct Dispute {
    pub id: String,
    pub amount: i64,
    pub currency: String,
    pub status: String,
    #[serde(default)]
    pub payment_intent: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Page<T> {
    pub data: Vec<T>,
    #[serde(default)]
    pub has_more: bool,
}

/// `null` is a map without entries.
fn or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Metadata, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl Refund {
    /// No money goes back by it, or that money has come again.
    pub fn is_void(&self) -> bool {
        matches!(self.status.as_deref(), Some("failed" | "canceled"))
    }

    /// What the refund carries under one of the names in [`metadata`].
    pub fn named(&self, name: &str) -> Option<&str> {
        self.metadata.get(name).map(String::as_str)
    }

    pub fn order(&self) -> Option<OrderKey> {
        let (store, order) = (self.named(metadata::STORE)?, self.named(metadata::ORDER)?);
        Some(OrderKey::new(store.parse().ok()?, order.parse().ok()?))
    }
}

impl Charge {
    /// What was collected, whatever went back of it since.
    fn received(&self) -> i64 {
        self.amount_captured.unwrap_or(if self.captured { self.amount } else { 0 })
    }

    /// What of it stands. `None` if that cannot be read out of it, as when more went back than came in.
    /// Of a charge that was not captured what goes back was only held.
    pub fn status(&self) -> Option<PaymentStatus> {
        let is_held = self.received() == 0;
        let of = if is_held { self.amount } else { self.received() };
        let stands = of.checked_sub(self.amount_refunded).filter(|stands| *stands >= 0)?;
        let amount = minor::from_minor(stands, &code(&self.currency))?;
        Some(match is_held {
            true if stands == 0 => PaymentStatus::Failed,
            true => PaymentStatus::Authorized(amount),
            false => PaymentStatus::Captured(amount),
        })
    }
}

impl Intent {
    pub fn code(&self) -> String {
        code(&self.currency)
    }

    /// What may still be captured or let go.
    pub fn capturable(&self) -> i64 {
        self.amount_capturable.unwrap_or(self.amount)
    }

    /// What was collected, whatever went back of it since.
    pub fn received(&self) -> i64 {
        self.amount_received.unwrap_or(match &self.latest_charge {
            Some(ChargeOrId::Charge(charge)) => charge.received(),
            Some(ChargeOrId::Id(_)) => self.amount,
            None => 0,
        })
    }

    /// What of the payment stands now. `None` if that cannot be read out of it.
    pub fn stands(&self) -> Option<PaymentStatus> {
        let refunded = match &self.latest_charge {
            Some(ChargeOrId::Charge(charge)) => charge.amount_refunded,
            Some(ChargeOrId::Id(_)) => return None,
            None => 0,
        };
        self.with(self.received().checked_sub(refunded)?)
    }

    /// The same by what came in alone.
    pub fn came_in(&self) -> Option<PaymentStatus> {
        self.with(self.received())
    }

    fn with(&self, captured: i64) -> Option<PaymentStatus> {
        let read = |minor| {
            let amount = minor::from_minor(minor, &self.code());
            // More cannot go back than came in.
            amount.filter(|amount| !amount.is_negative())
        };
        Some(match self.status.as_str() {
            "requires_payment_method"
            | "requires_confirmation"
            | "requires_action"
            | "processing" => PaymentStatus::Pending,
            "requires_capture" => PaymentStatus::Authorized(read(self.capturable())?),
            "succeeded" => PaymentStatus::Captured(read(captured)?),
            // What had been captured of it before stays captured.
            "canceled" if self.received() > 0 => PaymentStatus::Captured(read(captured)?),
            "canceled" => PaymentStatus::Failed,
            _ => return None,
        })
    }
}

/// Stripe writes currencies in lower case.
pub(super) fn code(currency: &str) -> String {
    currency.to_ascii_uppercase()
}
