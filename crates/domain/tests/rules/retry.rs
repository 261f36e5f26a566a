//! A failed refund once more.

use crate::build::{
    amount, answered, checkout, checkout_of, decided, declined, full, goodwill, last, left, line,
    merchant_part, pair, part, pieces, products, ready, record, refunded, settled, tender,
};
use domain::{
    Reason, Rejection,
    id::RefundId,
    order::{Command, NewOrder, Order, TenderMethod},
    refund::{LegState, RefundRequest, RefundState},
};
use uuid::Uuid;

#[test]
fn a_retry_takes_the_amounts_and_pieces_again() {
    let order = failed(ready(checkout()), products([pieces("shirt", 2)]));
    let order = decided(order, retry());
    let refund = &order.refunds[0];
    assert_eq!(refund.state, RefundState::Pending);
    assert_eq!((refund.legs[0].state, &refund.legs[0].failure), (LegState::Pending, &None));
    let left = left(&order);
    assert_eq!((left.lines[0].quantity, left.total), (1, pair("45.00", "54.00")));
    assert_eq!(answered(order, 0, settled()).refunds[0].state, RefundState::Succeeded);
}

#[test]
fn a_retry_is_refused_when_others_took_the_amounts() {
    let first = || failed(ready(checkout()), products([pieces("shirt", 2)]));
    let shipping = RefundRequest { shipping_refund: true, ..RefundRequest::default() };
    for (order, what) in [
        (refunded(first(), full()), "2 pieces of line shirt are needed again, 0 are left"),
        (refunded(first(), products([pieces("shirt", 2)])), "2 pieces of line shirt"),
        (refunded(first(), products([part("shirt", "20.01")])), "40 of line shirt"),
        (refunded(failed(ready(checkout()), shipping.clone()), shipping), "8 of Shipping"),
        (refunded(first(), goodwill("45.01")), "40 of tender card is needed again, 39.99 is left"),
    ] {
        let refused = refusal(&order);
        assert_eq!(refused.reason, Reason::AmountExceedsRefundable);
        assert!(refused.message.starts_with(what), "{refused}");
    }
}

#[test]
fn a_retry_takes_no_more_of_the_merchant_than_was_paid_either() {
    // 0.50 of 1.00 comes to 2 of 3 for the customer, who then has 1 left of it, as has the rest.
    let order = ready(checkout_of(vec![line("pin", 3, pair("0.03", "1.00"))]));
    let order = failed(order, products([merchant_part("pin", "0.49")]));
    assert_eq!(last(&order).total, pair("0.01", "0.49"));
    let order = refunded(order, products([part("pin", "0.02")]));
    assert_eq!(last(&order).total, pair("0.02", "0.67"));
    let refused = refusal(&order);
    assert_eq!(refused.reason, Reason::AmountExceedsRefundable);
    assert_eq!(refused.message, "0.49 of line pin is needed again, 0.33 is left");
}

#[test]
fn a_leg_that_settled_is_not_paid_again() {
    let order = ready(NewOrder {
        tenders: vec![
            tender("voucher", TenderMethod::GiftCard, amount("30.00")),
            tender("card", TenderMethod::Card, amount("55.00")),
        ],
        ..checkout()
    });
    let order = refunded(order, products([part("shirt", "50.00")]));
    let order = answered(answered(order, 0, settled()), 1, declined());
    let order = decided(order, retry());
    let states: Vec<LegState> = order.refunds[0].legs.iter().map(|leg| leg.state).collect();
    assert_eq!(states, [LegState::Settled, LegState::Pending]);
    let left = left(&order);
    assert_eq!(left.tenders[0].left, amount("0"));
    assert_eq!(left.tenders[1].left, amount("35.00"));
    assert_eq!(answered(order, 1, settled()).refunds[0].state, RefundState::Succeeded);
}

#[test]
fn a_retry_may_fail_again() {
    let order = failed(ready(checkout()), full());
    let order = answered(decided(order, retry()), 0, declined());
    assert_eq!(order.refunds[0].state, RefundState::Failed);
    assert_eq!(order.refunds[0].legs[0].attempts, 2);
    assert_eq!(order.refunds[0].legs[0].tries(), 1);
    assert!(order.decide(retry()).is_ok());
}

#[test]
fn what_came_of_an_attempt_before_the_retry_does_not_touch_one_after_it() {
    let order = decided(failed(ready(checkout()), full()), retry());
    let leg = &order.refunds[0].legs[0];
    assert_eq!((leg.attempts, leg.tries()), (1, 0));
    let (refund_id, leg_id) = (order.refunds[0].refund_id, leg.leg_id.clone());
    let sent = decided(
        order,
        Command::SendLeg {
            refund_id,
            leg_id: leg_id.clone(),
            attempt: 1,
            at: time::OffsetDateTime::UNIX_EPOCH,
        },
    );
    let late = record(refund_id, leg_id, 1, declined());
    assert_eq!(sent.decide(late).unwrap_err().reason, Reason::RefundStateForbids);
}

/// The request refunded and declined.
fn failed(order: Order, request: RefundRequest) -> Order {
    answered(refunded(order, request), 0, declined())
}

/// Of the first refund.
fn retry() -> Command {
    crate::build::retry(RefundId::from_uuid(Uuid::from_u128(1)))
}

fn refusal(order: &Order) -> Rejection {
    order.decide(retry()).unwrap_err()
}
