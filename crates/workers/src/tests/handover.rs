//! Ready orders on their way into their shop's own system.

use super::world::{Mishap, SHOP, Shop, World, seconds};
use crate::{Point, Stop, Stops};
use domain::{
    cancellation::CancellationReason,
    order::{FailureClass, HandoverState, Order, OrderState, TenderState},
    store::{Handover, HandoverExhausted, StoreSettings},
};
use payments::names::SANDBOX;
use ports::TaskKind;
use std::{sync::Arc, time::Duration};

const MANY: [Mishap; 9] = [Mishap::Down; 9];

fn plug_and_play(exhausted: HandoverExhausted) -> StoreSettings {
    let handover = Handover {
        adapter: SHOP.to_owned(),
        url: "http://shop.example".to_owned(),
        secret: String::new(),
        exhausted,
        schedule_seconds: Vec::new(),
    };
    StoreSettings { handover: Some(handover), ..StoreSettings::default() }
}

/// The same, with less patience.
fn every_second(exhausted: HandoverExhausted) -> StoreSettings {
    let mut settings = plug_and_play(exhausted);
    if let Some(handover) = &mut settings.handover {
        handover.schedule_seconds = vec![1; 6];
    }
    settings
}

/// Nobody is there until the last try, of which this becomes.
fn six_down_then(last: Mishap) -> Vec<Mishap> {
    [vec![Mishap::Down; 6], vec![last]].concat()
}

/// An order that is READY, and its shop.
async fn ready(exhausted: HandoverExhausted) -> World {
    ready_in(plug_and_play(exhausted)).await
}

async fn ready_in(settings: StoreSettings) -> World {
    let world = World::of(settings).await;
    world.captured("o1", &[(SANDBOX, "p1", "25.00")]).await;
    world.ready("o1").await;
    world
}

fn state(wished: HandoverState) -> impl Fn(&Order) -> bool {
    move |order| order.handover.as_ref().is_some_and(|handover| handover.state == wished)
}

fn is_completed(order: &Order) -> bool {
    order.state == OrderState::Completed
}

async fn no_tasks_are_left(world: &World) {
    for kind in [TaskKind::Handover, TaskKind::Complete] {
        assert_eq!(world.tasks_left(kind).await, 0, "{}", kind.name());
    }
}

#[tokio::test(start_paused = true)]
async fn a_ready_order_is_pushed_accepted_and_completed() {
    let world = ready(HandoverExhausted::Notify).await;
    let shop = Arc::new(Shop::default());
    let workers =
        [world.start("w", world.hand_over(shop.clone())), world.start("w", world.complete())];
    assert!(world.wait_for("o1", seconds(1), is_completed).await);
    for worker in workers {
        worker.stop().await;
    }
    let order = world.order("o1").await;
    let external = order.external.unwrap();
    assert_eq!((&*external.id, &*external.number), ("shop-o1", "#o1"));
    assert_eq!((shop.made("o1"), shop.called()), (1, 1));
    let happened = world.happened("o1").await;
    let after_ready = happened.iter().skip_while(|name| **name != "order.ready");
    let expected = [
        "order.ready",
        "handover.queued",
        "handover.started",
        "order.accepted",
        "handover.settled",
        "order.completed",
    ];
    assert!(after_ready.copied().eq(expected), "{happened:?}");
    no_tasks_are_left(&world).await;
}

#[tokio::test(start_paused = true)]
async fn an_order_is_completed_once_it_is_captured() {
    let world = World::of(plug_and_play(HandoverExhausted::Notify)).await;
    world.receive("o1", &[(SANDBOX, "p1", "25.00")], TenderState::Authorized).await;
    world.ready("o1").await;
    let pushing = world.start("w", world.hand_over(Arc::new(Shop::default())));
    let completing = world.start("w", world.complete());
    assert!(!world.wait_for("o1", seconds(100), is_completed).await);
    assert_eq!(world.order("o1").await.state, OrderState::Accepted);
    let captured = domain::order::PaymentReport {
        tender_id: "t1".parse().unwrap(),
        state: TenderState::Captured,
        amount: None,
        provider_reference: None,
    };
    world.record_payment("o1", captured).await;
    assert!(world.wait_for("o1", seconds(1), is_completed).await);
    pushing.stop().await;
    completing.stop().await;
    no_tasks_are_left(&world).await;
}

#[tokio::test(start_paused = true)]
async fn a_shop_that_says_no_is_asked_again_by_the_schedule() {
    let world = ready(HandoverExhausted::Notify).await;
    let no = FailureClass::ALL.map(Mishap::Reject);
    let shop = Arc::new(Shop::with(no, []));
    let worker = world.start("w", world.hand_over(shop.clone()));
    // Six waits, with a quarter of jitter: 30 s, 2 min, 10 min, 30 min, 2 h, 6 h.
    let waits: u64 = Handover::SCHEDULE.iter().map(|wait| u64::from(*wait)).sum();
    assert!(
        !world.wait_for("o1", seconds(waits * 3 / 4 - 1), state(HandoverState::Succeeded)).await
    );
    assert!(world.wait_for("o1", seconds(waits), state(HandoverState::Succeeded)).await);
    worker.stop().await;
    let order = world.order("o1").await;
    let handover = order.handover.unwrap();
    let classes: Vec<_> = handover.failures.iter().map(|failed| failed.class).collect();
    assert_eq!(classes, FailureClass::ALL);
    for (failed, wait) in handover.failures.iter().zip(Handover::SCHEDULE) {
        let planned = (failed.next_at.unwrap() - failed.at).whole_seconds();
        let wait = i64::from(wait);
        assert!((wait * 3 / 4..=wait * 5 / 4).contains(&planned), "{planned} for {wait}");
    }
    assert_eq!(shop.made("o1"), 1);
}

#[tokio::test(start_paused = true)]
async fn after_the_last_try_a_person_is_told_and_may_have_it_tried_again() {
    let world = ready(HandoverExhausted::Notify).await;
    let shop = Arc::new(Shop::with(vec![Mishap::Down; 7], []));
    let worker = world.start("w", world.hand_over(shop.clone()));
    assert!(world.wait_for("o1", seconds(50_000), state(HandoverState::Exhausted)).await);
    assert_eq!(world.order("o1").await.state, OrderState::Ready);
    let happened = world.happened("o1").await;
    assert_eq!(happened.last(), Some(&"order.handover_exhausted"));
    assert_eq!(happened.iter().filter(|name| **name == "order.handover_failed").count(), 7);
    assert_eq!(world.tasks_left(TaskKind::Handover).await, 0);
    world.retry_handover("o1").await;
    assert!(world.wait_for("o1", seconds(1), state(HandoverState::Succeeded)).await);
    worker.stop().await;
    assert_eq!(shop.made("o1"), 1);
}

#[tokio::test(start_paused = true)]
async fn after_the_last_try_the_order_is_cancelled_and_paid_back_if_the_store_wants_that() {
    let world = ready(HandoverExhausted::Cancel).await;
    let shop = Arc::new(Shop::with(MANY, []));
    let worker = world.start("w", world.hand_over(shop.clone()));
    let cancelled = |order: &Order| order.state == OrderState::Cancelled;
    assert!(world.wait_for("o1", seconds(50_000), cancelled).await);
    worker.stop().await;
    let order = world.order("o1").await;
    let reason = order.cancellations[0].reason.as_ref().map(|given| given.reason);
    assert_eq!(reason, Some(CancellationReason::HandoverFailed));
    assert_eq!(order.refunds.len(), 1);
    assert_eq!(shop.made("o1"), 0);
    assert_eq!(world.tasks_left(TaskKind::Handover).await, 0);
}

#[tokio::test(start_paused = true)]
async fn an_order_whose_last_answer_was_lost_is_looked_for_before_it_is_cancelled() {
    let world = ready(HandoverExhausted::Cancel).await;
    let pushes = six_down_then(Mishap::LoseAnswer);
    let shop = Arc::new(Shop::with(pushes, []));
    let worker = world.start("w", world.hand_over(shop.clone()));
    assert!(world.wait_for("o1", seconds(50_000), state(HandoverState::Succeeded)).await);
    worker.stop().await;
    assert_eq!(world.order("o1").await.state, OrderState::Accepted);
    assert_eq!(shop.made("o1"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_never_makes_a_second_order() {
    for lost in [Mishap::LoseAnswer, Mishap::Late(seconds(3))] {
        let world = ready(HandoverExhausted::Notify).await;
        let shop = Arc::new(Shop::with([lost], []));
        let worker = world.start("w", world.hand_over(shop.clone()));
        assert!(world.wait_for("o1", seconds(60), state(HandoverState::Succeeded)).await);
        worker.stop().await;
        assert_eq!(shop.made("o1"), 1, "{lost:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_shop_that_cannot_be_asked_is_not_pushed_to() {
    let world = ready(HandoverExhausted::Notify).await;
    let shop = Arc::new(Shop::with([Mishap::LoseAnswer], [Mishap::Down; 3]));
    let worker = world.start("w", world.hand_over(shop.clone()));
    assert!(world.wait_for("o1", seconds(10_000), state(HandoverState::Succeeded)).await);
    worker.stop().await;
    assert_eq!((shop.made("o1"), shop.called()), (1, 5));
}

#[tokio::test(start_paused = true)]
async fn an_order_that_is_cancelled_before_it_is_pushed_is_not_pushed() {
    let world = ready(HandoverExhausted::Notify).await;
    world.cancel("o1").await;
    let shop = Arc::new(Shop::default());
    let worker = world.start("w", world.hand_over(shop.clone()));
    tokio::time::sleep(seconds(100)).await;
    worker.stop().await;
    assert_eq!(shop.called(), 0);
    assert_eq!(world.tasks_left(TaskKind::Handover).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_push_that_arrives_after_a_cancel_is_one_too_many_and_said_so() {
    for mishap in [Mishap::Slow(seconds(5)), Mishap::LoseAnswer, Mishap::Late(seconds(3))] {
        let world = ready(HandoverExhausted::Notify).await;
        let shop = Arc::new(Shop::with([mishap], []));
        let worker = world.start("w", world.hand_over(shop.clone()));
        let wished = match mishap {
            Mishap::Slow(_) => HandoverState::InFlight,
            _ => HandoverState::Retrying,
        };
        assert!(world.wait_for("o1", seconds(1), state(wished)).await);
        world.cancel("o1").await;
        assert!(world.wait_for("o1", seconds(200), state(HandoverState::Succeeded)).await);
        worker.stop().await;
        let order = world.order("o1").await;
        assert_eq!(order.state, OrderState::Cancelled, "{mishap:?}");
        assert_eq!(order.external.unwrap().id, "shop-o1");
        assert_eq!(world.happened("o1").await.last(), Some(&"order.orphaned"), "{mishap:?}");
        assert_eq!(world.tasks_left(TaskKind::Handover).await, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_order_whose_push_never_arrived_is_let_be() {
    let world = ready(HandoverExhausted::Notify).await;
    let shop = Arc::new(Shop::with([Mishap::Slow(seconds(3_600))], [Mishap::Down; 2]));
    let worker = world.start("w", world.hand_over(shop.clone()));
    assert!(world.wait_for("o1", seconds(1), state(HandoverState::InFlight)).await);
    world.cancel("o1").await;
    let settled = |order: &Order| order.handover.as_ref().is_some_and(|it| !it.in_doubt);
    assert!(world.wait_for("o1", seconds(1_000), settled).await);
    worker.stop().await;
    assert_eq!(world.happened("o1").await.last(), Some(&"handover.settled"));
    assert_eq!(world.tasks_left(TaskKind::Handover).await, 0);
}

#[tokio::test(start_paused = true)]
async fn an_id_that_another_order_has_is_a_failure_like_any_other() {
    let world = ready(HandoverExhausted::Notify).await;
    world.captured("o2", &[(SANDBOX, "p2", "25.00")]).await;
    world.ready("o2").await;
    world.accept_as("o2", "shop-o1").await;
    let shop = Arc::new(Shop::default());
    let worker = world.start("w", world.hand_over(shop.clone()));
    assert!(world.wait_for("o1", seconds(50_000), state(HandoverState::Exhausted)).await);
    worker.stop().await;
    let order = world.order("o1").await;
    let failed = &order.handover.unwrap().failures[0];
    assert_eq!(failed.class, FailureClass::RejectedOther);
    assert!(failed.cause.contains("shop-o1, which order o2 has"), "{}", failed.cause);
    assert_eq!(shop.made("o1"), 1);
}

#[tokio::test(start_paused = true)]
async fn one_too_many_under_an_id_that_another_order_has_is_said_once() {
    let world = ready(HandoverExhausted::Notify).await;
    world.captured("o2", &[(SANDBOX, "p2", "25.00")]).await;
    let shop = Arc::new(Shop::with([Mishap::LoseAnswer], []));
    let worker = world.start("w", world.hand_over(shop.clone()));
    assert!(world.wait_for("o1", seconds(1), state(HandoverState::Retrying)).await);
    world.name_as("o2", "shop-o1").await;
    world.cancel("o1").await;
    assert!(world.wait_for("o1", seconds(60), state(HandoverState::Succeeded)).await);
    worker.stop().await;
    assert_eq!(world.happened("o1").await.last(), Some(&"order.orphaned"));
    assert_eq!(world.tasks_left(TaskKind::Handover).await, 0);
}

/// A retry by hand while the shop is being asked, after the last try, whether it has the order.
#[tokio::test(start_paused = true)]
async fn what_is_tried_again_while_the_shop_is_asked_is_pushed() {
    let world = ready(HandoverExhausted::Notify).await;
    let pushes = six_down_then(Mishap::Late(Duration::from_hours(9_999)));
    // Each further try asks first; so does the look after the last.
    let finds = [vec![Mishap::None; 6], vec![Mishap::Slow(seconds(10))]].concat();
    let shop = Arc::new(Shop::with(pushes, finds));
    let worker = world.start("w", world.hand_over(shop.clone()));
    assert!(world.wait_for("o1", seconds(50_000), state(HandoverState::Exhausted)).await);
    let asked = shop.called();
    while shop.called() == asked {
        tokio::time::sleep(seconds(1)).await;
    }
    world.retry_handover("o1").await;
    assert!(world.wait_for("o1", seconds(200), state(HandoverState::Succeeded)).await);
    worker.stop().await;
    assert_eq!(shop.made("o1"), 1);
    assert_eq!(world.tasks_left(TaskKind::Handover).await, 0);
}

#[tokio::test(start_paused = true)]
async fn what_a_killed_worker_was_still_sending_is_waited_for() {
    let world = ready(HandoverExhausted::Notify).await;
    let shop = Arc::new(Shop::with([Mishap::Late(seconds(40))], []));
    let stops = Stops::at(Point::HandoverPushed, 1, Stop::Hang);
    let first = world.start("w1", world.hand_over(shop.clone()).stopping(stops));
    assert!(world.wait_for("o1", seconds(1), state(HandoverState::InFlight)).await);
    first.kill().await;
    let second = world.start("w2", world.hand_over(shop.clone()));
    assert!(world.wait_for("o1", seconds(200), state(HandoverState::Succeeded)).await);
    second.stop().await;
    assert_eq!(shop.made("o1"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_changes_its_mind_after_the_last_try_leaves_no_task_behind() {
    let world = ready(HandoverExhausted::Cancel).await;
    let shop = Arc::new(Shop::with(MANY, []));
    let stops = Stops::at(Point::HandoverCancelling, 1, Stop::Hang);
    let first = world.start("w1", world.hand_over(shop.clone()).stopping(stops));
    assert!(world.wait_for("o1", seconds(50_000), state(HandoverState::Exhausted)).await);
    first.kill().await;
    world.settings(plug_and_play(HandoverExhausted::Notify)).await;
    let second = world.start("w2", world.hand_over(shop.clone()));
    tokio::time::sleep(seconds(1_000)).await;
    second.stop().await;
    assert_eq!(world.order("o1").await.state, OrderState::Ready);
    assert_eq!(world.tasks_left(TaskKind::Handover).await, 0);
}

#[tokio::test(start_paused = true)]
async fn what_was_shipped_is_not_cancelled_after_the_last_try_and_leaves_no_task_behind() {
    let world = ready(HandoverExhausted::Cancel).await;
    world.ship("o1").await;
    let shop = Arc::new(Shop::with(MANY, []));
    let worker = world.start("w", world.hand_over(shop.clone()));
    assert!(world.wait_for("o1", seconds(50_000), state(HandoverState::Exhausted)).await);
    tokio::time::sleep(seconds(1_000)).await;
    worker.stop().await;
    let order = world.order("o1").await;
    assert_eq!((order.state, order.refunds.len()), (OrderState::Ready, 0));
    assert_eq!(world.tasks_left(TaskKind::Handover).await, 0);
}

fn in_another_shop(exhausted: HandoverExhausted) -> StoreSettings {
    let mut elsewhere = plug_and_play(exhausted);
    if let Some(handover) = &mut elsewhere.handover {
        "http://new.example".clone_into(&mut handover.url);
    }
    elsewhere
}

/// Whatever the store says of orders that cannot be handed over, and also if somebody wants it
/// tried again before anybody has said where it may be.
#[tokio::test(start_paused = true)]
async fn what_may_be_in_another_shop_waits_for_a_person() {
    for exhausted in [HandoverExhausted::Notify, HandoverExhausted::Cancel] {
        for at_once in [false, true] {
            let world = ready(exhausted).await;
            let shop = Arc::new(Shop::with([Mishap::LoseAnswer], []));
            let worker = world.start("w", world.hand_over(shop.clone()));
            assert!(world.wait_for("o1", seconds(1), state(HandoverState::Retrying)).await);
            world.settings(in_another_shop(exhausted)).await;
            // The age that settings may have in a process.
            tokio::time::sleep(seconds(2)).await;
            if at_once {
                world.retry_handover("o1").await;
            }
            assert!(world.wait_for("o1", seconds(100), state(HandoverState::Exhausted)).await);
            let failures = world.order("o1").await.handover.unwrap().failures;
            let cause = &failures.last().unwrap().cause;
            assert!(cause.contains("http://shop.example"), "{cause}");
            // The new shop is asked nothing, however long it takes, and nothing is cancelled.
            tokio::time::sleep(seconds(10_000)).await;
            assert_eq!((shop.called(), shop.made("o1")), (1, 1));
            assert_eq!(world.order("o1").await.state, OrderState::Ready);
            assert_eq!(world.tasks_left(TaskKind::Handover).await, 0);
            world.retry_handover("o1").await;
            assert!(world.wait_for("o1", seconds(200), state(HandoverState::Succeeded)).await);
            worker.stop().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_looks_for_ever_where_nobody_can_look() {
    for unplugged in [false, true] {
        let world = ready(HandoverExhausted::Notify).await;
        let shop = Arc::new(Shop::with([Mishap::LoseAnswer], []));
        let worker = world.start("w", world.hand_over(shop.clone()));
        assert!(world.wait_for("o1", seconds(1), state(HandoverState::Retrying)).await);
        let meanwhile = if unplugged {
            StoreSettings::default()
        } else {
            in_another_shop(HandoverExhausted::Notify)
        };
        world.settings(meanwhile).await;
        world.cancel("o1").await;
        tokio::time::sleep(seconds(1_000)).await;
        worker.stop().await;
        assert_eq!(world.happened("o1").await.last(), Some(&"order.handover_failed"));
        assert_eq!(world.tasks_left(TaskKind::Handover).await, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn an_order_whose_last_push_may_still_arrive_is_not_cancelled() {
    let world = ready(HandoverExhausted::Cancel).await;
    let pushes = six_down_then(Mishap::Late(seconds(5)));
    let shop = Arc::new(Shop::with(pushes, []));
    let worker = world.start("w", world.hand_over(shop.clone()));
    assert!(world.wait_for("o1", seconds(50_000), state(HandoverState::Succeeded)).await);
    worker.stop().await;
    assert_eq!(world.order("o1").await.state, OrderState::Accepted);
    assert_eq!(shop.made("o1"), 1);
}

/// What counts is when the shop looked, and not when it said so.
#[tokio::test(start_paused = true)]
async fn a_slow_look_up_is_no_reason_to_push_again() {
    let world = ready_in(every_second(HandoverExhausted::Notify)).await;
    let shop = Arc::new(Shop::with([Mishap::Late(seconds(12))], [Mishap::Slow(seconds(20))]));
    let worker = world.start("w", world.hand_over(shop.clone()));
    assert!(world.wait_for("o1", seconds(200), state(HandoverState::Succeeded)).await);
    worker.stop().await;
    assert_eq!(shop.made("o1"), 1);
}

#[tokio::test(start_paused = true)]
async fn what_the_shop_has_under_another_orders_id_after_the_last_try_is_said_once() {
    for exhausted in [HandoverExhausted::Notify, HandoverExhausted::Cancel] {
        let world = ready(exhausted).await;
        world.captured("o2", &[(SANDBOX, "p2", "25.00")]).await;
        let pushes = six_down_then(Mishap::LoseAnswer);
        let shop = Arc::new(Shop::with(pushes, []));
        let worker = world.start("w", world.hand_over(shop.clone()));
        world.name_as("o2", "shop-o1").await;
        let known = |order: &Order| {
            order.handover.as_ref().is_some_and(|it| it.failures.len() == 8 && !it.in_doubt)
        };
        assert!(world.wait_for("o1", seconds(50_000), known).await);
        tokio::time::sleep(seconds(1_000)).await;
        worker.stop().await;
        let order = world.order("o1").await;
        let handover = order.handover.unwrap();
        assert!(handover.failures[7].cause.contains("which order o2 has"));
        let expected = match exhausted {
            HandoverExhausted::Notify => (OrderState::Ready, HandoverState::Exhausted),
            HandoverExhausted::Cancel => (OrderState::Cancelled, HandoverState::NotApplicable),
        };
        assert_eq!((order.state, handover.state), expected);
        assert_eq!(world.tasks_left(TaskKind::Handover).await, 0);
    }
}

/// Lets one worker run until it hangs at a point, kills it, and lets another go on.
async fn crash_and_go_on(point: Point, passing: u32, mishaps: &[Mishap]) {
    let world = ready_in(every_second(HandoverExhausted::Cancel)).await;
    let shop = Arc::new(Shop::with(mishaps, []));
    let stops = || Stops::at(point, passing, Stop::Hang);
    let first = [
        world.start("w1", world.hand_over(shop.clone()).stopping(stops())),
        world.start("w1", world.complete().stopping(stops())),
    ];
    tokio::time::sleep(seconds(20)).await;
    for worker in first {
        worker.kill().await;
    }
    let second =
        [world.start("w2", world.hand_over(shop.clone())), world.start("w2", world.complete())];
    let context = format!("{point:?} {passing} {mishaps:?}");
    let over = |order: &Order| is_completed(order) || order.state == OrderState::Cancelled;
    assert!(world.wait_for("o1", seconds(200), over).await, "{context}");
    for worker in second {
        worker.stop().await;
    }
    let order = world.order("o1").await;
    let expected = if mishaps.len() > 6 { OrderState::Cancelled } else { OrderState::Completed };
    assert_eq!(order.state, expected, "{context}");
    assert_eq!(shop.made("o1"), usize::from(expected == OrderState::Completed), "{context}");
    assert_eq!(order.cancellations.len(), usize::from(expected != OrderState::Completed));
    for kind in [TaskKind::Handover, TaskKind::Complete] {
        assert_eq!(world.tasks_left(kind).await, 0, "{context}");
    }
    let happened = world.happened("o1").await;
    for once in ["order.accepted", "order.completed", "order.handover_exhausted"] {
        assert!(happened.iter().filter(|name| **name == once).count() <= 1, "{context}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_worker_killed_at_any_point_leaves_one_order_in_the_shop() {
    let late = Duration::from_secs(2);
    for point in Point::OF_HANDOVERS {
        for passing in [1, 2] {
            for mishaps in [
                &[][..],
                &[Mishap::LoseAnswer],
                &[Mishap::Late(late)],
                &[Mishap::Slow(late)],
                &[Mishap::Reject(FailureClass::RejectedInventory), Mishap::LoseAnswer],
                &MANY,
            ] {
                crash_and_go_on(point, passing, mishaps).await;
            }
        }
    }
}
