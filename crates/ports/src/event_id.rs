//! Ids of events: version 7 UUIDs that tell by themselves whether they can be one of a store's.
//!
//! ```text
//! 48 bits  milliseconds since 1970
//!  4       version 7
//!  8       place in the order's history, so that the facts of one commit sort in their order
//! 12       digest of the store (four of its bits, the variant's two, then eight)
//! 10       digest of all other bits
//! 44       digest of store, order and place
//! ```
//!
//! The digests are no secret: they tell mistakes apart, and whoever asks learns from them nothing
//! about what another store has.

use domain::id::{EventId, OrderId, StoreId};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use uuid::Uuid;

/// What an id says of where it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// It was made for an event of this very store.
    Own,
    /// For one of another.
    Other,
    /// No event has it.
    Nowhere,
}

/// The id of the fact at `place` of an order's history, or of the store's own without an order.
pub(crate) fn of(
    at: OffsetDateTime,
    store: &StoreId,
    order: Option<&OrderId>,
    place: i64,
) -> EventId {
    let mut hasher = Sha256::new();
    for name in [store.as_str(), order.map_or("", OrderId::as_str)] {
        hasher.update(u64::try_from(name.len()).unwrap_or(u64::MAX).to_be_bytes());
        hasher.update(name);
    }
    hasher.update(place.to_be_bytes());
    let millis = u128::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or(0);
    let [.., low] = place.to_be_bytes();
    let tag = tag_of(store);
    let bare = (millis & MILLIS) << 80
        | 7 << 76
        | u128::from(low) << 68
        | (tag >> 8) << 64
        | 2 << 62
        | (tag & 0xff) << 54
        | number(&hasher.finalize()) & UNIQUE;
    EventId::from_uuid(Uuid::from_u128(bare | check_of(bare) << CHECK_AT))
}

/// Where the id of an event comes from.
pub fn origin(id: EventId, store: &StoreId) -> Origin {
    let bits = id.as_uuid().as_u128();
    let bare = bits & !(CHECK << CHECK_AT);
    let is_ours = bits >> 76 & 0xf == 7 && bits >> CHECK_AT & CHECK == check_of(bare);
    let tag = (bits >> 64 & 0xf) << 8 | bits >> 54 & 0xff;
    match is_ours {
        false => Origin::Nowhere,
        true if tag == tag_of(store) => Origin::Own,
        true => Origin::Other,
    }
}

/// No event from a time on, in microseconds since 1970, has an id before this.
pub fn first_at(micros: i64) -> EventId {
    EventId::from_uuid(Uuid::from_u128(millis_of(micros) << 80))
}

/// No event until a time, in microseconds since 1970, has an id after this.
pub fn last_at(micros: i64) -> EventId {
    EventId::from_uuid(Uuid::from_u128(millis_of(micros) << 80 | ((1 << 80) - 1)))
}

fn millis_of(micros: i64) -> u128 {
    u128::try_from(micros / 1_000).unwrap_or(0).min(MILLIS)
}

const MILLIS: u128 = (1 << 48) - 1;
const UNIQUE: u128 = (1 << 44) - 1;
const CHECK: u128 = (1 << 10) - 1;
const CHECK_AT: u32 = 44;
const TAG: u128 = (1 << 12) - 1;

fn tag_of(store: &StoreId) -> u128 {
    number(&Sha256::digest(store.as_str())) & TAG
}

fn check_of(bare: u128) -> u128 {
    number(&Sha256::digest(bare.to_be_bytes())) & CHECK
}

/// The first eight bytes of a digest.
fn number(digest: &[u8]) -> u128 {
    digest.iter().take(8).fold(0, |number, byte| number << 8 | u128::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn store(name: &str) -> StoreId {
        name.parse().unwrap()
    }

    fn id(name: &str, order: &str, place: i64) -> EventId {
        let at = OffsetDateTime::from_unix_timestamp(1_790_000_000).unwrap();
        of(at, &store(name), Some(&order.parse().unwrap()), place)
    }

    #[test]
    fn an_id_knows_its_store() {
        for place in [1, 2, 255, 256, 4_711, i64::MAX] {
            let id = id("one", "order-1", place);
            assert_eq!(origin(id, &store("one")), Origin::Own, "{id}");
            assert_eq!(origin(id, &store("another")), Origin::Other, "{id}");
        }
    }

    #[test]
    fn what_was_made_up_is_from_nowhere() {
        let mut nowhere = 0;
        for bit in 0..128 {
            let id = id("one", "order-1", 3).as_uuid().as_u128() ^ 1 << bit;
            let id = EventId::from_uuid(Uuid::from_u128(id));
            nowhere += u32::from(origin(id, &store("one")) == Origin::Nowhere);
        }
        // One in a thousand may look like an id all the same.
        assert!(nowhere >= 124, "{nowhere}");
        assert_eq!(origin(EventId::from_uuid(Uuid::nil()), &store("one")), Origin::Nowhere);
    }

    #[test]
    fn ids_are_within_the_bounds_of_their_time() {
        let at = 1_790_000_000_000_000;
        let id = id("one", "order-1", 3);
        assert!(first_at(at) <= id && id <= last_at(at));
        assert!(last_at(at - 1_000) < id && id < first_at(at + 1_000));
        assert!(first_at(i64::MIN) < id && id < last_at(i64::MAX));
    }

    #[test]
    fn the_facts_of_one_commit_sort_in_their_order() {
        let ids: Vec<_> = (1..200).map(|place| id("one", "order-1", place)).collect();
        assert!(ids.is_sorted());
        assert!(ids.iter().all(|id| id.as_uuid().get_version_num() == 7));
    }

    #[test]
    fn ids_of_one_moment_differ() {
        let orders = (0..20_000).map(|number| id("one", &format!("order-{number}"), 1));
        assert_eq!(orders.collect::<HashSet<_>>().len(), 20_000);
    }
}
