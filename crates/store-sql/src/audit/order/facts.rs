//! The facts of a history, each by itself and then one after the other.

use crate::{
    audit::{
        history::{FactRecord, Record},
        report::{Report, Spot},
        suspects::{OfOrder, Suspect},
    },
    commit::ToldRow,
    replay,
};
use domain::{
    event::Told,
    id::RefundId,
    order::{Fact, Order},
    store::StoreFact,
};
use ports::FaultKind;
use std::collections::{BTreeMap, BTreeSet};

use super::money;

/// What the facts of an order come to.
#[derive(Default)]
pub(super) struct History {
    /// What they make; none if they are not all there, or not what they were.
    pub order: Option<Order>,
    /// Of each refund the place of the fact that made it.
    pub refunds: BTreeMap<RefundId, i64>,
    /// Refunds whose legs need not add up any more.
    pub replaced: BTreeSet<RefundId>,
}

struct Read<'r> {
    record: &'r FactRecord,
    fact: Fact,
}

/// `stored` is the order as it is stored, if it can be read; `whole` says that no fact is missing.
pub(super) fn of_order(
    record: &Record,
    suspects: &OfOrder,
    stored: Option<&Order>,
    whole: bool,
    report: &mut Report<'_>,
) -> History {
    let spot = Spot::of_order(&record.store_id, &record.order_id);
    let key = (record.store_id.as_str(), record.order_id.as_str());
    let suspect = |place: i64| suspects.entries.iter().find(|suspect| suspect.place == place);
    let mut read = Vec::with_capacity(record.facts.len());
    for fact in &record.facts {
        match serde_json::from_slice::<Fact>(&fact.body) {
            Ok(of) => read.push(Read { record: fact, fact: of }),
            // What was changed is told by its hash.
            Err(_) if suspect(fact.place).is_some() => {}
            Err(error) => {
                let text = format!("facts.body: {}", super::without_values(&error));
                report.tell(spot.at_place(fact.place), FaultKind::Unreadable, text);
            }
        }
    }
    let all_read = whole && read.len() == record.facts.len();
    let (mut history, afters) = if all_read { replayed(&read, suspects) } else { <_>::default() };
    let mut sound = true;
    for suspect in &suspects.entries {
        let fact = read.iter().find(|read| read.record.place == suspect.place);
        let then = afters.get(&suspect.place);
        let is_covered = |read: &Read<'_>| {
            let mut orders = then.into_iter().chain(stored);
            orders.any(|order| is_covered(suspect, key, read, order))
        };
        let is_as_it_was =
            suspects.has_one_that_fits(record, suspect.place) || fact.is_some_and(is_covered);
        sound &= is_as_it_was;
        tell(suspect, key, is_as_it_was, report);
    }
    sound &= fits(&read, suspects, all_read, spot, report);
    if sound && all_read && history.order.is_none() && record.head.is_some() {
        let text = "its history does not begin with order.received";
        report.tell(spot.at_place(1), FaultKind::OrderDiffers, text);
    }
    history.order = history.order.filter(|_| sound);
    history
}

/// What the facts make, and for each suspect what they had made once its commit was over.
fn replayed(read: &[Read<'_>], suspects: &OfOrder) -> (History, BTreeMap<i64, Order>) {
    let (mut history, mut afters) = (History::default(), BTreeMap::new());
    let mut order = None;
    for commit in
        read.chunk_by(|one, next| one.record.columns.occurred_at == next.record.columns.occurred_at)
    {
        for Read { record, fact } in commit {
            let late = order.as_ref().and_then(|order| money::settled_late(order, fact));
            order = replay::after(order, fact);
            let lapsed = order.as_ref().and_then(|order| money::lapsed(order, fact));
            history.replaced.extend(late.into_iter().chain(lapsed));
            if let Fact::RefundCreated { refund, .. } = fact {
                history.refunds.insert(refund.refund_id, record.place);
            }
        }
        let places = commit.iter().map(|read| read.record.place);
        for place in places.filter(|place| suspects.entries.iter().any(|it| it.place == *place)) {
            afters.extend(order.clone().map(|order| (place, order)));
        }
    }
    history.order = order;
    (history, afters)
}

fn is_covered(suspect: &Suspect, key: (&str, &str), read: &Read<'_>, order: &Order) -> bool {
    let told = Told::of(&read.fact, order).map(ToldRow::of);
    let Ok(told) = told.transpose() else { return false };
    suspect.covers(key, &read.record.columns, &read.record.body, told.as_ref())
}

fn tell(suspect: &Suspect, key: (&str, &str), is_as_it_was: bool, report: &mut Report<'_>) {
    let spot = suspect.spot(key.0, key.1);
    if is_as_it_was {
        let text = "what the entry tells is not what its hash covers";
        report.tell(spot, FaultKind::EntryChanged, text);
    } else {
        report.tell(spot, FaultKind::FactChanged, "the fact is not what its hash covers");
    }
}

/// Whether each fact is what its row says, and the events are numbered.
fn fits(
    read: &[Read<'_>],
    suspects: &OfOrder,
    all_read: bool,
    spot: Spot<'_>,
    report: &mut Report<'_>,
) -> bool {
    let mut fits = true;
    let mut events = 0;
    for Read { record, fact } in read {
        let columns = &record.columns;
        let spot = spot.at_place(record.place);
        events += i64::from(fact.is_public());
        if suspects.name(record.place) {
            continue;
        }
        if columns.kind != fact.name() {
            let text = format!("the row is called {}, the fact is {}", columns.kind, fact.name());
            report.tell(spot, FaultKind::FactChanged, text);
            fits = false;
        }
        let expected = fact.is_public().then_some(events);
        let counts = all_read || columns.sequence.is_some() != fact.is_public();
        if counts && columns.sequence != expected {
            let show = |number: Option<i64>| number.map_or("none".to_owned(), |it| it.to_string());
            let (is, was) = (show(columns.sequence), show(expected));
            let text = format!("its number among the events of the order is {is}, and not {was}");
            report.tell(spot, FaultKind::SequenceGap, text);
        }
    }
    fits
}

/// The facts of a store itself, which nothing is made of.
pub(super) fn of_store(
    record: &Record,
    suspects: &OfOrder,
    spot: Spot<'_>,
    report: &mut Report<'_>,
) {
    let key = (record.store_id.as_str(), "");
    for row in &record.facts {
        let suspect = suspects.entries.iter().find(|suspect| suspect.place == row.place);
        let fact = serde_json::from_slice::<StoreFact>(&row.body);
        if let Some(suspect) = suspect {
            let is_covered = |fact: StoreFact| {
                let told = Told::of_store(&fact).map(ToldRow::of).transpose();
                told.is_ok_and(|told| suspect.covers(key, &row.columns, &row.body, told.as_ref()))
            };
            let is_as_it_was =
                suspects.has_one_that_fits(record, row.place) || fact.is_ok_and(is_covered);
            tell(suspect, key, is_as_it_was, report);
            continue;
        }
        if suspects.name(row.place) {
            continue;
        }
        let spot = spot.at_place(row.place);
        match fact {
            Ok(fact) if fact.name() != row.columns.kind => {
                let text =
                    format!("the row is called {}, the fact is {}", row.columns.kind, fact.name());
                report.tell(spot, FaultKind::FactChanged, text);
            }
            Ok(_) => {}
            Err(error) => {
                let text = format!("facts.body: {}", super::without_values(&error));
                report.tell(spot, FaultKind::Unreadable, text);
            }
        }
    }
}
