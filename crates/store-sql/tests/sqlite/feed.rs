//! A reader of the feed misses nothing, although two processes write and some transactions are
//! rolled back.

use super::{fresh, open, url};
use conformance::build::*;
use futures_util::future::join_all;
use ports::{EventFeed, EventFilter, Store};
use sea_orm::{
    ConnectionTrait, SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use store_sql::{Options, SqlStore};
use testkit::scale;
use tokio::time::{Instant, sleep};

const WRITERS: usize = 16;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_by_position_misses_nothing() {
    let (store, folder) = fresh().await;
    let stores = [store.clone(), open(&url(&folder), Options::default()).await];
    let until = Instant::now() + Duration::from_secs(scale::pick(4, 60));
    let done = Arc::new(AtomicBool::new(false));
    let reader =
        tokio::spawn(read(open(&url(&folder), Options::default()).await, Arc::clone(&done)));
    let url = url(&folder);
    let disturbing = tokio::spawn(async move { roll_back(&url, until).await });
    let writers = (0..WRITERS).map(|writer| {
        let store = stores[writer % 2].clone();
        tokio::spawn(async move { write(&store, writer / 2, until).await })
    });
    for writer in join_all(writers).await {
        writer.unwrap();
    }
    disturbing.await.unwrap();
    done.store(true, Ordering::SeqCst);
    let seen = reader.await.unwrap();
    let all = store.last_overall().await.unwrap();
    println!("{all} events written, {seen} read");
    assert!(all > 50);
    assert_eq!(seen, all);
}

/// Reads to the end, page by page, and checks what it sees. Answers how many there were.
async fn read(store: SqlStore, done: Arc<AtomicBool>) -> i64 {
    let (mut cursor, mut orders) = (0, HashMap::<_, i64>::new());
    loop {
        let finished = done.load(Ordering::SeqCst);
        let stretch = store.events(&shop(), &EventFilter::default(), cursor, 100).await.unwrap();
        for event in &stretch.events {
            assert_eq!(event.position, cursor + 1, "a gap");
            cursor = event.position;
            let sequence = orders.entry(event.order_id.clone()).or_default();
            assert_eq!(event.sequence, *sequence + 1, "{:?} out of order", event.order_id);
            *sequence = event.sequence;
        }
        if finished && !stretch.more {
            return cursor;
        }
        tokio::task::yield_now().await;
    }
}

/// Two writers, of two processes, share their orders, so that some lose.
async fn write(store: &SqlStore, pair: usize, until: Instant) {
    for number in 0.. {
        if Instant::now() > until {
            return;
        }
        let id = format!("C-{pair}-{number}");
        store.commit(commit().order(order(&id).change())).await.ok();
        for command in [accept(&id), refund(1, "1.00")] {
            let placed = load(store, &key(&id)).await;
            let Ok(change) = placed.decide(command, NOON) else { continue };
            store.commit(commit().order(change)).await.ok();
        }
    }
}

/// Takes the right to write now and then, and gives it back with nothing done.
async fn roll_back(url: &str, until: Instant) {
    let connection = sea_orm::Database::connect(url).await.unwrap();
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    for number in 0.. {
        if Instant::now() > until {
            return;
        }
        let transaction = connection.begin_with_options(options).await.unwrap();
        let sql = "UPDATE feeds SET position = position + 1000, entries = entries + 1000";
        let update = Statement::from_string(sea_orm::DbBackend::Sqlite, sql);
        transaction.execute_raw(update).await.unwrap();
        sleep(Duration::from_millis(number % 20)).await;
        transaction.rollback().await.unwrap();
        sleep(Duration::from_millis(20)).await;
    }
}
