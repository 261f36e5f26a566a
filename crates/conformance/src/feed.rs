//! Rules of the event log as readers see it.

use crate::{
    Subject,
    build::{NOON, accept, commit, key, load, merchant, order, place, refund, shop},
};
use domain::{
    event::TYPES,
    id::{EventId, StoreId},
};
use futures_util::future::join_all;
use ports::{Event, EventFilter, Numbering, event_id};
use std::collections::{BTreeMap, HashSet};
use time::Duration;
use uuid::Uuid;

/// Expands to the rules of the event log.
#[macro_export]
macro_rules! feed {
    ($fresh:expr) => {
        $crate::rules!($fresh, feed =>
            events_say_what_happened,
            positions_have_no_gaps_in_a_store_and_over_all,
            a_part_of_a_feed_says_how_far_it_was_looked_at,
            a_filter_lets_its_types_and_its_order_pass,
            an_event_is_found_in_its_own_store_alone,
            what_was_refused_leaves_no_event,
            the_events_of_an_order_keep_their_sequence,
            a_reader_misses_nothing_while_others_write,
            whoever_waits_is_woken,
        );
    };
}

/// Once everything that was committed has its place.
pub async fn numbered(store: &dyn Subject) {
    while store.number().await.unwrap() != Numbering::Done(0) {}
}

async fn all(store: &dyn Subject, of: &StoreId) -> Vec<Event> {
    numbered(store).await;
    let stretch = store.events(of, &EventFilter::default(), 0, 1_000).await.unwrap();
    assert!(!stretch.more);
    stretch.events
}

fn kinds(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.kind).collect()
}

/// Placed and ready, refunded, accepted: two public facts, one that is not, and two more.
async fn lived(store: &dyn Subject, order_id: &str) {
    place(store, &order(order_id)).await;
    let set = domain::order::Command::SetExternalReference(crate::build::external("draft"));
    for command in [set, refund(1, "60.00"), accept(order_id)] {
        let change = load(store, &key(order_id)).await.decide(command, NOON).unwrap();
        store.commit(commit().order(change)).await.unwrap();
    }
}

pub async fn events_say_what_happened(store: &dyn Subject) {
    lived(store, "O-1").await;
    let events = all(store, &shop()).await;
    let expected = ["order.received", "order.ready", "refund.created", "order.accepted"];
    assert_eq!(kinds(&events), expected);
    let refunded = &events[2];
    let facts = store.facts(&key("O-1")).await.unwrap();
    assert_eq!(refunded.event_id, facts[3].event_id);
    assert_eq!(refunded.store_id, shop());
    assert_eq!(refunded.order_id, Some("O-1".parse().unwrap()));
    assert_eq!((refunded.sequence, refunded.position, refunded.overall), (3, 3, 3));
    assert_eq!((refunded.occurred_at, &refunded.actor), (NOON, &merchant()));
    assert_eq!(refunded.external.as_ref().unwrap().id, "draft");
    assert_eq!(events[3].external.as_ref().unwrap().id, "O-1");
    let data: serde_json::Value = serde_json::from_str(&refunded.data).unwrap();
    let refund = &load(store, &key("O-1")).await.state.refunds[0];
    assert_eq!(refunded.entity_id, refund.refund_id.to_string());
    assert_eq!(data["refund_id"], refund.refund_id.to_string());
    assert_eq!(data["total"], serde_json::json!({"customer": "60.00", "merchant": "30.00"}));
    assert_eq!(data["state"], "REFUND_STATE_PENDING");
    assert!(events.iter().all(|event| TYPES.contains(&event.kind)));
    for personal in ["lovelace", "7946", "neighbour"] {
        assert!(events.iter().all(|event| !event.data.to_lowercase().contains(personal)));
    }
}

pub async fn positions_have_no_gaps_in_a_store_and_over_all(store: &dyn Subject) {
    let stores: Vec<StoreId> = ["one", "two", "three"].map(|name| name.parse().unwrap()).into();
    for number in 0..20 {
        for of in &stores {
            place(store, &order(&format!("O-{number}")).of_store(of)).await;
        }
        if number % 7 == 0 {
            numbered(store).await;
        }
    }
    for of in &stores {
        let events = all(store, of).await;
        assert!(events.iter().map(|event| event.position).eq(1..=40), "{of}");
        assert_eq!(store.last_position(of).await.unwrap(), 40);
    }
    let all = store.all_events(0, 1_000).await.unwrap();
    assert!(all.iter().map(|event| event.overall).eq(1..=120));
    assert_eq!(store.last_overall().await.unwrap(), 120);
    let some = store.all_events(100, 10).await.unwrap();
    assert!(some.iter().map(|event| event.overall).eq(101..=110));
    assert_eq!(store.last_position(&"nobody".parse().unwrap()).await.unwrap(), 0);
}

pub async fn a_part_of_a_feed_says_how_far_it_was_looked_at(store: &dyn Subject) {
    for number in 0..5 {
        place(store, &order(&format!("O-{number}"))).await;
    }
    numbered(store).await;
    let none = EventFilter::default();
    let (mut seen, mut read) = (0, Vec::new());
    loop {
        let stretch = store.events(&shop(), &none, seen, 3).await.unwrap();
        read.extend(stretch.events.iter().map(|event| event.position));
        assert_eq!(read.last(), Some(&stretch.seen));
        seen = stretch.seen;
        if !stretch.more {
            break;
        }
    }
    assert!(read.iter().copied().eq(1..=10));
    let end = store.events(&shop(), &none, 10, 3).await.unwrap();
    assert_eq!((end.events, end.seen, end.more), (vec![], 10, false));
}

pub async fn a_filter_lets_its_types_and_its_order_pass(store: &dyn Subject) {
    for order_id in ["O-1", "O-2"] {
        lived(store, order_id).await;
    }
    numbered(store).await;
    let read = async |types: &[&'static str], order_id: Option<&str>, after, limit| {
        let order_id = order_id.map(|id| id.parse().unwrap());
        let filter = EventFilter { types: types.to_vec(), order_id };
        store.events(&shop(), &filter, after, limit).await.unwrap()
    };
    let accepted = read(&["order.accepted"], None, 0, 10).await;
    assert!(accepted.events.iter().map(|event| event.position).eq([4, 8]));
    let first = read(&["order.accepted", "refund.created"], None, 0, 2).await;
    assert!(first.events.iter().map(|event| event.position).eq([3, 4]) && first.more);
    let second = read(&[], Some("O-2"), 0, 10).await;
    assert!(second.events.iter().map(|event| event.position).eq(5..=8));
    let later = read(&["order.accepted"], Some("O-2"), 5, 10).await;
    assert_eq!(kinds(&later.events), ["order.accepted"]);
    // Whatever passes, the feed was looked at to its end.
    for (types, order_id) in [(&["dispute.won"][..], None), (&[], Some("O-3")), (&[], Some("O-1"))]
    {
        let stretch = read(types, order_id, 4, 10).await;
        assert_eq!((stretch.events, stretch.seen, stretch.more), (vec![], 8, false));
    }
}

pub async fn an_event_is_found_in_its_own_store_alone(store: &dyn Subject) {
    lived(store, "O-1").await;
    let events = all(store, &shop()).await;
    let other: StoreId = "other".parse().unwrap();
    for event in &events {
        let own = store.position(&shop(), event.event_id).await.unwrap();
        assert_eq!(own, Some(event.position));
        assert_eq!(store.position(&other, event.event_id).await.unwrap(), None);
        assert_eq!(event_id::origin(event.event_id, &shop()), event_id::Origin::Own);
        assert_eq!(event_id::origin(event.event_id, &other), event_id::Origin::Other);
    }
    // The third fact is for the audit trail alone.
    let private = store.facts(&key("O-1")).await.unwrap()[2].event_id;
    assert_eq!(store.position(&shop(), private).await.unwrap(), None);
    let unknown = EventId::from_uuid(Uuid::nil());
    assert_eq!(store.position(&shop(), unknown).await.unwrap(), None);
}

pub async fn what_was_refused_leaves_no_event(store: &dyn Subject) {
    let placed = place(store, &order("O-1")).await;
    let change = placed.decide(refund(1, "60.00"), NOON).unwrap();
    store.commit(commit().order(change.clone())).await.unwrap();
    assert!(store.commit(commit().order(change)).await.is_err());
    assert_eq!(all(store, &shop()).await.len(), 3);
}

pub async fn the_events_of_an_order_keep_their_sequence(store: &dyn Subject) {
    let lives = (0..12).map(|number| async move { lived(store, &format!("O-{number}")).await });
    join_all(lives).await;
    let mut last: BTreeMap<_, i64> = BTreeMap::new();
    for event in all(store, &shop()).await {
        let last = last.entry(event.order_id.unwrap()).or_default();
        assert_eq!(event.sequence, *last + 1);
        *last = event.sequence;
    }
    assert!(last.values().all(|count| *count == 4));
}

pub async fn a_reader_misses_nothing_while_others_write(store: &dyn Subject) {
    let writers = async {
        join_all((0..8).map(|writer| async move {
            for number in 0..15 {
                lived(store, &format!("O-{writer}-{number}")).await;
            }
        }))
        .await;
    };
    let sequencer = async {
        loop {
            store.number().await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    let reader = async {
        let (mut cursor, mut seen) = (0, HashSet::new());
        while seen.len() < 8 * 15 * 4 {
            let none = EventFilter::default();
            let stretch = store.events(&shop(), &none, cursor, 7).await.unwrap();
            for event in stretch.events {
                assert_eq!(event.position, cursor + 1, "a position was not there yet");
                assert!(seen.insert(event.event_id));
                cursor = event.position;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        ((), ()) = futures_util::future::join(writers, reader) => {}
        () = sequencer => {}
    }
}

pub async fn whoever_waits_is_woken(store: &dyn Subject) {
    let long = Duration::minutes(5);
    let write = async {
        place(store, &order("O-1")).await;
        store.committed(Duration::milliseconds(1)).await;
        numbered(store).await;
    };
    futures_util::future::join(store.published(long), write).await;
}
