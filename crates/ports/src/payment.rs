use crate::{Circuit, LeftAlone, OrderKey};
use async_trait::async_trait;
use domain::{
    Amount, Currency,
    id::{LegId, RefundId, TenderId},
    order::{Tender, TenderMethod},
    refund::{LegFailure, LegKind, LegMismatch},
};
use serde::{Deserialize, Serialize};

/// What a provider is asked to do for one leg. The key never changes over its retries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentOrder {
    /// The idempotency key.
    pub leg_id: LegId,
    pub order: OrderKey,
    pub refund_id: RefundId,
    /// Whose payment goes back. The tenders of one order may name the same `target`.
    pub tender_id: TenderId,
    pub kind: LegKind,
    pub amount: Amount,
    pub currency: Currency,
    /// What the provider knows the payment or account by.
    pub target: String,
    /// The tender's method and what it brought along, for a provider that meets it first here.
    pub method: TenderMethod,
    pub authorized: Amount,
    /// 0 where the provider's own books know how it was captured.
    pub captured: Amount,
}

/// What a provider answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PaymentOutcome {
    Settled {
        reference: String,
    },
    /// Taken; `find` will tell when it settles.
    Accepted {
        reference: String,
    },
    /// Not done. A permanent one will not be done by asking again.
    Declined {
        failure: LegFailure,
        permanent: bool,
    },
    /// Not done, because the provider was not reached, or is left alone for now. It was no try.
    Unsent(LegFailure),
    /// The answer was lost: it may or may not have been done.
    Unknown,
    /// What the provider has under the leg's key is not what was asked: another amount, currency or
    /// payment. Money may have moved that is not the leg's, so nothing of it is booked and nothing
    /// is sent again until a person has looked.
    Mismatch(LegMismatch),
}

/// Why a question has no answer that anything could be concluded from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoAnswer {
    /// The provider was not there, or could not say: whoever asks it next will fare no better.
    Down(LegFailure),
    /// The provider did answer, and of this it cannot or will not say how it stands.
    Refused(LegFailure),
}

impl NoAnswer {
    pub const fn failure(&self) -> &LegFailure {
        match self {
            Self::Down(failure) | Self::Refused(failure) => failure,
        }
    }
}

/// What of a payment stands at its provider: what went back does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PaymentStatus {
    Pending,
    Authorized(Amount),
    Captured(Amount),
    Failed,
}

/// A payment provider, by role. Adapters never assume: what they do not know is `Unknown`.
#[async_trait]
pub trait PaymentProvider: Send + Sync {
    /// The state of a tender's payment, in the order's customer currency.
    ///
    /// # Errors
    ///
    /// If the provider cannot be asked now.
    async fn status(
        &self,
        order: &OrderKey,
        tender: &Tender,
        currency: Currency,
    ) -> Result<PaymentStatus, NoAnswer>;

    /// Lets a leg's amount of an authorisation go.
    async fn release(&self, order: &PaymentOrder) -> PaymentOutcome;

    /// Gives a leg's amount back: refunds a capture or restores an account, by the leg's kind.
    async fn refund(&self, order: &PaymentOrder) -> PaymentOutcome;

    /// How a leg stands, by its key, whatever it had come to before. `None`: the provider never got
    /// it. [`PaymentOutcome::Declined`] for good: it had it, and took it back.
    ///
    /// # Errors
    ///
    /// If the provider cannot be asked now; nothing may be concluded then.
    async fn find(&self, order: &PaymentOrder) -> Result<Option<PaymentOutcome>, NoAnswer>;

    /// Whether it is left alone just now, so that a call would come to nothing. To be asked before
    /// anything is committed that a call is to follow.
    fn left_alone(&self) -> Option<LeftAlone> {
        None
    }

    /// How it stands with this process. `None` if nothing would keep calls from it: it is a part of
    /// this process itself.
    fn circuit(&self) -> Option<Circuit> {
        None
    }
}
