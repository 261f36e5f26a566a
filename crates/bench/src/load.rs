//! A closed loop: so many clients, each with one call at a time.

use crate::{
    client::{Connection, Endpoint, Outcome},
    figures::{Figures, Spent},
    settings::Span,
};
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// What the call number so many says, encoded.
pub type Messages = Arc<dyn Fn(u64) -> Vec<u8> + Send + Sync>;

/// Calls that are under way at the end may take so long.
const ENDS_WITHIN: Duration = Duration::from_secs(30);

/// The same kind of call over and over.
pub struct Load<'a> {
    pub connections: &'a [Connection],
    pub endpoint: Endpoint,
    pub clients: u32,
    pub messages: Messages,
    /// The number of the next call; goes on from one load to the next.
    pub next: &'a Arc<AtomicU64>,
}

/// How many calls each client may still make, or until when.
#[derive(Clone, Copy)]
enum Until {
    Time(Instant),
    Number(u64),
}

/// What one client saw: when each call ended and how long it took, in microseconds.
#[derive(Default)]
struct Seen {
    calls: Vec<(Instant, u32)>,
    failures: u64,
    first_failure: Option<String>,
}

impl Load<'_> {
    /// Loads for the span, and measures all of it but the warm-up. Answers with how many calls
    /// succeeded in all, the warm-up included.
    pub async fn measure(self, span: Span, spent: impl Fn() -> Spent) -> Outcome<(Figures, u64)> {
        let from = Instant::now() + span.warm_up;
        let to = from + span.measured;
        let running = self.start(Until::Time(to));
        tokio::time::sleep_until(from.into()).await;
        let before = spent();
        tokio::time::sleep_until(to.into()).await;
        let after = spent();
        let seen = tokio::time::timeout(ENDS_WITHIN, finished(running)).await??;
        let within = |at: &Instant| *at >= from && *at < to;
        let measured = seen.calls.iter().filter(|(at, _)| within(at));
        let micros = measured.map(|(_, micros)| *micros).collect();
        let mut figures = Figures::new(micros, span.measured, before, after);
        figures.failures = seen.failures;
        figures.first_failure = seen.first_failure;
        Ok((figures, u64::try_from(seen.calls.len())?))
    }

    /// Makes the calls up to this number, all of which have to succeed, and says how long it took.
    pub async fn complete(self, last: u64) -> Outcome<Duration> {
        let begun = Instant::now();
        let seen = finished(self.start(Until::Number(last))).await?;
        match seen.first_failure {
            None => Ok(begun.elapsed()),
            Some(failure) => Err(io::Error::other(failure).into()),
        }
    }

    fn start(&self, until: Until) -> Vec<tokio::task::JoinHandle<Seen>> {
        let clients = (0..self.clients).zip(self.connections.iter().cycle());
        let client = |connection: &Connection| {
            let (connection, endpoint) = (connection.clone(), self.endpoint.clone());
            let (messages, next) = (Arc::clone(&self.messages), Arc::clone(self.next));
            tokio::spawn(client(connection, endpoint, messages, next, until))
        };
        clients.map(|(_, connection)| client(connection)).collect()
    }
}

async fn client(
    connection: Connection,
    endpoint: Endpoint,
    messages: Messages,
    next: Arc<AtomicU64>,
    until: Until,
) -> Seen {
    let mut seen = Seen::default();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let begun = Instant::now();
        let is_over = match until {
            Until::Time(end) => begun >= end,
            // Whoever finds out that nothing is left has to leave the number to the next load.
            Until::Number(last) => number >= last || seen.failures > 0,
        };
        if is_over {
            next.fetch_sub(1, Ordering::Relaxed);
            return seen;
        }
        match connection.call(&endpoint, &messages(number)).await {
            Ok(_) => {
                let now = Instant::now();
                let micros = u32::try_from((now - begun).as_micros()).unwrap_or(u32::MAX);
                seen.calls.push((now, micros));
            }
            Err(error) => {
                seen.failures += 1;
                seen.first_failure.get_or_insert_with(|| error.to_string());
            }
        }
    }
}

async fn finished(clients: Vec<tokio::task::JoinHandle<Seen>>) -> Outcome<Seen> {
    let mut all = Seen::default();
    for client in clients {
        let seen = client.await?;
        all.calls.extend(seen.calls);
        all.failures += seen.failures;
        all.first_failure = all.first_failure.or(seen.first_failure);
    }
    Ok(all)
}
