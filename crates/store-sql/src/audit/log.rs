//! The log of each store, entry by entry.

mod chain;
mod entry;
mod numbers;

use super::{
    report::{Report, Spot, range},
    snapshot::{Row, Snapshot},
    suspects::Suspects,
};
#[cfg(test)]
pub(super) use entry::sql;
pub(super) use entry::{Columns, ToldTexts};

use chain::{Chain, Verdict};
use entry::Logged;
use numbers::Numbers;
use ports::{FaultKind, Head, StoreError};
use std::collections::BTreeMap;

/// Of all stores, or of one; the counts over all of them have no store.
const HEADS: &str = "SELECT store_id, entries, position, hash FROM feeds";

type Heads = BTreeMap<String, Head>;

/// Answers which facts and entries the orders have to be asked about.
pub(super) async fn walk(
    snapshot: &mut Snapshot,
    store: Option<&str>,
    report: &mut Report<'_>,
) -> Result<Suspects, StoreError> {
    let heads = heads(snapshot, store, report).await?;
    let overall = heads.get("").map(|head| head.position);
    let mut walk =
        Walk { heads, of: None, suspects: Suspects::default(), last_overall: Some(0), report };
    snapshot.each(entry::sql(store), store, |row| walk.take(&row)).await?;
    walk.leave();
    let positions = walk.without_entries();
    if let Some(overall) = overall {
        walk.over_all(overall, positions);
    }
    Ok(walk.suspects)
}

async fn heads(
    snapshot: &mut Snapshot,
    store: Option<&str>,
    report: &mut Report<'_>,
) -> Result<Heads, StoreError> {
    let mut heads = Heads::new();
    let which = if store.is_some() { " WHERE store_id = $1" } else { "" };
    let take = |row: Row| {
        let store_id: String = row.get(0)?;
        let hash: Vec<u8> = row.get(3)?;
        let hash = match <[u8; 32]>::try_from(hash) {
            Ok(hash) => hash,
            Err(_) if store_id.is_empty() => ports::NO_ENTRY,
            Err(_) => {
                let text = "the hash in its head has not 32 bytes";
                report.tell(Spot::of_store(&store_id), FaultKind::Unreadable, text);
                ports::NO_ENTRY
            }
        };
        heads.insert(store_id, Head { entries: row.get(1)?, position: row.get(2)?, hash });
        Ok(())
    };
    snapshot.each(format!("{HEADS}{which}"), store, take).await?;
    Ok(heads)
}

struct Walk<'w, 'f> {
    heads: Heads,
    /// The store whose log is being read.
    of: Option<OfStore>,
    suspects: Suspects,
    /// The highest position over all stores, as long as none is told to be wrong.
    last_overall: Option<i64>,
    report: &'w mut Report<'f>,
}

struct OfStore {
    store_id: String,
    numbers: Numbers,
    chain: Chain,
}

impl Walk<'_, '_> {
    fn take(&mut self, row: &Row) -> Result<(), StoreError> {
        // Without these two it could not be sorted either.
        let (store_id, number): (String, i64) = (row.get(0)?, row.get(1)?);
        if self.of.as_ref().is_none_or(|of| of.store_id != store_id) {
            self.leave();
            let (numbers, chain) = (Numbers::default(), Chain::default());
            self.of = Some(OfStore { store_id: store_id.clone(), numbers, chain });
        }
        let Some(of) = &mut self.of else { return Ok(()) };
        self.report.counts.entries += 1;
        if !of.numbers.enter(&store_id, number, self.report) {
            of.chain.lose(&mut self.suspects, self.report);
        }
        let Ok(logged) = Logged::read(row, store_id, number) else {
            let order_id = row.get::<String>(4).unwrap_or_default();
            let spot = Spot::of_order(&of.store_id, &order_id).at_entry(number);
            let spot = row.get(5).map_or(spot, |place| spot.at_place(place));
            self.report.tell(spot, FaultKind::Unreadable, "a row of event_log cannot be read");
            of.numbers.skip();
            of.chain.lose(&mut self.suspects, self.report);
            return Ok(());
        };
        if let Some(overall) = logged.overall {
            self.report.counts.events += 1;
            self.last_overall = self.last_overall.map(|last| last.max(overall));
        }
        of.numbers.take(&logged, self.report);
        match of.chain.take(&logged, &mut self.suspects, self.report) {
            Verdict::Fits | Verdict::Unknown => {}
            Verdict::Entry(columns) => {
                let text = format!("the entry says something else than its fact: {columns}");
                self.report.tell(logged.name.spot(), FaultKind::EntryChanged, text);
            }
            Verdict::Fact(columns) => {
                let text = format!("the fact says something else than its entry: {columns}");
                self.report.tell(logged.name.spot(), FaultKind::FactChanged, text);
                let entry::Name { store_id, order_id, place, .. } = &logged.name;
                self.suspects.told(store_id, order_id, *place);
            }
        }
        Ok(())
    }

    /// The log of a store is over.
    fn leave(&mut self) {
        let Some(of) = self.of.take() else { return };
        if of.numbers.overall_is_told {
            self.last_overall = None;
        }
        let spot = Spot::of_store(&of.store_id);
        let Some(head) = self.heads.remove(&of.store_id) else {
            of.chain.leave(None, &mut self.suspects, self.report);
            let text = "the log has entries, and the store has no head";
            self.report.tell(spot, FaultKind::HeadDiffers, text);
            return;
        };
        let whole = of.numbers.leave(spot, head, self.report);
        let hash = whole.then_some(&head.hash);
        if !of.chain.leave(hash, &mut self.suspects, self.report) {
            let text = "the hash in its head is not that of the last entry";
            self.report.tell(spot, FaultKind::HeadDiffers, text);
        }
        self.heads.insert(of.store_id, Head { entries: 0, ..head });
    }

    /// What is left has no entries. Answers how many positions there are over all stores.
    fn without_entries(&mut self) -> i64 {
        let mut positions = 0_i64;
        for (store_id, head) in self.heads.iter().filter(|(store_id, _)| !store_id.is_empty()) {
            positions = positions.saturating_add(head.position);
            if head.entries > 0 {
                let text =
                    format!("entries {} are missing: the log is empty", range(1, head.entries));
                let spot = Spot::of_store(store_id).at_entry(1);
                self.report.tell(spot, FaultKind::TailMissing, text);
            }
        }
        positions
    }

    /// The positions over all stores have no gaps if there are as many as in all stores, because no
    /// two of them are the same.
    fn over_all(&mut self, head: i64, positions: i64) {
        let spot = Spot::of_store("");
        if head != positions {
            let text = format!(
                "the head over all stores says that there are {head} events, those of the stores \
                 say {positions}"
            );
            self.report.tell(spot, FaultKind::HeadDiffers, text);
        } else if let Some(last) = self.last_overall.filter(|last| *last > head) {
            let text = format!("the last position over all stores is {last}, of {head}");
            self.report.tell(spot, FaultKind::PositionGap, text);
        }
    }
}
