//! Group commit. Commits queue up in front of a writer; whatever came while it applied the last
//! batch is the next one. There is no timer: a commit that comes alone is applied alone, at once.

use super::Rows;
use ports::{Bells, OrderKey, StoreError};
use std::{
    collections::{HashSet, VecDeque},
    sync::Arc,
};
use tokio::sync::{mpsc, oneshot};

/// Commits in one batch. More do not make it quicker, and each waits for all of them.
pub(crate) const BATCH: usize = 64;

/// Bytes of documents in one batch, unless a single commit has more.
const BATCH_BYTES: usize = 4 << 20;

/// Commits that wait in front of one writer before callers are held back.
const WAITING: usize = 4_096;

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
/// something to do as soon as a whole batch waits for the first one.
pub(crate) struct Queue(Vec<mpsc::Sender<Queued>>);

impl Queue {
    /// Starts the writers; each ends with the last handle of its queue.
    pub fn start<W: Writer>(writers: Vec<W>, bells: &Arc<Bells>) -> Self {
        let start = |writer| {
            let (sender, receiver) = mpsc::channel(WAITING);
            tokio::spawn(write(writer, receiver, Arc::clone(bells)));
            sender
        };
        Self(writers.into_iter().map(start).collect())
    }

    /// Waits for the verdict. A caller that leaves earlier does not take its commit back.
    pub async fn commit(&self, rows: Rows) -> Verdict {
        let short = self.0.iter().find(|writer| waiting(writer) < BATCH);
        let writer = short.or_else(|| self.0.iter().min_by_key(|writer| waiting(writer)));
        let writer = writer.ok_or_else(gone)?;
        let (reply, verdict) = oneshot::channel();
        writer.send(Queued { rows, reply }).await.map_err(|_| gone())?;
        verdict.await.map_err(|_| gone())?
    }
}

/// How many wait in front of a writer.
fn waiting(writer: &mpsc::Sender<Queued>) -> usize {
    writer.max_capacity() - writer.capacity()
}

fn gone() -> StoreError {
    StoreError::Unavailable("the store is shutting down".into())
}

async fn write<W: Writer>(mut writer: W, mut queue: mpsc::Receiver<Queued>, bells: Arc<Bells>) {
    let mut put_off = VecDeque::new();
    let (mut batch, mut replies) = (Vec::with_capacity(BATCH), Vec::with_capacity(BATCH));
    while fill(&mut batch, &mut replies, &mut put_off, &mut queue).await {
        let verdicts = writer.apply(&batch).await;
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
