//! Stripe as its documentation has it, where localstripe is more lenient: keys are honoured, nothing
//! is given back twice, and the line breaks when it is told to. It counts what was done.

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};
use futures_util::stream;
use reqwest::Url;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    io,
    net::{Ipv4Addr, TcpListener},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

pub const KEY: &str = "sk_test_of_the_fake";
pub const VERSION: &str = "2025-04-30.basil";

/// What goes wrong with the next call that changes something.
#[derive(Debug, Clone)]
pub enum Mishap {
    /// It is done, and nobody answers.
    LoseAnswer,
    /// It is done, and the answer breaks off.
    BreakOff,
    /// It is done, and a proxy answers with something else.
    Garble,
    /// It is done, and the answer has no end that anybody would read to.
    Flood,
    /// It is done, and answered with 500, now and to whoever comes with the same key.
    FailAfter,
    /// It is not done, and answered so; the key is not used up.
    Refuse(u16, Value),
    /// It is not done, and answered by somebody who is not Stripe.
    Proxy(u16),
    /// It takes its time, also if nobody waits any more.
    Delay(Duration),
}

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
}

/// Changes what is said of a refund.
pub type Lie = fn(&mut Value);

#[derive(Default)]
struct Books {
    intents: BTreeMap<String, Value>,
    /// The newest first.
    refunds: Vec<Value>,
    keys: HashMap<String, Used>,
    mishaps: VecDeque<Mishap>,
    asked: Vec<Asked>,
    effects: usize,
    largest_page: Option<usize>,
    new_refunds_are: Option<&'static str>,
    lie: Option<Lie>,
    blind: Option<u16>,
}

/// What a key was used for, and what was answered, unless that is still to come.
struct Used {
    call: String,
    answer: Option<(u16, Value)>,
}

impl Fake {
    /// On a port of its own, until the test's runtime ends.
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let fake = Self { url, state: Arc::default() };
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

    pub fn next(&self, mishap: Mishap) {
        self.books().mishaps.push_back(mishap);
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
        change(self.books().refunds.first_mut().unwrap());
    }

    /// A refund that somebody else made.
    pub fn add_refund(&self, intent: &str, minor: i64, metadata: &Value) {
        let mut books = self.books();
        let id = format!("re_{}", books.refunds.len() + 1);
        let refund = json!({
            "id": id, "object": "refund", "amount": minor, "currency": "eur", "status": "succeeded",
            "payment_intent": intent, "metadata": metadata,
        });
        books.refunds.insert(0, refund);
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
        let live = books.refunds.iter().filter(|refund| is_live(refund));
        live.filter(|refund| refund["metadata"]["store"] == store).map(minor).sum()
    }
}

fn is_live(refund: &Value) -> bool {
    refund["status"] != "failed" && refund["status"] != "canceled"
}

fn minor(object: &Value) -> i64 {
    object["amount"].as_i64().unwrap()
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
    let mishap = fake.books().mishaps.pop_front();
    // Done also if whoever asked has gone meanwhile.
    tokio::spawn(async move { fake.change(&asked, mishap).await }).await.unwrap()
}

fn decoded(form: &[u8]) -> BTreeMap<String, String> {
    let form = std::str::from_utf8(form).unwrap();
    let url = Url::parse(&format!("http://fake/?{form}")).unwrap();
    url.query_pairs().into_owned().collect()
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().unwrap().to_owned())
}

fn plain(status: u16, body: &Value) -> Response {
    (StatusCode::from_u16(status).unwrap(), Bytes::from(body.to_string())).into_response()
}

fn fault(kind: &str, code: Option<&str>, message: &str) -> Value {
    json!({"error": {"type": kind, "code": code, "message": message}})
}

fn refusal(code: &str, message: &str) -> (u16, Value) {
    (400, fault("invalid_request_error", Some(code), message))
}

impl Fake {
    async fn change(&self, asked: &Asked, mishap: Option<Mishap>) -> Response {
        match &mishap {
            Some(Mishap::Refuse(status, body)) => return plain(*status, body),
            Some(Mishap::Proxy(status)) => {
                return (StatusCode::from_u16(*status).unwrap(), "<html>").into_response();
            }
            _ => {}
        }
        let Some(key) = asked.key.clone() else {
            return plain(400, &fault("invalid_request_error", None, "no key"));
        };
        if let Some(known) = self.books().known(&key, asked) {
            return known;
        }
        if let Some(Mishap::Delay(pause)) = mishap {
            tokio::time::sleep(pause).await;
        }
        let mut answer = self.books().carry_out(asked);
        if matches!(mishap, Some(Mishap::FailAfter)) {
            answer = (500, fault("api_error", None, "something went wrong at our end"));
        }
        self.books().keys.get_mut(&key).unwrap().answer = Some(answer.clone());
        match mishap {
            Some(Mishap::LoseAnswer) => std::future::pending().await,
            Some(Mishap::BreakOff) => {
                let parts = [Ok("{\"id\": \"re"), Err(io::Error::other("cut"))];
                Body::from_stream(stream::iter(parts)).into_response()
            }
            Some(Mishap::Flood) => vec![b' '; 2 * 1024 * 1024].into_response(),
            Some(Mishap::Garble) => "<html>all is well".into_response(),
            _ => self.books().told(answer),
        }
    }
}

impl Books {
    /// The answer to a key that came before, or to one whose call is not over.
    fn known(&mut self, key: &str, asked: &Asked) -> Option<Response> {
        let call = format!("{} {:?}", asked.path, asked.form);
        let Some(used) = self.keys.get(key) else {
            self.keys.insert(key.to_owned(), Used { call, answer: None });
            return None;
        };
        if used.call != call {
            let text = "Keys for idempotent requests can only be used with the same parameters";
            return Some(plain(400, &fault("idempotency_error", None, text)));
        }
        let Some(answer) = used.answer.clone() else {
            let text = "There is currently another in-progress request using this key";
            let code = Some("idempotency_key_in_use");
            return Some(plain(409, &fault("idempotency_error", code, text)));
        };
        let mut response = self.told(answer);
        response.headers_mut().insert("idempotent-replayed", "true".parse().unwrap());
        Some(response)
    }

    fn told(&self, (status, mut body): (u16, Value)) -> Response {
        if let Some(lie) = self.lie.filter(|_| body["object"] == "refund") {
            lie(&mut body);
        }
        plain(status, &body)
    }

    fn carry_out(&mut self, asked: &Asked) -> (u16, Value) {
        let parts: Vec<&str> = asked.path.split('/').collect();
        match parts[..] {
            ["", "v1", "refunds"] => self.make_refund(&asked.form),
            ["", "v1", "payment_intents", id, "cancel"] => self.cancel(id),
            _ => (404, fault("invalid_request_error", None, "Unrecognized request URL")),
        }
    }

    fn make_refund(&mut self, form: &BTreeMap<String, String>) -> (u16, Value) {
        let id = form["payment_intent"].clone();
        let Some(intent) = self.intents.get(&id) else { return missing(&id) };
        if intent["status"] != "succeeded" {
            let text = "This PaymentIntent does not have a successful charge to refund.";
            return refusal("payment_intent_unexpected_state", text);
        }
        let currency = intent["currency"].as_str().unwrap().to_owned();
        let amount: i64 = form["amount"].parse().unwrap();
        let step = match currency.as_str() {
            "bhd" | "jod" | "kwd" | "omr" | "tnd" => 10,
            "isk" | "ugx" => 100,
            _ => 1,
        };
        if amount <= 0 || amount % step != 0 {
            return (400, fault("invalid_request_error", None, "Invalid amount"));
        }
        let left = intent["amount_received"].as_i64().unwrap() - self.refunded(&id);
        if left == 0 {
            return refusal("charge_already_refunded", "Charge has already been refunded.");
        }
        if amount > left {
            let text = "Refund amount is greater than unrefunded amount on charge";
            let error =
                json!({"type": "invalid_request_error", "message": text, "param": "amount"});
            return (400, json!({"error": error}));
        }
        let named = |(name, value): (&String, &String)| {
            let name = name.strip_prefix("metadata[")?.strip_suffix(']')?;
            Some((name.to_owned(), json!(value)))
        };
        let metadata: serde_json::Map<String, Value> = form.iter().filter_map(named).collect();
        self.effects += 1;
        let refund = json!({
            "id": format!("re_{}", self.refunds.len() + 1), "object": "refund", "amount": amount,
            "currency": currency, "payment_intent": id, "metadata": metadata,
            "status": self.new_refunds_are.unwrap_or("succeeded"),
        });
        self.refunds.insert(0, refund.clone());
        (200, refund)
    }

    fn cancel(&mut self, id: &str) -> (u16, Value) {
        let Some(intent) = self.intents.get_mut(id) else { return missing(id) };
        let status = intent["status"].as_str().unwrap();
        if matches!(status, "canceled" | "succeeded" | "processing") {
            let text = format!("You cannot cancel this PaymentIntent because it is {status}.");
            return refusal("payment_intent_unexpected_state", &text);
        }
        intent["status"] = "canceled".into();
        intent["amount_capturable"] = 0.into();
        self.effects += 1;
        (200, intent.clone())
    }

    fn refunded(&self, intent: &str) -> i64 {
        let of_it = self.refunds.iter().filter(|it| it["payment_intent"] == intent && is_live(it));
        of_it.map(minor).sum()
    }

    fn look(&self, asked: &Asked) -> (u16, Value) {
        if let Some(status) = self.blind {
            return (status, fault("api_error", None, "we are looking into it"));
        }
        let parts: Vec<&str> = asked.path.split('/').collect();
        match parts[..] {
            ["", "v1", "payment_intents", id] => {
                let Some(mut intent) = self.intents.get(id).cloned() else { return missing(id) };
                if asked.form.get("expand[]").is_some_and(|it| it == "latest_charge") {
                    intent["latest_charge"] = json!({
                        "id": intent["latest_charge"], "object": "charge",
                        "amount": intent["amount"], "currency": intent["currency"],
                        "captured": intent["status"] == "succeeded",
                        "amount_captured": intent["amount_received"],
                        "amount_refunded": self.refunded(id), "payment_intent": id,
                    });
                }
                (200, intent)
            }
            ["", "v1", "refunds", id] => {
                let found = self.refunds.iter().find(|refund| refund["id"] == id);
                found.map_or_else(|| missing(id), |refund| (200, self.shown(refund)))
            }
            ["", "v1", "refunds"] => self.list(&asked.form),
            _ => (404, fault("invalid_request_error", None, "Unrecognized request URL")),
        }
    }

    fn list(&self, form: &BTreeMap<String, String>) -> (u16, Value) {
        let intent = &form["payment_intent"];
        if !self.intents.contains_key(intent) {
            return missing(intent);
        }
        let all: Vec<&Value> =
            self.refunds.iter().filter(|refund| refund["payment_intent"] == *intent).collect();
        let limit: usize = form["limit"].parse().unwrap();
        assert!((1..=100).contains(&limit), "Stripe refuses any other");
        let limit = limit.min(self.largest_page.unwrap_or(limit));
        let from = form
            .get("starting_after")
            .map_or(0, |after| all.iter().position(|refund| refund["id"] == **after).unwrap() + 1);
        let page: Vec<Value> =
            all.iter().skip(from).take(limit).map(|refund| self.shown(refund)).collect();
        let has_more = from + page.len() < all.len();
        (200, json!({"object": "list", "data": page, "has_more": has_more}))
    }

    fn shown(&self, refund: &Value) -> Value {
        let mut refund = refund.clone();
        if let Some(lie) = self.lie {
            lie(&mut refund);
        }
        refund
    }
}

fn missing(id: &str) -> (u16, Value) {
    let text = format!("No such object: '{id}'");
    (404, fault("invalid_request_error", Some("resource_missing"), &text))
}
