use crate::build::{
    checkout, confirm, create_with, decided, disputed, failure, full, merchant, mismatch, part,
    pieces, policy, products, ready, record, retry, settled,
};
use crate::cancellations::build::{
    accept, asked, by_platform, cancel, cancellation_id, refund_ids, reject, request, undo,
    withdraw,
};
use domain::{
    Actor, ActorKind, Reason,
    cancellation::CancellationReason,
    id::{LegId, ShipmentId},
    order::{
        Command, DisputeState, ExternalIds, HandoverOutcome, LatePayment, Order, OrderState,
        Parcel, PaymentReport, SettleDispute, Shipment, TenderState, Turn,
    },
    refund::{Hold, LegKind, LegOutcome, LegState, RefundMethod, RefundState},
    screening::{Check, Verdict},
};
use time::OffsetDateTime;
use uuid::Uuid;

/// Every command against every state of an order, of which one piece is in transit. A dot is a
/// refusal, a number says how many facts there are, 0 that it is so already. A new state or
/// command adds a row or a column here before it compiles.
#[test]
fn every_command_against_every_state_of_an_order() {
    #[rustfmt::skip]
    let table = [
        //                      ready  accept  other  draft  compl  pay  ship  deliver  refund
        (OrderState::Received,  "1     .       .      1      .      1    .     .        .     "),
        (OrderState::Ready,     "0     1       1      1      .      1    1     1        1     "),
        (OrderState::Accepted,  ".     0       .      0      1      1    1     1        1     "),
        (OrderState::Completed, ".     0       .      0      0      1    1     1        1     "),
        (OrderState::Cancelled, ".     .       .      .      .      1    .     .        .     "),
    ];
    // What becomes of a refund is the refund's business alone.
    // hold release approve retry method confirm send record
    let refunds = "1 0 . . 1 . 1 .";
    // request withdraw accept reject cancel platform undo: tables of their own say more.
    let cancellations = |state| match state {
        OrderState::Cancelled => ". . . . . 0 .",
        _ => "1 . . . 2 . .",
    };
    assert_eq!(table.map(|(state, _)| state), OrderState::ALL);
    for (state, row) in table {
        let order = order(state);
        let commands = commands(&order);
        let outcomes: Vec<String> =
            commands.iter().map(|command| outcome(&order, command)).collect();
        let expected = row.split_whitespace().chain(refunds.split(' '));
        let expected = expected.chain(cancellations(state).split(' '));
        // It has no checks and no hand-over: screening.rs and handover.rs have theirs.
        let expected = expected.chain(["."; 5]);
        // A payment of an order that may still be put back is recorded as any other.
        // A bank asks nobody where the order stands.
        let expected = expected.chain(["1", "1", "2"]);
        // Its buyer is still needed until then.
        let early = matches!(state, OrderState::Received | OrderState::Ready);
        let expected: Vec<&str> = expected.chain([if early { "." } else { "1" }]).collect();
        assert_eq!(outcomes, expected, "{}", state.name());
    }
}

/// Every command on a refund against every state of it and of its one leg. The confirmation is
/// for a manual leg in that state, everything else for a leg that a provider carries out.
#[test]
fn every_command_against_every_state_of_a_refund_and_its_leg() {
    use LegState::{Accepted, Failed, Pending, Sent, Settled, Unknown};
    #[rustfmt::skip]
    let table = [
        //                   hold release approve retry method confirm send settled accepted deferred unsent mismatch failed unknown reversed
        ("PENDING", [
            (Pending,        "1    0       .       .     1      3       1    .       .        .        .      .        .      .       ."),
            (Sent,           ".    0       .       .     .      3       1    3       1        1        1      1        2      1       2"),
            (Unknown,        ".    0       .       .     .      3       1    3       1        1        1      1        2      0       2"),
            (Accepted,       ".    0       .       .     .      3       .    3       0        .        .      1        2      0       2"),
            (Settled,        ".    0       .       .     1      .       .    0       .        .        .      .        .      .       1"),
            (Failed,         ".    0       .       .     1      .       .    3       .        .        .      .        0      .       0"),
        ]),
        ("HELD FOR APPROVAL", [
            (Pending,        ".    .       1       .     1      .       .    .       .        .        .      .        .      .       ."),
            (Sent,           ".    .       1       .     .      .       .    .       .        .        .      .        .      .       ."),
            (Unknown,        ".    .       1       .     .      .       .    .       .        .        .      .        .      0       ."),
            (Accepted,       ".    .       1       .     .      .       .    .       0        .        .      .        .      0       ."),
            (Settled,        ".    .       1       .     1      .       .    0       .        .        .      .        .      .       1"),
            (Failed,         ".    .       1       .     1      .       .    .       .        .        .      .        0      .       0"),
        ]),
        ("HELD BY A PERSON", [
            (Pending,        "0    1       .       .     1      .       .    .       .        .        .      .        .      .       ."),
            (Sent,           "0    1       .       .     .      .       .    .       .        .        .      .        .      .       ."),
            (Unknown,        "0    1       .       .     .      .       .    .       .        .        .      .        .      0       ."),
            (Accepted,       "0    1       .       .     .      .       .    .       0        .        .      .        .      0       ."),
            (Settled,        "0    1       .       .     1      .       .    0       .        .        .      .        .      .       1"),
            (Failed,         "0    1       .       .     1      .       .    .       .        .        .      .        0      .       0"),
        ]),
        ("SUCCEEDED", [
            (Pending,        ".    .       .       .     .      0       .    .       .        .        .      .        .      .       ."),
            (Sent,           ".    .       .       .     .      0       .    .       .        .        .      .        .      .       ."),
            (Unknown,        ".    .       .       .     .      0       .    .       .        .        .      .        .      0       ."),
            (Accepted,       ".    .       .       .     .      0       .    .       0        .        .      .        .      0       ."),
            (Settled,        ".    .       .       .     .      0       .    0       .        .        .      .        .      .       1"),
            (Failed,         ".    .       .       .     .      0       .    .       .        .        .      .        0      .       0"),
        ]),
        ("FAILED", [
            (Pending,        ".    .       .       1     1      .       .    .       .        .        .      .        .      .       ."),
            (Sent,           ".    .       .       1     .      .       .    .       .        .        .      .        .      .       ."),
            (Unknown,        ".    .       .       1     .      .       .    .       .        .        .      .        .      0       ."),
            (Accepted,       ".    .       .       1     .      .       .    .       0        .        .      .        .      0       ."),
            (Settled,        ".    .       .       3     .      .       .    0       .        .        .      .        .      .       1"),
            (Failed,         ".    .       .       1     1      .       .    3       .        .        .      .        0      .       0"),
        ]),
        ("VOIDED", [
            (Pending,        ".    .       .       .     .      .       .    .       .        .        .      .        .      .       ."),
            (Sent,           ".    .       .       .     .      .       .    .       .        .        .      .        .      .       ."),
            (Unknown,        ".    .       .       .     .      .       .    .       .        .        .      .        .      0       ."),
            (Accepted,       ".    .       .       .     .      .       .    .       0        .        .      .        .      0       ."),
            (Settled,        ".    .       .       .     .      .       .    0       .        .        .      .        .      .       ."),
            (Failed,         ".    .       .       .     .      .       .    .       .        .        .      .        0      .       0"),
        ]),
    ];
    for (state, rows) in table {
        for (leg, row) in rows {
            let order = with_refund(state, leg);
            let commands = refund_commands(&order);
            let outcomes: Vec<String> = commands
                .iter()
                .map(|command| match command {
                    Command::ConfirmManual { .. } => outcome(&manual(order.clone()), command),
                    _ => outcome(&order, command),
                })
                .collect();
            let expected: Vec<&str> = row.split_whitespace().collect();
            assert_eq!(outcomes, expected, "{state}, its leg {}", leg.name());
        }
    }
}

fn outcome(order: &Order, command: &Command) -> String {
    order.decide(command.clone()).map_or_else(|_| ".".to_owned(), |facts| facts.len().to_string())
}

/// One piece in transit, one refund pending; accepted as A-1 if it is as far as that.
fn order(state: OrderState) -> Order {
    let order = decided(ready(checkout()), Command::Ship(shipment(1)));
    let create = create_with(&order, policy(), products([pieces("shirt", 1)]));
    let order = decided(order, Command::CreateRefund(Box::new(create)));
    let accepted = matches!(state, OrderState::Accepted | OrderState::Completed);
    Order { state, external: accepted.then(|| external("A-1")), ..order }
}

fn commands(order: &Order) -> Vec<Command> {
    let create = create_with(order, policy(), products([part("shirt", "1.00")]));
    let mut commands = vec![
        Command::MarkReady { plug_and_play: false },
        Command::Accept(external("A-1")),
        Command::Accept(external("A-2")),
        Command::SetExternalReference(external("A-1")),
        Command::Complete,
        Command::RecordPayment(captured("card")),
        Command::Ship(shipment(1)),
        Command::Deliver(Vec::new()),
        Command::CreateRefund(Box::new(create)),
    ];
    commands.extend(refund_commands(order).into_iter().take(8));
    commands.extend(cancellation_commands());
    commands.extend(processing_commands());
    commands.push(Command::ErasePersonalData);
    let mut kinds: Vec<usize> = commands.iter().map(kind).collect();
    kinds.dedup();
    assert_eq!(kinds, (0..KINDS).collect::<Vec<_>>(), "a command is missing here");
    commands
}

const KINDS: usize = 32;

/// Does not compile with a command missing.
fn kind(command: &Command) -> usize {
    match command {
        Command::MarkReady { .. } => 0,
        Command::Accept(_) => 1,
        Command::SetExternalReference(_) => 2,
        Command::Complete => 3,
        Command::RecordPayment(_) => 4,
        Command::Ship(_) => 5,
        Command::Deliver(_) => 6,
        Command::CreateRefund(_) => 7,
        Command::HoldRefund { .. } => 8,
        Command::ReleaseRefund { .. } => 9,
        Command::ApproveRefund { .. } => 10,
        Command::RetryRefund { .. } => 11,
        Command::ChangeRefundMethod { .. } => 12,
        Command::ConfirmManual { .. } => 13,
        Command::SendLeg { .. } => 14,
        Command::RecordLeg { .. } => 15,
        Command::RequestCancellation(_) => 16,
        Command::WithdrawCancellation { .. } => 17,
        Command::AcceptCancellation(_) => 18,
        Command::RejectCancellation(_) => 19,
        Command::CancelOrder(_) => 20,
        Command::CancelByPlatform(_) => 21,
        Command::UndoCancellation(_) => 22,
        Command::RecordScreening { .. } => 23,
        Command::ResolveScreening { .. } => 24,
        Command::StartHandover { .. } => 25,
        Command::RecordHandover { .. } => 26,
        Command::RetryHandover { .. } => 27,
        Command::RecordLatePayment(_) => 28,
        Command::RecordDispute(_) => 29,
        Command::SettleDispute(_) => 30,
        Command::ErasePersonalData => KINDS - 1,
    }
}

/// On socks, of which nothing was shipped; what needs a cancellation names one that is not there.
fn cancellation_commands() -> Vec<Command> {
    let missing = cancellation_id(7);
    vec![
        Command::RequestCancellation(Box::new(request([asked("socks", 1)]))),
        withdraw(missing),
        Command::AcceptCancellation(Box::new(accept(missing))),
        Command::RejectCancellation(Box::new(reject(missing, []))),
        Command::CancelOrder(Box::new(cancel([asked("socks", 1)]))),
        Command::CancelByPlatform(Box::new(by_platform(CancellationReason::PaymentFailed))),
        Command::UndoCancellation(Box::new(undo(missing, None))),
    ]
}

fn processing_commands() -> Vec<Command> {
    let (check, by, at) = (Check::Fraud, merchant(), OffsetDateTime::UNIX_EPOCH);
    let (verdict, findings, comment) = (Verdict::Clear, Vec::new(), "known customer".into());
    vec![
        Command::RecordScreening { check, verdict, findings, by: by.clone(), at },
        Command::ResolveScreening { check, clear: true, comment, by: by.clone(), at },
        Command::StartHandover { turn: Turn::default(), target: "http a".into() },
        Command::RecordHandover { turn: Turn::default(), outcome: HandoverOutcome::Absent, at },
        Command::RetryHandover { by: by.clone() },
        Command::RecordLatePayment(Box::new(LatePayment {
            report: captured("card"),
            refund: refund_ids(8),
            at,
            by: by.clone(),
            policy: policy(),
        })),
        Command::RecordDispute(disputed("dp-1", "1.00", DisputeState::Open, 1)),
        Command::SettleDispute(Box::new(SettleDispute {
            report: disputed("dp-1", "1.00", DisputeState::Won, 1),
            refund: refund_ids(8),
            at,
            by,
            policy: policy(),
        })),
    ]
}

fn captured(tender_id: &str) -> PaymentReport {
    PaymentReport {
        tender_id: tender_id.parse().unwrap(),
        state: TenderState::Captured,
        amount: None,
        provider_reference: Some("another".into()),
    }
}

fn refund_commands(order: &Order) -> Vec<Command> {
    let refund_id = order.refunds[0].refund_id;
    let leg_id = LegId::of(refund_id, 1);
    let mut commands = vec![
        Command::HoldRefund { refund_id, by: merchant(), reason: "looks odd".into() },
        Command::ReleaseRefund { refund_id },
        Command::ApproveRefund { refund_id, by: Actor::new(ActorKind::Merchant, "manager-2") },
        retry(refund_id),
        Command::ChangeRefundMethod {
            refund_id,
            method: RefundMethod::BankDeposit,
            at: OffsetDateTime::UNIX_EPOCH,
        },
        confirm(refund_id, "R-1"),
        Command::SendLeg {
            refund_id,
            leg_id: leg_id.clone(),
            attempt: 0,
            at: OffsetDateTime::UNIX_EPOCH,
        },
    ];
    let outcomes = [
        settled(),
        LegOutcome::Accepted { reference: "later".into() },
        LegOutcome::Deferred(failure()),
        LegOutcome::Unsent(failure()),
        LegOutcome::Mismatch(mismatch()),
        LegOutcome::Failed(failure()),
        LegOutcome::Unknown,
        LegOutcome::Reversed(failure()),
    ];
    commands.extend(outcomes.map(|outcome| {
        let leg_id = leg_id.clone();
        // As often as it was sent: never.
        record(refund_id, leg_id, 0, outcome)
    }));
    commands
}

fn with_refund(state: &str, leg: LegState) -> Order {
    let create = create_with(&ready(checkout()), policy(), full());
    let mut order = decided(ready(checkout()), Command::CreateRefund(Box::new(create)));
    let refund = &mut order.refunds[0];
    (refund.state, refund.hold) = match state {
        "HELD FOR APPROVAL" => (RefundState::Held, Some(Hold::Approval)),
        "HELD BY A PERSON" => {
            let reason = "looks odd".to_owned();
            (RefundState::Held, Some(Hold::Person { by: merchant(), reason }))
        }
        plain => {
            let found = RefundState::ALL.into_iter().find(|state| state.name() == plain);
            (found.unwrap(), None)
        }
    };
    refund.legs[0].state = leg;
    order
}

/// The same order with the leg paid out by a person, as R-1.
fn manual(mut order: Order) -> Order {
    let leg = &mut order.refunds[0].legs[0];
    leg.kind = LegKind::Manual;
    leg.reference = Some("R-1".into());
    order
}

#[test]
fn a_manual_leg_is_never_sent() {
    let order = manual(with_refund("PENDING", LegState::Pending));
    let refund_id = order.refunds[0].refund_id;
    let send = Command::SendLeg {
        refund_id,
        leg_id: LegId::of(refund_id, 1),
        attempt: 0,
        at: OffsetDateTime::UNIX_EPOCH,
    };
    assert_eq!(outcome(&order, &send), ".");
}

#[test]
fn commands_on_what_the_order_does_not_have_are_refused() {
    let strange = order(OrderState::Ready);
    let order = ready(checkout());
    for command in refund_commands(&strange) {
        let refused = order.decide(command.clone()).unwrap_err();
        assert_eq!(refused.reason, Reason::RefundNotFound, "{}", command.name());
    }
    let refund_id = strange.refunds[0].refund_id;
    let send = Command::SendLeg {
        refund_id,
        leg_id: LegId::of(refund_id, 9),
        attempt: 0,
        at: OffsetDateTime::UNIX_EPOCH,
    };
    assert_eq!(strange.decide(send).unwrap_err().reason, Reason::RefundNotFound);
}

#[test]
fn an_order_holds_so_many_refunds_and_shipments_and_no_more() {
    let mut order = order(OrderState::Ready);
    order.refunds = vec![order.refunds[0].clone(); Order::MAX_REFUNDS];
    order.shipments = vec![shipment(1); Order::MAX_SHIPMENTS];
    let create = create_with(&order, policy(), products([part("shirt", "1.00")]));
    for command in [Command::CreateRefund(Box::new(create)), Command::Ship(shipment(1))] {
        let refused = order.decide(command).unwrap_err();
        assert_eq!(refused.reason, Reason::TooManyEntries);
    }
}

#[test]
fn the_shipments_of_an_order_name_so_many_lines_and_no_more() {
    let mut order = order(OrderState::Ready);
    let mut large = shipment(1);
    large.parcels = vec![large.parcels[0].clone(); Order::MAX_PARCELS - 1];
    order.shipments = vec![large];
    assert!(order.decide(Command::Ship(shipment(1))).is_ok());
    order.shipments.push(shipment(1));
    let refused = order.decide(Command::Ship(shipment(1))).unwrap_err();
    assert_eq!(refused.reason, Reason::TooManyEntries);
    assert!(refused.message.contains("5000 lines over all shipments"), "{refused}");
}

fn shipment(quantity: u32) -> Shipment {
    Shipment {
        shipment_id: ShipmentId::from_uuid(Uuid::from_u128(1)),
        parcels: vec![Parcel { cart_item_id: "shirt".into(), quantity }],
        carrier: "DHL".into(),
        tracking_number: "1".into(),
        shipped_at: OffsetDateTime::UNIX_EPOCH,
    }
}

fn external(id: &str) -> ExternalIds {
    ExternalIds { id: id.into(), number: id.into() }
}
