//! What an endpoint is sent of an event.

use super::lanes::Item;
use domain::{
    event::TEST,
    id::{EventId, StoreId},
    webhook::{Endpoint, Format},
};
use ports::{
    Event, EventFeed, EventFilter, Ledger, OrderKey, OrderRefundBody, Reader, Store, StoreError,
    own_value,
};
use serde::Serialize;
use serde_json::{Map, Value};
use std::{error::Error, sync::Arc};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// A message. By Standard Webhooks it is the same with every try, because an event never changes;
/// what an endpoint of the compatible format gets says how the refund stands by now.
pub(super) struct Message {
    pub body: Vec<u8>,
    pub trace: Option<String>,
}

/// Why there is no message. The endpoint has nothing to do with it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unmade {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("there is no {0} any more that a message is about")]
    Missing(&'static str),
    #[error("the message cannot be written")]
    Unwritable(#[source] Box<dyn Error + Send + Sync>),
}

/// Makes messages of what is stored.
#[derive(Clone)]
pub(super) struct Messages {
    pub feed: Arc<dyn EventFeed>,
    pub reader: Arc<dyn Reader>,
    pub store: Arc<dyn Store>,
    pub ledger: Arc<dyn Ledger>,
    pub refunds: Arc<dyn OrderRefundBody>,
}

impl Messages {
    pub async fn of(&self, endpoint: &Endpoint, item: &Item) -> Result<Message, Unmade> {
        if item.delivery.kind == TEST {
            let body = test(&endpoint.store_id, item.delivery.created_at)?;
            return Ok(Message { body, trace: None });
        }
        let event = match &item.event {
            Some(event) => Arc::clone(event),
            None => Arc::new(self.event(&endpoint.store_id, item).await?),
        };
        let body = match endpoint.format {
            Format::Standard => standard(&event)?,
            Format::Globale => self.globale(&event).await?,
        };
        Ok(Message { body, trace: event.trace.clone() })
    }

    async fn event(&self, store: &StoreId, item: &Item) -> Result<Event, Unmade> {
        let (id, before) = (item.delivery.event_id, item.delivery.position - 1);
        let found = self.feed.events(store, &EventFilter::default(), before, 1).await?;
        let mut events = found.events.into_iter();
        events.find(|event| event.event_id == id).ok_or(Unmade::Missing("event"))
    }

    async fn globale(&self, event: &Event) -> Result<Vec<u8>, Unmade> {
        let order_id = event.order_id.clone().ok_or(Unmade::Missing("order"))?;
        let key = OrderKey::new(event.store_id.clone(), order_id);
        let view = self.reader.order(&key).await?.ok_or(Unmade::Missing("order"))?;
        let refund = event.entity_id.parse().ok().and_then(|id| view.order.refund(id));
        let refund = refund.ok_or(Unmade::Missing("refund"))?;
        let store = self.store.store(&event.store_id).await?.ok_or(Unmade::Missing("store"))?;
        let cards =
            refund.gift_cards(&view.order).map_err(|error| Unmade::Unwritable(error.into()))?;
        let currency = view.order.customer_currency;
        let balances =
            own_value::balances_without(&*self.ledger, &event.store_id, &cards, currency).await?;
        let body = self.refunds.order_refund(&view.order, refund, &store.state, &balances);
        body.map_err(Unmade::Unwritable)
    }
}

/// A message by the Standard Webhooks specification.
#[derive(Serialize)]
struct Standard<'s> {
    r#type: &'s str,
    timestamp: String,
    store_id: &'s StoreId,
    /// Of the event in its order.
    sequence: i64,
    data: Map<String, Value>,
}

/// The event as the feed has it, what it is about among its data.
pub(crate) fn standard(event: &Event) -> Result<Vec<u8>, Unmade> {
    let Event { kind, store_id, sequence, occurred_at, data, .. } = event;
    let mut data: Map<String, Value> = serde_json::from_str(data).map_err(unwritable)?;
    for (name, value) in about(event) {
        // What the event itself says by that name is meant.
        data.entry(name).or_insert(value);
    }
    let timestamp = occurred_at.format(&Rfc3339).map_err(unwritable)?;
    write(&Standard { r#type: kind, timestamp, store_id, sequence: *sequence, data })
}

fn about(event: &Event) -> impl Iterator<Item = (&'static str, Value)> {
    let external = event.external.as_ref();
    let always = [
        ("event_id", event_id(event.event_id)),
        ("entity_id", event.entity_id.clone().into()),
        ("position", event.position.into()),
    ];
    let some = [
        ("order_id", event.order_id.as_ref().map(ToString::to_string)),
        ("external_order_id", external.map(|external| external.id.clone())),
        ("external_order_number", external.map(|external| external.number.clone())),
    ];
    let given = some.into_iter().filter_map(|(name, value)| Some((name, value?.into())));
    always.into_iter().chain(given)
}

fn event_id(id: EventId) -> Value {
    id.to_string().into()
}

fn test(store_id: &StoreId, at: OffsetDateTime) -> Result<Vec<u8>, Unmade> {
    let timestamp = at.format(&Rfc3339).map_err(unwritable)?;
    write(&Standard { r#type: TEST, timestamp, store_id, sequence: 0, data: Map::new() })
}

fn write(message: &Standard<'_>) -> Result<Vec<u8>, Unmade> {
    serde_json::to_vec(message).map_err(unwritable)
}

fn unwritable(error: impl Error + Send + Sync + 'static) -> Unmade {
    Unmade::Unwritable(Box::new(error))
}

#[cfg(test)]
mod tests;
