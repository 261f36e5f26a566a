//! Payments, shipments and the order's own steps.

use crate::build::{
    amount, answered, checkout, decided, merchant, policy, ready, received, settled,
};
use crate::cancellations::build::{by_platform, cancel, refund_ids};
use domain::{
    Reason, Rejection,
    cancellation::CancellationReason,
    id::ShipmentId,
    order::{
        Command, ExternalIds, Fact, LatePayment, NewOrder, NewTender, Order, OrderState, Parcel,
        PaymentReport, Shipment, TenderState,
    },
    refund::LegKind,
};
use time::OffsetDateTime;
use uuid::Uuid;

#[test]
fn a_payment_moves_forward_only() {
    use TenderState::{Authorized, Captured, Failed, Pending};
    let table = [
        (Pending, [(Pending, "."), (Authorized, "1"), (Captured, "1"), (Failed, "1")]),
        (Authorized, [(Pending, "."), (Authorized, "0"), (Captured, "1"), (Failed, "1")]),
        (Captured, [(Pending, "."), (Authorized, "."), (Captured, "0"), (Failed, ".")]),
        (Failed, [(Pending, "."), (Authorized, "."), (Captured, "."), (Failed, "0")]),
    ];
    for (from, row) in table {
        for (to, expected) in row {
            let facts = paid(from).decide(report(to, None));
            let outcome = facts.map_or_else(|_| ".".to_owned(), |facts| facts.len().to_string());
            assert_eq!(outcome, expected, "{} to {}", from.name(), to.name());
        }
    }
}

#[test]
fn more_can_be_captured_later_but_not_less() {
    let order = decided(paid(TenderState::Authorized), report(TenderState::Captured, Some("50")));
    assert_eq!(order.tenders[0].captured, amount("50"));
    assert_eq!(order.tenders[0].authorized, amount("85"));
    let order = decided(order, report(TenderState::Captured, Some("60")));
    assert_eq!(order.tenders[0].captured, amount("60"));
    let refused = order.decide(report(TenderState::Captured, Some("59.99"))).unwrap_err();
    assert_eq!(refused.reason, Reason::PaymentStateForbids);
    let refused = order.decide(report(TenderState::Captured, Some("85.01"))).unwrap_err();
    assert_eq!(refused.reason, Reason::InvalidAmount);
    for state in [TenderState::Authorized, TenderState::Captured] {
        let refused = paid(TenderState::Pending).decide(report(state, Some("-0.01"))).unwrap_err();
        assert_eq!(refused.reason, Reason::InvalidAmount, "less than nothing");
    }
}

#[test]
fn a_report_may_bring_the_providers_reference() {
    let order = decided(paid(TenderState::Pending), referring(TenderState::Authorized, "pi_1"));
    assert_eq!(order.tenders[0].provider_reference, "pi_1");
    let order = decided(order, report(TenderState::Captured, None));
    assert_eq!(order.tenders[0].provider_reference, "pi_1");
    assert_eq!(order.decide(referring(TenderState::Captured, "pi_1")), Ok(vec![]));
    let facts = order.decide(referring(TenderState::Captured, "pi_2")).unwrap();
    let [Fact::PaymentRecorded { provider_reference, captured, .. }] = &facts[..] else {
        panic!("one payment is recorded: {facts:?}")
    };
    assert_eq!(provider_reference.as_deref(), Some("pi_2"));
    assert_eq!(*captured, amount("85"));
}

#[test]
fn an_unknown_tender_is_refused() {
    let report = PaymentReport {
        tender_id: "other".parse().unwrap(),
        state: TenderState::Captured,
        amount: None,
        provider_reference: None,
    };
    let refused = ready(checkout()).decide(Command::RecordPayment(report)).unwrap_err();
    assert_eq!(refused.reason, Reason::UnknownTender);
}

#[test]
fn an_order_becomes_ready_once_every_payment_is_confirmed() {
    for (state, ready) in [
        (TenderState::Pending, false),
        (TenderState::Failed, false),
        (TenderState::Authorized, true),
        (TenderState::Captured, true),
    ] {
        let order = Order { state: OrderState::Received, ..paid(state) };
        assert_eq!(
            order.decide(Command::MarkReady { plug_and_play: false }).is_ok(),
            ready,
            "{}",
            state.name()
        );
    }
}

#[test]
fn an_order_is_completed_only_when_everything_is_captured() {
    let order = decided(paid(TenderState::Authorized), Command::Accept(external()));
    let refused = order.decide(Command::Complete).unwrap_err();
    assert_eq!(refused.reason, Reason::PaymentNotCaptured);
    let order = decided(order, report(TenderState::Captured, None));
    assert_eq!(decided(order, Command::Complete).state, OrderState::Completed);
}

#[test]
fn draft_ids_may_change_until_the_order_is_accepted() {
    let draft = ExternalIds { id: "D".into(), number: "D".into() };
    let order = decided(received(checkout()), Command::SetExternalReference(draft.clone()));
    assert_eq!(order.external, Some(draft.clone()));
    assert_eq!(order.decide(Command::SetExternalReference(draft)), Ok(vec![]));
    let order = decided(order, Command::MarkReady { plug_and_play: false });
    let order = decided(order, Command::Accept(external()));
    assert_eq!(order.external, Some(external()));
}

#[test]
fn only_open_pieces_ship_and_only_pieces_in_transit_arrive() {
    let order = decided(ready(checkout()), ship(2));
    let refused = order.decide(ship(2)).unwrap_err();
    assert_eq!(refused.reason, Reason::QuantityNotAvailable);
    let refused = order.decide(Command::Deliver(parcels(3))).unwrap_err();
    assert_eq!(refused.reason, Reason::QuantityNotAvailable);
    let order = decided(order, Command::Deliver(parcels(1)));
    let order = decided(order, Command::Deliver(Vec::new()));
    let shirt = order.lines[0].quantities;
    assert_eq!((shirt.in_transit, shirt.delivered, order.lines[0].open()), (0, 2, 1));
    let refused = order.decide(Command::Deliver(Vec::new())).unwrap_err();
    assert_eq!(refused.reason, Reason::QuantityNotAvailable);
}

#[test]
fn a_shipment_names_lines_of_the_order_once_each() {
    let order = ready(checkout());
    let ship = |parcels: &[(&str, u32)]| {
        let parcels = parcels
            .iter()
            .map(|&(id, quantity)| Parcel { cart_item_id: id.into(), quantity })
            .collect();
        order.decide(Command::Ship(Shipment { parcels, ..shipment(1) })).unwrap_err().reason
    };
    assert_eq!(ship(&[("hat", 1)]), Reason::UnknownLine);
    assert_eq!(ship(&[("shirt", 1), ("shirt", 1)]), Reason::DuplicateLine);
    assert_eq!(ship(&[("shirt", 0)]), Reason::InvalidQuantity);
}

fn paid(state: TenderState) -> Order {
    let NewOrder { mut tenders, .. } = checkout();
    tenders[0].state = state;
    ready(NewOrder { tenders, ..checkout() })
}

fn report(state: TenderState, reported: Option<&str>) -> Command {
    Command::RecordPayment(PaymentReport {
        tender_id: "card".parse().unwrap(),
        state,
        amount: reported.map(amount),
        provider_reference: None,
    })
}

fn referring(state: TenderState, reference: &str) -> Command {
    Command::RecordPayment(PaymentReport {
        tender_id: "card".parse().unwrap(),
        state,
        amount: None,
        provider_reference: Some(reference.into()),
    })
}

fn external() -> ExternalIds {
    ExternalIds { id: "A-1".into(), number: "1".into() }
}

fn ship(quantity: u32) -> Command {
    Command::Ship(shipment(quantity))
}

fn shipment(quantity: u32) -> Shipment {
    Shipment {
        shipment_id: ShipmentId::from_uuid(Uuid::from_u128(1)),
        parcels: parcels(quantity),
        carrier: "DHL".into(),
        tracking_number: "1".into(),
        shipped_at: OffsetDateTime::UNIX_EPOCH,
    }
}

fn parcels(quantity: u32) -> Vec<Parcel> {
    vec![Parcel { cart_item_id: "shirt".into(), quantity }]
}

#[test]
fn a_payment_in_part_confirms_nothing() {
    let NewOrder { mut tenders, .. } = checkout();
    tenders[0].state = TenderState::Pending;
    let waiting = received(NewOrder { tenders, ..checkout() });
    for part in ["0", "84.99"] {
        let order = decided(waiting.clone(), report(TenderState::Authorized, Some(part)));
        assert_eq!(
            order.decide(Command::MarkReady { plug_and_play: false }).unwrap_err().reason,
            Reason::OrderNotReady
        );
    }
    let order = decided(waiting, report(TenderState::Authorized, Some("85.00")));
    assert!(order.decide(Command::MarkReady { plug_and_play: false }).is_ok());
}

/// Cancelled as unpaid, by the platform or by the merchant.
fn cancelled_unpaid(by_platform_itself: bool) -> Order {
    let command = if by_platform_itself {
        Command::CancelByPlatform(Box::new(by_platform(CancellationReason::PaymentFailed)))
    } else {
        Command::CancelOrder(Box::new(cancel([])))
    };
    let order = Order { state: OrderState::Received, ..paid(TenderState::Pending) };
    decided(order, command)
}

fn late(order: &Order, state: TenderState) -> Result<Vec<Fact>, Rejection> {
    let Command::RecordPayment(report) = report(state, None) else { unreachable!() };
    let (refund, at, by) = (refund_ids(9), OffsetDateTime::UNIX_EPOCH, merchant());
    let late = LatePayment { report, refund, at, by, policy: policy() };
    order.decide(Command::RecordLatePayment(Box::new(late)))
}

#[test]
fn what_comes_in_after_the_platform_cancelled_goes_back() {
    let order = cancelled_unpaid(true);
    assert!(order.is_cancelled_for_good() && order.awaits_payment());
    let kinds =
        [(TenderState::Captured, LegKind::Refund), (TenderState::Authorized, LegKind::Release)];
    for (state, kind) in kinds {
        let facts = late(&order, state).unwrap();
        let names: Vec<_> = facts.iter().map(Fact::name).collect();
        assert_eq!(names, ["payment.recorded", "refund.created"]);
        let after = facts.iter().fold(order.clone(), Order::evolve);
        assert_eq!(after.state, OrderState::Cancelled);
        let [refund] = &after.refunds[..] else { panic!("{:?}", after.refunds) };
        assert_eq!((refund.total.customer, refund.legs[0].kind), (amount("85.00"), kind));
        let left = after.books().unwrap().refundable(&after).unwrap();
        assert!(left.total.customer.is_zero() && left.total.merchant.is_zero());
        // Told again, it is no news and gives nothing back.
        assert_eq!(late(&after, state), Ok(vec![]));
    }
    let given_up = late(&order, TenderState::Failed).unwrap();
    assert_eq!(given_up.iter().map(Fact::name).collect::<Vec<_>>(), ["payment.recorded"]);
    // Also what comes in after nobody waits for it any more.
    let after = given_up.iter().fold(order, Order::evolve);
    assert!(!after.awaits_payment());
    let facts = late(&after, TenderState::Captured).unwrap();
    let back = facts.iter().fold(after, Order::evolve).books().unwrap().total;
    assert_eq!(back.customer, amount("85.00"));
}

#[test]
fn what_comes_in_after_a_merchant_cancelled_is_for_a_person() {
    let order = cancelled_unpaid(false);
    assert!(!order.is_cancelled_for_good());
    let refused = late(&order, TenderState::Captured).unwrap_err();
    assert_eq!(refused.reason, Reason::OrderCancelled);
}

const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

/// Of its payments one was made in time or none, and the others come in after it was cancelled.
#[test]
fn whatever_comes_in_late_all_that_was_paid_is_back_in_both_currencies() {
    let whole = checkout();
    let part = |id: &str, share: &str| NewTender {
        tender_id: id.parse().unwrap(),
        amount: amount(share),
        state: TenderState::Pending,
        ..whole.tenders[0].clone()
    };
    let tables: [&[&str]; 4] = [
        &["60", "15", "10"],
        &["84.98", "0.01", "0.01"],
        &["28.33", "28.33", "28.34"],
        &["84.96", "0.01", "0.01", "0.01", "0.01"],
    ];
    for in_time in [true, false] {
        for shares in tables {
            let tenders = NAMES.iter().zip(shares).map(|(id, share)| part(id, share)).collect();
            let mut order = received(NewOrder { tenders, ..checkout() });
            let captured = |id: &str| PaymentReport {
                tender_id: id.parse().unwrap(),
                state: TenderState::Captured,
                amount: None,
                provider_reference: None,
            };
            if in_time {
                order = decided(order, Command::RecordPayment(captured("a")));
            }
            let unpaid = by_platform(CancellationReason::PaymentFailed);
            order = decided(order, Command::CancelByPlatform(Box::new(unpaid)));
            let names = NAMES.into_iter().take(shares.len()).enumerate();
            for (place, id) in names.skip(in_time.into()) {
                let late = LatePayment {
                    report: captured(id),
                    refund: refund_ids(10 + place as u128),
                    at: OffsetDateTime::UNIX_EPOCH,
                    by: merchant(),
                    policy: policy(),
                };
                order = decided(order, Command::RecordLatePayment(Box::new(late)));
                let refund = order.refunds.last().unwrap();
                assert_eq!(refund.total.customer, order.tenders[place].captured);
                assert_eq!(refund.legs[0].tender_id.as_str(), id);
                assert!(!refund.total.merchant.is_negative());
            }
            let back = order.books().unwrap().total;
            assert_eq!(back, order.totals().unwrap(), "{shares:?}");
        }
    }
}

/// A part was authorised in time and let go; then all the rest is captured.
#[test]
fn the_rest_of_a_payment_that_comes_in_late_goes_back_too() {
    let partly = report(TenderState::Authorized, Some("40"));
    let order = Order { state: OrderState::Received, ..paid(TenderState::Pending) };
    let order = decided(order, partly);
    let more = decided(order.clone(), report(TenderState::Authorized, Some("50")));
    assert_eq!(more.tenders[0].authorized, amount("50"));
    let unpaid = by_platform(CancellationReason::PaymentFailed);
    let order = decided(order, Command::CancelByPlatform(Box::new(unpaid)));
    let release = &order.refunds[0];
    assert_eq!((release.legs[0].kind, release.legs[0].amount), (LegKind::Release, amount("40")));
    let order = answered(order, 0, settled());
    assert!(order.awaits_payment());
    let facts = late(&order, TenderState::Captured).unwrap();
    let order = facts.iter().fold(order, Order::evolve);
    let refund = &order.refunds[1];
    assert_eq!((refund.legs[0].kind, refund.total.customer), (LegKind::Refund, amount("45")));
    let books = order.books().unwrap();
    assert_eq!(books.total, order.totals().unwrap());
    assert_eq!(
        (order.tenders[0].authorized, order.tenders[0].captured),
        (amount("85"), amount("45"))
    );
}
