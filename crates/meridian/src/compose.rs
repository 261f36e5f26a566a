//! The composition root: the only place that names every adapter.

mod adapters;
#[cfg(feature = "failpoints")]
mod failpoints;
mod work;

use crate::{
    clock::{ASK_EVERY, SharedClock},
    system::{SystemClock, SystemIds},
};
use application::{
    Access, Accounts, Cancellations, Core, Denials, Feed, Notices, Orders, Reconciling, Refunds,
    Stores, Tail, Waiting, Webhooks,
};
use domain::{Currencies, id::StoreId};
use grpc_cancellations::CancellationsGrpc;
use grpc_kit::{Gate, GateSettings};
use grpc_merchants::{AccountsGrpc, EventsGrpc, MerchantsGrpc, WebhooksGrpc};
use grpc_orders::OrdersGrpc;
use grpc_refunds::{PaymentsGrpc, RefundsGrpc};
use meridian::settings::{self, Service, Settings, Worker};
use ports::{
    Chain, Clock, EventFeed as _, Ids, Inbox, Providers, Reader as _, Screenings, Store,
    StoreError, Storefronts, Tasks, WebhookSender,
};
use secrecy::ExposeSecret as _;
use std::{error::Error, sync::Arc, time::Duration};
use store_sql::SqlStore;
use tokio_util::sync::CancellationToken;
use tonic::service::{Routes, RoutesBuilder};
use tonic_health::{ServingStatus, server::HealthReporter};
use tower::Layer as _;
use wire::{
    accounts::v1::account_service_server::AccountServiceServer,
    cancellations::v1::cancellation_service_server::CancellationServiceServer,
    events::v1::event_service_server::EventServiceServer,
    orders::v1::order_service_server::OrderServiceServer,
    payments::v1::payment_service_server::PaymentServiceServer,
    refunds::v1::refund_service_server::RefundServiceServer,
    stores::v1::store_service_server::StoreServiceServer,
    webhooks::v1::webhook_service_server::WebhookServiceServer,
};

/// How long a provider may take to answer a question of which nothing depends.
const PROVIDER_ANSWERS_WITHIN: Duration = Duration::from_secs(30);

/// The services of this process behind their gate: what the network and the gateway call.
pub type Services = <Gate as tower::Layer<Routes>>::Service;

/// Everything that serves and works, wired up on one database.
pub struct Composed {
    health: HealthReporter,
    pub gate: Gate,
    pub routes: Routes,
    store: SqlStore,
    core: Arc<Core>,
    providers: Providers,
    screenings: Screenings,
    storefronts: Storefronts,
    clock: Arc<dyn Clock>,
    shared_clock: Arc<SharedClock<SystemClock>>,
    ids: Arc<dyn Ids>,
    tail: Tail,
    webhooks: Webhooks,
    inbox: Arc<dyn Inbox>,
    notices: Notices,
    access: Access,
    denials: Denials,
    sender: Arc<dyn WebhookSender>,
    /// Ends the streams of the services, which have no end of their own.
    pub closing: CancellationToken,
}

/// Opens the database and brings its schema up to date; several processes may do so at once.
pub async fn open(settings: &settings::Database) -> Result<SqlStore, Box<dyn Error>> {
    let store = SqlStore::connect(settings.url.expose_secret(), options(settings)).await?;
    store.migrate().await?;
    Ok(store)
}

/// Opens a database to look at it, as it is.
pub async fn look_into(settings: &settings::Database) -> Result<SqlStore, Box<dyn Error>> {
    let options = store_sql::Options { create: false, ..options(settings) };
    let store = SqlStore::connect(settings.url.expose_secret(), options).await?;
    if !store.schema_is_current().await? {
        return Err("the schema is older than this program: run `meridian migrate` first".into());
    }
    Ok(store)
}

fn options(settings: &settings::Database) -> store_sql::Options {
    store_sql::Options {
        max_connections: settings.max_connections,
        acquire_timeout: settings.acquire_timeout,
        statement_timeout: settings.statement_timeout,
        ..store_sql::Options::default()
    }
}

/// How much of everything the gate lets in.
const fn limits(settings: &Settings) -> GateSettings {
    GateSettings {
        default_deadline: settings.grpc.default_deadline,
        max_concurrent_calls: settings.grpc.max_concurrent_calls,
        max_calls_per_store: settings.limits.calls_per_store,
        max_waiting_calls: settings.limits.waiting_calls,
        max_wait: settings.limits.wait,
        max_open_streams: settings.grpc.max_open_streams,
        max_streams_per_store: settings.limits.streams_per_store,
        rate_per_store: settings.limits.rate_per_store,
        burst_per_store: settings.limits.burst_per_store,
    }
}

/// `meridian migrate`.
pub async fn migrate(settings: Settings) -> Result<(), Box<dyn Error>> {
    open(&settings.database).await?;
    println!("the schema is up to date");
    Ok(())
}

impl Composed {
    /// `bootstrap` is accepted as the platform's token, besides those in the database.
    pub async fn new(
        settings: &Settings,
        services: &[Service],
        bootstrap: Option<&str>,
    ) -> Result<Self, Box<dyn Error>> {
        let store = open(&settings.database).await?;
        let shared_clock = Arc::new(SharedClock::new(SystemClock));
        shared_clock.ask(&store).await?;
        let clock: Arc<dyn Clock> = shared_clock.clone();
        let ids: Arc<dyn Ids> = Arc::new(SystemIds);
        let (adapter, fenced) = (Arc::new(store.clone()), Arc::new(store.for_callers()));
        let (commits, inbox): (Arc<dyn Store>, Arc<dyn Inbox>) = (adapter.clone(), adapter.clone());
        let fenced_commits: Arc<dyn Store> = fenced.clone();
        let providers = adapters::providers(&settings.payments, &store, &clock)?;
        #[cfg(feature = "failpoints")]
        let ([commits, fenced_commits], inbox, providers) = (
            failpoints::stores([commits, fenced_commits])?,
            failpoints::inbox(inbox)?,
            failpoints::providers(&providers)?,
        );
        let core = Core::new(
            commits,
            adapter.clone(),
            adapter.clone(),
            Arc::clone(&clock),
            Arc::clone(&ids),
        );
        let fenced_core = core.over(fenced_commits, fenced.clone(), fenced.clone());
        // Long lists take seconds and memory, and only those who screen need them.
        let screenings = if settings.serve.workers.contains(&Worker::Ready) {
            adapters::screenings(&settings.screening, &store)?
        } else {
            Screenings::default()
        };
        let storefronts = adapters::storefronts(&settings.handover, &clock);
        let tail = Tail::new(Arc::new(store.clone()));
        let closing = CancellationToken::new();
        let sender = adapters::webhook_sender(&settings.webhooks);
        let webhooks_of = |core: &Arc<Core>, store: &Arc<SqlStore>| -> Webhooks {
            Webhooks::new(Arc::clone(core), store.clone(), store.clone(), sender.clone())
        };
        let notices = Notices::new(
            Arc::clone(&inbox),
            adapters::notice_readers(&settings.payments),
            Arc::clone(&core),
            Arc::clone(&clock),
        );
        let access =
            Access::new(adapter.clone(), adapter.clone(), adapter.clone(), Arc::clone(&clock));
        let stores_of = |core| Stores::new(Arc::clone(core), access.clone(), adapters::signing());
        let denials = Denials::new(Arc::clone(&core));
        let accounts = Accounts::new(
            Arc::clone(&fenced_core),
            fenced.clone(),
            access.clone(),
            denials.clone(),
        );
        let gate = Gate::new(
            access.clone(),
            stores_of(&core),
            denials.clone(),
            bootstrap,
            &limits(settings),
        );
        #[cfg(feature = "failpoints")]
        let gate = failpoints::gate(gate);
        let entrances = Entrances {
            core: &fenced_core,
            tasks: fenced.clone(),
            stores: stores_of(&fenced_core),
            accounts,
            webhooks: webhooks_of(&fenced_core, &fenced),
            notices: notices.clone(),
            providers: &providers,
            storefronts: &storefronts,
            clock: &clock,
            feed: Feed::new(fenced, tail.clone()),
            closing: &closing,
        };
        let (health, routes) = entrances.routes(settings, services).await?;
        let webhooks = webhooks_of(&core, &adapter);
        Ok(Self {
            health,
            gate,
            routes,
            store,
            core,
            providers,
            screenings,
            storefronts,
            clock,
            shared_clock,
            ids,
            tail,
            webhooks,
            inbox,
            notices,
            access,
            denials,
            sender,
            closing,
        })
    }

    /// The services as the gateway calls them without a network between.
    pub fn services(&self) -> Services {
        self.gate.layer(self.routes.clone())
    }

    /// Tells whoever watches the services' health whether the database answers, and at the end
    /// that no new calls are wanted while those in flight go on.
    pub fn watch_store(
        &self,
        services: Vec<Service>,
        stop: CancellationToken,
    ) -> impl Future<Output = ()> + use<> {
        let (store, health) = (self.store.clone(), self.health.clone());
        async move {
            let mut answered = true;
            while stop.run_until_cancelled(tokio::time::sleep(LOOK_AT_STORE)).await.is_some() {
                let ping = tokio::time::timeout(LOOK_AT_STORE, store.ping()).await;
                let answers = matches!(ping, Ok(Ok(())));
                if answers != answered {
                    answered = answers;
                    tracing::warn!(answers, "the database's health changed");
                    say(&health, &services, answers).await;
                }
            }
            say(&health, &services, false).await;
        }
    }

    pub const fn store(&self) -> &SqlStore {
        &self.store
    }

    /// What asks providers about everything; what is younger than `patience` may be on its way.
    pub fn reconciling(
        &self,
        settings: &Settings,
        patience: Duration,
    ) -> Result<Reconciling, Box<dyn Error>> {
        let clock = Arc::clone(&self.clock);
        let providers = adapters::unguarded_providers(&settings.payments, &self.store, &clock)?;
        Ok(Reconciling {
            reader: Arc::new(self.store.clone()),
            inbox: Arc::clone(&self.inbox),
            providers,
            clock,
            patience,
            call_timeout: PROVIDER_ANSWERS_WITHIN,
        })
    }

    /// Where the feed of a store ends now.
    pub async fn end_of_feed(&self, store: &StoreId) -> Result<i64, StoreError> {
        self.store.last_position(store).await
    }

    /// Follows the feed for whoever waits for events in this process, until `stop`.
    pub fn follow_feed(&self, stop: CancellationToken) -> impl Future<Output = ()> + use<> {
        let tail = self.tail.clone();
        async move {
            stop.run_until_cancelled(tail.follow()).await;
        }
    }

    /// Has attempts that were denied written into the log, and when tokens were used beside them,
    /// until `stop`, and then the rest of it.
    pub fn keep_visits(&self, stop: CancellationToken) -> impl Future<Output = ()> + use<> {
        let (denials, access) = (self.denials.clone(), self.access.clone());
        async move {
            while stop.run_until_cancelled(tokio::time::sleep(WRITE_VISITS)).await.is_some() {
                denials.write().await;
                access.write_uses().await;
            }
            denials.write_all().await;
            access.write_all_uses().await;
        }
    }

    /// Hears of credentials that change in other processes, until `stop`.
    pub fn follow_credentials(&self, stop: CancellationToken) -> impl Future<Output = ()> + use<> {
        let access = self.access.clone();
        async move {
            stop.run_until_cancelled(access.follow()).await;
        }
    }

    /// Keeps the time of this process that of the database, until `stop`.
    pub fn keep_time(&self, stop: CancellationToken) -> impl Future<Output = ()> + use<> {
        let (store, clock) = (self.store.clone(), Arc::clone(&self.shared_clock));
        async move {
            while stop.run_until_cancelled(tokio::time::sleep(ASK_EVERY)).await.is_some() {
                if let Err(error) = clock.ask(&store).await {
                    tracing::warn!(error = %Chain(&error), "the database was not asked for its time");
                }
            }
        }
    }
}

/// How long a denied attempt waits for its place in the log.
const WRITE_VISITS: Duration = Duration::from_secs(1);

/// How often the database is asked whether it is there, and how long it may take to say so.
const LOOK_AT_STORE: Duration = Duration::from_secs(1);

async fn say(health: &HealthReporter, services: &[Service], serving: bool) {
    let status = if serving { ServingStatus::Serving } else { ServingStatus::NotServing };
    let names = services.iter().flat_map(|service| match service {
        Service::Orders => &["meridian.orders.v1.OrderService"][..],
        Service::Refunds => {
            &["meridian.refunds.v1.RefundService", "meridian.payments.v1.PaymentService"]
        }
        Service::Cancellations => &["meridian.cancellations.v1.CancellationService"],
        Service::Merchants => &[
            "meridian.stores.v1.StoreService",
            "meridian.accounts.v1.AccountService",
            "meridian.events.v1.EventService",
            "meridian.webhooks.v1.WebhookService",
        ],
        Service::Gateway => &[],
    });
    for name in names.chain(&[""]) {
        health.set_service_status(*name, status).await;
    }
}

/// What the services are made of.
struct Entrances<'e> {
    core: &'e Arc<Core>,
    tasks: Arc<dyn Tasks>,
    stores: Stores,
    accounts: Accounts,
    webhooks: Webhooks,
    notices: Notices,
    providers: &'e Providers,
    storefronts: &'e Storefronts,
    clock: &'e Arc<dyn Clock>,
    feed: Feed,
    closing: &'e CancellationToken,
}

/// What is sent about people is short, and some of it comes from nobody who is known.
const MAX_ASKED_OF_ACCOUNTS: usize = 8 << 10;

/// Adds a service, each of its messages within the limit, or what it takes within a smaller one, and
/// says that it serves.
macro_rules! add {
    ($routes:expr, $health:expr, $largest:expr, $server:ident<$service:ty>, $value:expr) => {
        add!($routes, $health, $largest, $server<$service>, $value, takes $largest);
    };
    (
        $routes:expr, $health:expr, $largest:expr, $server:ident<$service:ty>, $value:expr,
        takes $takes:expr
    ) => {
        $health.set_serving::<$server<$service>>().await;
        $routes.add_service(
            $server::new($value)
                .max_decoding_message_size($takes)
                .max_encoding_message_size($largest),
        );
    };
}

impl Entrances<'_> {
    async fn routes(
        &self,
        settings: &Settings,
        services: &[Service],
    ) -> Result<(HealthReporter, Routes), Box<dyn Error>> {
        let Self { core, tasks, providers, .. } = self;
        let currencies = Currencies::with_exponents(settings.money.exponents.clone())?;
        let largest = settings.grpc.max_message_bytes;
        let (health, health_service) = tonic_health::server::health_reporter();
        let mut routes = RoutesBuilder::default();
        routes.add_service(health_service);
        if settings.grpc.reflection {
            let reflection = || {
                tonic_reflection::server::Builder::configure()
                    .register_encoded_file_descriptor_set(wire::DESCRIPTORS)
                    .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            };
            routes.add_service(reflection().build_v1()?);
            routes.add_service(reflection().build_v1alpha()?);
        }
        for service in services {
            match service {
                Service::Orders => {
                    let waiting = Waiting::new(Arc::clone(tasks));
                    let orders = Orders::new(Arc::clone(core));
                    let orders = OrdersGrpc::new(orders, waiting, currencies.clone());
                    add!(routes, health, largest, OrderServiceServer<OrdersGrpc>, orders);
                }
                Service::Refunds => {
                    let refunds = RefundsGrpc::new(Refunds::new(Arc::clone(core)));
                    add!(routes, health, largest, RefundServiceServer<RefundsGrpc>, refunds);
                    let payments = PaymentsGrpc::new(self.notices.clone(), (*providers).clone());
                    add!(routes, health, largest, PaymentServiceServer<PaymentsGrpc>, payments);
                }
                Service::Cancellations => {
                    let cancellations = Cancellations::new(Arc::clone(core), (*providers).clone());
                    let cancellations = CancellationsGrpc::new(cancellations);
                    add!(
                        routes,
                        health,
                        largest,
                        CancellationServiceServer<CancellationsGrpc>,
                        cancellations
                    );
                }
                Service::Merchants => {
                    self.merchants(&mut routes, &health, currencies.clone(), largest).await;
                }
                Service::Gateway => {}
            }
        }
        Ok((health, routes.routes()))
    }

    /// What a merchant sets up, and is told by.
    async fn merchants(
        &self,
        routes: &mut RoutesBuilder,
        health: &HealthReporter,
        currencies: Currencies,
        largest: usize,
    ) {
        let Self { stores, webhooks, storefronts, clock, feed, closing, .. } = self;
        let adapters = storefronts.names().map(str::to_owned).collect();
        let merchants = MerchantsGrpc::new(stores.clone(), currencies, adapters, Arc::clone(clock));
        add!(routes, health, largest, StoreServiceServer<MerchantsGrpc>, merchants);
        let accounts = AccountsGrpc::new(self.accounts.clone());
        let takes = largest.min(MAX_ASKED_OF_ACCOUNTS);
        add!(routes, health, largest, AccountServiceServer<AccountsGrpc>, accounts, takes takes);
        let events = EventsGrpc::new(feed.clone(), (*closing).clone());
        add!(routes, health, largest, EventServiceServer<EventsGrpc>, events);
        let webhooks = WebhooksGrpc::new(webhooks.clone());
        add!(routes, health, largest, WebhookServiceServer<WebhooksGrpc>, webhooks);
    }
}
