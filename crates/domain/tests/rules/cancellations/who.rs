//! Who may say what, and whose doing it is.

use super::build::{
    asked, by_platform, cancel, cancellation_id, cancelled, given, latest, nth, request, requested,
    settings, undo, undone,
};
use crate::build::{
    amount, checkout, currency, decided, exhausted, last, merchant, policy, ready, received,
};
use domain::{
    Actor, Reason, Rejection,
    cancellation::{
        CancelOrder, CancellationReason, Channel, Charges, Given, RequestCancellation,
        RequestPolicy, RequestedBy,
    },
    order::{Command, ExternalIds, Fact, Order, OrderState, TenderMethod},
    refund::{RefundPolicy, RefundState},
};

fn refused(order: &Order, cancel: CancelOrder) -> Rejection {
    order.decide(Command::CancelOrder(Box::new(cancel))).unwrap_err()
}

fn refused_request(order: &Order, request: RequestCancellation) -> Rejection {
    order.decide(Command::RequestCancellation(Box::new(request))).unwrap_err()
}

fn by_platform_for(order: &Order, reason: CancellationReason) -> Result<Order, Reason> {
    let facts = order.decide(Command::CancelByPlatform(Box::new(by_platform(reason))));
    Ok(facts.map_err(|refused| refused.reason)?.iter().fold(order.clone(), Order::evolve))
}

#[test]
fn the_platform_lets_nothing_through_that_it_must_not() {
    let order = received(checkout());
    for reason in CancellationReason::ALL {
        let may = reason.is_platforms() && reason != CancellationReason::HandoverFailed;
        match by_platform_for(&order, reason) {
            Ok(cancelled) => {
                assert!(may, "{}", reason.name());
                assert_eq!(cancelled.state, OrderState::Cancelled);
                let made = latest(&cancelled);
                assert_eq!(made.reason, Some(given(reason)));
                assert_eq!(
                    (made.requested_by, made.channel),
                    (RequestedBy::Platform, Channel::System)
                );
            }
            Err(refused) => assert_eq!((may, refused), (false, Reason::OrderProtected)),
        }
    }
    for reason in CancellationReason::ALL {
        let may = reason == CancellationReason::HandoverFailed;
        let made = by_platform_for(&exhausted(ready(checkout())), reason);
        assert_eq!(made.is_ok(), may, "{}", reason.name());
    }
}

#[test]
fn what_is_left_after_partial_cancels_is_cancelled_when_nobody_takes_the_order() {
    let order = cancelled(exhausted(ready(checkout())), cancel([asked("shirt", 1)]));
    let failed = nth(2, by_platform(CancellationReason::HandoverFailed));
    let order = decided(order, Command::CancelByPlatform(Box::new(failed)));
    assert_eq!(order.state, OrderState::Cancelled);
    assert_eq!(latest(&order).lines.iter().map(|line| line.quantity).sum::<u32>(), 4);
}

#[test]
fn a_customer_on_the_phone_and_the_merchant_have_their_own_words() {
    let by_phone = |reason| CancelOrder {
        requested_by: RequestedBy::Customer,
        channel: Channel::Contact,
        reason: given(reason),
        ..cancel([])
    };
    let order = cancelled(ready(checkout()), by_phone(CancellationReason::ChangedMind));
    assert_eq!(latest(&order).customer_reason, Some(given(CancellationReason::ChangedMind)));
    let order = cancelled(ready(checkout()), by_phone(CancellationReason::OutOfStock));
    assert_eq!(latest(&order).customer_reason, None);
    assert_eq!(latest(&order).reason, Some(given(CancellationReason::OutOfStock)));
}

#[test]
fn each_kind_of_cancellation_comes_in_its_own_way() {
    let order = ready(checkout());
    for (requested_by, channel, fits) in [
        (RequestedBy::Customer, Channel::Contact, true),
        (RequestedBy::Customer, Channel::Account, false),
        (RequestedBy::Customer, Channel::Merchant, false),
        (RequestedBy::Merchant, Channel::Merchant, true),
        (RequestedBy::Merchant, Channel::Contact, false),
        (RequestedBy::Merchant, Channel::System, false),
    ] {
        let cancel = CancelOrder { requested_by, channel, ..cancel([]) };
        let made = order.decide(Command::CancelOrder(Box::new(cancel)));
        assert_eq!(made.is_ok(), fits, "{requested_by:?} {channel:?}");
    }
    for channel in [Channel::Merchant, Channel::System] {
        let refused = refused_request(&order, RequestCancellation { channel, ..request([]) });
        assert_eq!(refused.reason, Reason::InvalidFields);
        assert_eq!(refused.violations[0].field, "channel");
    }
}

#[test]
fn blank_words_are_no_words() {
    let reason = Given { reason: CancellationReason::Other, text: Some("  ".into()) };
    let refused = refused(&ready(checkout()), CancelOrder { reason, ..cancel([]) });
    assert_eq!(refused.violations[0].field, "comment");
}

#[test]
fn all_that_is_left_is_not_what_somebody_else_asks_for() {
    let order = requested(ready(checkout()), request([asked("shirt", 1)]));
    let refused = refused(&order, nth(2, cancel([])));
    assert_eq!(refused.reason, Reason::QuantityNotAvailable);
    assert_eq!((refused.value("held"), refused.value("left")), (Some("1"), Some("4")));
    let holder = cancellation_id(1).to_string();
    assert_eq!(refused.value("cancellation_id"), Some(holder.as_str()));
    let named = cancel([asked("shirt", 2), asked("socks", 2)]);
    assert_eq!(cancelled(order, nth(2, named)).state, OrderState::Ready);
}

#[test]
fn a_request_that_nobody_could_accept_holds_nothing() {
    let mut new = checkout();
    new.tenders[0].method = TenderMethod::Mobile;
    let refused = refused_request(&ready(new), request([asked("shirt", 1)]));
    assert_eq!(refused.reason, Reason::PartialNotSupported);
    let fee = Charges { fee: Some(crate::build::decimal("99.00")), ..Charges::default() };
    let asked_for = RequestCancellation { charges: fee, ..request([asked("shirt", 1)]) };
    assert_eq!(refused_request(&ready(checkout()), asked_for).reason, Reason::NegativeRefund);
}

#[test]
fn what_the_store_accepts_by_itself_is_its_own_doing_and_no_way_round_an_approval() {
    let limit = Some((amount("10.00"), currency("EUR")));
    let refund = RefundPolicy { approval_limit: limit, ..policy() };
    let policy = RequestPolicy { auto_accept: true, refund, ..settings() };
    let by_staff = RequestCancellation { by: merchant(), policy: policy.clone(), ..request([]) };
    let facts = ready(checkout()).decide(Command::RequestCancellation(Box::new(by_staff))).unwrap();
    let order = facts.iter().fold(ready(checkout()), Order::evolve);
    assert_eq!(last(&order).state, RefundState::Held);
    assert_eq!(last(&order).created_by, merchant());
    let system = Actor::worker("auto-accept");
    for fact in &facts {
        let own = matches!(fact, Fact::CancellationAccepted { .. } | Fact::OrderCancelled { .. });
        assert_eq!(fact.by(), own.then_some(&system), "{}", fact.name());
    }
    let order = requested(ready(checkout()), RequestCancellation { policy, ..request([]) });
    assert_eq!(last(&order).state, RefundState::Pending, "a customer's is the store's own wish");
}

#[test]
fn an_order_that_goes_its_way_keeps_nobody_from_an_undo() {
    let ids = || ExternalIds { id: "A-1".into(), number: "1".into() };
    let order = cancelled(ready(checkout()), cancel([asked("socks", 1)]));
    let order = decided(order, Command::Accept(ids()));
    undone(order.clone(), undo(cancellation_id(1), None));
    // Also once the rest was cancelled, with the ids that it had.
    let order = cancelled(order, nth(2, cancel([asked("shirt", 3)])));
    let order = cancelled(order, nth(3, cancel([asked("socks", 1)])));
    assert_eq!(order.state, OrderState::Cancelled);
    let undo =
        |id| order.decide(Command::UndoCancellation(Box::new(undo(cancellation_id(id), None))));
    assert_eq!(undo(1).unwrap_err().reason, Reason::LaterChange);
    assert!(undo(2).is_ok());
    // A push that came too late gave it ids of another order.
    let late = Fact::ExternalReferenceSet { external: ids() };
    let order = cancelled(ready(checkout()), cancel([])).evolve(&late);
    let undo = Command::UndoCancellation(Box::new(super::build::undo(cancellation_id(1), None)));
    assert_eq!(order.decide(undo).unwrap_err().reason, Reason::AcceptedUnderOtherIds);
}

#[test]
fn an_order_that_the_platform_stopped_is_not_set_going_by_an_older_undo() {
    let order = cancelled(received(checkout()), cancel([asked("socks", 2)]));
    let fraud = nth(5, by_platform(CancellationReason::FraudDetected));
    let order = decided(order, Command::CancelByPlatform(Box::new(fraud)));
    let undo = Command::UndoCancellation(Box::new(super::build::undo(cancellation_id(1), None)));
    assert_eq!(order.decide(undo).unwrap_err().reason, Reason::PlatformCancellation);
}

#[test]
fn what_a_store_accepts_by_itself_counts_as_the_customers() {
    let mut new = checkout();
    new.lines[0].quantity = 3_000;
    let mut order = ready(new);
    let policy = RequestPolicy { auto_accept: true, ..settings() };
    for number in 1..=Order::MAX_REQUESTS {
        let number = 10 + number as u128;
        let (cancellation_id, refund) = (cancellation_id(number), super::build::refund_ids(number));
        let policy = policy.clone();
        let request = request([asked("shirt", 1)]);
        order =
            requested(order, RequestCancellation { cancellation_id, refund, policy, ..request });
    }
    let one_more = RequestCancellation { policy, ..request([asked("shirt", 1)]) };
    assert_eq!(refused_request(&order, one_more).reason, Reason::TooManyEntries);
    assert_eq!(cancelled(order, nth(9, cancel([]))).state, OrderState::Cancelled);
}

#[test]
fn what_is_held_was_not_shipped() {
    let order =
        crate::cancellations::build::requested(ready(checkout()), request([asked("shirt", 2)]));
    let parcels = vec![domain::order::Parcel { cart_item_id: "shirt".into(), quantity: 1 }];
    let shipment = domain::order::Shipment {
        shipment_id: domain::id::ShipmentId::from_uuid(uuid::Uuid::from_u128(1)),
        parcels,
        carrier: "DHL".into(),
        tracking_number: "1".into(),
        shipped_at: super::build::NOW,
    };
    let order = decided(order, Command::Ship(shipment));
    let one = refused(&order, nth(2, cancel([asked("shirt", 1)])));
    assert_eq!(one.reason, Reason::QuantityNotAvailable, "it is only asked for");
    let all = refused(&order, nth(2, cancel([asked("shirt", 3)])));
    assert_eq!(all.reason, Reason::OrderShipped);
}
