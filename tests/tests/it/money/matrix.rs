//! The process ends at once at every named point of the life of a leg, as by `kill -9`: it aborts
//! without any cleaning up. Another one goes on from there.

use super::{
    conduct::declined_for_now,
    on_each,
    site::{Site, Wanted},
};
use crate::{
    processing::points::{STOP_AT, all_points},
    world::{Backend, eventually},
};
use futures_util::future::join_all;
use http::Method;
use std::{
    os::unix::process::ExitStatusExt as _,
    time::{Duration, Instant},
};
use testkit::{
    process::Launch,
    scale,
    stripe::{Conduct, Mishap, Telling},
};

on_each!(wherever_the_process_ends_money_moves_once, the_matrix_fails_if_the_key_changes_per_try);

/// Breaks the rule that the key of a leg never changes.
const KEY_PER_TRY: (&str, &str) = ("MERIDIAN_KEY_PER_TRY", "1");

const SIGABRT: i32 = 6;

/// From the start of the process that goes on until there is nothing left to do.
const SETTLES_WITHIN: Duration = Duration::from_secs(30);

/// How often the process ends at each of them.
fn times() -> i64 {
    scale::pick(1, 20)
}

/// Sites that the rows are shared out to.
const LANES: usize = 4;

/// Refunds that are under way when the process ends.
const IN_FLIGHT: i64 = 3;

/// A point, or a later passing of it, and what leads there.
struct Row {
    point: &'static str,
    conduct: fn() -> Conduct,
    in_flight: i64,
}

const fn row(point: &'static str, conduct: fn() -> Conduct) -> Row {
    Row { point, conduct, in_flight: IN_FLIGHT }
}

/// By one refund alone, so that the passing is its own.
const fn later(point: &'static str, conduct: fn() -> Conduct) -> Row {
    Row { point, conduct, in_flight: 1 }
}

const ROWS: [Row; 23] = [
    row("refund.decided", well),
    row("refund.committed", well),
    row("leg.claimed", well),
    row("refund.sending", well),
    row("leg.sent_committed", well),
    row("leg.provider_answered", well),
    row("leg.answer_committed", well),
    row("refund.unknown_committed", answer_lost),
    row("refund.asking", answer_lost),
    row("leg.found", answer_lost),
    // What was found is committed.
    later("leg.answer_committed:2", answer_lost),
    // It is about to be sent again.
    later("refund.sending:2", never_received),
    later("leg.sent_committed:2", never_received),
    // It was sent again, and done, while the first call is still on its way.
    later("leg.provider_answered:2", on_its_way),
    row("refund.deferred_committed", declined),
    row("refund.accepted_committed", settles_later),
    row("refund.reversing", taken_back),
    row("refund.reversed", taken_back),
    row("notice.received", told),
    row("notice.kept", told),
    row("notice.claimed", told),
    row("notice.looked_into", told),
    row("notice.finished", told),
];

fn well() -> Conduct {
    Conduct::default()
}

fn answer_lost() -> Conduct {
    Conduct::of([Mishap::BreakOff])
}

fn never_received() -> Conduct {
    Conduct::of([Mishap::NeverReceive])
}

/// For longer than it is waited for, and asked for, before it is sent again.
fn on_its_way() -> Conduct {
    Conduct::of([Mishap::ComeLate(Duration::from_millis(2_500))])
}

fn declined() -> Conduct {
    Conduct::of([declined_for_now()])
}

/// Twice each, one of them before the answer.
fn told() -> Conduct {
    let within = Duration::from_millis(50);
    Conduct::default().told(Telling { early: true, copies: 2, within, seed: 1 })
}

fn settles_later() -> Conduct {
    Conduct { settles_after: Some(Duration::from_millis(300)), ..told() }
}

fn taken_back() -> Conduct {
    Conduct { fails_after: Some(Duration::from_millis(300)), ..told() }
}

/// Ends the process at a point while refunds are under way, and has another one go on. Answers how
/// long that took to settle all.
async fn ends_and_goes_on(
    site: &mut Site,
    row: &Row,
    number: i64,
    more: &[(&str, &str)],
) -> Duration {
    let order_ids: Vec<_> = (0..row.in_flight).map(|place| order_id(row, place)).collect();
    if number == 1 {
        site.ready(order_ids.clone()).await;
    }
    let stop = [(STOP_AT, row.point)];
    site.restart(&[&stop, more].concat());
    let wanted: Vec<Wanted> = order_ids
        .iter()
        .map(|order_id| Wanted::planned(&site.stripe, order_id, number, (row.conduct)()))
        .collect();
    site.wanted.extend_from_slice(&wanted);
    let http = site.world.http();
    // The process may be gone before it has answered, or even taken, all of them.
    join_all(wanted.iter().map(async |wanted| {
        let (path, body) = wanted.call();
        http.try_send(Method::POST, &path, body.to_string()).await.ok();
    }))
    .await;
    let status = eventually(&format!("{} to be reached", row.point), || {
        let status = site.world.ended();
        async move { status }
    })
    .await;
    assert_eq!(status.signal(), Some(SIGABRT), "{}: {status}", row.point);

    let restarted = Instant::now();
    site.restart(more);
    let http = site.world.http();
    join_all(wanted.iter().map(async |wanted| wanted.ask(&http).await.ok())).await;
    site.until_at_rest().await;
    restarted.elapsed()
}

fn order_id(row: &Row, place: i64) -> String {
    format!("{}_{place}", row.point.replace(['.', ':'], "_"))
}

/// Each of the rows so often, and how long the slowest took to settle.
async fn lane(backend: Backend, rows: Vec<&'static Row>) -> Duration {
    let mut site = Site::open(backend, &[]).await;
    let mut slowest = Duration::ZERO;
    for row in rows {
        for number in 1..=times() {
            let took = ends_and_goes_on(&mut site, row, number, &[]).await;
            assert!(took <= SETTLES_WITHIN, "{} took {took:?}", row.point);
            slowest = slowest.max(took);
            let verdict = site.verdict().await;
            assert!(verdict.is_clean(), "{}, time {number}: {verdict}", row.point);
        }
    }
    site.is_sound();
    slowest
}

async fn wherever_the_process_ends_money_moves_once(backend: Backend) {
    let lanes = (0..LANES).map(|lane_number| {
        let rows = ROWS.iter().skip(lane_number).step_by(LANES).collect();
        tokio::spawn(lane(backend, rows))
    });
    let slowest = join_all(lanes).await.into_iter().map(Result::unwrap).max().unwrap();
    println!(
        "{backend:?}: {} points and passings, {} times each: 0 lost, 0 doubled; \
         all settled within {slowest:?} of the restart",
        ROWS.len(),
        times()
    );
}

#[test]
fn every_point_of_the_life_of_a_leg_has_a_row() {
    let of_legs =
        |name: &String| !["order", "handover", "complete"].iter().any(|it| name.starts_with(it));
    let points: Vec<_> = all_points(&Launch::default()).into_iter().filter(of_legs).collect();
    assert!(points.len() >= 12, "{points:?}");
    for point in points {
        assert!(ROWS.iter().any(|row| row.point == point), "{point}");
    }
}

/// With another key per try, each of these has to come out doubled: else the matrix proves nothing.
async fn the_matrix_fails_if_the_key_changes_per_try(backend: Backend) {
    let rows = ["leg.provider_answered", "refund.unknown_committed", "refund.asking", "leg.found"];
    let mut site = Site::open(backend, &[KEY_PER_TRY]).await;
    for row in ROWS.iter().filter(|row| rows.contains(&row.point)) {
        let before = site.verdict().await.doubled.len();
        ends_and_goes_on(&mut site, row, 1, &[KEY_PER_TRY]).await;
        let verdict = site.verdict().await;
        assert!(verdict.doubled.len() > before, "{} was not found out: {verdict}", row.point);
        println!("{}: {verdict}", row.point);
    }
}
