//! The pool itself, with work that only watches how it is treated.

use super::world::{World, seconds};
use crate::{Held, Next, PoolSettings, Work, WorkError};
use application::Processing;
use async_trait::async_trait;
use domain::{Actor, id::StoreId};
use payments::names::SANDBOX;
use ports::{
    ClaimedTask, Clock as _, Commit, Lease, OrderKey, Page, PageRequest, Store as _, StoreError,
    Task, TaskChange, TaskKind, TaskOrigin, Tasks, WaitingTask, Wanted,
};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use store_memory::MemoryStore;
use time::OffsetDateTime;
use tokio::time::Instant;

/// Works for a while on everything, and notes when it does.
struct Watched {
    lasts: Duration,
    panics_first: bool,
    running: AtomicUsize,
    most_at_once: AtomicUsize,
    ended: AtomicUsize,
    begun: Mutex<BTreeMap<String, u32>>,
}

impl Watched {
    fn new(lasts: Duration) -> Arc<Self> {
        Self::with(lasts, false)
    }

    fn with(lasts: Duration, panics_first: bool) -> Arc<Self> {
        Arc::new(Self {
            lasts,
            panics_first,
            running: AtomicUsize::new(0),
            most_at_once: AtomicUsize::new(0),
            ended: AtomicUsize::new(0),
            begun: Mutex::default(),
        })
    }

    fn begun(&self) -> Vec<u32> {
        self.begun.lock().unwrap().values().copied().collect()
    }
}

#[async_trait]
impl Work for Watched {
    fn kind(&self) -> TaskKind {
        TaskKind::ProcessOrder
    }

    async fn carry_out(&self, task: &Task, held: &Held<'_>) -> Result<Next, WorkError> {
        let name = task.key.order_id.to_string();
        let times = {
            let mut begun = self.begun.lock().unwrap();
            let times = begun.entry(name).or_default();
            *times += 1;
            *times
        };
        assert!(!self.panics_first || times > 1, "the first time breaks off");
        let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_at_once.fetch_max(running, Ordering::SeqCst);
        tokio::time::sleep(self.lasts).await;
        self.running.fetch_sub(1, Ordering::SeqCst);
        held.check()?;
        self.ended.fetch_add(1, Ordering::SeqCst);
        Ok(Next::later(seconds(3_600), "the hour"))
    }
}

async fn with_orders(count: usize) -> World {
    let world = World::new().await;
    for place in 0..count {
        world.captured(&format!("o{place}"), &[(SANDBOX, "p1", "1.00")]).await;
    }
    world
}

#[tokio::test(start_paused = true)]
async fn a_pool_works_on_so_many_tasks_at_once_and_no_more() {
    let world = with_orders(20).await;
    let work = Watched::new(seconds(1));
    let settings = PoolSettings { concurrency: 3, ..PoolSettings::default() };
    let pool = world.start_with("w1", work.clone(), world.store.clone(), settings);
    tokio::time::sleep(seconds(8)).await;
    pool.stop().await;
    assert_eq!(work.begun(), vec![1; 20]);
    assert_eq!(work.most_at_once.load(Ordering::SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn one_stores_slow_work_leaves_room_for_the_others() {
    let world = with_orders(20).await;
    let work = Watched::new(seconds(5));
    let settings = PoolSettings { concurrency: 8, per_store: Some(2), ..PoolSettings::default() };
    let pool = world.start_with("w1", work.clone(), world.store.clone(), settings);
    tokio::time::sleep(seconds(1)).await;
    assert!((2..4).contains(&work.begun().len()));
    let key = OrderKey::new("s2".parse().unwrap(), "other".parse().unwrap());
    let mut commit = Commit::new(world.clock.now(), Actor::worker("test"));
    commit.tasks = vec![TaskChange::Put(Processing::task(key, world.clock.now()))];
    world.store.commit(commit).await.unwrap();
    tokio::time::sleep(seconds(1)).await;
    assert!(work.begun.lock().unwrap().contains_key("other"));
    // What one ends makes room for the next at once: ten rounds of two at least.
    tokio::time::sleep(seconds(50)).await;
    pool.stop().await;
    assert_eq!(work.begun(), vec![1; 21]);
    assert!(work.most_at_once.load(Ordering::SeqCst) <= 4);
}

#[tokio::test(start_paused = true)]
async fn a_lease_is_renewed_while_its_work_runs() {
    let world = with_orders(1).await;
    let work = Watched::new(seconds(65));
    let settings = PoolSettings::default();
    let first = world.start_with("w1", work.clone(), world.store.clone(), settings);
    let second = world.start_with("w2", work.clone(), world.store.clone(), settings);
    tokio::time::sleep(seconds(70)).await;
    first.stop().await;
    second.stop().await;
    assert_eq!(work.begun(), [1]);
    assert_eq!(work.ended.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn work_that_panics_is_tried_again_and_stops_nothing() {
    let world = with_orders(3).await;
    let work = Watched::with(seconds(1), true);
    let settings = PoolSettings { concurrency: 1, ..PoolSettings::default() };
    let pool = world.start_with("w1", work.clone(), world.store.clone(), settings);
    tokio::time::sleep(seconds(9)).await;
    pool.stop().await;
    assert_eq!(work.begun(), [2, 2, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_pool_outlives_a_queue_that_fails() {
    let world = with_orders(5).await;
    let work = Watched::new(seconds(5));
    let tasks = Arc::new(Shaky { tasks: world.store.clone(), calls: AtomicUsize::new(0) });
    let pool = world.start_with("w1", work.clone(), tasks, PoolSettings::default());
    tokio::time::sleep(seconds(30)).await;
    pool.stop().await;
    assert_eq!(work.begun(), vec![1; 5]);
}

#[tokio::test(start_paused = true)]
async fn work_whose_lease_was_taken_is_dropped() {
    let world = with_orders(1).await;
    let work = Watched::new(seconds(30));
    let settings = PoolSettings::default();
    let pool = world.start_with("w1", work.clone(), world.store.clone(), settings);
    tokio::time::sleep(seconds(1)).await;
    assert_eq!(work.running.load(Ordering::SeqCst), 1);
    // As if this process had stood still for longer than its lease.
    assert_eq!(world.tasks_left(TaskKind::ProcessOrder).await, 1);
    tokio::time::sleep(seconds(29)).await;
    pool.stop().await;
    // It never came to its end.
    assert_eq!(work.ended.load(Ordering::SeqCst), 0);
    assert_eq!(work.begun(), [1]);
}

#[tokio::test(start_paused = true)]
async fn a_pool_hears_that_it_is_to_stop_while_the_store_says_nothing() {
    for silent in [Call::Claim, Call::Release] {
        let world = with_orders(1).await;
        let work = Watched::new(seconds(8));
        let tasks = Arc::new(Silent { tasks: world.store.clone(), silent });
        let pool = world.start_with("w1", work.clone(), tasks, PoolSettings::default());
        tokio::time::sleep(seconds(9)).await;
        let stopped = Instant::now();
        tokio::time::timeout(seconds(60), pool.stop()).await.unwrap();
        assert!(stopped.elapsed() <= seconds(3), "{silent:?}: {:?}", stopped.elapsed());
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    Claim,
    Release,
}

/// Does not answer one kind of calls.
struct Silent {
    tasks: Arc<MemoryStore>,
    silent: Call,
}

impl Silent {
    async fn answers(&self, call: Call) {
        if call == self.silent {
            std::future::pending::<()>().await;
        }
    }
}

#[async_trait]
impl Tasks for Silent {
    async fn claim(
        &self,
        wanted: Wanted<'_>,
        lease: &Lease,
        now: OffsetDateTime,
    ) -> Result<Vec<ClaimedTask>, StoreError> {
        self.answers(Call::Claim).await;
        Tasks::claim(&*self.tasks, wanted, lease, now).await
    }

    async fn renew(&self, task: &Task, lease: &Lease) -> Result<bool, StoreError> {
        self.tasks.renew(task, lease).await
    }

    async fn release(&self, task: &Task, owner: &str) -> Result<(), StoreError> {
        self.answers(Call::Release).await;
        self.tasks.release(task, owner).await
    }

    async fn finish(&self, task: &Task, owner: &str) -> Result<(), StoreError> {
        self.tasks.finish(task, owner).await
    }

    async fn waiting(
        &self,
        store: &StoreId,
        kinds: &[TaskKind],
        page: PageRequest<TaskOrigin>,
    ) -> Result<Page<WaitingTask, TaskOrigin>, StoreError> {
        self.tasks.waiting(store, kinds, page).await
    }

    async fn wait(&self, kind: TaskKind, at_most: time::Duration) {
        self.tasks.wait(kind, at_most).await;
    }
}

/// Fails every second call.
struct Shaky {
    tasks: Arc<MemoryStore>,
    calls: AtomicUsize,
}

impl Shaky {
    fn shake(&self) -> Result<(), StoreError> {
        if self.calls.fetch_add(1, Ordering::SeqCst).is_multiple_of(2) {
            return Err(StoreError::Unavailable("the line broke".into()));
        }
        Ok(())
    }
}

#[async_trait]
impl Tasks for Shaky {
    async fn claim(
        &self,
        wanted: Wanted<'_>,
        lease: &Lease,
        now: OffsetDateTime,
    ) -> Result<Vec<ClaimedTask>, StoreError> {
        self.shake()?;
        Tasks::claim(&*self.tasks, wanted, lease, now).await
    }

    async fn renew(&self, task: &Task, lease: &Lease) -> Result<bool, StoreError> {
        self.shake()?;
        self.tasks.renew(task, lease).await
    }

    async fn release(&self, task: &Task, owner: &str) -> Result<(), StoreError> {
        self.tasks.release(task, owner).await
    }

    async fn finish(&self, task: &Task, owner: &str) -> Result<(), StoreError> {
        self.tasks.finish(task, owner).await
    }

    async fn waiting(
        &self,
        store: &StoreId,
        kinds: &[TaskKind],
        page: PageRequest<TaskOrigin>,
    ) -> Result<Page<WaitingTask, TaskOrigin>, StoreError> {
        self.tasks.waiting(store, kinds, page).await
    }

    async fn wait(&self, kind: TaskKind, at_most: time::Duration) {
        self.tasks.wait(kind, at_most).await;
    }
}
