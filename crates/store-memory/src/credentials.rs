use crate::{MemoryStore, to_the_microsecond};
use async_trait::async_trait;
use domain::id::{StoreId, TokenId};
use ports::{Credentials, StoreError, TokenUse};
use std::collections::BTreeMap;
use time::OffsetDateTime;

#[async_trait]
impl Credentials for MemoryStore {
    async fn note_uses(&self, uses: &[TokenUse]) -> Result<(), StoreError> {
        let mut tables = self.lock();
        for TokenUse { store_id, token_id, at } in uses {
            if let Some(row) = tables.tokens.get_mut(&(store_id.clone(), *token_id)) {
                row.last_used_at = row.last_used_at.max(Some(to_the_microsecond(*at)));
            }
        }
        Ok(())
    }

    async fn last_uses(
        &self,
        store: &StoreId,
        tokens: &[TokenId],
    ) -> Result<BTreeMap<TokenId, OffsetDateTime>, StoreError> {
        let tables = self.lock();
        let used = |token: &TokenId| {
            let at = tables.tokens.get(&(store.clone(), *token))?.last_used_at?;
            Some((*token, at))
        };
        Ok(tokens.iter().filter_map(used).collect())
    }

    async fn changed(&self) {
        self.bells.wait_for_credentials().await;
    }
}
