//! What happens to an endpoint, its store and its dispatcher meanwhile.

use super::{
    receivers::{Answer, Got, hangs, takes},
    town::{Town, named},
};
use crate::{DispatcherPorts, DispatcherSettings, tests::world::seconds};
use async_trait::async_trait;
use domain::{
    id::{EventId, StoreId},
    webhook::{Disabled, Endpoint},
};
use ports::{
    Again, Assignment, Backlog, Deliveries, Delivery, DeliveryFilter, EndpointKey, Lease, Page,
    PageRequest, Progress, StoreError,
};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};
use store_memory::MemoryStore;
use time::OffsetDateTime;

fn slow(after: Duration) -> impl FnMut(&Got) -> Answer {
    move |_| Answer { after, ..takes() }
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_a_person_disables_is_left_alone_soon() {
    let town = Town::new().await;
    let endpoint = town.endpoint(1, slow(seconds(1))).await;
    town.orders((0..200).map(|number| format!("o{number}"))).await;
    let settings = DispatcherSettings { concurrency: 1, ..DispatcherSettings::default() };
    let dispatcher = town.start("d1", settings);
    tokio::time::sleep(seconds(8)).await;
    let disabled = Disabled { why: "a person".into(), at: town.now(), by_person: true };
    town.put(Endpoint { disabled: Some(disabled), ..endpoint }).await;
    tokio::time::sleep(seconds(60)).await;
    dispatcher.stop().await;
    assert!(town.got(1).len() <= 14, "{}", town.got(1).len());
}

#[tokio::test(start_paused = true)]
async fn a_new_url_counts_from_the_next_message_on() {
    let town = Town::new().await;
    let endpoint = town.endpoint(1, slow(seconds(1))).await;
    town.orders((0..20).map(|number| format!("o{number}"))).await;
    let settings = DispatcherSettings { concurrency: 1, ..DispatcherSettings::default() };
    let dispatcher = town.start("d1", settings);
    tokio::time::sleep(seconds(8)).await;
    town.put(Endpoint { url: super::town::url(2), ..endpoint }).await;
    tokio::time::sleep(seconds(60)).await;
    dispatcher.stop().await;
    let (before, after) = (town.positions(1), town.positions(2));
    assert!(before.len() <= 14, "{before:?}");
    let mut all = [before, after].concat();
    all.sort_unstable();
    assert!(all.into_iter().eq(1..=40));
}

#[tokio::test(start_paused = true)]
async fn a_dispatcher_that_is_stopped_waits_for_what_is_on_its_way() {
    let town = Town::new().await;
    town.endpoint(1, slow(seconds(4))).await;
    town.orders(["a", "b", "c"]).await;
    let first = town.start("d1", DispatcherSettings::default());
    tokio::time::sleep(seconds(2)).await;
    first.stop().await;
    let began = town.now();
    let second = town.start("d2", DispatcherSettings::default());
    tokio::time::sleep(seconds(60)).await;
    second.stop().await;
    // It was given back at once, and nothing was sent twice.
    let got = town.got(1);
    assert_eq!(got.len(), 6);
    assert!(got[3].at - began < time::Duration::SECOND);
    let unique: BTreeSet<_> = got.iter().map(|it| &it.id).collect();
    assert_eq!(unique.len(), 6);
}

#[tokio::test(start_paused = true)]
async fn what_takes_longer_than_the_grace_is_sent_by_another() {
    let town = Town::new().await;
    town.endpoint(1, |got: &Got| if got.order() == "a" { hangs() } else { takes() }).await;
    town.orders(["a", "b"]).await;
    let first = town.start("d1", DispatcherSettings::default());
    tokio::time::sleep(seconds(2)).await;
    let stopped = tokio::time::Instant::now();
    first.stop().await;
    assert!(stopped.elapsed() <= seconds(6), "{:?}", stopped.elapsed());
    town.script(1, |_| takes());
    let second = town.start("d2", DispatcherSettings::default());
    tokio::time::sleep(seconds(2)).await;
    second.stop().await;
    assert_eq!(town.positions(1), [1, 3, 4, 1, 2]);
}

#[tokio::test(start_paused = true)]
async fn whose_lease_was_taken_sends_nothing_more() {
    let town = Town::new().await;
    town.endpoint(1, slow(seconds(1))).await;
    town.orders((0..50).map(|number| format!("o{number}"))).await;
    let settings = DispatcherSettings { concurrency: 1, ..DispatcherSettings::default() };
    let dispatcher = town.start("d1", settings);
    tokio::time::sleep(Duration::from_millis(3_500)).await;
    // As if this process had stood still for longer than its lease.
    let far = town.now() + Duration::from_hours(1);
    let lease = Lease { owner: "another".to_owned(), until: far + Duration::from_hours(1) };
    let claimed = town.world.store.claim_endpoints(1, &lease, far).await.unwrap();
    assert_eq!(claimed.len(), 1);
    let kept = town.deliveries(1).await;
    tokio::time::sleep(seconds(60)).await;
    dispatcher.stop().await;
    let got = town.got(1).len();
    assert!(got <= 5, "{got}");
    let store = &town.world.store;
    let touched = store.renew_endpoint(&named(1), &lease).await.unwrap();
    assert_eq!(touched, Some(0));
    assert_eq!(town.deliveries(1).await, kept);
}

#[tokio::test(start_paused = true)]
async fn a_dispatcher_outlives_a_store_that_fails() {
    let town = Town::new().await;
    town.endpoint(1, |_| takes()).await;
    let random = Mutex::new(StdRng::seed_from_u64(7));
    let shaky = Shaky { store: town.world.store.clone(), random };
    let ports = DispatcherPorts { deliveries: Arc::new(shaky), ..town.ports() };
    let dispatcher = town.start_with("d1", ports, DispatcherSettings::default());
    for batch in 0..10 {
        town.orders((0..50).map(|number| format!("o{batch}-{number}"))).await;
        tokio::time::sleep(seconds(1)).await;
    }
    tokio::time::sleep(seconds(60)).await;
    dispatcher.stop().await;
    // What could not be kept at once was not sent again for that.
    assert_eq!(town.got(1).len(), 1_000);
    assert_eq!(town.deliveries(1).await.len(), 1_000);
}

/// Every second call was carried out, but its answer is lost.
struct Shaky {
    store: Arc<MemoryStore>,
    random: Mutex<StdRng>,
}

impl Shaky {
    fn shake<T>(&self, answer: Result<T, StoreError>) -> Result<T, StoreError> {
        if self.random.lock().unwrap().random() {
            return Err(StoreError::Unavailable("the line broke".into()));
        }
        answer
    }
}

#[async_trait]
impl Deliveries for Shaky {
    async fn endpoint(&self, key: &EndpointKey) -> Result<Option<Endpoint>, StoreError> {
        self.shake(self.store.endpoint(key).await)
    }

    async fn endpoints(&self, store: &StoreId) -> Result<Vec<Endpoint>, StoreError> {
        self.shake(self.store.endpoints(store).await)
    }

    async fn claim_endpoints(
        &self,
        limit: u32,
        lease: &Lease,
        now: OffsetDateTime,
    ) -> Result<Vec<Assignment>, StoreError> {
        self.shake(self.store.claim_endpoints(limit, lease, now).await)
    }

    async fn renew_endpoint(
        &self,
        key: &EndpointKey,
        lease: &Lease,
    ) -> Result<Option<i64>, StoreError> {
        self.shake(self.store.renew_endpoint(key, lease).await)
    }

    async fn release_endpoint(&self, key: &EndpointKey, owner: &str) -> Result<(), StoreError> {
        self.shake(self.store.release_endpoint(key, owner).await)
    }

    async fn backlog(&self, key: &EndpointKey, limit: u32) -> Result<Backlog, StoreError> {
        self.shake(self.store.backlog(key, limit).await)
    }

    async fn keep(
        &self,
        key: &EndpointKey,
        owner: &str,
        progress: &Progress,
    ) -> Result<Option<i64>, StoreError> {
        self.shake(self.store.keep(key, owner, progress).await)
    }

    async fn deliveries(
        &self,
        key: &EndpointKey,
        filter: &DeliveryFilter,
        page: PageRequest<EventId>,
    ) -> Result<Page<Delivery, EventId>, StoreError> {
        self.store.deliveries(key, filter, page).await
    }

    async fn send_again(
        &self,
        endpoint: &Endpoint,
        again: &Again,
        now: OffsetDateTime,
    ) -> Result<u32, StoreError> {
        self.store.send_again(endpoint, again, now).await
    }

    async fn send_test(
        &self,
        key: &EndpointKey,
        id: EventId,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        self.store.send_test(key, id, now).await
    }

    async fn drop_delivered(&self, before: OffsetDateTime, limit: u32) -> Result<u64, StoreError> {
        self.shake(self.store.drop_delivered(before, limit).await)
    }
}
