//! A shop's own system: a real HTTP server that keeps its orders, and a line to it that breaks.

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, VecDeque},
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

/// Takes orders as the protocol of hand-overs says. It does not mind taking one twice: not to push
/// twice is for the other side.
#[derive(Debug, Clone)]
pub struct Shop {
    pub address: SocketAddr,
    books: Arc<Books>,
}

#[derive(Debug, Default)]
struct Books {
    orders: Mutex<BTreeMap<String, Vec<Value>>>,
    /// What is answered to the next pushes instead.
    refusals: Mutex<VecDeque<(u16, Value)>>,
    /// The beginnings of ids that are never taken.
    unwanted: Mutex<Vec<String>>,
    pushes: Mutex<Vec<(HeaderMap, Bytes)>>,
    /// Pushes wait here while the door is shut.
    shut: Mutex<bool>,
    opened: Notify,
    arrived: AtomicUsize,
}

impl Shop {
    pub async fn open() -> Self {
        let books = Arc::new(Books::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new()
            .route("/orders", post(push))
            .route("/orders/{order_id}", get(find))
            .with_state(Arc::clone(&books));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, books }
    }

    /// The settings of a store whose orders are pushed here; one wait of a tenth of nothing after
    /// each try.
    pub fn settings(&self, exhausted: &str, waits: &[u32]) -> Value {
        settings(self.address, exhausted, waits)
    }

    /// Answers the next pushes with these statuses and bodies, and makes no order then.
    pub fn refuse(&self, refusals: impl IntoIterator<Item = (u16, Value)>) {
        self.books.refusals.lock().unwrap().extend(refusals);
    }

    /// Never takes an order whose id begins so.
    pub fn never_take(&self, prefix: &str) {
        self.books.unwanted.lock().unwrap().push(prefix.to_owned());
    }

    /// Lets pushes wait until it is opened again.
    pub fn shut(&self) {
        *self.books.shut.lock().unwrap() = true;
    }

    pub fn reopen(&self) {
        *self.books.shut.lock().unwrap() = false;
        self.books.opened.notify_waiters();
    }

    /// Pushes that have arrived so far, whatever became of them.
    pub fn arrived(&self) -> usize {
        self.books.arrived.load(Ordering::SeqCst)
    }

    /// The orders that were made of one of the platform's.
    pub fn orders(&self, order_id: &str) -> Vec<Value> {
        self.books.orders().get(order_id).cloned().unwrap_or_default()
    }

    /// The headers and bodies of the pushes, in turn.
    pub fn pushes(&self) -> Vec<(HeaderMap, Bytes)> {
        self.books.pushes.lock().unwrap().clone()
    }
}

pub fn settings(address: SocketAddr, exhausted: &str, waits: &[u32]) -> Value {
    json!({"handover": {
        "adapter": "http",
        "url": format!("http://{address}/orders"),
        "exhausted": format!("HANDOVER_EXHAUSTED_{exhausted}"),
        "schedule_seconds": waits,
        "secret": SECRET,
    }})
}

/// What the store and the shop share.
pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

impl Books {
    fn orders(&self) -> MutexGuard<'_, BTreeMap<String, Vec<Value>>> {
        self.orders.lock().unwrap()
    }

    async fn until_open(&self) {
        loop {
            let opened = self.opened.notified();
            if !*self.shut.lock().unwrap() {
                return;
            }
            opened.await;
        }
    }
}

async fn push(
    State(books): State<Arc<Books>>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, Json<Value>) {
    books.arrived.fetch_add(1, Ordering::SeqCst);
    books.until_open().await;
    books.pushes.lock().unwrap().push((headers, body.clone()));
    if let Some((status, body)) = books.refusals.lock().unwrap().pop_front() {
        return (StatusCode::from_u16(status).unwrap(), Json(body));
    }
    let order: Value = serde_json::from_slice(&body).unwrap();
    let order_id = order["order_id"].as_str().unwrap().to_owned();
    if books.unwanted.lock().unwrap().iter().any(|prefix| order_id.starts_with(prefix)) {
        let body = json!({"error": "REJECTED_INVENTORY", "message": "sold out"});
        return (StatusCode::UNPROCESSABLE_ENTITY, Json(body));
    }
    books.orders().entry(order_id.clone()).or_default().push(order);
    (StatusCode::CREATED, Json(names(&order_id)))
}

async fn find(
    State(books): State<Arc<Books>>,
    Path(order_id): Path<String>,
) -> (StatusCode, Json<Value>) {
    if books.orders().contains_key(&order_id) {
        (StatusCode::OK, Json(names(&order_id)))
    } else {
        (StatusCode::NOT_FOUND, Json(json!({"error": "NOT_FOUND"})))
    }
}

fn names(order_id: &str) -> Value {
    json!({"id": format!("shop-{order_id}"), "number": format!("#{order_id}")})
}

/// A line to a shop that breaks after an order was made and before the answer is through.
#[derive(Debug)]
pub struct BreakingLine {
    pub address: SocketAddr,
    lost: Arc<AtomicUsize>,
    left: Arc<AtomicUsize>,
}

#[derive(Clone)]
struct Losses {
    lost: Arc<AtomicUsize>,
    left: Arc<AtomicUsize>,
}

impl Losses {
    /// Whether the next answer is lost.
    fn next(&self) -> bool {
        let one_less = |left: usize| left.checked_sub(1);
        let loses = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok();
        self.lost.fetch_add(usize::from(loses), Ordering::SeqCst);
        loses
    }
}

impl BreakingLine {
    /// Loses the answers to the first so many pushes.
    pub async fn to(shop: SocketAddr, loses: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (lost, left) = (Arc::default(), Arc::new(AtomicUsize::new(loses)));
        let counts = Losses { lost: Arc::clone(&lost), left: Arc::clone(&left) };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, shop, counts.clone()));
            }
        });
        Self { address, lost, left }
    }

    /// From now on, the answers to the next so many.
    pub fn lose(&self, pushes: usize) {
        self.left.store(pushes, Ordering::SeqCst);
    }

    /// Answers that were lost so far.
    pub fn lost(&self) -> usize {
        self.lost.load(Ordering::SeqCst)
    }
}

/// One connection, until an answer is lost.
async fn carry(mut client: TcpStream, shop: SocketAddr, losses: Losses) {
    let Ok(mut upstream) = TcpStream::connect(shop).await else { return };
    let (mut asked, mut answered) = ([0; 16_384], [0; 16_384]);
    let mut is_push = false;
    loop {
        tokio::select! {
            read = client.read(&mut asked) => match read {
                Ok(count @ 1..) => {
                    // A request begins with its method; the rest of its body may follow apart.
                    match &asked[..count] {
                        [b'P', b'O', b'S', b'T', ..] => is_push = true,
                        [b'G', b'E', b'T', ..] => is_push = false,
                        _ => {}
                    }
                    if upstream.write_all(&asked[..count]).await.is_err() {
                        return;
                    }
                }
                _ => return,
            },
            read = upstream.read(&mut answered) => match read {
                Ok(count @ 1..) => {
                    if is_push && losses.next() {
                        return;
                    }
                    if client.write_all(&answered[..count]).await.is_err() {
                        return;
                    }
                }
                _ => return,
            },
        }
    }
}
