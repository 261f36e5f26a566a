use crate::MemoryStore;
use async_trait::async_trait;
use domain::{
    event::Told,
    id::{EventId, StoreId},
};
use ports::{Commit, Event, EventFeed, EventFilter, Numbering, Sequencer, StoreError, Stretch};
use time::Duration;

#[async_trait]
impl EventFeed for MemoryStore {
    async fn events(
        &self,
        store: &StoreId,
        filter: &EventFilter,
        after: i64,
        limit: u32,
    ) -> Result<Stretch, StoreError> {
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let tables = self.lock();
        let mut stretch = Stretch { events: Vec::new(), seen: after, more: false };
        for event in tables.events.iter().filter(|it| it.store_id == *store && it.position > after)
        {
            if stretch.events.len() >= most {
                stretch.more = true;
                break;
            }
            stretch.seen = event.position;
            if filter.matches(event) {
                stretch.events.push(event.clone());
            }
        }
        Ok(stretch)
    }

    async fn position(&self, store: &StoreId, event: EventId) -> Result<Option<i64>, StoreError> {
        let tables = self.lock();
        let found = tables.events.iter().find(|it| it.store_id == *store && it.event_id == event);
        Ok(found.map(|event| event.position))
    }

    async fn last_position(&self, store: &StoreId) -> Result<i64, StoreError> {
        let tables = self.lock();
        let last = tables.events.iter().rfind(|it| it.store_id == *store);
        Ok(last.map_or(0, |event| event.position))
    }

    async fn all_events(&self, after: i64, limit: u32) -> Result<Vec<Event>, StoreError> {
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let tables = self.lock();
        Ok(tables.events.iter().filter(|it| it.overall > after).take(most).cloned().collect())
    }

    async fn last_overall(&self) -> Result<i64, StoreError> {
        Ok(self.lock().events.last().map_or(0, |event| event.overall))
    }

    async fn published(&self, at_most: Duration) {
        self.bells.wait_for_events(at_most).await;
    }
}

/// A commit numbers its own facts.
#[async_trait]
impl Sequencer for MemoryStore {
    async fn number(&self) -> Result<Numbering, StoreError> {
        Ok(Numbering::Done(0))
    }

    async fn committed(&self, at_most: Duration) {
        self.bells.wait_for_facts(at_most).await;
    }
}

/// The events of a commit, without their positions.
pub(crate) fn events_of(commit: &Commit) -> Result<Vec<Event>, StoreError> {
    let mut events = Vec::new();
    for change in &commit.stores {
        let store_id = &change.after.store_id;
        for (place, fact) in (change.before.0 + 1..).zip(&change.facts) {
            if let Some(told) = Told::of_store(fact) {
                let event_id = commit.event_id(store_id, None, place);
                events.push(event(commit, store_id, event_id, fact.name(), told)?);
            }
        }
    }
    for change in &commit.orders {
        let key = change.key();
        for (place, sequence, fact) in change.numbered() {
            if let Some((told, sequence)) = Told::of(fact, &change.after).zip(sequence) {
                let event_id = commit.event_id(&key.store_id, Some(&key.order_id), place);
                let event = event(commit, &key.store_id, event_id, fact.name(), told)?;
                let actor = fact.by().unwrap_or(&commit.actor).clone();
                let order_id = Some(key.order_id.clone());
                events.push(Event { order_id, sequence, actor, ..event });
            }
        }
    }
    Ok(events)
}

fn event(
    commit: &Commit,
    store_id: &StoreId,
    event_id: EventId,
    kind: &'static str,
    told: Told,
) -> Result<Event, StoreError> {
    let data = serde_json::to_string(&told.data);
    Ok(Event {
        event_id,
        kind,
        store_id: store_id.clone(),
        order_id: None,
        entity_id: told.entity_id,
        sequence: 0,
        position: 0,
        overall: 0,
        occurred_at: crate::to_the_microsecond(commit.at),
        actor: commit.actor.clone(),
        external: told.external,
        data: data.map_err(|error| StoreError::Corrupt(Box::new(error)))?,
        trace: commit.trace.clone(),
    })
}
