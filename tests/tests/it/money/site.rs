//! The program beside a fake of Stripe.

use super::verdict::Verdict;
use crate::{
    lifecycle::stripe::WEBHOOK_SECRET,
    world::{Answer, Backend, Database, Http, STORE, World, eventually, order, order_path},
};
use futures_util::{StreamExt as _, stream};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::{net::SocketAddr, process::ExitStatus};
use testkit::{
    process::Launch,
    stripe::{Conduct, Fake, KEY},
};

/// Of each payment, in cents: enough for all refunds of its order.
const CAPTURED: i64 = 1_000_000;

/// What of it is not shipping, which is what is refunded.
const GOODS_AND_DUTIES: i64 = 10_500;

/// Orders that are made at the same time.
const AT_ONCE: usize = 16;

/// Answers that do not come are given up soon, and leases run out soon, so that no test waits long.
/// There are more retries than in other tests: no refund is to fail because it has none left.
const SETTINGS: [(&str, &str); 6] = [
    ("MERIDIAN__PAYMENTS__LEASE", "1s"),
    ("MERIDIAN__PAYMENTS__CONCURRENCY", "64"),
    ("MERIDIAN__PAYMENTS__RETRY", "50ms,100ms,200ms,200ms,500ms,500ms,1s,1s,2s,2s,5s,5s"),
    // So many calls come to nothing here that it is left alone again and again.
    ("MERIDIAN__PAYMENTS__BREAKER__PAUSE", "200ms"),
    ("MERIDIAN__PAYMENTS__STRIPE__TIMEOUT", "500ms"),
    ("MERIDIAN__PAYMENTS__STRIPE__PATIENCE", "3s"),
];

pub const VERIFY: &[&str] = &["verify", "--json"];
pub const RECONCILE: &[&str] = &["reconcile", "--older-than", "0s", "--json"];

pub struct Site {
    pub world: World,
    pub stripe: Fake,
    pub wanted: Vec<Wanted>,
}

/// A refund that was asked for. No order has two of one amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub order_id: String,
    pub minor: i64,
    /// Whether Stripe takes it back.
    pub taken_back: bool,
}

impl Wanted {
    /// Has Stripe behave so over it.
    pub fn planned(stripe: &Fake, order_id: &str, minor: i64, conduct: Conduct) -> Self {
        let taken_back = conduct.fails_after.is_some();
        stripe.expect(&payment(order_id), minor, conduct);
        Self { order_id: order_id.to_owned(), minor, taken_back }
    }

    /// Where it is asked for, and how: the same each time.
    pub fn call(&self) -> (String, Value) {
        let Self { order_id, minor, .. } = self;
        let body = json!({
            "request_id": format!("refund-{order_id}-{minor}"),
            "shipping_amount": Decimal::new(*minor, 2).to_string(),
        });
        (format!("{}/refunds", order_path(order_id)), body)
    }

    pub async fn ask(&self, http: &Http) -> Answer {
        let (path, body) = self.call();
        http.post(&path, &body).await
    }
}

/// What every process on a site is started with.
fn settings<'s>(stripe: &'s Fake, more: &[(&'s str, &'s str)]) -> Vec<(&'s str, &'s str)> {
    let at_stripe = [
        ("MERIDIAN__PAYMENTS__STRIPE__URL", stripe.url.as_str()),
        ("MERIDIAN__PAYMENTS__STRIPE__SECRET_KEY", KEY),
        ("MERIDIAN__PAYMENTS__STRIPE__WEBHOOK_SECRET", WEBHOOK_SECRET),
    ];
    SETTINGS.iter().chain(&at_stripe).chain(more).copied().collect()
}

fn payment(order_id: &str) -> String {
    format!("pi_{order_id}")
}

impl Site {
    pub async fn open(backend: Backend, more: &[(&str, &str)]) -> Self {
        let world = World::unstarted(Database::fresh(backend));
        let mut site = Self { world, stripe: Fake::start(), wanted: Vec::new() };
        site.restart(more);
        site.world.open_store(json!({})).await;
        site
    }

    /// How further processes on the site are started.
    pub fn launch(&self) -> Launch {
        self.world.launch(&settings(&self.stripe, &[]))
    }

    /// Ends the process, if there is one, and starts another, which is told of what happens.
    pub fn restart(&mut self, more: &[(&str, &str)]) {
        let settings = settings(&self.stripe, more);
        // Stripe and other sites go on meanwhile.
        tokio::task::block_in_place(|| self.world.restart_with(&settings));
        self.tell(&[self.world.process().http()]);
    }

    /// Has these processes told of what happens.
    pub fn tell(&self, gateways: &[SocketAddr]) {
        let url = |gateway| format!("http://{gateway}/providers/stripe/notices");
        self.stripe.tell(gateways.iter().map(url).collect(), WEBHOOK_SECRET);
    }

    /// Orders that are paid at Stripe, ready to be refunded.
    pub async fn ready(&self, order_ids: impl IntoIterator<Item = String>) {
        let made = stream::iter(order_ids).for_each_concurrent(AT_ONCE, async |order_id| {
            self.stripe.captured(&payment(&order_id), CAPTURED, "usd");
            let mut order = order(&order_id);
            let shipping = Decimal::new(CAPTURED - GOODS_AND_DUTIES, 2).to_string();
            order["shipping"] = json!({"customer": shipping, "merchant": shipping});
            order["tenders"][0]["amount"] = Decimal::new(CAPTURED, 2).to_string().into();
            order["tenders"][0]["provider"] = "stripe".into();
            order["tenders"][0]["provider_reference"] = payment(&order_id).into();
            self.world.ready(&order).await;
        });
        made.await;
    }

    /// Until nothing is left to do, here and at Stripe.
    pub async fn until_at_rest(&self) {
        const OPEN: &str = "SELECT (SELECT count(*) FROM refunds WHERE state = 'PENDING') \
            + (SELECT count(*) FROM tasks WHERE kind = 'leg') \
            + (SELECT count(*) FROM payment_notices WHERE done_at IS NULL)";
        eventually("everything to be at rest", || async {
            (self.stripe.is_at_rest() && self.world.database.count(OPEN) == 0).then_some(())
        })
        .await;
    }

    pub async fn verdict(&self) -> Verdict {
        Verdict::of(self).await
    }

    /// Goes through everything with the program itself, which asks Stripe about it: nothing is found.
    pub fn is_sound(&self) {
        for command in [VERIFY, RECONCILE] {
            let (status, text) = self.run(command);
            println!("{} {}", command[0], text.lines().last().unwrap_or_default());
            assert_eq!(status.code(), Some(0), "{command:?}: {text}");
        }
    }

    /// How a command of the program ends, and what it says.
    pub fn run(&self, command: &[&str]) -> (ExitStatus, String) {
        let output = tokio::task::block_in_place(|| self.launch().run(command)).unwrap();
        (output.status, String::from_utf8(output.stdout).unwrap())
    }

    /// Every refund of the store.
    pub async fn refunds(&self) -> Vec<Value> {
        let (http, mut all, mut token) = (self.world.http(), Vec::new(), String::new());
        loop {
            let path =
                format!("/v1/stores/{STORE}/orders/-/refunds?page_size=1000&page_token={token}");
            let mut page = http.get(&path).await.ok();
            all.extend(page["refunds"].as_array_mut().map(std::mem::take).unwrap_or_default());
            match page["next_page_token"].as_str() {
                Some(next) if !next.is_empty() => next.clone_into(&mut token),
                _ => return all,
            }
        }
    }
}
