//! What does not go well between Stripe and us.

use super::{Called as _, Fake, Mishap, leg, nobody, provider};
use crate::desk::{decline, is_settled};
use ports::{NoAnswer, PaymentOutcome, PaymentProvider as _};
use serde_json::{Value, json};
use testkit::stripe::KEY;

fn captured() -> Fake {
    let fake = Fake::start();
    fake.captured("pi_1", 10_000, "eur");
    fake
}

fn error(kind: &str, code: &str) -> Value {
    json!({"error": {"type": kind, "code": code, "message": "Stripe's own words"}})
}

#[tokio::test]
async fn a_lost_answer_is_unknown_and_nothing_is_sent_again() {
    let unreadable = [Mishap::BreakOff, Mishap::Garble, Mishap::Flood];
    for mishap in [Mishap::LoseAnswer, Mishap::FailAfter].into_iter().chain(unreadable) {
        let fake = captured();
        let (stripe, leg) = (fake.provider(), leg(1, "pi_1", "30.00"));
        fake.next(mishap.clone());
        assert_eq!(stripe.refund(&leg).await, PaymentOutcome::Unknown, "{mishap:?}");
        assert_eq!(fake.sent().len(), 1, "{mishap:?}");
        assert!(is_settled(&stripe.find(&leg).await.unwrap().unwrap()), "{mishap:?}");
        assert_eq!(fake.effects(), 1, "{mishap:?}");
    }
}

#[tokio::test]
async fn whoever_sends_again_with_the_same_key_has_one_effect() {
    for mishap in [Mishap::LoseAnswer, Mishap::BreakOff, Mishap::Garble] {
        let fake = captured();
        let (stripe, leg) = (fake.provider(), leg(1, "pi_1", "30.00"));
        fake.next(mishap);
        assert_eq!(stripe.refund(&leg).await, PaymentOutcome::Unknown);
        assert!(is_settled(&stripe.refund(&leg).await));
        assert_eq!(fake.effects(), 1);
    }
}

#[tokio::test]
async fn a_fault_at_stripe_is_unknown_whether_it_was_done_or_not() {
    for status in [500, 502, 503, 504, 424, 408] {
        let fake = captured();
        let (stripe, leg) = (fake.provider(), leg(1, "pi_1", "30.00"));
        fake.next(Mishap::Refuse(status, error("api_error", "")));
        assert_eq!(stripe.refund(&leg).await, PaymentOutcome::Unknown, "{status}");
        assert_eq!(stripe.find(&leg).await, Ok(None), "{status}");
        assert!(is_settled(&stripe.refund(&leg).await), "{status}");
    }
}

#[tokio::test]
async fn who_is_not_stripe_is_not_believed() {
    for status in [400, 404, 413, 301] {
        let fake = captured();
        fake.next(Mishap::Proxy(status));
        let answer = fake.provider().refund(&leg(1, "pi_1", "30.00")).await;
        assert_eq!(answer, PaymentOutcome::Unknown, "{status}");
    }
}

#[tokio::test]
async fn refusals_are_for_good_or_for_now_by_their_code() {
    for (status, kind, code, expected) in [
        (400, "invalid_request_error", "charge_disputed", ("CHARGE_DISPUTED", true)),
        (
            400,
            "invalid_request_error",
            "charge_already_refunded",
            ("CHARGE_ALREADY_REFUNDED", true),
        ),
        (402, "card_error", "expired_card", ("EXPIRED_CARD", true)),
        (402, "card_error", "processing_error", ("PROCESSING_ERROR", false)),
        (400, "invalid_request_error", "balance_insufficient", ("BALANCE_INSUFFICIENT", false)),
        (404, "invalid_request_error", "resource_missing", ("RESOURCE_MISSING", true)),
    ] {
        let fake = captured();
        fake.next(Mishap::Refuse(status, error(kind, code)));
        let refused = fake.provider().refund(&leg(1, "pi_1", "30.00")).await;
        assert_eq!(decline(&refused), Some(expected));
        let PaymentOutcome::Declined { failure, .. } = refused else { unreachable!() };
        assert_eq!(failure.message, "Stripe's own words");
        assert_eq!((fake.sent().len(), fake.effects()), (1, 0));
    }
}

#[tokio::test]
async fn what_was_not_carried_out_is_sent_anew_a_few_times() {
    let busy = || Mishap::Refuse(429, error("invalid_request_error", "lock_timeout"));
    let fake = captured();
    fake.next(busy());
    fake.next(busy());
    assert!(is_settled(&fake.provider().refund(&leg(1, "pi_1", "30.00")).await));
    assert_eq!((fake.sent().len(), fake.effects()), (3, 1));

    let fake = captured();
    (0..3).for_each(|_| fake.next(busy()));
    let refused = fake.provider().refund(&leg(1, "pi_1", "30.00")).await;
    assert_eq!(decline(&refused), Some(("LOCK_TIMEOUT", false)));
    assert_eq!((fake.sent().len(), fake.effects()), (3, 0));
}

#[tokio::test]
async fn a_key_that_stripe_does_not_take_is_told_without_it() {
    let fake = captured();
    let (stripe, leg) = (provider(&fake.url, "sk_test_wrong_one"), leg(1, "pi_1", "30.00"));
    let PaymentOutcome::Declined { failure, permanent: false } = stripe.refund(&leg).await else {
        panic!("nothing was done, and a key can be put right")
    };
    assert_eq!(failure.code, "AUTHENTICATION");
    let text = "Stripe does not know the key in payments.stripe.secret_key";
    assert_eq!(failure.message, text);
    assert_eq!(stripe.find(&leg).await, Err(NoAnswer::Refused(failure)));

    fake.next(Mishap::Refuse(403, error("invalid_request_error", KEY)));
    let refused = fake.provider().refund(&leg).await;
    assert_eq!(decline(&refused), Some(("FORBIDDEN", false)));
    assert!(!format!("{refused:?}").contains(KEY));
}

#[tokio::test]
async fn nobody_there_is_nothing_done() {
    let (stripe, leg) = (nobody(), leg(1, "pi_1", "30.00"));
    let PaymentOutcome::Unsent(failure) = stripe.refund(&leg).await else {
        panic!("nobody was reached, so it was no try")
    };
    assert_eq!(failure.code, "UNAVAILABLE");
    assert_eq!(stripe.find(&leg).await, Err(NoAnswer::Down(failure)));
}

#[tokio::test]
async fn a_look_that_fails_concludes_nothing() {
    let fake = captured();
    let (stripe, leg) = (fake.provider(), leg(1, "pi_1", "30.00"));
    assert!(is_settled(&stripe.refund(&leg).await));
    for status in [400, 401, 403, 404, 409, 429, 500, 503] {
        fake.blind(Some(status));
        let answer = stripe.find(&leg).await.unwrap_err();
        // What says no more than a status is Stripe's answer with these alone.
        let answered = [401, 403, 409, 429].contains(&status);
        assert_eq!(matches!(answer, NoAnswer::Refused(_)), answered, "{status}");
    }
    fake.blind(None);
    assert!(is_settled(&stripe.find(&leg).await.unwrap().unwrap()));
    // A payment that is not there is no payment without refunds: the key may be another account's.
    let other = stripe.find(&super::leg(1, "pi_nowhere", "30.00")).await;
    let other = other.unwrap_err();
    assert_eq!(other.failure().code, "RESOURCE_MISSING");
    assert!(matches!(other, NoAnswer::Refused(_)), "it has answered");
}

#[tokio::test]
async fn a_payment_that_cannot_be_read_is_not_touched() {
    let fake = captured();
    fake.blind(Some(500));
    // It may be so for ever, so it is a try.
    let answer = fake.provider().refund(&leg(1, "pi_1", "30.00")).await;
    assert_eq!(answer, PaymentOutcome::Unknown);
    assert!(fake.sent().is_empty());
}
