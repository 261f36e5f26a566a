//! A refund that had succeeded, and was taken back by its provider.

use crate::build::{
    amount, answered, checkout, confirm, decided, declined, failure, full, last, left, pair,
    pieces, products, ready, record, refunded, retry, reversed, settled, tender,
};
use domain::{
    Reason,
    event::{Data, Told},
    order::{Command, Fact, NewOrder, Order, TenderMethod},
    refund::{LegOutcome, LegState, RefundMethod, RefundState},
};

#[test]
fn a_refund_that_is_reversed_has_failed_and_its_balance_is_free() {
    let order = succeeded();
    let before = left(&ready(checkout()));
    let facts = order.decide(says(&order, 0, reversed())).unwrap();
    let names: Vec<_> = facts.iter().map(Fact::name).collect();
    assert_eq!(names, ["refund.reversed"]);
    assert!(facts[0].is_public() && !facts[0].is_leg_progress());
    let revision = order.revision;
    let order = facts.iter().fold(order, Order::evolve);
    assert_eq!(order.revision, revision + 1, "a quote from before is stale");
    let refund = last(&order);
    assert_eq!(refund.state, RefundState::Failed);
    let leg = &refund.legs[0];
    assert_eq!((leg.state, &leg.failure), (LegState::Failed, &Some(failure())));
    assert_eq!(left(&order), before);

    let told = Told::of(&facts[0], &order).unwrap();
    assert_eq!(told.entity_id, refund.refund_id.to_string());
    let Data::Reversed { state, leg_id, tender_id, amount, currency, code, .. } = told.data else {
        panic!("{told:?}")
    };
    assert_eq!((state.as_str(), leg_id), ("REFUND_STATE_FAILED", leg.leg_id.clone()));
    assert_eq!((tender_id.as_str(), amount.as_str(), currency.as_str()), ("card", "40.00", "GBP"));
    assert_eq!(code, "card_closed");
}

#[test]
fn what_is_said_of_a_leg_once_it_is_reversed_is_older_than_that() {
    let order = decided(succeeded(), says(&succeeded(), 0, reversed()));
    let attempts = [0, 1, 2];
    let outcomes = [
        settled(),
        reversed(),
        declined(),
        LegOutcome::Unknown,
        LegOutcome::Deferred(failure()),
        LegOutcome::Accepted { reference: "later".into() },
    ];
    for outcome in outcomes {
        for attempt in attempts {
            let (refund_id, leg_id) = (last(&order).refund_id, last(&order).legs[0].leg_id.clone());
            let facts = order.decide(record(refund_id, leg_id, attempt, outcome.clone()));
            assert_eq!(facts, Ok(vec![]), "{outcome:?} of {attempt}");
        }
    }
}

#[test]
fn a_reversal_of_what_is_not_known_to_be_done_is_a_failure() {
    for first in [None, Some(LegOutcome::Unknown), Some(accepted())] {
        let order = sent();
        let order = match first.clone() {
            Some(outcome) => decided(order.clone(), says(&order, 0, outcome)),
            None => order,
        };
        let order = decided(order.clone(), says(&order, 0, reversed()));
        assert_eq!(last(&order).legs[0].state, LegState::Failed, "{first:?}");
        assert_eq!(last(&order).state, RefundState::Failed);
        // What had been done by then is not known, but its provider has the key.
        assert_eq!(order.decide(says(&order, 0, settled())), Ok(vec![]));
        let order = decided(order.clone(), retry(last(&order).refund_id));
        assert_eq!(last(&order).legs.len(), 2);
    }
}

#[test]
fn a_retry_after_a_reversal_goes_by_another_key() {
    let order = decided(succeeded(), says(&succeeded(), 0, reversed()));
    let first = last(&order).legs[0].clone();
    let order = decided(order.clone(), retry(last(&order).refund_id));
    let legs = &last(&order).legs;
    assert_eq!(
        (legs.len(), legs[0].state, legs[1].state),
        (2, LegState::Voided, LegState::Pending)
    );
    assert_ne!(legs[1].leg_id, first.leg_id);
    assert_eq!((legs[1].amount, &legs[1].target), (first.amount, &first.target));
    assert_eq!((legs[1].attempts, &legs[1].reference), (0, &None));
    assert_eq!(left(&order).tenders[0].left, amount("45.00"), "it is taken once");
    // The old key is through: a late word of it is none of the new leg.
    assert_eq!(order.decide(says(&order, 0, settled())), Ok(vec![]));
    let order = answered(order, 1, settled());
    assert_eq!(last(&order).state, RefundState::Succeeded);
    // And that, too, may come back.
    let order = decided(order.clone(), says(&order, 1, reversed()));
    assert_eq!(last(&order).state, RefundState::Failed);
    assert_eq!(left(&order), left(&ready(checkout())));
    let order = decided(order.clone(), retry(last(&order).refund_id));
    assert_eq!(last(&order).legs.len(), 3);
}

#[test]
fn a_retry_after_a_reversal_is_refused_when_others_took_the_amounts() {
    let order = decided(succeeded(), says(&succeeded(), 0, reversed()));
    let refund_id = last(&order).refund_id;
    let order = refunded(order, full());
    let refused = order.decide(retry(refund_id)).unwrap_err();
    assert_eq!(refused.reason, Reason::AmountExceedsRefundable);
}

#[test]
fn a_retry_needs_room_for_the_new_leg() {
    let mut order = decided(succeeded(), says(&succeeded(), 0, reversed()));
    let refund = order.refunds.last_mut().unwrap();
    let voided = domain::refund::Leg { state: LegState::Voided, ..refund.legs[0].clone() };
    refund.legs.extend(vec![voided; Order::MAX_LEGS - 1]);
    let refused = order.decide(retry(last(&order).refund_id)).unwrap_err();
    assert_eq!(refused.reason, Reason::TooManyEntries);
}

#[test]
fn the_other_legs_of_a_reversed_refund_stay_what_they_are() {
    let order = over_two();
    let order = answered(answered(order, 0, settled()), 1, settled());
    let order = decided(order.clone(), says(&order, 1, reversed()));
    let refund = last(&order);
    let states: Vec<_> = refund.legs.iter().map(|leg| leg.state).collect();
    assert_eq!(states, [LegState::Settled, LegState::Failed]);
    let tenders: Vec<_> = left(&order).tenders.iter().map(|tender| tender.left).collect();
    assert_eq!(tenders, [amount("0.00"), amount("55.00")]);
    assert_eq!(left(&order).total, pair("85.00", "102.00"));
    // Only what came back is sent again.
    let order = decided(order.clone(), retry(refund.refund_id));
    let states: Vec<_> = last(&order).legs.iter().map(|leg| leg.state).collect();
    assert_eq!(states, [LegState::Settled, LegState::Voided, LegState::Pending]);
}

#[test]
fn a_leg_may_be_reversed_while_others_are_on_their_way() {
    let order = answered(over_two(), 0, settled());
    let order = decided(order.clone(), says(&order, 0, reversed()));
    assert_eq!(last(&order).state, RefundState::Pending);
    assert_eq!(left(&order).tenders[0].left, amount("0.00"), "it is held as long as its refund is");
    let order = answered(order, 1, settled());
    assert_eq!(last(&order).state, RefundState::Failed);
    assert_eq!(left(&order).tenders[0].left, amount("30.00"));
}

#[test]
fn a_reversal_of_what_was_paid_twice_takes_nothing_from_the_refund() {
    // The first leg was replaced, settled all the same, and so did the second.
    let order = refunded(ready(checkout()), products([pieces("shirt", 1)]));
    let order = answered(order, 0, LegOutcome::Deferred(failure()));
    let refund_id = last(&order).refund_id;
    let (method, at) = (RefundMethod::StoreCredit, time::OffsetDateTime::UNIX_EPOCH);
    let order = decided(order, Command::ChangeRefundMethod { refund_id, method, at });
    let leg_id = last(&order).legs[1].leg_id.clone();
    let order = decided(
        order,
        Command::SendLeg { refund_id, leg_id, attempt: 0, at: time::OffsetDateTime::UNIX_EPOCH },
    );
    let order = decided(order.clone(), says(&order, 0, settled()));
    let order = decided(order.clone(), says(&order, 1, settled()));
    assert_eq!(last(&order).state, RefundState::Succeeded);
    assert_eq!(left(&order).tenders[0].refunded, amount("40.00"));
    let order = decided(order.clone(), says(&order, 0, reversed()));
    assert_eq!(last(&order).state, RefundState::Succeeded);
    assert_eq!(last(&order).legs[0].state, LegState::Voided);
    assert_eq!(left(&order).tenders[0].refunded, amount("20.00"));
}

#[test]
fn own_value_and_what_a_person_paid_out_are_never_reversed() {
    let own = NewOrder {
        tenders: vec![domain::order::NewTender {
            provider: "ledger".into(),
            ..tender("points", TenderMethod::Points, amount("85.00"))
        }],
        ..checkout()
    };
    let own = answered(refunded(ready(own), full()), 0, settled());
    let by_hand = domain::refund::RefundRequest { method: RefundMethod::BankDeposit, ..full() };
    let by_hand = refunded(ready(checkout()), by_hand);
    let by_hand = decided(by_hand.clone(), confirm(last(&by_hand).refund_id, "wire-1"));
    for order in [own, by_hand] {
        assert_eq!(last(&order).state, RefundState::Succeeded);
        let refused = order.decide(says(&order, 0, reversed())).unwrap_err();
        assert_eq!(refused.reason, Reason::RefundStateForbids);
        assert!(refused.message.ends_with("it cannot be reversed"), "{refused}");
    }
}

#[test]
fn a_leg_that_is_stored_without_the_mark_is_read() {
    let leg = last(&succeeded()).legs[0].clone();
    let text = serde_json::to_string(&leg).unwrap();
    assert!(!text.contains("reversed"));
    assert_eq!(serde_json::from_str::<domain::refund::Leg>(&text).unwrap(), leg);
    let fact = r#"{"type":"refund.retried","refund_id":"rf_00000000000000000000000000000001"}"#;
    let read: Fact = serde_json::from_str(fact).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), fact);
    let fact = r#"{"type":"leg.failed","refund_id":"rf_00000000000000000000000000000001","leg_id":"l","failure":{"code":"c","message":"m"}}"#;
    let read: Fact = serde_json::from_str(fact).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), fact);
}

/// Two shirts for 40.00, and the money is back.
fn succeeded() -> Order {
    answered(refunded(ready(checkout()), products([pieces("shirt", 2)])), 0, settled())
}

fn sent() -> Order {
    let order = refunded(ready(checkout()), products([pieces("shirt", 2)]));
    let (refund_id, leg_id) = (last(&order).refund_id, last(&order).legs[0].leg_id.clone());
    decided(
        order,
        Command::SendLeg { refund_id, leg_id, attempt: 0, at: time::OffsetDateTime::UNIX_EPOCH },
    )
}

fn accepted() -> LegOutcome {
    LegOutcome::Accepted { reference: "later".into() }
}

/// All of it, over a voucher and a card.
fn over_two() -> Order {
    let order = ready(NewOrder {
        tenders: vec![
            tender("voucher", TenderMethod::GiftCard, amount("30.00")),
            tender("card", TenderMethod::Card, amount("55.00")),
        ],
        ..checkout()
    });
    refunded(order, full())
}

/// Of a leg of the last refund, at its last attempt.
fn says(order: &Order, leg: usize, outcome: LegOutcome) -> Command {
    let refund = last(order);
    let leg = &refund.legs[leg];
    record(refund.refund_id, leg.leg_id.clone(), leg.attempts, outcome)
}
