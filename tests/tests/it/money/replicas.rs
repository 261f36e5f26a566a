//! Two processes with workers on one database, of which one is killed and started anew again and
//! again, under load and beside a provider that misbehaves.

use super::{
    conduct::drawn,
    site::{Site, Wanted},
};
use crate::world::{Backend, Http, PLATFORM, eventually};
use futures_util::future::join_all;
use http::Method;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use testkit::{
    process::{Launch, Meridian},
    scale,
    stripe::Fake,
};

const SEED: u64 = 23;

const CLIENTS: usize = 8;

/// Orders that the load is spread over.
const ORDERS: (usize, usize) = (16, 150);

/// How long one of the two is killed again and again.
const LASTS: (u64, u64) = (8, 120);

/// What clients share: where the two are, what was said yes to, and when to end.
struct Load {
    stripe: Fake,
    gateways: Mutex<[SocketAddr; 2]>,
    next: AtomicUsize,
    said_yes: Mutex<Vec<Wanted>>,
    over: AtomicBool,
}

impl Load {
    /// One client, until the load is over. Whatever it asks for it asks for until it is answered.
    async fn client(&self) {
        while !self.over.load(Ordering::Relaxed) {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let orders = scale::pick(ORDERS.0, ORDERS.1);
            let minor = i64::try_from(1 + number / orders).unwrap();
            let mut random = StdRng::seed_from_u64(SEED ^ number as u64);
            let conduct = drawn(&mut random);
            let wanted = Wanted::planned(&self.stripe, &order_id(number % orders), minor, conduct);
            self.until_yes(number, &wanted).await;
            self.said_yes.lock().unwrap().push(wanted);
        }
    }

    /// Asks one and then the other.
    async fn until_yes(&self, number: usize, wanted: &Wanted) {
        let (path, body) = wanted.call();
        let which = AtomicUsize::new(number);
        eventually("one of the two to answer", async || {
            let gateway = self.gateways.lock().unwrap()[which.fetch_add(1, Ordering::Relaxed) % 2];
            let http = Http::to(gateway).token(PLATFORM);
            let answer = http.try_send(Method::POST, &path, body.to_string()).await.ok()?;
            // What one does not know whether it was done is asked for again, by the same request.
            assert!(matches!(answer.status, 200 | 500..), "{}", answer.text());
            (answer.status == 200).then_some(())
        })
        .await;
    }

    fn yeses(&self) -> usize {
        self.said_yes.lock().unwrap().len()
    }
}

fn order_id(number: usize) -> String {
    format!("O{number}")
}

/// Two processes, each to be replaced.
struct Pair {
    launch: Launch,
    processes: [Option<Meridian>; 2],
}

impl Pair {
    fn gateways(&self) -> [SocketAddr; 2] {
        self.processes.each_ref().map(|process| process.as_ref().unwrap().http())
    }

    fn kill_and_start(&mut self, which: usize) {
        let killed = self.processes[which].take().unwrap();
        tokio::task::block_in_place(|| killed.kill9());
        self.start(which);
    }

    fn start(&mut self, which: usize) {
        let started = tokio::task::block_in_place(|| self.launch.start());
        self.processes[which] = Some(started.unwrap_or_else(|error| panic!("{error}")));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_processes_one_is_killed_again_and_again_and_money_moves_once() {
    let mut site = Site::open(Backend::Postgresql, &[]).await;
    site.ready((0..scale::pick(ORDERS.0, ORDERS.1)).map(order_id)).await;
    let launch = site.launch();
    let mut pair = Pair { launch, processes: [Some(site.world.take()), None] };
    pair.start(1);
    site.tell(&pair.gateways());
    let load = Arc::new(Load {
        stripe: site.stripe.clone(),
        gateways: Mutex::new(pair.gateways()),
        next: AtomicUsize::new(0),
        said_yes: Mutex::default(),
        over: AtomicBool::new(false),
    });
    let clients = (0..CLIENTS).map(|_| {
        let load = Arc::clone(&load);
        tokio::spawn(async move { load.client().await })
    });
    let clients: Vec<_> = clients.collect();

    let mut random = StdRng::seed_from_u64(SEED);
    let (ends_at, mut kills) =
        (Instant::now() + Duration::from_secs(scale::pick(LASTS.0, LASTS.1)), 0);
    while Instant::now() < ends_at {
        // At another moment each time.
        let enough = load.yeses() + random.random_range(1..40);
        eventually("refunds to be made", || async { (load.yeses() >= enough).then_some(()) }).await;
        pair.kill_and_start(random.random_range(0..2));
        *load.gateways.lock().unwrap() = pair.gateways();
        site.tell(&pair.gateways());
        kills += 1;
    }
    load.over.store(true, Ordering::Relaxed);
    for client in join_all(clients).await {
        client.unwrap();
    }
    site.wanted = std::mem::take(&mut load.said_yes.lock().unwrap());
    site.until_at_rest().await;
    drop(pair);
    site.restart(&[]);
    site.until_at_rest().await;
    let verdict = site.verdict().await;
    assert!(verdict.is_clean(), "{verdict}");
    site.is_sound();
    println!("{} refunds, {kills} kills: {verdict}", site.wanted.len());
}
