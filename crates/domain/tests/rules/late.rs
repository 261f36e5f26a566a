//! A leg that settles after it had failed.

use crate::build::{
    amount, answered, checkout, decided, declined, goodwill, left, pair, part, products, ready,
    record, refunded, retry, settled, tender,
};
use domain::{
    Reason,
    order::{Command, NewOrder, Order, TenderMethod},
    refund::{LegState, RefundState},
};

#[test]
fn a_failed_refund_succeeds_after_all_if_its_amounts_are_still_free() {
    let order = failed(ready(checkout()));
    let quoted = order.revision;
    let order = decided(order.clone(), late(&order));
    assert_eq!(order.refunds[0].state, RefundState::Succeeded);
    assert_eq!(
        (order.refunds[0].legs[0].state, &order.refunds[0].legs[0].failure),
        (LegState::Settled, &None)
    );
    assert_eq!(left(&order).total, pair("35.00", "42.00"));
    // What was left to refund is not any more.
    assert!(order.revision > quoted);
}

#[test]
fn what_others_took_of_the_lines_is_theirs_and_the_money_counts_all_the_same() {
    let order = refunded(failed(ready(checkout())), products([part("shirt", "30.00")]));
    let order = decided(order.clone(), late(&order));
    let states: Vec<RefundState> = order.refunds.iter().map(|refund| refund.state).collect();
    assert_eq!(states, [RefundState::Failed, RefundState::Pending]);
    assert_eq!(order.refunds[0].legs[0].state, LegState::Settled);
    let now = left(&order);
    assert_eq!(now.total, pair("55.00", "66.00"));
    // 50.00 went back and 30.00 are on their way.
    assert_eq!((now.tenders[0].refunded, now.tenders[0].left), (amount("80.00"), amount("5.00")));
    // Once the others gave their amounts back, it needs no more than to be retried.
    let freed = answered(order, 0, declined());
    let retry = retry(freed.refunds[0].refund_id);
    let order = decided(freed, retry);
    assert_eq!(order.refunds[0].state, RefundState::Succeeded);
    assert_eq!(left(&order).tenders[0].left, amount("35.00"));
}

#[test]
fn money_that_others_took_is_never_counted_twice() {
    let order = refunded(failed(ready(checkout())), goodwill("35.01"));
    let refused = order.decide(late(&order)).unwrap_err();
    assert_eq!(refused.reason, Reason::AmountExceedsRefundable);
    assert_eq!(left(&order).tenders[0].left, amount("49.99"));
}

#[test]
fn a_refund_with_a_leg_under_way_goes_on() {
    let tenders = vec![
        tender("card", TenderMethod::Card, amount("55.00")),
        tender("voucher", TenderMethod::GiftCard, amount("30.00")),
    ];
    let order = failed(ready(NewOrder { tenders, ..checkout() }));
    assert_eq!(order.refunds[0].state, RefundState::Pending);
    let order = decided(order.clone(), late(&order));
    assert_eq!(order.refunds[0].state, RefundState::Pending);
    assert_eq!(answered(order, 1, settled()).refunds[0].state, RefundState::Succeeded);
}

#[test]
fn a_refund_of_which_another_leg_failed_stays_failed() {
    let tenders = vec![
        tender("card", TenderMethod::Card, amount("55.00")),
        tender("voucher", TenderMethod::GiftCard, amount("30.00")),
    ];
    let order = answered(failed(ready(NewOrder { tenders, ..checkout() })), 1, declined());
    let order = decided(order.clone(), late(&order));
    assert_eq!(order.refunds[0].state, RefundState::Failed);
    assert_eq!(left(&order).tenders[0].left, amount("35.00"));
    assert_eq!(left(&order).total, pair("85.00", "102.00"));
}

/// A refund of 50.00 whose first leg failed.
fn failed(order: Order) -> Order {
    answered(refunded(order, products([part("shirt", "50.00")])), 0, declined())
}

/// What the first leg of the first refund came to.
fn late(order: &Order) -> Command {
    let refund = &order.refunds[0];
    let leg_id = refund.legs[0].leg_id.clone();
    let outcome = settled();
    record(refund.refund_id, leg_id, 1, outcome)
}
