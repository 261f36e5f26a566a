//! Refund numbers, drawn from the store in blocks and given out one by one.
//!
//! Whoever takes the number that leaves less than half of a block draws the next one, while the others
//! go on with what is left. Only where nothing is left is the one who draws waited for.

use domain::id::StoreId;
use ports::{Chain, NumberBlock, StoreError};
use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::{sync, time::Instant};

/// Numbers of a draw, at first. A restart skips all that are left.
const BLOCK: u32 = 64;
/// The most that are drawn at once.
const LARGEST_BLOCK: u32 = 1_024;
/// If another block is wanted sooner after one came, it is twice as large.
const LASTS: Duration = Duration::from_secs(1);

#[derive(Default)]
pub(crate) struct Numbers(Mutex<HashMap<StoreId, Arc<OfStore>>>);

#[derive(Default)]
struct OfStore {
    left: Mutex<Left>,
    /// Held by the one who draws.
    last: sync::Mutex<Option<Draw>>,
    /// Draws that the store had no answer to.
    failed: AtomicU64,
}

#[derive(Default)]
struct Left {
    /// What was given back and what was drawn first is last, and goes first.
    blocks: VecDeque<NumberBlock>,
    count: i64,
    /// With fewer than these another block is drawn.
    enough: i64,
}

#[derive(Clone, Copy)]
struct Draw {
    size: u32,
    /// When it came.
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
                let failed = numbers.failed.load(Relaxed);
                let mut last = numbers.last.lock().await;
                if numbers.left().count > 0 {
                    continue;
                }
                // Whoever waited for a draw that failed does not wait for one of their own as well.
                if numbers.failed.load(Relaxed) != failed {
                    return Err(StoreError::Unavailable("no refund number could be drawn".into()));
                }
                numbers.draw(&mut last, &draw).await?;
                continue;
            };
            if !are_enough
                && let Ok(mut last) = numbers.last.try_lock()
                && let Err(error) = numbers.draw(&mut last, &draw).await
            {
                // The next one tries again.
                tracing::warn!(error = %Chain(&error), "no refund numbers could be drawn ahead");
            }
            return Ok(number);
        }
    }

    /// For a refund that was refused after all.
    pub fn give_back(&self, store_id: &StoreId, number: i64) {
        self.of(store_id).left().give_back(number);
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
        let size = match last {
            Some(last) if last.at.elapsed() < LASTS => (2 * last.size).min(LARGEST_BLOCK),
            _ => BLOCK,
        };
        let block = draw(size).await.inspect_err(|error| {
            // Of a fence it is only the drawer's own that was in the way.
            if matches!(error, StoreError::Unavailable(_)) {
                self.failed.fetch_add(1, Relaxed);
            }
        })?;
        *last = Some(Draw { size, at: Instant::now() });
        self.left().add(block, i64::from(size / 2));
        Ok(())
    }
}

impl Left {
    /// A number, and whether those that are left are enough.
    fn next(&mut self) -> Option<(i64, bool)> {
        let block = self.blocks.back_mut()?;
        let number = block.next()?;
        if block.is_empty() {
            self.blocks.pop_back();
        }
        self.count -= 1;
        Some((number, self.count >= self.enough))
    }

    fn add(&mut self, block: NumberBlock, enough: i64) {
        self.enough = enough;
        if !block.is_empty() {
            self.count += block.end - block.start;
            self.blocks.push_front(block);
        }
    }

    fn give_back(&mut self, number: i64) {
        self.count += 1;
        self.blocks.push_back(number..number + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::future::join_all;
    use std::{
        collections::HashSet,
        sync::atomic::{AtomicI64, AtomicU32},
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
    async fn whoever_waited_for_a_draw_that_failed_waits_for_no_other() {
        let (numbers, tries) = (Numbers::default(), AtomicU32::new(0));
        let fails = |_| async {
            tries.fetch_add(1, Relaxed);
            tokio::time::sleep(LASTS).await;
            Err(StoreError::Unavailable("silent".into()))
        };
        let taken = join_all((0..32).map(|_| async { numbers.take(&shop(), fails).await })).await;
        assert!(taken.iter().all(|it| matches!(it, Err(StoreError::Unavailable(_)))));
        assert_eq!(tries.load(Relaxed), 1);
        // Whoever comes later tries for themselves.
        let drawn = Drawn::allowing(1);
        assert_eq!(take(&numbers, &drawn).await, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn blocks_grow_where_draws_take_long() {
        let (numbers, sizes) = (Numbers::default(), Mutex::new(Vec::new()));
        let slow = |size: u32| {
            sizes.lock().unwrap().push(size);
            async move {
                tokio::time::sleep(2 * LASTS).await;
                Ok(1..1 + i64::from(size))
            }
        };
        for _ in 0..200 {
            numbers.take(&shop(), slow).await.unwrap();
        }
        assert_eq!(*sizes.lock().unwrap(), [64, 128, 256]);
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
