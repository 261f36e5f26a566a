//! A server whose machine goes without a word: its connections stay open and say nothing more.

use super::{Database, fresh, open};
use conformance::build::*;
use domain::store::StoreFact;
use futures_util::future::join;
use ports::{
    Commit, Fence, Lease, Store as _, StoreChange, StoreError, TaskKind, Tasks, Version, Wanted,
};
use std::{future::pending, time::Duration};
use store_sql::{Options, SqlStore};
use tokio::{
    io::{AsyncRead, AsyncWrite, copy},
    net::{TcpListener, TcpStream},
    sync::watch,
    time::timeout,
};

/// Much longer than the store may take.
const LONG: Duration = Duration::from_secs(20);

/// A way to the server that can fall silent.
struct Way {
    port: u16,
    silence: watch::Sender<()>,
}

impl Way {
    async fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (silence, silent) = watch::channel(());
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let server = TcpStream::connect(&server).await.unwrap();
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                let mut silent = silent.clone();
                silent.mark_unchanged();
                tokio::spawn(carry(from_client, to_server, silent.clone()));
                tokio::spawn(carry(from_server, to_client, silent));
            }
        });
        Self { port, silence }
    }

    /// For the connections there are, not for new ones: the server is back on another machine.
    fn falls_silent(&self) {
        self.silence.send_replace(());
    }
}

async fn carry(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut silent: watch::Receiver<()>,
) {
    tokio::select! {
        _ = copy(&mut from, &mut to) => {}
        _ = silent.changed() => pending().await,
    }
}

async fn over_a_way() -> (SqlStore, Way, Database) {
    let (migrated, database) = fresh().await;
    drop(migrated);
    let url = database.url();
    let (before, rest) = url.split_once('@').unwrap();
    let (server, name) = rest.split_once('/').unwrap();
    let way = Way::to(server.to_owned()).await;
    let acquire_timeout = Duration::from_millis(500);
    let statement_timeout = Duration::from_secs(2);
    let options = Options { acquire_timeout, statement_timeout, ..Options::default() };
    let store = open(&format!("{before}@127.0.0.1:{}/{name}", way.port), options).await;
    (store, way, database)
}

#[tokio::test]
async fn a_kept_connection_that_says_nothing_more_is_replaced() {
    let (store, way, _database) = over_a_way().await;
    let placed = place(&store, &order("O-1")).await;
    way.falls_silent();
    // Unused for so long that it is asked whether it is still there.
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(11)).await;
    tokio::time::resume();
    let loaded = timeout(LONG, store.load(&key("O-1"), None)).await.unwrap().unwrap();
    assert_eq!(loaded.order, Some(placed));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_waits_for_a_silent_server_without_end() {
    let (store, way, database) = over_a_way().await;
    let lone = async || store.commit(Commit { stores: vec![new_store()], ..commit() }).await;
    let lease = Lease { owner: "me".to_owned(), until: minutes(1) };
    let task = leg_task(&key("O-1"), "leg", NOON);
    let claim =
        async || Tasks::claim(&store, Wanted::of(TaskKind::Leg, 1), &lease, NOON).await.map(drop);
    let renew = async || store.renew(&task, &lease).await.map(drop);
    // Of a caller, who has connections of their own.
    let callers = store.for_callers();
    let drawn = async || callers.draw_refund_numbers(&shop(), 1).await.map(drop);
    let draw = async || Fence::Store(shop()).around(drawn()).await;

    fails_in_time("stores", lone(), &way, &database).await;
    fails_in_time("tasks", claim(), &way, &database).await;
    fails_in_time("tasks", renew(), &way, &database).await;
    fails_in_time("refund_numbers", draw(), &way, &database).await;
    // The pool has its places back once it has given up the connections that were silent.
    let all = async || lone().await.and(claim().await).and(renew().await).and(draw().await);
    timeout(LONG, async { while all().await.is_err() {} }).await.unwrap();
}

/// The server falls silent while it works on what needs the table.
async fn fails_in_time(
    table: &str,
    work: impl Future<Output = Result<(), StoreError>>,
    way: &Way,
    database: &Database,
) {
    use sea_orm::{ConnectionTrait as _, Database, TransactionTrait as _};
    let locking =
        Database::connect(database.url_of_all_stores()).await.unwrap().begin().await.unwrap();
    locking.execute_unprepared(&format!("LOCK TABLE {table}")).await.unwrap();
    let waiting = "SELECT count(*) > 0 FROM pg_stat_activity \
                   WHERE wait_event_type = 'Lock' AND datname = current_database()";
    let silence = async {
        let mut looks = 0..100;
        while looks.next().is_some() && database.query(waiting) != "t" {}
        way.falls_silent();
        locking.rollback().await.unwrap();
    };
    let (outcome, ()) = join(timeout(LONG, work), silence).await;
    let outcome = outcome.unwrap();
    assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{table}: {outcome:?}");
}

fn new_store() -> StoreChange {
    let after = store_record("s-2");
    let facts = vec![StoreFact::Created { store: Box::new(after.clone()) }];
    StoreChange { before: Version::NEW, after, facts }
}
