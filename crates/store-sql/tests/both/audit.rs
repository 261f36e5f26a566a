//! What an audit finds: nothing where commits alone have written, and else what was changed and
//! nothing beside it.

#[path = "audit/large.rs"]
mod large;
#[path = "audit/tampering.rs"]
mod tampering;

use super::{Kept, fresh, open, url};
use conformance::{build::*, feed::numbered, lives};
use domain::order::Command;
use futures_util::future::join_all;
use ports::{Audit, Audited, Fault, FaultKind, Sequencer, Store, StoreError};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use store_sql::{Options, SqlStore};
use testkit::scale;
use tokio::time::Instant;

/// A store with a history, and the database beside it.
pub(super) struct Bench {
    pub store: SqlStore,
    pub sql: DatabaseConnection,
    kept: Kept,
}

impl Bench {
    pub async fn empty() -> Self {
        let (store, kept) = fresh().await;
        let sql = Database::connect(url(&kept)).await.unwrap();
        Self { store, sql, kept }
    }

    /// With orders of all kinds.
    pub async fn full() -> Self {
        let bench = Self::empty().await;
        lives::of_all_kinds(&bench.store).await;
        numbered(&bench.store).await;
        bench
    }

    pub async fn run(&self, sql: &str) {
        self.sql.execute_unprepared(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    pub async fn count(&self, sql: &str) -> i64 {
        let statement = Statement::from_string(self.sql.get_database_backend(), sql);
        let row = self.sql.query_one_raw(statement).await.unwrap().unwrap();
        row.try_get_by_index(0).unwrap()
    }

    pub async fn audit(&self) -> (Audited, Vec<Fault>) {
        audit(&self.store).await.unwrap()
    }
}

pub(super) async fn audit(store: &SqlStore) -> Result<(Audited, Vec<Fault>), StoreError> {
    let mut faults = Vec::new();
    let audited = store.audit(None, &mut |fault| faults.push(fault)).await?;
    assert_eq!(audited.faults, u64::try_from(faults.len()).unwrap());
    Ok((audited, faults))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_commits_have_written_has_no_fault() {
    let bench = Bench::full().await;
    let (audited, faults) = bench.audit().await;
    assert_eq!(faults, []);
    println!("{audited:?}");
    let count = async |table: &str| {
        u64::try_from(bench.count(&format!("SELECT COUNT(*) FROM {table}")).await).unwrap()
    };
    let expected = Audited {
        orders: count("orders").await,
        facts: count("facts").await,
        entries: count("event_log").await,
        events: count("event_log WHERE position IS NOT NULL").await,
        waiting: 0,
        refunds: count("refunds").await,
        cancellations: count("cancellations").await,
        accounts: count("ledger_accounts").await,
        transfers: count("ledger_transfers").await,
        faults: 0,
    };
    assert_eq!(audited, expected);
    // That it is no wonder if nothing is found.
    assert!(bench.count("SELECT COUNT(DISTINCT kind) FROM facts").await >= 38);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_database_has_no_fault() {
    assert_eq!(Bench::empty().await.audit().await, (Audited::default(), vec![]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_store_is_looked_at_alone() {
    let bench = Bench::full().await;
    bench.run("UPDATE orders SET state = 'COMPLETED' WHERE order_id = 'received'").await;
    let other = "other".parse().unwrap();
    let mut faults = Vec::new();
    let audited = bench.store.audit(Some(&other), &mut |fault| faults.push(fault)).await.unwrap();
    assert_eq!((audited.orders, audited.facts, audited.entries), (1, 2, 2));
    assert_eq!(faults, []);
    bench.store.audit(Some(&shop()), &mut |fault| faults.push(fault)).await.unwrap();
    assert_eq!(faults.len(), 1, "{faults:?}");
    let nobody = "nobody".parse().unwrap();
    let audited = bench.store.audit(Some(&nobody), &mut |fault| faults.push(fault)).await.unwrap();
    assert_eq!(audited, Audited::default());
    assert_eq!(faults.len(), 1, "{faults:?}");
}

/// Writers of two processes, some of which lose, while what they write is looked at.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_audit_while_others_write_finds_nothing() {
    let bench = Bench::full().await;
    let other = open(&url(&bench.kept), Options::default()).await;
    let until = Instant::now() + Duration::from_secs(scale::pick(5, 60));
    let done = Arc::new(AtomicBool::new(false));
    let sequencer = {
        let (store, done) = (other.clone(), Arc::clone(&done));
        tokio::spawn(async move {
            while !done.load(Ordering::SeqCst) {
                store.number().await.unwrap();
                store.committed(time::Duration::milliseconds(2)).await;
            }
        })
    };
    let writers = (0..8).map(|writer| {
        let store = if writer % 2 == 0 { bench.store.clone() } else { other.clone() };
        tokio::spawn(async move { write(&store, writer / 2, until).await })
    });
    let writers: Vec<_> = writers.collect();
    let (mut audits, mut waiting) = (0, 0);
    while Instant::now() < until {
        let (audited, faults) = bench.audit().await;
        assert_eq!(faults, []);
        audits += 1;
        waiting += audited.waiting;
    }
    for writer in join_all(writers).await {
        writer.unwrap();
    }
    done.store(true, Ordering::SeqCst);
    sequencer.await.unwrap();
    let (audited, faults) = bench.audit().await;
    assert_eq!(faults, []);
    println!("{audits} audits while {} facts were written, {waiting} waiting", audited.facts);
    assert!(audits > 1);
}

/// Two writers, of two processes, share their orders.
async fn write(store: &SqlStore, pair: usize, until: Instant) {
    for number in 0.. {
        if Instant::now() > until {
            return;
        }
        let id = format!("W-{pair}-{number}");
        store.commit(commit().order(order(&id).change())).await.ok();
        let ready = Command::MarkReady { plug_and_play: false };
        for command in [ready, refund(1, "30.00"), accept(&id), refund(2, "1.00")] {
            let placed = load(store, &key(&id)).await;
            let Ok(change) = placed.decide(command, NOON) else { continue };
            store.commit(commit().order(change)).await.ok();
        }
    }
}

/// Of a fault, as tests compare it: kind, order, place and entry.
pub(super) fn named(fault: &Fault) -> (FaultKind, &str, Option<i64>, Option<i64>) {
    (fault.what, fault.order_id.as_deref().unwrap_or(""), fault.place, fault.entry)
}
