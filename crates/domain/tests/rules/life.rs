//! What happens to a refund after it was made.

use crate::build::{
    amount, answered, checkout, confirm, create_with, currency, decided, declined, failure, full,
    goodwill, last, left, merchant, mismatch, pair, part, pieces, plan, policy, products, ready,
    record, refunded, refunded_with, retry, settled, tender, total,
};
use domain::{
    Actor, ActorKind, Reason,
    id::LegId,
    order::{Command, Fact, NewOrder, Order, TenderMethod},
    refund::{Hold, LegOutcome, LegState, RefundMethod, RefundPolicy, RefundRequest, RefundState},
};
use time::OffsetDateTime;

#[test]
fn a_refund_succeeds_with_its_last_leg() {
    let order = answered(two_legs(), 0, settled());
    assert_eq!(last(&order).state, RefundState::Pending);
    let order = answered(order, 1, settled());
    assert_eq!(last(&order).state, RefundState::Succeeded);
}

#[test]
fn a_refund_fails_with_its_last_leg_if_any_failed() {
    let order = answered(two_legs(), 0, declined());
    assert_eq!(last(&order).state, RefundState::Pending);
    assert_eq!(last(&order).legs[0].failure, Some(failure()));
    let order = answered(order, 1, settled());
    assert_eq!(last(&order).state, RefundState::Failed);
}

#[test]
fn a_lost_answer_is_resolved_later() {
    let order = answered(two_legs(), 0, LegOutcome::Unknown);
    assert_eq!(last(&order).legs[0].state, LegState::Unknown);
    let order = answered(order, 0, LegOutcome::Accepted { reference: "r".into() });
    let (refund_id, leg_id) = (last(&order).refund_id, last(&order).legs[0].leg_id.clone());
    let again = Command::SendLeg {
        refund_id,
        leg_id: leg_id.clone(),
        attempt: 2,
        at: OffsetDateTime::UNIX_EPOCH,
    };
    assert_eq!(order.decide(again).unwrap_err().reason, Reason::RefundStateForbids);
    let order = decided(order, record(refund_id, leg_id, 2, settled()));
    assert_eq!(last(&order).legs[0].state, LegState::Settled);
    assert_eq!(last(&order).legs[0].reference.as_deref(), Some("done"));
    assert_eq!(last(&order).legs[0].attempts, 2);
}

#[test]
fn what_came_of_an_earlier_attempt_does_not_touch_a_later_one() {
    let order = answered(two_legs(), 0, LegOutcome::Unknown);
    let (refund_id, leg_id) = (last(&order).refund_id, last(&order).legs[0].leg_id.clone());
    let record = |attempt, outcome| {
        let leg_id = leg_id.clone();
        record(refund_id, leg_id, attempt, outcome)
    };
    let not_done = [declined(), LegOutcome::Deferred(failure()), LegOutcome::Unknown];
    let sent = decided(
        order,
        Command::SendLeg {
            refund_id,
            leg_id: leg_id.clone(),
            attempt: 1,
            at: OffsetDateTime::UNIX_EPOCH,
        },
    );
    let unknown = decided(sent.clone(), record(2, LegOutcome::Unknown));
    let accepted = decided(sent.clone(), record(2, LegOutcome::Accepted { reference: "r".into() }));
    let deferred = decided(sent.clone(), record(2, LegOutcome::Deferred(failure())));
    for order in [&sent, &unknown, &accepted, &deferred] {
        for outcome in &not_done {
            let refused = order.decide(record(1, outcome.clone())).unwrap_err();
            assert_eq!(refused.reason, Reason::RefundStateForbids);
        }
        // What was done is done, whoever says so.
        let settled = decided(order.clone(), record(1, settled()));
        assert_eq!(last(&settled).legs[0].state, LegState::Settled);
    }
    for order in [sent, unknown, deferred] {
        let taken = record(1, LegOutcome::Accepted { reference: "r".into() });
        assert_eq!(last(&decided(order, taken)).legs[0].state, LegState::Accepted);
    }
}

#[test]
fn of_two_who_want_to_send_a_leg_one_does() {
    let pending = two_legs();
    let (refund_id, leg_id) = (last(&pending).refund_id, last(&pending).legs[0].leg_id.clone());
    let send = |attempt| Command::SendLeg {
        refund_id,
        leg_id: leg_id.clone(),
        attempt,
        at: OffsetDateTime::UNIX_EPOCH,
    };
    let under_way = decided(pending.clone(), send(0));
    let unknown = answered(pending, 0, LegOutcome::Unknown);
    for order in [under_way, unknown] {
        assert_eq!(order.decide(send(0)).unwrap_err().reason, Reason::RefundStateForbids);
        let again = decided(order, send(1));
        assert_eq!(
            (last(&again).legs[0].state, last(&again).legs[0].attempts),
            (LegState::Sent, 2)
        );
    }
}

#[test]
fn a_leg_whose_provider_was_not_reached_has_lost_no_try() {
    let order = answered(two_legs(), 0, LegOutcome::Unsent(failure()));
    let leg = &last(&order).legs[0];
    assert_eq!((leg.state, leg.attempts, leg.tries()), (LegState::Pending, 1, 0));
    let order = answered(order, 0, LegOutcome::Deferred(failure()));
    assert_eq!((last(&order).legs[0].attempts, last(&order).legs[0].tries()), (2, 1));
}

#[test]
fn a_leg_that_does_not_match_is_sent_again_only_after_a_person_has_looked() {
    let accepted = LegOutcome::Accepted { reference: "r".into() };
    for (state, marked_as) in [
        (None, LegState::Sent),
        (Some(LegOutcome::Unknown), LegState::Unknown),
        (Some(accepted), LegState::Accepted),
        (Some(LegOutcome::Deferred(failure())), LegState::Unknown),
    ] {
        let pending = two_legs();
        let (refund_id, leg_id) = (last(&pending).refund_id, last(&pending).legs[0].leg_id.clone());
        let at = OffsetDateTime::UNIX_EPOCH;
        let send = |attempt| {
            let leg_id = leg_id.clone();
            Command::SendLeg { refund_id, leg_id, attempt, at }
        };
        let order = decided(pending, send(0));
        let record = |outcome| record(refund_id, leg_id.clone(), 1, outcome);
        let order = state.into_iter().fold(order, |order, said| decided(order, record(said)));
        let marked = decided(order, record(LegOutcome::Mismatch(mismatch())));
        let leg = &last(&marked).legs[0];
        assert_eq!((leg.state, &leg.mismatch), (marked_as, &Some(mismatch())));
        // The same again is no news, and not knowing takes no mark off.
        assert!(marked.decide(record(LegOutcome::Mismatch(mismatch()))).unwrap().is_empty());
        // Its money may be on its way by that other thing.
        for command in [
            Command::HoldRefund { refund_id, by: merchant(), reason: "looks odd".into() },
            Command::ChangeRefundMethod { refund_id, method: RefundMethod::BankDeposit, at },
        ] {
            let refused = marked.decide(command).unwrap_err();
            assert_eq!(refused.reason, Reason::RefundStateForbids);
        }
        let reversed = decided(marked.clone(), record(LegOutcome::Reversed(failure())));
        assert!(last(&reversed).legs[0].reversed);
        if marked_as != LegState::Accepted {
            let deferred = decided(marked.clone(), record(LegOutcome::Deferred(failure())));
            let unsent = decided(marked.clone(), record(LegOutcome::Unsent(failure())));
            for order in [&deferred, &unsent] {
                assert_eq!(last(order).legs[0].state, LegState::Unknown);
            }
            for order in [&marked, &deferred, &unsent] {
                let refused = order.decide(send(1)).unwrap_err();
                assert_eq!(refused.reason, Reason::RefundStateForbids);
            }
            let looked = decided(marked.clone(), Command::RetryRefund { refund_id, at });
            let leg = &last(&looked).legs[0];
            assert_eq!((leg.state, &leg.mismatch), (marked_as, &None), "it is asked for first");
            assert_eq!(last(&decided(looked, send(1))).legs[0].attempts, 2);
        }
        // Or once its provider says what was asked.
        let right = decided(marked, record(settled()));
        assert_eq!(
            (last(&right).legs[0].state, &last(&right).legs[0].mismatch),
            (LegState::Settled, &None)
        );
    }
}

/// Looking at one leg says nothing of another, whose money came back meanwhile.
#[test]
fn taking_a_mark_off_leaves_what_failed_as_it_is() {
    for (failed, retried) in [
        (LegOutcome::Reversed(failure()), [LegState::Voided, LegState::Pending]),
        (declined(), [LegState::Pending, LegState::Settled]),
    ] {
        let order = answered(two_legs(), 0, failed);
        let order = answered(order, 1, LegOutcome::Mismatch(mismatch()));
        let (refund_id, leg_id) = (last(&order).refund_id, last(&order).legs[1].leg_id.clone());
        let before = last(&order).legs[0].clone();
        assert_eq!(before.state, LegState::Failed);
        let order = decided(order, retry(refund_id));
        assert_eq!((&last(&order).legs[0], &last(&order).legs[1].mismatch), (&before, &None));
        let order = decided(order, record(refund_id, leg_id, 1, settled()));
        assert_eq!(last(&order).state, RefundState::Failed, "its money never went back");
        // And a retry of the failed refund is for that.
        let order = decided(order, retry(refund_id));
        let refund = last(&order);
        assert_eq!([refund.legs[0].state, refund.legs.last().unwrap().state], retried);
        let open = refund.legs.iter().filter(|leg| leg.state == LegState::Pending);
        let open: Vec<_> = open.map(|leg| (&leg.tender_id, leg.amount)).collect();
        assert_eq!(open, [(&before.tender_id, before.amount)]);
    }
}

#[test]
fn a_leg_says_when_it_last_moved() {
    let order = two_legs();
    let refund_id = last(&order).refund_id;
    let leg_id = last(&order).legs[0].leg_id.clone();
    assert_eq!(last(&order).legs[0].moved_at, None);
    let days = |count| OffsetDateTime::UNIX_EPOCH + time::Duration::days(count);
    let record = |attempt, outcome, at| {
        let leg_id = leg_id.clone();
        Command::RecordLeg { refund_id, leg_id, attempt, outcome, at }
    };
    let send = |attempt, at| Command::SendLeg { refund_id, leg_id: leg_id.clone(), attempt, at };
    let mut order = order;
    for (day, command) in (1..).zip([
        send(0, days(1)),
        record(1, LegOutcome::Unknown, days(2)),
        record(1, LegOutcome::Deferred(failure()), days(3)),
        send(1, days(4)),
        record(2, LegOutcome::Accepted { reference: "r".into() }, days(5)),
    ]) {
        order = decided(order, command);
        assert_eq!(last(&order).legs[0].moved_at, Some(days(day)));
    }
    // One whose provider is not reached does not move, however often that is tried.
    let mut unreached = two_legs();
    for attempt in 0..3 {
        unreached = decided(unreached, send(attempt, days(1)));
        unreached = decided(unreached, record(attempt + 1, LegOutcome::Unsent(failure()), days(2)));
        assert_eq!(last(&unreached).legs[0].moved_at, None);
    }
    let order = decided(order, record(2, declined(), days(6)));
    let order = answered(order, 1, settled());
    let order = decided(order, Command::RetryRefund { refund_id, at: days(7) });
    assert_eq!(last(&order).legs[0].moved_at, Some(days(7)));
}

#[test]
fn a_deferred_leg_is_tried_again_under_its_own_key() {
    let before = two_legs();
    let order = answered(before.clone(), 0, LegOutcome::Deferred(failure()));
    let leg = &last(&order).legs[0];
    assert_eq!((leg.state, leg.attempts, &leg.failure), (LegState::Pending, 1, &Some(failure())));
    let order = answered(order, 0, settled());
    let leg = &last(&order).legs[0];
    assert_eq!((leg.attempts, &leg.failure), (2, &None));
    assert_eq!(leg.leg_id, last(&before).legs[0].leg_id);
}

#[test]
fn a_failed_refund_frees_its_amounts_and_pieces() {
    let before = ready(checkout());
    let request = RefundRequest {
        products_duties_refund: true,
        shipping_refund: true,
        ..products([pieces("shirt", 2)])
    };
    let order = refunded(before.clone(), request);
    assert_eq!(left(&order).total, pair("33.00", "39.60"));
    let order = answered(order, 0, declined());
    assert_eq!(left(&order), left(&before));
    assert_eq!(plan(&order, full()).refund.total, pair("85.00", "102.00"));
}

#[test]
fn the_rounding_starts_again_from_what_is_still_held() {
    let line = crate::build::line("pin", 3, pair("0.03", "0.01"));
    let order = ready(crate::build::checkout_of(vec![line]));
    let order = refunded(order, products([pieces("pin", 1)]));
    let order = refunded(order, products([pieces("pin", 1)]));
    assert_eq!(last(&order).total, pair("0.01", "0.01"));
    let order = answered(order, 0, declined());
    let order = refunded(order, full());
    assert_eq!(last(&order).total, pair("0.02", "0.01"));
}

#[test]
fn a_settled_leg_of_a_failed_refund_still_counts_against_its_tender() {
    let order = answered(answered(two_legs(), 0, declined()), 1, settled());
    let left = left(&order);
    assert_eq!(left.total, pair("85.00", "102.00"));
    assert_eq!(left.tenders[0].left, amount("55.00"));
    assert_eq!((left.tenders[1].refunded, left.tenders[1].left), (amount("30.00"), amount("0")));
}

#[test]
fn a_refund_above_the_limit_waits_for_another_manager() {
    let order = held("28.79");
    let refund = last(&order);
    assert_eq!((refund.state, &refund.hold), (RefundState::Held, &Some(Hold::Approval)));
    let refund_id = refund.refund_id;
    let refused = order.decide(Command::ApproveRefund { refund_id, by: merchant() }).unwrap_err();
    assert_eq!(refused.reason, Reason::FourEyes);
    // Nor by a token of theirs.
    let by = Actor { behind: Some(merchant().id), ..Actor::new(merchant().kind, "tok_another") };
    let refused = order.decide(Command::ApproveRefund { refund_id, by }).unwrap_err();
    assert_eq!(refused.reason, Reason::FourEyes);
    let refused = order.decide(Command::ReleaseRefund { refund_id }).unwrap_err();
    assert_eq!(refused.reason, Reason::FourEyes);
    let send = Command::SendLeg {
        refund_id,
        leg_id: LegId::of(refund_id, 1),
        attempt: 0,
        at: OffsetDateTime::UNIX_EPOCH,
    };
    assert_eq!(order.decide(send).unwrap_err().reason, Reason::RefundStateForbids);
    let by = Actor::new(ActorKind::Merchant, "manager-2");
    let order = decided(order, Command::ApproveRefund { refund_id, by });
    assert_eq!((last(&order).state, &last(&order).hold), (RefundState::Pending, &None));
    assert_eq!(last(&answered(order, 0, settled())).state, RefundState::Succeeded);
}

#[test]
fn a_held_refund_reserves_its_amounts() {
    assert_eq!(left(&held("28.79")).total, pair("61.00", "73.20"));
}

#[test]
fn the_limit_itself_needs_no_approval() {
    assert_eq!(last(&held("28.80")).state, RefundState::Pending);
}

#[test]
fn a_limit_in_another_currency_holds_everything() {
    let policy =
        RefundPolicy { approval_limit: Some((amount("1000000"), currency("USD"))), ..policy() };
    let order = refunded_with(ready(checkout()), policy.clone(), total("0.01"));
    assert_eq!(last(&order).state, RefundState::Held);
    // Nothing moves, so nothing has to be looked at.
    let free = RefundRequest {
        customer_prepaid_refund_amount: Some(crate::build::decimal("20.00")),
        ..products([pieces("shirt", 1)])
    };
    let order = refunded_with(order, policy, free);
    assert_eq!(last(&order).state, RefundState::Succeeded);
}

#[test]
fn the_limit_binds_merchants_alone() {
    let order = ready(checkout());
    let policy = RefundPolicy { approval_limit: Some((amount("1"), currency("EUR"))), ..policy() };
    for (kind, state) in [
        (ActorKind::Merchant, RefundState::Held),
        (ActorKind::Platform, RefundState::Pending),
        (ActorKind::Worker, RefundState::Pending),
    ] {
        let mut create = create_with(&order, policy.clone(), full());
        create.by = Actor::new(kind, "somebody");
        let after = decided(order.clone(), Command::CreateRefund(Box::new(create)));
        assert_eq!(last(&after).state, state, "{}", kind.name());
    }
}

#[test]
fn a_person_may_hold_a_refund_until_a_leg_was_sent() {
    let order = refunded(ready(checkout()), full());
    let refund_id = last(&order).refund_id;
    let hold = || Command::HoldRefund { refund_id, by: merchant(), reason: "odd".into() };
    let waiting = decided(order.clone(), hold());
    let by_person = Hold::Person { by: merchant(), reason: "odd".into() };
    assert_eq!((last(&waiting).state, &last(&waiting).hold), (RefundState::Held, &Some(by_person)));
    let released = decided(waiting, Command::ReleaseRefund { refund_id });
    assert_eq!((last(&released).state, &last(&released).hold), (RefundState::Pending, &None));
    let sent = decided(
        order,
        Command::SendLeg {
            refund_id,
            leg_id: LegId::of(refund_id, 1),
            attempt: 0,
            at: OffsetDateTime::UNIX_EPOCH,
        },
    );
    assert_eq!(sent.decide(hold()).unwrap_err().reason, Reason::RefundStateForbids);
}

#[test]
fn a_manual_payout_is_confirmed_by_a_person() {
    let request = RefundRequest { method: RefundMethod::BankDeposit, ..full() };
    let order = refunded(paid_twice(), request);
    let refund_id = last(&order).refund_id;
    let confirm = |reference: &str| confirm(refund_id, reference);
    let order = decided(order, confirm("wire 7"));
    let refund = last(&order);
    assert_eq!(refund.state, RefundState::Succeeded);
    assert_eq!(refund.legs.len(), 2);
    assert!(refund.legs.iter().all(|leg| leg.reference.as_deref() == Some("wire 7")));
    // The same confirmation again changes nothing; another one is refused.
    assert_eq!(order.decide(confirm("wire 7")), Ok(vec![]));
    let refused = order.decide(confirm("wire 8")).unwrap_err();
    assert_eq!(refused.reason, Reason::RefundStateForbids);
}

#[test]
fn a_confirmation_needs_a_manual_payout() {
    let order = refunded(ready(checkout()), full());
    let confirm = confirm(last(&order).refund_id, "wire");
    assert_eq!(order.decide(confirm).unwrap_err().reason, Reason::RefundStateForbids);
}

#[test]
fn manual_and_other_legs_go_their_own_ways() {
    let order = ready(NewOrder {
        tenders: vec![
            tender("cash", TenderMethod::CashOnDelivery, amount("45.00")),
            tender("card", TenderMethod::Card, amount("40.00")),
        ],
        ..checkout()
    });
    let order = refunded(order, full());
    let refund_id = last(&order).refund_id;
    let order = decided(order, confirm(refund_id, "till"));
    assert_eq!(last(&order).state, RefundState::Pending);
    assert_eq!(last(&answered(order, 1, settled())).state, RefundState::Succeeded);
}

#[test]
fn a_refund_that_moves_no_money_succeeds_as_it_is_made() {
    let order = refunded(ready(checkout()), goodwill("85.00"));
    let create = create_with(&order, policy(), full());
    let refund_id = create.refund_id;
    let facts = order.decide(Command::CreateRefund(Box::new(create))).unwrap();
    assert!(matches!(facts[0], Fact::RefundCreated { .. }));
    assert_eq!(facts[1..], [Fact::RefundSucceeded { refund_id }]);
}

#[test]
fn a_quote_is_what_its_commit_does() {
    let order = refunded(ready(checkout()), products([part("shirt", "1.23")]));
    let create = create_with(&order, policy(), full());
    let plan = domain::refund::quote(&order, &create).unwrap();
    let facts = order.decide(Command::CreateRefund(Box::new(create))).unwrap();
    let Fact::RefundCreated { refund, derivations } = &facts[0] else { panic!("not created") };
    assert_eq!((&plan.refund, &plan.derivations), (&**refund, derivations));
    let after = facts.iter().fold(order, Order::evolve);
    assert_eq!(plan.left, left(&after));
}

#[test]
fn progress_of_legs_does_not_make_a_quote_stale_but_what_frees_amounts_does() {
    let order = two_legs();
    let quoted = order.revision;
    let order = answered(order, 0, LegOutcome::Unknown);
    let order = answered(order, 0, settled());
    assert_eq!(order.revision, quoted);
    assert!(answered(order, 1, declined()).revision > quoted);
}

/// A refund of 24.00, or 28.80 for the merchant, in a store with that limit.
fn held(limit: &str) -> Order {
    let policy =
        RefundPolicy { approval_limit: Some((amount(limit), currency("EUR"))), ..policy() };
    refunded_with(ready(checkout()), policy, total("24.00"))
}

fn paid_twice() -> Order {
    ready(NewOrder {
        tenders: vec![
            tender("card", TenderMethod::Card, amount("55.00")),
            tender("voucher", TenderMethod::GiftCard, amount("30.00")),
        ],
        ..checkout()
    })
}

/// 50.00 on its way back: 20.00 to the card, 30.00 to the voucher.
fn two_legs() -> Order {
    refunded(paid_twice(), products([part("shirt", "50.00")]))
}
