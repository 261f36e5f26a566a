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
    moved: Arc<Notify>,
}

impl Settlements {
    pub fn watch(&self, refund_id: RefundId) -> Watch<'_> {
        let mut watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let moved = Arc::clone(watched.entry(refund_id).or_default());
        Watch { settlements: self, refund_id, moved }
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
        self.moved.notified()
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        let mut watched = self.settlements.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The map's and this one: nobody else waits.
        if Arc::strong_count(&self.moved) == 2 {
            watched.remove(&self.refund_id);
        }
    }
}
