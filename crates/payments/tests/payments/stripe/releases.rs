//! Authorisations that are let go.

use super::{Called as _, Fake, Mishap, release};
use crate::desk::{decline, is_settled};
use ports::{PaymentOutcome, PaymentProvider as _};

fn authorized() -> Fake {
    let fake = Fake::start();
    fake.authorized("pi_1", 10_000, "eur");
    fake
}

#[tokio::test]
async fn all_of_an_authorisation_is_let_go_once() {
    let fake = authorized();
    let (stripe, leg) = (fake.provider(), release(1, "pi_1", "100.00"));
    assert_eq!(stripe.find(&leg).await, Ok(None));
    let done = PaymentOutcome::Settled { reference: "pi_1".to_owned() };
    assert_eq!(stripe.release(&leg).await, done);
    assert_eq!(stripe.release(&leg).await, done);
    assert_eq!(stripe.find(&leg).await, Ok(Some(done)));
    assert_eq!(fake.effects(), 1);
    let sent = fake.sent();
    let [sent] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!(sent.path, "/v1/payment_intents/pi_1/cancel");
    assert_eq!(sent.key.as_deref(), Some(&*format!("s1:{}", leg.leg_id)));
}

#[tokio::test]
async fn a_part_of_an_authorisation_cannot_be_let_go_by_itself() {
    let fake = authorized();
    let (stripe, leg) = (fake.provider(), release(1, "pi_1", "30.00"));
    let refused = stripe.release(&leg).await;
    assert_eq!(decline(&refused), Some(("PARTIAL_RELEASE_UNSUPPORTED", true)));
    assert_eq!(stripe.find(&leg).await, Ok(None));
    assert!(fake.sent().is_empty());
    // It goes with the capture of the rest.
    fake.intent("pi_1", "succeeded", (10_000, 0, 7_000), "eur");
    assert!(is_settled(&stripe.find(&leg).await.unwrap().unwrap()));
    assert!(is_settled(&stripe.release(&leg).await));
    assert!(fake.sent().is_empty());
}

#[tokio::test]
async fn no_more_is_let_go_than_is_held() {
    let fake = authorized();
    let refused = fake.provider().release(&release(1, "pi_1", "100.01")).await;
    assert_eq!(decline(&refused), Some(("EXCEEDS_PAYMENT", true)));
    assert!(fake.sent().is_empty());
}

#[tokio::test]
async fn what_was_captured_meanwhile_has_to_be_given_back() {
    let fake = Fake::start();
    fake.captured("pi_1", 10_000, "eur");
    let (stripe, leg) = (fake.provider(), release(1, "pi_1", "100.00"));
    assert_eq!(decline(&stripe.release(&leg).await), Some(("ALREADY_CAPTURED", true)));
    assert_eq!(stripe.find(&leg).await, Ok(None));
    assert!(fake.sent().is_empty());
}

#[tokio::test]
async fn what_nobody_has_confirmed_yet_is_given_up() {
    for state in ["requires_payment_method", "requires_confirmation", "requires_action"] {
        let fake = Fake::start();
        fake.intent("pi_1", state, (10_000, 0, 0), "eur");
        assert!(is_settled(&fake.provider().release(&release(1, "pi_1", "100.00")).await));
        assert_eq!(fake.effects(), 1, "{state}");
    }
    let fake = Fake::start();
    fake.intent("pi_1", "processing", (10_000, 0, 0), "eur");
    let refused = fake.provider().release(&release(1, "pi_1", "100.00")).await;
    assert_eq!(decline(&refused), Some(("PROCESSING", false)));
}

#[tokio::test]
async fn a_lost_answer_is_found_by_what_the_payment_is() {
    for mishap in [Mishap::LoseAnswer, Mishap::BreakOff, Mishap::Garble, Mishap::FailAfter] {
        let fake = authorized();
        let (stripe, leg) = (fake.provider(), release(1, "pi_1", "100.00"));
        fake.next(mishap.clone());
        assert_eq!(stripe.release(&leg).await, PaymentOutcome::Unknown, "{mishap:?}");
        assert!(is_settled(&stripe.find(&leg).await.unwrap().unwrap()), "{mishap:?}");
        assert_eq!(fake.effects(), 1, "{mishap:?}");
    }
}

#[tokio::test]
async fn a_refusal_is_told_if_the_payment_is_held_all_the_same() {
    let fake = authorized();
    let error = serde_json::json!({"error": {
        "type": "invalid_request_error", "code": "checkout_session_open", "message": "expire it",
    }});
    fake.next(Mishap::Refuse(400, error));
    let refused = fake.provider().release(&release(1, "pi_1", "100.00")).await;
    assert_eq!(decline(&refused), Some(("CHECKOUT_SESSION_OPEN", true)));
}

#[tokio::test]
async fn a_payment_in_another_currency_is_left_alone() {
    let fake = Fake::start();
    fake.authorized("pi_1", 10_000, "usd");
    let refused = fake.provider().release(&release(1, "pi_1", "100.00")).await;
    assert_eq!(decline(&refused), Some(("OTHER_CURRENCY", true)));
    assert!(fake.sent().is_empty());
}
