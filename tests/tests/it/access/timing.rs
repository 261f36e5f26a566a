//! How long a look-up takes does not tell what was found: what there is in another store and what is
//! not there at all are refused in the same time.

use super::fence::{CALLERS, NOBODY, OTHER, two_stores};
use crate::{
    accounts::{entered, log_in_at},
    on_both,
    world::{Http, STORE, World},
};
use serde_json::json;
use std::time::{Duration, Instant};
use testkit::scale;

on_both!(a_look_up_takes_as_long_whatever_is_there, a_log_in_takes_as_long_whoever_there_is);

/// Pairs of look-ups, and of log-ins, that are compared.
const LOOK_UPS: (usize, usize) = (150, 2_000);
const LOG_INS: (usize, usize) = (8, 40);
/// A machine that does something else in between says nothing; one that never says the same does.
const ROUNDS: usize = 6;

/// Tries until the middle of what the second of each pair took more than the first is within bounds.
async fn alike(
    what: &str,
    pairs: usize,
    bound: impl Fn(Duration) -> Duration,
    mut pair: impl AsyncFnMut(usize) -> (Duration, Duration),
) {
    let mut seen = Vec::new();
    for round in 0..ROUNDS {
        let (mut firsts, mut more) = (Vec::new(), Vec::new());
        for number in 0..pairs {
            let (first, second) = pair(round * pairs + number).await;
            firsts.push(first);
            more.push(second.as_nanos().cast_signed() - first.as_nanos().cast_signed());
        }
        firsts.sort_unstable();
        more.sort_unstable();
        let (first, more) = (firsts[pairs / 2], more[pairs / 2]);
        let off = Duration::from_nanos(more.unsigned_abs().try_into().unwrap());
        if off <= bound(first) {
            return;
        }
        seen.push((first, more));
    }
    panic!(
        "{what}: of each round, the middle of the first and of what the second took more: {seen:?}"
    );
}

/// How long the refusal took, which is one.
async fn refusal(http: &Http, path: &str, status: u16) -> Duration {
    let begun = Instant::now();
    let answer = http.get(path).await;
    let took = begun.elapsed();
    assert_eq!(answer.status, status, "{path}: {}", answer.text());
    took
}

async fn a_look_up_takes_as_long_whatever_is_there(world: World) {
    let (theirs, curious) = two_stores(&world).await;
    // A quarter, and what the clock of a busy machine is worth.
    let bound = |first: Duration| first / 4 + Duration::from_micros(100);
    let pairs = scale::pick(LOOK_UPS.0, LOOK_UPS.1);
    let refund = &theirs.ids.iter().find(|(name, _)| *name == "{refund_id}").unwrap().1;
    let of = |store: &str, rest: &str| format!("/v1/stores/{store}/{rest}");
    let orders = ("orders/O-1".to_owned(), "orders/O-7".to_owned());
    // As long an id, of nobody.
    let nobodys = format!("{}{}", &refund[..refund.len() - 4], "0000");
    let refunds = (format!("orders/O-1/refunds/{refund}"), format!("orders/O-7/refunds/{nobodys}"));
    for (there, nowhere) in [
        (of(OTHER, &orders.0), of(NOBODY, &orders.0)),
        (of(OTHER, "orders"), of(NOBODY, "orders")),
        (of(CALLERS, &orders.0), of(CALLERS, &orders.1)),
        (of(CALLERS, &refunds.0), of(CALLERS, &refunds.1)),
    ] {
        alike(&there, pairs, bound, async |_| {
            (refusal(&curious, &nowhere, 404).await, refusal(&curious, &there, 404).await)
        })
        .await;
    }
    // A secret that was somebody's once, and one that never was.
    let body = json!({"request_id": "once", "name": "once", "role": "ROLE_VIEWER"});
    let made = world.http().post(&of(OTHER, "tokens"), &body).await.ok();
    let revoke = of(OTHER, &format!("tokens/{}:revoke", made["token_id"].as_str().unwrap()));
    world.http().post(&revoke, &json!({"request_id": "over"})).await.ok();
    let secret = made["secret"].as_str().unwrap();
    let (once, never) = (
        world.http().token(secret),
        world.http().token(&secret.replace("mrd_", "mrd_x")[..secret.len()]),
    );
    alike("a revoked token", pairs, bound, async |_| {
        let path = of(OTHER, "orders");
        (refusal(&never, &path, 401).await, refusal(&once, &path, 401).await)
    })
    .await;
}

async fn a_log_in_takes_as_long_whoever_there_is(world: World) {
    world.open_store(json!({})).await;
    let pairs = scale::pick(LOG_INS.0, LOG_INS.1);
    // One login for each guess, so that none is locked.
    for number in 0..pairs * ROUNDS {
        entered(&world, &format!("somebody-{number}"), "ROLE_VIEWER").await;
    }
    let grpc = world.grpc().await;
    let wrong = async |store: &str, login: &str| {
        let begun = Instant::now();
        let refused = log_in_at(&grpc, store, login, "wrong horse battery", "").await.unwrap_err();
        let took = begun.elapsed();
        assert!(refused.message().contains("LOGIN_FAILED"), "{refused:?}");
        took
    };
    // To have hashed a password or not makes all the difference.
    let bound = |first: Duration| first / 3;
    alike("a login that is somebody's", pairs, bound, async |number| {
        let nobody = wrong(STORE, &format!("nobody---{number}")).await;
        (nobody, wrong(STORE, &format!("somebody-{number}")).await)
    })
    .await;
    alike("a store that there is", pairs, bound, async |number| {
        let nowhere = wrong("none", &format!("anybody--{number}")).await;
        (nowhere, wrong(STORE, &format!("anybody--{number}")).await)
    })
    .await;
}
