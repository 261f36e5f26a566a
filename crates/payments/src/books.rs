//! What the sandbox and the accounts share of book-keeping: postings that happen once.

use crate::failure;
use domain::{Amount, Currency, id::StoreId};
use ports::{
    Account, Chain, Clock, Ledger, NoAnswer, PaymentOrder, PaymentOutcome, Posting, StoreError,
    Transfer, own_value::missing,
};
use std::sync::Arc;

/// The ledger of one store in one currency.
pub(crate) struct Books<'p> {
    pub ledger: &'p dyn Ledger,
    pub clock: &'p dyn Clock,
    pub store: &'p StoreId,
    pub currency: Currency,
}

/// What an adapter keeps its books with.
#[derive(Clone)]
pub(crate) struct Desk {
    pub ledger: Arc<dyn Ledger>,
    pub clock: Arc<dyn Clock>,
}

impl Desk {
    pub fn books<'p>(&'p self, store: &'p StoreId, currency: Currency) -> Books<'p> {
        Books { ledger: &*self.ledger, clock: &*self.clock, store, currency }
    }
}

/// An account that never falls below zero.
pub(crate) fn account(name: impl Into<String>) -> Account {
    Account { name: name.into(), may_be_negative: false }
}

/// The other side of what accounts hold.
pub(crate) fn clearing(name: &str) -> Account {
    Account { name: name.to_owned(), may_be_negative: true }
}

impl Books<'_> {
    pub fn transfer(&self, key: String, from: Account, to: Account, amount: Amount) -> Transfer {
        Transfer {
            store_id: self.store.clone(),
            key,
            from,
            to,
            amount,
            currency: self.currency,
            at: self.clock.now(),
        }
    }

    pub async fn find(&self, key: &str) -> Result<Option<Transfer>, StoreError> {
        self.ledger.find(self.store, key).await
    }

    pub async fn post(
        &self,
        key: String,
        from: Account,
        to: Account,
        amount: Amount,
    ) -> Result<Posting, StoreError> {
        self.ledger.post(&self.transfer(key, from, to, amount)).await
    }

    /// Sees to it that `total` went from one account to the other under `series`, whatever part
    /// of it went before. Never takes anything back.
    pub async fn raise_to(
        &self,
        total: Amount,
        series: &str,
        from: &Account,
        to: &Account,
    ) -> Result<(), StoreError> {
        while let Some((key, missing)) = missing(self.ledger, self.store, series, total).await? {
            let posting = self.post(key, from.clone(), to.clone(), missing).await?;
            if matches!(posting, Posting::Insufficient { .. }) {
                return Err(StoreError::Corrupt(Box::new(Refused)));
            }
        }
        Ok(())
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the ledger refused a posting that its accounts cover")]
struct Refused;

/// Whether an earlier transfer under the leg's key is what is asked now.
pub(crate) fn is_same(earlier: &Transfer, asked: &Transfer) -> bool {
    earlier.amount == asked.amount
        && earlier.currency == asked.currency
        && earlier.from == asked.from
        && earlier.to == asked.to
}

/// One key stands for one movement for ever.
pub(crate) fn key_reused(order: &PaymentOrder) -> PaymentOutcome {
    let text = format!("the key {} was used before with another amount or payment", order.leg_id);
    PaymentOutcome::Declined { failure: failure("KEY_REUSED", text), permanent: true }
}

/// The ledger's answer was lost or never came: it may or may not have been done.
pub(crate) fn unknown(order: &PaymentOrder, fault: &StoreError) -> PaymentOutcome {
    tracing::warn!(leg_id = %order.leg_id, error = %Chain(fault), "the ledger could not be reached");
    PaymentOutcome::Unknown
}

/// The ledger could not be asked.
pub(crate) fn unavailable(fault: &StoreError) -> NoAnswer {
    tracing::warn!(error = %Chain(fault), "the ledger could not be reached");
    NoAnswer::Down(failure("UNAVAILABLE", "the provider's books cannot be reached now"))
}
