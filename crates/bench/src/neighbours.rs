//! What one store that calls ten times as often as it may takes from another. Both make refunds, so
//! that the loud one would have more than there is.

use crate::{
    client::{Connection, Outcome},
    figures::{Bound, Single, percentile},
    messages::{self, SECOND_STORE},
    report::Report,
    settings::{Engine, Settings, Span},
    site::{Limits, Site, Workers},
};
use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};
use tokio::{sync::Semaphore, task::JoinSet, time::interval};

const CREATE_REFUND: &str = "meridian.refunds.v1.RefundService/CreateRefund";

/// What the loud one sends of what it may: all of it, and too much.
const WITHIN: u32 = 1;
const TIMES: u32 = 10;
/// Calls in a second of the quiet one.
const QUIET: u32 = 100;
/// The three are measured one after the other, and again: a disk that stalls for the tenth of a
/// second decides the p99 of a round. What counts is the round in the middle.
const ROUNDS: usize = 5;
/// Orders of the quiet one.
const ORDERS: u64 = 100;
const TICK: Duration = Duration::from_millis(1);
/// Calls of the loud one that are under way; with more of them it waits.
const MOST_UNDER_WAY: usize = 2_000;
const LOUD_CONNECTIONS: usize = 12;
/// By how much what the loud one sends too much may raise the quiet one's p99, in milliseconds, or
/// else by the half. What it sends within its rate takes from the other by right: whoever commits
/// waits for the commit before.
const MOST_MORE: f64 = 10.0;

/// How the calls of the loud one came out.
#[derive(Debug, Clone, Copy)]
struct Loud {
    sent: u64,
    served: u64,
    /// By the rate.
    limited: u64,
    took: Duration,
}

/// How long each call of the quiet one took that was served, in microseconds and sorted.
#[derive(Debug)]
struct Quiet {
    micros: Vec<u32>,
    refused: u32,
}

/// Numbers of refunds that were not made yet, of each store.
#[derive(Clone, Default)]
struct Next {
    loud: Arc<AtomicU64>,
    quiet: Arc<AtomicU64>,
}

pub async fn measure(engine: Engine, settings: &Settings, report: &mut Report) -> Outcome<()> {
    let mut site = Site::build(engine, settings, &mut Vec::new()).await?;
    let rate = settings.rate();
    site.start(Workers::Ready).await?;
    let token = site.second_store(ORDERS).await?;
    let next = Next { loud: Arc::new(AtomicU64::new(1)), ..Next::default() };
    for (what, limits) in [
        ("with its limits", Limits::PerSecond(rate)),
        ("without any, to see the difference", Limits::None),
    ] {
        site.start_with(Workers::Sequencer, limits).await?;
        eprintln!("{}: a store and its neighbour, {what}", engine.name());
        let address = site.address()?;
        let connections = site.loud(LOUD_CONNECTIONS).await?;
        let beside = async |times: u32| {
            let done = Arc::new(AtomicBool::new(false));
            let orders = settings.orders().into();
            let per_second = rate * times;
            let flood =
                flood(connections.clone(), orders, per_second, next.clone(), Arc::clone(&done));
            let flood = tokio::spawn(flood);
            let beside = quiet(address, &token, settings.span(), &next).await?;
            done.store(true, Relaxed);
            Outcome::Ok((beside, flood.await??))
        };
        let mut seen = Seen::default();
        for _ in 0..ROUNDS {
            seen.alone.push(quiet(address, &token, settings.span(), &next).await?);
            seen.within.push(beside(WITHIN).await?.0);
            let (beyond, loud) = beside(TIMES).await?;
            seen.beyond.push(beyond);
            seen.loud.push(loud);
        }
        let is_limited = limits != Limits::None;
        let mut figures = seen.figures(rate)?;
        for figure in &mut figures {
            figure.what = format!("{}: {}, {what}", engine.name(), figure.what);
            figure.aim = figure.aim.filter(|_| is_limited);
        }
        report.singles.extend(figures);
        site.stop();
    }
    Ok(())
}

/// What was seen in each round.
#[derive(Debug, Default)]
struct Seen {
    alone: Vec<Quiet>,
    within: Vec<Quiet>,
    beyond: Vec<Quiet>,
    loud: Vec<Loud>,
}

impl Seen {
    fn figures(&self, rate: u32) -> Outcome<Vec<Single>> {
        let [alone, within, beyond] =
            [&self.alone, &self.within, &self.beyond].map(|rounds| p99(rounds));
        let most = Bound::AtMost((1.5 * within).max(within + MOST_MORE));
        let took: Duration = self.loud.iter().map(|loud| loud.took).sum();
        // The burst comes on top of each round, which its first seconds use up.
        let rounds = f64::from(u32::try_from(self.loud.len())?);
        let burst = rounds * f64::from(2 * rate) / took.as_secs_f64();
        let served = Bound::AtMost((f64::from(rate) + burst) * 1.02);
        let per_second = |count: fn(&Loud) -> u64| -> Outcome<f64> {
            let count = self.loud.iter().map(count).sum::<u64>();
            Ok(f64::from(u32::try_from(count)?) / took.as_secs_f64())
        };
        let refused = self.beyond.iter().map(|quiet| quiet.refused).sum::<u32>();
        let single = |what: String, value, unit, aim| Single { what, value, unit, aim };
        Ok(vec![
            single("p99 of a quiet store alone".to_owned(), alone, "ms", None),
            single("its p99 beside one at its rate".to_owned(), within, "ms", None),
            single(
                format!("its p99 beside one at {TIMES} times its rate"),
                beyond,
                "ms",
                Some(most),
            ),
            single(
                "calls of the quiet one that were refused".to_owned(),
                f64::from(refused),
                "",
                Some(Bound::AtMost(0.0)),
            ),
            single(
                "calls that the loud one sent".to_owned(),
                per_second(|it| it.sent)?,
                "/s",
                None,
            ),
            single("of those served".to_owned(), per_second(|it| it.served)?, "/s", Some(served)),
            single("refused by the rate".to_owned(), per_second(|it| it.limited)?, "/s", None),
        ])
    }
}

/// In milliseconds, of the round in the middle.
fn p99(rounds: &[Quiet]) -> f64 {
    let each = rounds.iter().map(|seen| percentile(&seen.micros, 99));
    let mut each: Vec<_> = each.collect();
    each.sort_unstable();
    each.get(each.len() / 2).map_or(0.0, |middle| middle.as_secs_f64() * 1_000.0)
}

/// Calls steadily. On a thread of its own, so that whoever makes the flood is not measured.
async fn quiet(address: SocketAddr, token: &str, span: Span, next: &Next) -> Outcome<Quiet> {
    let (token, next) = (token.to_owned(), Arc::clone(&next.quiet));
    let (tell, told) = tokio::sync::oneshot::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let steadily = async { steadily(address, &token, span, &next).await };
        tell.send(runtime.map_err(Into::into).and_then(|runtime| runtime.block_on(steadily)))
    });
    told.await?
}

async fn steadily(
    address: SocketAddr,
    token: &str,
    span: Span,
    next: &AtomicU64,
) -> Outcome<Quiet> {
    let connection = Connection::open(address, token).await?;
    let endpoint = connection.endpoint(CREATE_REFUND)?;
    let mut calls = JoinSet::new();
    let mut ticks = interval(Duration::from_secs(1) / QUIET);
    let from = Instant::now() + span.warm_up;
    while from + span.measured > Instant::now() {
        ticks.tick().await;
        let (connection, endpoint) = (connection.clone(), endpoint.clone());
        let number = next.fetch_add(1, Relaxed);
        calls.spawn(async move {
            let message = messages::create_refund_of(SECOND_STORE, number, ORDERS);
            let begun = Instant::now();
            let is_served = connection.call(&endpoint, &message).await.is_ok();
            (begun, begun.elapsed(), is_served)
        });
    }
    let mut seen = Quiet { micros: Vec::new(), refused: 0 };
    while let Some(call) = calls.join_next().await {
        match call? {
            (_, _, false) => seen.refused += 1,
            (begun, took, true) if begun >= from => {
                seen.micros.push(u32::try_from(took.as_micros())?);
            }
            _ => (),
        }
    }
    seen.micros.sort_unstable();
    Ok(seen)
}

/// Sends so many in a second, whatever is answered, until it is told to stop.
async fn flood(
    connections: Vec<Connection>,
    orders: u64,
    per_second: u32,
    next: Next,
    done: Arc<AtomicBool>,
) -> Outcome<Loud> {
    let first = connections.first().ok_or_else(|| io::Error::other("no connection"))?;
    let endpoint = first.endpoint(CREATE_REFUND)?;
    let under_way = Arc::new(Semaphore::new(MOST_UNDER_WAY));
    let counts: Arc<[AtomicU64; 2]> = Arc::default();
    let (begun, mut sent) = (Instant::now(), 0_u64);
    let mut ticks = interval(TICK);
    let mut turns = connections.iter().cycle();
    while !done.load(Relaxed) {
        ticks.tick().await;
        let due = begun.elapsed().as_millis() * u128::from(per_second) / 1_000;
        while u128::from(sent) < due {
            let Ok(place) = Arc::clone(&under_way).try_acquire_owned() else { break };
            let Some(connection) = turns.next().cloned() else { break };
            let (endpoint, counts) = (endpoint.clone(), Arc::clone(&counts));
            let message = messages::create_refund(next.loud.fetch_add(1, Relaxed), orders);
            tokio::spawn(async move {
                match connection.call(&endpoint, &message).await {
                    Ok(_) => counts[0].fetch_add(1, Relaxed),
                    Err(error) => {
                        let is_limited = error.to_string().contains("RATE_LIMITED");
                        counts[1].fetch_add(u64::from(is_limited), Relaxed)
                    }
                };
                drop(place);
            });
            sent += 1;
        }
    }
    let took = begun.elapsed();
    // Those that are under way come to their end.
    drop(under_way.acquire_many(u32::try_from(MOST_UNDER_WAY)?).await?);
    let [served, limited] = counts.each_ref().map(|count| count.load(Relaxed));
    Ok(Loud { sent, served, limited, took })
}
