//! Measures commits of refunds and reads of orders, straight at the store.
//!
//! `throughput URL [CALLERS…]`: a database of its own, at `sqlite://path` or `postgres://…`. Each
//! caller has one order at a time and adds refund after refund to it, as the service does: load,
//! decide, commit with a receipt and a task.

use conformance::build::{NOON, commit, key, leg_task, order, place, receipt, refund};
use ports::{Reader, Store, TaskChange};
use sea_orm::{ConnectionTrait, Statement};
use std::{
    env,
    time::{Duration, Instant},
};
use store_sql::{Options, SqlStore};
use tokio::task::JoinSet;

/// How long each measurement takes.
const MEASURED: Duration = Duration::from_secs(4);
/// Refunds of one order, before the caller goes on to the next: orders with many are rare.
const REFUNDS_OF_AN_ORDER: i64 = 5;
const ORDERS_PER_CALLER: usize = 100;

#[tokio::main]
async fn main() {
    let mut arguments = env::args().skip(1);
    let url = arguments.next().expect("usage: throughput URL [CALLERS…]");
    let callers: Vec<usize> = arguments.map(|number| number.parse().unwrap()).collect();
    let callers = if callers.is_empty() { vec![1, 8, 32, 64] } else { callers };
    let writers = env::var("WRITERS").map_or(1, |number| number.parse().unwrap());
    let options = Options { writers, ..Options::default() };
    let store = SqlStore::connect(&url, options).await.unwrap();
    store.migrate().await.unwrap();
    POSTMASTER.set(postmaster(&url).await).unwrap();
    let most = callers.iter().max().copied().unwrap_or(1);
    let begin = Instant::now();
    let mut placing = JoinSet::new();
    for caller in 0..most {
        let store = store.clone();
        placing.spawn(async move {
            for number in 0..ORDERS_PER_CALLER {
                place(&store, &order(&format!("{caller}-{number}"))).await;
            }
        });
    }
    placing.join_all().await;
    let placed = most * ORDERS_PER_CALLER;
    println!("{placed} orders placed and made ready in {:.1?}", begin.elapsed());
    for (run, count) in callers.iter().enumerate() {
        let run = i64::try_from(run).unwrap();
        let commits = measure(*count, |caller| refunds(store.clone(), run, caller)).await;
        let reads = measure(*count, |caller| reads(store.clone(), caller)).await;
        println!("{count:>3} callers: {commits}   |   {reads}");
    }
}

async fn measure<F>(callers: usize, work: impl Fn(usize) -> F) -> String
where
    F: Future<Output = Vec<Duration>> + Send + 'static,
{
    let mut running = JoinSet::new();
    let (begin, spent) = (Instant::now(), spent());
    (0..callers).for_each(|caller| drop(running.spawn(work(caller))));
    let mut took: Vec<Duration> = running.join_all().await.into_iter().flatten().collect();
    let elapsed = begin.elapsed();
    took.sort_unstable();
    let at = |percent: usize| took[(took.len() - 1) * percent / 100];
    let count = took.len() as u128;
    let per_second = count * 1_000_000 / elapsed.as_micros();
    let spent = (self::spent() - spent).as_micros() / count;
    format!("{per_second:>6}/s p50 {:>8.2?} p99 {:>8.2?} cpu {spent:>4} us", at(50), at(99))
}

/// Processor time so far, of this process and of the database server's.
fn spent() -> Duration {
    let mut processes = vec![std::process::id()];
    if let Some(postmaster) = *POSTMASTER.get().unwrap_or(&None) {
        let all = std::fs::read_dir("/proc").unwrap().flatten();
        let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        processes.extend(pids.filter(|pid| field(*pid, 1) == Some(u64::from(postmaster))));
    }
    let ticks = |pid: u32| field(pid, 11).unwrap_or(0) + field(pid, 12).unwrap_or(0);
    Duration::from_millis(10 * processes.into_iter().map(ticks).sum::<u64>())
}

/// A number of `/proc/PID/stat`, counted from the state.
fn field(pid: u32, index: usize) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(index)?.parse().ok()
}

static POSTMASTER: std::sync::OnceLock<Option<u32>> = std::sync::OnceLock::new();

/// The process whose children serve this database, if it is on this machine.
async fn postmaster(url: &str) -> Option<u32> {
    let database = sea_orm::Database::connect(url).await.unwrap();
    if database.get_database_backend() != sea_orm::DbBackend::Postgres {
        return None;
    }
    let ask = Statement::from_string(sea_orm::DbBackend::Postgres, "SELECT pg_backend_pid()");
    let pid: i32 = database.query_one_raw(ask).await.unwrap()?.try_get_by_index(0).unwrap();
    field(pid.try_into().ok()?, 1)?.try_into().ok()
}

/// Load, decide, commit: one command after the other.
async fn refunds(store: SqlStore, run: i64, caller: usize) -> Vec<Duration> {
    let mut took = Vec::new();
    let begin = Instant::now();
    for number in 0.. {
        let id = format!("{caller}-{}", number / REFUNDS_OF_AN_ORDER);
        let id = key(&if number / REFUNDS_OF_AN_ORDER < 100 {
            id
        } else {
            format!("{caller}-{}", number % 100)
        });
        let started = Instant::now();
        if started - begin > MEASURED {
            break;
        }
        let receipt = receipt(&format!("{run}-{caller}-{number}"));
        let loaded = store.load(&id, Some(&receipt.key)).await.unwrap();
        let change = loaded.order.unwrap().decide(refund(number, "0.01"), NOON).unwrap();
        let leg = change.after.refunds.last().unwrap().legs[0].leg_id.to_string();
        let mut commit = commit().order(change);
        commit.receipt = Some(receipt);
        commit.tasks.push(TaskChange::Put(leg_task(&id, &leg, NOON)));
        store.commit(commit).await.unwrap();
        took.push(started.elapsed());
    }
    took
}

async fn reads(store: SqlStore, caller: usize) -> Vec<Duration> {
    let mut took = Vec::new();
    let begin = Instant::now();
    for number in 0.. {
        let started = Instant::now();
        if started - begin > MEASURED {
            break;
        }
        let id = key(&format!("{caller}-{}", number % ORDERS_PER_CALLER));
        store.order(&id).await.unwrap().unwrap();
        took.push(started.elapsed());
    }
    took
}
