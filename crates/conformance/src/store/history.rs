//! Rules of what a commit leaves in an order's history, and of what it must not leave there.

use crate::{
    Subject,
    build::{NOON, accept, commit, external, key, load, order, place, refund},
};
use domain::order::Command;
use ports::Version;

pub async fn facts_are_numbered_without_gaps(store: &dyn Subject) {
    let placed = place(store, &order("O-1")).await;
    let set = Command::SetExternalReference(external("draft"));
    store.commit(commit().order(placed.decide(set, NOON).unwrap())).await.unwrap();
    let refunded = load(store, &key("O-1")).await.decide(refund(1, "60.00"), NOON).unwrap();
    let refund_id = refunded.after.refunds[0].refund_id;
    let leg_id = refunded.after.refunds[0].legs[0].leg_id.clone();
    store.commit(commit().order(refunded)).await.unwrap();
    let send =
        Command::SendLeg { refund_id, leg_id, attempt: 0, at: time::OffsetDateTime::UNIX_EPOCH };
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
