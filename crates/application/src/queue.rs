//! Commands on one order wait for each other in the process, first come, first served, so that
//! a hot order is served in turn instead of conflicting with itself.

use crate::Failure;
use ports::OrderKey;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

/// Commands that may wait for one order; one more is told to come back.
pub(crate) const MAX_WAITING: usize = 1_000;

#[derive(Default)]
pub(crate) struct Queues(Mutex<HashMap<OrderKey, Arc<Turn<()>>>>);

/// The caller's turn; over when dropped.
pub(crate) struct Slot<'q> {
    queues: &'q Queues,
    key: OrderKey,
    turn: Option<OwnedMutexGuard<()>>,
}

impl Queues {
    pub async fn enter(&self, key: &OrderKey) -> Result<Slot<'_>, Failure> {
        let (turn, waiting) = {
            let mut queues = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let turn = Arc::clone(queues.entry(key.clone()).or_default());
            let waiting = Arc::strong_count(&turn) - 2;
            (turn, waiting)
        };
        if waiting >= MAX_WAITING {
            return Err(Failure::Crowded { waiting });
        }
        // Made before the wait, so that a caller who gives up leaves no queue behind.
        let mut slot = Slot { queues: self, key: key.clone(), turn: None };
        slot.turn = Some(turn.lock_owned().await);
        Ok(slot)
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.turn = None;
        let mut queues = self.queues.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Only the map has it: nobody works on the order and nobody waits for it.
        if queues.get(&self.key).is_some_and(|turn| Arc::strong_count(turn) == 1) {
            queues.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(order: &str) -> OrderKey {
        OrderKey::new("s1".parse().unwrap(), order.parse().unwrap())
    }

    #[tokio::test]
    async fn one_at_a_time_per_order_and_no_queue_is_left_behind() {
        let queues = Queues::default();
        let first = queues.enter(&key("a")).await.unwrap();
        let other = queues.enter(&key("b")).await.unwrap();
        let mut second = Box::pin(async { queues.enter(&key("a")).await.map(drop) });
        assert!(futures_now(&mut second).await.is_none());
        drop(first);
        assert!(second.await.is_ok());
        drop(other);
        assert_eq!(queues.len(), 0);
    }

    #[tokio::test]
    async fn a_caller_who_gives_up_leaves_no_queue_behind() {
        let queues = Queues::default();
        let first = queues.enter(&key("a")).await.unwrap();
        let a = key("a");
        let mut second = Box::pin(queues.enter(&a));
        assert!(futures_now(&mut second).await.is_none());
        drop(second);
        drop(first);
        assert_eq!(queues.len(), 0);
    }

    #[tokio::test]
    async fn one_too_many_for_an_order_is_told_to_come_back_and_another_order_is_free() {
        let queues = Queues::default();
        let (a, first) = (key("a"), queues.enter(&key("a")).await.unwrap());
        let mut waiting: Vec<_> = (1..MAX_WAITING).map(|_| Box::pin(queues.enter(&a))).collect();
        for call in &mut waiting {
            assert!(futures_now(call).await.is_none());
        }
        let refused = queues.enter(&a).await.err();
        assert!(matches!(refused, Some(Failure::Crowded { waiting: MAX_WAITING })));
        queues.enter(&key("b")).await.unwrap();
        drop(waiting.pop());
        let mut next = Box::pin(queues.enter(&a));
        assert!(futures_now(&mut next).await.is_none());
        drop((first, waiting, next));
        assert_eq!(queues.len(), 0);
    }

    /// Polls once.
    async fn futures_now<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
        std::future::poll_fn(|context| {
            std::task::Poll::Ready(match std::pin::Pin::new(&mut *future).poll(context) {
                std::task::Poll::Ready(output) => Some(output),
                std::task::Poll::Pending => None,
            })
        })
        .await
    }
}
