//! Rules of tasks and their leases.

use crate::{
    Subject,
    build::{NOON, commit, key, leg_task, minutes},
};
use futures_util::future::join_all;
use ports::{ClaimedTask, Lease, OrderKey, Task, TaskChange, TaskKind, Tasks};
use std::collections::BTreeSet;
use time::{Duration, OffsetDateTime};

/// Expands to the rules of tasks.
#[macro_export]
macro_rules! tasks {
    ($fresh:expr) => {
        $crate::rules!($fresh, tasks =>
            tasks_are_claimed_once_under_concurrency,
            the_longest_due_tasks_are_claimed_first,
            a_task_is_not_claimed_before_it_is_due,
            kinds_are_claimed_apart,
            a_lease_that_ran_out_is_nobodys,
            only_the_owner_renews_a_lease,
            only_the_owner_hands_a_task_back,
            putting_a_task_again_replaces_it_and_its_lease,
            a_task_that_is_done_is_gone,
            the_last_word_on_a_task_counts,
            whoever_waits_is_woken_by_a_commit,
            waiting_ends_by_itself,
        );
    };
}

fn order_key() -> OrderKey {
    key("O-1")
}

fn lease(owner: &str, until: OffsetDateTime) -> Lease {
    Lease { owner: owner.to_owned(), until }
}

fn task(subject: &str) -> Task {
    leg_task(&order_key(), subject, NOON)
}

async fn put(store: &dyn Subject, tasks: impl IntoIterator<Item = Task>) {
    let mut commit = commit();
    commit.tasks.extend(tasks.into_iter().map(TaskChange::Put));
    store.commit(commit).await.unwrap();
}

fn done(subject: &str) -> TaskChange {
    TaskChange::Done { key: order_key(), kind: TaskKind::Leg, subject: subject.to_owned() }
}

async fn claim(
    store: &dyn Subject,
    owner: &str,
    now: OffsetDateTime,
    limit: u32,
) -> Vec<ClaimedTask> {
    let lease = lease(owner, now + Duration::MINUTE);
    Tasks::claim(store, TaskKind::Leg, &lease, now, limit).await.unwrap()
}

fn subjects(claimed: &[ClaimedTask]) -> Vec<&str> {
    claimed.iter().map(|claimed| claimed.task.subject.as_str()).collect()
}

pub async fn tasks_are_claimed_once_under_concurrency(store: &dyn Subject) {
    let all: Vec<String> = (0..100).map(|number| format!("T-{number:03}")).collect();
    put(store, all.iter().map(|subject| task(subject))).await;
    let workers = (0..8).map(async |number| {
        let owner = format!("worker-{number}");
        let mut mine = Vec::new();
        loop {
            let claimed = claim(store, &owner, NOON, 7).await;
            if claimed.is_empty() {
                return mine;
            }
            assert!(claimed.len() <= 7);
            mine.extend(claimed.into_iter().map(|claimed| claimed.task.subject));
        }
    });
    let claimed: Vec<String> = join_all(workers).await.into_iter().flatten().collect();
    assert_eq!(claimed.len(), all.len());
    assert_eq!(claimed.iter().collect::<BTreeSet<_>>(), all.iter().collect());
}

pub async fn the_longest_due_tasks_are_claimed_first(store: &dyn Subject) {
    let due = |subject: &str, at| Task { due_at: at, ..task(subject) };
    put(store, [due("c", minutes(3)), due("a", minutes(1)), due("b", minutes(2))]).await;
    let claimed = claim(store, "me", minutes(9), 2).await;
    assert_eq!(subjects(&claimed), ["a", "b"]);
    assert_eq!(claimed[0].task, due("a", minutes(1)));
    assert_eq!(claimed[0].lease, lease("me", minutes(10)));
    assert_eq!(subjects(&claim(store, "me", minutes(9), 2).await), ["c"]);
}

pub async fn a_task_is_not_claimed_before_it_is_due(store: &dyn Subject) {
    put(store, [Task { due_at: minutes(5), ..task("a") }]).await;
    let early = minutes(5) - Duration::MICROSECOND;
    assert!(claim(store, "me", early, 1).await.is_empty());
    assert_eq!(claim(store, "me", minutes(5), 1).await.len(), 1);
}

pub async fn kinds_are_claimed_apart(store: &dyn Subject) {
    let process = Task { kind: TaskKind::ProcessOrder, subject: String::new(), ..task("") };
    put(store, [process.clone(), task("leg")]).await;
    assert_eq!(subjects(&claim(store, "me", NOON, 9).await), ["leg"]);
    let lease = lease("me", minutes(1));
    let claimed = Tasks::claim(store, TaskKind::ProcessOrder, &lease, NOON, 9).await.unwrap();
    assert_eq!(claimed.iter().map(|claimed| &claimed.task).collect::<Vec<_>>(), [&process]);
}

pub async fn a_lease_that_ran_out_is_nobodys(store: &dyn Subject) {
    put(store, [task("a")]).await;
    assert_eq!(claim(store, "first", NOON, 1).await.len(), 1);
    let last = minutes(1) - Duration::MICROSECOND;
    assert!(claim(store, "second", last, 1).await.is_empty());
    assert_eq!(claim(store, "second", minutes(1), 1).await.len(), 1);
    // The first one's word does not count any more.
    let late = minutes(9);
    assert!(!store.renew(&task("a"), &lease("first", late)).await.unwrap());
    store.release(&task("a"), "first", NOON, 3).await.unwrap();
    assert!(claim(store, "third", minutes(1), 1).await.is_empty());
}

pub async fn only_the_owner_renews_a_lease(store: &dyn Subject) {
    put(store, [task("a")]).await;
    assert!(!store.renew(&task("a"), &lease("me", minutes(9))).await.unwrap());
    claim(store, "me", NOON, 1).await;
    assert!(!store.renew(&task("a"), &lease("you", minutes(9))).await.unwrap());
    assert!(!store.renew(&task("b"), &lease("me", minutes(9))).await.unwrap());
    assert!(store.renew(&task("a"), &lease("me", minutes(5))).await.unwrap());
    assert!(claim(store, "you", minutes(4), 1).await.is_empty());
    assert_eq!(claim(store, "you", minutes(5), 1).await.len(), 1);
}

pub async fn only_the_owner_hands_a_task_back(store: &dyn Subject) {
    put(store, [task("a")]).await;
    claim(store, "me", NOON, 1).await;
    store.release(&task("a"), "you", NOON, 8).await.unwrap();
    assert!(claim(store, "you", NOON, 1).await.is_empty());
    store.release(&task("a"), "me", minutes(3), 4).await.unwrap();
    assert!(claim(store, "you", minutes(2), 1).await.is_empty());
    let claimed = claim(store, "you", minutes(3), 1).await;
    let expected = Task { due_at: minutes(3), attempts: 4, ..task("a") };
    assert_eq!(claimed[0].task, expected);
}

pub async fn putting_a_task_again_replaces_it_and_its_lease(store: &dyn Subject) {
    put(store, [Task { attempts: 5, ..task("a") }]).await;
    claim(store, "me", NOON, 1).await;
    let again = Task { due_at: minutes(2), ..task("a") };
    let mut replacing = commit();
    replacing.trace = Some("second".into());
    replacing.tasks.push(TaskChange::Put(again.clone()));
    store.commit(replacing).await.unwrap();
    assert!(!store.renew(&task("a"), &lease("me", minutes(9))).await.unwrap());
    assert!(claim(store, "you", minutes(1), 1).await.is_empty());
    let claimed = claim(store, "you", minutes(2), 9).await;
    assert_eq!(claimed.len(), 1);
    assert_eq!((&claimed[0].task, claimed[0].trace.as_deref()), (&again, Some("second")));
}

pub async fn a_task_that_is_done_is_gone(store: &dyn Subject) {
    put(store, [task("a"), task("b")]).await;
    claim(store, "me", NOON, 2).await;
    let mut finishing = commit();
    finishing.tasks.push(done("a"));
    // One that nobody knows is done already.
    finishing.tasks.push(done("unknown"));
    store.commit(finishing).await.unwrap();
    assert!(!store.renew(&task("a"), &lease("me", minutes(9))).await.unwrap());
    assert_eq!(subjects(&claim(store, "you", minutes(30), 9).await), ["b"]);
}

pub async fn the_last_word_on_a_task_counts(store: &dyn Subject) {
    let mut twice = commit();
    twice.tasks.push(TaskChange::Put(Task { attempts: 1, ..task("a") }));
    twice.tasks.push(TaskChange::Put(Task { attempts: 2, ..task("a") }));
    twice.tasks.push(TaskChange::Put(task("b")));
    twice.tasks.push(done("b"));
    twice.tasks.push(done("c"));
    twice.tasks.push(TaskChange::Put(task("c")));
    store.commit(twice).await.unwrap();
    let mut claimed = claim(store, "me", NOON, 9).await;
    claimed.sort_by(|left, right| left.task.subject.cmp(&right.task.subject));
    assert_eq!(subjects(&claimed), ["a", "c"]);
    assert_eq!(claimed[0].task.attempts, 2);
}

/// Long enough that a test which needs it has failed.
const LONG: Duration = Duration::minutes(5);

pub async fn whoever_waits_is_woken_by_a_commit(store: &dyn Subject) {
    let mut waiting = Box::pin(store.wait(TaskKind::Leg, LONG));
    assert!(futures_util::poll!(waiting.as_mut()).is_pending());
    put(store, [task("a")]).await;
    waiting.await;
    // A commit before the wait counts as well: the worker may just have looked in vain.
    put(store, [task("b")]).await;
    store.wait(TaskKind::Leg, LONG).await;
}

pub async fn waiting_ends_by_itself(store: &dyn Subject) {
    store.wait(TaskKind::ProcessOrder, Duration::milliseconds(1)).await;
}
