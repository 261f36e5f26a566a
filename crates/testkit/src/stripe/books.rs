//! What the fake has done, and what it says of it.

use super::{Asked, Conduct, Lie, Mishap, telling::Receivers};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap, VecDeque};

#[derive(Default)]
pub(super) struct Books {
    pub intents: BTreeMap<String, Value>,
    /// By their number, so the oldest first.
    pub refunds: BTreeMap<usize, Value>,
    /// The numbers of a payment's refunds.
    of_payment: HashMap<String, Vec<usize>>,
    pub keys: HashMap<String, Used>,
    pub mishaps: VecDeque<Mishap>,
    pub expected: HashMap<(String, i64), Conduct>,
    /// By the key that came first.
    conducts: HashMap<String, Conduct>,
    pub asked: Vec<Asked>,
    pub effects: usize,
    pub largest_page: Option<usize>,
    pub new_refunds_are: Option<&'static str>,
    pub lie: Option<Lie>,
    pub blind: Option<u16>,
    pub receivers: Receivers,
    events: usize,
    /// What is still to happen by itself.
    pub to_come: usize,
}

/// What a key was used for, and what was answered, unless that is still to come.
pub(super) struct Used {
    call: String,
    pub answer: Option<(u16, Value)>,
}

/// What a key that came before is answered.
pub(super) enum Known {
    Answered((u16, Value)),
    Refused(u16, Value),
}

/// A refund that was made, as whoever has to account for it sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    pub id: String,
    pub payment: String,
    pub minor: i64,
    /// Whether the money is gone: it was not taken back since.
    pub live: bool,
    /// What it carries of ours.
    pub leg: String,
    pub refund: String,
    pub order: String,
}

impl Effect {
    pub(super) fn of(refund: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let metadata = |name: &str| text(&refund["metadata"][name]);
        Self {
            id: text(&refund["id"]),
            payment: text(&refund["payment_intent"]),
            minor: minor(refund),
            live: is_live(refund),
            leg: metadata("leg"),
            refund: metadata("refund"),
            order: metadata("order"),
        }
    }
}

pub(super) fn is_live(refund: &Value) -> bool {
    refund["status"] != "failed" && refund["status"] != "canceled"
}

pub(super) fn minor(object: &Value) -> i64 {
    object["amount"].as_i64().unwrap()
}

pub(super) fn fault(kind: &str, code: Option<&str>, message: &str) -> Value {
    json!({"error": {"type": kind, "code": code, "message": message}})
}

fn refusal(code: &str, message: &str) -> (u16, Value) {
    (400, fault("invalid_request_error", Some(code), message))
}

fn missing(id: &str) -> (u16, Value) {
    let text = format!("No such object: '{id}'");
    (404, fault("invalid_request_error", Some("resource_missing"), &text))
}

impl Books {
    /// What goes wrong with this call, and how the refund goes that it is about.
    pub fn conduct(&mut self, key: &str, asked: &Asked) -> (Option<Mishap>, Conduct) {
        if !self.conducts.contains_key(key)
            && let Some(payment) = asked.form.get("payment_intent")
            && let Some(amount) = asked.form.get("amount").and_then(|text| text.parse().ok())
            && let Some(conduct) = self.expected.remove(&(payment.clone(), amount))
        {
            self.conducts.insert(key.to_owned(), conduct);
        }
        match self.conducts.get_mut(key) {
            Some(conduct) => (conduct.mishaps.pop_front(), conduct.clone()),
            None => (self.mishaps.pop_front(), Conduct::default()),
        }
    }

    pub fn known(&mut self, key: &str, asked: &Asked) -> Option<Known> {
        let call = format!("{} {:?}", asked.path, asked.form);
        let Some(used) = self.keys.get(key) else {
            self.keys.insert(key.to_owned(), Used { call, answer: None });
            return None;
        };
        if used.call != call {
            let text = "Keys for idempotent requests can only be used with the same parameters";
            return Some(Known::Refused(400, fault("idempotency_error", None, text)));
        }
        Some(used.answer.clone().map_or_else(
            || {
                let text = "There is currently another in-progress request using this key";
                let code = Some("idempotency_key_in_use");
                Known::Refused(409, fault("idempotency_error", code, text))
            },
            Known::Answered,
        ))
    }

    pub fn carry_out(&mut self, asked: &Asked, conduct: &Conduct) -> (u16, Value) {
        let parts: Vec<&str> = asked.path.split('/').collect();
        match parts[..] {
            ["", "v1", "refunds"] => self.make_refund(&asked.form, conduct),
            ["", "v1", "payment_intents", id, "cancel"] => self.cancel(id),
            _ => (404, fault("invalid_request_error", None, "Unrecognized request URL")),
        }
    }

    fn make_refund(&mut self, form: &BTreeMap<String, String>, conduct: &Conduct) -> (u16, Value) {
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
        let pending = conduct.settles_after.map(|_| "pending");
        let status = pending.or(self.new_refunds_are).unwrap_or("succeeded");
        (200, self.enter(&id, amount, &currency, status, &metadata.into()))
    }

    pub fn enter(
        &mut self,
        payment: &str,
        minor: i64,
        currency: &str,
        status: &str,
        metadata: &Value,
    ) -> Value {
        let number = self.refunds.len() + 1;
        let refund = json!({
            "id": format!("re_{number}"), "object": "refund", "amount": minor,
            "currency": currency, "payment_intent": payment, "metadata": metadata,
            "status": status,
        });
        self.refunds.insert(number, refund.clone());
        self.of_payment.entry(payment.to_owned()).or_default().push(number);
        refund
    }

    /// The refund as it is then.
    pub fn set_status(&mut self, id: &str, status: &str) -> Value {
        let refund = self.refunds.get_mut(&number(id).unwrap()).unwrap();
        refund["status"] = status.into();
        refund.clone()
    }

    pub const fn next_event(&mut self) -> usize {
        self.events += 1;
        self.events
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

    /// The newest first.
    fn refunds_of(&self, payment: &str) -> impl Iterator<Item = &Value> {
        let numbers = self.of_payment.get(payment).into_iter().flatten().rev();
        numbers.map(|number| &self.refunds[number])
    }

    fn refunded(&self, payment: &str) -> i64 {
        self.refunds_of(payment).filter(|refund| is_live(refund)).map(minor).sum()
    }

    pub fn look(&self, asked: &Asked) -> (u16, Value) {
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
                let found = number(id).and_then(|number| self.refunds.get(&number));
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
        let all: Vec<&Value> = self.refunds_of(intent).collect();
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

fn number(id: &str) -> Option<usize> {
    id.strip_prefix("re_")?.parse().ok()
}
