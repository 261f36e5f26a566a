//! The adapter beside localstripe, which really runs and which nobody here wrote.

use super::{at, leg, leg_in, provider, release};
use crate::desk::{currency, decline, eur, is_settled, order_key, tender};
use domain::order::TenderState;
use payments::Stripe;
use ports::{PaymentOutcome, PaymentProvider as _, PaymentStatus};
use testkit::localstripe::Server;

async fn status(stripe: &Stripe, payment: &str) -> PaymentStatus {
    let tender = tender(payment, TenderState::Pending);
    stripe.status(&order_key("s1", "o1"), &tender, currency("EUR")).await.unwrap()
}

#[tokio::test]
async fn legs_go_back_in_parts_and_are_found_by_their_keys() {
    let server = Server::start();
    let (stripe, payment) = (at(&server), server.captured(10_000, "eur"));
    assert_eq!(status(&stripe, &payment).await, PaymentStatus::Captured(eur("100.00")));
    for (place, amount) in [(1, "30.00"), (2, "0.01"), (3, "69.99")] {
        let leg = leg(place, &payment, amount);
        assert_eq!(stripe.find(&leg).await, Ok(None));
        let answer = stripe.refund(&leg).await;
        assert!(is_settled(&answer), "{answer:?}");
        assert_eq!(stripe.find(&leg).await, Ok(Some(answer)));
    }
    assert_eq!(stripe.find(&leg(4, &payment, "1.00")).await, Ok(None));
    assert_eq!(status(&stripe, &payment).await, PaymentStatus::Captured(eur("0.00")));
    let refunds = server.refunds(&payment);
    let amounts: Vec<i64> = refunds.iter().map(|it| it["amount"].as_i64().unwrap()).collect();
    assert_eq!((amounts.len(), amounts.iter().sum::<i64>()), (3, 10_000));
    let ours = leg(1, &payment, "30.00");
    let first = refunds.iter().find(|it| it["metadata"]["leg"] == ours.leg_id.as_str()).unwrap();
    assert_eq!((&first["amount"], &first["metadata"]["order"]), (&3_000.into(), &"o1".into()));
    // A new process finds what the old one did.
    assert!(is_settled(&at(&server).find(&ours).await.unwrap().unwrap()));
}

#[tokio::test]
async fn amounts_without_decimals_and_with_three_are_counted_as_stripe_counts() {
    let server = Server::start();
    let stripe = at(&server);
    for (code, paid, text, minor) in
        [("JPY", 10_000, "500", 500), ("KWD", 100_000, "5.120", 5_120), ("UGX", 100_000, "5", 500)]
    {
        let payment = server.captured(paid, &code.to_lowercase());
        let leg = leg_in(code, 1, &payment, text);
        assert!(is_settled(&stripe.refund(&leg).await), "{code}");
        assert!(is_settled(&stripe.find(&leg).await.unwrap().unwrap()), "{code}");
        assert_eq!(server.refunds(&payment)[0]["amount"], minor, "{code}");
    }
}

#[tokio::test]
async fn more_refunds_than_fit_a_page_are_looked_through() {
    let server = Server::start();
    let (stripe, payment) = (at(&server), server.captured(100_000, "eur"));
    // Whatever order it lists those of one second in, one of these is not on the first page.
    for place in 1..=3 {
        assert!(is_settled(&stripe.refund(&leg(place, &payment, "1.00")).await));
        for _ in 0..if place < 3 { 102 } else { 0 } {
            server.post("refunds", &[("payment_intent", &payment), ("amount", "1")]);
        }
    }
    for place in 1..=3 {
        let found = stripe.find(&leg(place, &payment, "1.00")).await.unwrap();
        assert!(is_settled(&found.unwrap()), "{place}");
    }
    assert_eq!(stripe.find(&leg(4, &payment, "1.00")).await, Ok(None));
}

#[tokio::test]
async fn an_authorisation_is_let_go_or_captured() {
    let server = Server::start();
    let (stripe, payment) = (at(&server), server.authorized(10_000, "eur"));
    assert_eq!(status(&stripe, &payment).await, PaymentStatus::Authorized(eur("100.00")));
    let all = release(1, &payment, "100.00");
    let part = stripe.release(&release(2, &payment, "40.00")).await;
    assert_eq!(decline(&part), Some(("PARTIAL_RELEASE_UNSUPPORTED", true)));
    assert_eq!(stripe.find(&all).await, Ok(None));
    let done = PaymentOutcome::Settled { reference: payment.clone() };
    assert_eq!(stripe.release(&all).await, done);
    assert_eq!(stripe.release(&all).await, done);
    assert_eq!(stripe.find(&all).await, Ok(Some(done)));
    assert_eq!(status(&stripe, &payment).await, PaymentStatus::Failed);
    assert_eq!(server.get(&format!("payment_intents/{payment}"))["status"], "canceled");

    let captured = server.authorized(10_000, "eur");
    server.post(&format!("payment_intents/{captured}/capture"), &[]);
    let late = stripe.release(&release(3, &captured, "100.00")).await;
    assert_eq!(decline(&late), Some(("ALREADY_CAPTURED", true)));
    assert_eq!(status(&stripe, &captured).await, PaymentStatus::Captured(eur("100.00")));
}

#[tokio::test]
async fn a_payment_that_is_not_there_settles_nothing() {
    let server = Server::start();
    let stripe = at(&server);
    let leg = leg(1, "pi_nowhere", "1.00");
    assert_eq!(decline(&stripe.refund(&leg).await), Some(("RESOURCE_MISSING", true)));
    assert_eq!(stripe.find(&leg).await.unwrap_err().failure().code, "RESOURCE_MISSING");
}

#[tokio::test]
async fn a_key_that_is_none_is_refused() {
    let server = Server::start();
    let payment = server.captured(10_000, "eur");
    let refused = provider(&server.url(), "no-key").refund(&leg(1, &payment, "1.00")).await;
    assert_eq!(decline(&refused), Some(("AUTHENTICATION", false)));
    assert!(server.refunds(&payment).is_empty());
}
