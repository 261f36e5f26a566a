//! A database with orders in it and the built program on top of it.

use crate::{
    client::{Connection, Outcome},
    database::Database,
    figures::{Figures, Single, Spent},
    load::{Load, Messages},
    messages::{self, STORE},
    processes,
    settings::{Engine, Settings},
};
use prost::Message as _;
use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use testkit::process::Meridian;
use wire::{orders::v1::ListOrdersResponse, stores::v1::CreateTokenResponse};

/// The platform's token of the measured process.
const BOOTSTRAP: &str = "bootstrap-token-of-the-bench";

const CREATE_STORE: &str = "meridian.stores.v1.StoreService/CreateStore";
const CREATE_TOKEN: &str = "meridian.stores.v1.StoreService/CreateToken";
const CREATE_ORDER: &str = "meridian.orders.v1.OrderService/CreateOrder";
const LIST_ORDERS: &str = "meridian.orders.v1.OrderService/ListOrders";
const GET_ORDER: &str = "meridian.orders.v1.OrderService/GetOrder";
const CREATE_REFUND: &str = "meridian.refunds.v1.RefundService/CreateRefund";

const CREATORS: u32 = 32;
/// From the last order's creation until all are READY.
const READY_WITHIN: Duration = Duration::from_mins(5);
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// A process that has just started still tidies up.
const SETTLES_WITHIN: Duration = Duration::from_secs(1);

/// The workers that a process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Workers {
    /// Commands alone, and what makes events of them.
    Sequencer,
    /// What tells endpoints of events, and nothing else.
    Webhooks,
    /// With the one that makes orders READY.
    Ready,
    All,
}

/// How often a store may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limits {
    /// As often as it can, and nobody waits: what is measured is what there is below.
    None,
    PerSecond(u32),
}

pub struct Site {
    pub database: Database,
    settings: Settings,
    token: String,
    meridian: Option<Meridian>,
    connections: Vec<Connection>,
    /// The number of the next refund.
    refunds: Arc<AtomicU64>,
    acknowledged: u64,
}

impl Site {
    /// An empty database with the store, its token and all orders in it, each READY, and one refund
    /// on the first of them. The program has ended again.
    pub async fn build(
        engine: Engine,
        settings: &Settings,
        singles: &mut Vec<Single>,
    ) -> Outcome<Self> {
        let mut site = Self::empty(engine, settings, &messages::store()).await?;
        site.start(Workers::Ready).await?;
        let begun = Instant::now();
        singles.push(site.create_orders().await?);
        Self::all_are_ready(site.first_connection()?, STORE).await?;
        singles.push(site.made_ready(begun.elapsed()));
        site.refund_the_first().await?;
        site.stop();
        Ok(site)
    }

    /// An empty database with a store and its token. The program has ended again.
    pub async fn empty(engine: Engine, settings: &Settings, store: &[u8]) -> Outcome<Self> {
        let mut site = Self {
            database: Database::create(engine, settings)?,
            settings: settings.clone(),
            token: BOOTSTRAP.to_owned(),
            meridian: None,
            connections: Vec::new(),
            refunds: Arc::new(AtomicU64::new(0)),
            acknowledged: 0,
        };
        site.start(Workers::Sequencer).await?;
        site.call(CREATE_STORE, store).await?;
        let answer = site.call(CREATE_TOKEN, &messages::token(STORE)).await?;
        let token = CreateTokenResponse::decode(answer)?.token.unwrap_or_default();
        site.token = token.secret;
        site.stop();
        Ok(site)
    }

    /// Starts the program with all of its workers.
    pub async fn start_all(&mut self) -> Outcome<()> {
        self.start(Workers::All).await.map(drop)
    }

    /// Creates so many orders from a number on.
    pub async fn create(&self, first: u64, orders: u64) -> Outcome<Duration> {
        let message: Messages = Arc::new(messages::create_order);
        let next = Arc::new(AtomicU64::new(first));
        let load = self.prepared(CREATE_ORDER, CREATORS, message, &next)?;
        load.complete(first + orders).await
    }

    /// Starts the program, instead of the one that runs, and says how long it took to be ready.
    pub async fn start(&mut self, workers: Workers) -> Outcome<Duration> {
        self.start_with(workers, Limits::None).await
    }

    pub async fn start_with(&mut self, workers: Workers, limits: Limits) -> Outcome<Duration> {
        self.stop();
        let (rate, burst) = match limits {
            Limits::None => (1_000_000, 1_000_000),
            Limits::PerSecond(rate) => (rate, 2 * rate),
        };
        let (rate, burst) = (rate.to_string(), burst.to_string());
        let database = &self.database;
        let url =
            if self.settings.unfenced() { database.url_of_superuser() } else { database.url() };
        let mut environment = vec![
            ("MERIDIAN__DATABASE__URL", url.as_str()),
            ("MERIDIAN__AUTH__BOOTSTRAP_TOKEN", BOOTSTRAP),
            // The pipeline's shop is on this machine.
            ("MERIDIAN__HANDOVER__PRIVATE_NETWORKS", "true"),
            // And so is the endpoint that is told of events.
            ("MERIDIAN__WEBHOOKS__ALLOW_LOOPBACK", "true"),
        ];
        environment.push(("MERIDIAN__LIMITS__RATE_PER_STORE", &rate));
        environment.push(("MERIDIAN__LIMITS__BURST_PER_STORE", &burst));
        if limits == Limits::None {
            environment.push(("MERIDIAN__LIMITS__CALLS_PER_STORE", "1000"));
            environment.push(("MERIDIAN__LIMITS__WAITING_CALLS", "0"));
        }
        match workers {
            Workers::Webhooks => environment.push(("MERIDIAN__SERVE__WORKERS", "webhooks")),
            Workers::Sequencer => environment.push(("MERIDIAN__SERVE__WORKERS", "sequencer")),
            Workers::Ready => environment.push(("MERIDIAN__SERVE__WORKERS", "ready,sequencer")),
            Workers::All => (),
        }
        let begun = Instant::now();
        self.meridian = Some(Meridian::start(&environment));
        let took = begun.elapsed();
        self.connect().await?;
        Ok(took)
    }

    pub fn stop(&mut self) {
        self.connections.clear();
        if let Some(meridian) = self.meridian.take() {
            // How it ends is for tests to judge.
            let _ = meridian.terminate();
        }
    }

    /// Memory of the program once nothing happens any more, in bytes.
    pub async fn idle_bytes(&self) -> Outcome<u64> {
        tokio::time::sleep(SETTLES_WITHIN).await;
        Ok(self.running()?.resident_bytes())
    }

    pub async fn refunds(&mut self, clients: u32) -> Outcome<Figures> {
        let orders = u64::from(self.settings.orders());
        let next = Arc::clone(&self.refunds);
        let message: Messages = Arc::new(move |number| messages::create_refund(number, orders));
        let (figures, succeeded) = self.load(CREATE_REFUND, clients, message, &next).await?;
        self.acknowledged += succeeded;
        Ok(figures)
    }

    pub async fn reads(&self, clients: u32) -> Outcome<Figures> {
        let orders = u64::from(self.settings.orders());
        let message: Messages = Arc::new(move |number| messages::get_order(number, orders));
        let (figures, _) = self.load(GET_ORDER, clients, message, &Arc::default()).await?;
        Ok(figures)
    }

    /// A second store with so many orders, each READY; answers its token.
    pub async fn second_store(&self, orders: u64) -> Outcome<String> {
        let platform = Connection::open(self.address()?, BOOTSTRAP).await?;
        let store = messages::SECOND_STORE;
        platform.call(&platform.endpoint(CREATE_STORE)?, &messages::second_store()).await?;
        for number in 0..orders {
            let order = messages::create_order_of(store, number);
            platform.call(&platform.endpoint(CREATE_ORDER)?, &order).await?;
        }
        Self::all_are_ready(&platform, store).await?;
        let answer =
            platform.call(&platform.endpoint(CREATE_TOKEN)?, &messages::token(store)).await?;
        Ok(CreateTokenResponse::decode(answer)?.token.unwrap_or_default().secret)
    }

    /// Further connections of the first store.
    pub async fn loud(&self, connections: usize) -> Outcome<Vec<Connection>> {
        let mut opened = Vec::new();
        for _ in 0..connections {
            opened.push(Connection::open(self.address()?, &self.token).await?);
        }
        Ok(opened)
    }

    pub fn address(&self) -> Outcome<SocketAddr> {
        Ok(self.running()?.grpc())
    }

    /// Refunds that were acknowledged, and refunds that are stored.
    pub fn acknowledged_and_stored(&self) -> Outcome<(u64, u64)> {
        let sql = format!("SELECT count(*) FROM refunds WHERE store_id = '{STORE}'");
        Ok((self.acknowledged, self.database.ask(&sql)?.parse()?))
    }

    /// The number of a refund that was not made yet.
    pub fn next_refund(&self) -> u64 {
        self.refunds.fetch_add(1, Ordering::Relaxed)
    }

    /// One of the connections.
    pub fn connection(&self) -> Outcome<Connection> {
        self.first_connection().cloned()
    }

    async fn load(
        &self,
        method: &str,
        clients: u32,
        messages: Messages,
        next: &Arc<AtomicU64>,
    ) -> Outcome<(Figures, u64)> {
        let load = self.prepared(method, clients, messages, next)?;
        let spent = || Spent {
            server: self.meridian.as_ref().map(Meridian::processor_time),
            database: self.database.spent(),
            client: processes::spent_by(std::process::id()),
        };
        let (mut figures, succeeded) = load.measure(self.settings.span(), spent).await?;
        figures.resident = Some(self.running()?.resident_bytes());
        Ok((figures, succeeded))
    }

    fn prepared<'a>(
        &'a self,
        method: &str,
        clients: u32,
        messages: Messages,
        next: &'a Arc<AtomicU64>,
    ) -> Outcome<Load<'a>> {
        let connections = &self.connections;
        let endpoint = self.first_connection()?.endpoint(method)?;
        Ok(Load { connections, endpoint, clients, messages, next })
    }

    async fn create_orders(&self) -> Outcome<Single> {
        let orders = self.settings.orders();
        let took = self.create(0, orders.into()).await?;
        Ok(Single {
            what: format!(
                "{}: orders created by {CREATORS} clients while a worker makes them READY",
                self.database.engine().name()
            ),
            value: f64::from(orders) / took.as_secs_f64(),
            unit: "/s",
            aim: None,
        })
    }

    fn made_ready(&self, took: Duration) -> Single {
        Single {
            what: format!("{}: orders made READY", self.database.engine().name()),
            value: f64::from(self.settings.orders()) / took.as_secs_f64(),
            unit: "/s",
            aim: None,
        }
    }

    /// Of a store, which may be looked into over this connection.
    async fn all_are_ready(connection: &Connection, store: &str) -> Outcome<()> {
        let (endpoint, received) =
            (connection.endpoint(LIST_ORDERS)?, messages::received_orders(store));
        let patience = Instant::now() + READY_WITHIN;
        while Instant::now() < patience {
            let answer = connection.call(&endpoint, &received).await?;
            if ListOrdersResponse::decode(answer)?.orders.is_empty() {
                return Ok(());
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Err(io::Error::other(format!("not all orders are READY after {READY_WITHIN:?}")).into())
    }

    async fn refund_the_first(&mut self) -> Outcome<()> {
        let orders = self.settings.orders().into();
        self.call(CREATE_REFUND, &messages::create_refund(0, orders)).await?;
        self.refunds = Arc::new(AtomicU64::new(1));
        self.acknowledged += 1;
        Ok(())
    }

    async fn connect(&mut self) -> Outcome<()> {
        let address = self.running()?.grpc();
        self.connections.clear();
        for _ in 0..self.settings.connections() {
            self.connections.push(Connection::open(address, &self.token).await?);
        }
        Ok(())
    }

    pub async fn call(&self, method: &str, message: &[u8]) -> Outcome<bytes::Bytes> {
        let connection = self.first_connection()?;
        connection.call(&connection.endpoint(method)?, message).await
    }

    fn first_connection(&self) -> Outcome<&Connection> {
        self.connections.first().ok_or_else(|| io::Error::other("no connection").into())
    }

    fn running(&self) -> Outcome<&Meridian> {
        self.meridian.as_ref().ok_or_else(|| io::Error::other("meridian does not run").into())
    }
}
