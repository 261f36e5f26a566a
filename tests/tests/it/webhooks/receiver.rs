//! A merchant's server: a real HTTP server that checks every message and keeps it.

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, http::StatusCode, routing::post};
use serde_json::Value;
use standardwebhooks::Webhook;
use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};
use tokio::net::TcpListener;

/// What it was sent, in the sequence in which it came.
#[derive(Debug, Clone)]
pub struct Receiver {
    pub address: SocketAddr,
    kept: Arc<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    messages: Mutex<Vec<Message>>,
    /// What is answered.
    status: Mutex<u16>,
}

#[derive(Debug, Clone)]
pub struct Message {
    pub id: String,
    pub headers: HeaderMap,
    pub bytes: Bytes,
    pub body: Value,
}

impl Receiver {
    pub async fn open() -> Self {
        let kept = Arc::new(Kept { status: Mutex::new(200), ..Kept::default() });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/hook", post(keep)).with_state(Arc::clone(&kept));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, kept }
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// Answers so from now on; what is refused is not kept.
    pub fn answer(&self, status: u16) {
        *self.kept.status.lock().unwrap() = status;
    }

    pub fn messages(&self) -> Vec<Message> {
        self.kept.messages.lock().unwrap().clone()
    }

    /// Everything verifies; one id always says the same; of one order the first messages with each
    /// sequence come in their sequence.
    pub fn check(&self, secret: &str) -> HashMap<String, Value> {
        let webhook = Webhook::new(secret).unwrap();
        let (mut first, mut orders) = (HashMap::new(), HashMap::<String, i64>::new());
        for message in self.messages() {
            webhook.verify(&message.bytes, &message.headers).unwrap();
            if let Some(known) = first.get(&message.id) {
                assert_eq!(known, &message.body, "{} changed", message.id);
                continue;
            }
            let order = message.body["data"]["order_id"].as_str().unwrap_or_default().to_owned();
            let sequence = message.body["sequence"].as_i64().unwrap();
            if !order.is_empty() {
                let last = orders.entry(order.clone()).or_default();
                assert_eq!(sequence, *last + 1, "{order} out of sequence");
                *last = sequence;
            }
            first.insert(message.id, message.body);
        }
        first
    }
}

async fn keep(State(kept): State<Arc<Kept>>, headers: HeaderMap, bytes: Bytes) -> StatusCode {
    let status = *kept.status.lock().unwrap();
    if status == 200 {
        let id = headers["webhook-id"].to_str().unwrap().to_owned();
        let body = serde_json::from_slice(&bytes).unwrap();
        kept.messages.lock().unwrap().push(Message { id, headers, bytes, body });
    }
    StatusCode::from_u16(status).unwrap()
}
