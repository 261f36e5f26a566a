//! Rules of what payment providers told, and of whose payments they told it.

use crate::{
    Subject,
    build::{NOON, minutes, order, place},
};
use domain::{Amount, id::StoreId};
use futures_util::future::join_all;
use ports::{DisputeState, KeptNotice, Lease, Money, NoticeAbout, PageRequest, PaymentNotice};
use time::OffsetDateTime;

/// Expands to the rules of the inbox.
#[macro_export]
macro_rules! inbox {
    ($fresh:expr) => {
        $crate::rules!($fresh, inbox =>
            a_notice_is_kept_once,
            what_is_due_is_one_processs_at_a_time,
            what_is_put_aside_comes_again_and_what_is_done_does_not,
            only_the_owner_changes_a_notice,
            what_is_done_is_forgotten_some_at_a_time,
            what_is_open_is_listed_page_by_page,
            a_payment_is_found_by_its_reference,
        );
    };
}

fn notice(event_id: &str) -> PaymentNotice {
    PaymentNotice {
        provider: "stripe".to_owned(),
        event_id: event_id.to_owned(),
        about: NoticeAbout::Dispute {
            dispute_id: "dp_1".to_owned(),
            disputed: Money {
                payment: "pi_1".to_owned(),
                amount: Amount::from_ten_thousandths(12_340_000),
                currency: "EUR".to_owned(),
            },
            state: DisputeState::Open,
            funds: None,
        },
        at: NOON,
    }
}

fn lease(owner: &str, until: OffsetDateTime) -> Lease {
    Lease { owner: owner.to_owned(), until }
}

async fn claim(store: &dyn Subject, owner: &str, now: OffsetDateTime) -> Vec<KeptNotice> {
    let until = now + time::Duration::minutes(1);
    store.claim_notices(&lease(owner, until), now, 10).await.unwrap()
}

async fn open(store: &dyn Subject) -> Vec<KeptNotice> {
    store.open_notices(PageRequest { size: 10, after: None }).await.unwrap().items
}

fn ids(kept: &[KeptNotice]) -> Vec<&str> {
    kept.iter().map(|kept| kept.notice.event_id.as_str()).collect()
}

pub async fn a_notice_is_kept_once(store: &dyn Subject) {
    let taken = join_all((0..8).map(|_| async { store.take(&notice("e1"), NOON).await.unwrap() }));
    assert_eq!(taken.await.into_iter().filter(|new| *new).count(), 1);
    let other = PaymentNotice { provider: "another".to_owned(), ..notice("e1") };
    assert!(store.take(&other, minutes(1)).await.unwrap());
    let kept = open(store).await;
    assert_eq!(kept.len(), 2);
    assert_eq!((&kept[0].notice, kept[0].taken_at), (&notice("e1"), NOON));
    // Also after it was looked into.
    let claimed = claim(store, "me", minutes(2)).await;
    for kept in &claimed {
        assert!(store.finish_notice(&kept.notice.key(), "me", minutes(2)).await.unwrap());
    }
    assert!(!store.take(&notice("e1"), minutes(3)).await.unwrap());
    assert_eq!(open(store).await, []);
}

pub async fn what_is_due_is_one_processs_at_a_time(store: &dyn Subject) {
    for (event_id, minute) in [("e2", 2), ("e1", 1), ("e3", 3)] {
        store.take(&notice(event_id), minutes(minute)).await.unwrap();
    }
    let first = store.claim_notices(&lease("me", minutes(4)), minutes(3), 2).await.unwrap();
    assert_eq!(ids(&first), ["e1", "e2"]);
    let claims = join_all((0..4).map(|number| {
        let owner = format!("process-{number}");
        async move { claim(store, &owner, minutes(3)).await.len() }
    }));
    assert_eq!(claims.await.into_iter().sum::<usize>(), 1);
    // The lease of the first two has run out then.
    assert_eq!(ids(&claim(store, "you", minutes(4)).await), ["e1", "e2", "e3"]);
    assert_eq!(claim(store, "you", minutes(4)).await, []);
}

pub async fn what_is_put_aside_comes_again_and_what_is_done_does_not(store: &dyn Subject) {
    for event_id in ["e1", "e2"] {
        store.take(&notice(event_id), NOON).await.unwrap();
    }
    claim(store, "me", NOON).await;
    let why = "nobody knows the order";
    assert!(store.put_aside(&notice("e1").key(), "me", minutes(5), why).await.unwrap());
    assert!(store.finish_notice(&notice("e2").key(), "me", NOON).await.unwrap());
    assert_eq!(claim(store, "me", minutes(4)).await, []);
    let again = claim(store, "me", minutes(5)).await;
    assert_eq!(ids(&again), ["e1"]);
    assert_eq!((again[0].tries, again[0].why.as_deref()), (1, Some(why)));
    assert_eq!(ids(&open(store).await), ["e1"]);
}

pub async fn only_the_owner_changes_a_notice(store: &dyn Subject) {
    let key = notice("e1").key();
    assert!(!store.finish_notice(&key, "me", NOON).await.unwrap());
    store.take(&notice("e1"), NOON).await.unwrap();
    claim(store, "me", NOON).await;
    assert!(!store.finish_notice(&key, "you", NOON).await.unwrap());
    assert!(!store.put_aside(&key, "you", NOON, "").await.unwrap());
    claim(store, "you", minutes(1)).await;
    assert!(!store.finish_notice(&key, "me", minutes(1)).await.unwrap());
    assert!(store.finish_notice(&key, "you", minutes(1)).await.unwrap());
    assert!(!store.finish_notice(&key, "you", minutes(1)).await.unwrap());
}

pub async fn what_is_done_is_forgotten_some_at_a_time(store: &dyn Subject) {
    for event_id in ["e1", "e2", "e3", "e4"] {
        store.take(&notice(event_id), NOON).await.unwrap();
    }
    claim(store, "me", NOON).await;
    for (event_id, minute) in [("e1", 1), ("e2", 2), ("e3", 3)] {
        store.finish_notice(&notice(event_id).key(), "me", minutes(minute)).await.unwrap();
    }
    assert_eq!(store.forget_notices(minutes(3), 1).await.unwrap(), 1);
    assert_eq!(store.forget_notices(minutes(3), 10).await.unwrap(), 1);
    assert_eq!(store.forget_notices(minutes(3), 10).await.unwrap(), 0);
    assert!(store.take(&notice("e1"), minutes(4)).await.unwrap());
    assert!(!store.take(&notice("e3"), minutes(4)).await.unwrap());
    assert!(!store.take(&notice("e4"), minutes(4)).await.unwrap());
}

pub async fn what_is_open_is_listed_page_by_page(store: &dyn Subject) {
    // Some are taken at the same time, and one is of another provider.
    for (event_id, minute) in [("e4", 3), ("e3", 2), ("e1", 1), ("e2", 2), ("e0", 1)] {
        store.take(&notice(event_id), minutes(minute)).await.unwrap();
    }
    let other = PaymentNotice { provider: "another".to_owned(), ..notice("e9") };
    store.take(&other, minutes(2)).await.unwrap();
    claim(store, "me", minutes(1)).await;
    store.finish_notice(&notice("e0").key(), "me", minutes(1)).await.unwrap();
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = store.open_notices(PageRequest { size: 2, after }).await.unwrap();
        assert!(page.items.len() <= 2);
        found.extend(page.items.into_iter().map(|kept| kept.notice.event_id));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(found, ["e1", "e9", "e2", "e3", "e4"]);
}

pub async fn a_payment_is_found_by_its_reference(store: &dyn Subject) {
    let other: StoreId = "other".parse().unwrap();
    place(store, &order("O-1")).await;
    place(store, &order("O-2").of_store(&other)).await;
    let placed = crate::build::load(store, &crate::build::key("O-1")).await.state;
    let tender = &placed.tenders[0];
    let found = store.payments(&tender.provider, &tender.provider_reference).await.unwrap();
    let keys: Vec<_> = found.iter().map(|(key, _)| key.order_id.as_str()).collect();
    assert!(keys.contains(&"O-1"));
    assert!(found.iter().any(|(_, tender_id)| *tender_id == tender.tender_id));
    assert_eq!(store.payments("another", &tender.provider_reference).await.unwrap(), []);
    assert_eq!(store.payments(&tender.provider, "nothing").await.unwrap(), []);
    assert_eq!(store.payments(&tender.provider, "").await.unwrap(), []);
}
