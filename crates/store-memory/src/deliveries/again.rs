//! What a person asks for to be sent.

use crate::{micros, tables::Tables};
use domain::{
    event::TEST,
    id::{EventId, OrderId},
    webhook::{Endpoint, Format},
};
use ports::{Delivery, DeliveryState, EndpointKey, Event, MAX_AGAIN, MAX_PENDING};
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
        let known = self.deliveries.get(&(key.clone(), id)).map(|known| again(known, now));
        let told =
            |it: &&Event| it.store_id == key.store_id && it.event_id == id && it.position <= cursor;
        let unknown = || self.events.iter().find(told).map(|event| delivery_of(event, now));
        known.or_else(unknown).filter(|it| can_be_told(it.kind)).into_iter().collect()
    }

    pub(super) fn range_again(
        &self,
        key: &EndpointKey,
        endpoint: &Endpoint,
        (from, before): (OffsetDateTime, OffsetDateTime),
        cursor: i64,
        now: OffsetDateTime,
    ) -> Vec<Delivery> {
        let pending = self.deliveries_to(key).filter(|it| it.state == DeliveryState::Pending);
        let pending = u32::try_from(pending.count()).unwrap_or(u32::MAX);
        let room = MAX_PENDING.saturating_sub(pending).min(MAX_AGAIN);
        let within = micros(from)..micros(before);
        let mut asked_for: Vec<Delivery> = self
            .events
            .iter()
            .filter(|it| it.store_id == key.store_id && it.position <= cursor)
            .filter(|it| within.contains(&micros(it.occurred_at)) && endpoint.wants(it.kind))
            .map(|event| match self.deliveries.get(&(key.clone(), event.event_id)) {
                Some(known) => again(known, now),
                None => delivery_of(event, now),
            })
            .collect();
        asked_for.sort_by_key(|delivery| delivery.event_id);
        asked_for.truncate(usize::try_from(room).unwrap_or(usize::MAX));
        asked_for
    }
}

fn again(known: &Delivery, now: OffsetDateTime) -> Delivery {
    let state = DeliveryState::Pending;
    Delivery { state, tries: 0, due_at: Some(now), updated_at: now, ..known.clone() }
}

fn delivery_of(event: &Event, now: OffsetDateTime) -> Delivery {
    new_delivery(event.event_id, event.kind, event.order_id.clone(), event.position, now)
}

pub(super) fn new_delivery(
    event_id: EventId,
    kind: &'static str,
    order_id: Option<OrderId>,
    position: i64,
    now: OffsetDateTime,
) -> Delivery {
    Delivery {
        event_id,
        kind,
        order_id,
        position,
        state: DeliveryState::Pending,
        tries: 0,
        due_at: Some(now),
        attempts: Vec::new(),
        created_at: now,
        updated_at: now,
    }
}
