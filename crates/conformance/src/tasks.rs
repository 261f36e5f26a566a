//! Rules of tasks and their leases.

use crate::{
    Subject,
    build::{NOON, commit, key, leg_task, minutes},
};
use futures_util::future::join_all;
use ports::{
    ClaimedTask, Lease, OrderKey, PageRequest, Task, TaskChange, TaskKind, TaskOrigin, Tasks,
    WaitingTask, Wanted,
};
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
            stores_that_have_enough_are_left_out,
            a_lease_that_ran_out_is_nobodys,
            only_the_owner_renews_a_lease,
            only_the_owner_hands_a_task_back,
            only_the_owner_finishes_a_task,
            what_waits_is_listed_with_why_and_since_when,
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
    Tasks::claim(store, Wanted::of(TaskKind::Leg, limit), &lease, now).await.unwrap()
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
    let claimed =
        Tasks::claim(store, Wanted::of(TaskKind::ProcessOrder, 9), &lease, NOON).await.unwrap();
    assert_eq!(claimed.iter().map(|claimed| &claimed.task).collect::<Vec<_>>(), [&process]);
}

pub async fn stores_that_have_enough_are_left_out(store: &dyn Subject) {
    let of = |name: &str| {
        let key = OrderKey { store_id: name.parse().unwrap(), ..order_key() };
        leg_task(&key, name, NOON)
    };
    put(store, ["s1", "s2", "s-4"].map(of)).await;
    let lease = lease("w", minutes(1));
    let claim = async |except: &[&str]| {
        let except: Vec<_> = except.iter().map(|name| name.parse().unwrap()).collect();
        let wanted = Wanted { except: &except, ..Wanted::of(TaskKind::Leg, 9) };
        let claimed = Tasks::claim(store, wanted, &lease, NOON).await.unwrap();
        claimed.into_iter().map(|it| it.task.subject).collect::<BTreeSet<_>>()
    };
    assert!(claim(&["s1", "s2", "s-4"]).await.is_empty());
    assert_eq!(claim(&["s2", "s3"]).await, ["s-4", "s1"].map(String::from).into());
    assert_eq!(claim(&[]).await, ["s2"].map(String::from).into());
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
    store.release(&Task { attempts: 3, ..task("a") }, "first").await.unwrap();
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
    store.release(&Task { attempts: 8, ..task("a") }, "you").await.unwrap();
    assert!(claim(store, "you", NOON, 1).await.is_empty());
    let expected =
        Task { due_at: minutes(3), attempts: 4, why: Some("the tide is out".into()), ..task("a") };
    store.release(&expected, "me").await.unwrap();
    assert!(claim(store, "you", minutes(2), 1).await.is_empty());
    let claimed = claim(store, "you", minutes(3), 1).await;
    assert_eq!(claimed[0].task, expected);
}

pub async fn only_the_owner_finishes_a_task(store: &dyn Subject) {
    put(store, [task("a"), task("b")]).await;
    let claimed = claim(store, "me", NOON, 2).await;
    store.finish(&task("a"), "you").await.unwrap();
    assert_eq!(listed(store, None).await.len(), 2);
    store.finish(&task("a"), "me").await.unwrap();
    let left = listed(store, None).await;
    assert_eq!((left.len(), &*left[0].task.subject), (1, "b"));
    // There is something to do again, which whoever held it has not seen.
    put(store, [task("b")]).await;
    store.finish(&claimed[1].task, "me").await.unwrap();
    assert_eq!(subjects(&claim(store, "you", NOON, 1).await), ["b"]);
    store.finish(&task("c"), "you").await.unwrap();
}

pub async fn what_waits_is_listed_with_why_and_since_when(store: &dyn Subject) {
    let other =
        leg_task(&OrderKey::new("other".parse().unwrap(), key("O-0").order_id), "z", minutes(5));
    let process = Task { kind: TaskKind::ProcessOrder, subject: String::new(), ..task("") };
    put(store, [task("b"), task("a"), process.clone(), other]).await;
    claim(store, "me", NOON, 1).await;
    let first = listed(store, None).await;
    assert_eq!(first.iter().filter(|row| row.held_until.is_some()).count(), 1);
    assert!(first.iter().all(|row| row.since == NOON && row.task.why.is_none()));
    let names: Vec<_> = first.iter().map(|row| (row.task.kind, &*row.task.subject)).collect();
    let leg = TaskKind::Leg;
    assert_eq!(names, [(leg, "a"), (leg, "b"), (TaskKind::ProcessOrder, "")]);
    // Page by page.
    let page = PageRequest { size: 2, after: None };
    let page = store.waiting(&order_key().store_id, &[], page).await.unwrap();
    assert_eq!(page.items.len(), 2);
    let rest = listed(store, page.next).await;
    assert_eq!(rest, first[2..]);
    // It waits since there was something to do, however often it was put off.
    let why = || Some("a person has to decide".to_owned());
    for minute in [1, 2] {
        let lease = lease("me", minutes(9));
        let wanted = Wanted::of(TaskKind::ProcessOrder, 1);
        let claimed = Tasks::claim(store, wanted, &lease, minutes(minute)).await;
        let task =
            Task { due_at: minutes(minute + 1), why: why(), ..claimed.unwrap()[0].task.clone() };
        store.release(&task, "me").await.unwrap();
        let row = listed(store, None).await.pop().unwrap();
        assert_eq!((row.since, row.task, row.held_until), (NOON, task, None));
    }
    let again = Task { due_at: minutes(7), why: why(), ..process };
    put(store, [again.clone()]).await;
    let row = listed(store, None).await.pop().unwrap();
    assert_eq!((row.since, row.task), (NOON, again));
}

async fn listed(store: &dyn Subject, after: Option<TaskOrigin>) -> Vec<WaitingTask> {
    let page = PageRequest { size: 100, after };
    store.waiting(&order_key().store_id, &[], page).await.unwrap().items
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
