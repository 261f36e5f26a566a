//! Webhook endpoints: changed as a part of their store, which they change with. What is sent to
//! them stands in `deliveries.rs`.

mod deliveries;

use crate::{
    Answer, Caller, Core, Disabling, Failure, Made, Missing, Request,
    store_step::{Known, StoreAsk, Written, existing},
};
use async_trait::async_trait;
use domain::{
    Actor,
    id::{EndpointId, StoreId},
    store::StoreFact,
    webhook::{Endpoint, EndpointPatch, NewEndpoint, room_for_another},
};
use ports::{
    Deliveries, EndpointChange, EndpointKey, EventFeed, Page, PageRequest, StoreChange, Stored,
    WebhookSender,
};
use std::{sync::Arc, time::Duration};
use time::OffsetDateTime;

/// Shows an endpoint without its secrets.
pub type RenderEndpoint<'r> = &'r (dyn Fn(&Endpoint) -> Vec<u8> + Sync);

#[derive(Clone)]
pub struct Webhooks {
    core: Arc<Core>,
    deliveries: Arc<dyn Deliveries>,
    feed: Arc<dyn EventFeed>,
    sender: Arc<dyn WebhookSender>,
}

/// What was decided on an endpoint.
struct Step {
    /// The fact, and what becomes of the endpoint with it; none if nothing changes.
    change: Option<(StoreFact, Option<EndpointChange>)>,
    answer: Vec<u8>,
}

impl Webhooks {
    pub fn new(
        core: Arc<Core>,
        deliveries: Arc<dyn Deliveries>,
        feed: Arc<dyn EventFeed>,
        sender: Arc<dyn WebhookSender>,
    ) -> Self {
        Self { core, deliveries, feed, sender }
    }

    /// Whether messages may be sent there, as far as the URL itself tells.
    ///
    /// # Errors
    ///
    /// What is wrong with it, for whoever gave it.
    pub fn check_url(&self, url: &str) -> Result<(), String> {
        self.sender.check(url)
    }

    /// The earlier answer to this very request. What a URL is judged by may have changed since; a
    /// repetition is answered all the same.
    ///
    /// # Errors
    ///
    /// [`Failure::Store`] alone.
    pub async fn answered(
        &self,
        store_id: &StoreId,
        request: &Request,
    ) -> Result<Option<Answer>, Failure> {
        self.core.answered(store_id, request).await
    }

    /// Makes an endpoint and shows its secret, this once.
    ///
    /// # Errors
    ///
    /// [`Failure::NotFound`] if there is no such store; [`Failure::Rejected`] if it has as many
    /// endpoints as it may.
    pub async fn create(
        &self,
        caller: &Caller,
        store_id: &StoreId,
        request: &Request,
        new: NewEndpoint,
        render: RenderEndpoint<'_>,
    ) -> Result<Made, Failure> {
        let secret = self.core.signing_secret();
        let endpoint_id = EndpointId::from_uuid(self.core.ids.next());
        let ask = StoreAsk { caller, store_id, request: Some(request) };
        let read = || self.deliveries.endpoints(store_id);
        let decide = |Known { store, beside: held, now }: Known<Vec<Endpoint>>| {
            let Stored { state, version } = existing(store, store_id)?;
            room_for_another(held.len())?;
            let endpoint = new.clone().make(store_id.clone(), endpoint_id, secret.clone(), now)?;
            let shown = Box::new(endpoint.clone().without_secrets());
            let facts = vec![StoreFact::EndpointCreated { endpoint: shown }];
            let answer = render(&endpoint);
            let change = StoreChange { before: version, after: state, facts };
            let endpoint = Some(put(endpoint));
            Ok(Written { endpoint, ..Written::of(change, answer) })
        };
        let answer = self.core.write_store(ask, read, decide).await?;
        Ok(Made::of(answer, Some(secret)))
    }

    /// # Errors
    ///
    /// [`Failure::NotFound`] if the store has no such endpoint.
    pub async fn get(&self, key: &EndpointKey) -> Result<Endpoint, Failure> {
        known(self.deliveries.endpoint(key).await?, key)
    }

    /// Oldest first.
    ///
    /// # Errors
    ///
    /// [`Failure::Store`] alone.
    pub async fn list(
        &self,
        store_id: &StoreId,
        page: PageRequest<EndpointId>,
    ) -> Result<Page<Endpoint, EndpointId>, Failure> {
        let mut items = self.deliveries.endpoints(store_id).await?;
        items.retain(|endpoint| page.after.is_none_or(|after| endpoint.endpoint_id > after));
        let size = usize::try_from(page.size).unwrap_or(usize::MAX);
        let more = items.len() > size;
        items.truncate(size);
        let next = items.last().filter(|_| more).map(|endpoint| endpoint.endpoint_id);
        Ok(Page { items, next })
    }

    /// `version`: the one that the caller knows.
    ///
    /// # Errors
    ///
    /// [`Failure::NotFound`] if the store has no such endpoint; [`Failure::VersionMismatch`] if the
    /// caller knows an older version; [`Failure::Rejected`] if its format does not have a type.
    pub async fn update(
        &self,
        caller: &Caller,
        key: &EndpointKey,
        request: &Request,
        patch: EndpointPatch,
        version: Option<i64>,
        render: RenderEndpoint<'_>,
    ) -> Result<Answer, Failure> {
        self.change(caller, key, Some(request), |held, now| {
            let before = known(held, key)?;
            if let Some(asked) = version.filter(|asked| *asked != before.version) {
                return Err(Failure::VersionMismatch { asked, actual: before.version });
            }
            let after = before.patched(patch.clone(), now)?;
            let answer = render(&after);
            let change = (after != before).then(|| {
                let shown = Box::new(after.clone().without_secrets());
                (StoreFact::EndpointUpdated { endpoint: shown }, Some(put(after)))
            });
            Ok(Step { change, answer })
        })
        .await
    }

    /// Makes a new secret and shows it, this once. The one before goes on signing for `overlap`.
    ///
    /// # Errors
    ///
    /// [`Failure::NotFound`] if the store has no such endpoint.
    pub async fn rotate_secret(
        &self,
        caller: &Caller,
        key: &EndpointKey,
        request: &Request,
        overlap: Duration,
        render: RenderEndpoint<'_>,
    ) -> Result<Made, Failure> {
        let secret = self.core.signing_secret();
        let rotate = |held, now| {
            let after = known(held, key)?.rotated(secret.clone(), overlap, now);
            let fact = StoreFact::EndpointSecretRotated { endpoint_id: key.endpoint_id };
            let answer = render(&after);
            Ok(Step { change: Some((fact, Some(put(after)))), answer })
        };
        let answer = self.change(caller, key, Some(request), rotate).await?;
        Ok(Made::of(answer, Some(secret)))
    }

    /// # Errors
    ///
    /// [`Failure::NotFound`] if the store has no such endpoint.
    pub async fn delete(
        &self,
        caller: &Caller,
        key: &EndpointKey,
        request: &Request,
        answer: &[u8],
    ) -> Result<Answer, Failure> {
        self.change(caller, key, Some(request), |held, _| {
            known(held, key)?;
            let EndpointKey { store_id, endpoint_id } = key.clone();
            let fact = StoreFact::EndpointDeleted { endpoint_id };
            let delete = EndpointChange::Delete { store_id, endpoint_id };
            Ok(Step { change: Some((fact, Some(delete))), answer: answer.to_vec() })
        })
        .await
    }

    async fn change(
        &self,
        caller: &Caller,
        key: &EndpointKey,
        request: Option<&Request>,
        decide: impl Fn(Option<Endpoint>, OffsetDateTime) -> Result<Step, Failure> + Send + Sync,
    ) -> Result<Answer, Failure> {
        let ask = StoreAsk { caller, store_id: &key.store_id, request };
        let read = || self.deliveries.endpoint(key);
        let decide = |Known { store, beside: held, now }: Known<Option<Endpoint>>| {
            let Stored { state, version } = existing(store, &key.store_id)?;
            let Step { change, answer } = decide(held, now)?;
            let (fact, endpoint) = change.unzip();
            let facts = fact.into_iter().collect();
            let change = StoreChange { before: version, after: state, facts };
            Ok(Written { endpoint: endpoint.flatten(), ..Written::of(change, answer) })
        };
        self.core.write_store(ask, read, decide).await
    }
}

/// A worker's step. Its store is told.
#[async_trait]
impl Disabling for Webhooks {
    async fn disable(&self, key: &EndpointKey, version: i64, why: &str) -> Result<(), Failure> {
        let caller = Caller { actor: Actor::worker("webhooks"), trace: None };
        self.change(&caller, key, None, |held, now| {
            let given_up = held.and_then(|before| before.given_up(version, why, now));
            let change = given_up.map(|after| {
                let (endpoint_id, url) = (key.endpoint_id, after.origin());
                let fact = StoreFact::EndpointDisabled { endpoint_id, url, why: why.to_owned() };
                (fact, Some(put(after)))
            });
            Ok(Step { change, answer: Vec::new() })
        })
        .await
        .map(drop)
    }
}

fn known(found: Option<Endpoint>, key: &EndpointKey) -> Result<Endpoint, Failure> {
    found.ok_or_else(|| Failure::not_found(Missing::Endpoint, key.endpoint_id.to_string()))
}

fn put(endpoint: Endpoint) -> EndpointChange {
    EndpointChange::Put(Box::new(endpoint))
}
