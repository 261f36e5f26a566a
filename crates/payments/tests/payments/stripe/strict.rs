//! What localstripe does not hold against anybody, and Stripe does.

use super::{Called as _, Fake, Mishap, leg, leg_in};
use crate::desk::{currency, decline, eur, is_settled, order_key, tender};
use domain::{
    order::{Tender, TenderState},
    refund::{LegKind, LegMismatch},
};
use ports::{PaymentOrder, PaymentOutcome, PaymentProvider as _, PaymentStatus};
use serde_json::json;
use std::time::Duration;
use testkit::stripe::Lie;

fn captured() -> Fake {
    let fake = Fake::start();
    fake.captured("pi_1", 10_000, "eur");
    fake
}

#[tokio::test]
async fn a_refund_says_what_it_is_for_and_carries_the_key_of_its_leg() {
    let fake = captured();
    assert!(is_settled(&fake.provider().refund(&leg(1, "pi_1", "30.00")).await));
    let sent = fake.sent();
    let [sent] = &sent[..] else { panic!("{sent:?}") };
    let leg_id = leg(1, "pi_1", "30.00").leg_id;
    assert_eq!(sent.path, "/v1/refunds");
    assert_eq!(sent.key.as_deref(), Some(&*format!("s1:{leg_id}")));
    let said = |name: &str| sent.form[name].as_str();
    assert_eq!((said("payment_intent"), said("amount")), ("pi_1", "3000"));
    assert_eq!(said("metadata[leg]"), leg_id.as_str());
    assert_eq!((said("metadata[store]"), said("metadata[order]")), ("s1", "o1"));
    assert_eq!(said("metadata[refund]"), leg(1, "pi_1", "30.00").refund_id.to_string());
    // Keys have a meaning for what changes something only.
    assert!(fake.asked().iter().all(|it| it.key.is_some() == (it.method == "POST")));
}

#[tokio::test]
async fn nobody_gets_back_more_than_was_paid() {
    let fake = captured();
    let stripe = fake.provider();
    assert!(is_settled(&stripe.refund(&leg(1, "pi_1", "60.00")).await));
    let more = stripe.refund(&leg(2, "pi_1", "40.01")).await;
    assert_eq!(decline(&more), Some(("EXCEEDS_PAYMENT", true)));
    assert!(is_settled(&stripe.refund(&leg(3, "pi_1", "40.00")).await));
    let nothing_left = stripe.refund(&leg(4, "pi_1", "0.01")).await;
    assert_eq!(decline(&nothing_left), Some(("CHARGE_ALREADY_REFUNDED", true)));
    assert_eq!((fake.effects(), fake.returned("s1")), (2, 10_000));
}

#[tokio::test]
async fn amounts_are_counted_by_the_rules_of_their_currency() {
    for (code, minor, text, expected) in [
        ("JPY", 10_000, "500", 500),
        ("UGX", 1_000_000, "5", 500),
        ("ISK", 1_000_000, "7", 700),
        ("KWD", 100_000, "5.120", 5_120),
        ("HUF", 100_000, "10.45", 1_045),
    ] {
        let fake = Fake::start();
        fake.captured("pi_1", minor, &code.to_lowercase());
        let settled = fake.provider().refund(&leg_in(code, 1, "pi_1", text)).await;
        assert!(is_settled(&settled), "{code}: {settled:?}");
        assert_eq!(fake.returned("s1"), expected, "{code}");
    }
    // The last of three decimals is not Stripe's: nothing is rounded, nothing is asked.
    let fake = Fake::start();
    fake.captured("pi_1", 100_000, "kwd");
    let refused = fake.provider().refund(&leg_in("KWD", 1, "pi_1", "5.124")).await;
    assert_eq!(decline(&refused), Some(("AMOUNT_NOT_REPRESENTABLE", true)));
    assert!(fake.asked().is_empty());
}

#[tokio::test]
async fn a_payment_in_another_currency_is_left_alone() {
    let fake = Fake::start();
    fake.captured("pi_1", 10_000, "jpy");
    let refused = fake.provider().refund(&leg(1, "pi_1", "10.00")).await;
    assert_eq!(decline(&refused), Some(("OTHER_CURRENCY", true)));
    assert_eq!(fake.effects(), 0);
}

#[tokio::test]
async fn what_is_no_payment_of_stripes_is_never_asked_for() {
    let fake = captured();
    for reference in ["", "sandbox-1", "ch_1", "pi_1/cancel", "../refunds"] {
        let refused = fake.provider().refund(&leg(1, reference, "1.00")).await;
        assert_eq!(decline(&refused), Some(("NO_PAYMENT_INTENT", true)), "{reference}");
        let found = fake.provider().find(&leg(1, reference, "1.00")).await;
        assert_eq!(found, Ok(None), "{reference}");
    }
    assert!(fake.asked().is_empty());
}

#[tokio::test]
async fn a_refund_that_takes_its_time_is_followed_to_its_end() {
    for (status, change, settles) in
        [("pending", "succeeded", true), ("requires_action", "canceled", false)]
    {
        let fake = captured();
        fake.new_refunds_are(status);
        let (stripe, leg) = (fake.provider(), leg(1, "pi_1", "30.00"));
        let taken = stripe.refund(&leg).await;
        assert_eq!(taken, PaymentOutcome::Accepted { reference: "re_1".to_owned() });
        assert_eq!(stripe.find(&leg).await, Ok(Some(taken)));
        fake.change_refund(|refund| refund["status"] = change.into());
        let told = stripe.find(&leg).await.unwrap().unwrap();
        if settles {
            assert_eq!(told, PaymentOutcome::Settled { reference: "re_1".to_owned() });
        } else {
            assert_eq!(decline(&told), Some(("REFUND_FAILED", true)));
        }
    }
}

#[tokio::test]
async fn an_old_answer_is_not_taken_for_what_stands_now() {
    let fake = captured();
    let (stripe, leg) = (fake.provider(), leg(1, "pi_1", "30.00"));
    assert!(is_settled(&stripe.refund(&leg).await));
    fake.change_refund(|refund| {
        refund["status"] = "failed".into();
        refund["failure_reason"] = "expired_or_canceled_card".into();
    });
    // The same key gets the same answer as before, which is not true any more.
    let PaymentOutcome::Declined { failure, permanent: true } = stripe.refund(&leg).await else {
        panic!("it failed")
    };
    assert_eq!(failure.code, "REFUND_FAILED");
    assert!(failure.message.contains("expired_or_canceled_card"), "{failure:?}");
}

#[tokio::test]
async fn a_refund_that_followed_one_that_failed_is_the_one_that_counts() {
    let fake = captured();
    let (stripe, leg) = (fake.provider(), leg(1, "pi_1", "30.00"));
    assert!(is_settled(&stripe.refund(&leg).await));
    fake.change_refund(|refund| refund["status"] = "failed".into());
    fake.forget_keys();
    let again = PaymentOutcome::Settled { reference: "re_2".to_owned() };
    assert_eq!(stripe.refund(&leg).await, again);
    assert_eq!(stripe.find(&leg).await, Ok(Some(again)));
}

#[tokio::test]
async fn two_refunds_under_one_key_are_for_a_person_to_look_at() {
    let fake = captured();
    let (stripe, leg) = (fake.provider(), leg(1, "pi_1", "30.00"));
    assert!(is_settled(&stripe.refund(&leg).await));
    fake.add_refund("pi_1", 3_000, &json!({"leg": leg.leg_id.as_str(), "store": "s1"}));
    let Some(PaymentOutcome::Mismatch(LegMismatch { reference, said, .. })) =
        stripe.find(&leg).await.unwrap()
    else {
        panic!("both of them moved money")
    };
    assert_eq!((&*reference, &*said), ("re_2, re_1", "2 refunds"));
}

#[tokio::test]
async fn what_stripe_says_is_held_against_what_was_asked() {
    let lies: [(Lie, &str); 5] = [
        (|it| it["amount"] = 3_001.into(), "30.01 EUR of pi_1"),
        (|it| it["amount"] = 0.into(), "0 EUR of pi_1"),
        (|it| it["currency"] = "usd".into(), "30 USD of pi_1"),
        (|it| it["payment_intent"] = "pi_2".into(), "30 EUR of pi_2"),
        (|it| it["payment_intent"] = json!(null), "30 EUR of no payment"),
    ];
    for (lie, expected) in lies {
        let fake = captured();
        let (stripe, leg) = (fake.provider(), leg(1, "pi_1", "30.00"));
        fake.lie(lie);
        let PaymentOutcome::Mismatch(mismatch) = stripe.refund(&leg).await else {
            panic!("{expected}: it is not what was asked")
        };
        let LegMismatch { reference, asked, said } = &mismatch;
        assert_eq!((&**reference, &**asked, &**said), ("re_1", "30 EUR of pi_1", expected));
        let found = stripe.find(&leg).await.unwrap().unwrap();
        assert_eq!(found, PaymentOutcome::Mismatch(mismatch));
        fake.tell_the_truth();
        assert!(is_settled(&stripe.find(&leg).await.unwrap().unwrap()));
        assert_eq!(fake.effects(), 1);
    }
}

#[tokio::test]
async fn the_answer_to_another_leg_is_not_taken() {
    let fake = captured();
    fake.lie(|it| it["metadata"]["leg"] = "leg_of_another".into());
    let answer = fake.provider().refund(&leg(1, "pi_1", "30.00")).await;
    assert!(matches!(answer, PaymentOutcome::Mismatch(_)), "{answer:?}");
}

#[tokio::test]
async fn a_status_that_is_not_known_is_asked_for_again() {
    let fake = captured();
    fake.new_refunds_are("on_its_way");
    let (stripe, leg) = (fake.provider(), leg(1, "pi_1", "30.00"));
    assert_eq!(stripe.refund(&leg).await, PaymentOutcome::Unknown);
    assert_eq!(stripe.find(&leg).await, Ok(Some(PaymentOutcome::Unknown)));
}

#[tokio::test]
async fn a_leg_is_looked_for_on_every_page() {
    let fake = captured();
    let (stripe, first) = (fake.provider(), leg(1, "pi_1", "1.00"));
    assert!(is_settled(&stripe.refund(&first).await));
    for _ in 0..9 {
        fake.add_refund("pi_1", 1, &json!({}));
    }
    fake.largest_page(3);
    assert!(is_settled(&stripe.find(&first).await.unwrap().unwrap()));
    let before = fake.asked().len();
    assert_eq!(stripe.find(&leg(2, "pi_1", "1.00")).await, Ok(None));
    assert_eq!(fake.asked().len() - before, 4);
}

#[tokio::test]
async fn the_same_leg_at_the_same_moment_is_done_once_and_both_hear_of_it() {
    let fake = captured();
    fake.next(Mishap::Delay(Duration::from_millis(150)));
    let (one, other, leg) = (fake.provider(), fake.provider(), leg(1, "pi_1", "30.00"));
    let (one, other) = tokio::join!(one.refund(&leg), other.refund(&leg));
    assert_eq!(one, PaymentOutcome::Settled { reference: "re_1".to_owned() });
    assert_eq!(one, other);
    assert_eq!(fake.effects(), 1);
}

#[tokio::test]
async fn one_who_meets_a_call_that_does_not_end_concludes_nothing() {
    let fake = captured();
    fake.next(Mishap::Delay(Duration::from_secs(10)));
    let (one, other, leg) = (fake.provider(), fake.provider(), leg(1, "pi_1", "30.00"));
    let (one, other) = tokio::join!(one.refund(&leg), other.refund(&leg));
    assert_eq!((one, other), (PaymentOutcome::Unknown, PaymentOutcome::Unknown));
}

fn paid(reference: &str) -> Tender {
    tender(reference, TenderState::Pending)
}

async fn status(fake: &Fake) -> Result<PaymentStatus, String> {
    let asked = fake.provider();
    let asked = asked.status(&order_key("s1", "o1"), &paid("pi_1"), currency("EUR")).await;
    asked.map_err(|no| no.failure().code.clone())
}

#[tokio::test]
async fn a_payment_stands_as_stripe_has_it() {
    for (state, amounts, expected) in [
        ("requires_payment_method", (10_000, 0, 0), PaymentStatus::Pending),
        ("requires_confirmation", (10_000, 0, 0), PaymentStatus::Pending),
        ("requires_action", (10_000, 0, 0), PaymentStatus::Pending),
        ("processing", (10_000, 0, 0), PaymentStatus::Pending),
        ("requires_capture", (10_000, 10_000, 0), PaymentStatus::Authorized(eur("100.00"))),
        ("requires_capture", (10_000, 9_000, 1_000), PaymentStatus::Authorized(eur("90.00"))),
        ("succeeded", (10_000, 0, 10_000), PaymentStatus::Captured(eur("100.00"))),
        ("succeeded", (10_000, 0, 7_000), PaymentStatus::Captured(eur("70.00"))),
        ("canceled", (10_000, 0, 0), PaymentStatus::Failed),
        ("canceled", (10_000, 0, 3_000), PaymentStatus::Captured(eur("30.00"))),
    ] {
        let fake = Fake::start();
        fake.intent("pi_1", state, amounts, "eur");
        assert_eq!(status(&fake).await, Ok(expected), "{state} {amounts:?}");
    }
}

#[tokio::test]
async fn of_a_payment_stands_what_has_not_gone_back() {
    let fake = captured();
    let refunded = fake.provider().refund(&leg(1, "pi_1", "60.00")).await;
    assert!(is_settled(&refunded));
    assert_eq!(status(&fake).await, Ok(PaymentStatus::Captured(eur("40.00"))));
    fake.change_refund(|refund| refund["status"] = "failed".into());
    assert_eq!(status(&fake).await, Ok(PaymentStatus::Captured(eur("100.00"))));
}

#[tokio::test]
async fn nothing_is_said_of_a_payment_that_is_not_understood() {
    let fake = Fake::start();
    assert_eq!(status(&fake).await, Err("RESOURCE_MISSING".to_owned()));
    fake.captured("pi_1", 10_000, "usd");
    assert_eq!(status(&fake).await, Err("OTHER_CURRENCY".to_owned()));
    fake.intent("pi_1", "resting", (10_000, 0, 0), "eur");
    assert_eq!(status(&fake).await, Err("NOT_UNDERSTOOD".to_owned()));
    let asked = fake.provider();
    let asked = asked.status(&order_key("s1", "o1"), &paid("p1"), currency("EUR")).await;
    assert_eq!(asked.unwrap_err().failure().code, "NO_PAYMENT_INTENT");
}

#[tokio::test]
async fn money_goes_back_by_refunds_only() {
    let fake = captured();
    let order = PaymentOrder { kind: LegKind::Restore, ..leg(1, "pi_1", "1.00") };
    assert_eq!(decline(&fake.provider().refund(&order).await), Some(("UNSUPPORTED", true)));
    assert!(fake.asked().is_empty());
}
