//! How long pages take among many orders, and by which plans, whatever conditions come together.

mod orders;
mod plans;
mod questions;

use crate::{Options, SqlStore};
use migrations::{FINDING_ORDERS, Migrator};
use orders::World;
use plans::Seen;
use ports::{Fence, Reader as _};
use questions::{KINDS, Questions};
use sea_orm::{ConnectOptions, Database, DatabaseConnection};
use sea_orm_migration::MigratorTrait as _;
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};
use testkit::{
    postgres::{self, Server},
    scale,
};

pub(super) use plans::saw;

/// Orders of the store that is looked through, and of one beside it.
const ORDERS: (usize, usize) = (6_000, 1_000_000);
const OTHERS: (usize, usize) = (600, 50_000);
/// How often each combination is asked for, each time with other values.
const ROUNDS: (usize, usize) = (1, 6);
/// A page may take so long. In a quick run other tests run beside it.
const AT_MOST: (Duration, Duration) = (Duration::from_secs(2), Duration::from_millis(100));

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite_any_page_takes_little_time() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("meridian.db").display());
    look_through(&url).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_any_page_takes_little_time() {
    let settings = [("shared_buffers", "256MB"), ("max_wal_size", "4GB")];
    let settings = settings
        .into_iter()
        .fold(postgres::Options::default(), |settings, it| settings.set(it.0, it.1));
    let server = Server::start(settings);
    let database = server.fresh_database();
    look_through(&database.url_of_all_stores()).await;
}

async fn look_through(url: &str) {
    let store = SqlStore::connect(url, Options::default()).await.unwrap();
    let sql = aside(url).await;
    let world = World::of(scale::pick(ORDERS.0, ORDERS.1), scale::pick(OTHERS.0, OTHERS.1));
    fill(&store, &sql, &world).await;
    let seen = Seen::begin();
    // As a caller of that store asks.
    let store = store.for_callers();
    let times = Fence::Store(world.store.clone()).around(ask(&store, &world)).await;
    times.tell();
    plans::check(&sql, &seen.end()).await;
    let at_most = scale::pick(AT_MOST.0, AT_MOST.1);
    let slow = times.slower_than(at_most);
    assert!(slow.is_empty(), "slower than {at_most:?}: {slow:#?}");
}

/// A connection for what the program does not do itself: it writes much at once, and may lose it.
async fn aside(url: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false).map_sqlx_sqlite_opts(|sqlite| {
        sqlite.pragma("cache_size", "-400000").pragma("synchronous", "off")
    });
    Database::connect(options).await.unwrap()
}

/// As a database is filled that is older than the rows by which orders are found.
async fn fill(store: &SqlStore, sql: &DatabaseConnection, world: &World) {
    let before = Migrator::migrations();
    let before = before.iter().take_while(|it| it.name() != FINDING_ORDERS).count();
    Migrator::up(sql, Some(u32::try_from(before).unwrap())).await.unwrap();
    let began = Instant::now();
    world.write(sql).await;
    println!("{} orders were written in {:.1?}", world.count(), began.elapsed());
    let began = Instant::now();
    store.migrate().await.unwrap();
    println!("and got the rows by which they are found in {:.1?}", began.elapsed());
    plans::gather_statistics(sql).await;
}

/// Every combination of up to five conditions, both ways, its first page and one far behind it.
async fn ask(store: &SqlStore, world: &World) -> Times {
    let mut times = Times::default();
    let mut questions = Questions::of(world);
    for together in combinations() {
        for _ in 0..scale::pick(ROUNDS.0, ROUNDS.1) {
            for question in questions.about(&together) {
                let page = async || {
                    let began = Instant::now();
                    let (filter, page) = (&question.filter, question.page.clone());
                    let page = store.orders(&world.store, filter, question.sort, page).await;
                    (page.unwrap(), began.elapsed())
                };
                let (found, mut took) = page().await;
                // Once more: a machine that was busy elsewhere is no fault of ours.
                if took > AT_MOST.1 {
                    took = took.min(page().await.1);
                    times.again += 1;
                }
                let fits = |view: &ports::OrderView| {
                    question.filter.fits(&view.order, view.personal.as_ref())
                };
                assert!(found.items.iter().all(fits), "{:?}", question.filter);
                let is_short = found.items.len() < 50 && found.next.is_some();
                times.add(together.clone(), took, is_short, format!("{question:?}"));
            }
        }
    }
    times
}

/// By the places of their kinds.
fn combinations() -> Vec<Vec<usize>> {
    let all = (0_u32..1 << KINDS).filter(|set| set.count_ones() <= 5);
    all.map(|set| (0..KINDS).filter(|kind| set & (1 << kind) != 0).collect()).collect()
}

#[derive(Default)]
struct Times {
    of: BTreeMap<Vec<usize>, Vec<(Duration, String)>>,
    short: usize,
    again: usize,
}

impl Times {
    fn add(&mut self, together: Vec<usize>, took: Duration, is_short: bool, what: String) {
        self.of.entry(together).or_default().push((took, what));
        self.short += usize::from(is_short);
    }

    fn tell(&self) {
        let mut all: Vec<_> = self.of.values().flatten().collect();
        all.sort();
        let at = |share: usize| all[(all.len() - 1) * share / 1_000].0;
        println!(
            "{} pages of {} combinations: p50 {:.1?}, p99 {:.1?}, p99.9 {:.1?}, longest {:.1?}; \
             {} pages are short, {} were asked for twice",
            all.len(),
            self.of.len(),
            at(500),
            at(990),
            at(999),
            at(1_000),
            self.short,
            self.again
        );
        for (took, what) in all.iter().rev().take(5) {
            println!("  {took:.1?} {what}");
        }
    }

    /// Combinations by their 99th percentile.
    fn slower_than(&self, at_most: Duration) -> Vec<(&Vec<usize>, Duration)> {
        let slowest = self.of.iter().map(|(together, times)| {
            let mut times: Vec<_> = times.iter().map(|(took, _)| *took).collect();
            times.sort_unstable();
            (together, times[(times.len() * 99).div_ceil(100) - 1])
        });
        slowest.filter(|(_, took)| *took > at_most).collect()
    }
}
