//! Rules of lists: every filter, both directions, and pages without gaps or doubles.

use crate::{
    Subject,
    build::{NOON, accept, commit, key, load, merchant, minutes, order, place, refund_as, shop},
};
use domain::{
    id::{RefundId, StoreId},
    order::{Command, OrderState},
    refund::{LegOutcome, RefundState},
};
use ports::{
    Commit, OrderFilter, OrderKey, OrderOrigin, OrderSort, PageRequest, Period, RefundFilter,
    RefundRef, Stored,
};
use time::{Duration, OffsetDateTime};
use uuid::{NoContext, Timestamp, Uuid};

/// Expands to the rules of lists.
#[macro_export]
macro_rules! lists {
    ($fresh:expr) => {
        $crate::rules!($fresh, lists =>
            orders_are_listed_newest_first_or_oldest_first,
            pages_of_orders_have_no_gaps_and_no_doubles,
            orders_are_filtered_by_each_condition,
            every_condition_has_to_hold,
            a_list_shows_only_its_own_store,
            the_orders_of_a_buyer_are_counted_within_a_time_up_to_a_bound,
            refunds_are_listed_oldest_first_page_by_page,
            refunds_are_filtered_by_order_and_state,
            refunds_are_filtered_by_when_they_were_made,
            refunds_say_when_they_succeeded,
        );
    };
}

/// A page may be short; the list ends where no other follows.
pub(crate) async fn ids(
    store: &dyn Subject,
    of: &StoreId,
    filter: &OrderFilter,
    sort: OrderSort,
    size: u32,
) -> Vec<String> {
    let mut seen = Vec::new();
    let mut after: Option<OrderOrigin> = None;
    loop {
        let page = PageRequest { size, after };
        let page = store.orders(of, filter, sort, page).await.unwrap();
        assert!(page.items.len() <= usize::try_from(size).unwrap());
        seen.extend(page.items.into_iter().map(|view| view.order.order_id.to_string()));
        match page.next {
            Some(next) => after = Some(next),
            None => return seen,
        }
    }
}

async fn found(store: &dyn Subject, filter: OrderFilter) -> Vec<String> {
    ids(store, &shop(), &filter, OrderSort::OldestFirst, 100).await
}

pub async fn orders_are_listed_newest_first_or_oldest_first(store: &dyn Subject) {
    for (id, minute) in [("b", 2), ("c", 3), ("a", 1)] {
        place(store, &order(id).created_at(minutes(minute))).await;
    }
    let all = OrderFilter::default();
    assert_eq!(ids(store, &shop(), &all, OrderSort::NewestFirst, 9).await, ["c", "b", "a"]);
    assert_eq!(ids(store, &shop(), &all, OrderSort::OldestFirst, 9).await, ["a", "b", "c"]);
    let page = PageRequest { size: 1, after: None };
    let first = store.orders(&shop(), &all, OrderSort::NewestFirst, page).await.unwrap();
    let origin = OrderOrigin { created_at: minutes(3), order_id: key("c").order_id };
    assert_eq!(first.next, Some(origin));
    assert_eq!(first.items[0].personal, Some(order("c").personal()));
    assert_eq!(first.items[0].version.0, 2);
}

pub async fn pages_of_orders_have_no_gaps_and_no_doubles(store: &dyn Subject) {
    // Some in the same moment, where only the id tells them apart.
    let all: Vec<String> = (0..23).map(|number| format!("O-{number:02}")).collect();
    for (number, id) in all.iter().enumerate() {
        let at = minutes(i64::try_from(number / 5).unwrap());
        store.commit(commit().order(order(id).created_at(at).change())).await.unwrap();
    }
    let filter = OrderFilter::default();
    for size in [1, 4, 5, 23, 24] {
        assert_eq!(ids(store, &shop(), &filter, OrderSort::OldestFirst, size).await, all);
        let newest = ids(store, &shop(), &filter, OrderSort::NewestFirst, size).await;
        assert_eq!(newest.into_iter().rev().collect::<Vec<_>>(), all);
    }
}

async fn four_orders(store: &dyn Subject) {
    let received = order("received").created_at(minutes(1)).with_product("RARE");
    store.commit(commit().order(received.change())).await.unwrap();
    place(store, &order("ready").created_at(minutes(2)).bought_by("\tGrace@Example.com ")).await;
    for (id, minute) in [("accepted", 3), ("completed", 4)] {
        let ready = place(store, &order(id).created_at(minutes(minute))).await;
        let change = ready.decide(accept(&format!("A-{id}")), NOON).unwrap();
        store.commit(commit().order(change)).await.unwrap();
    }
    let accepted = load(store, &key("completed")).await;
    let change = accepted.decide(Command::Complete, NOON).unwrap();
    store.commit(commit().order(change)).await.unwrap();
}

pub async fn orders_are_filtered_by_each_condition(store: &dyn Subject) {
    four_orders(store).await;
    let all = OrderFilter::default;
    let states = |states: &[OrderState]| OrderFilter { states: states.to_vec(), ..all() };
    assert_eq!(found(store, states(&[OrderState::Received])).await, ["received"]);
    let two = states(&[OrderState::Completed, OrderState::Ready]);
    assert_eq!(found(store, two).await, ["ready", "completed"]);
    assert!(found(store, states(&[OrderState::Cancelled])).await.is_empty());

    let external = |id: &str| OrderFilter { external_order_id: Some(id.into()), ..all() };
    assert_eq!(found(store, external("A-accepted")).await, ["accepted"]);
    assert!(found(store, external("a-accepted")).await.is_empty());

    let email = |email: &str| OrderFilter { buyer_email: Some(email.into()), ..all() };
    for written in ["gRACE@example.COM", " grace@example.com\n"] {
        assert_eq!(found(store, email(written)).await, ["ready"], "{written:?}");
    }
    assert!(found(store, email("grace")).await.is_empty());

    let product = |code: &str| OrderFilter { product_code: Some(code.into()), ..all() };
    assert_eq!(found(store, product("RARE")).await, ["received"]);
    assert_eq!(found(store, product("SKU-2")).await.len(), 4);
    assert_eq!(found(store, product("EAN-2")).await.len(), 4);
    assert!(found(store, product("rare")).await.is_empty());

    let from = OrderFilter { created_from: Some(minutes(3)), ..all() };
    assert_eq!(found(store, from).await, ["accepted", "completed"]);
    let before = OrderFilter { created_before: Some(minutes(3)), ..all() };
    assert_eq!(found(store, before).await, ["received", "ready"]);
}

pub async fn every_condition_has_to_hold(store: &dyn Subject) {
    four_orders(store).await;
    let filter = OrderFilter {
        states: vec![OrderState::Accepted, OrderState::Completed],
        external_order_id: Some("A-accepted".into()),
        buyer_email: Some("ada.lovelace@example.com".into()),
        product_code: Some("SKU-1".into()),
        created_from: Some(minutes(3)),
        created_before: Some(minutes(4)),
        ..OrderFilter::default()
    };
    assert_eq!(found(store, filter.clone()).await, ["accepted"]);
    for wrong in [
        OrderFilter { states: vec![OrderState::Ready], ..filter.clone() },
        OrderFilter { external_order_id: Some("A-completed".into()), ..filter.clone() },
        OrderFilter { buyer_email: Some("grace@example.com".into()), ..filter.clone() },
        OrderFilter { product_code: Some("RARE".into()), ..filter.clone() },
        OrderFilter { created_from: Some(minutes(4)), ..filter.clone() },
        OrderFilter { created_before: Some(minutes(3)), ..filter.clone() },
    ] {
        assert!(found(store, wrong.clone()).await.is_empty(), "{wrong:?}");
    }
}

pub async fn a_list_shows_only_its_own_store(store: &dyn Subject) {
    let other: StoreId = "other".parse().unwrap();
    place(store, &order("mine")).await;
    place(store, &order("theirs").of_store(&other)).await;
    let all = OrderFilter::default();
    assert_eq!(ids(store, &shop(), &all, OrderSort::NewestFirst, 9).await, ["mine"]);
    assert_eq!(ids(store, &other, &all, OrderSort::NewestFirst, 9).await, ["theirs"]);
    let product = OrderFilter { product_code: Some("SKU-1".into()), ..all };
    assert_eq!(ids(store, &other, &product, OrderSort::NewestFirst, 9).await, ["theirs"]);
}

async fn refunds(
    store: &dyn Subject,
    of: &StoreId,
    filter: &RefundFilter,
    size: u32,
) -> Vec<RefundRef> {
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = store.refunds(of, filter, PageRequest { size, after }).await.unwrap();
        assert!(page.items.len() <= usize::try_from(size).unwrap());
        seen.extend(page.items);
        match page.next {
            Some(next) => after = Some(next),
            None => return seen,
        }
    }
}

async fn add_refund(store: &dyn Subject, key: &OrderKey, number: i64) -> RefundRef {
    let refund_id = RefundId::from_uuid(Uuid::now_v7());
    let loaded: Stored<_> = load(store, key).await;
    let change = loaded.decide(refund_as(refund_id, number, "1.00"), NOON).unwrap();
    store.commit(commit().order(change)).await.unwrap();
    RefundRef { order_id: key.order_id.clone(), refund_id }
}

pub async fn the_orders_of_a_buyer_are_counted_within_a_time_up_to_a_bound(store: &dyn Subject) {
    for minute in 0..5 {
        let of_ada = order(&format!("ada-{minute}")).created_at(minutes(minute));
        let of_ada =
            if minute == 3 { of_ada.bought_by(" ada.Lovelace@example.com ") } else { of_ada };
        store.commit(commit().order(of_ada.change())).await.unwrap();
    }
    let of_bob = order("bob").bought_by("bob@example.com").created_at(minutes(9));
    store.commit(commit().order(of_bob.change())).await.unwrap();
    let elsewhere: StoreId = "elsewhere".parse().unwrap();
    store.commit(commit().order(order("ada").of_store(&elsewhere).change())).await.unwrap();
    let count = async |of: &StoreId, email: &str, (from, until), at_most| {
        let made = minutes(from)..=minutes(until);
        store.count_orders_of(of, email, made, at_most).await.unwrap()
    };
    for (made, at_most, expected) in [
        ((0, 9), 100, 5),
        ((2, 9), 100, 3),
        ((5, 9), 100, 0),
        ((0, 9), 4, 4),
        ((0, 9), 0, 0),
        // Both ends count.
        ((1, 3), 100, 3),
        ((4, 4), 100, 1),
        ((-9, -1), 100, 0),
        ((3, 1), 100, 0),
    ] {
        for ada in ["ADA.lovelace@EXAMPLE.com", " ada.lovelace@example.com\t"] {
            let counted = count(&shop(), ada, made, at_most).await;
            assert_eq!(counted, expected, "within {made:?}, at most {at_most}");
        }
    }
    assert_eq!(count(&elsewhere, "ada.lovelace@example.com", (0, 9), 9).await, 1);
    assert_eq!(count(&shop(), "nobody@example.com", (0, 9), 9).await, 0);
}

pub async fn refunds_are_listed_oldest_first_page_by_page(store: &dyn Subject) {
    place(store, &order("O-1")).await;
    place(store, &order("O-2")).await;
    let mut made = Vec::new();
    for number in 0..7 {
        let key = key(if number % 3 == 0 { "O-1" } else { "O-2" });
        made.push(add_refund(store, &key, number).await);
    }
    for size in [1, 3, 7, 8] {
        assert_eq!(refunds(store, &shop(), &RefundFilter::default(), size).await, made);
    }
    let of_one = RefundFilter { order_id: Some(key("O-1").order_id), ..RefundFilter::default() };
    let expected: Vec<_> = made.iter().step_by(3).cloned().collect();
    for size in [1, 2, 3, 4] {
        assert_eq!(refunds(store, &shop(), &of_one, size).await, expected);
    }
    let other = "other".parse().unwrap();
    assert!(refunds(store, &other, &RefundFilter::default(), 9).await.is_empty());
    assert!(refunds(store, &other, &of_one, 9).await.is_empty());
}

/// Settles every leg of a refund.
async fn settle(store: &dyn Subject, key: &OrderKey, refund_id: RefundId, at: OffsetDateTime) {
    let legs = load(store, key).await.state.refund(refund_id).unwrap().legs.clone();
    for leg in legs {
        let leg_id = leg.leg_id;
        let outcome = LegOutcome::Settled { reference: "done".into() };
        let send = Command::SendLeg {
            refund_id,
            leg_id: leg_id.clone(),
            attempt: 0,
            at: OffsetDateTime::UNIX_EPOCH,
        };
        let record = Command::RecordLeg { refund_id, leg_id, attempt: 1, outcome, at };
        for command in [send, record] {
            let change = load(store, key).await.decide(command, at).unwrap();
            store.commit(Commit::new(at, merchant()).order(change)).await.unwrap();
        }
    }
}

pub async fn refunds_are_filtered_by_order_and_state(store: &dyn Subject) {
    let key = key("O-1");
    place(store, &order("O-1")).await;
    let settled = add_refund(store, &key, 1).await;
    let pending = add_refund(store, &key, 2).await;
    settle(store, &key, settled.refund_id, NOON).await;
    for order_id in [None, Some(key.order_id)] {
        let with = |states: &[RefundState]| RefundFilter {
            order_id: order_id.clone(),
            states: states.to_vec(),
            ..RefundFilter::default()
        };
        let pending_only = with(&[RefundState::Pending]);
        assert_eq!(refunds(store, &shop(), &pending_only, 9).await, std::slice::from_ref(&pending));
        let succeeded = with(&[RefundState::Succeeded, RefundState::Failed]);
        assert_eq!(refunds(store, &shop(), &succeeded, 9).await, std::slice::from_ref(&settled));
        assert_eq!(refunds(store, &shop(), &with(&RefundState::ALL), 9).await.len(), 2);
        assert!(refunds(store, &shop(), &with(&[RefundState::Held]), 9).await.is_empty());
    }
}

/// Made at one time, with an id that was drawn at another.
async fn add_refund_at(
    store: &dyn Subject,
    key: &OrderKey,
    number: i64,
    (made, drawn): (OffsetDateTime, OffsetDateTime),
) -> RefundRef {
    let seconds = drawn.unix_timestamp().unsigned_abs();
    let id = Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, drawn.nanosecond()));
    let refund_id = RefundId::from_uuid(id);
    let Command::CreateRefund(mut create) = refund_as(refund_id, number, "1.00") else {
        unreachable!("it makes a refund")
    };
    create.at = made;
    let change = load(store, key).await.decide(Command::CreateRefund(create), made).unwrap();
    store.commit(Commit::new(made, merchant()).order(change)).await.unwrap();
    RefundRef { order_id: key.order_id.clone(), refund_id }
}

pub async fn refunds_are_filtered_by_when_they_were_made(store: &dyn Subject) {
    let key = key("O-1");
    place(store, &order("O-1")).await;
    let astray = Duration::hours(23);
    let mut made = Vec::new();
    for (number, minute, off) in
        [(1, 1, Duration::ZERO), (2, 2, Duration::ZERO), (3, 3, astray), (4, 4, -astray)]
    {
        let at = minutes(minute);
        made.push(add_refund_at(store, &key, number, (at, at + off)).await);
    }
    let elsewhere = "elsewhere".parse().unwrap();
    for order_id in [None, Some(key.order_id.clone())] {
        let within = async |from: Option<OffsetDateTime>, before: Option<OffsetDateTime>| {
            let made = Period { from, before };
            let filter = RefundFilter { order_id: order_id.clone(), made, states: vec![] };
            assert!(refunds(store, &elsewhere, &filter, 9).await.is_empty());
            refunds(store, &shop(), &filter, 1).await
        };
        // By their ids: the fourth was drawn before the others, the third after them.
        let [first, second, third, fourth] = [0, 1, 2, 3].map(|place| made[place].clone());
        let all = [fourth.clone(), first.clone(), second.clone(), third.clone()];
        assert_eq!(within(None, None).await, all);
        assert_eq!(within(Some(minutes(1)), Some(minutes(5))).await, all);
        assert_eq!(
            within(Some(minutes(2)), None).await,
            [&fourth, &second, &third].map(Clone::clone)
        );
        assert_eq!(within(None, Some(minutes(3))).await, [first, second.clone()]);
        assert_eq!(within(Some(minutes(3)), Some(minutes(4))).await, [third]);
        assert_eq!(within(Some(minutes(4)), Some(minutes(5))).await, [fourth]);
        let after_second = minutes(2) + Duration::MICROSECOND;
        assert_eq!(within(Some(minutes(2)), Some(after_second)).await, [second]);
        assert!(within(Some(after_second), Some(minutes(3))).await.is_empty());
        assert!(within(Some(minutes(5)), None).await.is_empty());
        assert!(within(Some(minutes(3)), Some(minutes(2))).await.is_empty());
    }
}

pub async fn refunds_say_when_they_succeeded(store: &dyn Subject) {
    let mut settled = Vec::new();
    for (id, minute) in [("O-1", 7), ("O-2", 8)] {
        place(store, &order(id)).await;
        let refund = add_refund(store, &key(id), minute).await;
        add_refund(store, &key(id), minute + 10).await;
        settle(store, &key(id), refund.refund_id, minutes(minute)).await;
        settled.push((refund.refund_id, minutes(minute)));
    }
    let succeeded = async |of: &StoreId, orders: &[&str]| {
        let orders: Vec<_> = orders.iter().map(|id| key(id).order_id).collect();
        store.refunds_succeeded(of, &orders).await.unwrap().into_iter().collect::<Vec<_>>()
    };
    settled.sort_unstable();
    assert_eq!(succeeded(&shop(), &["O-1", "O-2", "O-3"]).await, settled);
    let second = settled.iter().filter(|(_, at)| *at == minutes(8)).copied().collect::<Vec<_>>();
    assert_eq!(succeeded(&shop(), &["O-2"]).await, second);
    assert!(succeeded(&shop(), &[]).await.is_empty());
    assert!(succeeded(&"elsewhere".parse().unwrap(), &["O-1", "O-2"]).await.is_empty());
}
