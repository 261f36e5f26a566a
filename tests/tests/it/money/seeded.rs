//! Refunds by the thousand at a provider that misbehaves, drawn from a seed.

use super::{
    conduct::drawn,
    on_each,
    site::{RECONCILE, Site, Wanted},
};
use crate::world::{Backend, refund_path};
use futures_util::{StreamExt as _, stream};
use rand::{SeedableRng as _, rngs::StdRng, seq::index};
use serde_json::json;
use std::time::{Duration, Instant};
use testkit::{scale, stripe::Conduct};

on_each!(
    what_a_misbehaving_provider_executed_is_what_is_booked,
    what_is_taken_back_in_silence_is_found,
);

const SEED: u64 = 20_261_127;

/// Of an order, each of an amount of its own, of up to 100.00 USD.
const PER_ORDER: usize = 20;
const LARGEST: usize = 10_000;

/// Refunds that are asked for at the same time.
const AT_ONCE: usize = 32;

async fn what_a_misbehaving_provider_executed_is_what_is_booked(backend: Backend) {
    println!("seed {SEED}");
    let began = Instant::now();
    let mut random = StdRng::seed_from_u64(SEED);
    let orders: usize = scale::pick(10, 500);
    let mut site = Site::open(backend, &[]).await;
    site.ready((0..orders).map(order_id)).await;
    for order in 0..orders {
        for place in index::sample(&mut random, LARGEST, PER_ORDER) {
            let (minor, conduct) = (i64::try_from(place + 1).unwrap(), drawn(&mut random));
            site.wanted.push(Wanted::planned(&site.stripe, &order_id(order), minor, conduct));
        }
    }
    let http = site.world.http();
    // Several of an order at the same time, and several orders.
    let asked = stream::iter(&site.wanted);
    asked.for_each_concurrent(AT_ONCE, async |wanted| drop(wanted.ask(&http).await.ok())).await;
    site.until_at_rest().await;
    let verdict = site.verdict().await;
    assert!(verdict.is_clean(), "{verdict}");
    let again = what_was_taken_back_is_asked_for_again(&site).await;
    site.until_at_rest().await;
    let verdict = site.verdict().await;
    assert!(verdict.is_clean(), "{verdict}");
    site.is_sound();
    let made = site.stripe.made();
    println!(
        "{backend:?}: {} refunds, {} calls, {} executed, {} of them taken back, {again} asked for \
         again; {verdict}in {:?}",
        site.wanted.len(),
        site.stripe.sent().len(),
        made.len(),
        made.iter().filter(|effect| !effect.live).count(),
        began.elapsed()
    );
}

fn order_id(number: usize) -> String {
    format!("O{number}")
}

/// Every second of those that failed, which is what Stripe took back.
async fn what_was_taken_back_is_asked_for_again(site: &Site) -> usize {
    let refunds = site.refunds().await;
    let failed: Vec<_> = refunds
        .iter()
        .filter(|refund| refund["state"] == "REFUND_STATE_FAILED")
        .step_by(2)
        .collect();
    let http = site.world.http();
    let retried = stream::iter(&failed).for_each_concurrent(AT_ONCE, async |refund| {
        let body = json!({"request_id": format!("again-{}", refund["refund_id"])});
        http.post(&format!("{}:retry", refund_path(refund)), &body).await.ok();
    });
    retried.await;
    failed.len()
}

/// Nobody asks about a leg that has settled, so this is one difference that has to be seen here, and
/// by whoever reconciles.
async fn what_is_taken_back_in_silence_is_found(backend: Backend) {
    let mut site = Site::open(backend, &[]).await;
    site.ready([order_id(0)]).await;
    let fails_after = Some(Duration::from_secs(1));
    let silent = Conduct { fails_after, ..Conduct::default() };
    let wanted = Wanted::planned(&site.stripe, &order_id(0), 7, silent);
    let refund = wanted.ask(&site.world.http()).await.ok();
    site.wanted.push(wanted);
    let over = site.world.until_over(&refund).await;
    assert_eq!(over["state"], "REFUND_STATE_SUCCEEDED");
    site.until_at_rest().await;
    let verdict = site.verdict().await;
    let found = [verdict.lost.len(), verdict.doubled.len(), verdict.differs.len()];
    assert_eq!(found, [1, 0, 1], "{verdict}");
    let (status, text) = site.run(RECONCILE);
    assert_eq!(status.code(), Some(1), "{text}");
    assert!(text.contains("LEG_REVERSED_THERE"), "{text}");
}
