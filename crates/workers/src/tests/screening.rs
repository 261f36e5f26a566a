//! Received orders that have to pass checks.

use super::world::{World, eur, key, platform, seconds};
use crate::{LegSettings, Point, PoolSettings, Stop, Stops, Work};
use async_trait::async_trait;
use domain::{
    cancellation::CancellationReason,
    order::{Order, OrderState, PaymentReport, TenderState},
    refund::RefundState,
    screening::{Check, CheckState, Finding, Screening as Wanted, Verdict},
};
use payments::names::SANDBOX;
use ports::{Opinion, Screening, ScreeningError, Screenings, Subject, TaskKind};
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

/// A check that comes to the same every time, once it was down so often.
struct Rule {
    verdict: Verdict,
    down: u32,
    called: AtomicU32,
}

impl Rule {
    fn of(verdict: Verdict) -> Arc<Self> {
        Self::after(0, verdict)
    }

    fn after(down: u32, verdict: Verdict) -> Arc<Self> {
        Arc::new(Self { verdict, down, called: AtomicU32::new(0) })
    }

    fn called(&self) -> u32 {
        self.called.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Screening for Rule {
    async fn check(&self, _: Subject<'_>) -> Result<Opinion, ScreeningError> {
        if self.called.fetch_add(1, Ordering::SeqCst) < self.down {
            return Err(ScreeningError::new("the lists are at the printer's"));
        }
        let findings = vec![Finding::new("rule-1", "it looks odd")];
        Ok(Opinion { verdict: self.verdict, findings })
    }
}

const ALL: Wanted =
    Wanted { fraud: true, prohibited_goods: true, denied_party: true, scopes: Vec::new() };

async fn world(rules: [&Arc<Rule>; 3]) -> World {
    let mut world = World::screening(ALL).await;
    for (check, rule) in Check::ALL.into_iter().zip(rules) {
        world.checks = std::mem::take(&mut world.checks).with(check, rule.clone());
    }
    world
}

fn is(state: OrderState) -> impl Fn(&Order) -> bool {
    move |order| order.state == state
}

fn reason(order: &Order) -> Option<CancellationReason> {
    order.cancellations.first()?.reason.as_ref().map(|given| given.reason)
}

#[tokio::test(start_paused = true)]
async fn an_order_that_passes_every_check_is_ready_within_a_second() {
    let clear = Rule::of(Verdict::Clear);
    let world = world([&clear, &clear, &clear]).await;
    let worker = world.start_process_order();
    world.captured("o1", &[(SANDBOX, "p1", "25.00")]).await;
    assert!(world.wait_for("o1", seconds(1), is(OrderState::Ready)).await);
    worker.stop().await;
    let order = world.order("o1").await;
    assert!(order.screening.iter().all(|it| it.state == CheckState::Clear));
    assert_eq!(order.screening[0].findings[0].rule, "rule-1");
    assert_eq!(clear.called(), 3);
    assert_eq!(world.tasks_left(TaskKind::ProcessOrder).await, 0);
}

#[tokio::test(start_paused = true)]
async fn an_order_that_fails_a_check_is_cancelled_for_it_and_paid_back() {
    let (clear, failed) = (Rule::of(Verdict::Clear), Rule::of(Verdict::Failed));
    for (place, check) in Check::ALL.into_iter().enumerate() {
        let mut rules = [&clear; 3];
        rules[place] = &failed;
        let world = world(rules).await;
        let worker = world.start_process_order();
        world.captured("o1", &[(SANDBOX, "p1", "25.00")]).await;
        assert!(world.wait_for("o1", seconds(1), is(OrderState::Cancelled)).await);
        worker.stop().await;
        let order = world.order("o1").await;
        assert_eq!(reason(&order), Some(check.reason()));
        assert_eq!(order.refunds.len(), 1);
        // What comes after it is not looked at any more.
        let pending = order.screening.iter().filter(|it| it.state == CheckState::Pending);
        assert_eq!(pending.count(), 2 - place);
        assert_eq!(world.tasks_left(TaskKind::ProcessOrder).await, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_check_that_needs_a_person_waits_for_one() {
    for (clear, expected) in [(true, OrderState::Ready), (false, OrderState::Cancelled)] {
        let (passes, review) = (Rule::of(Verdict::Clear), Rule::of(Verdict::Review));
        let world = world([&review, &passes, &passes]).await;
        let worker = world.start_process_order();
        world.captured("o1", &[(SANDBOX, "p1", "25.00")]).await;
        assert!(!world.wait_for("o1", seconds(100_000), is(expected)).await);
        // The others are done meanwhile, so that the person sees everything.
        assert_eq!((review.called(), passes.called()), (1, 2));
        let waiting = world.waiting().await;
        let why = waiting[0].task.why.as_deref();
        assert_eq!(why, Some("FRAUD is in REVIEW: a person has to decide"));
        world.resolve("o1", Check::Fraud, clear).await;
        assert!(world.wait_for("o1", seconds(1), is(expected)).await);
        worker.stop().await;
        let order = world.order("o1").await;
        assert_eq!(order.screening[0].by, Some(platform().actor));
        let fraud = (!clear).then_some(CancellationReason::FraudDetected);
        assert_eq!(reason(&order), fraud);
    }
}

#[tokio::test(start_paused = true)]
async fn a_check_that_cannot_be_made_is_made_later() {
    let (clear, shaky) = (Rule::of(Verdict::Clear), Rule::after(5, Verdict::Clear));
    let world = world([&clear, &shaky, &clear]).await;
    let worker = world.start_process_order();
    world.captured("o1", &[(SANDBOX, "p1", "25.00")]).await;
    assert!(world.wait_for("o1", seconds(300), is(OrderState::Ready)).await);
    worker.stop().await;
    // What was clear before is not asked for again.
    assert_eq!((clear.called(), shaky.called()), (2, 6));
}

#[tokio::test(start_paused = true)]
async fn an_order_is_not_screened_before_it_is_paid() {
    let clear = Rule::of(Verdict::Clear);
    let world = world([&clear, &clear, &clear]).await;
    let worker = world.start_process_order();
    world.receive("o1", &[(SANDBOX, "p1", "25.00")], TenderState::Pending).await;
    assert!(!world.wait_for("o1", seconds(100), is(OrderState::Ready)).await);
    assert_eq!(clear.called(), 0);
    worker.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_authorisation_that_lapses_while_a_person_is_awaited_ends_the_order() {
    let (clear, review) = (Rule::of(Verdict::Clear), Rule::of(Verdict::Review));
    let world = world([&clear, &clear, &review]).await;
    let worker = world.start_process_order();
    let paid = [(SANDBOX, "sandbox-lapse-later-600000", "20.00"), (SANDBOX, "p2", "5.00")];
    world.receive("o1", &paid, TenderState::Authorized).await;
    assert!(world.wait_for("o1", seconds(3_600), is(OrderState::Cancelled)).await);
    worker.stop().await;
    let order = world.order("o1").await;
    assert_eq!(reason(&order), Some(CancellationReason::PaymentFailed));
    assert_eq!(order.tenders[0].state, TenderState::Failed);
    // What was authorised is let go.
    assert_eq!(order.refunds[0].legs.len(), 1);
    assert_eq!(order.refunds[0].legs[0].tender_id.as_str(), "t2");
}

#[tokio::test(start_paused = true)]
async fn an_order_that_nobody_pays_is_cancelled_in_the_end() {
    let world = World::new().await;
    let settings = PoolSettings { poll: seconds(5), ..PoolSettings::default() };
    let work = Arc::new(world.process_order());
    let worker = world.start_with("w", work, world.store.clone(), settings);
    world.receive("o1", &[(SANDBOX, "p1", "25.00")], TenderState::Pending).await;
    let days = 3 * 86_400;
    assert!(!world.wait_for("o1", seconds(days - 10), is(OrderState::Cancelled)).await);
    assert!(world.wait_for("o1", seconds(20), is(OrderState::Cancelled)).await);
    let order = world.order("o1").await;
    assert_eq!(reason(&order), Some(CancellationReason::PaymentFailed));
    assert_eq!(order.cancellations[0].state.name(), "COMPLETED");
    // It is asked for a while longer: what comes in now would go back.
    let given_up = |order: &Order| order.tenders[0].state == TenderState::Failed;
    assert!(!world.wait_for("o1", seconds(days - 60), given_up).await);
    assert!(world.wait_for("o1", seconds(3_700), given_up).await);
    worker.stop().await;
    assert!(world.order("o1").await.refunds.is_empty());
    assert_eq!(world.tasks_left(TaskKind::ProcessOrder).await, 0);
}

/// Whoever hears of it first: the worker that asks, or somebody who reports it.
#[tokio::test(start_paused = true)]
async fn what_is_paid_for_an_order_that_was_cancelled_as_unpaid_goes_back() {
    for reported in [false, true] {
        let world = World::new().await;
        let settings = PoolSettings { poll: seconds(60), ..PoolSettings::default() };
        let pool = |work: Arc<dyn Work>| world.start_with("w", work, world.store.clone(), settings);
        let report = |tender_id: &str| PaymentReport {
            tender_id: tender_id.parse().unwrap(),
            state: TenderState::Captured,
            amount: None,
            provider_reference: None,
        };
        // One part was paid; the other is paid an hour after it is asked for.
        let reference = if reported { "p2" } else { "sandbox-capture-later-3600000" };
        let paid = [(SANDBOX, "p1", "20.00"), (SANDBOX, reference, "5.00")];
        world.receive("o1", &paid, TenderState::Pending).await;
        world.record_payment("o1", report("t1")).await;
        let unpaid = CancellationReason::PaymentFailed;
        world.processing().cancel(&platform(), &key("o1"), unpaid).await.unwrap();
        assert_eq!(world.order("o1").await.refunds[0].total.customer, eur("20.00"));
        let workers = [
            pool(Arc::new(world.process_order())),
            pool(Arc::new(world.legs(LegSettings::default(), Stops::default()))),
        ];
        if reported {
            world.record_payment("o1", report("t2")).await;
        }
        let over = |order: &Order| {
            order.refunds.len() == 2
                && order.refunds.iter().all(|it| it.state == RefundState::Succeeded)
        };
        assert!(world.wait_for("o1", seconds(10_000), over).await, "{:?}", world.order("o1").await);
        for worker in workers {
            worker.stop().await;
        }
        let order = world.order("o1").await;
        assert_eq!(order.state, OrderState::Cancelled);
        let late = &order.refunds[1];
        assert_eq!((late.total.customer, late.legs.len()), (eur("5.00"), 1));
        assert_eq!(late.legs[0].tender_id.as_str(), "t2");
        let left = order.books().unwrap().refundable(&order).unwrap();
        assert!(left.total.customer.is_zero() && left.total.merchant.is_zero());
        assert_eq!(world.tasks_left(TaskKind::ProcessOrder).await, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn an_authorisation_that_lapsed_before_a_person_decided_ends_the_order() {
    let (clear, review) = (Rule::of(Verdict::Clear), Rule::of(Verdict::Review));
    let world = world([&review, &clear, &clear]).await;
    let worker = world.start_process_order();
    // It is asked for as seldom as once an hour by then.
    let paid = [(SANDBOX, "sandbox-lapse-later-3500000", "25.00")];
    world.receive("o1", &paid, TenderState::Authorized).await;
    tokio::time::sleep(seconds(3_520)).await;
    if world.order("o1").await.state == OrderState::Received {
        world.resolve("o1", Check::Fraud, true).await;
    }
    let over = |order: &Order| order.state != OrderState::Received;
    assert!(world.wait_for("o1", seconds(2), over).await);
    worker.stop().await;
    let order = world.order("o1").await;
    assert_eq!(reason(&order), Some(CancellationReason::PaymentFailed));
}

/// Lets one worker run until it hangs at a point, kills it, and lets another go on.
async fn crash_and_go_on(point: Point, passing: u32, verdicts: [Verdict; 3]) {
    let rules = verdicts.map(Rule::of);
    let world = world([&rules[0], &rules[1], &rules[2]]).await;
    let stops = Stops::at(point, passing, Stop::Hang);
    let first = world.start("w1", world.process_order().stopping(stops));
    world.receive("o1", &[(SANDBOX, "sandbox-capture-later", "25.00")], TenderState::Pending).await;
    tokio::time::sleep(seconds(5)).await;
    first.kill().await;
    let second = world.start("w2", world.process_order());
    let failed = verdicts.contains(&Verdict::Failed);
    let expected = if failed { OrderState::Cancelled } else { OrderState::Ready };
    let context = format!("{point:?} {passing} {verdicts:?}");
    assert!(world.wait_for("o1", seconds(60), is(expected)).await, "{context}");
    second.stop().await;
    let order = world.order("o1").await;
    assert_eq!(order.refunds.len(), usize::from(failed), "{context}");
    let happened = world.happened("o1").await;
    let checked = happened.iter().filter(|name| **name == "screening.recorded").count();
    let expected = verdicts.iter().take_while(|it| **it == Verdict::Clear).count();
    assert_eq!(checked, expected + usize::from(failed), "{context}");
    assert_eq!(happened.iter().filter(|name| **name == "payment.recorded").count(), 1);
    assert_eq!(world.tasks_left(TaskKind::ProcessOrder).await, 0, "{context}");
}

#[tokio::test(start_paused = true)]
async fn a_worker_killed_at_any_point_leaves_the_order_in_the_right_state() {
    use Verdict::{Clear, Failed};
    for point in Point::OF_ORDERS {
        for passing in [1, 2, 3] {
            for verdicts in [[Clear; 3], [Clear, Clear, Failed], [Failed, Clear, Clear]] {
                crash_and_go_on(point, passing, verdicts).await;
            }
        }
    }
}

#[test]
fn what_is_configured_is_shown() {
    let screenings = Screenings::default().with(Check::Fraud, Rule::of(Verdict::Clear));
    assert_eq!(format!("{screenings:?}"), "{Fraud}");
}
