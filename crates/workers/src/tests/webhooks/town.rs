//! A store whose endpoints do as a test wants them to.

use super::receivers::{Answer, Got, Receivers};
use crate::{
    Dispatcher, DispatcherPorts, DispatcherSettings,
    tests::world::{Running, World, seconds, store_id},
};
use application::Webhooks;
use domain::{
    Actor,
    id::{EndpointId, EventId},
    order::Order,
    refund::Refund,
    store::Store as StoreRecord,
    webhook::{Endpoint, Format, Secret},
};
use payments::names::SANDBOX;
use ports::{
    Again, Clock as _, Commit, Deliveries as _, Delivery, DeliveryFilter, EndpointChange,
    EndpointKey, Event, EventFeed as _, EventFilter, OrderRefundBody, PageRequest, PutIn,
    Store as _, StoreChange, own_value,
};
use std::{error::Error, sync::Arc};
use time::OffsetDateTime;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

struct RefundBodies;

impl OrderRefundBody for RefundBodies {
    fn order_refund(
        &self,
        order: &Order,
        refund: &Refund,
        store: &StoreRecord,
        _: &own_value::Balances,
    ) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
        let guid = &store.merchant_guid;
        let body = serde_json::json!({
            "OrderId": order.order_id.as_str(), "Number": refund.number, "MerchantGUID": guid,
        });
        Ok(serde_json::to_vec(&body)?)
    }
}

/// A world with endpoints in it.
pub struct Town {
    pub world: World,
    pub receivers: Arc<Receivers>,
    last: watch::Sender<i64>,
}

impl Town {
    pub async fn new() -> Self {
        let world = World::new().await;
        let receivers = Arc::new(Receivers::new(world.clock.clone()));
        Self { world, receivers, last: watch::Sender::new(0) }
    }

    pub fn now(&self) -> OffsetDateTime {
        self.world.clock.now()
    }

    /// Puts an endpoint that does as it is told.
    pub async fn endpoint(
        &self,
        number: u128,
        script: impl FnMut(&Got) -> Answer + Send + 'static,
    ) -> Endpoint {
        let endpoint = Endpoint {
            store_id: store_id(),
            endpoint_id: EndpointId::from_uuid(Uuid::from_u128(number)),
            url: url(number),
            types: Vec::new(),
            format: Format::Standard,
            secrets: vec![Secret { secret: format!("whsec_{number}"), until: None }],
            disabled: None,
            version: 1,
            created_at: self.now(),
            updated_at: self.now(),
        };
        self.script(number, script);
        self.put(endpoint.clone()).await;
        endpoint
    }

    pub fn script(&self, number: u128, script: impl FnMut(&Got) -> Answer + Send + 'static) {
        self.receivers.script(url(number), script);
    }

    pub async fn put(&self, endpoint: Endpoint) {
        let store = &self.world.store;
        let before = store.store(&endpoint.store_id).await.unwrap().unwrap();
        let mut commit = Commit::new(self.now(), Actor::worker("test"));
        commit.stores =
            vec![StoreChange { before: before.version, after: before.state, facts: Vec::new() }];
        commit.endpoints = vec![EndpointChange::Put(Box::new(endpoint))];
        store.commit(commit).await.unwrap();
    }

    /// As a person does who changes it.
    pub async fn change(&self, endpoint: Endpoint) {
        let version = endpoint.version + 1;
        self.put(Endpoint { version, ..endpoint }).await;
    }

    /// Has it sent again.
    pub async fn again(&self, endpoint: &Endpoint, again: Again) -> u32 {
        match self.world.store.send_again(endpoint, &again, self.now()).await.unwrap() {
            PutIn::Done(count) => count,
            PutIn::Full(pending) => panic!("{pending} are pending"),
        }
    }

    pub fn ports(&self) -> DispatcherPorts {
        let (store, core) = (self.world.store.clone(), self.world.core());
        let sender = self.receivers.clone();
        let webhooks = Webhooks::new(core, store.clone(), store.clone(), sender.clone());
        DispatcherPorts {
            deliveries: store.clone(),
            feed: store.clone(),
            reader: store.clone(),
            ledger: store.clone(),
            store,
            sender,
            refunds: Arc::new(RefundBodies),
            disabling: Arc::new(webhooks),
        }
    }

    pub fn start(&self, owner: &str, settings: DispatcherSettings) -> Running {
        self.start_with(owner, self.ports(), settings)
    }

    pub fn start_with(
        &self,
        owner: &str,
        ports: DispatcherPorts,
        settings: DispatcherSettings,
    ) -> Running {
        let (clock, last) = (self.world.clock.clone(), self.last.subscribe());
        let dispatcher = Dispatcher::new(ports, last, clock, settings, owner);
        let stop = CancellationToken::new();
        Running { join: tokio::spawn(dispatcher.run(stop.clone())), stop }
    }

    /// Tells this process that events came, as whoever follows the feed does.
    pub async fn signal(&self) {
        self.last.send_replace(self.world.store.last_overall().await.unwrap());
    }

    /// Two events of each order.
    pub async fn orders(&self, orders: impl IntoIterator<Item = impl AsRef<str>>) {
        for order_id in orders {
            self.world.captured(order_id.as_ref(), &[(SANDBOX, "p1", "25.00")]).await;
            self.world.ready(order_id.as_ref()).await;
        }
        self.signal().await;
    }

    pub async fn events(&self) -> Vec<Event> {
        let all = self.world.store.events(&store_id(), &EventFilter::default(), 0, 100_000).await;
        all.unwrap().events
    }

    pub fn got(&self, number: u128) -> Vec<Got> {
        self.receivers.got(&url(number))
    }

    /// Positions, in the sequence in which they came.
    pub fn positions(&self, number: u128) -> Vec<i64> {
        self.got(number).iter().map(Got::position).collect()
    }

    /// The most messages that were on their way at the same time.
    pub fn most_at_once(&self, number: u128) -> usize {
        self.receivers.most_at_once(&url(number))
    }

    pub async fn stored(&self, number: u128) -> Endpoint {
        self.world.store.endpoint(&named(number)).await.unwrap().unwrap()
    }

    /// By position.
    pub async fn deliveries(&self, number: u128) -> Vec<Delivery> {
        let page = PageRequest { size: 1_000_000, after: None };
        let (key, any) = (named(number), DeliveryFilter::default());
        let mut all = self.world.store.deliveries(&key, &any, page).await.unwrap().items;
        all.sort_by_key(|delivery| delivery.position);
        all
    }

    pub async fn send_test(&self, number: u128, id: u128) {
        let id = EventId::from_uuid(Uuid::from_u128(id));
        self.world.store.send_test(&named(number), id, self.now()).await.unwrap();
    }
}

pub fn url(number: u128) -> String {
    format!("https://example.com/{number}")
}

pub fn named(number: u128) -> EndpointKey {
    let endpoint_id = EndpointId::from_uuid(Uuid::from_u128(number));
    EndpointKey { store_id: store_id(), endpoint_id }
}

/// As it comes, but it polls less often: a test has days.
pub fn patient() -> DispatcherSettings {
    DispatcherSettings { poll: seconds(5), ..DispatcherSettings::default() }
}
