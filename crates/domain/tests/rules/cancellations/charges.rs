//! What goes back beside the pieces, and what is kept of them.

use super::build::{
    accept, accepted, asked, cancel, cancellation_id, cancelled, latest, nth, request, requested,
};
use crate::build::{
    amount, checkout, decided, decimal, full, last, left, pieces, products, ready, refunded, tender,
};
use domain::{
    Amount, Pair, Reason, Rejection,
    cancellation::{
        AcceptCancellation, CancelOrder, CancellationState, Charges, RequestCancellation,
    },
    id::ShipmentId,
    order::{Command, Fact, Order, OrderState, Parcel, Shipment, TenderMethod},
    refund::{ComponentKind, RefundRequest, RefundState},
};

fn with_fee(fee: &str) -> Charges {
    Charges { fee: Some(decimal(fee)), ..Charges::default() }
}

fn with_shipping(shipping: &str) -> Charges {
    Charges { shipping_amount: Some(decimal(shipping)), ..Charges::default() }
}

fn decide(order: &Order, charges: Charges, cancel: CancelOrder) -> Result<Vec<Fact>, Rejection> {
    order.decide(Command::CancelOrder(Box::new(CancelOrder { charges, ..cancel })))
}

/// Of the refund that was made last.
fn component(order: &Order, kind: ComponentKind) -> Option<Pair> {
    let found = last(order).components.iter().find(|component| component.kind == kind);
    found.map(|component| component.amount)
}

fn shipped(cart_item_id: &str, quantity: u32) -> Order {
    let shipment = Shipment {
        shipment_id: ShipmentId::from_uuid(uuid::Uuid::from_u128(1)),
        parcels: vec![Parcel { cart_item_id: cart_item_id.into(), quantity }],
        carrier: "DHL".into(),
        tracking_number: "1".into(),
        shipped_at: super::build::NOW,
    };
    decided(ready(checkout()), Command::Ship(shipment))
}

#[test]
fn a_fee_of_all_that_would_go_back_is_kept_for_good() {
    for (fee, back, later) in [("10.99", "0.01", "74.00"), ("11.00", "0.00", "74.00")] {
        let cancel = CancelOrder { charges: with_fee(fee), ..cancel([asked("socks", 2)]) };
        let order = cancelled(ready(checkout()), cancel);
        assert_eq!(last(&order).total.customer, amount(back));
        assert_eq!(left(&order).lines[1].quantity, 0, "the piece does not go back again");
        assert_eq!(last(&refunded(order, full())).total.customer, amount(later));
    }
    let cancel = CancelOrder { charges: with_fee("11.00"), ..cancel([asked("socks", 2)]) };
    let order = cancelled(ready(checkout()), cancel);
    assert_eq!(last(&order).state, RefundState::Succeeded);
    assert_eq!(latest(&order).state, CancellationState::Completed, "nothing is to be waited for");
    let kept = component(&order, ComponentKind::CancellationFee).unwrap();
    assert_eq!(kept.customer, amount("11.00").negated());
}

#[test]
fn a_fee_is_at_most_what_goes_back_and_never_of_what_cannot_be_given_in_part() {
    let refused = decide(&ready(checkout()), with_fee("11.01"), cancel([asked("socks", 2)]));
    assert_eq!(refused.unwrap_err().reason, Reason::NegativeRefund);
    let mut new = checkout();
    new.tenders[0].method = TenderMethod::Mobile;
    let order = ready(new);
    let refused = decide(&order, with_fee("5.00"), cancel([])).unwrap_err();
    assert_eq!(refused.reason, Reason::PartialNotSupported);
    assert_eq!((refused.value("asked"), refused.value("left")), (Some("80"), Some("85")));
    cancelled(order, cancel([]));
    // Beside a card, the fee is kept of the card.
    let mut new = checkout();
    new.tenders = vec![
        tender("card", TenderMethod::Card, amount("60.00")),
        tender("bill", TenderMethod::Mobile, amount("25.00")),
    ];
    let cancel = CancelOrder { charges: with_fee("5.00"), ..cancel([]) };
    let order = cancelled(ready(new), cancel);
    let legs: Vec<_> = last(&order).legs.iter().map(|leg| leg.amount).collect();
    assert_eq!(legs, [amount("55.00"), amount("25.00")]);
}

#[test]
fn a_fee_of_an_earlier_refund_keeps_nobody_from_cancelling() {
    let mut new = checkout();
    new.tenders[0].method = TenderMethod::Mobile;
    let request = RefundRequest {
        customer_prepaid_refund_amount: Some(decimal("2.00")),
        ..products([pieces("socks", 1)])
    };
    let order = refunded(ready(new), request);
    assert_eq!(cancelled(order, cancel([])).state, OrderState::Cancelled);
}

#[test]
fn amounts_are_amounts_also_where_everything_goes_back() {
    let order = ready(checkout());
    for charges in [
        with_shipping("-1"),
        with_shipping("0.001"),
        Charges { fee: Some(decimal("-0.01")), ..Charges::default() },
    ] {
        for lines in [vec![], vec![asked("shirt", 1)]] {
            let refused = decide(&order, charges.clone(), cancel(lines)).unwrap_err();
            assert_eq!(refused.reason, Reason::InvalidAmount, "{charges:?}");
        }
    }
    let refused = decide(&order, with_shipping("900.00"), cancel([])).unwrap_err();
    assert_eq!(refused.reason, Reason::AmountExceedsRefundable);
    assert_eq!(refused.violations[0].field, "shipping_amount");
    // Less than all of it makes no part of a whole.
    let less = CancelOrder { charges: with_shipping("0.01"), ..cancel([]) };
    assert_eq!(last(&cancelled(order, less)).total.customer, amount("85.00"));
}

#[test]
fn shipping_goes_back_with_the_last_piece_that_is_open() {
    let order = shipped("shirt", 3);
    let all = left(&order).shipping;
    let part = cancelled(order.clone(), cancel([asked("socks", 1)]));
    assert_eq!(component(&part, ComponentKind::Shipping), None);
    let order = cancelled(part, nth(2, cancel([asked("socks", 1)])));
    assert_eq!(component(&order, ComponentKind::Shipping).unwrap(), all);
    assert_eq!(order.state, domain::order::OrderState::Ready, "what was shipped is not cancelled");
    // A piece that somebody asks for is not gone yet.
    let held = requested(shipped("shirt", 3), request([asked("socks", 1)]));
    let order = cancelled(held, nth(2, cancel([asked("socks", 1)])));
    assert_eq!(component(&order, ComponentKind::Shipping), None);
}

#[test]
fn whoever_accepts_may_give_all_shipping_back() {
    let charges = with_shipping("1.00");
    let asked_for = RequestCancellation { charges, ..request([asked("shirt", 1)]) };
    let order = requested(ready(checkout()), asked_for);
    let all = left(&order).shipping;
    let as_asked = accepted(order.clone(), accept(cancellation_id(1)));
    let back = component(&as_asked, ComponentKind::Shipping).unwrap();
    assert_eq!(back.customer, amount("1.00"));
    let accept = AcceptCancellation { shipping_refund: true, ..accept(cancellation_id(1)) };
    let order = accepted(order, accept);
    assert_eq!(component(&order, ComponentKind::Shipping).unwrap(), all);
    assert_eq!(left(&order).shipping.customer, Amount::ZERO);
}
