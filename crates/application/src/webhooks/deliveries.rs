//! What is sent to endpoints: looked at, sent again, tried out.

use super::{Step, Webhooks, known};
use crate::{Answer, Caller, Failure, Missing, Request};
use domain::{Reason, Rejection, id::EventId, store::StoreFact, webhook::Endpoint};
use ports::{
    Again, Delivery, DeliveryFilter, DeliveryState, EndpointKey, MAX_PENDING, Page, PageRequest,
    PutIn,
};
use std::time::Duration;

/// How often somebody who waits for a try looks.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Shows how many events are sent again.
pub type RenderCount<'r> = &'r (dyn Fn(u32) -> Vec<u8> + Sync);
pub type RenderDelivery<'r> = &'r (dyn Fn(&Delivery) -> Vec<u8> + Sync);

impl Webhooks {
    /// Newest first.
    ///
    /// # Errors
    ///
    /// [`Failure::NotFound`] if the store has no such endpoint.
    pub async fn deliveries(
        &self,
        key: &EndpointKey,
        filter: &DeliveryFilter,
        page: PageRequest<EventId>,
    ) -> Result<Page<Delivery, EventId>, Failure> {
        self.get(key).await?;
        Ok(self.deliveries.deliveries(key, filter, page).await?)
    }

    /// Has something sent once more. The receipt is written after it was put in: should it be lost
    /// in between, a repetition of the request sends once more than was asked for, and never less.
    ///
    /// # Errors
    ///
    /// [`Failure::NotFound`] if the store has no such endpoint or event; [`Failure::Rejected`] if
    /// the endpoint is disabled, or too much waits to be sent.
    pub async fn send_again(
        &self,
        caller: &Caller,
        key: &EndpointKey,
        request: &Request,
        again: &Again,
        render: RenderCount<'_>,
    ) -> Result<Answer, Failure> {
        if let Some(receipt) = self.core.store.receipt(&request.key(&key.store_id)).await? {
            return request.replay(receipt);
        }
        let endpoint = self.enabled(key).await?;
        let events = self.deliveries.send_again(&endpoint, again, self.core.now()).await?;
        let events = put_in(key, events)?;
        if let Again::Event(event_id) = again
            && events == 0
            // One that the endpoint has not been told of yet comes by itself.
            && self.feed.position(&key.store_id, *event_id).await?.is_none()
        {
            return Err(Failure::not_found(Missing::Event, event_id.to_string()));
        }
        let endpoint_id = key.endpoint_id;
        self.change(caller, key, Some(request), |held, _| {
            known(held, key)?;
            let (event_id, from, before) = match again {
                Again::Event(event_id) => (Some(*event_id), None, None),
                Again::Range { from, before } => (None, Some(*from), Some(*before)),
            };
            let fact = StoreFact::EndpointSentAgain { endpoint_id, event_id, from, before, events };
            Ok(Step { change: Some((fact, None)), answer: render(events) })
        })
        .await
    }

    /// Has a test sent; the receipt is written as that of [`Self::send_again`]. Answers the delivery
    /// as it was put in.
    ///
    /// # Errors
    ///
    /// [`Failure::NotFound`] if the store has no such endpoint; [`Failure::Rejected`] if it is
    /// disabled, or too much waits to be sent.
    pub async fn send_test(
        &self,
        caller: &Caller,
        key: &EndpointKey,
        request: &Request,
        render: RenderDelivery<'_>,
    ) -> Result<Answer, Failure> {
        if let Some(receipt) = self.core.store.receipt(&request.key(&key.store_id)).await? {
            return request.replay(receipt);
        }
        self.enabled(key).await?;
        let event_id = EventId::from_uuid(self.core.ids.next());
        let now = self.core.now();
        put_in(key, self.deliveries.send_test(key, event_id, now).await?)?;
        let endpoint_id = key.endpoint_id;
        self.change(caller, key, Some(request), |held, _| {
            known(held, key)?;
            let fact = StoreFact::EndpointTested { endpoint_id, event_id };
            Ok(Step { change: Some((fact, None)), answer: render(&Delivery::test(event_id, now)) })
        })
        .await
    }

    /// A delivery once it was tried, or as it is when patience ends; none if there is none (any
    /// more).
    ///
    /// # Errors
    ///
    /// [`Failure::Store`] alone.
    pub async fn once_tried(
        &self,
        key: &EndpointKey,
        event_id: EventId,
        patience: Duration,
    ) -> Result<Option<Delivery>, Failure> {
        let over = tokio::time::sleep(patience);
        tokio::pin!(over);
        let filter = DeliveryFilter { event_id: Some(event_id), ..DeliveryFilter::default() };
        loop {
            let page = PageRequest { size: 1, after: None };
            let found = self.deliveries.deliveries(key, &filter, page).await?;
            let Some(delivery) = found.items.into_iter().next() else { return Ok(None) };
            if delivery.state != DeliveryState::Pending || !delivery.attempts.is_empty() {
                return Ok(Some(delivery));
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_AGAIN) => {}
                () = &mut over => return Ok(Some(delivery)),
            }
        }
    }

    async fn enabled(&self, key: &EndpointKey) -> Result<Endpoint, Failure> {
        let endpoint = self.get(key).await?;
        endpoint.must_be_enabled()?;
        Ok(endpoint)
    }
}

fn put_in(key: &EndpointKey, put_in: PutIn) -> Result<u32, Failure> {
    match put_in {
        PutIn::Done(count) => Ok(count),
        PutIn::Full(pending) => {
            let id = key.endpoint_id;
            let text = format!("{pending} deliveries to endpoint {id} wait to be sent already");
            let full = Rejection::new(Reason::TooManyPending, text);
            Err(full.with("pending", pending).with("limit", MAX_PENDING).into())
        }
    }
}
