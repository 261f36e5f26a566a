//! Rules of what came of the work on an endpoint.

use super::{
    briefly, claim, delivered, delivery, disabled, ids, listed, named, pending, progress, put, told,
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
    assert_eq!(pending(store, &endpoint).await, [briefly(&expected[0])]);
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

/// A message was on its way while somebody asked for it, and while the endpoint was disabled and
/// enabled again.
pub async fn what_came_of_a_try_does_not_undo_what_was_asked_for_since(store: &dyn Subject) {
    let (endpoint, events) = told(store).await;
    let key = named(&endpoint);
    claim(store, "me", NOON).await;
    let waits = [0, 1, 2].map(|place| delivery(&events[place]));
    store.keep(&key, "me", &progress(4, waits.clone().into())).await.unwrap();
    for event in &events[..2] {
        store.send_again(&endpoint, &Again::Event(event.event_id), minutes(7)).await.unwrap();
    }
    let tried = |status, why: Option<&str>| Attempt {
        at: minutes(7),
        status: Some(status),
        why: why.map(str::to_owned),
        millis: 15_000,
    };
    let taken = Delivery {
        state: DeliveryState::Delivered,
        due_at: None,
        attempts: vec![tried(204, None)],
        updated_at: minutes(8),
        ..waits[0].clone()
    };
    let failed = Delivery {
        tries: 4,
        due_at: Some(minutes(120)),
        attempts: vec![tried(500, Some("HTTP 500"))],
        updated_at: minutes(8),
        ..waits[1].clone()
    };
    let round = progress(4, vec![taken.clone(), failed.clone()]);
    store.keep(&key, "me", &round).await.unwrap();
    let rows = listed(store, &endpoint).await;
    for (row, outcome) in [(&rows[2], &taken), (&rows[1], &failed)] {
        assert_eq!((row.state, row.tries, row.asked), (DeliveryState::Pending, 0, true));
        assert_eq!((row.due_at, row.updated_at), (Some(minutes(7)), minutes(7)));
        assert_eq!(row.attempts, [waits[0].attempts.clone(), outcome.attempts.clone()].concat());
    }
    assert_eq!(rows[0], waits[2]);
    // Whoever knows of the wish is believed.
    let [first, second, third] = pending(store, &endpoint).await.try_into().unwrap();
    assert_eq!((first.begun, second.begun, third.begun), (1, 1, 0));
    let taken = Delivery { begun: 1, ..taken };
    store.keep(&key, "me", &progress(4, vec![taken])).await.unwrap();
    assert_eq!(ids(&pending(store, &endpoint).await), [events[1].event_id, events[2].event_id]);

    put(store, &disabled(endpoint.clone())).await;
    put(store, &endpoint).await;
    let failed = Delivery { tries: 9, due_at: Some(minutes(999)), ..third };
    store.keep(&key, "me", &progress(4, vec![failed])).await.unwrap();
    let rows = pending(store, &endpoint).await;
    assert!(rows.iter().all(|row| (row.tries, row.due_at) == (0, None)), "{rows:?}");
    assert!(rows.iter().map(|row| (row.begun, row.asked)).eq([(2, true), (1, false)]));
}

pub async fn every_try_is_kept_once_and_the_latest_of_many(store: &dyn Subject) {
    let (endpoint, events) = told(store).await;
    let key = named(&endpoint);
    claim(store, "me", NOON).await;
    let tried = |minute| Attempt { at: minutes(minute), status: None, why: None, millis: 3 };
    let after = |minutes: &[i64]| Delivery {
        attempts: minutes.iter().copied().map(tried).collect(),
        ..delivery(&events[0])
    };
    for round in [&[0][..], &[0, 1], &[2]] {
        // The answer may have been lost.
        for _ in 0..2 {
            store.keep(&key, "me", &progress(1, vec![after(round)])).await.unwrap().unwrap();
        }
    }
    assert_eq!(listed(store, &endpoint).await, [after(&[0, 1, 2])]);
    assert_eq!(pending(store, &endpoint).await, [after(&[])]);
    for minute in 3..25 {
        store.keep(&key, "me", &progress(1, vec![after(&[minute])])).await.unwrap().unwrap();
    }
    let latest: Vec<i64> = (5..25).collect();
    assert_eq!(latest.len(), Delivery::MAX_ATTEMPTS);
    assert_eq!(listed(store, &endpoint).await, [after(&latest)]);
}

pub async fn what_is_not_wanted_any_more_is_dropped_unless_somebody_asked(store: &dyn Subject) {
    let (endpoint, events) = told(store).await;
    let key = named(&endpoint);
    claim(store, "me", NOON).await;
    let rows = vec![delivery(&events[0]), delivery(&events[1]), delivered(&events[2])];
    store.keep(&key, "me", &progress(4, rows)).await.unwrap();
    store.send_again(&endpoint, &Again::Event(events[1].event_id), NOON).await.unwrap();
    // Another endpoint's are its own.
    put(store, &super::endpoint(2)).await;
    store.send_test(&named(&super::endpoint(2)), events[0].event_id, NOON).await.unwrap();
    let unwanted = events.iter().map(|event| event.event_id).collect();
    let round = Progress { unwanted, ..progress(4, vec![]) };
    assert_eq!(store.keep(&key, "you", &round).await.unwrap(), None);
    assert_eq!(listed(store, &endpoint).await.len(), 3);
    store.keep(&key, "me", &round).await.unwrap().unwrap();
    assert_eq!(ids(&listed(store, &endpoint).await), [events[2].event_id, events[1].event_id]);
    assert_eq!(listed(store, &super::endpoint(2)).await.len(), 1);
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
    let all: Vec<_> = round.deliveries.iter().map(briefly).collect();
    assert_eq!(pending(store, &endpoint).await, all);
}

pub async fn a_backlog_is_what_is_pending_and_what_came_out_of_turn(store: &dyn Subject) {
    let (endpoint, events) = told(store).await;
    claim(store, "me", NOON).await;
    // The second one is still on its way.
    let round =
        progress(1, vec![delivered(&events[0]), delivered(&events[3]), delivery(&events[2])]);
    store.keep(&named(&endpoint), "me", &round).await.unwrap();
    let backlog = store.backlog(&named(&endpoint)).await.unwrap();
    assert_eq!(ids(&backlog.pending), [events[2].event_id]);
    assert_eq!(backlog.delivered, [events[3].event_id]);
    store.keep(&named(&endpoint), "me", &progress(4, vec![delivered(&events[1])])).await.unwrap();
    let backlog = store.backlog(&named(&endpoint)).await.unwrap();
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
    let outlook = Outlook { due_at: None, full: true, quiet_until: None };
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
    let again = |delivery| Delivery { tries: 0, due_at: None, begun: 1, ..briefly(delivery) };
    assert_eq!(pending(store, &endpoint).await, [again(&failed), again(&waits)]);
    // Any other change leaves them alone.
    let failed = Delivery { begun: 1, ..failed };
    store.keep(&key, "me", &progress(4, vec![failed.clone()])).await.unwrap();
    put(store, &endpoint).await;
    assert_eq!(pending(store, &endpoint).await[0], briefly(&failed));
    assert_eq!(listed(store, &endpoint).await.len(), 3);
}
