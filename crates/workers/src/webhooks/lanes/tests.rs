use super::*;
use domain::{Actor, id::StoreId};
use time::{Duration, macros::datetime};
use uuid::Uuid;

const NOW: OffsetDateTime = datetime!(2025-03-01 12:00 UTC);

fn event(position: i64, order_id: Option<&str>) -> Arc<Event> {
    let store_id: StoreId = "s1".parse().unwrap();
    Arc::new(Event {
        event_id: id(position),
        kind: "order.ready",
        store_id,
        order_id: order_id.map(|id| id.parse().unwrap()),
        entity_id: "e".to_owned(),
        sequence: 1,
        position,
        overall: position,
        occurred_at: NOW,
        actor: Actor::worker("test"),
        external: None,
        data: "{}".to_owned(),
        trace: None,
    })
}

fn id(position: i64) -> EventId {
    EventId::from_uuid(Uuid::from_u128(u128::try_from(position).unwrap()))
}

/// One that waits in the table.
fn waits(position: i64, order_id: &str, tries: u32, due_at: Option<OffsetDateTime>) -> Delivery {
    let delivery = Item::of(event(position, Some(order_id)), NOW).delivery;
    Delivery { tries, due_at, ..delivery }
}

fn positions(kept: &[Delivery]) -> Vec<i64> {
    kept.iter().map(|delivery| delivery.position).collect()
}

/// Takes all that may be sent now.
fn all(lanes: &mut Lanes) -> Vec<Item> {
    std::iter::from_fn(|| lanes.next(true)).collect()
}

fn sent(items: &[Item]) -> Vec<i64> {
    items.iter().map(|item| item.delivery.position).collect()
}

#[test]
fn of_each_order_one_is_on_its_way() {
    let mut lanes = Lanes::default();
    for (position, order_id) in [(1, "a"), (2, "b"), (3, "a"), (4, "a"), (5, "b")] {
        assert_eq!(lanes.add(event(position, Some(order_id)), NOW), None);
    }
    let first = all(&mut lanes);
    assert_eq!(sent(&first), [1, 2]);
    lanes.took(&first[0], NOW);
    let second = all(&mut lanes);
    assert_eq!(sent(&second), [3]);
    lanes.took(&second[0], NOW);
    lanes.took(&first[1], NOW);
    let last = all(&mut lanes);
    assert_eq!(sent(&last), [4, 5]);
    for item in &last {
        lanes.took(item, NOW);
    }
    assert!(!lanes.is_sending() && !lanes.is_ready(true) && lanes.queues.is_empty());
}

#[test]
fn what_has_no_order_follows_nothing() {
    let mut lanes = Lanes::default();
    for position in 1..=3 {
        lanes.add(event(position, None), NOW);
    }
    assert_eq!(sent(&all(&mut lanes)), [1, 2, 3]);
}

#[test]
fn behind_one_that_failed_all_of_its_order_waits_in_the_table() {
    let mut lanes = Lanes::default();
    for (position, order_id) in [(1, "a"), (2, "a"), (3, "b"), (4, "a")] {
        lanes.add(event(position, Some(order_id)), NOW);
    }
    let mut items = all(&mut lanes);
    let due = NOW + Duration::minutes(5);
    let mut failed = items.remove(0);
    (failed.delivery.tries, failed.delivery.due_at) = (1, Some(due));
    let kept = lanes.failed(failed, NOW);
    assert_eq!(positions(&kept), [1, 2, 4]);
    assert_eq!((kept[0].due_at, kept[1].due_at), (Some(due), None));
    assert_eq!(lanes.stored(), 3);
    // What comes later as well, and what is there already is not put in again.
    let later = lanes.add(event(5, Some("a")), NOW).unwrap();
    assert_eq!((later.position, later.due_at, lanes.stored()), (5, None, 4));
    lanes.took(&items[0], NOW);
    assert!(all(&mut lanes).is_empty());
    assert_eq!(lanes.next_due(), Some(due));
    lanes.wake(due - Duration::MICROSECOND);
    assert!(all(&mut lanes).is_empty());
    lanes.wake(due);
    let again = lanes.next(false).unwrap();
    assert_eq!(again.delivery.position, 1);
    assert_eq!(positions(&lanes.failed(again, due)), [1]);
    // Once it is through, the next is due at once.
    lanes.wake(due);
    let again = lanes.next(false).unwrap();
    lanes.took(&again, due);
    assert_eq!(lanes.next(false).unwrap().delivery.position, 2);
    assert_eq!(lanes.stored(), 3);
}

#[test]
fn what_waited_goes_on_where_it_was() {
    let hour = NOW + Duration::HOUR;
    let pending = vec![
        waits(1, "a", 0, Some(NOW)),
        waits(2, "b", 3, Some(hour)),
        waits(3, "b", 0, Some(NOW)),
        waits(4, "c", 10, None),
        waits(8, "a", 4, Some(hour)),
        waits(9, "a", 0, None),
    ];
    let mut lanes = Lanes::restored(pending, NOW);
    assert_eq!((lanes.stored(), lanes.next_due()), (6, Some(hour)));
    let first = all(&mut lanes);
    assert_eq!(sent(&first), [1, 4]);
    lanes.took(&first[0], NOW);
    // It failed by itself, and has a time of its own.
    assert!(all(&mut lanes).is_empty());
    lanes.wake(hour);
    let second = all(&mut lanes);
    assert_eq!(sent(&second), [8, 2]);
    // One that was asked for again waits for what is before it like any other.
    let mut failed = second[1].clone();
    failed.delivery.due_at = Some(hour + Duration::HOUR);
    let kept = lanes.failed(failed, hour);
    assert_eq!((positions(&kept), kept[1].due_at), (vec![2, 3], None));
}

#[test]
fn what_waited_is_sent_in_the_sequence_in_which_it_happened() {
    let orders = ["d", "b", "e", "a", "c"];
    let pending = (1..).zip(orders).map(|(position, id)| waits(position, id, 0, Some(NOW)));
    let mut lanes = Lanes::restored(pending.collect(), NOW);
    assert_eq!(sent(&all(&mut lanes)), [1, 2, 3, 4, 5]);
}

#[test]
fn neither_the_new_nor_the_old_keeps_the_other_waiting() {
    let old = (1..=50).map(|number| waits(number, &format!("o{number}"), 1, None));
    let mut lanes = Lanes::restored(old.collect(), NOW);
    for number in 51..=100 {
        lanes.add(event(number, Some(&format!("o{number}"))), NOW);
    }
    let first: Vec<_> = (0..20).filter_map(|_| lanes.next(true)).collect();
    assert_eq!(first.iter().filter(|item| item.stored).count(), 10);
    // Unless nothing new may be begun.
    let old: Vec<_> = std::iter::from_fn(|| lanes.next(false)).collect();
    assert_eq!(old.len(), 40);
    assert!(!lanes.is_ready(false) && lanes.is_ready(true));
    assert_eq!(all(&mut lanes).len(), 40);
}
