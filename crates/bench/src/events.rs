//! Events: how soon what was committed can be read, and how fast the feed is read.

use crate::{
    client::{Connection, Outcome},
    figures::{Bound, Single},
    messages::{self, STORE},
    report::Report,
    settings::{Engine, Settings},
    site::{Site, Workers},
};
use axum::{Router, body::Bytes, http::StatusCode};
use prost::Message as _;
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::net::TcpListener;
use wire::{
    events::v1::{ListEventsRequest, ListEventsResponse},
    refunds::v1::CreateRefundResponse,
    webhooks::v1::CreateEndpointRequest,
};

const LIST_EVENTS: &str = "meridian.events.v1.EventService/ListEvents";
const CREATE_ENDPOINT: &str = "meridian.webhooks.v1.WebhookService/CreateEndpoint";
const CREATE_REFUND: &str = "meridian.refunds.v1.RefundService/CreateRefund";

/// Refunds per second, each of which is one event, while it is measured how soon they are seen.
const PACE: u32 = 500;
const MOST_MILLIS: f64 = 100.0;
const PAGE: i32 = 1_000;
const READERS: usize = 4;
const AT_LEAST: f64 = 50_000.0;
const DELIVERIES: f64 = 1_000.0;
/// Between two looks of the reader who waits for events.
const LOOK: Duration = Duration::from_millis(2);
/// After which an event that cannot be seen is lost.
const LOST_AFTER: Duration = Duration::from_secs(30);

/// When each refund was acknowledged, by its id.
type Acknowledged = Arc<Mutex<HashMap<String, Instant>>>;

pub async fn measure(engine: Engine, settings: &Settings, report: &mut Report) -> Outcome<()> {
    let name = engine.name();
    eprintln!("{name}: making {} orders", settings.orders());
    let mut site = Site::build(engine, settings, &mut Vec::new()).await?;
    site.start(Workers::Sequencer).await?;
    eprintln!("{name}: {PACE} events a second");
    let mut waits = visible(&site, settings).await?;
    waits.sort_unstable();
    let millis = |per_cent: usize| {
        let place = (waits.len() * per_cent / 100).min(waits.len().saturating_sub(1));
        waits.get(place).map_or(f64::NAN, |wait| wait.as_secs_f64() * 1_000.0)
    };
    for (per_cent, aim) in [(50, None), (99, Some(Bound::AtMost(MOST_MILLIS)))] {
        report.singles.push(Single {
            what: format!("{name}: acknowledged to visible at {PACE} events/s, p{per_cent}"),
            value: millis(per_cent),
            unit: "ms",
            aim,
        });
    }
    eprintln!("{name}: reading the feed");
    let value = read(&site, settings).await?;
    report.singles.push(Single {
        what: format!("{name}: events read in pages of {PAGE} by {READERS}"),
        value,
        unit: "/s",
        aim: Some(Bound::AtLeast(AT_LEAST)),
    });
    eprintln!("{name}: telling an endpoint");
    let (rate, count) = told(&mut site, settings).await?;
    report.singles.push(Single {
        what: format!("{name}: {count} events told to one endpoint"),
        value: rate,
        unit: "/s",
        aim: Some(Bound::AtLeast(DELIVERIES)),
    });
    Ok(())
}

/// Events per second that a receiver on this machine gets of those that wait for it.
async fn told(site: &mut Site, settings: &Settings) -> Outcome<(f64, u64)> {
    let received = Arc::new(AtomicU64::new(0));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let counted = Arc::clone(&received);
    let router = Router::new().fallback(move |_: Bytes| {
        counted.fetch_add(1, Ordering::Relaxed);
        async { StatusCode::NO_CONTENT }
    });
    tokio::spawn(async move { axum::serve(listener, router).await });
    let endpoint = CreateEndpointRequest {
        store_id: STORE.to_owned(),
        request_id: "endpoint".to_owned(),
        url: format!("http://{address}/"),
        ..CreateEndpointRequest::default()
    };
    site.call(CREATE_ENDPOINT, &endpoint.encode_to_vec()).await?;
    site.refunds(32).await?;
    let waiting = "SELECT (SELECT position FROM feeds WHERE store_id = 'bench') \
                   - (SELECT cursor_position FROM webhook_endpoints)";
    let count: u64 = loop {
        let before = site.database.ask(waiting)?;
        tokio::time::sleep(Duration::from_millis(500)).await;
        if site.database.ask(waiting)? == before {
            break before.parse()?;
        }
    };
    site.start(Workers::Webhooks).await?;
    let begun = Instant::now();
    while received.load(Ordering::Relaxed) < count {
        if begun.elapsed() > settings.span().whole() + Duration::from_mins(5) {
            return Err(std::io::Error::other("not all events were told").into());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let rate = f64::from(u32::try_from(count)?) / begun.elapsed().as_secs_f64();
    Ok((rate, count))
}

/// How long after their acknowledgement events could be read.
async fn visible(site: &Site, settings: &Settings) -> Outcome<Vec<Duration>> {
    let (connection, orders) = (site.connection()?, u64::from(settings.orders()));
    let acknowledged = Acknowledged::default();
    let span = settings.span().whole();
    let done = Arc::new(AtomicBool::new(false));
    let last = position_of_the_end(&connection).await?;
    let reader = {
        let (connection, acknowledged) = (connection.clone(), Arc::clone(&acknowledged));
        let done = Arc::clone(&done);
        tokio::spawn(async move { watch(&connection, last, &acknowledged, &done).await })
    };
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / PACE);
    let (begun, mut calls) = (Instant::now(), Vec::new());
    while begun.elapsed() < span {
        ticks.tick().await;
        let (connection, acknowledged) = (connection.clone(), Arc::clone(&acknowledged));
        let message = messages::create_refund(site.next_refund(), orders);
        calls.push(tokio::spawn(async move {
            let answer = connection.call(&connection.endpoint(CREATE_REFUND)?, &message).await?;
            let refund = CreateRefundResponse::decode(answer)?.refund.unwrap_or_default();
            lock(&acknowledged).insert(refund.refund_id, Instant::now());
            Outcome::Ok(())
        }));
    }
    for call in calls {
        call.await??;
    }
    done.store(true, Ordering::Relaxed);
    reader.await?
}

/// Reads on and on; what is seen before its acknowledgement is there at once.
async fn watch(
    connection: &Connection,
    mut after: i64,
    acknowledged: &Acknowledged,
    done: &AtomicBool,
) -> Outcome<Vec<Duration>> {
    let (mut early, mut waits) = (HashMap::new(), Vec::new());
    let mut patience = None;
    loop {
        let page = page(connection, after).await?;
        after = page.last_position.max(after);
        let now = Instant::now();
        for event in page.events {
            early.insert(event.entity_id, now);
        }
        early.retain(|refund, seen| match lock(acknowledged).remove(refund) {
            Some(at) => {
                waits.push(seen.saturating_duration_since(at));
                false
            }
            None => true,
        });
        if done.load(Ordering::Relaxed) {
            let since = *patience.get_or_insert(now);
            if lock(acknowledged).is_empty() {
                return Ok(waits);
            }
            if since.elapsed() > LOST_AFTER {
                return Err(std::io::Error::other("events were lost").into());
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn lock(acknowledged: &Acknowledged) -> std::sync::MutexGuard<'_, HashMap<String, Instant>> {
    acknowledged.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn page(connection: &Connection, after: i64) -> Outcome<ListEventsResponse> {
    Ok(ListEventsResponse::decode(page_as_sent(connection, after).await?)?)
}

async fn page_as_sent(connection: &Connection, after: i64) -> Outcome<Bytes> {
    let request = ListEventsRequest {
        store_id: STORE.to_owned(),
        after_position: Some(after),
        page_size: PAGE,
        ..ListEventsRequest::default()
    };
    let endpoint = connection.endpoint(LIST_EVENTS)?;
    connection.call(&endpoint, &request.encode_to_vec()).await
}

async fn position_of_the_end(connection: &Connection) -> Outcome<i64> {
    let mut after = 0;
    loop {
        let page = page(connection, after).await?;
        after = page.last_position;
        if page.next_page_token.is_empty() {
            return Ok(after);
        }
    }
}

/// Events per second: each reader reads all of the feed again and again.
async fn read(site: &Site, settings: &Settings) -> Outcome<f64> {
    let (counted, until) = (Arc::new(AtomicU64::new(0)), settings.span().measured);
    let begun = Instant::now();
    let readers = (0..READERS).map(|_| {
        let (connection, counted) = (site.connection(), Arc::clone(&counted));
        tokio::spawn(async move {
            let (connection, mut after) = (connection?, 0);
            while begun.elapsed() < until {
                let answer = page_as_sent(&connection, after).await?;
                // Counted and not looked at: the client is on the same cores.
                let (events, last) = counts(&answer);
                counted.fetch_add(events, Ordering::Relaxed);
                after = if events < u64::from(PAGE.unsigned_abs()) { 0 } else { last };
            }
            Outcome::Ok(())
        })
    });
    for reader in readers.collect::<Vec<_>>() {
        reader.await??;
    }
    let took = begun.elapsed().as_secs_f64();
    let read = u32::try_from(counted.load(Ordering::Relaxed))?;
    Ok(f64::from(read) / took)
}

/// How many events an answer holds, and the position of its last one: a walk over the outermost
/// fields.
fn counts(mut answer: &[u8]) -> (u64, i64) {
    let (mut events, mut last) = (0, 0);
    while !answer.is_empty() {
        let Ok((tag, kind)) = prost::encoding::decode_key(&mut answer) else { break };
        match (tag, kind) {
            (3, _) => {
                let position = prost::encoding::decode_varint(&mut answer).unwrap_or_default();
                last = i64::try_from(position).unwrap_or(i64::MAX);
            }
            (tag, _) => {
                let length = prost::encoding::decode_varint(&mut answer).unwrap_or_default();
                let length = usize::try_from(length).unwrap_or(usize::MAX).min(answer.len());
                answer = &answer[length..];
                events += u64::from(tag == 1);
            }
        }
    }
    (events, last)
}
