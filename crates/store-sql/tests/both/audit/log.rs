//! The log: what is in it, where it ends, its hashes and its numbers.

use super::{Bench, CREATED, Case, case, of};
use ports::FaultKind::{
    ChainBroken, EntryChanged, EntryMissing, EntryTwice, HeadDiffers, PositionGap, TailMissing,
    VersionDiffers,
};

fn refunded() -> String {
    format!("{} AND place = {CREATED}", of("refunded"))
}

fn hash(of: i64) -> String {
    format!("(SELECT hash FROM kept_event_log WHERE store_id = 'shop' AND entry = {of})")
}

pub fn entries(entry: i64) -> Vec<Case> {
    let at = refunded();
    let changed = [(EntryChanged, "refunded", Some(CREATED), Some(entry))];
    let set = |what, change: &str| {
        case(what, format!("UPDATE event_log SET {change} WHERE {at}"), &changed)
    };
    vec![
        set("what an entry tells", "data = replace(data, '30.00', '31.00')"),
        set("what an entry is about", "entity_id = 'rf_other'"),
        set("who did it, as the log has it", "actor_id = 'tok_other'"),
        set("when it was, as the log has it", "occurred_at = occurred_at + 1"),
        set("its trace", "trace = 'another'"),
        set("what the merchant calls the order", "external_id = 'E', external_number = '1'"),
        case(
            "an entry is gone",
            format!("DELETE FROM event_log WHERE {at}"),
            &[
                (PositionGap, "", None, Some(entry)),
                (EntryMissing, "refunded", Some(CREATED), None),
            ],
        ),
    ]
}

pub async fn ends(bench: &Bench, last: i64) -> Vec<Case> {
    let (cut, before) = (bench.at(last).await, bench.at(last - 1).await);
    let missing = |(order, place)| (EntryMissing, order, Some(place), None);
    let head = [(HeadDiffers, "", None, None)];
    vec![
        case(
            "the tail is cut off",
            format!("DELETE FROM event_log WHERE store_id = 'shop' AND entry >= {}", last - 1),
            &[(TailMissing, "", None, Some(last - 1)), missing(before), missing(cut)],
        ),
        case(
            "the tail is cut off, and the head goes along",
            format!(
                "DELETE FROM event_log WHERE store_id = 'shop' AND entry = {last}; \
                 UPDATE feeds SET entries = {}, hash = {} WHERE store_id = 'shop'",
                last - 1,
                hash(last - 1)
            ),
            &[head[0], missing(cut)],
        ),
        case(
            "all of a store is gone but its record and the head of its log",
            "DELETE FROM event_log WHERE store_id = 'shop'; \
             DELETE FROM facts WHERE store_id = 'shop'; DELETE FROM orders WHERE store_id = 'shop'; \
             DELETE FROM tenders WHERE store_id = 'shop'; DELETE FROM refunds; \
             DELETE FROM cancellations; DELETE FROM cancellation_products; \
             DELETE FROM order_products WHERE store_id = 'shop'; \
             DELETE FROM order_facets WHERE store_id = 'shop'; \
             DELETE FROM order_names WHERE store_id = 'shop'",
            &[(TailMissing, "", None, Some(1)), (VersionDiffers, "", None, None)],
        ),
        case(
            "the hash in the head",
            format!("UPDATE feeds SET hash = {} WHERE store_id = 'shop'", hash(1)),
            &head,
        ),
        case(
            "the position in the head",
            "UPDATE feeds SET position = position + 1 WHERE store_id IN ('', 'shop')",
            &head,
        ),
        case("the head is gone", "DELETE FROM feeds WHERE store_id = 'shop'", &[head[0], head[0]]),
    ]
}

pub async fn hashes(bench: &Bench, entry: i64, last: i64) -> Vec<Case> {
    let swapped = |one: i64, other: i64| {
        format!(
            "UPDATE event_log SET hash = CASE entry WHEN {one} THEN {} ELSE {} END \
             WHERE store_id = 'shop' AND entry IN ({one}, {other})",
            hash(other),
            hash(one)
        )
    };
    let (next, other) = (bench.at(entry + 1).await, bench.at(entry + 4).await);
    let end = bench.at(last).await;
    let broken = |(order, place), entry| (ChainBroken, order, Some(place), Some(entry));
    let first = broken(("refunded", CREATED), entry);
    vec![
        case(
            "the hashes of two entries are swapped",
            swapped(entry, entry + 4),
            &[first, broken(other, entry + 4)],
        ),
        case(
            "the hashes of two neighbours are swapped",
            swapped(entry, entry + 1),
            &[first, broken(next, entry + 1)],
        ),
        case(
            "the hash of an entry",
            format!("UPDATE event_log SET hash = {} WHERE {}", hash(1), refunded()),
            &[first],
        ),
        case(
            "the hash of the last entry",
            format!(
                "UPDATE event_log SET hash = {} WHERE store_id = 'shop' AND entry = {last}",
                hash(1)
            ),
            &[broken(end, last)],
        ),
    ]
}

pub async fn numbers(bench: &Bench, entry: i64, last: i64) -> Vec<Case> {
    let at = refunded();
    let events = format!("SELECT position FROM event_log WHERE {at}");
    let position = bench.count(&events).await;
    let gap = [(PositionGap, "refunded", Some(CREATED), Some(entry))];
    vec![
        case(
            "a position",
            format!("UPDATE event_log SET position = {} WHERE {at}", position + 100_000),
            &gap,
        ),
        case(
            "a position over all stores",
            format!("UPDATE event_log SET overall = overall + 1000000 WHERE {at}"),
            &gap,
        ),
        case(
            "a fact is entered twice",
            format!(
                "INSERT INTO event_log (store_id, entry, order_id, place, occurred_at, event_id, \
                 kind, actor_kind, actor_id, hash) SELECT store_id, {}, order_id, place, \
                 occurred_at, event_id, kind, actor_kind, actor_id, hash FROM kept_event_log \
                 WHERE {at}",
                last + 1
            ),
            &[
                (HeadDiffers, "", None, None),
                (EntryTwice, "refunded", Some(CREATED), Some(last + 1)),
                (EntryChanged, "refunded", Some(CREATED), Some(last + 1)),
            ],
        ),
    ]
}
