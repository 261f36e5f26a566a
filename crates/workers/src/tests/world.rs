mod made;
mod shop;

pub use shop::{Mishap, Shop};

use crate::{
    Complete, HandOver, HandoverSettings, LegSettings, Legs, Pool, PoolSettings, ProcessOrder,
    ProcessSettings, Stops, Work,
};
use application::{
    Caller, Cancellations, Core, Handovers, Legs as Steps, NewCancellation, NewRefund, On, Orders,
    Processing, Proof, Refunds, Request, Resolution, Shipped,
};
use domain::{
    Actor, ActorKind, Amount, Currencies, Currency,
    cancellation::{CancellationReason, Channel, Charges, Given, RequestedBy},
    id::{RefundId, StoreId},
    order::{
        Command, ExternalIds, Fact, NewTender, Order, Parcel, PaymentReport, Personal,
        TenderMethod, TenderState,
    },
    refund::{Refund, RefundMethod, RefundRequest},
    screening::{Check, Screening},
    store::{Store as StoreRecord, StoreFact, StoreSettings},
};
use payments::{Accounts, Sandbox, names, sandbox};
use ports::{
    Clock, Commit, Ids, Lease, Ledger as _, OrderChange, OrderKey, PageRequest, Providers,
    Reader as _, Screenings, Store as _, StoreChange, StorefrontBackend, Storefronts, TaskKind,
    Tasks, Transfer, Version, WaitingTask, Wanted, own_value::Balances,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use store_memory::MemoryStore;
use time::{OffsetDateTime, macros::datetime};
use tokio::{task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub const STORE: &str = "s1";
/// The adapter that reaches the shop's own system.
pub const SHOP: &str = "shop";

/// Follows the runtime's own time, which tests let run by itself.
pub struct VirtualClock(Instant);

impl Clock for VirtualClock {
    fn now(&self) -> OffsetDateTime {
        datetime!(2025-03-01 12:00 UTC) + self.0.elapsed()
    }
}

#[derive(Default)]
struct CountingIds(AtomicU32);

impl Ids for CountingIds {
    fn next(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.0.fetch_add(1, Ordering::SeqCst)) + 1)
    }

    fn secret(&self) -> [u8; 32] {
        [7; 32]
    }
}

/// A store with its shop, and everything that works on it.
pub struct World {
    pub store: Arc<MemoryStore>,
    pub clock: Arc<VirtualClock>,
    core: Arc<Core>,
    requests: AtomicU32,
    /// None, unless a test has some.
    pub checks: Screenings,
}

/// How an order was paid: by whom, under which reference, and how much in EUR.
pub type Paid<'p> = (&'p str, &'p str, &'p str);

impl World {
    pub async fn new() -> Self {
        Self::screening(Screening::default()).await
    }

    pub async fn screening(screening: Screening) -> Self {
        Self::of(StoreSettings { screening, ..StoreSettings::default() }).await
    }

    pub async fn of(settings: StoreSettings) -> Self {
        let store = Arc::new(MemoryStore::default());
        let clock = Arc::new(VirtualClock(Instant::now()));
        let ids = Arc::new(CountingIds::default());
        let core = Core::new(store.clone(), store.clone(), store.clone(), clock.clone(), ids);
        let shop = made::shop(settings, clock.now());
        let facts = vec![StoreFact::Created { store: Box::new(shop.clone()) }];
        let mut commit = Commit::new(clock.now(), platform().actor);
        commit.stores = vec![StoreChange { before: Version::NEW, after: shop, facts }];
        store.commit(commit).await.unwrap();
        Self { store, clock, core, requests: AtomicU32::new(0), checks: Screenings::default() }
    }

    pub fn core(&self) -> Arc<Core> {
        self.core.clone()
    }

    /// Switches checks on or off, as another process would.
    pub async fn screen(&self, screening: Screening) {
        let before = self.store.store(&store_id()).await.unwrap().unwrap();
        self.settings(StoreSettings { screening, ..before.state.settings }).await;
    }

    pub async fn settings(&self, settings: StoreSettings) {
        let before = self.store.store(&store_id()).await.unwrap().unwrap();
        let after = StoreRecord {
            settings,
            settings_version: before.state.settings_version + 1,
            ..before.state
        };
        let mut commit = Commit::new(self.clock.now(), platform().actor);
        commit.stores = vec![StoreChange { before: before.version, after, facts: vec![] }];
        self.store.commit(commit).await.unwrap();
    }

    /// An order that was captured in full.
    pub async fn captured(&self, order_id: &str, paid: &[Paid<'_>]) {
        self.receive(order_id, paid, TenderState::Captured).await;
    }

    pub async fn receive(&self, order_id: &str, paid: &[Paid<'_>], state: TenderState) {
        let tenders: Vec<NewTender> = (1..)
            .zip(paid)
            .map(|(place, (provider, reference, amount))| NewTender {
                tender_id: format!("t{place}").parse().unwrap(),
                method: match *provider {
                    names::LEDGER => TenderMethod::GiftCard,
                    _ => TenderMethod::Card,
                },
                provider: (*provider).to_owned(),
                provider_reference: (*reference).to_owned(),
                amount: eur(amount),
                state,
            })
            .collect();
        let total = Amount::sum(tenders.iter().map(|tender| tender.amount)).unwrap();
        let order = made::order(order_id, total, tenders);
        let personal = Personal::default();
        Orders::new(self.core.clone())
            .create(&platform(), &store_id(), &self.request(), order, personal, &|_, _| vec![])
            .await
            .unwrap();
    }

    /// Orders that are received are made ready by hand here: only those can be refunded.
    pub async fn ready(&self, order_id: &str) {
        Processing::new(self.core.clone()).mark_ready(&platform(), &key(order_id)).await.unwrap();
    }

    /// Refunds all of an order.
    pub async fn refund(&self, order_id: &str) -> RefundId {
        let asked = RefundRequest { full_refund: true, ..RefundRequest::default() };
        let id = |_: &Order, refund: &Refund, _: &StoreRecord, _: &Balances| {
            Ok(refund.refund_id.to_string().into_bytes())
        };
        let answer = self
            .refunds()
            .create(
                &platform(),
                &store_id(),
                order_id,
                &self.request(),
                NewRefund::Asked(Box::new(asked)),
                &id,
            )
            .await
            .unwrap();
        String::from_utf8(answer.bytes).unwrap().parse().unwrap()
    }

    /// A captured order in its entirety refunded; not carried out yet.
    pub async fn refunded(&self, order_id: &str, paid: &[Paid<'_>]) -> RefundId {
        self.captured(order_id, paid).await;
        self.ready(order_id).await;
        self.refund(order_id).await
    }

    pub async fn change(&self, order_id: &str, refund_id: RefundId, command: Command) {
        self.refunds()
            .change(
                &platform(),
                &store_id(),
                order_id,
                refund_id,
                &self.request(),
                &|_| command.clone(),
                &|_, _| vec![],
            )
            .await
            .unwrap();
    }

    pub async fn record_payment(&self, order_id: &str, report: PaymentReport) {
        let report = |_: &Order| Ok(report.clone());
        Orders::new(self.core.clone())
            .record_payment(
                &platform(),
                &store_id(),
                order_id,
                &self.request(),
                &report,
                &|_, _| vec![],
            )
            .await
            .unwrap();
    }

    pub async fn resolve(&self, order_id: &str, check: Check, clear: bool) {
        let resolution = Resolution { check, clear, comment: "looked at".to_owned() };
        let (request, caller) = (self.request(), platform());
        self.orders()
            .resolve_screening(&caller, &store_id(), order_id, &request, resolution, &|_, _| vec![])
            .await
            .unwrap();
    }

    /// What waits, in the sequence of the list.
    pub async fn waiting(&self) -> Vec<WaitingTask> {
        let page = PageRequest { size: 100, after: None };
        self.store.waiting(&store_id(), &[], page).await.unwrap().items
    }

    pub async fn retry_handover(&self, order_id: &str) {
        self.orders()
            .retry_handover(&platform(), &store_id(), order_id, &self.request(), &|_, _| vec![])
            .await
            .unwrap();
    }

    /// A draft's id, for an order that is not accepted yet.
    /// All of it, though nobody has accepted it.
    pub async fn ship(&self, order_id: &str) {
        let parcels = vec![Parcel { cart_item_id: "L1".to_owned(), quantity: 1 }];
        let (carrier, tracking_number) = ("DHL".to_owned(), "1".to_owned());
        let shipped = Shipped { parcels, carrier, tracking_number };
        let (caller, request) = (platform(), self.request());
        self.orders()
            .ship(&caller, &store_id(), order_id, &request, shipped, &|_, _| vec![])
            .await
            .unwrap();
    }

    pub async fn name_as(&self, order_id: &str, id: &str) {
        let external = ExternalIds { id: id.to_owned(), number: "n1".to_owned() };
        let (caller, request) = (platform(), self.request());
        self.orders()
            .set_external_reference(
                &caller,
                &store_id(),
                order_id,
                &request,
                &external,
                &|_, _| vec![],
            )
            .await
            .unwrap();
    }

    pub async fn accept(&self, order_id: &str) {
        self.accept_as(order_id, "x1").await;
    }

    pub async fn accept_as(&self, order_id: &str, id: &str) {
        let external = ExternalIds { id: id.to_owned(), number: "n1".to_owned() };
        Orders::new(self.core.clone())
            .accept(&platform(), &store_id(), order_id, &self.request(), &external, &|_, _| vec![])
            .await
            .unwrap();
    }

    pub fn refunds(&self) -> Refunds {
        Refunds::new(self.core.clone())
    }

    /// The refund once it is through, or as it is after `patience`.
    pub async fn settled(&self, order_id: &str, refund: RefundId, patience: Duration) -> Refund {
        let waited = self.refunds().settled(&store_id(), order_id, refund, patience).await;
        waited.unwrap().1
    }

    pub async fn order(&self, order_id: &str) -> Order {
        self.store.load(&key(order_id), None).await.unwrap().order.unwrap().state
    }

    /// Looks at an order until it is as wished, or `patience` is over.
    pub async fn wait_for(
        &self,
        order_id: &str,
        patience: Duration,
        wished: impl Fn(&Order) -> bool,
    ) -> bool {
        let until = Instant::now() + patience;
        // Who has hours looks less often.
        let step = (patience / 10_000).max(Duration::from_millis(10));
        loop {
            if wished(&self.order(order_id).await) {
                return true;
            }
            if Instant::now() >= until {
                return false;
            }
            tokio::time::sleep(step).await;
        }
    }

    /// What went back over the sandbox: each effect counts.
    pub async fn returned(&self) -> Amount {
        self.balance(sandbox::RETURNED).await
    }

    pub async fn posting(&self, key: &str) -> Option<Transfer> {
        self.store.find(&store_id(), key).await.unwrap()
    }

    pub async fn balance(&self, account: &str) -> Amount {
        self.store.balance(&store_id(), account, currency()).await.unwrap().unwrap_or_default()
    }

    /// Takes every task there is, whenever it is due; those under a running lease too.
    pub async fn tasks_left(&self, kind: TaskKind) -> usize {
        let late = self.clock.now() + time::Duration::days(365);
        let lease = Lease { owner: "auditor".to_owned(), until: late };
        Tasks::claim(&*self.store, Wanted::of(kind, 1_000), &lease, late).await.unwrap().len()
    }

    pub fn providers(&self) -> Providers {
        let sandbox = Sandbox::new(self.store.clone(), self.clock.clone());
        let accounts = Accounts::new(self.store.clone(), self.clock.clone());
        Providers::default()
            .with(names::SANDBOX, Arc::new(sandbox))
            .with(names::LEDGER, Arc::new(accounts))
    }

    /// What the worker of legs does, one step at a time.
    pub fn steps(&self) -> Steps {
        Steps::new(self.core.clone())
    }

    pub fn legs(&self, settings: LegSettings, stops: Stops) -> Legs {
        Legs::new(self.steps(), self.providers(), self.clock.clone(), settings).stopping(stops)
    }

    /// The worker of legs as it comes.
    pub fn start_legs(&self) -> Running {
        self.start("legs", self.legs(LegSettings::default(), Stops::default()))
    }

    pub fn process_order(&self) -> ProcessOrder {
        self.process_order_with(self.providers())
    }

    pub fn process_order_with(&self, providers: Providers) -> ProcessOrder {
        let (processing, checks) = (self.processing(), self.checks.clone());
        let settings = ProcessSettings::default();
        ProcessOrder::new(processing, providers, checks, self.clock.clone(), settings)
    }

    pub fn processing(&self) -> Processing {
        Processing::new(self.core.clone())
    }

    pub fn orders(&self) -> Orders {
        Orders::new(self.core.clone())
    }

    pub fn hand_over(&self, shop: Arc<dyn StorefrontBackend>) -> HandOver {
        let storefronts = Storefronts::default().with(SHOP, shop);
        let (steps, processing) = (Handovers::new(self.core.clone()), self.processing());
        let settings = HandoverSettings::default();
        HandOver::new(steps, processing, storefronts, self.clock.clone(), settings)
    }

    pub fn complete(&self) -> Complete {
        Complete::new(self.processing(), self.providers(), seconds(10))
    }

    pub async fn cancel(&self, order_id: &str) {
        let new = NewCancellation {
            lines: Vec::new(),
            requested_by: RequestedBy::Merchant,
            channel: Channel::Merchant,
            reason: Given { reason: CancellationReason::OutOfStock, text: None },
            charges: Charges::default(),
            method: RefundMethod::Original,
        };
        let (caller, request) = (platform(), self.request());
        let on = On { caller: &caller, store_id: &store_id(), order_id, request: &request };
        let cancellations = Cancellations::new(self.core.clone(), self.providers());
        cancellations.cancel(on, new, &|_, _| vec![]).await.unwrap();
    }

    /// Takes the only cancellation of an order back.
    pub async fn undo(&self, order_id: &str, proof: &Proof) {
        let id = self.order(order_id).await.cancellations[0].cancellation_id;
        let (caller, request) = (platform(), self.request());
        let on = On { caller: &caller, store_id: &store_id(), order_id, request: &request };
        let cancellations = Cancellations::new(self.core.clone(), self.providers());
        cancellations.undo(on, id, "after all", Some(proof), &|_, _| vec![]).await.unwrap();
    }

    /// As an undo does that counted the money as come in again.
    pub async fn void(&self, order_id: &str, refund_id: RefundId) {
        let found = self.store.load(&key(order_id), None).await.unwrap().order.unwrap();
        let (before, published_before) = (found.version, found.state.published);
        let facts = vec![Fact::RefundVoided { refund_id }];
        let after = facts.iter().fold(found.state, Order::evolve);
        let change = OrderChange { before, after, facts, published_before, personal: None };
        let commit = Commit::new(self.clock.now(), platform().actor).order(change);
        self.store.commit(commit).await.unwrap();
    }

    /// The names of everything that happened to an order.
    pub async fn happened(&self, order_id: &str) -> Vec<&'static str> {
        let facts = self.store.facts(&key(order_id)).await.unwrap();
        facts.iter().map(|logged| logged.fact.name()).collect()
    }

    pub fn start_process_order(&self) -> Running {
        self.start("orders", self.process_order())
    }

    pub fn start(&self, owner: &str, work: impl Work) -> Running {
        self.start_with(owner, Arc::new(work), self.store.clone(), PoolSettings::default())
    }

    pub fn start_with(
        &self,
        owner: &str,
        work: Arc<dyn Work>,
        tasks: Arc<dyn Tasks>,
        settings: PoolSettings,
    ) -> Running {
        let stop = CancellationToken::new();
        let pool = Pool::new(work, tasks, self.clock.clone(), settings, owner);
        Running { join: tokio::spawn(pool.run(stop.clone())), stop }
    }

    fn request(&self) -> Request {
        let id = self.requests.fetch_add(1, Ordering::SeqCst);
        Request { id: format!("r{id}"), method: "Test", fingerprint: [0; 32] }
    }
}

/// A pool that works.
pub struct Running {
    pub join: JoinHandle<()>,
    pub stop: CancellationToken,
}

impl Running {
    /// Ends it gently, and waits for it.
    pub async fn stop(self) {
        self.stop.cancel();
        self.join.await.unwrap();
    }

    /// Ends it where it stands, as if its process were killed.
    pub async fn kill(self) {
        self.join.abort();
        assert!(self.join.await.unwrap_err().is_cancelled());
    }
}

pub fn platform() -> Caller {
    Caller { actor: Actor::new(ActorKind::Platform, "test"), trace: None }
}

pub fn key(order_id: &str) -> OrderKey {
    OrderKey::new(store_id(), order_id.parse().unwrap())
}

pub fn store_id() -> StoreId {
    STORE.parse().unwrap()
}

fn currency() -> Currency {
    Currencies::iso().get("EUR").unwrap()
}

pub fn eur(amount: &str) -> Amount {
    Amount::parse(amount, currency()).unwrap()
}

pub const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}
