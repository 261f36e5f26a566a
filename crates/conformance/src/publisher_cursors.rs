//! Rules of how far events were passed on, and by whom.

use crate::{
    Subject,
    build::{NOON, minutes},
};
use futures_util::future::join_all;
use ports::Lease;
use time::{Duration, OffsetDateTime};

/// Expands to the rules of publishers' cursors.
#[macro_export]
macro_rules! publisher_cursors {
    ($fresh:expr) => {
        $crate::rules!($fresh, publisher_cursors =>
            a_cursor_is_where_it_was_left,
            one_at_a_time_passes_events_on,
            only_the_owner_moves_a_cursor,
        );
    };
}

fn lease(owner: &str, until: OffsetDateTime) -> Lease {
    Lease { owner: owner.to_owned(), until }
}

pub async fn a_cursor_is_where_it_was_left(store: &dyn Subject) {
    let mine = lease("me", minutes(1));
    assert_eq!(store.claim_cursor("broker", &mine, NOON).await.unwrap(), Some(0));
    assert!(store.save_cursor("broker", "me", 500).await.unwrap());
    assert_eq!(store.claim_cursor("another", &mine, NOON).await.unwrap(), Some(0));
    assert!(store.save_cursor("broker", "me", 720).await.unwrap());
    store.release_cursor("broker", "me").await.unwrap();
    let yours = lease("you", minutes(1));
    assert_eq!(store.claim_cursor("broker", &yours, NOON).await.unwrap(), Some(720));
}

pub async fn one_at_a_time_passes_events_on(store: &dyn Subject) {
    let all = join_all((0..8).map(async |number| {
        let lease = lease(&format!("process-{number}"), minutes(1));
        store.claim_cursor("broker", &lease, NOON).await.unwrap()
    }));
    assert_eq!(all.await.iter().flatten().count(), 1);
    let late = lease("late", minutes(2));
    let last = minutes(1) - Duration::MICROSECOND;
    assert_eq!(store.claim_cursor("broker", &late, last).await.unwrap(), None);
    assert_eq!(store.claim_cursor("broker", &late, minutes(1)).await.unwrap(), Some(0));
    assert!(store.renew_cursor("broker", &lease("late", minutes(5))).await.unwrap());
    let other = lease("other", minutes(9));
    assert_eq!(store.claim_cursor("broker", &other, minutes(4)).await.unwrap(), None);
    assert_eq!(store.claim_cursor("broker", &other, minutes(5)).await.unwrap(), Some(0));
}

pub async fn only_the_owner_moves_a_cursor(store: &dyn Subject) {
    assert!(!store.save_cursor("broker", "me", 5).await.unwrap());
    assert!(!store.renew_cursor("broker", &lease("me", minutes(1))).await.unwrap());
    store.claim_cursor("broker", &lease("me", minutes(1)), NOON).await.unwrap();
    assert!(!store.save_cursor("broker", "you", 5).await.unwrap());
    assert!(!store.renew_cursor("broker", &lease("you", minutes(9))).await.unwrap());
    store.release_cursor("broker", "you").await.unwrap();
    let yours = lease("you", minutes(9));
    assert_eq!(store.claim_cursor("broker", &yours, NOON).await.unwrap(), None);
    assert_eq!(store.claim_cursor("broker", &yours, minutes(1)).await.unwrap(), Some(0));
    assert!(!store.save_cursor("broker", "me", 7).await.unwrap());
    assert!(store.save_cursor("broker", "you", 8).await.unwrap());
}
