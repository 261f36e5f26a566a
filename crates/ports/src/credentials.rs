use crate::StoreError;
use async_trait::async_trait;
use domain::id::{StoreId, TokenId};
use std::collections::BTreeMap;
use time::OffsetDateTime;

/// When somebody last called with a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenUse {
    pub store_id: StoreId,
    pub token_id: TokenId,
    pub at: OffsetDateTime,
}

/// What becomes of tokens and sessions beside the commits that make and end them.
#[async_trait]
pub trait Credentials: Send + Sync {
    /// Of each token the latest use stands, in whatever sequence they are told. One that is not there
    /// is passed over.
    async fn note_uses(&self, uses: &[TokenUse]) -> Result<(), StoreError>;

    /// Of those that were used at all.
    async fn last_uses(
        &self,
        store: &StoreId,
        tokens: &[TokenId],
    ) -> Result<BTreeMap<TokenId, OffsetDateTime>, StoreError>;

    /// Returns once a token was revoked, a session ended or somebody changed since the last return,
    /// in this process or, as far as the adapter hears of them, in others. May return for nothing.
    async fn changed(&self);
}
