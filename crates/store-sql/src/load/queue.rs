use super::{Question, Source, found::Found};
use crate::error::shared;
use ports::StoreError;
use std::sync::Arc;
use tokio::sync::{Mutex, mpsc, oneshot};

/// Reads in one batch.
const BATCH: usize = 64;

/// Reads that wait before callers are held back.
const WAITING: usize = 4_096;

struct Asked {
    question: Question,
    reply: oneshot::Sender<Result<Found, StoreError>>,
}

/// The way to the tasks that read. They take from one queue in turn.
pub(crate) struct ReadQueue(mpsc::Sender<Asked>);

impl ReadQueue {
    /// Starts one task for each source; they end with the last handle of the queue.
    pub fn start(sources: Vec<Source>) -> Self {
        let (sender, receiver) = mpsc::channel(WAITING);
        let receiver = Arc::new(Mutex::new(receiver));
        for source in sources {
            tokio::spawn(read(source, Arc::clone(&receiver)));
        }
        Self(sender)
    }

    pub async fn ask(&self, question: Question) -> Result<Found, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.0.send(Asked { question, reply }).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

fn gone() -> StoreError {
    StoreError::Unavailable("the store is shutting down".into())
}

async fn read(mut source: Source, queue: Arc<Mutex<mpsc::Receiver<Asked>>>) {
    let mut asked = Vec::with_capacity(BATCH);
    let (mut questions, mut replies) = (Vec::with_capacity(BATCH), Vec::with_capacity(BATCH));
    while queue.lock().await.recv_many(&mut asked, BATCH).await > 0 {
        for Asked { question, reply } in asked.drain(..) {
            // Nobody reads for a caller that has left.
            if !reply.is_closed() {
                questions.push(question);
                replies.push(reply);
            }
        }
        match source.find(&questions).await {
            Ok(mut found) => {
                let found = found.drain(..).chain(std::iter::repeat_with(|| Found::Nothing));
                for (reply, found) in replies.drain(..).zip(found) {
                    reply.send(Ok(found)).ok();
                }
            }
            Err(error) => {
                for (reply, error) in replies.drain(..).zip(shared(error, questions.len())) {
                    reply.send(error.map(|()| Found::Nothing)).ok();
                }
            }
        }
        questions.clear();
    }
}
