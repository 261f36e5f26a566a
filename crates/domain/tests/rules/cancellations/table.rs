//! State against command, and where the money is against what an undo brings along.

use super::build::{
    accept, accepted, asked, by_platform, cancel, cancellation_id, cancelled, captured, latest,
    nth, paid_back, recaptured, reject, repaid, request, requested, undo, undone, withdraw,
};
use crate::build::{
    amount, checkout, decided, declined, exhausted, last, ready, received, record, settled, tender,
};
use domain::{
    Rejection,
    cancellation::{CancellationReason, CancellationState, Evidence, Standing, UndoCancellation},
    id::ShipmentId,
    order::{
        Command, ExternalIds, Fact, NewOrder, Order, OrderState, Parcel, Shipment, TenderMethod,
    },
    refund::{LegOutcome, RefundMethod},
};
use uuid::Uuid;

/// What was shipped of an order.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Shipped {
    Nothing,
    OneShirt,
    Everything,
}

fn boxed<T>(command: fn(Box<T>) -> Command, value: T) -> Command {
    command(Box::new(value))
}

/// The number of facts, or why not.
fn outcome(order: &Order, command: Command) -> String {
    match order.decide(command) {
        Ok(facts) => facts.len().to_string(),
        Err(Rejection { reason, .. }) => reason.as_str().to_owned(),
    }
}

fn order(state: OrderState, shipped: Shipped) -> Order {
    let mut order = exhausted(ready(checkout()));
    let parcel = |id: &str, quantity| Parcel { cart_item_id: id.into(), quantity };
    let parcels = match shipped {
        Shipped::Nothing => vec![],
        Shipped::OneShirt => vec![parcel("shirt", 1)],
        Shipped::Everything => vec![parcel("shirt", 3), parcel("socks", 2)],
    };
    if !parcels.is_empty() {
        order = decided(order, Command::Ship(shipment(parcels)));
    }
    Order { state, ..order }
}

fn shipment(parcels: Vec<Parcel>) -> Shipment {
    Shipment {
        shipment_id: ShipmentId::from_uuid(Uuid::from_u128(1)),
        parcels,
        carrier: "DHL".into(),
        tracking_number: "1".into(),
        shipped_at: super::build::NOW,
    }
}

#[test]
fn every_way_to_cancel_against_every_state_of_an_order() {
    use OrderState::{Accepted, Cancelled, Completed, Ready, Received};
    use Shipped::{Everything, Nothing, OneShirt};
    const SHIPPED: &str = "ORDER_SHIPPED";
    const PROTECTED: &str = "ORDER_PROTECTED";
    const OVER: &str = "ORDER_CANCELLED";
    // Accepted and paid back, and with the last piece the order is cancelled.
    #[rustfmt::skip]
    let table = [
        //                       request  whole    a sock   a sent shirt  payment    fraud      handover
        (Received,  Nothing,    ["1",     "3",     "2",     "2",          "3",       "3",       PROTECTED]),
        (Ready,     Nothing,    ["1",     "3",     "2",     "2",          PROTECTED, PROTECTED, "3"]),
        (Ready,     OneShirt,   [SHIPPED, SHIPPED, "2",     SHIPPED,      PROTECTED, PROTECTED, SHIPPED]),
        (Ready,     Everything, [SHIPPED, SHIPPED, SHIPPED, SHIPPED,      PROTECTED, PROTECTED, SHIPPED]),
        (Accepted,  Nothing,    ["1",     "3",     "2",     "2",          PROTECTED, PROTECTED, PROTECTED]),
        (Accepted,  OneShirt,   [SHIPPED, SHIPPED, "2",     SHIPPED,      PROTECTED, PROTECTED, PROTECTED]),
        (Accepted,  Everything, [SHIPPED, SHIPPED, SHIPPED, SHIPPED,      PROTECTED, PROTECTED, PROTECTED]),
        (Completed, Nothing,    ["1",     "3",     "2",     "2",          PROTECTED, PROTECTED, PROTECTED]),
        (Completed, OneShirt,   [SHIPPED, SHIPPED, "2",     SHIPPED,      PROTECTED, PROTECTED, PROTECTED]),
        (Completed, Everything, [SHIPPED, SHIPPED, SHIPPED, SHIPPED,      PROTECTED, PROTECTED, PROTECTED]),
        (Cancelled, Nothing,    [OVER,    OVER,    OVER,    OVER,         "0",       "0",       "0"]),
    ];
    for (state, shipped, expected) in table {
        let order = order(state, shipped);
        let platform = |reason| boxed(Command::CancelByPlatform, by_platform(reason));
        let commands = [
            boxed(Command::RequestCancellation, request([])),
            boxed(Command::CancelOrder, cancel([])),
            boxed(Command::CancelOrder, cancel([asked("socks", 1)])),
            boxed(Command::CancelOrder, cancel([asked("shirt", 3)])),
            platform(CancellationReason::PaymentFailed),
            platform(CancellationReason::FraudDetected),
            platform(CancellationReason::HandoverFailed),
        ];
        let outcomes = commands.map(|command| outcome(&order, command));
        assert_eq!(outcomes, expected, "{} {shipped:?}", state.name());
    }
}

fn in_state(state: CancellationState) -> Order {
    let id = cancellation_id(1);
    let asked_for = requested(ready(checkout()), request([asked("shirt", 2), asked("socks", 1)]));
    match state {
        CancellationState::Requested => asked_for,
        CancellationState::Rejected => {
            decided(asked_for, boxed(Command::RejectCancellation, reject(id, [])))
        }
        CancellationState::Withdrawn => decided(asked_for, withdraw(id)),
        CancellationState::InProgress => accepted(asked_for, accept(id)),
        CancellationState::Completed => paid_back(accepted(asked_for, accept(id))),
        CancellationState::Undone => undone(accepted(asked_for, accept(id)), undo(id, None)),
    }
}

#[test]
fn every_command_against_every_state_of_a_cancellation() {
    use CancellationState::{Completed, InProgress, Rejected, Requested, Undone, Withdrawn};
    const NO: &str = "CANCELLATION_STATE_FORBIDS";
    const GONE: &str = "QUANTITY_NOT_AVAILABLE";
    #[rustfmt::skip]
    let table = [
        //            accept reject a part withdraw undo                  again  cancel ship
        (Requested,  ["2",   "1",   "1",   "1",     NO,                   GONE,  GONE,  GONE]),
        (Rejected,   [NO,    NO,    NO,    NO,      NO,                   "1",   "2",   "1"]),
        (Withdrawn,  [NO,    NO,    NO,    "0",     NO,                   "1",   "2",   "1"]),
        (InProgress, [NO,    NO,    NO,    NO,      "2",                  GONE,  GONE,  GONE]),
        (Completed,  [NO,    NO,    NO,    NO,      "EVIDENCE_REQUIRED",  GONE,  GONE,  GONE]),
        (Undone,     [NO,    NO,    NO,    NO,      NO,                   "1",   "2",   "1"]),
    ];
    assert_eq!(table.map(|(state, _)| state), CancellationState::ALL);
    let id = cancellation_id(1);
    for (state, expected) in table {
        let order = in_state(state);
        assert_eq!(latest(&order).state, state);
        let parcels = vec![Parcel { cart_item_id: "shirt".into(), quantity: 2 }];
        let again = domain::cancellation::RequestCancellation {
            cancellation_id: cancellation_id(9),
            ..request([asked("shirt", 2)])
        };
        let commands = [
            boxed(Command::AcceptCancellation, accept(id)),
            boxed(Command::RejectCancellation, reject(id, [])),
            boxed(Command::RejectCancellation, reject(id, [asked("shirt", 1)])),
            withdraw(id),
            boxed(Command::UndoCancellation, undo(id, None)),
            boxed(Command::RequestCancellation, again),
            boxed(Command::CancelOrder, nth(9, cancel([asked("shirt", 2)]))),
            Command::Ship(shipment(parcels)),
        ];
        let outcomes = commands.map(|command| outcome(&order, command));
        assert_eq!(outcomes, expected, "{}", state.name());
    }
}

/// Paid with a card, and points of 20.00.
fn with_points(method: TenderMethod) -> Order {
    let mut points = tender("points", TenderMethod::Points, amount("20.00"));
    points.provider = "ledger".into();
    points.provider_reference = "P-1".into();
    let rest = tender("card", method, amount("65.00"));
    ready(NewOrder { tenders: vec![points, rest], ..checkout() })
}

/// What is done to the leg over the card, before the undo.
fn card(order: Order, outcome: Option<LegOutcome>) -> Order {
    let refund_id = last(&order).refund_id;
    let leg_id = last(&order).legs.iter().find(|leg| leg.tender_id.as_str() == "card");
    let leg_id = leg_id.unwrap().leg_id.clone();
    let order = decided(
        order,
        Command::SendLeg {
            refund_id,
            leg_id: leg_id.clone(),
            attempt: 0,
            at: time::OffsetDateTime::UNIX_EPOCH,
        },
    );
    match outcome {
        Some(outcome) => decided(order, record(refund_id, leg_id, 1, outcome)),
        None => order,
    }
}

#[test]
fn where_the_money_is_against_what_an_undo_brings_along() {
    const NEEDED: &str = "EVIDENCE_REQUIRED";
    const SHORT: &str = "EVIDENCE_INSUFFICIENT";
    const FLIGHT: &str = "REFUND_IN_FLIGHT";
    const GONE: &str = "INSUFFICIENT_BALANCE";
    const NEVER: &str = "PLATFORM_CANCELLATION";
    const NOT_AGAIN: &str = "NOT_RECAPTURED";
    let by = |method: TenderMethod, way| {
        let cancel = domain::cancellation::CancelOrder { method: way, ..cancel([]) };
        cancelled(with_points(method), cancel)
    };
    let original = || by(TenderMethod::Card, RefundMethod::Original);
    let later = || LegOutcome::Accepted { reference: "later".into() };
    let refused = || card(original(), Some(declined()));
    let points_back = |order: Order| {
        let refund_id = last(&order).refund_id;
        let leg_id = last(&order).legs[0].leg_id.clone();
        let order = decided(
            order,
            Command::SendLeg {
                refund_id,
                leg_id: leg_id.clone(),
                attempt: 0,
                at: time::OffsetDateTime::UNIX_EPOCH,
            },
        );
        decided(order, record(refund_id, leg_id, 1, settled()))
    };
    let deposit = || by(TenderMethod::Card, RefundMethod::BankDeposit);
    let held = {
        let order = original();
        let refund_id = last(&order).refund_id;
        let (by, reason) = (crate::build::merchant(), "odd".to_owned());
        decided(order, Command::HoldRefund { refund_id, by, reason })
    };
    let platform = {
        let order = received(checkout());
        let by = by_platform(CancellationReason::FraudDetected);
        decided(order, boxed(Command::CancelByPlatform, by))
    };
    let authorized = {
        let mut order = checkout();
        order.tenders[0].state = domain::order::TenderState::Authorized;
        paid_back(cancelled(ready(order), cancel([])))
    };
    // Voided, undone, back where it was.
    #[rustfmt::skip]
    let table = [
        //                                                       none     too little  repaid  not again  again
        ("U1 not started",        original(),                   ["3",     "3",        "3",    "3",       "3"]),
        ("U2 held",               held,                         ["3",     "3",        "3",    "3",       "3"]),
        ("U3 sent",               card(original(), None),       [FLIGHT,  FLIGHT,     FLIGHT, FLIGHT,    FLIGHT]),
        ("U3 taken for later",    card(original(), Some(later())), [FLIGHT, FLIGHT,   FLIGHT, FLIGHT,    FLIGHT]),
        ("U4 paid out by hand",   paid_back(paid_points(deposit())), [NEEDED, SHORT,  "3",    NEEDED,    NEEDED]),
        ("U5 refunded",           card(original(), Some(settled())), [NEEDED, SHORT,  "3",    NOT_AGAIN, "3"]),
        ("U5 released",           authorized,                   [NEEDED,  SHORT,      "3",    NOT_AGAIN, "3"]),
        ("U6 points gone",        points_back(original()),      [GONE,    GONE,       GONE,   GONE,      GONE]),
        ("U7 failed",             refused(),                    ["3",     "3",        "3",    "3",       "3"]),
        ("U8 by the platform",    platform,                     [NEVER,   NEVER,      NEVER,  NEVER,     NEVER]),
    ];
    for (name, order, expected) in table {
        let id = latest(&order).cancellation_id;
        let balances = if name.starts_with("U6") { vec![] } else { vec![points("20.00")] };
        let undo = |evidence: Option<Evidence>| {
            let undo = UndoCancellation { balances: balances.clone(), ..undo(id, evidence) };
            outcome(&order, boxed(Command::UndoCancellation, undo))
        };
        let outcomes = [
            undo(None),
            undo(repaid("64.99")),
            undo(repaid("85.00")),
            undo(recaptured("card", Standing::Nothing)),
            undo(recaptured("card", captured("85.00"))),
        ];
        assert_eq!(outcomes, expected, "{name}");
    }
}

/// The points' own leg of the last refund is carried out.
fn paid_points(order: Order) -> Order {
    let refund_id = last(&order).refund_id;
    let leg_id = last(&order).legs[0].leg_id.clone();
    let order = decided(
        order,
        Command::SendLeg {
            refund_id,
            leg_id: leg_id.clone(),
            attempt: 0,
            at: time::OffsetDateTime::UNIX_EPOCH,
        },
    );
    decided(order, record(refund_id, leg_id, 1, settled()))
}

fn points(text: &str) -> (String, domain::Amount) {
    ("P-1".into(), amount(text))
}

#[test]
fn u9_and_u10_are_about_what_happened_since() {
    let first = cancelled(ready(checkout()), cancel([asked("shirt", 1)]));
    let id = cancellation_id(1);
    let undo = |order: &Order| outcome(order, boxed(Command::UndoCancellation, undo(id, None)));
    assert_eq!(undo(&first), "2");

    let parcels = vec![Parcel { cart_item_id: "shirt".into(), quantity: 1 }];
    let shipped = decided(first.clone(), Command::Ship(shipment(parcels)));
    assert_eq!(undo(&shipped), "LATER_CHANGE");
    let parcels = vec![Parcel { cart_item_id: "socks".into(), quantity: 1 }];
    let other_line = decided(first.clone(), Command::Ship(shipment(parcels)));
    assert_eq!(undo(&other_line), "2");

    let again = cancelled(first.clone(), nth(2, cancel([asked("shirt", 1)])));
    assert_eq!(undo(&again), "LATER_CHANGE");
    let taken_back = super::build::undo(cancellation_id(2), None);
    assert_eq!(undo(&undone(again, taken_back)), "2");
    let elsewhere = cancelled(first.clone(), nth(2, cancel([asked("socks", 1)])));
    assert_eq!(undo(&elsewhere), "2");

    // Accepted in the normal course, under its first ids.
    let ids = |id: &str| ExternalIds { id: id.into(), number: id.into() };
    let accepted = decided(first.clone(), Command::Accept(ids("A-1")));
    assert_eq!(undo(&accepted), "2");
    let known = decided(ready(checkout()), Command::SetExternalReference(ids("A-1")));
    let known = cancelled(known, cancel([asked("shirt", 1)]));
    assert_eq!(undo(&decided(known.clone(), Command::Accept(ids("A-1")))), "2");
    // Drafts are no acceptance.
    assert_eq!(undo(&decided(known, Command::Accept(ids("A-2")))), "2");
    // A push that was late: the order was cancelled before the shop system took it.
    let whole = cancelled(ready(checkout()), cancel([]));
    let late = whole.evolve(&Fact::ExternalReferenceSet { external: ids("A-3") });
    assert_eq!(undo(&late), "ACCEPTED_UNDER_OTHER_IDS");
}
