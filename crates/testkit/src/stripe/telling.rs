//! What the fake tells by itself: signed events, until they are taken.

use super::{Conduct, Fake, VERSION, books::minor};
use hmac_sha256::HMAC;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use serde_json::{Value, json};
use std::{
    fmt::Write as _,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Between two tries to tell something that nobody took; Stripe waits for longer.
const AGAIN: Duration = Duration::from_millis(50);

/// How long whoever is told may take to say so.
const PATIENCE: Duration = Duration::from_secs(10);

/// Who is told, and what they know us by.
#[derive(Debug, Clone, Default)]
pub(super) struct Receivers {
    urls: Vec<String>,
    secret: String,
}

#[expect(clippy::disallowed_methods, reason = "what is signed is signed now")]
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// As Stripe signs: the scheme v1 over the time and the bytes.
fn signature(body: &str, secret: &str) -> String {
    let at = now();
    let mut mac = HMAC::new(secret);
    mac.update(format!("{at}.{body}"));
    let hex = mac.finalize().iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    });
    format!("t={at},v1={hex}")
}

impl Fake {
    /// From now on what happens is told to one of these addresses, whoever takes it.
    pub fn tell(&self, urls: Vec<String>, secret: &str) {
        self.books().receivers = Receivers { urls, secret: secret.to_owned() };
    }

    /// What becomes of a refund after it was made, and who hears of it.
    pub(super) async fn follow_up(&self, refund: &Value, conduct: &Conduct) {
        let created = self.event("refund.created", refund);
        let charge = json!({
            "object": "charge", "payment_intent": refund["payment_intent"], "captured": true,
            "currency": refund["currency"], "amount": minor(refund),
            "amount_captured": minor(refund), "amount_refunded": minor(refund),
        });
        let refunded = self.event("charge.refunded", &charge);
        if conduct.telling.is_some_and(|telling| telling.early) {
            self.post(&created).await;
        }
        self.tell_of(&created, conduct);
        self.tell_of(&refunded, conduct);
        let id = refund["id"].as_str().unwrap().to_owned();
        let changes = [
            (conduct.settles_after, "succeeded", "refund.updated"),
            (conduct.fails_after, "failed", "refund.failed"),
        ];
        for (after, status, name) in changes {
            let Some(after) = after else { continue };
            let (fake, conduct, id) = (self.clone(), conduct.clone(), id.clone());
            self.later(after, async move {
                let refund = fake.books().set_status(&id, status);
                let event = fake.event(name, &refund);
                fake.tell_of(&event, &conduct);
            });
        }
    }

    fn event(&self, name: &str, object: &Value) -> String {
        let id = self.books().next_event();
        let event = json!({
            "id": format!("evt_{id}"), "object": "event", "type": name, "created": now(),
            "api_version": VERSION, "data": {"object": object},
        });
        event.to_string()
    }

    fn tell_of(&self, event: &str, conduct: &Conduct) {
        let Some(telling) = conduct.telling else { return };
        let salt = event.bytes().fold(0_u64, |sum, byte| sum.wrapping_mul(31) + u64::from(byte));
        let mut random = StdRng::seed_from_u64(telling.seed ^ salt);
        for _ in 0..telling.copies {
            let longest = u64::try_from(telling.within.as_millis()).unwrap();
            let pause = Duration::from_millis(random.random_range(0..=longest));
            let (fake, event) = (self.clone(), event.to_owned());
            self.later(pause, async move { fake.post(&event).await });
        }
    }

    /// Has it happen by itself, and counts it until it is over.
    fn later(&self, pause: Duration, what: impl Future<Output = ()> + Send + 'static) {
        self.books().to_come += 1;
        let fake = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(pause).await;
            what.await;
            fake.books().to_come -= 1;
        });
    }

    /// Again and again, until somebody takes it.
    async fn post(&self, event: &str) {
        for turn in 0.. {
            let Receivers { urls, secret } = self.books().receivers.clone();
            if let Some(url) = urls.get(turn % urls.len().max(1)) {
                let signature = signature(event, &secret);
                let post = self.client.post(url).header("stripe-signature", signature);
                let answer = post.timeout(PATIENCE).body(event.to_owned()).send().await;
                if answer.is_ok_and(|answer| answer.status().is_success()) {
                    break;
                }
            }
            tokio::time::sleep(AGAIN).await;
        }
    }
}
