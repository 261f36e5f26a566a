//! What no change of a single row comes to, because the hashes tell of it first: a program that
//! contradicts itself.

use super::check;
use crate::{
    audit::{
        history::{FactRecord, OrderHead, Record, RefundRecord, TenderRecord},
        log::Columns,
        report::Report,
        suspects::OfOrder,
    },
    column::{micros, to_doc},
    commit::{OrderColumns, product_codes, tenders},
    facets,
};
use conformance::build::{NOON, accept, amount, order, refund};
use domain::{
    order::{Command, Fact, Order},
    refund::{LegOutcome, LegState},
};
use ports::{FaultKind, OrderChange};
use uuid::Uuid;

/// An order that was refunded, in one commit.
fn refunded() -> OrderChange {
    let mut change = order("O-1").change();
    for command in [Command::MarkReady { plug_and_play: false }, refund(1, "30.00"), accept("E-1")]
    {
        act(&mut change, command);
    }
    change
}

fn act(change: &mut OrderChange, command: Command) {
    let facts = change.after.decide(command).unwrap();
    change.after = facts.iter().fold(change.after.clone(), Order::evolve);
    change.facts.extend(facts);
}

/// All rows of it, as they would be stored.
fn stored(change: &OrderChange) -> Record {
    let order = &change.after;
    let rows = tenders(order).unwrap();
    let columns = OrderColumns::of(order, &rows);
    let mut record = Record::of(order.store_id.to_string(), order.order_id.to_string());
    record.head = Some(OrderHead {
        version: change.version().0,
        created_at: columns.created_at,
        captured: columns.captured,
        returned: columns.returned,
        state: columns.state.to_owned(),
        external_order_id: columns.external_order_id,
        external_order_number: columns.external_order_number,
        cart_id: columns.cart_id,
        buyer_email: None,
        personal: None,
        doc: to_doc(order).unwrap().into_bytes(),
    });
    for (place, sequence, fact) in change.numbered() {
        record.facts.push(row(place, sequence, fact));
        record.entries.push((place, place));
    }
    record.tenders = rows
        .into_iter()
        .map(|row| TenderRecord {
            tender_id: row.tender_id,
            provider: Some(row.provider),
            reference: row.reference,
            authorized: Some(row.authorized),
            captured: row.captured,
            returned: row.returned,
            released: row.released,
        })
        .collect();
    record.refunds = order
        .refunds
        .iter()
        .map(|refund| RefundRecord {
            refund_id: refund.refund_id.as_uuid(),
            number: refund.number,
            place: 3,
            created_at: micros(refund.created_at),
            state: refund.state.name().to_owned(),
            external_reference: refund.external_reference.clone(),
        })
        .collect();
    let codes = product_codes(order).into_iter();
    record.products = codes.map(|code| (code, columns.created_at)).collect();
    record.facets = vec![(facets::of(order), columns.created_at)];
    record
}

fn row(place: i64, sequence: Option<i64>, fact: &Fact) -> FactRecord {
    let columns = Columns {
        sequence,
        occurred_at: micros(NOON),
        event_id: Uuid::from_u128(u128::try_from(place).unwrap()),
        kind: fact.name().to_owned(),
        actor_kind: "MERCHANT".to_owned(),
        actor_id: "tok_merchant".to_owned(),
        trace: None,
    };
    FactRecord { place, columns, body: to_doc(fact).unwrap().into_bytes() }
}

fn found(record: &Record) -> Vec<(FaultKind, Option<i64>)> {
    let mut found = Vec::new();
    let mut take = |fault: ports::Fault| found.push((fault.what, fault.place));
    check(record, &OfOrder::default(), &mut Report::new(&mut take));
    found
}

#[test]
fn what_a_commit_stores_has_no_fault() {
    assert_eq!(found(&stored(&refunded())), []);
}

#[test]
fn events_are_numbered_without_gaps() {
    let mut record = stored(&refunded());
    record.facts[2].columns.sequence = Some(4);
    assert_eq!(found(&record), [(FaultKind::SequenceGap, Some(3))]);
    record.facts[2].columns.sequence = None;
    assert_eq!(found(&record), [(FaultKind::SequenceGap, Some(3))]);
}

#[test]
fn a_row_is_called_what_its_fact_is() {
    let mut record = stored(&refunded());
    record.facts[1].columns.kind = "order.completed".to_owned();
    assert_eq!(found(&record), [(FaultKind::FactChanged, Some(2))]);
}

#[test]
fn a_history_begins_with_its_order() {
    let mut record = stored(&refunded());
    record.facts[0] = row(1, Some(1), &Fact::OrderReady);
    assert_eq!(found(&record), [(FaultKind::OrderDiffers, Some(1))]);
}

#[test]
fn the_components_of_a_refund_are_its_total() {
    let mut change = refunded();
    let more = |order: &mut Order| {
        let total = &mut order.refunds[0].components[0].amount;
        total.merchant = total.merchant.plus(amount("0.01")).unwrap();
    };
    more(&mut change.after);
    if let Fact::RefundCreated { refund, .. } = &mut change.facts[2] {
        refund.components.clone_from(&change.after.refunds[0].components);
    }
    assert_eq!(found(&stored(&change)), [(FaultKind::RefundSumDiffers, None)]);
}

#[test]
fn the_legs_of_a_refund_are_its_total() {
    let mut change = refunded();
    change.after.refunds[0].legs[0].amount = amount("9.99");
    if let Fact::RefundCreated { refund, .. } = &mut change.facts[2] {
        refund.legs.clone_from(&change.after.refunds[0].legs);
    }
    assert_eq!(found(&stored(&change)), [(FaultKind::RefundSumDiffers, None)]);
}

/// What had been given up and settles all the same comes on top; that is no fault.
#[test]
fn what_settled_late_may_be_more_than_the_total() {
    let mut change = refunded();
    let refund = change.after.refunds[0].clone();
    let (refund_id, leg_id) = (refund.refund_id, refund.legs[0].leg_id.clone());
    let late = LegOutcome::Settled { reference: "late".into() };
    act(
        &mut change,
        Command::SendLeg {
            refund_id,
            leg_id: leg_id.clone(),
            attempt: 0,
            at: time::OffsetDateTime::UNIX_EPOCH,
        },
    );
    let failure = domain::refund::LegFailure { code: "no".into(), message: "not now".into() };
    let (attempt, at) = (1, NOON);
    let outcome = LegOutcome::Deferred(failure);
    act(
        &mut change,
        Command::RecordLeg { refund_id, leg_id: leg_id.clone(), attempt, outcome, at },
    );
    let method = domain::refund::RefundMethod::StoreCredit;
    act(&mut change, Command::ChangeRefundMethod { refund_id, method, at });
    let new = change.after.refunds[0].legs[2].leg_id.clone();
    act(
        &mut change,
        Command::SendLeg {
            refund_id,
            leg_id: new,
            attempt: 0,
            at: time::OffsetDateTime::UNIX_EPOCH,
        },
    );
    act(&mut change, Command::RecordLeg { refund_id, leg_id, attempt, outcome: late, at });
    let legs = &change.after.refunds[0].legs;
    assert_eq!((legs[0].state, legs[2].state), (LegState::Settled, LegState::Sent));
    assert_eq!(found(&stored(&change)), []);
}

#[test]
fn no_more_goes_back_than_was_captured() {
    let mut change = refunded();
    change.after.tenders[1].captured = amount("19.99");
    if let Fact::OrderReceived { order } = &mut change.facts[0] {
        order.tenders[1].captured = amount("19.99");
    }
    assert_eq!(found(&stored(&change)), [(FaultKind::ReturnedExceedsCaptured, None)]);
}
