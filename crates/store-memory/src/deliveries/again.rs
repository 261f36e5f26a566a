//! What a person asks for to be sent.

use crate::{micros, tables::Tables};
use domain::{
    event::TEST,
    id::EventId,
    webhook::{Endpoint, Format},
};
use ports::{Delivery, EndpointKey, Event, MAX_AGAIN};
use time::OffsetDateTime;

impl Tables {
    pub(super) fn one_again(
        &self,
        key: &EndpointKey,
        endpoint: &Endpoint,
        id: EventId,
        cursor: i64,
        now: OffsetDateTime,
    ) -> Vec<Delivery> {
        let can_be_told = |kind: &str| {
            endpoint.format == Format::Standard || kind == TEST || endpoint.wants(kind)
        };
        let told =
            |it: &&Event| it.store_id == key.store_id && it.event_id == id && it.position <= cursor;
        let unknown = || self.events.iter().find(told).map(|event| Delivery::of(event, now));
        let found = self.known(key, id).cloned().or_else(unknown);
        let found = found.filter(|it| can_be_told(it.kind));
        found.map(|delivery| delivery.asked_for(now)).into_iter().collect()
    }

    pub(super) fn range_again(
        &self,
        key: &EndpointKey,
        endpoint: &Endpoint,
        (from, before): (OffsetDateTime, OffsetDateTime),
        (cursor, room): (i64, u32),
        now: OffsetDateTime,
    ) -> Vec<Delivery> {
        let within = micros(from)..micros(before);
        let mut asked_for: Vec<Delivery> = self
            .events
            .iter()
            .filter(|it| it.store_id == key.store_id && endpoint.wants(it.kind))
            .filter(|it| within.contains(&micros(it.occurred_at)))
            .filter_map(|event| {
                // What was sent out of turn it was told of, too.
                let known = self.known(key, event.event_id).cloned();
                let told = (event.position <= cursor).then(|| Delivery::of(event, now));
                Some(known.or(told)?.asked_for(now))
            })
            .collect();
        asked_for.sort_by_key(|delivery| delivery.event_id);
        asked_for.truncate(usize::try_from(room.min(MAX_AGAIN)).unwrap_or(usize::MAX));
        asked_for
    }

    fn known(&self, key: &EndpointKey, id: EventId) -> Option<&Delivery> {
        self.deliveries.get(&(key.clone(), id))
    }
}
