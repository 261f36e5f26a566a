//! Group commit. Commits queue up in front of a writer; whatever came while it applied the last
//! batch is the next one. There is no timer: a commit that comes alone is applied alone, at once.

use super::Rows;
use ports::{Bells, OrderKey, StoreError};
use std::{
    collections::{HashSet, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};

/// Commits in one batch. More do not make it quicker, and each waits for all of them.
pub(crate) const BATCH: usize = 64;

/// Bytes of documents in one batch, unless a single commit has more.
const BATCH_BYTES: usize = 4 << 20;

/// Commits that wait in front of one writer before callers are held back.
const WAITING: usize = 4_096;

/// A writer that has had a batch for so long is waiting for somebody else, and nobody waits for it who
/// can have another one.
const HELD_UP: Duration = Duration::from_millis(100);

pub(crate) type Verdict = Result<(), StoreError>;

struct Queued {
    rows: Rows,
    reply: oneshot::Sender<Verdict>,
}

/// Applies batches of commits, no two of which are about the same order.
pub(crate) trait Writer: Send + 'static {
    /// Whether the facts of a commit have their place in the log as soon as it is acknowledged.
    const NUMBERS: bool;

    /// One verdict for each of the commits, once the database has acknowledged it.
    fn apply(&mut self, batch: &[Rows]) -> impl Future<Output = Vec<Verdict>> + Send;
}

/// The way to the writers. What a batch costs whatever is in it is most of what a short one costs, so
/// that one writer with long batches does more than two with half of them: the second one gets
/// something to do as soon as a whole batch waits for the first one, or that is held up.
pub(crate) struct Queue(Vec<Way>);

/// The way to one of them.
struct Way {
    sender: mpsc::Sender<Queued>,
    busy: Arc<Busy>,
}

/// Since when a writer has been at a batch, if it is.
#[derive(Default)]
struct Busy(Mutex<Option<Instant>>);

impl Queue {
    /// Starts the writers; each ends with the last handle of its queue.
    pub fn start<W: Writer>(writers: Vec<W>, bells: &Arc<Bells>) -> Self {
        let start = |writer| {
            let (sender, receiver) = mpsc::channel(WAITING);
            let busy = Arc::<Busy>::default();
            tokio::spawn(write(writer, receiver, Arc::clone(&busy), Arc::clone(bells)));
            Way { sender, busy }
        };
        Self(writers.into_iter().map(start).collect())
    }

    /// Waits for the verdict. A caller that leaves earlier does not take its commit back.
    pub async fn commit(&self, rows: Rows) -> Verdict {
        let ways = || self.0.iter().filter(|way| !way.sender.is_closed());
        let way = ways().find(|way| way.is_quick());
        let way = way.or_else(|| ways().min_by_key(|way| way.waiting())).ok_or_else(gone)?;
        let (reply, verdict) = oneshot::channel();
        way.sender.send(Queued { rows, reply }).await.map_err(|_| gone())?;
        verdict.await.map_err(|_| gone())?
    }
}

impl Way {
    /// How many wait there.
    fn waiting(&self) -> usize {
        self.sender.max_capacity() - self.sender.capacity()
    }

    /// Whether one more is in the next batch, which comes soon.
    fn is_quick(&self) -> bool {
        self.waiting() < BATCH && !self.busy.is_held_up()
    }
}

impl Busy {
    fn set(&self, began: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = began;
    }

    fn is_held_up(&self) -> bool {
        let began = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        began.is_some_and(|began| began.elapsed() >= HELD_UP)
    }
}

fn gone() -> StoreError {
    StoreError::Unavailable("the store is shutting down".into())
}

async fn write<W: Writer>(
    mut writer: W,
    mut queue: mpsc::Receiver<Queued>,
    busy: Arc<Busy>,
    bells: Arc<Bells>,
) {
    let mut put_off = VecDeque::new();
    let (mut batch, mut replies) = (Vec::with_capacity(BATCH), Vec::with_capacity(BATCH));
    while fill(&mut batch, &mut replies, &mut put_off, &mut queue).await {
        busy.set(Some(Instant::now()));
        let verdicts = writer.apply(&batch).await;
        busy.set(None);
        let mut committed = false;
        for ((rows, reply), verdict) in batch.drain(..).zip(replies.drain(..)).zip(verdicts) {
            if verdict.is_ok() {
                rows.tasks.iter().for_each(|task| bells.ring(task.kind));
                committed |= rows.has_facts();
            }
            // Whoever asked may have left.
            reply.send(verdict).ok();
        }
        if committed && W::NUMBERS {
            bells.published();
        } else if committed {
            bells.committed();
        }
    }
}

/// Waits for a commit and takes what else is there. `false` once nobody can send any more.
async fn fill(
    batch: &mut Vec<Rows>,
    replies: &mut Vec<oneshot::Sender<Verdict>>,
    put_off: &mut VecDeque<Queued>,
    queue: &mut mpsc::Receiver<Queued>,
) -> bool {
    if put_off.is_empty() {
        match queue.recv().await {
            Some(first) => put_off.push_back(first),
            None => return false,
        }
    }
    while put_off.len() < BATCH {
        match queue.try_recv() {
            Ok(queued) => put_off.push_back(queued),
            Err(_) => break,
        }
    }
    let mut orders: HashSet<OrderKey> = HashSet::with_capacity(BATCH);
    let mut bytes = 0;
    for _ in 0..put_off.len() {
        let Some(queued) = put_off.pop_front() else { break };
        let is_free = |key| !orders.contains(key);
        bytes += queued.rows.bytes();
        let has_room = batch.is_empty() || (batch.len() < BATCH && bytes <= BATCH_BYTES);
        if has_room && queued.rows.orders.iter().map(|row| &row.key).all(is_free) {
            orders.extend(queued.rows.orders.iter().map(|row| row.key.clone()));
            batch.push(queued.rows);
            replies.push(queued.reply);
        } else {
            // One that has to wait lets none of its own order pass.
            orders.extend(queued.rows.orders.iter().map(|row| row.key.clone()));
            put_off.push_back(queued);
        }
    }
    true
}

#[cfg(test)]
mod tests;
