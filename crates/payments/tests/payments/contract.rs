//! What every provider has to keep, whatever else it does.

use crate::desk::{Desk, currency, decline, eur, is_another, is_settled, order_key};
use futures_util::future::join_all;
use ports::PaymentOutcome;

async fn a_leg_has_one_effect_however_often_it_is_sent(desk: Desk) {
    let leg = desk.leg(1, "p1", "30.00");
    let first = desk.refund(&leg).await;
    assert!(is_settled(&first));
    assert_eq!(desk.refund(&leg).await, first);
    assert_eq!(desk.refund(&leg).await, first);
    assert_eq!(desk.returned("p1").await, eur("30.00"));
}

async fn a_leg_has_one_effect_when_it_is_sent_many_times_at_once(desk: Desk) {
    let leg = desk.leg(1, "p1", "30.00");
    let answers = join_all((0..16).map(|_| desk.refund(&leg))).await;
    assert!(answers.iter().all(is_settled));
    assert_eq!(desk.returned("p1").await, eur("30.00"));
}

async fn legs_of_one_payment_add_up(desk: Desk) {
    for (place, amount) in [(1, "30.00"), (2, "0.01"), (3, "69.99")] {
        assert!(is_settled(&desk.refund(&desk.leg(place, "p1", amount)).await));
    }
    assert_eq!(desk.returned("p1").await, eur("100.00"));
}

async fn a_leg_is_found_by_its_key(desk: Desk) {
    let leg = desk.leg(1, "p1", "30.00");
    let answer = desk.refund(&leg).await;
    assert_eq!(desk.find(&leg).await, Some(answer));
}

async fn a_key_that_never_came_is_not_found(desk: Desk) {
    desk.refund(&desk.leg(1, "p1", "30.00")).await;
    assert_eq!(desk.find(&desk.leg(2, "p1", "30.00")).await, None);
}

async fn a_key_with_another_amount_is_declined_for_good(desk: Desk) {
    desk.refund(&desk.leg(1, "p1", "30.00")).await;
    let other = desk.leg(1, "p1", "30.01");
    assert_eq!(decline(&desk.refund(&other).await), Some(("KEY_REUSED", true)));
    assert!(is_another(&desk.find(&other).await.unwrap()));
    assert_eq!(desk.returned("p1").await, eur("30.00"));
}

async fn a_key_with_another_payment_is_declined_for_good(desk: Desk) {
    desk.refund(&desk.leg(1, "p1", "30.00")).await;
    let other = desk.leg(1, "p2", "30.00");
    assert_eq!(decline(&desk.refund(&other).await), Some(("KEY_REUSED", true)));
    assert_eq!(desk.returned("p1").await, eur("30.00"));
}

async fn a_key_with_another_currency_is_declined_for_good(desk: Desk) {
    desk.refund(&desk.leg(1, "p1", "30.00")).await;
    let dollars = ports::PaymentOrder { currency: currency("USD"), ..desk.leg(1, "p1", "30.00") };
    let refused = desk.refund(&dollars).await;
    assert!(matches!(decline(&refused), Some(("KEY_REUSED" | "OTHER_CURRENCY", true))));
    assert!(is_another(&desk.find(&dollars).await.unwrap()));
    assert_eq!(desk.returned("p1").await, eur("30.00"));
}

/// Whose books list keys rather than payments can tell.
async fn a_key_of_another_payment_is_found_out(desk: Desk) {
    desk.refund(&desk.leg(1, "p1", "30.00")).await;
    assert!(is_another(&desk.find(&desk.leg(1, "p2", "30.00")).await.unwrap()));
}

async fn stores_do_not_share_keys(desk: Desk) {
    let here = desk.leg(1, "p1", "30.00");
    let there = ports::PaymentOrder { order: order_key("s2", "o1"), ..here.clone() };
    assert!(is_settled(&desk.refund(&there).await));
    assert_eq!(desk.find(&here).await, None);
    assert_eq!(desk.returned("p1").await, eur("0.00"));
}

async fn a_restart_forgets_nothing(mut desk: Desk) {
    let leg = desk.leg(1, "p1", "30.00");
    let answer = desk.refund(&leg).await;
    desk.restart();
    assert_eq!(desk.find(&leg).await, Some(answer.clone()));
    assert_eq!(desk.refund(&leg).await, answer);
    assert_eq!(desk.returned("p1").await, eur("30.00"));
}

async fn a_lost_answer_is_unknown_until_it_is_found(mut desk: Desk) {
    let leg = desk.leg(1, "p1", "30.00");
    desk.lose_answers();
    // Every posting on the way is lost once: the refund gets one posting further each time.
    for _ in 0..4 {
        if desk.find(&leg).await.is_none() {
            assert_eq!(desk.refund(&leg).await, PaymentOutcome::Unknown);
        }
    }
    assert!(is_settled(&desk.find(&leg).await.unwrap()));
    assert_eq!(desk.returned("p1").await, eur("30.00"));
}

async fn nothing_is_concluded_without_the_books(mut desk: Desk) {
    let leg = desk.leg(1, "p1", "30.00");
    desk.be_gone();
    let answer = desk.refund(&leg).await;
    let not_sent = matches!(answer, PaymentOutcome::Unsent(_));
    assert!(answer == PaymentOutcome::Unknown || not_sent, "{answer:?}");
    assert_eq!(desk.provider.find(&leg).await.unwrap_err().failure().code, "UNAVAILABLE");
}

/// One named test per rule and adapter.
macro_rules! contract {
    ($($rule:ident)+) => {
        contract! { @on sandbox => sandbox: $($rule)+ }
        contract! { @on releases => releases: $($rule)+ }
        contract! { @on accounts => accounts: $($rule)+ }
        contract! { @on stripe => stripe: $($rule)+ }
    };
    (@on $name:ident => $adapter:ident: $($rule:ident)+) => {
        mod $name {$(
            #[tokio::test]
            async fn $rule() {
                super::$rule(super::Desk::$adapter()).await;
            }
        )+}
    };
}

contract! {
    a_leg_has_one_effect_however_often_it_is_sent
    a_leg_has_one_effect_when_it_is_sent_many_times_at_once
    legs_of_one_payment_add_up
    a_leg_is_found_by_its_key
    a_key_that_never_came_is_not_found
    a_key_with_another_amount_is_declined_for_good
    a_key_with_another_payment_is_declined_for_good
    a_key_with_another_currency_is_declined_for_good
    stores_do_not_share_keys
    a_restart_forgets_nothing
    a_lost_answer_is_unknown_until_it_is_found
    nothing_is_concluded_without_the_books
}

// Whoever lists keys can tell what one was used for.
contract! { @on sandbox_by_key => sandbox: a_key_of_another_payment_is_found_out }
contract! { @on releases_by_key => releases: a_key_of_another_payment_is_found_out }
contract! { @on accounts_by_key => accounts: a_key_of_another_payment_is_found_out }

// What does not depend on keys being honoured.
contract! { @on localstripe => localstripe:
    legs_of_one_payment_add_up
    a_leg_is_found_by_its_key
    a_key_that_never_came_is_not_found
    a_key_with_another_currency_is_declined_for_good
    stores_do_not_share_keys
    nothing_is_concluded_without_the_books
}
