//! How long it takes, and how much memory.

use super::Bench;
use conformance::{build::*, feed::numbered};
use domain::{
    id::{LegId, RefundId},
    order::{Command, Order},
    refund::LegOutcome,
};
use futures_util::future::join_all;
use ports::{OrderChange, Store};
use std::time::{Duration, Instant};
use testkit::scale;
use uuid::Uuid;

/// Facts of each order.
const FACTS: usize = 11;
/// Orders that are committed at the same time.
const AT_ONCE: usize = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_thousand_facts_take_seconds() {
    let bench = Bench::empty().await;
    let orders: Vec<usize> = (0..=scale::pick(20_000, 300_000) / FACTS).collect();
    for some in orders.chunks(AT_ONCE) {
        let commits = some.iter().map(|number| bench.store.commit(commit().order(lived(*number))));
        for committed in join_all(commits).await {
            committed.unwrap();
        }
    }
    numbered(&bench.store).await;
    let (before, began) = (peak_memory(), Instant::now());
    let (audited, faults) = bench.audit().await;
    let (took, grown) = (began.elapsed(), peak_memory() - before);
    println!("{} facts in {took:?}, {grown} KiB more at the most", audited.facts);
    assert_eq!(faults, []);
    assert!(audited.facts >= 20_000, "{audited:?}");
    assert!(took < Duration::from_secs(scale::pick(30, 3_600)), "{took:?}");
    // As much for any number of facts.
    assert!(grown < 100_000, "{grown} KiB");
}

/// An order that was refunded and accepted, in one commit.
fn lived(number: usize) -> OrderChange {
    let id = format!("O-{number}");
    let mut change = order(&id).change();
    let refund_id = RefundId::from_uuid(Uuid::from_u128(u128::try_from(number).unwrap()));
    let refund = refund_as(refund_id, i64::try_from(number).unwrap(), "30.00");
    for command in [Command::MarkReady { plug_and_play: false }, refund, accept(&id)] {
        act(&mut change, command);
    }
    for place in 1..=2 {
        let leg_id = LegId::of(refund_id, place);
        act(
            &mut change,
            Command::SendLeg {
                refund_id,
                leg_id: leg_id.clone(),
                attempt: 0,
                at: time::OffsetDateTime::UNIX_EPOCH,
            },
        );
        let outcome = LegOutcome::Settled { reference: "done".into() };
        let record = Command::RecordLeg { refund_id, leg_id, attempt: 1, outcome, at: NOON };
        act(&mut change, record);
    }
    act(&mut change, Command::Complete);
    assert_eq!(change.facts.len(), FACTS);
    change
}

fn act(change: &mut OrderChange, command: Command) {
    let facts = change.after.decide(command).unwrap();
    change.after = facts.iter().fold(change.after.clone(), Order::evolve);
    change.facts.extend(facts);
}

/// The most memory that this process ever had, in KiB.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
