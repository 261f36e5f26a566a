//! Rules of commits: all of it or nothing, and only one winner.

mod history;
mod rivals;

pub use history::*;
pub use rivals::*;

use crate::{
    Subject,
    build::{
        NOON, accept, commit, external, key, leg_task, load, minutes, names, order, place, receipt,
        refund, request, shop,
    },
};
use domain::{
    Actor,
    order::{Command, Fact, OrderState},
};
use futures_util::future::join_all;
use ports::{
    Claim, ClaimChange, ClaimKind, Commit, Lease, OrderChange, StoreError, TaskChange, TaskKind,
    Version, Wanted,
};
use time::Duration;

/// Expands to the rules of commits.
#[macro_export]
macro_rules! store {
    ($fresh:expr) => {
        $crate::rules!($fresh, store =>
            a_commit_is_read_back_whole,
            an_order_that_nobody_placed_is_not_there,
            an_order_is_placed_once,
            a_stale_change_leaves_nothing_behind,
            one_failing_part_undoes_the_others,
            only_one_of_many_rivals_wins,
            many_orders_are_written_at_once,
            a_commit_of_many_orders_is_one,
            a_receipt_commits_once,
            of_many_commits_with_one_receipt_one_wins,
            a_commit_without_an_order_is_one_too,
            more_than_was_captured_is_never_returned,
            facts_are_numbered_without_gaps,
            event_ids_are_unique_and_sort_by_place,
            personal_data_stay_out_of_orders_and_facts,
            a_caller_that_leaves_does_not_stop_its_commit,
        );
    };
}

fn claim(reference: &str) -> ClaimChange {
    ClaimChange::Take(Claim {
        store_id: shop(),
        kind: ClaimKind::RefundReference,
        key: reference.to_owned(),
        holder: "request".to_owned(),
        fingerprint: [9; 32],
    })
}

/// An order's step with one of everything beside it.
fn whole(change: OrderChange, name: &str) -> Commit {
    let task = TaskChange::Put(leg_task(&change.key(), name, NOON));
    let mut commit = commit().order(change);
    commit.trace = Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into());
    commit.receipt = Some(receipt(name));
    commit.claims.push(claim(name));
    commit.tasks.push(task);
    commit
}

/// Whether anything of a commit made by [`whole`] can be seen.
async fn left_behind(store: &dyn Subject, name: &str) -> bool {
    let receipt = store.receipt(&request(name)).await.unwrap();
    let claimed = ClaimKind::RefundReference;
    let claim = ports::Store::claim(store, &shop(), claimed, name).await.unwrap();
    let lease = Lease { owner: "looking".into(), until: NOON + Duration::SECOND };
    let tasks = ports::Tasks::claim(store, Wanted::of(TaskKind::Leg, 100), &lease, minutes(60))
        .await
        .unwrap();
    // The clock goes on, so that others find the tasks as they were.
    for task in &tasks {
        store.release(&task.task, "looking").await.unwrap();
    }
    receipt.is_some() || claim.is_some() || tasks.iter().any(|task| task.task.subject == name)
}

pub async fn a_commit_is_read_back_whole(store: &dyn Subject) {
    let placed = place(store, &order("O-1")).await;
    assert_eq!((placed.version, placed.state.state), (Version(2), OrderState::Ready));
    let change = placed.decide(refund(1, "60.00"), minutes(1)).unwrap();
    let after = change.after.clone();
    let refund = after.refunds[0].clone();
    let commit = Commit { actor: Actor::worker("w"), ..whole(change, "R-1") };
    store.commit(commit.clone()).await.unwrap();

    let loaded = store.load(&key("O-1"), Some(&request("R-1"))).await.unwrap();
    assert_eq!(loaded.order.clone().unwrap().state, after);
    assert_eq!(loaded.order.unwrap().version, Version(3));
    assert_eq!(loaded.receipt, commit.receipt);
    assert_eq!(store.receipt(&request("R-1")).await.unwrap(), commit.receipt);
    let other = store.load(&key("O-1"), Some(&request("R-2"))).await.unwrap();
    assert!(other.receipt.is_none() && other.order.is_some());

    let view = store.order(&key("O-1")).await.unwrap().unwrap();
    assert_eq!((view.order, view.version), (after, Version(3)));
    assert_eq!(view.personal, Some(order("O-1").personal()));

    let logged = store.refund_created(&key("O-1"), refund.refund_id).await.unwrap().unwrap();
    assert_eq!(store.facts(&key("O-1")).await.unwrap()[2], logged);
    assert_eq!((logged.place, logged.sequence), (3, Some(3)));
    assert_eq!((&logged.actor, logged.occurred_at), (&commit.actor, commit.at));
    assert!(matches!(&logged.fact, Fact::RefundCreated { refund: made, derivations }
        if **made == refund && !derivations.is_empty()));

    let claimed = ClaimKind::RefundReference;
    let found = ports::Store::claim(store, &shop(), claimed, "R-1").await.unwrap().unwrap();
    assert_eq!((found.holder.as_str(), found.fingerprint), ("request", [9; 32]));
    let lease = Lease { owner: "me".into(), until: minutes(1) };
    let tasks =
        ports::Tasks::claim(store, Wanted::of(TaskKind::Leg, 10), &lease, NOON).await.unwrap();
    assert_eq!(tasks.len(), 1);
    assert_eq!(tasks[0].trace, commit.trace);
    assert_eq!(tasks[0].task, leg_task(&key("O-1"), "R-1", NOON));
}

pub async fn an_order_that_nobody_placed_is_not_there(store: &dyn Subject) {
    let loaded = store.load(&key("O-9"), Some(&request("R-9"))).await.unwrap();
    assert!(loaded.order.is_none() && loaded.receipt.is_none());
    assert!(store.order(&key("O-9")).await.unwrap().is_none());
    assert!(store.facts(&key("O-9")).await.unwrap().is_empty());
    // The same id at another store is another order.
    place(store, &order("O-9")).await;
    let other = ports::OrderKey::new("other".parse().unwrap(), key("O-9").order_id);
    assert!(store.load(&other, None).await.unwrap().order.is_none());
}

pub async fn an_order_is_placed_once(store: &dyn Subject) {
    let placed = place(store, &order("O-1")).await;
    let again = commit().order(order("O-1").bought_by("eve@example.com").change());
    assert!(matches!(store.commit(again).await, Err(StoreError::Conflict)));
    assert_eq!(load(store, &key("O-1")).await, placed);
    let rivals = (0..8).map(|_| store.commit(commit().order(order("O-2").change())));
    let won = join_all(rivals).await.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(won, 1);
}

pub async fn a_stale_change_leaves_nothing_behind(store: &dyn Subject) {
    let stale = place(store, &order("O-1")).await;
    let change = stale.decide(accept("A-1"), NOON).unwrap();
    store.commit(commit().order(change)).await.unwrap();

    let late = stale.decide(refund(1, "60.00"), NOON).unwrap();
    let refund_id = late.after.refunds[0].refund_id;
    let outcome = store.commit(whole(late, "late")).await;
    assert!(matches!(outcome, Err(StoreError::Conflict)));
    assert!(!left_behind(store, "late").await);
    let kept = load(store, &key("O-1")).await;
    assert_eq!(kept.state.external, Some(external("A-1")));
    assert!(kept.state.refunds.is_empty());
    let expected = ["order.received", "order.ready", "order.accepted"];
    assert_eq!(names(&store.facts(&key("O-1")).await.unwrap()), expected);
    assert!(store.refund_created(&key("O-1"), refund_id).await.unwrap().is_none());
    // A version that the order has not reached yet is no better.
    let mut early = kept.decide(Command::Complete, NOON).unwrap();
    early.before = early.before.after(3);
    let outcome = store.commit(whole(early, "early")).await;
    assert!(matches!(outcome, Err(StoreError::Conflict)));
    assert!(!left_behind(store, "early").await);
    let mut unplaced = kept.decide(Command::Complete, NOON).unwrap();
    unplaced.after.order_id = key("O-7").order_id;
    let outcome = store.commit(whole(unplaced, "unplaced")).await;
    assert!(matches!(outcome, Err(StoreError::Conflict)));
    assert!(!left_behind(store, "unplaced").await);
}

pub async fn one_failing_part_undoes_the_others(store: &dyn Subject) {
    let first = place(store, &order("O-1")).await;
    let second = place(store, &order("O-2")).await;
    let good = first.decide(accept("A-1"), NOON).unwrap();
    let mut bad = second.decide(accept("A-2"), NOON).unwrap();
    bad.before = bad.before.after(7);
    let outcome = store.commit(whole(good, "both").order(bad)).await;
    assert!(matches!(outcome, Err(StoreError::Conflict)));
    assert_eq!(load(store, &key("O-1")).await, first);
    assert!(!left_behind(store, "both").await);

    let mut taken = commit();
    taken.claims.push(claim("taken"));
    store.commit(taken).await.unwrap();
    let mut commit = whole(first.decide(accept("A-1"), NOON).unwrap(), "claims");
    commit.claims.push(claim("taken"));
    let outcome = store.commit(commit).await;
    assert!(matches!(outcome, Err(StoreError::Conflict)), "{outcome:?}");
    assert_eq!(load(store, &key("O-1")).await, first);
    assert!(!left_behind(store, "claims").await);
    assert_eq!(store.facts(&key("O-1")).await.unwrap().len(), 2);
}

pub async fn a_commit_of_many_orders_is_one(store: &dyn Subject) {
    let first = place(store, &order("O-1")).await.decide(accept("A-1"), NOON).unwrap();
    let second = place(store, &order("O-2")).await.decide(accept("A-2"), NOON).unwrap();
    // However they are listed; two such commits at once do not wait for each other for ever.
    let forth = store.commit(whole(first.clone(), "forth").order(second.clone()));
    let back = store.commit(whole(second, "back").order(first));
    let outcomes = [forth, back].map(|commit| commit);
    let won = join_all(outcomes).await.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(won, 1);
    for (id, external_id) in [("O-1", "A-1"), ("O-2", "A-2")] {
        assert_eq!(load(store, &key(id)).await.state.external, Some(external(external_id)));
    }
    assert_ne!(left_behind(store, "forth").await, left_behind(store, "back").await);
}

pub async fn a_receipt_commits_once(store: &dyn Subject) {
    let first = place(store, &order("O-1")).await.decide(accept("A-1"), NOON).unwrap();
    let placed = place(store, &order("O-2")).await;
    let with_receipt = |change| Commit { receipt: Some(receipt("R-1")), ..commit().order(change) };
    store.commit(with_receipt(first)).await.unwrap();
    let second = placed.decide(accept("A-2"), NOON).unwrap();
    let outcome = store.commit(with_receipt(second.clone())).await;
    assert!(matches!(outcome, Err(StoreError::Conflict)));
    assert_eq!(load(store, &key("O-2")).await, placed);
    // Of another method it is another request.
    let mut other = with_receipt(second);
    other.receipt.as_mut().unwrap().key.method = "AcceptOrder";
    store.commit(other).await.unwrap();
}

pub async fn a_commit_without_an_order_is_one_too(store: &dyn Subject) {
    let mut first = commit();
    first.receipt = Some(receipt("alone"));
    first.claims.push(claim("alone"));
    first.tasks.push(TaskChange::Put(leg_task(&key("O-1"), "alone", NOON)));
    store.commit(first).await.unwrap();
    assert!(left_behind(store, "alone").await);
    let mut second = commit();
    second.receipt = Some(receipt("other"));
    second.claims.push(claim("alone"));
    assert!(matches!(store.commit(second).await, Err(StoreError::Conflict)));
    assert!(!left_behind(store, "other").await);
    store.commit(commit()).await.unwrap();
}
