use crate::{MemoryStore, feed::events_of, micros, tables::claim_key};
use async_trait::async_trait;
use domain::{
    id::{QuoteId, StoreId},
    store::Store as StoreRecord,
};
use ports::{
    Claim, ClaimKind, Commit, Loaded, NumberBlock, OrderKey, Quote, Receipt, RequestKey, Store,
    StoreError, Stored, TaskChange,
};
use time::OffsetDateTime;

#[async_trait]
impl Store for MemoryStore {
    async fn load(
        &self,
        order: &OrderKey,
        request: Option<&RequestKey>,
    ) -> Result<Loaded, StoreError> {
        let tables = self.lock();
        let receipt = request.and_then(|key| tables.receipts.get(key).cloned());
        Ok(Loaded { order: tables.orders.get(order).map(|row| row.stored.clone()), receipt })
    }

    async fn receipt(&self, request: &RequestKey) -> Result<Option<Receipt>, StoreError> {
        Ok(self.lock().receipts.get(request).cloned())
    }

    async fn claim(
        &self,
        store: &StoreId,
        kind: ClaimKind,
        key: &str,
    ) -> Result<Option<Claim>, StoreError> {
        Ok(self.lock().claims.get(&claim_key(store, kind, key)).cloned())
    }

    async fn store(&self, store: &StoreId) -> Result<Option<Stored<StoreRecord>>, StoreError> {
        Ok(self.lock().stores.get(store).cloned())
    }

    async fn draw_refund_numbers(
        &self,
        store: &StoreId,
        count: u32,
    ) -> Result<NumberBlock, StoreError> {
        let mut tables = self.lock();
        let next = tables.refund_numbers.entry(store.clone()).or_insert(1);
        let first = *next;
        *next += i64::from(count);
        Ok(first..*next)
    }

    async fn save_quote(&self, quote: &Quote, now: OffsetDateTime) -> Result<(), StoreError> {
        let mut tables = self.lock();
        tables.quotes.retain(|_, kept| micros(now) <= micros(kept.expires_at));
        tables.quotes.insert((quote.order.clone(), quote.quote_id), quote.clone());
        Ok(())
    }

    async fn quote(&self, order: &OrderKey, quote: QuoteId) -> Result<Option<Quote>, StoreError> {
        Ok(self.lock().quotes.get(&(order.clone(), quote)).cloned())
    }

    async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        let kinds: Vec<_> = commit
            .tasks
            .iter()
            .filter_map(|change| match change {
                TaskChange::Put(task) => Some(task.kind),
                TaskChange::Done { .. } => None,
            })
            .collect();
        let events = events_of(&commit)?;
        let any = !events.is_empty();
        let credentials = commit.changes_credentials();
        {
            let mut tables = self.lock();
            tables.check(&commit)?;
            tables.post_all(&commit.transfers)?;
            tables.apply(commit, events);
        }
        for kind in kinds {
            self.bells.ring(kind);
        }
        if any {
            self.bells.published();
        }
        if credentials {
            self.bells.credentials_changed();
        }
        Ok(())
    }
}
