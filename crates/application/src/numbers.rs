//! Refund numbers, drawn from the store in blocks and given out one by one.

use domain::id::StoreId;
use ports::{NumberBlock, Store, StoreError};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// Numbers per draw. A restart skips what is left of a block.
const BLOCK: u32 = 64;

#[derive(Default)]
pub(crate) struct Numbers(Mutex<HashMap<StoreId, Vec<NumberBlock>>>);

impl Numbers {
    pub async fn take(&self, store: &dyn Store, store_id: &StoreId) -> Result<i64, StoreError> {
        if let Some(number) = self.next(store_id) {
            return Ok(number);
        }
        let mut block = store.draw_refund_numbers(store_id, BLOCK).await?;
        let number = block.start;
        block.start += 1;
        self.with(|blocks| blocks.entry(store_id.clone()).or_default().push(block));
        Ok(number)
    }

    /// For a refund that was refused after all.
    pub fn give_back(&self, store_id: &StoreId, number: i64) {
        self.with(|blocks| {
            blocks.entry(store_id.clone()).or_default().push(number..number + 1);
        });
    }

    fn next(&self, store_id: &StoreId) -> Option<i64> {
        self.with(|blocks| {
            let blocks = blocks.get_mut(store_id)?;
            let block = blocks.last_mut()?;
            let number = block.next();
            if block.is_empty() {
                blocks.pop();
            }
            number
        })
    }

    fn with<T>(&self, change: impl FnOnce(&mut HashMap<StoreId, Vec<NumberBlock>>) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
