//! Rules of what a person asks to be sent.

use super::{
    MILLISECOND, claim, delivered, delivery, happened, ids, listed, named, pending, progress, put,
    told,
};
use crate::{
    Subject,
    build::{NOON, minutes, shop},
};
use domain::{
    event::TEST,
    id::EventId,
    webhook::{Endpoint, Format},
};
use ports::{Again, Delivery, DeliveryState, MAX_PENDING, PutIn};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

async fn again(store: &dyn Subject, endpoint: &Endpoint, event: EventId) -> u32 {
    put_in(store.send_again(endpoint, &Again::Event(event), minutes(7)).await.unwrap())
}

fn put_in(put_in: PutIn) -> u32 {
    match put_in {
        PutIn::Done(count) => count,
        PutIn::Full(pending) => panic!("{pending} are pending"),
    }
}

async fn range(
    store: &dyn Subject,
    endpoint: &Endpoint,
    from: OffsetDateTime,
    before: OffsetDateTime,
) -> u32 {
    let range = Again::Range { from, before };
    put_in(store.send_again(endpoint, &range, minutes(7)).await.unwrap())
}

/// All of it was taken.
async fn took(store: &dyn Subject, endpoint: &Endpoint, cursor: i64, deliveries: Vec<Delivery>) {
    claim(store, "me", NOON).await;
    let key = named(endpoint);
    store.keep(&key, "me", &progress(cursor, deliveries)).await.unwrap().unwrap();
    store.release_endpoint(&key, "me").await.unwrap();
}

pub async fn one_event_is_sent_again(store: &dyn Subject) {
    let (mut endpoint, events) = told(store).await;
    // Whatever its type.
    endpoint.types = vec!["order.ready".into()];
    let waits = Delivery { due_at: Some(minutes(90)), ..delivery(&events[2]) };
    took(store, &endpoint, 4, vec![delivered(&events[1]), waits]).await;
    assert!(claim(store, "me", minutes(6)).await.is_empty());
    for event in &events[..3] {
        assert_eq!(again(store, &endpoint, event.event_id).await, 1);
    }
    let rows = listed(store, &endpoint).await;
    assert_eq!(ids(&rows), [2, 1, 0].map(|place| events[place].event_id));
    for row in &rows {
        assert_eq!((row.state, row.tries), (DeliveryState::Pending, 0));
        assert_eq!((row.due_at, row.updated_at), (Some(minutes(7)), minutes(7)));
    }
    // One that is new, and one that keeps its place and what was tried.
    assert_eq!((rows[2].created_at, rows[2].attempts.len()), (minutes(7), 0));
    assert_eq!((rows[1].created_at, rows[1].attempts.len()), (NOON, 1));
    assert_eq!(rows[2].kind, "order.received");
    assert_eq!((&rows[2].order_id, rows[2].position), (&events[0].order_id, 1));
    let claimed = claim(store, "me", minutes(7)).await;
    assert_eq!((claimed[0].cursor, claimed[0].touched), (4, 3));
}

pub async fn events_of_a_time_are_sent_again(store: &dyn Subject) {
    let (endpoint, events) = told(store).await;
    took(store, &endpoint, 4, vec![delivered(&events[0])]).await;
    let (first, end) = (NOON + Duration::MICROSECOND, NOON + MILLISECOND * 4);
    assert_eq!(range(store, &endpoint, end, minutes(60)).await, 0);
    assert_eq!(range(store, &endpoint, minutes(-60), NOON).await, 0);
    assert!(claim(store, "me", minutes(9)).await.is_empty());
    assert_eq!(range(store, &endpoint, NOON, first).await, 1);
    assert_eq!(range(store, &endpoint, first, NOON + MILLISECOND * 3).await, 2);
    assert!(pending(store, &endpoint).await.iter().map(|row| row.position).eq(1..=3));
    assert_eq!(range(store, &endpoint, NOON, end).await, 4);
    let rows = pending(store, &endpoint).await;
    assert!(rows.iter().map(|row| row.position).eq(1..=4));
    assert!(rows.iter().all(|row| (row.tries, row.due_at) == (0, Some(minutes(7)))));
    assert_eq!(claim(store, "me", minutes(7)).await.len(), 1);
    // Those that it wants.
    let picky = Endpoint { types: vec!["order.ready".into()], ..super::endpoint(2) };
    put(store, &picky).await;
    assert_eq!(range(store, &picky, NOON, end).await, 2);
    assert!(pending(store, &picky).await.iter().all(|row| row.kind == "order.ready"));
    let none = Endpoint { format: Format::Globale, ..super::endpoint(3) };
    put(store, &none).await;
    assert_eq!(range(store, &none, minutes(-900_000_000), minutes(900_000_000)).await, 0);
    assert_eq!(again(store, &none, events[0].event_id).await, 0);
}

pub async fn what_an_endpoint_was_not_told_of_yet_is_not_sent_again(store: &dyn Subject) {
    let (endpoint, events) = told(store).await;
    // The fourth was taken out of turn.
    took(store, &endpoint, 2, vec![delivered(&events[3])]).await;
    assert_eq!(again(store, &endpoint, events[2].event_id).await, 0);
    assert_eq!(again(store, &endpoint, events[3].event_id).await, 1);
    assert_eq!(range(store, &endpoint, NOON, minutes(1)).await, 3);
    let positions: Vec<_> = pending(store, &endpoint).await.iter().map(|it| it.position).collect();
    assert_eq!(positions, [1, 2, 4]);
}

pub async fn what_is_not_the_stores_is_not_sent_again(store: &dyn Subject) {
    let (endpoint, _) = told(store).await;
    took(store, &endpoint, 4, vec![]).await;
    let other = "other".parse().unwrap();
    happened(store, &other, &["O-1"]).await;
    let foreign = store.all_events(4, 1).await.unwrap()[0].event_id;
    assert_eq!(again(store, &endpoint, foreign).await, 0);
    assert_eq!(again(store, &endpoint, EventId::from_uuid(Uuid::nil())).await, 0);
    let unknown = super::endpoint(9);
    assert_eq!(range(store, &unknown, NOON, minutes(1)).await, 0);
    assert_eq!(listed(store, &endpoint).await, []);
    assert!(claim(store, "me", minutes(9)).await.is_empty());
}

pub async fn no_more_is_sent_again_than_may_be_pending(store: &dyn Subject) {
    let (endpoint, events) = told(store).await;
    let many = (2..MAX_PENDING).map(|number| Delivery {
        event_id: EventId::from_uuid(Uuid::from_u128(u128::from(number))),
        ..delivery(&events[0])
    });
    took(store, &endpoint, 4, many.collect()).await;
    assert_eq!(range(store, &endpoint, NOON, minutes(1)).await, 2);
    let rows = listed(store, &endpoint).await;
    assert_eq!(ids(&rows[..2]), [events[1].event_id, events[0].event_id]);
    // Nothing more then, by whichever way, and nobody is told to look.
    let key = named(&endpoint);
    let id = EventId::from_uuid(Uuid::now_v7());
    let full = PutIn::Full(MAX_PENDING);
    assert_eq!(store.send_test(&key, id, minutes(7)).await.unwrap(), full);
    let event = Again::Event(events[3].event_id);
    for again in [event, Again::Range { from: NOON, before: minutes(1) }] {
        assert_eq!(store.send_again(&endpoint, &again, minutes(7)).await.unwrap(), full);
    }
    assert_eq!(pending(store, &endpoint).await.len(), 20_000);
    assert_eq!(claim(store, "me", minutes(7)).await[0].touched, 1);
}

pub async fn a_test_is_sent(store: &dyn Subject) {
    let (endpoint, events) = told(store).await;
    took(store, &endpoint, 4, vec![delivered(&events[0])]).await;
    let id = EventId::from_uuid(Uuid::now_v7());
    let sent = store.send_test(&named(&endpoint), id, minutes(7)).await.unwrap();
    assert_eq!(sent, PutIn::Done(1));
    let rows = pending(store, &endpoint).await;
    let test = &rows[0];
    assert_eq!(rows, [Delivery::test(id, minutes(7))]);
    assert_eq!((test.kind, test.position, test.asked), (TEST, 0, true));
    assert_eq!(claim(store, "me", minutes(7)).await.len(), 1);
    // Like an event.
    let through = Delivery { state: DeliveryState::Delivered, due_at: None, ..test.clone() };
    store.keep(&named(&endpoint), "me", &progress(4, vec![through])).await.unwrap();
    assert_eq!(pending(store, &endpoint).await, []);
    assert_eq!(store.backlog(&named(&endpoint)).await.unwrap().delivered, []);
    assert_eq!(again(store, &endpoint, id).await, 1);
    let globale = Endpoint { format: Format::Globale, ..super::endpoint(2) };
    put(store, &globale).await;
    store.send_test(&named(&globale), id, NOON).await.unwrap();
    assert_eq!(again(store, &globale, id).await, 1);
    let unknown = super::endpoint(9);
    let sent = store.send_test(&named(&unknown), id, NOON).await.unwrap();
    assert_eq!(sent, PutIn::Done(0));
    assert_eq!(listed(store, &unknown).await, []);
    assert_eq!(store.endpoints(&shop()).await.unwrap().len(), 2);
}
