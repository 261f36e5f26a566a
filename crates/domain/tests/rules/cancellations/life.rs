//! K2 to K10: accepted, rejected in part, paid back, completed.

use super::build::{
    accept, accepted, asked, by_platform, cancel, cancellation_id, cancelled, latest, nth,
    paid_back, pieces, reject, request, requested, withdraw,
};
use crate::build::{
    amount, checkout, checkout_of, component, decided, declined, last, line, merchant, pair,
    policy, ready, received, record, retry, settled, tender,
};
use domain::{
    Pair,
    cancellation::{
        AcceptCancellation, CancelOrder, CancellationReason, CancellationState, Channel,
        RequestPolicy, RequestedBy,
    },
    order::{Command, Fact, NewOrder, OrderState, TenderMethod, TenderState},
    refund::{ComponentKind, LegKind, LegState, RefundMethod, RefundPolicy, RefundState},
};

fn names(facts: &[Fact]) -> Vec<&'static str> {
    facts.iter().map(Fact::name).collect()
}

#[test]
fn acceptance_makes_the_refund_in_the_same_step() {
    let order = requested(ready(checkout()), request([]));
    let accept = accept(cancellation_id(1));
    let facts = order.decide(Command::AcceptCancellation(Box::new(accept.clone()))).unwrap();
    assert_eq!(names(&facts), ["cancellation.accepted", "refund.created", "order.cancelled"]);
    let order = accepted(order, accept);
    assert_eq!(latest(&order).state, CancellationState::InProgress);
    assert_eq!(
        (order.state, order.cancelled_from),
        (OrderState::Cancelled, Some(OrderState::Ready))
    );
    assert_eq!(last(&order).total, pair("85.00", "102.00"));
    let order = paid_back(order);
    assert_eq!(last(&order).state, RefundState::Succeeded);
    assert_eq!(latest(&order).state, CancellationState::Completed);
    assert!(latest(&order).completed_at.is_some());
}

#[test]
fn both_reasons_are_kept_apart() {
    let order = requested(ready(checkout()), request([]));
    let reason = super::build::given(CancellationReason::OutOfStock);
    let accept = AcceptCancellation { reason, ..accept(cancellation_id(1)) };
    let order = accepted(order, accept);
    let reasons = (&latest(&order).customer_reason, &latest(&order).reason);
    let name = |given: &Option<domain::cancellation::Given>| given.as_ref().unwrap().reason.name();
    assert_eq!((name(reasons.0), name(reasons.1)), ("CHANGED_MIND", "OUT_OF_STOCK"));
}

#[test]
fn a_customer_on_the_phone_is_noted_as_such() {
    let cancel = CancelOrder {
        requested_by: RequestedBy::Customer,
        channel: Channel::Contact,
        ..cancel([asked("socks", 1)])
    };
    let order = cancelled(ready(checkout()), cancel);
    assert_eq!(latest(&order).requested_by, RequestedBy::Customer);
    assert_eq!(latest(&order).channel, Channel::Contact);
    assert_eq!(latest(&order).state, CancellationState::InProgress);
}

#[test]
fn a_part_is_rejected_and_the_rest_goes_on() {
    let order = requested(ready(checkout()), request([asked("shirt", 2), asked("socks", 2)]));
    let reject = reject(cancellation_id(1), [asked("shirt", 1), asked("socks", 2)]);
    let order = decided(order, Command::RejectCancellation(Box::new(reject)));
    let [rest, part] = &order.cancellations[..] else { panic!("two records") };
    assert_eq!(
        (rest.state, rest.lines.len(), rest.lines[0].quantity),
        (CancellationState::Requested, 1, 1)
    );
    assert_eq!((part.state, part.lines.len()), (CancellationState::Rejected, 2));
    assert_eq!(part.split_from, Some(cancellation_id(1)));
    assert_eq!((pieces(&order, "shirt"), pieces(&order, "socks")), ((1, 0, 2), (0, 0, 2)));
    let order = accepted(order, accept(cancellation_id(1)));
    assert_eq!(pieces(&order, "shirt"), (0, 1, 2));
    assert_eq!(last(&order).total.customer, amount("22.00"), "a shirt and its duties");
}

#[test]
fn rejected_and_withdrawn_requests_free_their_pieces() {
    let asked_for = requested(ready(checkout()), request([]));
    let reject = reject(cancellation_id(1), []);
    let rejected = decided(asked_for.clone(), Command::RejectCancellation(Box::new(reject)));
    let withdrawn = decided(asked_for, withdraw(cancellation_id(1)));
    for order in [rejected, withdrawn] {
        assert_eq!((pieces(&order, "shirt"), pieces(&order, "socks")), ((0, 0, 3), (0, 0, 2)));
        assert!(latest(&order).ended_at.is_some());
    }
}

#[test]
fn the_order_is_cancelled_with_its_last_piece_and_the_charges_go_with_it() {
    let order = cancelled(ready(checkout()), cancel([asked("shirt", 3)]));
    assert_eq!(order.state, OrderState::Ready);
    assert_eq!(last(&order).total, pair("66.00", "79.20"), "shirts and their duties");
    let order = cancelled(order, nth(2, cancel([asked("socks", 1)])));
    assert_eq!(component(last(&order), ComponentKind::Shipping), Pair::ZERO);
    let order = cancelled(order, nth(3, cancel([asked("socks", 1)])));
    assert_eq!(order.state, OrderState::Cancelled);
    assert_eq!(component(last(&order), ComponentKind::Shipping), pair("8.00", "9.60"));
    let totals = order.refunds.iter().map(|refund| refund.total);
    assert_eq!(Pair::sum(totals).unwrap(), order.totals().unwrap());
}

#[test]
fn a_free_order_is_cancelled_and_completed_at_once() {
    let free = NewOrder { tenders: vec![], ..checkout_of(vec![line("gift", 2, Pair::ZERO)]) };
    let facts = ready(free.clone()).decide(Command::CancelOrder(Box::new(cancel([])))).unwrap();
    assert_eq!(
        names(&facts),
        ["cancellation.accepted", "order.cancelled", "cancellation.completed"]
    );
    let part = cancelled(ready(free), cancel([asked("gift", 1)]));
    assert_eq!(
        (latest(&part).state, part.state),
        (CancellationState::Completed, OrderState::Ready)
    );
    assert_eq!(latest(&part).refund_id, None);
}

#[test]
fn points_and_credit_are_restored_and_completed_at_once() {
    let own = |id: &str, method, text: &str| domain::order::NewTender {
        provider: "ledger".into(),
        ..tender(id, method, amount(text))
    };
    let tenders = vec![
        own("points", TenderMethod::Points, "60.00"),
        own("credit", TenderMethod::StoreCredit, "25.00"),
    ];
    let order = ready(NewOrder { tenders, ..checkout() });
    let facts = order.decide(Command::CancelOrder(Box::new(cancel([])))).unwrap();
    assert_eq!(
        names(&facts),
        [
            "cancellation.accepted",
            "refund.created",
            "order.cancelled",
            "leg.settled",
            "points.restored",
            "leg.settled",
            "points.restored",
            "refund.succeeded",
            "refund.notice",
            "cancellation.completed",
        ]
    );
    let order = cancelled(order, cancel([]));
    assert!(last(&order).legs.iter().all(|leg| leg.kind == LegKind::Restore));
    assert!(last(&order).legs.iter().all(|leg| leg.state == LegState::Settled));
    assert_eq!(latest(&order).state, CancellationState::Completed);
}

#[test]
fn a_gift_card_is_restored_by_its_worker() {
    let card = domain::order::NewTender {
        provider: "ledger".into(),
        ..tender("gift", TenderMethod::GiftCard, amount("85.00"))
    };
    let order = cancelled(ready(NewOrder { tenders: vec![card], ..checkout() }), cancel([]));
    assert_eq!(last(&order).legs[0].kind, LegKind::Restore);
    assert_eq!(latest(&order).state, CancellationState::InProgress);
    assert_eq!(latest(&paid_back(order)).state, CancellationState::Completed);
}

#[test]
fn an_order_that_nobody_paid_is_cancelled_as_a_whole_and_at_once() {
    let mut unpaid = checkout();
    unpaid.tenders[0].state = TenderState::Pending;
    let order = received(unpaid);
    let part = Command::CancelOrder(Box::new(cancel([asked("socks", 1)])));
    assert_eq!(order.decide(part).unwrap_err().reason.as_str(), "PARTIAL_NOT_SUPPORTED");
    let order = cancelled(order, cancel([]));
    assert_eq!(
        (order.state, latest(&order).state),
        (OrderState::Cancelled, CancellationState::Completed)
    );
    assert!(order.refunds.is_empty());
}

#[test]
fn a_payment_that_cannot_be_split_is_cancelled_as_a_whole() {
    let mobile = tender("bill", TenderMethod::Mobile, amount("85.00"));
    let order = ready(NewOrder { tenders: vec![mobile], ..checkout() });
    let part = Command::CancelOrder(Box::new(cancel([asked("socks", 1)])));
    assert_eq!(order.decide(part).unwrap_err().reason.as_str(), "PARTIAL_NOT_SUPPORTED");
    assert_eq!(cancelled(order, cancel([])).state, OrderState::Cancelled);
}

#[test]
fn a_refund_that_failed_leaves_the_cancellation_in_progress_until_it_is_retried() {
    let order = cancelled(ready(checkout()), cancel([]));
    let (refund_id, leg_id) = (last(&order).refund_id, last(&order).legs[0].leg_id.clone());
    let send = |attempt| Command::SendLeg {
        refund_id,
        leg_id: leg_id.clone(),
        attempt,
        at: time::OffsetDateTime::UNIX_EPOCH,
    };
    let order = decided(order, send(0));
    let order = decided(order, record(refund_id, leg_id.clone(), 1, declined()));
    assert_eq!(
        (last(&order).state, latest(&order).state),
        (RefundState::Failed, CancellationState::InProgress)
    );
    let order = decided(order, retry(refund_id));
    let order = decided(order, send(1));
    let order = decided(order, record(refund_id, leg_id.clone(), 2, settled()));
    assert_eq!(latest(&order).state, CancellationState::Completed);
}

#[test]
fn a_cancellation_above_the_limit_waits_for_another_manager() {
    let refund = RefundPolicy {
        approval_limit: Some((amount("50.00"), crate::build::currency("EUR"))),
        ..policy()
    };
    let policy = RequestPolicy { refund, ..super::build::settings() };
    let order = cancelled(ready(checkout()), CancelOrder { policy, ..cancel([]) });
    assert_eq!((order.state, last(&order).state), (OrderState::Cancelled, RefundState::Held));
    let refund_id = last(&order).refund_id;
    let own = Command::ApproveRefund { refund_id, by: merchant() };
    assert_eq!(order.decide(own).unwrap_err().reason.as_str(), "FOUR_EYES");
    let by = domain::Actor::new(domain::ActorKind::Merchant, "manager-2");
    let order = decided(order, Command::ApproveRefund { refund_id, by });
    assert_eq!(latest(&paid_back(order)).state, CancellationState::Completed);
}

#[test]
fn a_deposit_waits_for_a_person() {
    let cancel = CancelOrder { method: RefundMethod::BankDeposit, ..cancel([]) };
    let order = cancelled(ready(checkout()), cancel);
    assert_eq!(last(&order).legs[0].kind, LegKind::Manual);
    assert_eq!(latest(&order).state, CancellationState::InProgress);
    let confirm = crate::build::confirm(last(&order).refund_id, "wire-1");
    assert_eq!(latest(&decided(order, confirm)).state, CancellationState::Completed);
}

#[test]
fn the_platform_takes_what_customers_have_asked_for() {
    let order = requested(received(checkout()), request([asked("shirt", 2)]));
    let fraud = domain::cancellation::CancelOrder {
        cancellation_id: cancellation_id(5),
        ..by_platform(CancellationReason::FraudDetected)
    };
    let order = decided(order, Command::CancelByPlatform(Box::new(fraud)));
    assert_eq!(order.state, OrderState::Cancelled);
    let [asked_for, _] = &order.cancellations[..] else { panic!("{:?}", order.cancellations) };
    assert_eq!(asked_for.state, CancellationState::Rejected);
    let reason = asked_for.reason.as_ref().map(|given| given.reason);
    assert_eq!(reason, Some(CancellationReason::FraudDetected), "and not for the customer's");
    assert_eq!(pieces(&order, "shirt"), (0, 3, 0));
    assert_eq!(last(&order).total, pair("85.00", "102.00"));
}
