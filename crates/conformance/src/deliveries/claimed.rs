//! Rules of endpoints, and of who works on them.

use super::{
    claim, delivered, delivery, disabled, endpoint, happened, lease, listed, named, numbers,
    of_store, pending, progress, put, told,
};
use crate::{
    Subject,
    build::{NOON, commit, minutes, shop},
};
use domain::id::{EndpointId, StoreId};
use futures_util::future::join_all;
use ports::{Again, EndpointChange, EndpointKey, Outlook, Progress};
use std::collections::BTreeSet;
use time::Duration;
use uuid::Uuid;

pub async fn endpoints_are_found_by_store_and_id(store: &dyn Subject) {
    let (first, second) = (endpoint(1), endpoint(2));
    let other = of_store(endpoint(3), "other");
    for endpoint in [&second, &first, &other] {
        put(store, endpoint).await;
    }
    assert_eq!(store.endpoint(&named(&first)).await.unwrap(), Some(first.clone()));
    let foreign = EndpointKey { store_id: shop(), endpoint_id: other.endpoint_id };
    assert_eq!(store.endpoint(&foreign).await.unwrap(), None);
    assert_eq!(store.endpoints(&shop()).await.unwrap(), [first.clone(), second.clone()]);
    let changed = disabled(first);
    put(store, &changed).await;
    assert_eq!(store.endpoints(&shop()).await.unwrap(), [changed, second]);
}

pub async fn an_endpoint_that_was_deleted_is_gone_with_its_deliveries(store: &dyn Subject) {
    let (endpoint, events) = told(store).await;
    claim(store, "me", NOON).await;
    let some = progress(1, vec![delivered(&events[0]), delivery(&events[1])]);
    store.keep(&named(&endpoint), "me", &some).await.unwrap();
    let (store_id, endpoint_id) = (shop(), endpoint.endpoint_id);
    let mut deleting = commit();
    deleting.endpoints = vec![EndpointChange::Delete { store_id, endpoint_id }];
    // One that nobody knows is deleted already.
    let unknown = EndpointId::from_uuid(Uuid::from_u128(99));
    deleting.endpoints.push(EndpointChange::Delete { store_id: shop(), endpoint_id: unknown });
    store.commit(deleting).await.unwrap();
    assert_eq!(store.endpoint(&named(&endpoint)).await.unwrap(), None);
    assert_eq!(store.endpoints(&shop()).await.unwrap(), []);
    assert_eq!(listed(store, &endpoint).await, []);
    // Whoever was at it has lost it.
    let more = progress(2, vec![delivered(&events[1])]);
    assert_eq!(store.keep(&named(&endpoint), "me", &more).await.unwrap(), None);
    store.send_test(&named(&endpoint), events[3].event_id, NOON).await.unwrap();
    assert!(claim(store, "me", minutes(30)).await.is_empty());
    // What is left of it is dropped in the end.
    while store.drop_delivered(NOON, 1).await.unwrap() > 0 {}
    assert_eq!(pending(store, &endpoint).await, []);
}

pub async fn an_endpoint_is_told_of_what_comes_after_it(store: &dyn Subject) {
    happened(store, &shop(), &["O-1", "O-2", "O-3"]).await;
    happened(store, &"other".parse().unwrap(), &["O-1"]).await;
    put(store, &endpoint(1)).await;
    put(store, &of_store(endpoint(2), "nothing")).await;
    assert!(claim(store, "me", NOON).await.is_empty());
    happened(store, &shop(), &["O-4"]).await;
    happened(store, &"nothing".parse().unwrap(), &["O-1"]).await;
    // A change leaves the cursor where it is.
    put(store, &endpoint(1)).await;
    let mut claimed = claim(store, "me", NOON).await;
    claimed.sort_by_key(|it| it.endpoint.endpoint_id);
    let cursors = claimed.iter().map(|it| (it.cursor, it.touched));
    assert!(cursors.eq([(6, 1), (0, 0)]));
}

pub async fn endpoints_are_claimed_once_under_concurrency(store: &dyn Subject) {
    for number in 0..60 {
        put(store, &endpoint(number)).await;
    }
    happened(store, &shop(), &["O-1"]).await;
    let workers = (0..8).map(async |number| {
        let lease = lease(&format!("worker-{number}"), minutes(1));
        let mut mine = Vec::new();
        loop {
            let claimed = store.claim_endpoints(7, &lease, NOON).await.unwrap();
            if claimed.is_empty() {
                return mine;
            }
            assert!(claimed.len() <= 7 && claimed.iter().all(|it| it.lease == lease));
            mine.extend(numbers(&claimed));
        }
    });
    let claimed: Vec<u128> = join_all(workers).await.concat();
    assert_eq!(claimed.len(), 60);
    assert_eq!(claimed.into_iter().collect::<BTreeSet<_>>(), (0..60).collect());
}

pub async fn an_endpoint_with_nothing_to_do_is_not_claimed(store: &dyn Subject) {
    let (endpoint, events) = told(store).await;
    let key = named(&endpoint);
    let settle = async |cursor, due_at| {
        let progress = Progress {
            outlook: Outlook { due_at, full: false, quiet_until: None },
            ..progress(cursor, vec![delivery(&events[0])])
        };
        store.keep(&key, "me", &progress).await.unwrap().unwrap();
        store.release_endpoint(&key, "me").await.unwrap();
    };
    assert_eq!(claim(store, "me", NOON).await.len(), 1);
    settle(4, None).await;
    assert!(claim(store, "me", minutes(9_999)).await.is_empty());
    happened(store, &"other".parse().unwrap(), &["O-9"]).await;
    assert!(claim(store, "me", NOON).await.is_empty());
    happened(store, &shop(), &["O-9"]).await;
    assert_eq!(claim(store, "me", NOON).await[0].cursor, 4);
    settle(6, Some(minutes(5))).await;
    assert!(claim(store, "me", minutes(5) - Duration::MICROSECOND).await.is_empty());
    assert_eq!(claim(store, "me", minutes(5)).await[0].cursor, 6);
}

pub async fn whoever_was_served_longest_ago_is_claimed_first(store: &dyn Subject) {
    for number in [1, 2, 3] {
        put(store, &endpoint(number)).await;
    }
    happened(store, &shop(), &["O-1"]).await;
    let mut turns = Vec::new();
    for minute in 0..6 {
        let lease = lease("me", minutes(minute + 1));
        let claimed = store.claim_endpoints(1, &lease, minutes(minute)).await.unwrap();
        store.release_endpoint(&named(&claimed[0].endpoint), "me").await.unwrap();
        turns.extend(numbers(&claimed));
    }
    assert_eq!(turns[..3].iter().collect::<BTreeSet<_>>().len(), 3);
    assert_eq!(turns[..3], turns[3..]);
}

pub async fn a_disabled_endpoint_is_not_claimed(store: &dyn Subject) {
    put(store, &disabled(endpoint(1))).await;
    put(store, &endpoint(2)).await;
    happened(store, &shop(), &["O-1"]).await;
    assert_eq!(numbers(&claim(store, "me", NOON).await), [2]);
    put(store, &disabled(endpoint(2))).await;
    assert!(claim(store, "you", minutes(9)).await.is_empty());
    put(store, &endpoint(1)).await;
    let claimed = claim(store, "you", minutes(9)).await;
    assert_eq!((numbers(&claimed), claimed[0].cursor), (vec![1], 0));
}

pub async fn a_full_endpoint_is_claimed_when_something_is_due(store: &dyn Subject) {
    let (endpoint, events) = told(store).await;
    claim(store, "me", NOON).await;
    let outlook = Outlook { due_at: Some(minutes(5)), full: true, quiet_until: None };
    let full = Progress { outlook, ..progress(1, vec![delivery(&events[0])]) };
    store.keep(&named(&endpoint), "me", &full).await.unwrap().unwrap();
    store.release_endpoint(&named(&endpoint), "me").await.unwrap();
    assert!(claim(store, "me", minutes(4)).await.is_empty());
    assert_eq!(claim(store, "me", minutes(5)).await.len(), 1);
    let room = progress(1, vec![delivered(&events[0])]);
    store.keep(&named(&endpoint), "me", &room).await.unwrap().unwrap();
    store.release_endpoint(&named(&endpoint), "me").await.unwrap();
    assert_eq!(claim(store, "me", NOON).await.len(), 1);
}

pub async fn an_endpoint_that_wants_to_be_left_alone_is_not_claimed(store: &dyn Subject) {
    let (endpoint, events) = told(store).await;
    claim(store, "me", NOON).await;
    let outlook = Outlook { due_at: Some(NOON), full: false, quiet_until: Some(minutes(60)) };
    let quiet = Progress { outlook, ..progress(1, vec![delivery(&events[0])]) };
    store.keep(&named(&endpoint), "me", &quiet).await.unwrap().unwrap();
    store.release_endpoint(&named(&endpoint), "me").await.unwrap();
    // Whatever comes, and whatever somebody asks for.
    happened(store, &shop(), &["O-9"]).await;
    store.send_again(&endpoint, &Again::Event(events[0].event_id), NOON).await.unwrap();
    assert!(claim(store, "me", minutes(60) - Duration::MICROSECOND).await.is_empty());
    assert_eq!(claim(store, "me", minutes(60)).await.len(), 1);
    let quiet = Progress { touched: 1, ..quiet };
    store.keep(&named(&endpoint), "me", &quiet).await.unwrap().unwrap();
    store.release_endpoint(&named(&endpoint), "me").await.unwrap();
    assert!(claim(store, "me", NOON).await.is_empty());
    // It may be somewhere else by now.
    put(store, &endpoint).await;
    assert_eq!(claim(store, "me", NOON).await.len(), 1);
}

/// What is kept by a worker that has not noticed yet says nothing of when there is something to do.
pub async fn whoever_works_does_not_hide_that_an_endpoint_was_changed(store: &dyn Subject) {
    let (endpoint, events) = told(store).await;
    let key = named(&endpoint);
    claim(store, "me", NOON).await;
    put(store, &endpoint).await;
    let outlook = Outlook { due_at: Some(minutes(1)), full: false, quiet_until: Some(minutes(90)) };
    let unaware = Progress { outlook, ..progress(4, vec![delivery(&events[0])]) };
    assert_eq!(store.keep(&key, "me", &unaware).await.unwrap(), Some(1));
    store.release_endpoint(&key, "me").await.unwrap();
    assert_eq!(claim(store, "me", NOON).await[0].touched, 1);
}

pub async fn an_endpoints_lease_that_ran_out_is_nobodys(store: &dyn Subject) {
    let (endpoint, _) = told(store).await;
    assert_eq!(claim(store, "first", NOON).await.len(), 1);
    let last = minutes(1) - Duration::MICROSECOND;
    assert!(claim(store, "second", last).await.is_empty());
    assert_eq!(claim(store, "second", minutes(1)).await.len(), 1);
    // The first one's word does not count any more.
    let key = named(&endpoint);
    assert_eq!(store.renew_endpoint(&key, &lease("first", minutes(9))).await.unwrap(), None);
    store.release_endpoint(&key, "first").await.unwrap();
    assert!(claim(store, "third", minutes(1)).await.is_empty());
}

pub async fn only_the_owner_renews_an_endpoints_lease(store: &dyn Subject) {
    let (endpoint, _) = told(store).await;
    let renew = async |owner, key: &EndpointKey| {
        store.renew_endpoint(key, &lease(owner, minutes(5))).await.unwrap()
    };
    let key = named(&endpoint);
    assert_eq!(renew("me", &key).await, None);
    claim(store, "me", NOON).await;
    assert_eq!(renew("you", &key).await, None);
    let unknown = EndpointKey { endpoint_id: super::endpoint(9).endpoint_id, ..key.clone() };
    assert_eq!(renew("me", &unknown).await, None);
    assert_eq!(renew("me", &key).await, Some(0));
    assert!(claim(store, "you", minutes(4)).await.is_empty());
    assert_eq!(claim(store, "you", minutes(5)).await.len(), 1);
}

pub async fn only_the_owner_gives_an_endpoint_back(store: &dyn Subject) {
    let (endpoint, _) = told(store).await;
    claim(store, "me", NOON).await;
    let key = named(&endpoint);
    store.release_endpoint(&key, "you").await.unwrap();
    assert!(claim(store, "you", NOON).await.is_empty());
    let foreign = EndpointKey { store_id: "other".parse::<StoreId>().unwrap(), ..key.clone() };
    store.release_endpoint(&foreign, "me").await.unwrap();
    assert!(claim(store, "you", NOON).await.is_empty());
    store.release_endpoint(&key, "me").await.unwrap();
    assert_eq!(claim(store, "you", NOON).await.len(), 1);
}
