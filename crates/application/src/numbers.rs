//! Refund numbers, drawn from the store in blocks and given out one by one.
//!
//! Whoever takes the number that leaves less than half of a block draws the next one, while the others
//! go on with what is left. Only where nothing is left is the one who draws waited for.

use domain::id::StoreId;
use ports::{NumberBlock, StoreError};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{sync, time::Instant};

/// Numbers of a draw. A restart skips those that are left.
const BLOCK: u32 = 64;
/// The most that are drawn at once.
const LARGEST_BLOCK: u32 = 1_024;
/// A block that was used up sooner is followed by one that is twice as large.
const LASTS: Duration = Duration::from_secs(1);

#[derive(Default)]
pub(crate) struct Numbers(Mutex<HashMap<StoreId, Arc<OfStore>>>);

#[derive(Default)]
struct OfStore {
    left: Mutex<Left>,
    /// Held by the one who draws.
    last: sync::Mutex<Option<Draw>>,
}

#[derive(Default)]
struct Left {
    blocks: Vec<NumberBlock>,
    count: i64,
    /// With fewer than these another block is drawn.
    enough: i64,
}

#[derive(Clone, Copy)]
struct Draw {
    size: u32,
    at: Instant,
}

impl Numbers {
    /// `draw` draws so many.
    pub async fn take<F>(
        &self,
        store_id: &StoreId,
        draw: impl Fn(u32) -> F + Send + Sync,
    ) -> Result<i64, StoreError>
    where
        F: Future<Output = Result<NumberBlock, StoreError>> + Send,
    {
        let numbers = self.of(store_id);
        loop {
            let Some((number, are_enough)) = numbers.left().next() else {
                let mut last = numbers.last.lock().await;
                // Whoever held it before may have drawn.
                if numbers.left().count == 0 {
                    numbers.draw(&mut last, &draw).await?;
                }
                continue;
            };
            if !are_enough && let Ok(mut last) = numbers.last.try_lock() {
                // If it does not come to that, the next one tries.
                numbers.draw(&mut last, &draw).await.ok();
            }
            return Ok(number);
        }
    }

    /// For a refund that was refused after all.
    pub fn give_back(&self, store_id: &StoreId, number: i64) {
        self.of(store_id).left().add(number..number + 1);
    }

    fn of(&self, store_id: &StoreId) -> Arc<OfStore> {
        let mut stores = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(numbers) = stores.get(store_id) {
            return Arc::clone(numbers);
        }
        Arc::clone(stores.entry(store_id.clone()).or_default())
    }
}

impl OfStore {
    fn left(&self) -> MutexGuard<'_, Left> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn draw<F>(
        &self,
        last: &mut Option<Draw>,
        draw: impl Fn(u32) -> F,
    ) -> Result<(), StoreError>
    where
        F: Future<Output = Result<NumberBlock, StoreError>>,
    {
        let at = Instant::now();
        let size = match last {
            Some(last) if at - last.at < LASTS => (2 * last.size).min(LARGEST_BLOCK),
            _ => BLOCK,
        };
        let block = draw(size).await?;
        *last = Some(Draw { size, at });
        let mut left = self.left();
        left.enough = i64::from(size / 2);
        left.add(block);
        Ok(())
    }
}

impl Left {
    /// A number, and whether those that are left are enough.
    fn next(&mut self) -> Option<(i64, bool)> {
        let block = self.blocks.last_mut()?;
        let number = block.next()?;
        if block.is_empty() {
            self.blocks.pop();
        }
        self.count -= 1;
        Some((number, self.count >= self.enough))
    }

    fn add(&mut self, block: NumberBlock) {
        if !block.is_empty() {
            self.count += block.end - block.start;
            self.blocks.push(block);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::future::join_all;
    use std::{
        collections::HashSet,
        sync::atomic::{AtomicI64, AtomicU32, Ordering::Relaxed},
    };
    use tokio::{sync::Semaphore, time::advance};

    /// What numbers are drawn from, when it is allowed.
    struct Drawn {
        next: AtomicI64,
        draws: AtomicU32,
        allowed: Semaphore,
    }

    impl Drawn {
        fn allowing(draws: usize) -> Self {
            let allowed = Semaphore::new(draws);
            Self { next: AtomicI64::new(1), draws: AtomicU32::new(0), allowed }
        }

        async fn draw(&self, size: u32) -> Result<NumberBlock, StoreError> {
            self.draws.fetch_add(1, Relaxed);
            self.allowed.acquire().await.unwrap().forget();
            let first = self.next.fetch_add(size.into(), Relaxed);
            Ok(first..first + i64::from(size))
        }
    }

    fn shop() -> StoreId {
        "shop".parse().unwrap()
    }

    async fn take(numbers: &Numbers, drawn: &Drawn) -> i64 {
        numbers.take(&shop(), |size| drawn.draw(size)).await.unwrap()
    }

    #[tokio::test]
    async fn whoever_finds_nothing_waits_for_one_draw() {
        let (numbers, drawn) = (Numbers::default(), Drawn::allowing(1));
        let taken = join_all((0..32).map(|_| take(&numbers, &drawn))).await;
        assert_eq!(taken.into_iter().collect::<HashSet<_>>(), (1..33).collect());
        assert_eq!(drawn.draws.into_inner(), 1);
    }

    #[tokio::test]
    async fn one_draws_while_the_others_go_on() {
        let (numbers, drawn) = (Numbers::default(), Drawn::allowing(1));
        for expected in 1..=32 {
            assert_eq!(take(&numbers, &drawn).await, expected);
        }
        let mut ahead = Box::pin(take(&numbers, &drawn));
        assert!(futures_util::poll!(&mut ahead).is_pending());
        for expected in 34..=64 {
            assert_eq!(take(&numbers, &drawn).await, expected);
        }
        let mut late = Box::pin(take(&numbers, &drawn));
        assert!(futures_util::poll!(&mut late).is_pending());
        drawn.allowed.add_permits(1);
        assert_eq!((ahead.await, late.await), (33, 65));
        assert_eq!(drawn.draws.into_inner(), 2);
    }

    #[tokio::test]
    async fn whoever_leaves_while_drawing_leaves_it_to_the_next() {
        let (numbers, drawn) = (Numbers::default(), Drawn::allowing(0));
        let mut left = Box::pin(take(&numbers, &drawn));
        assert!(futures_util::poll!(&mut left).is_pending());
        drop(left);
        drawn.allowed.add_permits(1);
        assert_eq!(take(&numbers, &drawn).await, 1);
    }

    #[tokio::test]
    async fn a_draw_ahead_that_fails_costs_nobody_their_number() {
        let (numbers, drawn) = (Numbers::default(), Drawn::allowing(1));
        for _ in 0..32 {
            take(&numbers, &drawn).await;
        }
        let fails = |_| async { Err(StoreError::Conflict) };
        for expected in 33..=64 {
            assert_eq!(numbers.take(&shop(), fails).await.unwrap(), expected);
        }
        assert!(matches!(numbers.take(&shop(), fails).await, Err(StoreError::Conflict)));
    }

    #[tokio::test(start_paused = true)]
    async fn blocks_grow_while_they_are_used_up_at_once() {
        let (numbers, drawn) = (Numbers::default(), Drawn::allowing(usize::MAX >> 3));
        for _ in 0..20_000 {
            take(&numbers, &drawn).await;
        }
        // 64, 128, 256, 512, and the rest by 1,024, half of which is left or more.
        assert_eq!(drawn.draws.load(Relaxed), 4 + 20);
        advance(LASTS).await;
        let before = drawn.next.load(Relaxed);
        while drawn.next.load(Relaxed) == before {
            take(&numbers, &drawn).await;
        }
        assert_eq!(drawn.next.load(Relaxed) - before, i64::from(BLOCK));
    }

    #[tokio::test]
    async fn a_number_that_is_given_back_is_the_next() {
        let (numbers, drawn) = (Numbers::default(), Drawn::allowing(1));
        let taken = take(&numbers, &drawn).await;
        numbers.give_back(&shop(), taken);
        assert_eq!(take(&numbers, &drawn).await, taken);
    }
}
