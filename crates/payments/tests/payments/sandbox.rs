//! What the sandbox does on request.

use crate::desk::{Desk, currency, decline, eur, is_settled, order_key, tender};
use domain::order::{Tender, TenderState};
use payments::Sandbox;
use ports::{PaymentOrder, PaymentOutcome, PaymentStatus};
use std::time::Duration;

const ORDER: &str = "o1";

async fn status(desk: &Desk, tender: &Tender) -> PaymentStatus {
    desk.provider.status(&order_key("s1", ORDER), tender, currency("EUR")).await.unwrap()
}

#[tokio::test]
async fn a_payment_opens_with_what_was_captured_and_never_gives_more() {
    let desk = Desk::sandbox();
    let payment = Sandbox::account_name(&order_key("s1", ORDER), &"t1".parse().unwrap(), "p1");
    assert!(is_settled(&desk.refund(&desk.leg(1, "p1", "60.00")).await));
    assert_eq!(desk.balance(&payment).await, eur("40.00"));
    let refused = desk.refund(&desk.leg(2, "p1", "40.01")).await;
    assert_eq!(decline(&refused), Some(("EXCEEDS_PAYMENT", true)));
    assert_eq!(desk.find(&desk.leg(2, "p1", "40.01")).await, None);
    assert!(is_settled(&desk.refund(&desk.leg(2, "p1", "40.00")).await));
    assert_eq!(desk.balance(&payment).await, eur("0.00"));
    assert_eq!(desk.returned("p1").await, eur("100.00"));
}

#[tokio::test]
async fn nothing_goes_back_of_a_payment_that_was_not_captured() {
    let desk = Desk::sandbox();
    let leg = PaymentOrder { captured: eur("0.00"), ..desk.leg(1, "p1", "0.01") };
    assert_eq!(decline(&desk.refund(&leg).await), Some(("EXCEEDS_PAYMENT", true)));
}

#[tokio::test]
async fn what_is_captured_later_can_go_back_later() {
    let desk = Desk::sandbox();
    let part = PaymentOrder { captured: eur("30.00"), ..desk.leg(1, "p1", "30.00") };
    assert!(is_settled(&desk.refund(&part).await));
    assert!(is_settled(&desk.refund(&desk.leg(2, "p1", "70.00")).await));
    let more = desk.refund(&desk.leg(3, "p1", "0.01")).await;
    assert_eq!(decline(&more), Some(("EXCEEDS_PAYMENT", true)));
}

#[tokio::test]
async fn orders_that_name_the_same_reference_have_two_payments() {
    let desk = Desk::sandbox();
    assert!(is_settled(&desk.refund(&desk.leg(1, "p1", "100.00")).await));
    let other = PaymentOrder { order: order_key("s1", "o2"), ..desk.leg(2, "p1", "100.00") };
    assert!(is_settled(&desk.refund(&other).await));
}

#[tokio::test]
async fn tenders_that_name_the_same_reference_or_none_have_two_payments() {
    for (reference, place) in [("p1", 1), ("", 3)] {
        let desk = Desk::sandbox();
        assert!(is_settled(&desk.refund(&desk.leg(place, reference, "100.00")).await));
        let tender_id = "t2".parse().unwrap();
        let captured = eur("40.00");
        let other = PaymentOrder { tender_id, captured, ..desk.leg(place + 1, reference, "40.00") };
        assert!(is_settled(&desk.refund(&other).await));
        let more = desk.leg(place + 2, reference, "0.01");
        assert_eq!(decline(&desk.refund(&more).await), Some(("EXCEEDS_PAYMENT", true)));
    }
}

#[tokio::test]
async fn a_decline_for_good_does_nothing() {
    let desk = Desk::sandbox();
    let leg = desk.leg(1, "sandbox-decline-1", "10.00");
    assert_eq!(decline(&desk.refund(&leg).await), Some(("DECLINED", true)));
    assert_eq!(desk.find(&leg).await, None);
    assert_eq!(desk.returned("p1").await, eur("0.00"));
}

#[tokio::test]
async fn a_retryable_decline_stays_one() {
    let desk = Desk::sandbox();
    let leg = desk.leg(1, "sandbox-decline-retryable", "10.00");
    for _ in 0..10 {
        assert_eq!(decline(&desk.refund(&leg).await), Some(("TRY_AGAIN", false)));
    }
    assert_eq!(desk.find(&leg).await, None);
}

#[tokio::test]
async fn a_flaky_payment_counts_the_tries_of_each_leg_also_over_a_restart() {
    let mut desk = Desk::sandbox();
    let leg = desk.leg(1, "sandbox-flaky-2-x", "10.00");
    assert_eq!(decline(&desk.refund(&leg).await), Some(("TRY_AGAIN", false)));
    desk.restart();
    assert_eq!(decline(&desk.refund(&leg).await), Some(("TRY_AGAIN", false)));
    assert!(is_settled(&desk.refund(&leg).await));
    let other = desk.leg(2, "sandbox-flaky-2-x", "10.00");
    assert_eq!(decline(&desk.refund(&other).await), Some(("TRY_AGAIN", false)));
    assert_eq!(desk.returned("p1").await, eur("10.00"));
}

#[tokio::test(start_paused = true)]
async fn a_delayed_refund_is_done_at_once_and_answered_later() {
    let desk = Desk::sandbox();
    let leg = desk.leg(1, "sandbox-delay-700", "10.00");
    let hasty = tokio::time::timeout(Duration::from_millis(699), desk.refund(&leg)).await;
    assert!(hasty.is_err());
    assert!(is_settled(&desk.find(&leg).await.unwrap()));

    let patient = desk.leg(2, "sandbox-delay-700", "10.00");
    let started = tokio::time::Instant::now();
    assert!(is_settled(&desk.refund(&patient).await));
    assert_eq!(started.elapsed().as_millis(), 700);
}

#[tokio::test]
async fn a_refund_that_settles_later_does_so_by_the_clock() {
    let desk = Desk::sandbox();
    let leg = desk.leg(1, "sandbox-settle-later-2000", "10.00");
    let taken = desk.refund(&leg).await;
    assert!(matches!(taken, PaymentOutcome::Accepted { .. }));
    desk.clock.advance(time::Duration::milliseconds(1_999));
    assert_eq!(desk.find(&leg).await, Some(taken.clone()));
    assert_eq!(desk.refund(&leg).await, taken);
    desk.clock.advance(time::Duration::milliseconds(1));
    assert!(is_settled(&desk.find(&leg).await.unwrap()));
    assert_eq!(desk.returned("p1").await, eur("10.00"));
}

#[tokio::test]
async fn a_refund_that_is_refused_later_gives_its_amount_back() {
    let desk = Desk::sandbox();
    let leg = desk.leg(1, "sandbox-refuse-later-2000", "10.00");
    assert!(matches!(desk.refund(&leg).await, PaymentOutcome::Accepted { .. }));
    assert_eq!(desk.returned("p1").await, eur("10.00"));
    desk.clock.advance(time::Duration::seconds(2));
    for _ in 0..2 {
        let told = desk.find(&leg).await.unwrap();
        assert_eq!(decline(&told), Some(("REFUSED_LATER", true)));
    }
    assert_eq!(desk.returned("p1").await, eur("0.00"));
}

#[tokio::test]
async fn a_refund_that_is_reversed_later_had_settled() {
    let desk = Desk::sandbox();
    let leg = desk.leg(1, "sandbox-reverse-later-2000", "10.00");
    assert!(is_settled(&desk.refund(&leg).await));
    assert!(is_settled(&desk.find(&leg).await.unwrap()));
    assert_eq!(desk.returned("p1").await, eur("10.00"));
    desk.clock.advance(time::Duration::seconds(2));
    for _ in 0..2 {
        let told = desk.find(&leg).await.unwrap();
        assert_eq!(decline(&told), Some(("REVERSED", true)));
    }
    assert_eq!(desk.returned("p1").await, eur("0.00"));
    // The key stands for that for ever; another one is another refund.
    assert_eq!(decline(&desk.refund(&leg).await), Some(("REVERSED", true)));
    let leg = desk.leg(2, "sandbox-reverse-later-2000", "10.00");
    assert!(is_settled(&desk.refund(&leg).await));
}

#[tokio::test]
async fn a_lost_answer_belongs_to_a_refund_that_was_done() {
    let desk = Desk::sandbox();
    let leg = desk.leg(1, "sandbox-lose-answer", "10.00");
    assert_eq!(desk.refund(&leg).await, PaymentOutcome::Unknown);
    assert!(is_settled(&desk.find(&leg).await.unwrap()));
    assert!(is_settled(&desk.refund(&leg).await));
    assert_eq!(desk.returned("p1").await, eur("10.00"));
}

#[tokio::test]
async fn a_try_that_was_never_received_did_nothing() {
    let desk = Desk::sandbox();
    let leg = desk.leg(1, "sandbox-never-received", "10.00");
    assert_eq!(desk.refund(&leg).await, PaymentOutcome::Unknown);
    assert_eq!(desk.find(&leg).await, None);
    assert_eq!(desk.returned("p1").await, eur("0.00"));
    assert!(is_settled(&desk.refund(&leg).await));
    assert_eq!(desk.returned("p1").await, eur("10.00"));
}

#[tokio::test]
async fn nobody_is_there_while_the_sandbox_is_down() {
    let desk = Desk::sandbox();
    let leg = desk.leg(1, "sandbox-down-3", "10.00");
    assert_eq!(desk.refund(&leg).await, PaymentOutcome::Unknown);
    assert_eq!(desk.provider.find(&leg).await.unwrap_err().failure().code, "DOWN");
    assert_eq!(desk.refund(&leg).await, PaymentOutcome::Unknown);
    assert_eq!(desk.find(&leg).await, None);
    assert!(is_settled(&desk.refund(&leg).await));

    let pending = tender("sandbox-down-1", TenderState::Pending);
    let asked = desk.provider.status(&order_key("s1", ORDER), &pending, currency("EUR")).await;
    assert_eq!(asked.unwrap_err().failure().code, "DOWN");
    assert_eq!(status(&desk, &pending).await, PaymentStatus::Pending);
}

#[tokio::test]
async fn a_payment_stands_as_its_tender_says() {
    let desk = Desk::sandbox();
    for (state, expected) in [
        (TenderState::Pending, PaymentStatus::Pending),
        (TenderState::Authorized, PaymentStatus::Authorized(eur("100.00"))),
        (TenderState::Captured, PaymentStatus::Captured(eur("100.00"))),
        (TenderState::Failed, PaymentStatus::Failed),
    ] {
        assert_eq!(status(&desk, &tender("p1", state)).await, expected);
    }
}

#[tokio::test]
async fn of_a_payment_stands_what_has_not_gone_back() {
    let desk = Desk::sandbox();
    let captured = tender("p1", TenderState::Captured);
    desk.refund(&desk.leg(1, "p1", "60.00")).await;
    assert_eq!(status(&desk, &captured).await, PaymentStatus::Captured(eur("40.00")));
    let desk = Desk::releases();
    let authorized = tender("p1", TenderState::Authorized);
    desk.refund(&desk.leg(1, "p1", "100.00")).await;
    assert_eq!(status(&desk, &authorized).await, PaymentStatus::Authorized(eur("0.00")));
}

#[tokio::test]
async fn a_payment_that_is_captured_anew_stands_in_full() {
    let desk = Desk::sandbox();
    let again = "sandbox-recapture-1";
    assert!(is_settled(&desk.refund(&desk.leg(1, again, "100.00")).await));
    let stands = status(&desk, &tender(again, TenderState::Captured)).await;
    assert_eq!(stands, PaymentStatus::Captured(eur("100.00")));
}

#[tokio::test]
async fn no_more_is_let_go_than_was_authorised_and_not_captured() {
    let desk = Desk::releases();
    let leg = |place, text| PaymentOrder { captured: eur("30.00"), ..desk.leg(place, "p1", text) };
    assert!(is_settled(&desk.refund(&leg(1, "60.00")).await));
    assert_eq!(decline(&desk.refund(&leg(2, "10.01")).await), Some(("EXCEEDS_PAYMENT", true)));
    assert!(is_settled(&desk.refund(&leg(3, "10.00")).await));
}

#[tokio::test]
async fn what_was_let_go_is_not_captured_later() {
    let reference = "sandbox-collect-later";
    let desk = Desk::releases();
    let leg =
        |place, text| PaymentOrder { captured: eur("0.00"), ..desk.leg(place, reference, text) };
    let authorized = tender(reference, TenderState::Authorized);
    assert!(is_settled(&desk.refund(&leg(1, "60.00")).await));
    let stands = status(&desk, &authorized).await;
    assert_eq!(stands, PaymentStatus::Captured(eur("40.00")));
    assert!(is_settled(&desk.refund(&leg(2, "40.00")).await));
    let stands = status(&desk, &authorized).await;
    assert_eq!(stands, PaymentStatus::Authorized(eur("0.00")));
}

#[tokio::test]
async fn a_pending_payment_moves_on_by_the_clock_if_asked_to() {
    for (reference, expected) in [
        ("sandbox-capture-later-2000", PaymentStatus::Captured(eur("100.00"))),
        ("sandbox-authorize-later-2000", PaymentStatus::Authorized(eur("100.00"))),
        ("sandbox-fail-later-2000", PaymentStatus::Failed),
    ] {
        let mut desk = Desk::sandbox();
        let pending = tender(reference, TenderState::Pending);
        assert_eq!(status(&desk, &pending).await, PaymentStatus::Pending);
        desk.clock.advance(time::Duration::milliseconds(1_999));
        assert_eq!(status(&desk, &pending).await, PaymentStatus::Pending);
        desk.restart();
        desk.clock.advance(time::Duration::milliseconds(1));
        assert_eq!(status(&desk, &pending).await, expected);
    }
    let at_once = tender("sandbox-capture-later", TenderState::Pending);
    let captured = PaymentStatus::Captured(eur("100.00"));
    assert_eq!(status(&Desk::sandbox(), &at_once).await, captured);
}
