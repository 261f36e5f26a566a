//! The way to a store, on which calls and answers are lost.

use async_trait::async_trait;
use domain::{
    id::{EventId, StoreId},
    webhook::Endpoint,
};
use ports::{
    Again, Assignment, Backlog, Deliveries, Delivery, DeliveryFilter, EndpointKey, Lease, Page,
    PageRequest, Progress, PutIn, StoreError,
};
use std::sync::{Arc, Mutex};
use store_memory::MemoryStore;
use time::OffsetDateTime;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    Backlog,
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Answered,
    /// It did not get there.
    CallLost,
    /// It was carried out.
    AnswerLost,
    /// It hangs for ever.
    Silence,
}

/// Decides what becomes of the next call.
pub struct Line {
    store: Arc<MemoryStore>,
    fate: Mutex<Box<dyn FnMut(Call) -> Fate + Send>>,
}

impl Line {
    pub fn new(
        store: Arc<MemoryStore>,
        fate: impl FnMut(Call) -> Fate + Send + 'static,
    ) -> Arc<Self> {
        Arc::new(Self { store, fate: Mutex::new(Box::new(fate)) })
    }

    async fn over<T>(
        &self,
        call: Call,
        answer: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let fate = self.fate.lock().unwrap()(call);
        let lost = || StoreError::Unavailable("the line broke".into());
        match fate {
            Fate::Answered => answer.await,
            Fate::CallLost => Err(lost()),
            Fate::AnswerLost => answer.await.and_then(|_| Err(lost())),
            Fate::Silence => std::future::pending().await,
        }
    }
}

#[async_trait]
impl Deliveries for Line {
    async fn endpoint(&self, key: &EndpointKey) -> Result<Option<Endpoint>, StoreError> {
        self.over(Call::Other, self.store.endpoint(key)).await
    }

    async fn endpoints(&self, store: &StoreId) -> Result<Vec<Endpoint>, StoreError> {
        self.over(Call::Other, self.store.endpoints(store)).await
    }

    async fn claim_endpoints(
        &self,
        limit: u32,
        lease: &Lease,
        now: OffsetDateTime,
    ) -> Result<Vec<Assignment>, StoreError> {
        self.over(Call::Other, self.store.claim_endpoints(limit, lease, now)).await
    }

    async fn renew_endpoint(
        &self,
        key: &EndpointKey,
        lease: &Lease,
    ) -> Result<Option<i64>, StoreError> {
        self.over(Call::Other, self.store.renew_endpoint(key, lease)).await
    }

    async fn release_endpoint(&self, key: &EndpointKey, owner: &str) -> Result<(), StoreError> {
        self.over(Call::Other, self.store.release_endpoint(key, owner)).await
    }

    async fn backlog(&self, key: &EndpointKey) -> Result<Backlog, StoreError> {
        self.over(Call::Backlog, self.store.backlog(key)).await
    }

    async fn keep(
        &self,
        key: &EndpointKey,
        owner: &str,
        progress: &Progress,
    ) -> Result<Option<i64>, StoreError> {
        self.over(Call::Other, self.store.keep(key, owner, progress)).await
    }

    async fn deliveries(
        &self,
        key: &EndpointKey,
        filter: &DeliveryFilter,
        page: PageRequest<EventId>,
    ) -> Result<Page<Delivery, EventId>, StoreError> {
        self.over(Call::Other, self.store.deliveries(key, filter, page)).await
    }

    async fn send_again(
        &self,
        endpoint: &Endpoint,
        again: &Again,
        now: OffsetDateTime,
    ) -> Result<PutIn, StoreError> {
        self.over(Call::Other, self.store.send_again(endpoint, again, now)).await
    }

    async fn send_test(
        &self,
        key: &EndpointKey,
        id: EventId,
        now: OffsetDateTime,
    ) -> Result<PutIn, StoreError> {
        self.over(Call::Other, self.store.send_test(key, id, now)).await
    }

    async fn drop_delivered(&self, before: OffsetDateTime, limit: u32) -> Result<u64, StoreError> {
        self.over(Call::Other, self.store.drop_delivered(before, limit)).await
    }
}
