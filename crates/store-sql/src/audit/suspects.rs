//! Entries that do not fit to their hashes: whether the entry was changed, or the fact.
//!
//! What readers are told follows from the fact. So if the hash fits to what the fact would tell, it
//! is the entry that was changed, and else the fact.

use super::{
    history::Record,
    log::{Columns, ToldTexts},
    report::{Report, Spot},
};
use crate::commit::ToldRow;
use ports::{FaultKind, chained};
use std::collections::BTreeMap;

/// How many are kept for their orders to be looked at. What comes on top is told as it stands.
const MOST: usize = 10_000;

/// By store and order.
#[derive(Default)]
pub(super) struct Suspects {
    orders: BTreeMap<(String, String), OfOrder>,
    count: usize,
}

/// What is known of the facts of one order, or of a store itself.
#[derive(Default)]
pub(super) struct OfOrder {
    /// Places of facts whose columns were changed, and that is told.
    pub told: Vec<i64>,
    pub entries: Vec<Suspect>,
}

pub(super) struct Suspect {
    pub place: i64,
    pub entry: i64,
    /// What its hash may be chained to.
    pub starts: [Option<[u8; 32]>; 2],
    pub hash: [u8; 32],
    pub told: Option<ToldTexts>,
}

impl Suspects {
    /// A fact whose body is what it was, and whose columns are not.
    pub fn told(&mut self, store_id: &str, order_id: &str, place: i64) {
        if self.count < MOST {
            self.count += 1;
            self.of(store_id, order_id).told.push(place);
        }
    }

    pub fn add(
        &mut self,
        store_id: &str,
        order_id: &str,
        suspect: Suspect,
        report: &mut Report<'_>,
    ) {
        if self.count < MOST {
            self.count += 1;
            self.of(store_id, order_id).entries.push(suspect);
        } else {
            tell(store_id, order_id, &suspect, report);
        }
    }

    fn of(&mut self, store_id: &str, order_id: &str) -> &mut OfOrder {
        self.orders.entry((store_id.to_owned(), order_id.to_owned())).or_default()
    }

    pub fn take(&mut self, store_id: &str, order_id: &str) -> OfOrder {
        if self.orders.is_empty() {
            return OfOrder::default();
        }
        self.orders.remove(&(store_id.to_owned(), order_id.to_owned())).unwrap_or_default()
    }

    /// Those whose facts did not turn up.
    pub fn leave(self, report: &mut Report<'_>) {
        for ((store_id, order_id), of) in self.orders {
            for suspect in &of.entries {
                tell(&store_id, &order_id, suspect, report);
            }
        }
    }
}

impl OfOrder {
    /// Whether it was said of a fact that it was changed, or will be.
    pub fn name(&self, place: i64) -> bool {
        self.told.contains(&place) || self.entries.iter().any(|suspect| suspect.place == place)
    }

    /// Whether another entry of a fact fits: then the fact is what it was.
    pub fn has_one_that_fits(&self, record: &Record, place: i64) -> bool {
        let entries = record.entries.iter().filter(|(of, _)| *of == place);
        let suspects = self.entries.iter().filter(|suspect| suspect.place == place);
        entries.count() > suspects.count()
    }
}

/// Whichever of the two it was.
fn tell(store_id: &str, order_id: &str, suspect: &Suspect, report: &mut Report<'_>) {
    let text = "the entry, or its fact, is not what its hash covers";
    report.tell(suspect.spot(store_id, order_id), FaultKind::EntryChanged, text);
}

impl Suspect {
    pub const fn spot<'s>(&self, store_id: &'s str, order_id: &'s str) -> Spot<'s> {
        Spot::of_order(store_id, order_id).at_place(self.place).at_entry(self.entry)
    }

    /// Whether the hash covers this fact, and what it tells, as it is to be told now.
    pub fn covers(
        &self,
        key: (&str, &str),
        columns: &Columns,
        body: &[u8],
        told: Option<&ToldRow>,
    ) -> bool {
        let told = told.map(ToldTexts::of);
        // What the merchant calls the order may have been something else then.
        let as_then = told
            .clone()
            .zip(self.told.as_ref())
            .map(|(told, then)| ToldTexts { external: then.external.clone(), ..told });
        [told.as_ref(), as_then.as_ref()].into_iter().any(|told| {
            let digest = columns.digest((key.0, key.1, self.place), body, told);
            self.starts.iter().flatten().any(|start| chained(start, &digest) == self.hash)
        })
    }
}
