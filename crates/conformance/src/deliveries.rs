//! Rules of webhook endpoints and of what is on its way to them.

mod again;
mod claimed;
mod kept;
mod listed;

pub use again::*;
pub use claimed::*;
pub use kept::*;
pub use listed::*;

use crate::{
    Subject,
    build::{NOON, commit, key, load, merchant, minutes, order, place, shop},
    feed::numbered,
};
use domain::{
    id::{EndpointId, EventId, StoreId},
    order::Command,
    webhook::{Disabled, Endpoint, Format, Secret},
};
use ports::{
    Assignment, Attempt, Commit, Delivery, DeliveryFilter, DeliveryState, EndpointChange,
    EndpointKey, Event, EventFilter, Lease, Outlook, PageRequest, Progress,
};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// Expands to the rules of endpoints and deliveries.
#[macro_export]
macro_rules! deliveries {
    ($fresh:expr) => {
        $crate::rules!($fresh, deliveries =>
            endpoints_are_found_by_store_and_id,
            an_endpoint_that_was_deleted_is_gone_with_its_deliveries,
            an_endpoint_is_told_of_what_comes_after_it,
            endpoints_are_claimed_once_under_concurrency,
            an_endpoint_with_nothing_to_do_is_not_claimed,
            whoever_was_served_longest_ago_is_claimed_first,
            a_disabled_endpoint_is_not_claimed,
            a_full_endpoint_is_claimed_when_something_is_due,
            an_endpoint_that_wants_to_be_left_alone_is_not_claimed,
            whoever_works_does_not_hide_that_an_endpoint_was_changed,
            an_endpoints_lease_that_ran_out_is_nobodys,
            only_the_owner_renews_an_endpoints_lease,
            only_the_owner_gives_an_endpoint_back,
            cursor_and_deliveries_are_kept_together,
            nothing_is_kept_under_a_lost_lease,
            a_delivery_that_is_kept_again_is_as_it_is_now,
            what_came_of_a_try_does_not_undo_what_was_asked_for_since,
            every_try_is_kept_once_and_the_latest_of_many,
            what_is_not_wanted_any_more_is_dropped_unless_somebody_asked,
            many_deliveries_are_kept_at_once,
            a_backlog_is_what_is_pending_and_what_came_out_of_turn,
            whoever_works_learns_that_an_endpoint_was_touched,
            what_is_asked_for_meanwhile_is_not_forgotten,
            an_endpoint_that_is_enabled_again_begins_again,
            one_event_is_sent_again,
            events_of_a_time_are_sent_again,
            what_an_endpoint_was_not_told_of_yet_is_not_sent_again,
            what_is_not_the_stores_is_not_sent_again,
            no_more_is_sent_again_than_may_be_pending,
            a_test_is_sent,
            deliveries_are_listed_newest_first,
            what_was_delivered_is_dropped_some_at_a_time,
        );
    };
}

/// The store's endpoint of this number. It wants everything.
pub fn endpoint(number: u128) -> Endpoint {
    Endpoint {
        store_id: shop(),
        endpoint_id: EndpointId::from_uuid(Uuid::from_u128(number)),
        url: format!("https://example.com/{number}"),
        types: Vec::new(),
        format: Format::Standard,
        secrets: vec![Secret { secret: "whsec_c2VjcmV0".into(), until: Some(minutes(5)) }],
        disabled: None,
        version: 1,
        created_at: NOON,
        updated_at: NOON,
    }
}

fn of_store(endpoint: Endpoint, store: &str) -> Endpoint {
    Endpoint { store_id: store.parse().unwrap(), ..endpoint }
}

fn disabled(endpoint: Endpoint) -> Endpoint {
    let disabled = Disabled { why: "it is gone".into(), at: NOON, by_person: false };
    Endpoint { disabled: Some(disabled), ..endpoint }
}

fn named(endpoint: &Endpoint) -> EndpointKey {
    EndpointKey { store_id: endpoint.store_id.clone(), endpoint_id: endpoint.endpoint_id }
}

async fn put(store: &dyn Subject, endpoint: &Endpoint) {
    let mut commit = commit();
    commit.endpoints = vec![EndpointChange::Put(Box::new(endpoint.clone()))];
    store.commit(commit).await.unwrap();
}

/// Two events of each order, in the store's feed.
async fn happened(store: &dyn Subject, of: &StoreId, orders: &[&str]) {
    for order_id in orders {
        place(store, &order(order_id).of_store(of)).await;
    }
    numbered(store).await;
}

/// An endpoint, and the four events after it, a millisecond after one another.
async fn told(store: &dyn Subject) -> (Endpoint, Vec<Event>) {
    let endpoint = endpoint(1);
    put(store, &endpoint).await;
    let mut at = NOON;
    for order_id in ["O-1", "O-2"] {
        let received = order(order_id).change();
        store.commit(Commit::new(at, merchant()).order(received)).await.unwrap();
        let ready = Command::MarkReady { plug_and_play: false };
        let ready = load(store, &key(order_id)).await.decide(ready, NOON).unwrap();
        store.commit(Commit::new(at + MILLISECOND, merchant()).order(ready)).await.unwrap();
        at += MILLISECOND * 2;
    }
    numbered(store).await;
    let stretch = store.events(&shop(), &EventFilter::default(), 0, 100).await.unwrap();
    (endpoint, stretch.events)
}

const MILLISECOND: Duration = Duration::MILLISECOND;

fn lease(owner: &str, until: OffsetDateTime) -> Lease {
    Lease { owner: owner.to_owned(), until }
}

/// For a minute.
async fn claim(store: &dyn Subject, owner: &str, now: OffsetDateTime) -> Vec<Assignment> {
    let lease = lease(owner, now + Duration::MINUTE);
    store.claim_endpoints(100, &lease, now).await.unwrap()
}

fn numbers(claimed: &[Assignment]) -> Vec<u128> {
    let mut numbers: Vec<_> =
        claimed.iter().map(|it| it.endpoint.endpoint_id.as_uuid().as_u128()).collect();
    numbers.sort_unstable();
    numbers
}

fn delivery(event: &Event) -> Delivery {
    Delivery {
        event_id: event.event_id,
        kind: event.kind,
        order_id: event.order_id.clone(),
        position: event.position,
        state: DeliveryState::Pending,
        tries: 1,
        due_at: Some(minutes(5)),
        begun: 0,
        asked: false,
        attempts: vec![Attempt {
            at: NOON,
            status: Some(503),
            why: Some("it said „no“".into()),
            millis: 12,
        }],
        created_at: NOON,
        updated_at: NOON,
    }
}

fn delivered(event: &Event) -> Delivery {
    let state = DeliveryState::Delivered;
    let attempts = vec![Attempt { at: NOON, status: Some(204), why: None, millis: 7 }];
    Delivery { state, due_at: None, attempts, ..delivery(event) }
}

fn progress(cursor: i64, deliveries: Vec<Delivery>) -> Progress {
    let outlook = Outlook { due_at: None, full: false, quiet_until: None };
    Progress { deliveries, unwanted: Vec::new(), cursor, outlook, touched: 0 }
}

async fn listed(store: &dyn Subject, endpoint: &Endpoint) -> Vec<Delivery> {
    let page = PageRequest { size: 1_000, after: None };
    let page = store.deliveries(&named(endpoint), &DeliveryFilter::default(), page).await;
    page.unwrap().items
}

async fn pending(store: &dyn Subject, endpoint: &Endpoint) -> Vec<Delivery> {
    store.backlog(&named(endpoint)).await.unwrap().pending
}

/// As a backlog has it.
fn briefly(delivery: &Delivery) -> Delivery {
    Delivery { attempts: Vec::new(), ..delivery.clone() }
}

fn ids(deliveries: &[Delivery]) -> Vec<EventId> {
    deliveries.iter().map(|delivery| delivery.event_id).collect()
}
