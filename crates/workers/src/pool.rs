use crate::{
    Backoff,
    limit::{in_time, stopped_for},
    work::{Held, Next, Pause, Work, WorkError},
};
use domain::id::StoreId;
use ports::{Chain, ClaimedTask, Clock, Ids, Lease, StoreError, Task, Tasks, Wanted};
use std::{
    collections::HashMap,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

/// Pauses after an error, of a task or of the claiming itself.
const AFTER_TASK_ERROR: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_mins(5));
const AFTER_CLAIM_ERROR: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));

/// How often the store is asked for work of others while some stores have enough carried out.
const CROWDED: time::Duration = time::Duration::SECOND;

/// Characters of what a task waits for that are kept.
const MAX_WHY: usize = 300;

/// How long the store may take to get tasks back, and to answer what was asked before, when the
/// process ends.
const HANDING_BACK: Duration = Duration::from_secs(2);

#[derive(Debug, Clone, Copy)]
pub struct PoolSettings {
    /// How long a task is its worker's, unless renewed; it is renewed at every third of it.
    pub lease: Duration,
    /// Tasks carried out at the same time; at least 1.
    pub concurrency: usize,
    /// Of the tasks that are carried out at once so many may be one store's before no more of it
    /// are taken on. As many are taken on in one go, so that it has less than twice as many.
    pub per_store: Option<usize>,
    /// How often the store is asked for work that no commit of this process announced.
    pub poll: Duration,
    /// How long running work may take to finish after the pool was told to stop.
    pub grace: Duration,
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(10),
            concurrency: 16,
            per_store: None,
            poll: Duration::from_millis(100),
            grace: Duration::from_secs(5),
        }
    }
}

/// Puts a span into the trace that a W3C `traceparent` names.
pub type ContinueTrace = fn(&tracing::Span, &str);

/// Workers of one kind in this process.
pub struct Pool {
    work: Arc<dyn Work>,
    tasks: Arc<dyn Tasks>,
    clock: Arc<dyn Clock>,
    settings: PoolSettings,
    owner: String,
    claims: AtomicU64,
    continue_trace: ContinueTrace,
}

/// A name for this run of the process: a restarted one is somebody else.
pub fn owner(ids: &dyn Ids) -> String {
    format!("{}-{}", std::process::id(), ids.next().simple())
}

impl Pool {
    /// `owner` comes from [`owner`], once per process.
    pub fn new(
        work: Arc<dyn Work>,
        tasks: Arc<dyn Tasks>,
        clock: Arc<dyn Clock>,
        settings: PoolSettings,
        owner: impl Into<String>,
    ) -> Self {
        Self {
            work,
            tasks,
            clock,
            settings,
            owner: owner.into(),
            claims: AtomicU64::new(0),
            continue_trace: |_, _| (),
        }
    }

    /// The spans of the work become part of the traces of the commands that left it.
    #[must_use]
    pub const fn continuing(mut self, continue_trace: ContinueTrace) -> Self {
        self.continue_trace = continue_trace;
        self
    }

    /// Works until `stop` is cancelled, then waits for what runs, at most the grace, and hands the
    /// rest back. An error of a task or of the store never ends it.
    pub async fn run(self, stop: CancellationToken) {
        Run {
            pool: Arc::new(self),
            running: JoinSet::new(),
            tasks: HashMap::new(),
            hand_back: CancellationToken::new(),
        }
        .until(stop)
        .await;
    }

    /// Until work may be due, or after errors until it is worth asking again.
    fn wait(&self, failures: u32) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        if failures == 0 {
            let poll = time::Duration::try_from(self.settings.poll);
            self.tasks.wait(self.work.kind(), poll.unwrap_or(time::Duration::MAX))
        } else {
            Box::pin(tokio::time::sleep(AFTER_CLAIM_ERROR.pause(failures - 1)))
        }
    }

    /// A lease for one claim. What this very process lost, because it stood still for too long,
    /// and claims again is somebody else's to whoever still holds on to it.
    fn next_lease(&self) -> Lease {
        let claim = self.claims.fetch_add(1, Ordering::Relaxed);
        self.lease(format!("{}-{claim}", self.owner))
    }

    fn lease(&self, owner: String) -> Lease {
        Lease { owner, until: self.clock.now() + self.settings.lease }
    }

    /// Carries a task out while its lease lasts, and settles it.
    async fn carry(&self, claimed: ClaimedTask, hand_back: CancellationToken) {
        let ClaimedTask { task, lease, trace } = claimed;
        let owner = &*lease.owner;
        let held = Held::new(&*self.clock, lease.until, trace);
        let outcome = tokio::select! {
            outcome = self.work.carry_out(&task, &held) => outcome,
            () = self.keep(&task, owner, &held) => Err(WorkError::LeaseLost),
            () = hand_back.cancelled() => {
                return self.release(&task, owner).await;
            }
        };
        match outcome {
            Ok(Next::Committed) => {}
            Ok(Next::Done) => self.finish(&task, owner).await,
            Ok(Next::Later(pause)) => self.later(&task, owner, pause).await,
            Ok(Next::Wait(pause)) => self.hand_back(task, owner, pause).await,
            // Whoever has the task now looks where it stands.
            Err(WorkError::LeaseLost) => tracing::warn!("the lease of a task ran out"),
            Err(error) => {
                tracing::error!(error = %Chain(&error), "a task could not be carried on");
                self.later(&task, owner, after_error(&task)).await;
            }
        }
    }

    /// Renews the lease until it is lost.
    async fn keep(&self, task: &Task, owner: &str, held: &Held<'_>) {
        loop {
            tokio::time::sleep(self.settings.lease / 3).await;
            let lease = self.lease(owner.to_owned());
            let renewed = self.tasks.renew(task, &lease);
            match in_time(self.settings.lease / 3, renewed).await {
                Ok(true) => held.extend(lease.until),
                Ok(false) => return,
                Err(error) => {
                    tracing::warn!(error = %Chain(&error), "a lease could not be renewed");
                    if held.has_run_out() {
                        return;
                    }
                }
            }
        }
    }

    async fn later(&self, task: &Task, owner: &str, pause: Pause) {
        let attempts = task.attempts.saturating_add(1);
        self.hand_back(Task { attempts, ..task.clone() }, owner, pause).await;
    }

    async fn hand_back(&self, task: Task, owner: &str, pause: Pause) {
        let due_at = self.clock.now() + pause.length;
        let why = Some(pause.why.chars().take(MAX_WHY).collect());
        self.release(&Task { due_at, why, ..task }, owner).await;
    }

    async fn release(&self, task: &Task, owner: &str) {
        let released = self.tasks.release(task, owner);
        if let Err(error) = in_time(self.settings.lease / 3, released).await {
            // It is free again when the lease runs out.
            tracing::warn!(error = %Chain(&error), "a task could not be handed back");
        }
    }

    async fn finish(&self, task: &Task, owner: &str) {
        let finished = self.tasks.finish(task, owner);
        if let Err(error) = in_time(self.settings.lease / 3, finished).await {
            // It is looked at once more when the lease runs out.
            tracing::warn!(error = %Chain(&error), "a task could not be taken out");
        }
    }

    fn span(&self, claimed: &ClaimedTask) -> tracing::Span {
        let ClaimedTask { task, trace, .. } = claimed;
        let span = tracing::info_span!(
            "task",
            kind = task.kind.name(),
            store_id = %task.key.store_id,
            order_id = %task.key.order_id,
            subject = task.subject,
            attempts = task.attempts,
        );
        if let Some(trace) = trace {
            (self.continue_trace)(&span, trace);
        }
        span
    }
}

/// What went wrong is in the log, where nobody's data are shown to a store.
fn after_error(task: &Task) -> Pause {
    let length = AFTER_TASK_ERROR.pause(task.attempts);
    Pause { length, why: "an error, which is in the log; it is tried again".into() }
}

/// A pool at work.
struct Run {
    pool: Arc<Pool>,
    running: JoinSet<()>,
    /// What runs and under whose lease, to be handed back should it panic.
    tasks: HashMap<Id, (Task, String)>,
    hand_back: CancellationToken,
}

impl Run {
    async fn until(mut self, stop: CancellationToken) {
        let pool = Arc::clone(&self.pool);
        let kind = pool.work.kind();
        tracing::info!(kind = kind.name(), owner = pool.owner, "worker started");
        let mut failures = 0;
        let mut may_be_due = true;
        let mut ended_since = 0;
        // Kept over the rounds, so that a task that ends does not put the next look off.
        let mut waiting = pool.wait(failures);
        while !stop.is_cancelled() {
            let free = pool.settings.concurrency.max(1).saturating_sub(self.running.len());
            if may_be_due && free > 0 {
                waiting = pool.wait(failures);
                ended_since = 0;
                let wanted = free.min(pool.settings.per_store.unwrap_or(free));
                may_be_due = match self.claim(wanted, &stop).await {
                    // As many as could be taken: there may be more.
                    Ok(taken) => {
                        failures = 0;
                        // All that is due is of stores that have enough, and may be much.
                        if taken == 0 && !self.busy().is_empty() {
                            waiting = pool.tasks.wait(kind, CROWDED);
                        }
                        taken == wanted
                    }
                    Err(error) => {
                        tracing::warn!(
                            kind = kind.name(),
                            error = %Chain(&error),
                            "tasks could not be claimed"
                        );
                        failures += 1;
                        waiting = pool.wait(failures);
                        false
                    }
                };
            }
            if may_be_due && self.running.len() < pool.settings.concurrency {
                continue;
            }
            tokio::select! {
                () = stop.cancelled() => {}
                Some(ended) = self.running.join_next_with_id() => {
                    self.ended(ended).await;
                    // There may be room for a store that had enough: for some of its tasks at once,
                    // so that not every one costs a look. The next poll finds what is left.
                    ended_since += 1;
                    let some = pool.settings.per_store.map(|most| most.div_ceil(2));
                    may_be_due |= some.is_some_and(|some| ended_since >= some);
                }
                () = &mut waiting, if !may_be_due => may_be_due = true,
            }
        }
        self.finish().await;
        tracing::info!(kind = kind.name(), "worker stopped");
    }

    async fn claim(&mut self, limit: usize, stop: &CancellationToken) -> Result<usize, StoreError> {
        let pool = &self.pool;
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        let except = self.busy();
        let wanted = Wanted { except: &except, ..Wanted::of(pool.work.kind(), limit) };
        let now = pool.clock.now();
        let lease = pool.next_lease();
        // After that the lease would be over as well.
        let claimed = in_time(pool.settings.lease, pool.tasks.claim(wanted, &lease, now));
        let claimed = tokio::select! {
            claimed = claimed => claimed?,
            () = stopped_for(stop, HANDING_BACK) => return Ok(0),
        };
        let count = claimed.len();
        for claimed in claimed {
            let (pool, hand_back) = (Arc::clone(pool), self.hand_back.clone());
            let span = pool.span(&claimed);
            let task = (claimed.task.clone(), claimed.lease.owner.clone());
            let work = async move { pool.carry(claimed, hand_back).await };
            let handle = self.running.spawn(work.instrument(span));
            self.tasks.insert(handle.id(), task);
        }
        Ok(count)
    }

    /// The stores of which enough is carried out.
    fn busy(&self) -> Vec<StoreId> {
        let Some(per_store) = self.pool.settings.per_store else { return Vec::new() };
        let mut running = HashMap::<_, usize>::new();
        for (task, _) in self.tasks.values() {
            *running.entry(&task.key.store_id).or_default() += 1;
        }
        running.retain(|_, count| *count >= per_store);
        running.into_keys().cloned().collect()
    }

    async fn ended(&mut self, ended: Result<(Id, ()), JoinError>) {
        match ended {
            Ok((id, ())) => drop(self.tasks.remove(&id)),
            Err(error) => {
                tracing::error!(error = %Chain(&error), "a task broke off");
                if let Some((task, owner)) = self.tasks.remove(&error.id()) {
                    self.pool.later(&task, &owner, after_error(&task)).await;
                }
            }
        }
    }

    /// Waits for what runs, and hands back what does not end in time.
    async fn finish(&mut self) {
        if tokio::time::timeout(self.pool.settings.grace, self.all_ended()).await.is_ok() {
            return;
        }
        tracing::warn!(tasks = self.running.len(), "running tasks are handed back");
        self.hand_back.cancel();
        // Should the store not answer any more, the leases run out by themselves.
        tokio::time::timeout(HANDING_BACK, self.all_ended()).await.ok();
    }

    async fn all_ended(&mut self) {
        while let Some(ended) = self.running.join_next_with_id().await {
            self.ended(ended).await;
        }
    }
}
