//! Stripe as its documentation has it, where localstripe is more lenient: keys are honoured, nothing
//! is given back twice, and the line breaks when it is told to. It counts what was done, and it is
//! what tests hold our books against.
//!
//! - [`Fake`]: the server, to be asked what it did;
//! - [`Conduct`]: how it behaves over one refund;
//! - [`Effect`]: what it did.

#![expect(clippy::unwrap_used, reason = "whatever cannot be answered fails the test")]

mod books;
mod conduct;
mod telling;

pub use books::Effect;
pub use conduct::{Conduct, Mishap, Telling};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Query, Request, State},
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse as _, Response},
};
use books::{Books, fault, is_live, minor};
use futures_util::stream;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    io,
    net::{Ipv4Addr, TcpListener},
    sync::{Arc, Mutex, MutexGuard},
};

pub const KEY: &str = "sk_test_of_the_fake";
pub const VERSION: &str = "2025-04-30.basil";

#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub key: Option<String>,
    pub form: BTreeMap<String, String>,
}

#[derive(Clone)]
pub struct Fake {
    pub url: String,
    state: Arc<Mutex<Books>>,
    client: reqwest::Client,
}

/// Changes what is said of a refund.
pub type Lie = fn(&mut Value);

impl Fake {
    /// On a port of its own, until the test's runtime ends.
    ///
    /// # Panics
    /// Outside of a runtime.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let fake = Self { url, state: Arc::default(), client: reqwest::Client::new() };
        let app = Router::new().fallback(answer).with_state(fake.clone());
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await });
        fake
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.state.lock().unwrap()
    }

    pub fn captured(&self, id: &str, minor: i64, currency: &str) {
        self.intent(id, "succeeded", (minor, 0, minor), currency);
    }

    pub fn authorized(&self, id: &str, minor: i64, currency: &str) {
        self.intent(id, "requires_capture", (minor, minor, 0), currency);
    }

    /// One with these amounts: in all, to be captured, and captured.
    pub fn intent(&self, id: &str, status: &str, amounts: (i64, i64, i64), currency: &str) {
        let (amount, amount_capturable, amount_received) = amounts;
        let intent = json!({
            "id": id, "object": "payment_intent", "status": status, "currency": currency,
            "amount": amount, "amount_capturable": amount_capturable,
            "amount_received": amount_received, "latest_charge": format!("ch_of_{id}"),
        });
        self.books().intents.insert(id.to_owned(), intent);
    }

    /// What goes wrong with the next call that changes something and is no refund with a conduct.
    pub fn next(&self, mishap: Mishap) {
        self.books().mishaps.push_back(mishap);
    }

    /// How the first refund of this amount of a payment goes, and whatever is sent with its key.
    pub fn expect(&self, payment: &str, minor: i64, conduct: Conduct) {
        self.books().expected.insert((payment.to_owned(), minor), conduct);
    }

    /// What is made from now on has this status.
    pub fn new_refunds_are(&self, status: &'static str) {
        self.books().new_refunds_are = Some(status);
    }

    /// Whatever is said of a refund is changed so.
    pub fn lie(&self, lie: Lie) {
        self.books().lie = Some(lie);
    }

    pub fn tell_the_truth(&self) {
        self.books().lie = None;
    }

    /// Questions are answered with this status and nothing else.
    pub fn blind(&self, status: Option<u16>) {
        self.books().blind = status;
    }

    pub fn largest_page(&self, size: usize) {
        self.books().largest_page = Some(size);
    }

    /// As Stripe does after a day.
    pub fn forget_keys(&self) {
        self.books().keys.clear();
    }

    /// Changes the refund that was made last.
    pub fn change_refund(&self, change: impl Fn(&mut Value)) {
        change(self.books().refunds.values_mut().next_back().unwrap());
    }

    /// A refund that somebody else made.
    pub fn add_refund(&self, intent: &str, minor: i64, metadata: &Value) {
        self.books().enter(intent, minor, "eur", "succeeded", metadata);
    }

    /// How much was done.
    pub fn effects(&self) -> usize {
        self.books().effects
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.books().asked.clone()
    }

    pub fn sent(&self) -> Vec<Asked> {
        self.asked().into_iter().filter(|asked| asked.method == "POST").collect()
    }

    /// What went back for a store, in minor units.
    pub fn returned(&self, store: &str) -> i64 {
        let books = self.books();
        let live = books.refunds.values().filter(|refund| is_live(refund));
        live.filter(|refund| refund["metadata"]["store"] == store).map(minor).sum()
    }

    /// Every refund that was made, also those that were taken back since.
    pub fn made(&self) -> Vec<Effect> {
        self.books().refunds.values().map(Effect::of).collect()
    }

    /// Whether nothing more will happen by itself: all is told, and nothing changes any more.
    pub fn is_at_rest(&self) -> bool {
        self.books().to_come == 0
    }
}

async fn answer(State(fake): State<Fake>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 64 * 1024).await.unwrap();
    let path = parts.uri.path().to_owned();
    let query = parts.uri.query().unwrap_or_default();
    let is_post = parts.method == "POST";
    let form = if is_post { decoded(&body) } else { decoded(query.as_bytes()) };
    let key = header(&parts.headers, "idempotency-key");
    let asked = Asked { method: parts.method.to_string(), path, key, form };
    fake.books().asked.push(asked.clone());
    if header(&parts.headers, "authorization") != Some(format!("Bearer {KEY}")) {
        let said = format!("Invalid API Key provided: {KEY}");
        return plain(401, &fault("invalid_request_error", None, &said));
    }
    if header(&parts.headers, "stripe-version").as_deref() != Some(VERSION) {
        return plain(400, &fault("invalid_request_error", None, "another version"));
    }
    if !is_post {
        let (status, body) = fake.books().look(&asked);
        return plain(status, &body);
    }
    let Some(key) = asked.key.clone() else {
        return plain(400, &fault("invalid_request_error", None, "no key"));
    };
    let (mishap, conduct) = fake.books().conduct(&key, &asked);
    // Done also if whoever asked has gone meanwhile.
    tokio::spawn(async move { fake.change(&key, &asked, mishap, &conduct).await }).await.unwrap()
}

fn decoded(form: &[u8]) -> BTreeMap<String, String> {
    let uri: Uri = format!("/?{}", std::str::from_utf8(form).unwrap()).parse().unwrap();
    Query::try_from_uri(&uri).unwrap().0
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().unwrap().to_owned())
}

fn plain(status: u16, body: &Value) -> Response {
    (StatusCode::from_u16(status).unwrap(), Bytes::from(body.to_string())).into_response()
}

/// An answer that begins, and breaks off.
fn cut() -> Response {
    let parts = [Ok("{\"id\": \"re"), Err(io::Error::other("cut"))];
    Body::from_stream(stream::iter(parts)).into_response()
}

impl Fake {
    async fn change(
        &self,
        key: &str,
        asked: &Asked,
        mishap: Option<Mishap>,
        conduct: &Conduct,
    ) -> Response {
        match &mishap {
            Some(Mishap::Refuse(status, body)) => return plain(*status, body),
            Some(Mishap::Proxy(status)) => {
                return (StatusCode::from_u16(*status).unwrap(), "<html>").into_response();
            }
            Some(Mishap::NeverReceive) => return cut(),
            Some(Mishap::ComeLate(pause)) => tokio::time::sleep(*pause).await,
            _ => {}
        }
        if let Some(known) = self.known(key, asked) {
            return known;
        }
        if let Some(Mishap::Delay(pause)) = mishap {
            tokio::time::sleep(pause).await;
        }
        let mut answer = self.carry_out(asked, conduct).await;
        if matches!(mishap, Some(Mishap::FailAfter)) {
            answer = (500, fault("api_error", None, "something went wrong at our end"));
        }
        self.books().keys.get_mut(key).unwrap().answer = Some(answer.clone());
        match mishap {
            Some(Mishap::LoseAnswer) => std::future::pending().await,
            Some(Mishap::BreakOff) => cut(),
            Some(Mishap::Flood) => vec![b' '; 2 * 1024 * 1024].into_response(),
            Some(Mishap::Garble) => "<html>all is well".into_response(),
            _ => self.told(answer),
        }
    }

    /// The answer to a key that came before, or to one whose call is not over.
    fn known(&self, key: &str, asked: &Asked) -> Option<Response> {
        let known = self.books().known(key, asked)?;
        match known {
            books::Known::Answered(answer) => {
                let mut response = self.told(answer);
                response.headers_mut().insert("idempotent-replayed", "true".parse().unwrap());
                Some(response)
            }
            books::Known::Refused(status, body) => Some(plain(status, &body)),
        }
    }

    fn told(&self, (status, mut body): (u16, Value)) -> Response {
        if let Some(lie) = self.books().lie.filter(|_| body["object"] == "refund") {
            lie(&mut body);
        }
        plain(status, &body)
    }

    /// Does it, and begins whatever follows from it.
    async fn carry_out(&self, asked: &Asked, conduct: &Conduct) -> (u16, Value) {
        let answer = self.books().carry_out(asked, conduct);
        if answer.0 == 200 && answer.1["object"] == "refund" {
            self.follow_up(&answer.1, conduct).await;
        }
        answer
    }
}
