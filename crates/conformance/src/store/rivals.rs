//! Rules of commits in the same moment: none of them harms another.

use super::{left_behind, whole};
use crate::{
    Subject,
    build::{NOON, accept, commit, key, load, names, order, place, receipt, refund, request},
};
use domain::{order::Command, refund::RefundState};
use futures_util::future::join_all;
use ports::{StoreError, Version};

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
        let ready = load(store, &key(id))
            .await
            .decide(Command::MarkReady { plug_and_play: false }, NOON)
            .unwrap();
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
