//! Rules of what was sent and is shown for a while.

use super::{claim, delivered, delivery, ids, listed, named, progress, put, told};
use crate::{
    Subject,
    build::{NOON, minutes},
};
use domain::id::EventId;
use ports::{Delivery, DeliveryFilter, DeliveryState, PageRequest};
use uuid::Uuid;

pub async fn deliveries_are_listed_newest_first(store: &dyn Subject) {
    let (endpoint, events) = told(store).await;
    put(store, &super::endpoint(2)).await;
    claim(store, "me", NOON).await;
    let round = progress(
        4,
        vec![
            delivered(&events[0]),
            delivery(&events[1]),
            delivered(&events[2]),
            delivered(&events[3]),
        ],
    );
    store.keep(&named(&endpoint), "me", &round).await.unwrap();
    let list = async |states: &[DeliveryState], event_id, size, after| {
        let filter = DeliveryFilter { states: states.to_vec(), event_id };
        let page = PageRequest { size, after };
        let page = store.deliveries(&named(&endpoint), &filter, page).await.unwrap();
        (ids(&page.items), page.next)
    };
    let id = |place: usize| events[place].event_id;
    assert_eq!(list(&[], None, 9, None).await, (vec![id(3), id(2), id(1), id(0)], None));
    assert_eq!(list(&[], None, 3, None).await, (vec![id(3), id(2), id(1)], Some(id(1))));
    assert_eq!(list(&[], None, 3, Some(id(1))).await, (vec![id(0)], None));
    let (pending, through) = (DeliveryState::Pending, DeliveryState::Delivered);
    assert_eq!(list(&[pending], None, 9, None).await, (vec![id(1)], None));
    assert_eq!(list(&[through], None, 2, None).await, (vec![id(3), id(2)], Some(id(2))));
    assert_eq!(list(&[through, pending], None, 9, None).await.0.len(), 4);
    assert_eq!(list(&[], Some(id(2)), 9, None).await, (vec![id(2)], None));
    assert_eq!(list(&[pending], Some(id(2)), 9, None).await, (vec![], None));
    assert_eq!(listed(store, &super::endpoint(2)).await, []);
}

pub async fn what_was_delivered_is_dropped_some_at_a_time(store: &dyn Subject) {
    let (endpoint, events) = told(store).await;
    claim(store, "me", NOON).await;
    // Taken long ago, out of turn, pending, and taken only now.
    let old = (1..=5).map(|number| Delivery {
        event_id: EventId::from_uuid(Uuid::from_u128(number)),
        ..delivered(&events[0])
    });
    let out_of_turn = delivered(&events[2]);
    let late = Delivery { updated_at: minutes(60), ..delivered(&events[0]) };
    let stay = [out_of_turn, delivery(&events[1]), late];
    let round = progress(2, old.chain(stay.clone()).collect());
    store.keep(&named(&endpoint), "me", &round).await.unwrap();
    assert_eq!(store.drop_delivered(NOON, 100).await.unwrap(), 0);
    let before = minutes(30);
    assert_eq!(store.drop_delivered(before, 3).await.unwrap(), 3);
    assert_eq!(listed(store, &endpoint).await.len(), 5);
    assert_eq!(store.drop_delivered(before, 3).await.unwrap(), 2);
    assert_eq!(store.drop_delivered(before, 3).await.unwrap(), 0);
    assert_eq!(listed(store, &endpoint).await, stay);
}
