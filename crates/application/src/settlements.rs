//! Tells callers who wait for a refund that one of its legs moved.

use domain::id::RefundId;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::Notify;

#[derive(Default)]
pub(crate) struct Settlements(Mutex<HashMap<RefundId, Arc<Notify>>>);

/// Somebody who waits for a refund; forgotten when dropped.
pub(crate) struct Watch<'s> {
    settlements: &'s Settlements,
    refund_id: RefundId,
    /// `None` only while it is being dropped.
    moved: Option<Arc<Notify>>,
}

impl Settlements {
    pub fn watch(&self, refund_id: RefundId) -> Watch<'_> {
        let mut watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let moved = Arc::clone(watched.entry(refund_id).or_default());
        Watch { settlements: self, refund_id, moved: Some(moved) }
    }

    pub fn moved(&self, refund_id: RefundId) {
        let watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(moved) = watched.get(&refund_id) {
            moved.notify_waiters();
        }
    }
}

impl Watch<'_> {
    /// Completes with the next move after this call, which has to be made before looking.
    pub fn next(&self) -> impl Future<Output = ()> {
        let moved = self.moved.clone().map(Notify::notified_owned);
        async move {
            if let Some(moved) = moved {
                moved.await;
            }
        }
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        let mut watched = self.settlements.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Released under the lock, so that of two that go at once the last one sees it.
        self.moved = None;
        if watched.get(&self.refund_id).is_some_and(|moved| Arc::strong_count(moved) == 1) {
            watched.remove(&self.refund_id);
        }
    }
}
