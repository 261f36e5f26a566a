//! Rules of commits: all of it or nothing, and only one winner.

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
    refund::RefundState,
};
use futures_util::future::join_all;
use ports::{
    Claim, ClaimChange, ClaimKind, Commit, Lease, OrderChange, StoreError, TaskChange, TaskKind,
    Version,
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
    let tasks = ports::Tasks::claim(store, TaskKind::Leg, &lease, minutes(60), 100).await.unwrap();
    // The clock goes on, so that others find the tasks as they were.
    for task in &tasks {
        store.release(&task.task, "looking", NOON, 0).await.unwrap();
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
    let tasks = ports::Tasks::claim(store, TaskKind::Leg, &lease, NOON, 10).await.unwrap();
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

pub async fn only_one_of_many_rivals_wins(store: &dyn Subject) {
    let placed = place(store, &order("O-1")).await;
    let rivals = (0..16).map(|number| {
        let change = placed.decide(refund(number, "60.00"), NOON).unwrap();
        store.commit(whole(change, &format!("R-{number}")))
    });
    let outcomes = join_all(rivals).await;
    let (won, lost): (Vec<_>, Vec<_>) = outcomes.iter().partition(|outcome| outcome.is_ok());
    assert_eq!(won.len(), 1);
    assert!(lost.iter().all(|outcome| matches!(outcome, Err(StoreError::Conflict))));
    for (number, outcome) in outcomes.iter().enumerate() {
        assert_eq!(left_behind(store, &format!("R-{number}")).await, outcome.is_ok());
    }
    let after = load(store, &key("O-1")).await;
    assert_eq!((after.state.refunds.len(), after.version), (1, Version(3)));
    assert_eq!(after.state.refunds[0].state, RefundState::Pending);
}

pub async fn many_orders_are_written_at_once(store: &dyn Subject) {
    let keys: Vec<String> = (0..100).map(|number| format!("O-{number}")).collect();
    let placing = keys.iter().map(|id| store.commit(commit().order(order(id).change())));
    join_all(placing).await.into_iter().for_each(|outcome| outcome.unwrap());
    let steps = keys.iter().map(async |id| {
        let ready = load(store, &key(id)).await.decide(Command::MarkReady, NOON).unwrap();
        store.commit(commit().order(ready)).await.unwrap();
        let change = load(store, &key(id)).await.decide(refund(1, "1.50"), NOON).unwrap();
        store.commit(whole(change, id)).await.unwrap();
    });
    join_all(steps).await;
    for id in &keys {
        let facts = store.facts(&key(id)).await.unwrap();
        assert_eq!(names(&facts), ["order.received", "order.ready", "refund.created"]);
        let loaded = store.load(&key(id), Some(&request(id))).await.unwrap();
        assert_eq!(loaded.receipt, Some(receipt(id)));
        assert_eq!(loaded.order.unwrap().state.refunds.len(), 1);
    }
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

/// The others in the same moment are not harmed by it.
pub async fn of_many_commits_with_one_receipt_one_wins(store: &dyn Subject) {
    let ids: Vec<String> = (0..24).map(|number| format!("O-{number}")).collect();
    join_all(ids.iter().map(async |id| place(store, &order(id)).await)).await;
    let commits = ids.iter().enumerate().map(async |(number, id)| {
        let change = load(store, &key(id)).await.decide(accept(id), NOON).unwrap();
        let name = if number % 2 == 0 { "same" } else { id };
        let mut commit = commit().order(change);
        commit.receipt = Some(receipt(name));
        store.commit(commit).await
    });
    let outcomes = join_all(commits).await;
    let won = |parity| outcomes.iter().skip(parity).step_by(2).filter(|o| o.is_ok()).count();
    assert_eq!((won(0), won(1)), (1, 12));
    for (id, outcome) in ids.iter().zip(&outcomes) {
        assert_eq!(load(store, &key(id)).await.state.external.is_some(), outcome.is_ok());
    }
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

/// A step that the order itself would never decide: the schema's own rule stops it.
pub async fn more_than_was_captured_is_never_returned(store: &dyn Subject) {
    let placed = place(store, &order("O-1")).await;
    let other = place(store, &order("O-2")).await;
    let change = placed.decide(refund(1, "100.00"), NOON).unwrap();
    store.commit(commit().order(change)).await.unwrap();
    let full = load(store, &key("O-1")).await;
    let mut twice = placed.decide(refund(2, "60.00"), NOON).unwrap();
    twice.before = full.version;
    twice.after.refunds.extend(full.state.refunds.clone());
    // Another commit of the same moment is not harmed by it.
    let fine = other.decide(accept("A-2"), NOON).unwrap();
    let outcomes =
        join_all([store.commit(whole(twice, "twice")), store.commit(whole(fine, "fine"))]).await;
    assert!(matches!(outcomes[0], Err(StoreError::Corrupt(_))), "{:?}", outcomes[0]);
    assert!(outcomes[1].is_ok(), "{:?}", outcomes[1]);
    assert_eq!(load(store, &key("O-1")).await, full);
    assert!(!left_behind(store, "twice").await);
    assert!(left_behind(store, "fine").await);

    // The sum over all tenders would do, but not this one.
    let mut one_tender = other.decide(refund(3, "50.00"), NOON).unwrap();
    one_tender.before = load(store, &key("O-2")).await.version;
    for leg in &mut one_tender.after.refunds[0].legs {
        leg.tender_id = "gift".parse().unwrap();
    }
    let outcome = store.commit(commit().order(one_tender)).await;
    assert!(matches!(outcome, Err(StoreError::Corrupt(_))), "{outcome:?}");
}

pub async fn facts_are_numbered_without_gaps(store: &dyn Subject) {
    let placed = place(store, &order("O-1")).await;
    let set = Command::SetExternalReference(external("draft"));
    store.commit(commit().order(placed.decide(set, NOON).unwrap())).await.unwrap();
    let refunded = load(store, &key("O-1")).await.decide(refund(1, "60.00"), NOON).unwrap();
    let refund_id = refunded.after.refunds[0].refund_id;
    let leg_id = refunded.after.refunds[0].legs[0].leg_id.clone();
    store.commit(commit().order(refunded)).await.unwrap();
    let send = Command::SendLeg { refund_id, leg_id };
    let change = load(store, &key("O-1")).await.decide(send, NOON).unwrap();
    store.commit(commit().order(change)).await.unwrap();
    let accepted = load(store, &key("O-1")).await.decide(accept("A-1"), NOON).unwrap();
    store.commit(commit().order(accepted)).await.unwrap();

    let facts = store.facts(&key("O-1")).await.unwrap();
    let numbers: Vec<_> = facts.iter().map(|fact| (fact.place, fact.sequence)).collect();
    let expected = [(1, Some(1)), (2, Some(2)), (3, None), (4, Some(3)), (5, None), (6, Some(4))];
    assert_eq!(numbers, expected);
    assert_eq!(load(store, &key("O-1")).await.version, Version(6));
    let rebuilt = facts.iter().fold(placed.state, |order, logged| order.evolve(&logged.fact));
    let now = load(store, &key("O-1")).await.state;
    assert_eq!((rebuilt.refunds, rebuilt.published), (now.refunds, now.published));
}

pub async fn event_ids_are_unique_and_sort_by_place(store: &dyn Subject) {
    for id in ["O-1", "O-2"] {
        place(store, &order(id)).await;
    }
    let mut ids = Vec::new();
    for id in ["O-1", "O-2"] {
        let facts = store.facts(&key(id)).await.unwrap();
        assert!(facts.is_sorted_by_key(|logged| logged.event_id));
        ids.extend(facts.into_iter().map(|logged| logged.event_id));
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 4);
}

pub async fn personal_data_stay_out_of_orders_and_facts(store: &dyn Subject) {
    place(store, &order("O-1")).await;
    let order_text = serde_json::to_string(&load(store, &key("O-1")).await.state).unwrap();
    let facts = store.facts(&key("O-1")).await.unwrap();
    let facts: Vec<_> = facts.iter().map(|l| serde_json::to_string(&l.fact).unwrap()).collect();
    let view = store.order(&key("O-1")).await.unwrap().unwrap();
    assert_eq!(view.personal.unwrap().buyer.email, "Ada.Lovelace@example.com");
    for text in facts.iter().chain([&order_text]) {
        for personal in ["lovelace", "7946", "neighbour"] {
            assert!(!text.to_lowercase().contains(personal), "{text}");
        }
    }
}

/// Polled once, as a server does whose client hangs up; what queued up is committed or not, but
/// never halfway, and the store goes on.
pub async fn a_caller_that_leaves_does_not_stop_its_commit(store: &dyn Subject) {
    let placed = place(store, &order("O-1")).await;
    let change = placed.decide(refund(1, "60.00"), NOON).unwrap();
    let mut left = Box::pin(store.commit(whole(change, "left")));
    futures_util::poll!(left.as_mut()).is_ready();
    drop(left);
    // The next commit of the order waits for the one before.
    let next = load(store, &key("O-1")).await.decide(accept("A-1"), NOON).unwrap();
    let outcome = store.commit(whole(next, "next")).await;
    let now = load(store, &key("O-1")).await;
    let was_refunded = !now.state.refunds.is_empty();
    assert!(was_refunded || outcome.is_ok());
    assert_eq!(left_behind(store, "left").await, was_refunded);
    assert_eq!(left_behind(store, "next").await, outcome.is_ok());
}
