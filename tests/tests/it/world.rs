//! The process, what it stands on, and what is told to it.

mod answer;
mod calls;
mod collector;
mod database;
mod grpc;
mod http;
mod orders;
pub mod raw;
mod shop;

pub use answer::Answer;
pub use calls::{act, get};
pub use collector::Collector;
pub use database::{Backend, Database};
pub use grpc::{Called, Grpc, reason_of};
pub use http::{Http, encode};
pub use orders::{order, order_of, tender};
pub(crate) use shop::settings as plug_and_play;
pub use shop::{BreakingLine, SECRET, Shop};

use serde_json::{Value, json};
use std::{
    process::ExitStatus,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};
use testkit::{
    process::{Launch, Meridian},
    scale,
};

/// The platform's token, from the configuration.
pub const PLATFORM: &str = "platform-token-of-the-tests";

/// The store that most tests act in, and its GUID.
pub const STORE: &str = "shop";
pub const GUID: &str = "39a4e05c-shop";

/// For whatever has to come to pass, in seconds; long, because a loaded machine is no fault.
const PATIENCE: (u64, u64) = (30, 600);

/// Short pauses, so that retries and look-ups do not hold the tests up, and time to wait for a place:
/// what is slow because of the machine is not to be refused.
const SETTINGS: [(&str, &str); 9] = [
    ("MERIDIAN__AUTH__BOOTSTRAP_TOKEN", PLATFORM),
    ("MERIDIAN__PAYMENTS__RETRY", "50ms,100ms,200ms"),
    ("MERIDIAN__PAYMENTS__GRACE", "200ms"),
    ("MERIDIAN__HANDOVER__CALL_TIMEOUT", "2s"),
    ("MERIDIAN__HANDOVER__PUSH_TIMEOUT", "2s"),
    ("MERIDIAN__HANDOVER__GRACE", "200ms"),
    ("MERIDIAN__HANDOVER__PRIVATE_NETWORKS", "true"),
    ("MERIDIAN__LIMITS__WAIT", "1m"),
    ("MERIDIAN__TELEMETRY__FILTER", "warn,meridian=info"),
];

/// A database with a running process on it.
#[derive(Debug)]
pub struct World {
    // Dropped in this order: the process ends before its database goes.
    meridian: Option<Meridian>,
    launch: Launch,
    pub database: Database,
}

impl World {
    /// A new database and a process on it.
    pub fn on(backend: Backend) -> Self {
        Self::with(backend, &[])
    }

    /// The same with settings of its own.
    pub fn with(backend: Backend, settings: &[(&str, &str)]) -> Self {
        Self::at(Database::fresh(backend), settings)
    }

    /// A process on a database that is there already.
    pub fn at(database: Database, settings: &[(&str, &str)]) -> Self {
        let mut world = Self::unstarted(database);
        world.restart_with(settings);
        world
    }

    /// A database that nobody has touched yet.
    pub fn unstarted(database: Database) -> Self {
        Self { meridian: None, launch: launch(&database, &[]), database }
    }

    /// A new process with other settings.
    pub fn restart_with(&mut self, settings: &[(&str, &str)]) {
        self.meridian = None;
        self.launch = self.launch(settings);
        self.start();
    }

    /// The running process.
    pub fn process(&self) -> &Meridian {
        self.meridian.as_ref().expect("the process is running")
    }

    /// Starts the process again that was ended.
    pub fn start(&mut self) {
        let started = self.launch.start();
        self.meridian = Some(started.unwrap_or_else(|error| panic!("{error}")));
    }

    /// Ends the process as a power cut would.
    pub fn kill(&mut self) {
        self.meridian.take().expect("the process is running").kill9();
    }

    /// Asks the process to end, and waits for it.
    pub fn terminate(&mut self) -> ExitStatus {
        self.meridian.take().expect("the process is running").terminate()
    }

    /// Whether the process has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.meridian.as_mut().expect("a process was started").has_ended()
    }

    /// How the process has ended by itself, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.meridian.as_mut().expect("a process was started").ended()
    }

    /// Lets go of the process, so that somebody else ends it.
    pub fn take(&mut self) -> Meridian {
        self.meridian.take().expect("the process is running")
    }

    /// How further processes on the same database are started.
    pub fn launch(&self, settings: &[(&str, &str)]) -> Launch {
        launch(&self.database, settings)
    }

    /// The gateway, as the platform calls it.
    pub fn http(&self) -> Http {
        Http::to(self.process().http()).token(PLATFORM)
    }

    /// The gRPC services, as the platform calls them.
    pub async fn grpc(&self) -> Grpc {
        Grpc::to(self.process().grpc(), PLATFORM).await
    }

    /// Makes [`STORE`], which settles its books in euros.
    pub async fn open_store(&self, settings: Value) -> Value {
        self.open_store_named(STORE, GUID, settings).await
    }

    pub async fn open_store_named(&self, store_id: &str, guid: &str, settings: Value) -> Value {
        let body = json!({
            "store_id": store_id,
            "request_id": unique("store"),
            "name": "A shop",
            "merchant_guid": guid,
            "currency": "EUR",
            "settings": settings,
        });
        self.http().post("/v1/stores", &body).await.ok()
    }

    /// The secret of a new token of [`STORE`].
    pub async fn token(&self, role: &str) -> String {
        let body = json!({"request_id": unique("token"), "name": role, "role": role});
        let made = self.http().post(&format!("/v1/stores/{STORE}/tokens"), &body).await.ok();
        made["secret"].as_str().unwrap().to_owned()
    }

    /// Hands an order over to [`STORE`].
    pub async fn place(&self, order: &Value) -> Value {
        let body = json!({"request_id": unique("order"), "order": order});
        self.http().post(&format!("/v1/stores/{STORE}/orders"), &body).await.ok()
    }

    /// Hands an order over and waits until the worker has made it READY.
    pub async fn ready(&self, order: &Value) -> Value {
        self.place(order).await;
        self.until_ready(order["order_id"].as_str().unwrap()).await
    }

    pub async fn until_ready(&self, order_id: &str) -> Value {
        let path = order_path(order_id);
        let http = self.http();
        eventually("the order to become ready", || async {
            let order = http.get(&path).await.ok();
            (order["state"] == "ORDER_STATE_READY").then_some(order)
        })
        .await
    }

    /// Waits until a refund is neither PENDING nor on its way.
    pub async fn until_over(&self, refund: &Value) -> Value {
        let path = refund_path(refund);
        let http = self.http();
        eventually("the refund to be over", || async {
            let refund = http.get(&path).await.ok();
            (refund["state"] != "REFUND_STATE_PENDING").then_some(refund)
        })
        .await
    }

    /// Makes a refund of an order with a request id of its own.
    pub async fn refund(&self, order_id: &str, asked: &Value) -> Answer {
        let mut body = asked.clone();
        body["request_id"] = unique("refund").into();
        self.http().post(&format!("{}/refunds", order_path(order_id)), &body).await
    }

    /// What is left to refund of an order.
    pub async fn refundable(&self, order_id: &str) -> Value {
        self.http().get(&format!("{}/refundable", order_path(order_id))).await.ok()
    }
}

impl Drop for World {
    /// A test that fails says what the process had to say.
    fn drop(&mut self) {
        if let Some(meridian) = self.meridian.as_ref().filter(|_| std::thread::panicking()) {
            eprintln!("the process logged:\n{}", meridian.log());
        }
    }
}

/// The path of an order of [`STORE`].
pub fn order_path(order_id: &str) -> String {
    format!("/v1/stores/{STORE}/orders/{order_id}")
}

/// The path of a refund of [`STORE`].
pub fn refund_path(refund: &Value) -> String {
    let name = |field: &str| refund[field].as_str().unwrap();
    format!("{}/refunds/{}", order_path(name("order_id")), name("refund_id"))
}

/// A text that no other call of this test run has been given.
pub fn unique(what: &str) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("{what}-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Asks until there is an answer.
pub async fn eventually<T, F>(what: &str, mut ask: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let patience = Duration::from_secs(scale::pick(PATIENCE.0, PATIENCE.1));
    let deadline = Instant::now() + patience;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited {patience:?} for {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn launch(database: &Database, settings: &[(&str, &str)]) -> Launch {
    let launch = Launch::default().set("MERIDIAN__DATABASE__URL", &database.url());
    let all = SETTINGS.iter().chain(settings);
    all.fold(launch, |launch, (name, value)| launch.set(name, value))
}
