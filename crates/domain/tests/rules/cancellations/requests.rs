//! K1: who may ask, when, for what.

use super::build::{
    asked, cancel, cancellation_id, cancelled, given, latest, pieces, request, requested, settings,
};
use crate::build::{blamed, checkout, figure, ready, received};
use domain::{
    Reason, Rejection,
    cancellation::{
        CancelOrder, CancellationReason, CancellationState, Given, RequestCancellation,
        RequestPolicy, RequestedBy,
    },
    order::{Command, Order, OrderState},
    refund::RefundState,
};
use time::Duration;

fn refused(order: &Order, request: RequestCancellation) -> Rejection {
    order.decide(Command::RequestCancellation(Box::new(request))).unwrap_err()
}

fn refused_cancel(order: &Order, cancel: CancelOrder) -> Rejection {
    order.decide(Command::CancelOrder(Box::new(cancel))).unwrap_err()
}

#[test]
fn a_request_holds_its_pieces() {
    let order = requested(ready(checkout()), request([asked("shirt", 2)]));
    assert_eq!(pieces(&order, "shirt"), (2, 0, 1));
    assert_eq!(latest(&order).state, CancellationState::Requested);
    assert_eq!(latest(&order).state.display_name(), "Cancellation requested [Customer]");
    assert_eq!(order.state, OrderState::Ready);
    assert!(order.refunds.is_empty(), "nothing is paid before it is accepted");
}

#[test]
fn a_request_for_nothing_by_name_is_for_all_that_is_open() {
    let order = requested(received(checkout()), request([]));
    assert_eq!((pieces(&order, "shirt").0, pieces(&order, "socks").0), (3, 2));
}

#[test]
fn a_store_may_take_no_requests() {
    let policy = RequestPolicy { enabled: false, ..settings() };
    let refused = refused(&ready(checkout()), RequestCancellation { policy, ..request([]) });
    assert_eq!(refused.reason, Reason::NotEnabled);
}

#[test]
fn the_window_ends_on_its_last_day() {
    let order = ready(checkout());
    let policy = RequestPolicy { window_days: 14, ..settings() };
    let within = RequestCancellation { policy, ..request([]) };
    let at = |days, seconds| order.created_at + Duration::days(days) + Duration::seconds(seconds);
    let ask = |at| RequestCancellation { at, ..within.clone() };
    assert!(order.decide(Command::RequestCancellation(Box::new(ask(at(14, 0))))).is_ok());
    let refused = refused(&order, ask(at(14, 1)));
    assert_eq!(refused.reason, Reason::RequestWindowClosed);
    assert_eq!(figure(&refused, "window_days"), Some("14"));
}

#[test]
fn customers_give_their_reasons_and_the_store_may_allow_fewer() {
    let order = ready(checkout());
    let ask = |reason| RequestCancellation { reason: given(reason), ..request([]) };
    for reason in CancellationReason::ALL {
        let outcome = order.decide(Command::RequestCancellation(Box::new(ask(reason))));
        let reason_of = outcome.map(drop).map_err(|refused| refused.reason);
        let expected = match reason {
            CancellationReason::Other => Err(Reason::InvalidFields),
            reason if reason.is_platforms() => Err(Reason::OrderProtected),
            reason if reason.is_customers() => Ok(()),
            _ => Err(Reason::ReasonNotAllowed),
        };
        assert_eq!(reason_of, expected, "{}", reason.name());
    }
    let other = Given { reason: CancellationReason::Other, text: Some("gift".into()) };
    let order = requested(order, RequestCancellation { reason: other, ..request([]) });
    assert_eq!(latest(&order).state, CancellationState::Requested);

    let policy = RequestPolicy { reasons: vec![CancellationReason::ShippingDelay], ..settings() };
    let fewer = RequestCancellation { policy, ..ask(CancellationReason::ChangedMind) };
    assert_eq!(refused(&ready(checkout()), fewer).reason, Reason::ReasonNotAllowed);
}

#[test]
fn a_merchant_gives_no_reason_of_the_platform() {
    for reason in CancellationReason::ALL.into_iter().filter(|reason| reason.is_platforms()) {
        let cancel = CancelOrder { reason: given(reason), ..cancel([]) };
        let refused = refused_cancel(&ready(checkout()), cancel);
        assert_eq!((refused.reason, blamed(&refused)), (Reason::OrderProtected, "reason"));
    }
    let cancel = CancelOrder { requested_by: RequestedBy::Platform, ..cancel([]) };
    assert_eq!(refused_cancel(&ready(checkout()), cancel).reason, Reason::OrderProtected);
}

#[test]
fn what_is_named_has_to_be_there_once_and_open() {
    let order = ready(checkout());
    for (lines, reason, field) in [
        (vec![asked("hat", 1)], Reason::UnknownLine, "lines[0].cart_item_id"),
        (
            vec![asked("socks", 1), asked("socks", 1)],
            Reason::DuplicateLine,
            "lines[1].cart_item_id",
        ),
        (vec![asked("socks", 0)], Reason::InvalidQuantity, "lines[0].quantity"),
        (vec![asked("socks", 3)], Reason::QuantityNotAvailable, "lines[0].quantity"),
    ] {
        let refused = refused(&order, request(lines));
        assert_eq!((refused.reason, blamed(&refused)), (reason, field));
    }
    let held = requested(order, request([asked("socks", 2)]));
    let refused = refused_cancel(&held, cancel([asked("socks", 1)]));
    assert_eq!(refused.reason, Reason::QuantityNotAvailable);
    assert_eq!((figure(&refused, "left"), figure(&refused, "held")), (Some("0"), Some("2")));
}

#[test]
fn a_whole_order_held_by_a_request_names_the_request() {
    let held = requested(ready(checkout()), request([]));
    let refused = refused_cancel(&held, cancel([]));
    assert_eq!(refused.reason, Reason::QuantityNotAvailable);
    assert!(refused.message.contains(&cancellation_id(1).to_string()), "{refused}");
}

#[test]
fn a_store_that_accepts_by_itself_does_so_in_the_same_step() {
    let policy = RequestPolicy { auto_accept: true, ..settings() };
    let order = requested(ready(checkout()), RequestCancellation { policy, ..request([]) });
    assert_eq!(latest(&order).state, CancellationState::InProgress);
    assert_eq!(order.state, OrderState::Cancelled);
    assert_eq!(order.refunds[0].state, RefundState::Pending);
    assert_eq!(latest(&order).refund_id, Some(order.refunds[0].refund_id));
    assert_eq!(latest(&order).reason, None, "the customer's reason is not the merchant's");
}

#[test]
fn what_cannot_be_accepted_by_itself_waits_for_a_person() {
    let policy = RequestPolicy { auto_accept: true, cancel_before_ready: false, ..settings() };
    let order = requested(received(checkout()), RequestCancellation { policy, ..request([]) });
    assert_eq!(latest(&order).state, CancellationState::Requested);
    assert_eq!(pieces(&order, "shirt"), (3, 0, 0));
}

#[test]
fn an_order_that_is_not_ready_is_cancelled_only_if_the_store_lets_it() {
    let policy = RequestPolicy { cancel_before_ready: false, ..settings() };
    let refused = refused_cancel(&received(checkout()), CancelOrder { policy, ..cancel([]) });
    assert_eq!(refused.reason, Reason::NotEnabled);
    let order = cancelled(received(checkout()), cancel([]));
    assert_eq!(
        (order.state, order.cancelled_from),
        (OrderState::Cancelled, Some(OrderState::Received))
    );
}
