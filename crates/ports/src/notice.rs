//! What a payment provider tells by itself.

use crate::{OrderKey, PaymentOutcome, PaymentStatus};
use domain::{Amount, id::LegId};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// A message of a provider, in our own words. It may come many times, late, and in any order, and
/// what it says was so `at` that time: whoever must not be wrong asks the provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentNotice {
    /// The name that tenders and legs know the provider by.
    pub provider: String,
    /// The provider's id of what happened; the same for every time that it is told.
    pub event_id: String,
    pub about: NoticeAbout,
    /// When it happened, by the provider's clock.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum NoticeAbout {
    /// Money that goes back under the key of one of our legs.
    Leg {
        leg_id: LegId,
        /// The leg's order, as we had named it to the provider. `None` if it is not there to be read.
        order: Option<OrderKey>,
        moved: Money,
        /// Never [`PaymentOutcome::Mismatch`]: what was asked stands with the leg, and whoever
        /// books this compares `moved` with it.
        outcome: PaymentOutcome,
    },
    /// A payment that a customer disputes with the bank.
    Dispute {
        dispute_id: String,
        disputed: Money,
        state: DisputeState,
        funds: Option<DisputeFunds>,
    },
    /// A payment as a whole.
    Payment {
        /// What the tender's `provider_reference` is.
        payment: String,
        /// An ISO 4217 code.
        currency: String,
        status: PaymentStatus,
    },
    /// The provider's, and not understood: a person has to look it up there, by its id.
    Unread {
        /// What the provider calls its kind; empty if not even that can be read.
        kind: String,
        /// What is not understood. Nothing of the message itself.
        why: String,
    },
}

impl NoticeAbout {
    /// The stable name of what it is about.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Leg { .. } => "LEG",
            Self::Dispute { .. } => "DISPUTE",
            Self::Payment { .. } => "PAYMENT",
            Self::Unread { .. } => "UNREAD",
        }
    }
}

/// An amount of a payment, as the provider has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// What the tender's `provider_reference` is.
    pub payment: String,
    /// In units of the currency, whatever the provider counts in.
    pub amount: Amount,
    /// An ISO 4217 code.
    pub currency: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum DisputeState {
    /// The bank asks; no money has moved, and it may never come to a dispute.
    Inquiry,
    Open,
    /// The payment stands, also after an inquiry that came to nothing.
    Won,
    /// The money is the customer's again.
    Lost,
    /// It was settled before it came to one. Whether money went back stands with the payment.
    Prevented,
}

/// What a notice of a dispute says of the money itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum DisputeFunds {
    Withdrawn,
    Reinstated,
}

/// Why a message is not taken for the provider's word. The texts hold nothing of the message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoticeError {
    /// Nobody who has the secret has signed it so.
    #[error("the signature is missing or wrong: {0}")]
    Unsigned(&'static str),
    /// Signed so long ago, or so far ahead, that somebody may be sending it again.
    #[error("the signature is not of this time")]
    Untimely,
}

/// Reads what a provider posts to us. Pure: it looks at nothing but what it is given.
pub trait NoticeReader: Send + Sync {
    /// The name of the header, in lower case, that the signature comes in.
    fn signature_header(&self) -> &'static str;

    /// What a message says. `None`: nothing that concerns our payments, which is to be answered as
    /// if it had been taken. One that is signed and not understood is [`NoticeAbout::Unread`], so that
    /// it is kept, and its provider does not send it again and again.
    ///
    /// `body` is what came over the line, byte by byte: that is what is signed.
    ///
    /// # Errors
    ///
    /// [`NoticeError`]; nothing of the message may be believed then.
    fn read(
        &self,
        signature: Option<&str>,
        body: &[u8],
        now: OffsetDateTime,
    ) -> Result<Option<PaymentNotice>, NoticeError>;
}
