//! K12: what an undo leaves, and what it lists.

use super::build::{
    asked, cancel, cancelled, captured, latest, nth, paid_back, pieces, recaptured, repaid, undo,
    undone,
};
use crate::build::{
    amount, blamed, checkout, decided, figure, last, left, pair, ready, received, tender,
};
use domain::{
    Amount, Reason,
    cancellation::{
        CancelOrder, CancellationState, Evidence, EvidenceKind, Guard, Standing, UndoCancellation,
        plan_undo,
    },
    order::{Command, NewOrder, Order, OrderState, Recovery, TenderMethod, TenderState},
    refund::{LegState, RefundMethod, RefundState},
};

fn refused(order: &Order, undo: UndoCancellation) -> domain::Rejection {
    order.decide(Command::UndoCancellation(Box::new(undo))).unwrap_err()
}

#[test]
fn an_undo_before_any_payment_voids_the_refund() {
    let order = cancelled(ready(checkout()), cancel([]));
    let id = latest(&order).cancellation_id;
    let order = undone(order, undo(id, None));
    assert_eq!((order.state, order.cancelled_from), (OrderState::Ready, None));
    assert_eq!(latest(&order).state, CancellationState::Undone);
    assert_eq!(last(&order).state, RefundState::Voided);
    assert!(last(&order).legs.iter().all(|leg| leg.state == LegState::Voided));
    assert_eq!(pieces(&order, "shirt"), (0, 0, 3));
    assert_eq!(left(&order).total, pair("85.00", "102.00"));
    assert_eq!(order.tenders.len(), 1);
}

#[test]
fn an_undo_gives_back_the_state_that_the_order_had() {
    for state in
        [OrderState::Received, OrderState::Ready, OrderState::Accepted, OrderState::Completed]
    {
        let order = Order { state, ..received(checkout()) };
        let order = cancelled(order, cancel([]));
        let id = latest(&order).cancellation_id;
        assert_eq!(undone(order, undo(id, None)).state, state);
    }
}

#[test]
fn whoever_was_erased_is_not_needed_again() {
    for (state, allowed) in [
        (OrderState::Received, false),
        (OrderState::Ready, false),
        (OrderState::Accepted, true),
        (OrderState::Completed, true),
    ] {
        let order = Order { state, ..received(checkout()) };
        let order = decided(cancelled(order, cancel([])), Command::ErasePersonalData);
        let id = latest(&order).cancellation_id;
        let command = Command::UndoCancellation(Box::new(undo(id, None)));
        let blockers = plan_undo(&order, &undo(id, None)).unwrap().blockers;
        let guards: Vec<_> = blockers.iter().map(|it| it.guard).collect();
        if allowed {
            assert_eq!(guards, []);
            order.decide(command).unwrap();
        } else {
            assert_eq!(guards, [Guard::Erased], "{}", state.name());
            assert_eq!(order.decide(command).unwrap_err().reason, Reason::OrderStateForbids);
        }
    }
}

#[test]
fn the_undo_of_a_part_leaves_the_state_alone() {
    let order = cancelled(ready(checkout()), cancel([asked("socks", 1)]));
    let id = latest(&order).cancellation_id;
    let facts = order.decide(Command::UndoCancellation(Box::new(undo(id, None)))).unwrap();
    let names: Vec<_> = facts.iter().map(domain::order::Fact::name).collect();
    assert_eq!(names, ["refund.voided", "cancellation.undone"]);
}

#[test]
fn of_two_that_cancelled_an_order_one_undo_brings_it_back() {
    let order = cancelled(ready(checkout()), cancel([asked("socks", 2)]));
    let order = cancelled(order, nth(2, cancel([asked("shirt", 3)])));
    assert_eq!(order.state, OrderState::Cancelled);
    let order = undone(order, undo(super::build::cancellation_id(1), None));
    assert_eq!(order.state, OrderState::Ready);
    assert_eq!((pieces(&order, "socks"), pieces(&order, "shirt")), ((0, 0, 2), (0, 3, 0)));
}

#[test]
fn a_comment_is_mandatory() {
    let order = cancelled(ready(checkout()), cancel([]));
    let id = latest(&order).cancellation_id;
    let refused = refused(&order, UndoCancellation { comment: " ".into(), ..undo(id, None) });
    assert_eq!((refused.reason, blamed(&refused)), (Reason::InvalidFields, "comment"));
}

#[test]
fn a_repayment_becomes_a_captured_tender() {
    let order = paid_back(cancelled(ready(checkout()), cancel([])));
    let id = latest(&order).cancellation_id;
    let order = undone(order, undo(id, repaid("85.00")));
    let repaid = order.tenders.last().unwrap();
    assert_eq!((repaid.tender_id.as_str(), repaid.captured), ("repaid-1", amount("85.00")));
    assert_eq!(
        (repaid.provider.as_str(), repaid.provider_reference.as_str()),
        ("manual", "wire-9")
    );
    assert_eq!(repaid.recovered.as_ref().unwrap().by, Recovery::Repaid);
    let tenders = left(&order).tenders;
    assert_eq!((tenders[0].refunded, tenders[0].left), (amount("85.00"), Amount::ZERO));
    assert_eq!(tenders[1].left, amount("85.00"), "both movements are there");
    assert_eq!(last(&order).state, RefundState::Voided);
    assert_eq!(last(&order).legs[0].state, LegState::Settled);
}

#[test]
fn one_payment_proves_one_repayment() {
    let order = paid_back(cancelled(ready(checkout()), cancel([])));
    let first = latest(&order).cancellation_id;
    let order = undone(order, undo(first, repaid("85.00")));
    let order = paid_back(cancelled(order, nth(2, cancel([]))));
    let refused = refused(&order, undo(latest(&order).cancellation_id, repaid("85.00")));
    assert_eq!(refused.reason, Reason::EvidenceInsufficient);
    assert!(refused.message.contains("wire-9"), "{refused}");
}

#[test]
fn malformed_evidence_is_named() {
    let order = paid_back(cancelled(ready(checkout()), cancel([])));
    let id = latest(&order).cancellation_id;
    let precise = refused(&order, undo(id, repaid("85.001")));
    assert_eq!(
        (precise.reason, blamed(&precise)),
        (Reason::InvalidAmount, "evidence.repaid.amount")
    );
    let nameless = Evidence::Repaid {
        payment_reference: " ".into(),
        amount: crate::build::decimal("85.00"),
        taken: false,
    };
    let nameless = refused(&order, undo(id, Some(nameless)));
    assert_eq!(blamed(&nameless), "evidence.repaid.payment_reference");
}

#[test]
fn a_payment_that_is_only_authorised_again_may_be_released_again() {
    let mut new = checkout();
    new.tenders[0].state = TenderState::Authorized;
    let order = paid_back(cancelled(ready(new), cancel([])));
    let id = latest(&order).cancellation_id;
    let again = Standing::Authorized(amount("85.00"));
    let order = undone(order, undo(id, recaptured("card", again)));
    let tender = order.tenders.last().unwrap();
    assert_eq!((tender.state, tender.captured), (TenderState::Authorized, Amount::ZERO));
    assert_eq!(left(&order).tenders[1].uncaptured, amount("85.00"));
}

/// Of a partly cancelled order the rest of the payment stood all the time.
#[test]
fn what_stands_has_to_cover_what_never_went_back_as_well() {
    let order = paid_back(cancelled(ready(checkout()), cancel([asked("socks", 2)])));
    let id = latest(&order).cancellation_id;
    let short = refused(&order, undo(id, recaptured("card", captured("84.99"))));
    assert_eq!(short.reason, Reason::NotRecaptured);
    let order = undone(order, undo(id, recaptured("card", captured("85.00"))));
    assert_eq!(order.tenders.last().unwrap().captured, amount("11.00"));
}

#[test]
fn what_an_account_of_ours_got_is_taken_back() {
    let mut points = tender("points", TenderMethod::Points, amount("85.00"));
    points.provider = "ledger".into();
    points.provider_reference = "P-1".into();
    let order = ready(NewOrder { tenders: vec![points], ..checkout() });
    let order = cancelled(order, cancel([]));
    assert_eq!(latest(&order).state, CancellationState::Completed);
    let id = latest(&order).cancellation_id;
    let with = |text: &str| UndoCancellation {
        balances: vec![("P-1".into(), amount(text))],
        ..undo(id, None)
    };
    let spent = refused(&order, with("84.99"));
    assert_eq!(spent.reason, Reason::InsufficientBalance);
    assert_eq!((figure(&spent, "guard"), figure(&spent, "amount")), (Some("U6"), Some("85.00")));
    let order = undone(order, with("85.00"));
    let tender = order.tenders.last().unwrap();
    assert_eq!(tender.recovered.as_ref().unwrap().by, Recovery::TakenBack);
    assert_eq!((tender.method, tender.provider_reference.as_str()), (TenderMethod::Points, "P-1"));
    let again = cancelled(order, nth(2, cancel([])));
    assert_eq!(last(&again).total.customer, amount("85.00"));
    assert_eq!(latest(&again).state, CancellationState::Completed);
}

#[test]
fn a_preview_lists_everything_that_stands_in_the_way() {
    let tenders = vec![
        tender("cash", TenderMethod::CashOnDelivery, amount("20.00")),
        tender("card", TenderMethod::Card, amount("65.00")),
    ];
    let order = ready(NewOrder { tenders, ..checkout() });
    let by_original = CancelOrder { method: RefundMethod::Original, ..cancel([]) };
    let order = paid_back(cancelled(order, by_original));
    let id = latest(&order).cancellation_id;
    let plan = plan_undo(&order, &undo(id, None)).unwrap();
    let listed: Vec<_> = plan
        .blockers
        .iter()
        .map(|it| (it.guard, it.reason, it.lifted_by.clone(), it.amount.unwrap()))
        .collect();
    let (repaid_kind, again) = (EvidenceKind::Repaid, EvidenceKind::Recaptured);
    assert_eq!(
        listed,
        [
            (Guard::U4, Reason::EvidenceRequired, vec![repaid_kind], amount("20.00")),
            (Guard::U5, Reason::EvidenceRequired, vec![repaid_kind, again], amount("85.00")),
        ]
    );
    let plan = plan_undo(&order, &undo(id, repaid("85.00"))).unwrap();
    assert!(plan.blockers.is_empty());
    assert_eq!((plan.order_state, plan.tenders.len()), (OrderState::Ready, 1));
    // The commit says the first of them, with all their names.
    let refused = refused(&order, undo(id, None));
    assert_eq!(figure(&refused, "blockers"), Some("EVIDENCE_REQUIRED,EVIDENCE_REQUIRED"));
    assert_eq!(figure(&refused, "lifted_by"), Some("REPAID"));
}

#[test]
fn a_leg_that_failed_is_voided_beside_one_that_went_back() {
    let tenders = vec![
        tender("one", TenderMethod::Card, amount("20.00")),
        tender("two", TenderMethod::Card, amount("65.00")),
    ];
    let order = cancelled(ready(NewOrder { tenders, ..checkout() }), cancel([]));
    let order = crate::build::answered(order, 0, crate::build::settled());
    let order = crate::build::answered(order, 1, crate::build::declined());
    assert_eq!(last(&order).state, RefundState::Failed);
    let id = latest(&order).cancellation_id;
    let open = refused(&order, undo(id, None));
    assert_eq!(figure(&open, "amount"), Some("20.00"), "only what went back");
    let order = decided(order, Command::UndoCancellation(Box::new(undo(id, repaid("20.00")))));
    let left = left(&order);
    assert_eq!(left.total.customer, amount("85.00"));
    let of_tenders = Amount::sum(left.tenders.iter().map(|tender| tender.left));
    assert_eq!(of_tenders, Ok(amount("85.00")));
}
