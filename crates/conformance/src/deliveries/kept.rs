//! Rules of what came of the work on an endpoint.

use super::{
    claim, delivered, delivery, disabled, ids, listed, named, pending, progress, put, told,
};
use crate::{
    Subject,
    build::{NOON, minutes},
};
use domain::id::EventId;
use ports::{Again, Attempt, Delivery, DeliveryState, Outlook, Progress};
use uuid::Uuid;

pub async fn cursor_and_deliveries_are_kept_together(store: &dyn Subject) {
    let (endpoint, events) = told(store).await;
    claim(store, "me", NOON).await;
    let expected = [delivery(&events[1]), delivered(&events[0])];
    let round = progress(2, expected.clone().into());
    assert_eq!(store.keep(&named(&endpoint), "me", &round).await.unwrap(), Some(0));
    assert_eq!(listed(store, &endpoint).await, expected);
    assert_eq!(pending(store, &endpoint).await, expected[..1]);
    assert_eq!(claim(store, "you", minutes(1)).await[0].cursor, 2);
}

pub async fn nothing_is_kept_under_a_lost_lease(store: &dyn Subject) {
    let (endpoint, events) = told(store).await;
    let round = progress(3, vec![delivered(&events[0])]);
    let key = named(&endpoint);
    assert_eq!(store.keep(&key, "me", &round).await.unwrap(), None);
    claim(store, "me", NOON).await;
    claim(store, "you", minutes(1)).await;
    assert_eq!(store.keep(&key, "me", &round).await.unwrap(), None);
    assert_eq!(listed(store, &endpoint).await, []);
    store.release_endpoint(&key, "you").await.unwrap();
    assert_eq!(store.keep(&key, "you", &round).await.unwrap(), None);
    let next = claim(store, "you", minutes(2)).await;
    assert_eq!((next[0].cursor, next[0].touched), (0, 0));
}

pub async fn a_delivery_that_is_kept_again_is_as_it_is_now(store: &dyn Subject) {
    let (endpoint, events) = told(store).await;
    claim(store, "me", NOON).await;
    let first = delivery(&events[0]);
    store.keep(&named(&endpoint), "me", &progress(1, vec![first.clone()])).await.unwrap();
    let mut second = Delivery {
        state: DeliveryState::Delivered,
        tries: 2,
        due_at: None,
        updated_at: minutes(5),
        ..first
    };
    second.attempts.push(Attempt { at: minutes(5), status: None, why: None, millis: 3 });
    store.keep(&named(&endpoint), "me", &progress(1, vec![second.clone()])).await.unwrap();
    assert_eq!(listed(store, &endpoint).await, [second]);
    assert_eq!(pending(store, &endpoint).await, []);
}

/// More than a database takes values in one statement.
pub async fn many_deliveries_are_kept_at_once(store: &dyn Subject) {
    let (endpoint, events) = told(store).await;
    claim(store, "me", NOON).await;
    let many = (1..=5_000).map(|number| Delivery {
        event_id: EventId::from_uuid(Uuid::from_u128(number)),
        position: i64::try_from(number).unwrap(),
        ..delivery(&events[0])
    });
    let round = progress(4, many.collect());
    assert_eq!(store.keep(&named(&endpoint), "me", &round).await.unwrap(), Some(0));
    assert_eq!(pending(store, &endpoint).await, round.deliveries);
    let some = store.backlog(&named(&endpoint), 17).await.unwrap().pending;
    assert_eq!(some, round.deliveries[..17]);
}

pub async fn a_backlog_is_what_is_pending_and_what_came_out_of_turn(store: &dyn Subject) {
    let (endpoint, events) = told(store).await;
    claim(store, "me", NOON).await;
    // The second one is still on its way.
    let round =
        progress(1, vec![delivered(&events[0]), delivered(&events[3]), delivery(&events[2])]);
    store.keep(&named(&endpoint), "me", &round).await.unwrap();
    let backlog = store.backlog(&named(&endpoint), 10).await.unwrap();
    assert_eq!(ids(&backlog.pending), [events[2].event_id]);
    assert_eq!(backlog.delivered, [events[3].event_id]);
    store.keep(&named(&endpoint), "me", &progress(4, vec![delivered(&events[1])])).await.unwrap();
    let backlog = store.backlog(&named(&endpoint), 10).await.unwrap();
    assert_eq!(ids(&backlog.pending), [events[2].event_id]);
    assert_eq!(backlog.delivered, []);
}

pub async fn whoever_works_learns_that_an_endpoint_was_touched(store: &dyn Subject) {
    let (endpoint, events) = told(store).await;
    let key = named(&endpoint);
    assert_eq!(claim(store, "me", NOON).await[0].touched, 0);
    put(store, &endpoint).await;
    let until = super::lease("me", minutes(9));
    assert_eq!(store.renew_endpoint(&key, &until).await.unwrap(), Some(1));
    store.keep(&key, "me", &progress(2, vec![delivered(&events[0])])).await.unwrap();
    store.send_again(&endpoint, &Again::Event(events[0].event_id), NOON).await.unwrap();
    assert_eq!(store.keep(&key, "me", &progress(2, vec![])).await.unwrap(), Some(2));
    store.send_test(&key, EventId::from_uuid(Uuid::from_u128(7)), NOON).await.unwrap();
    assert_eq!(store.renew_endpoint(&key, &until).await.unwrap(), Some(3));
    assert_eq!(claim(store, "you", minutes(9)).await[0].touched, 3);
}

/// A worker that does not know of it yet says that nothing is due, and ends.
pub async fn what_is_asked_for_meanwhile_is_not_forgotten(store: &dyn Subject) {
    let (endpoint, events) = told(store).await;
    let key = named(&endpoint);
    claim(store, "me", NOON).await;
    store.keep(&key, "me", &progress(4, vec![delivered(&events[0])])).await.unwrap();
    store.send_again(&endpoint, &Again::Event(events[0].event_id), NOON).await.unwrap();
    let outlook = Outlook { due_at: None, full: true };
    let unaware = Progress { outlook, ..progress(4, vec![]) };
    assert_eq!(store.keep(&key, "me", &unaware).await.unwrap(), Some(1));
    store.release_endpoint(&key, "me").await.unwrap();
    let claimed = claim(store, "me", NOON).await;
    assert_eq!(claimed[0].touched, 1);
    // Now it knows.
    assert_eq!(store.keep(&key, "me", &Progress { touched: 1, ..unaware }).await.unwrap(), Some(1));
    store.release_endpoint(&key, "me").await.unwrap();
    assert!(claim(store, "me", minutes(9)).await.is_empty());
}

pub async fn an_endpoint_that_is_enabled_again_begins_again(store: &dyn Subject) {
    let (endpoint, events) = told(store).await;
    let key = named(&endpoint);
    claim(store, "me", NOON).await;
    let failed = Delivery { tries: 10, due_at: None, ..delivery(&events[0]) };
    let waits = Delivery { tries: 3, due_at: Some(minutes(99)), ..delivery(&events[2]) };
    let round = progress(4, vec![failed.clone(), waits.clone(), delivered(&events[1])]);
    store.keep(&key, "me", &round).await.unwrap();
    store.release_endpoint(&key, "me").await.unwrap();
    put(store, &disabled(endpoint.clone())).await;
    put(store, &disabled(endpoint.clone())).await;
    assert!(claim(store, "me", minutes(100)).await.is_empty());
    put(store, &endpoint).await;
    assert_eq!(claim(store, "me", minutes(1)).await.len(), 1);
    let again = |delivery| Delivery { tries: 0, due_at: None, ..delivery };
    assert_eq!(pending(store, &endpoint).await, [again(failed.clone()), again(waits)]);
    // Any other change leaves them alone.
    store.keep(&key, "me", &progress(4, vec![failed.clone()])).await.unwrap();
    put(store, &endpoint).await;
    assert_eq!(pending(store, &endpoint).await[0], failed);
    assert_eq!(listed(store, &endpoint).await.len(), 3);
}
