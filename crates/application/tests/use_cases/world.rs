//! One store with one order, and a store port that has mishaps on request.

use application::{
    Access, Accounts, Answer, Caller, Core, Denials, Failure, NewRefund, NewStore, Orders, Quoted,
    Refunds, Request, Stores, Webhooks,
};
use async_trait::async_trait;
use domain::{
    Actor, ActorKind, Amount, Currencies, Pair,
    id::{QuoteId, StoreId},
    order::{
        ExternalIds, NewLine, NewOrder, NewTender, Order, Personal, TenderMethod, TenderState,
    },
    refund::{ProductRequest, Refund, RefundRequest},
    store::{StoreFact, StoreSettings},
};
use ports::{
    Claim, ClaimKind, Clock, Commit, Ids, Loaded, NumberBlock, OrderKey, Outgoing, Quote, Receipt,
    RequestKey, Sent, Store, StoreError, Stored, Version, WebhookSender, own_value::Balances,
};
use rust_decimal::Decimal;
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};
use store_memory::MemoryStore;
use testkit::clock::TestClock;
use time::OffsetDateTime;
use uuid::Uuid;

#[derive(Clone)]
pub struct World {
    pub store: Arc<Mishaps>,
    pub clock: Arc<TestClock>,
    pub refunds: Refunds,
    pub stores: Stores,
    pub webhooks: Webhooks,
    pub denials: Denials,
    pub accounts: Accounts,
    /// What the use cases work on, without mishaps.
    pub memory: Arc<MemoryStore>,
    orders: Orders,
    processing: application::Processing,
    payments: application::Payments,
}

/// A line of 100.00 euros, paid by card, and ready.
impl World {
    pub async fn with_order() -> Self {
        let memory = MemoryStore::default();
        let store = Arc::new(Mishaps::of(memory.clone()));
        let clock = Arc::new(TestClock::at(OffsetDateTime::UNIX_EPOCH));
        let ids: Arc<dyn Ids> = Arc::new(Counted::default());
        let reader = Arc::new(memory);
        let port: Arc<dyn Clock> = clock.clone();
        let core = Core::new(store.clone(), reader.clone(), reader.clone(), Arc::clone(&port), ids);
        let access = Access::new(reader.clone(), reader.clone(), reader.clone(), port);
        let stores = Stores::new(Arc::clone(&core), access.clone(), []);
        let denials = Denials::new(Arc::clone(&core));
        let accounts = Accounts::new(Arc::clone(&core), reader.clone(), access, denials.clone());
        let webhooks =
            Webhooks::new(Arc::clone(&core), reader.clone(), reader.clone(), Arc::new(Unsent));
        let world = Self {
            stores: stores.clone(),
            webhooks,
            denials,
            accounts,
            memory: reader,
            store,
            clock,
            refunds: Refunds::new(Arc::clone(&core)),
            orders: Orders::new(Arc::clone(&core)),
            processing: application::Processing::new(Arc::clone(&core)),
            payments: application::Payments::new(core),
        };
        stores
            .create(&caller(), &request("s", "CreateStore"), new_store(), &|_, _| vec![])
            .await
            .unwrap();
        let personal = Personal::default();
        world
            .orders
            .create(
                &caller(),
                &world.store_id(),
                &request("o", "CreateOrder"),
                order(),
                personal,
                &|_, _| vec![],
            )
            .await
            .unwrap();
        world.processing.mark_ready(&caller(), &world.key()).await.unwrap();
        world
    }

    pub fn store_id(&self) -> StoreId {
        "s1".parse().unwrap()
    }

    pub fn key(&self) -> OrderKey {
        OrderKey::new(self.store_id(), "O1".parse().unwrap())
    }

    pub fn payments(&self) -> application::Payments {
        self.payments.clone()
    }

    pub async fn version(&self) -> Version {
        self.memory.load(&self.key(), None).await.unwrap().order.unwrap().version
    }

    pub async fn refund(&self, id: &str, asked: RefundRequest) -> Result<Answer, Failure> {
        self.refund_of("O1", id, asked).await
    }

    pub async fn refund_of(
        &self,
        order: &str,
        id: &str,
        asked: RefundRequest,
    ) -> Result<Answer, Failure> {
        let mut request = request(id, "CreateRefund");
        request.fingerprint = fingerprint(&asked);
        let new = NewRefund::Asked(Box::new(asked));
        self.create(order, &request, new).await
    }

    pub async fn quote(&self, asked: RefundRequest) -> Result<Quoted, Failure> {
        self.quote_of("O1", asked).await
    }

    pub async fn quote_of(&self, order: &str, asked: RefundRequest) -> Result<Quoted, Failure> {
        self.refunds.quote(&caller(), &self.store_id(), order, asked).await
    }

    pub async fn commit_quote(&self, id: &str, quote: QuoteId) -> Result<Answer, Failure> {
        self.commit_quote_of("O1", id, quote).await
    }

    pub async fn commit_quote_of(
        &self,
        order: &str,
        id: &str,
        quote: QuoteId,
    ) -> Result<Answer, Failure> {
        self.create(order, &request(id, "CreateRefund"), NewRefund::Quoted(quote)).await
    }

    async fn create(
        &self,
        order: &str,
        request: &Request,
        new: NewRefund,
    ) -> Result<Answer, Failure> {
        let render = |_: &Order, refund: &Refund, _: &domain::store::Store, _: &Balances| {
            Ok(format!("{} {:?}", refund.refund_id, refund.total).into_bytes())
        };
        self.refunds.create(&caller(), &self.store_id(), order, request, new, &render).await
    }

    pub async fn accept(&self, external_id: &str) -> Result<Answer, Failure> {
        self.accept_with(request("accept", "AcceptOrder"), external_id).await
    }

    pub async fn accept_with(&self, request: Request, id: &str) -> Result<Answer, Failure> {
        let external = ExternalIds { id: id.to_owned(), number: "1".to_owned() };
        let render = |_: &Order, _| vec![];
        self.orders.accept(&caller(), &self.store_id(), "O1", &request, &external, &render).await
    }

    pub async fn order(&self) -> Order {
        self.store.load(&self.key(), None).await.unwrap().order.unwrap().state
    }

    pub async fn refunds_made(&self) -> usize {
        self.order().await.refunds.len()
    }
}

/// A percentage of the order's one line.
pub fn part(percent: i64) -> RefundRequest {
    RefundRequest {
        products: vec![ProductRequest {
            cart_item_id: Some("L1".to_owned()),
            refund_amount_percent: Some(Decimal::from(percent)),
            ..ProductRequest::default()
        }],
        ..RefundRequest::default()
    }
}

pub fn request(id: &str, method: &'static str) -> Request {
    Request { id: id.to_owned(), method, fingerprint: [0; 32] }
}

fn fingerprint(asked: &RefundRequest) -> [u8; 32] {
    let mut print = [0_u8; 32];
    let text = format!("{asked:?}").into_bytes();
    for (place, byte) in text.into_iter().enumerate() {
        print[place % 32] = print[place % 32].wrapping_mul(31).wrapping_add(byte);
    }
    print
}

pub fn caller() -> Caller {
    Caller { actor: Actor::new(ActorKind::Merchant, "test"), trace: None }
}

fn new_store() -> NewStore {
    NewStore {
        store_id: "s1".parse().unwrap(),
        name: "Store".to_owned(),
        merchant_guid: "guid".to_owned(),
        web_store_code: None,
        web_store_instance_code: None,
        currency: Currencies::iso().get("EUR").unwrap(),
        settings: StoreSettings { appeasements: true, ..StoreSettings::default() },
    }
}

fn order() -> NewOrder {
    let euro = Currencies::iso().get("EUR").unwrap();
    let hundred = Amount::parse("100.00", euro).unwrap();
    NewOrder {
        order_id: "O1".parse().unwrap(),
        cart_id: None,
        customer_currency: euro,
        merchant_currency: euro,
        destination_country: "DE".to_owned(),
        language: None,
        lines: vec![NewLine {
            cart_item_id: "L1".to_owned(),
            product_code: None,
            secondary_product_code: None,
            name: None,
            hs_code: None,
            quantity: 1,
            total: Pair::new(hundred, hundred),
            duties: None,
        }],
        shipping: Pair::ZERO,
        duties: Pair::ZERO,
        tenders: vec![NewTender {
            tender_id: "t1".parse().unwrap(),
            method: TenderMethod::Card,
            provider: "sandbox".to_owned(),
            provider_reference: "p1".to_owned(),
            amount: hundred,
            state: TenderState::Captured,
        }],
    }
}

/// What can go wrong between a commit and the store.
#[derive(Debug, Clone, Copy)]
pub enum Mishap {
    AnswerLost,
    NeverArrived,
    SomebodyWasFaster,
}

/// The store in memory, with one mishap at the next commit.
pub struct Mishaps {
    inner: MemoryStore,
    next: Mutex<Option<Mishap>>,
    told: Mutex<Vec<(Actor, StoreFact)>>,
}

impl Mishaps {
    fn of(inner: MemoryStore) -> Self {
        Self { inner, next: Mutex::default(), told: Mutex::default() }
    }

    /// What was committed of stores, and who did it.
    pub fn told(&self) -> Vec<(Actor, StoreFact)> {
        self.told.lock().unwrap().clone()
    }

    pub fn next_commit(&self, mishap: Mishap) {
        *self.next.lock().unwrap() = Some(mishap);
    }
}

#[async_trait]
impl Store for Mishaps {
    async fn load(
        &self,
        order: &OrderKey,
        request: Option<&RequestKey>,
    ) -> Result<Loaded, StoreError> {
        self.inner.load(order, request).await
    }

    async fn receipt(&self, request: &RequestKey) -> Result<Option<Receipt>, StoreError> {
        self.inner.receipt(request).await
    }

    async fn claim(
        &self,
        store: &StoreId,
        kind: ClaimKind,
        key: &str,
    ) -> Result<Option<Claim>, StoreError> {
        self.inner.claim(store, kind, key).await
    }

    async fn store(
        &self,
        store: &StoreId,
    ) -> Result<Option<Stored<domain::store::Store>>, StoreError> {
        self.inner.store(store).await
    }

    async fn draw_refund_numbers(
        &self,
        store: &StoreId,
        count: u32,
    ) -> Result<NumberBlock, StoreError> {
        self.inner.draw_refund_numbers(store, count).await
    }

    async fn save_quote(&self, quote: &Quote, now: OffsetDateTime) -> Result<(), StoreError> {
        self.inner.save_quote(quote, now).await
    }

    async fn quote(&self, order: &OrderKey, quote: QuoteId) -> Result<Option<Quote>, StoreError> {
        self.inner.quote(order, quote).await
    }

    async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        let mishap = self.next.lock().unwrap().take();
        match mishap {
            None => {
                let facts = commit.stores.iter().flat_map(|change| change.facts.clone());
                let told: Vec<_> = facts.map(|fact| (commit.actor.clone(), fact)).collect();
                self.inner.commit(commit).await?;
                self.told.lock().unwrap().extend(told);
                Ok(())
            }
            Some(Mishap::AnswerLost) => {
                self.inner.commit(commit).await?;
                Err(StoreError::Unavailable("the connection was lost".into()))
            }
            Some(Mishap::NeverArrived) => {
                Err(StoreError::Unavailable("the connection was refused".into()))
            }
            Some(Mishap::SomebodyWasFaster) => Err(StoreError::Conflict),
        }
    }
}

/// Ids that can be told apart.
#[derive(Default)]
struct Counted(AtomicU64);

impl Ids for Counted {
    fn next(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.0.fetch_add(1, Ordering::Relaxed)) + 1)
    }

    fn secret(&self) -> [u8; 32] {
        let drawn = self.0.fetch_add(1, Ordering::Relaxed);
        let mut secret = [7; 32];
        secret[..8].copy_from_slice(&drawn.to_be_bytes());
        secret
    }
}

/// Nothing goes out here.
struct Unsent;

#[async_trait]
impl WebhookSender for Unsent {
    fn check(&self, _: &str) -> Result<(), String> {
        Ok(())
    }

    async fn send(&self, _: Outgoing<'_>) -> Sent {
        unreachable!("nobody delivers anything in these tests")
    }
}
