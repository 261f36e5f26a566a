use crate::StoreError;
use async_trait::async_trait;
use domain::{Amount, Currency, id::StoreId};
use time::OffsetDateTime;

/// Where value stands in the system's own books: a gift card, a points balance, a payment at the
/// sandbox, or the other side of one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Account {
    pub name: String,
    /// Clearing accounts, the other side of what others hold, may go below zero.
    pub may_be_negative: bool,
}

/// Value that moves from one account to another: what leaves here arrives there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    pub store_id: StoreId,
    /// Unique within the store: the same key moves value once.
    pub key: String,
    pub from: Account,
    pub to: Account,
    pub amount: Amount,
    pub currency: Currency,
    pub at: OffsetDateTime,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Posting {
    Posted,
    /// The key was posted before, with this; nothing moved now.
    AlreadyPosted(Transfer),
    /// The account would fall below zero; nothing moved.
    Insufficient {
        balance: Amount,
    },
}

/// Double entry: every posting takes from one account what it gives to another.
#[async_trait]
pub trait Ledger: Send + Sync {
    async fn post(&self, transfer: &Transfer) -> Result<Posting, StoreError>;

    async fn find(&self, store: &StoreId, key: &str) -> Result<Option<Transfer>, StoreError>;

    /// `None` for an account that nothing was ever posted to.
    async fn balance(
        &self,
        store: &StoreId,
        account: &str,
        currency: Currency,
    ) -> Result<Option<Amount>, StoreError>;
}
