mod again;

use crate::{
    MemoryStore, micros,
    reader::paged,
    tables::{EndpointRow, Tables},
    to_the_microsecond,
};
use async_trait::async_trait;
use domain::{
    id::{EventId, StoreId},
    webhook::Endpoint,
};
use ports::{
    Again, Assignment, Backlog, Deliveries, Delivery, DeliveryFilter, DeliveryState, EndpointKey,
    Event, Lease, MAX_PENDING, Page, PageRequest, Progress, PutIn, StoreError,
};
use std::cmp::Reverse;
use time::OffsetDateTime;

#[async_trait]
impl Deliveries for MemoryStore {
    async fn endpoint(&self, key: &EndpointKey) -> Result<Option<Endpoint>, StoreError> {
        Ok(self.lock().endpoints.get(key).map(|row| row.endpoint.clone()))
    }

    async fn endpoints(&self, store: &StoreId) -> Result<Vec<Endpoint>, StoreError> {
        let tables = self.lock();
        let all = tables.endpoints.values().filter(|row| row.endpoint.store_id == *store);
        Ok(all.map(|row| row.endpoint.clone()).collect())
    }

    async fn claim_endpoints(
        &self,
        limit: u32,
        lease: &Lease,
        now: OffsetDateTime,
    ) -> Result<Vec<Assignment>, StoreError> {
        let Tables { endpoints, events, .. } = &mut *self.lock();
        let mut ready: Vec<_> = endpoints
            .values_mut()
            .filter(|row| row.endpoint.disabled.is_none() && !row.is_leased(now))
            .filter(|row| !row.is_quiet(now))
            .filter(|row| row.is_due(now) || !row.full && row.cursor < last_of(events, row))
            .collect();
        ready.sort_by_key(|row| row.served_at);
        let claimed = ready.into_iter().take(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(claimed
            .map(|row| {
                row.lease = Some(lease.clone());
                row.served_at = Some(now);
                Assignment {
                    endpoint: row.endpoint.clone(),
                    cursor: row.cursor,
                    touched: row.touched,
                    lease: lease.clone(),
                }
            })
            .collect())
    }

    async fn renew_endpoint(
        &self,
        key: &EndpointKey,
        lease: &Lease,
    ) -> Result<Option<i64>, StoreError> {
        let mut tables = self.lock();
        let held = tables.held(key, &lease.owner);
        Ok(held.map(|row| {
            row.lease = Some(lease.clone());
            row.touched
        }))
    }

    async fn release_endpoint(&self, key: &EndpointKey, owner: &str) -> Result<(), StoreError> {
        if let Some(row) = self.lock().held(key, owner) {
            row.lease = None;
        }
        Ok(())
    }

    async fn backlog(&self, key: &EndpointKey) -> Result<Backlog, StoreError> {
        let tables = self.lock();
        let cursor = tables.endpoints.get(key).map_or(0, |row| row.cursor);
        let (mut pending, mut delivered) = (Vec::new(), Vec::new());
        for delivery in tables.deliveries_to(key) {
            match delivery.state {
                DeliveryState::Pending => {
                    pending.push(Delivery { attempts: Vec::new(), ..delivery.clone() });
                }
                DeliveryState::Delivered if delivery.position > cursor => {
                    delivered.push(delivery.event_id);
                }
                DeliveryState::Delivered => {}
            }
        }
        pending.sort_by_key(|delivery| (delivery.position, delivery.event_id));
        Ok(Backlog { pending, delivered })
    }

    async fn keep(
        &self,
        key: &EndpointKey,
        owner: &str,
        progress: &Progress,
    ) -> Result<Option<i64>, StoreError> {
        let mut tables = self.lock();
        let Some(row) = tables.held(key, owner) else { return Ok(None) };
        row.cursor = progress.cursor;
        if row.touched == progress.touched {
            row.next_due = progress.outlook.due_at;
            row.full = progress.outlook.full;
            row.quiet_until = progress.outlook.quiet_until;
        }
        let touched = row.touched;
        for delivery in &progress.deliveries {
            let kept = match tables.deliveries.get(&(key.clone(), delivery.event_id)) {
                Some(known) => delivery.clone().kept_over(known.clone()),
                None => delivery.clone(),
            };
            tables.put_delivery(key, kept);
        }
        let unwanted = |id: &EventId| progress.unwanted.contains(id);
        tables.deliveries.retain(|(of, id), row| {
            let goes = of == key && unwanted(id) && !row.asked;
            !(goes && row.state == DeliveryState::Pending)
        });
        Ok(Some(touched))
    }

    async fn deliveries(
        &self,
        key: &EndpointKey,
        filter: &DeliveryFilter,
        page: PageRequest<EventId>,
    ) -> Result<Page<Delivery, EventId>, StoreError> {
        let tables = self.lock();
        let DeliveryFilter { states, event_id } = filter;
        let mut found: Vec<Delivery> = tables
            .deliveries_to(key)
            .filter(|it| states.is_empty() || states.contains(&it.state))
            .filter(|it| event_id.is_none_or(|id| id == it.event_id))
            .filter(|it| page.after.is_none_or(|after| it.event_id < after))
            .cloned()
            .collect();
        found.sort_by_key(|delivery| Reverse(delivery.event_id));
        Ok(paged(found, page.size, Clone::clone, |delivery| delivery.event_id))
    }

    async fn send_again(
        &self,
        endpoint: &Endpoint,
        again: &Again,
        now: OffsetDateTime,
    ) -> Result<PutIn, StoreError> {
        let (store_id, endpoint_id) = (endpoint.store_id.clone(), endpoint.endpoint_id);
        let key = EndpointKey { store_id, endpoint_id };
        let mut tables = self.lock();
        Ok(tables.put_in(&key, now, |tables, cursor, room| match again {
            Again::Event(id) => tables.one_again(&key, endpoint, *id, cursor, now),
            Again::Range { from, before } => {
                tables.range_again(&key, endpoint, (*from, *before), (cursor, room), now)
            }
        }))
    }

    async fn send_test(
        &self,
        key: &EndpointKey,
        id: EventId,
        now: OffsetDateTime,
    ) -> Result<PutIn, StoreError> {
        let mut tables = self.lock();
        Ok(tables.put_in(key, now, |tables, _, _| {
            let known = tables.deliveries.contains_key(&(key.clone(), id));
            (!known).then(|| Delivery::test(id, now)).into_iter().collect()
        }))
    }

    async fn drop_delivered(&self, before: OffsetDateTime, limit: u32) -> Result<u64, StoreError> {
        let Tables { endpoints, deliveries, .. } = &mut *self.lock();
        let mut dropped = 0;
        deliveries.retain(|(key, _), row| {
            let cursor = endpoints.get(key).map_or(i64::MAX, |row| row.cursor);
            let is_old = row.state == DeliveryState::Delivered
                && micros(row.updated_at) < micros(before)
                && row.position <= cursor;
            let goes = is_old && dropped < u64::from(limit);
            dropped += u64::from(goes);
            !goes
        });
        Ok(dropped)
    }
}

/// The position of the last event of an endpoint's store.
fn last_of(events: &[Event], row: &EndpointRow) -> i64 {
    let mut of_store = events.iter().rev().filter(|it| it.store_id == row.endpoint.store_id);
    of_store.next().map_or(0, |event| event.position)
}

impl Tables {
    fn held(&mut self, key: &EndpointKey, owner: &str) -> Option<&mut EndpointRow> {
        let is_owners = |lease: &Lease| lease.owner == owner;
        self.endpoints.get_mut(key).filter(|row| row.lease.as_ref().is_some_and(is_owners))
    }

    fn deliveries_to(&self, key: &EndpointKey) -> impl Iterator<Item = &Delivery> {
        self.deliveries.iter().filter(move |((of, _), _)| of == key).map(|(_, row)| row)
    }

    fn put_delivery(&mut self, key: &EndpointKey, delivery: Delivery) {
        let kept = Delivery {
            due_at: delivery.due_at.map(to_the_microsecond),
            created_at: to_the_microsecond(delivery.created_at),
            updated_at: to_the_microsecond(delivery.updated_at),
            ..delivery
        };
        self.deliveries.insert((key.clone(), kept.event_id), kept);
    }

    /// Puts in what is found, given the cursor and for how many there is room.
    fn put_in(
        &mut self,
        key: &EndpointKey,
        now: OffsetDateTime,
        find: impl FnOnce(&Self, i64, u32) -> Vec<Delivery>,
    ) -> PutIn {
        let Some(cursor) = self.endpoints.get(key).map(|row| row.cursor) else {
            return PutIn::Done(0);
        };
        let pending = self.deliveries_to(key).filter(|it| it.state == DeliveryState::Pending);
        let pending = u32::try_from(pending.count()).unwrap_or(u32::MAX);
        let room = MAX_PENDING.saturating_sub(pending);
        if room == 0 {
            return PutIn::Full(pending);
        }
        let found = find(self, cursor, room);
        let count = u32::try_from(found.len()).unwrap_or(u32::MAX);
        if let Some(row) = self.endpoints.get_mut(key).filter(|_| count > 0) {
            row.touched += 1;
            row.next_due = Some(now);
        }
        for delivery in found {
            self.put_delivery(key, delivery);
        }
        PutIn::Done(count)
    }
}
