//! What one store that calls ten times as often as it may takes from another.

use crate::{
    client::{Connection, Outcome},
    figures::{Bound, Single, percentile},
    messages,
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

const GET_ORDER: &str = "meridian.orders.v1.OrderService/GetOrder";

/// Calls in a second that a store may make here: less than by default, so that ten times as many and
/// whoever makes them have room on two cores.
const RATE: u32 = 1_000;
/// What the loud one sends.
const TIMES: u32 = 10;
/// Calls in a second of the quiet one.
const QUIET: u32 = 100;
const TICK: Duration = Duration::from_millis(1);
/// Calls of the loud one that are under way; with more of them it waits.
const MOST_UNDER_WAY: usize = 2_000;
const LOUD_CONNECTIONS: usize = 12;
/// By how much the quiet one's p99 may grow, in milliseconds, or else to twice of what it was.
const MOST_MORE: f64 = 10.0;

/// How calls came out.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    sent: u64,
    served: u64,
    /// By the rate.
    limited: u64,
}

pub async fn measure(engine: Engine, settings: &Settings, report: &mut Report) -> Outcome<()> {
    let mut site = Site::build(engine, settings, &mut Vec::new()).await?;
    site.start(Workers::Sequencer).await?;
    let quiet = site.second_store().await?;
    for (what, limits) in [
        ("with its limits", Limits::PerSecond(RATE)),
        ("without any, to see the difference", Limits::None),
    ] {
        site.start_with(Workers::Sequencer, limits).await?;
        eprintln!("{}: a store and its neighbour, {what}", engine.name());
        compare(&site, &quiet, settings, what, limits == Limits::PerSecond(RATE), report).await?;
        site.stop();
    }
    Ok(())
}

async fn compare(
    site: &Site,
    quiet: &str,
    settings: &Settings,
    what: &str,
    is_limited: bool,
    report: &mut Report,
) -> Outcome<()> {
    let (name, span) = (site.database.engine().name(), settings.span());
    let address = site.address()?;
    let alone = on_its_own(address, quiet, span).await?;
    let done = Arc::new(AtomicBool::new(false));
    let flood =
        tokio::spawn(flood(site.loud(LOUD_CONNECTIONS).await?, settings.orders(), done.clone()));
    let beside = on_its_own(address, quiet, span).await?;
    done.store(true, Relaxed);
    let (loud, took) = flood.await??;
    let per_second =
        |count: u64| Outcome::Ok(f64::from(u32::try_from(count)?) / took.as_secs_f64());
    let mut single = |figure: String, value, unit, aim: Option<Bound>| {
        let what = format!("{name}: {figure}, {what}");
        report.singles.push(Single { what, value, unit, aim: aim.filter(|_| is_limited) });
    };
    let millis = |seen: &[u32]| percentile(seen, 99).as_secs_f64() * 1_000.0;
    let (alone, beside) = (millis(&alone), millis(&beside));
    let most = Bound::AtMost((2.0 * alone).max(alone + MOST_MORE));
    single("p99 of a quiet store alone".to_owned(), alone, "ms", None);
    single(format!("its p99 beside one at {TIMES} times its rate"), beside, "ms", Some(most));
    single("calls that one sent".to_owned(), per_second(loud.sent)?, "/s", None);
    // The burst comes on top, which the first seconds use up.
    let most = f64::from(RATE) + f64::from(2 * RATE) / took.as_secs_f64();
    single(
        "and was served".to_owned(),
        per_second(loud.served)?,
        "/s",
        Some(Bound::AtMost(most * 1.02)),
    );
    single("and was refused by its rate".to_owned(), per_second(loud.limited)?, "/s", None);
    Ok(())
}

/// How long each call of a store took that calls steadily, in microseconds and sorted; all have to
/// succeed. On a thread of its own, so that whoever makes the flood is not measured.
async fn on_its_own(address: SocketAddr, token: &str, span: Span) -> Outcome<Vec<u32>> {
    let token = token.to_owned();
    let (tell, told) = tokio::sync::oneshot::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let seen =
            runtime.map_err(Into::into).and_then(|it| it.block_on(steadily(address, &token, span)));
        tell.send(seen)
    });
    let mut seen = told.await??;
    seen.sort_unstable();
    Ok(seen)
}

async fn steadily(address: SocketAddr, token: &str, span: Span) -> Outcome<Vec<u32>> {
    let connection = Connection::open(address, token).await?;
    let endpoint = connection.endpoint(GET_ORDER)?;
    let message = messages::get_order_of(messages::SECOND_STORE, 0, 1);
    let (mut calls, mut seen) = (JoinSet::new(), Vec::new());
    let mut ticks = interval(Duration::from_secs(1) / QUIET);
    let from = Instant::now() + span.warm_up;
    while from + span.measured > Instant::now() {
        ticks.tick().await;
        let (connection, endpoint, message) =
            (connection.clone(), endpoint.clone(), message.clone());
        calls.spawn(async move {
            let begun = Instant::now();
            connection.call(&endpoint, &message).await.map(|_| (begun, begun.elapsed()))
        });
    }
    while let Some(call) = calls.join_next().await {
        let (begun, took) = call??;
        if begun >= from {
            seen.push(u32::try_from(took.as_micros())?);
        }
    }
    Ok(seen)
}

/// Sends at the rate that it wants, whatever is answered, until it is told to stop.
async fn flood(
    connections: Vec<Connection>,
    orders: u32,
    done: Arc<AtomicBool>,
) -> Outcome<(Count, Duration)> {
    let first = connections.first().ok_or_else(|| io::Error::other("no connection"))?;
    let endpoint = first.endpoint(GET_ORDER)?;
    let under_way = Arc::new(Semaphore::new(MOST_UNDER_WAY));
    let counts: Arc<[AtomicU64; 2]> = Arc::default();
    let begun = Instant::now();
    let mut sent = 0_u64;
    let mut ticks = interval(TICK);
    while !done.load(Relaxed) {
        ticks.tick().await;
        let due = begun.elapsed().as_millis() * u128::from(RATE * TIMES) / 1_000;
        while u128::from(sent) < due {
            let Ok(place) = Arc::clone(&under_way).try_acquire_owned() else { break };
            let connection = connections[usize::try_from(sent)? % connections.len()].clone();
            let (number, endpoint, counts) = (sent, endpoint.clone(), Arc::clone(&counts));
            tokio::spawn(async move {
                let message = messages::get_order(number, orders.into());
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
    let all = u32::try_from(MOST_UNDER_WAY)?;
    drop(under_way.acquire_many(all).await?);
    let [served, limited] = counts.each_ref().map(|count| count.load(Relaxed));
    Ok((Count { sent, served, limited }, took))
}
