use super::*;
use conformance::build::{commit, order};
use futures_util::future::join_all;
use ports::Commit;
use std::sync::Mutex;
use tokio::sync::Semaphore;

/// Notes the orders of each batch, and lets one pass for each permit.
#[derive(Clone)]
struct Noting {
    batches: Arc<Mutex<Vec<Vec<String>>>>,
    turns: Arc<Semaphore>,
}

impl Writer for Noting {
    const NUMBERS: bool = false;

    async fn apply(&mut self, batch: &[Rows]) -> Vec<Verdict> {
        let orders = batch.iter().flat_map(|rows| &rows.orders);
        let ids = orders.map(|order| order.key.order_id.to_string()).collect();
        self.batches.lock().unwrap().push(ids);
        self.turns.acquire().await.unwrap().forget();
        batch.iter().map(|_| Ok(())).collect()
    }
}

fn rows(order_id: &str) -> Rows {
    Rows::of(Commit { orders: vec![order(order_id).change()], ..commit() }).unwrap()
}

/// The batches that came of commits which queued up while the first was applied.
async fn batches_of(ids: &[&str]) -> Vec<Vec<String>> {
    let writer = Noting { batches: Arc::default(), turns: Arc::new(Semaphore::new(0)) };
    let queue = Queue::start(vec![writer.clone()], &Arc::default());
    let commits = join_all(ids.iter().map(|id| queue.commit(rows(id))));
    let all = ids.len();
    // All of them are on the queue once the futures were polled; only then may a batch pass.
    let (outcomes, ()) = futures_util::future::join(commits, async {
        writer.turns.add_permits(all);
    })
    .await;
    assert!(outcomes.iter().all(Result::is_ok));
    let batches = writer.batches.lock().unwrap();
    batches.clone()
}

#[tokio::test]
async fn what_queued_up_is_the_next_batch() {
    let ids: Vec<String> = (0..BATCH + 3).map(|number| format!("O-{number}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let batches = batches_of(&ids).await;
    let sizes: Vec<usize> = batches.iter().map(Vec::len).collect();
    assert_eq!(sizes.iter().sum::<usize>(), BATCH + 3);
    assert!(sizes.len() <= 3 && sizes.iter().all(|size| *size <= BATCH), "{sizes:?}");
    assert_eq!(batches.concat(), ids);
}

#[tokio::test]
async fn two_commits_of_one_order_are_never_in_one_batch() {
    let batches = batches_of(&["a", "b", "a", "c", "a", "b"]).await;
    for batch in &batches {
        let mut once = batch.clone();
        once.sort();
        once.dedup();
        assert_eq!(once.len(), batch.len(), "{batches:?}");
    }
    let mut all = batches.concat();
    all.sort();
    assert_eq!(all, ["a", "a", "a", "b", "b", "c"]);
}

#[tokio::test]
async fn a_second_writer_has_something_to_do_once_a_batch_waits_for_the_first() {
    let noting = || Noting { batches: Arc::default(), turns: Arc::new(Semaphore::new(9)) };
    let (first, second) = (noting(), noting());
    let queue = Queue::start(vec![first.clone(), second.clone()], &Arc::default());
    let all = async |count: usize| {
        let ids = (0..count).map(|number| rows(&format!("O-{number}")));
        assert!(join_all(ids.map(|rows| queue.commit(rows))).await.iter().all(Result::is_ok));
    };
    let sizes = |writer: &Noting| -> Vec<usize> {
        writer.batches.lock().unwrap().iter().map(Vec::len).collect()
    };
    all(BATCH).await;
    assert_eq!((sizes(&first), sizes(&second)), (vec![BATCH], vec![]));
    all(BATCH + 3).await;
    assert_eq!((sizes(&first), sizes(&second)), (vec![BATCH, BATCH], vec![3]));
}

#[tokio::test(start_paused = true)]
async fn a_second_writer_goes_on_while_the_first_is_held_up() {
    let noting = |turns| Noting { batches: Arc::default(), turns: Arc::new(Semaphore::new(turns)) };
    let (first, second) = (noting(0), noting(9));
    let queue = Queue::start(vec![first.clone(), second.clone()], &Arc::default());
    let mut held_up = std::pin::pin!(queue.commit(rows("a")));
    assert!(tokio::time::timeout(HELD_UP, &mut held_up).await.is_err());
    queue.commit(rows("b")).await.unwrap();
    assert_eq!(second.batches.lock().unwrap().as_slice(), [["b"]]);
    first.turns.add_permits(9);
    held_up.await.unwrap();
    queue.commit(rows("c")).await.unwrap();
    assert_eq!(first.batches.lock().unwrap().as_slice(), [["a"], ["c"]]);
}

#[tokio::test]
async fn a_batch_is_bounded_in_bytes() {
    let writer = Noting { batches: Arc::default(), turns: Arc::new(Semaphore::new(9)) };
    let queue = Queue::start(vec![writer.clone()], &Arc::default());
    let large = |id: &str| {
        let mut rows = rows(id);
        rows.orders[0].doc = "x".repeat(BATCH_BYTES / 2 + 1);
        rows
    };
    let commits = ["a", "b", "c"].map(|id| queue.commit(large(id)));
    assert!(join_all(commits).await.iter().all(Result::is_ok));
    assert_eq!(writer.batches.lock().unwrap().as_slice(), [["a"], ["b"], ["c"]]);
}

#[tokio::test]
async fn nobody_waits_for_a_queue_that_is_gone() {
    let queue = Queue::start(Vec::<Noting>::new(), &Arc::default());
    assert!(matches!(queue.commit(rows("a")).await, Err(StoreError::Unavailable(_))));
}
