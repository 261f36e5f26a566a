//! The numbers of a log: each comes after the one before, and none is left out.

use super::entry::{Logged, Name};
use crate::audit::report::{Report, Spot, range};
use ports::{FaultKind, Head};

/// How far the log of a store was read.
#[derive(Default)]
pub(super) struct Numbers {
    entry: i64,
    position: i64,
    /// Entries that are missing, or cannot be read: so many positions may be missing with them.
    missing: i64,
    overall: i64,
    /// Whether one over all stores is told to be wrong.
    pub overall_is_told: bool,
    /// The one before, and whose the last is.
    overall_before: i64,
    last: Option<Name>,
}

impl Numbers {
    /// Whether the entry comes after the one that was read before it.
    pub fn enter(&mut self, store_id: &str, entry: i64, report: &mut Report<'_>) -> bool {
        let next = self.entry + 1;
        if entry < next {
            let text = format!("entry {entry} is there twice");
            let spot = Spot::of_store(store_id).at_entry(entry);
            report.tell(spot, FaultKind::PositionGap, text);
            return false;
        }
        if entry > next {
            let text = format!("of the entries of the log, {} are missing", range(next, entry - 1));
            let spot = Spot::of_store(store_id).at_entry(next);
            report.tell(spot, FaultKind::PositionGap, text);
            self.missing += entry - next;
        }
        self.entry = entry;
        entry == next
    }

    /// Whether the entry has a position is not known.
    pub fn skip(&mut self) {
        self.missing += 1;
    }

    pub fn take(&mut self, logged: &Logged, report: &mut Report<'_>) {
        let (Some(position), Some(overall)) = (logged.position, logged.overall) else { return };
        let next = self.position + 1;
        let left_out = position - next;
        if (0..=self.missing).contains(&left_out) {
            self.missing -= left_out;
            self.position = position;
        } else {
            let text = format!("its position is {position}, and {next} was to come");
            report.tell(logged.name.spot(), FaultKind::PositionGap, text);
            self.position = next;
        }
        self.over_all(logged, overall, report);
    }

    /// Of two that are in the wrong sequence, the one is named that does not fit to the others.
    fn over_all(&mut self, logged: &Logged, overall: i64, report: &mut Report<'_>) {
        if overall > self.overall {
            self.overall_before = self.overall;
        } else {
            self.overall_is_told = true;
            let text = "its position over all stores is not between its neighbours'";
            match &self.last {
                Some(last) if overall > self.overall_before => {
                    report.tell(last.spot(), FaultKind::PositionGap, text);
                }
                _ => {
                    report.tell(logged.name.spot(), FaultKind::PositionGap, text);
                    return;
                }
            }
        }
        self.overall = overall;
        self.last = Some(logged.name.clone());
    }

    /// Whether the last entry is there.
    pub fn leave(&self, spot: Spot<'_>, head: Head, report: &mut Report<'_>) -> bool {
        let cut = head.entries - self.entry;
        if cut > 0 {
            let gone = range(self.entry + 1, head.entries);
            let text = format!("entries {gone} are missing at the end of the log");
            report.tell(spot.at_entry(self.entry + 1), FaultKind::TailMissing, text);
        } else if cut < 0 {
            let (last, head) = (self.entry, head.entries);
            let text = format!("the log has {last} entries, and its head says {head}");
            report.tell(spot, FaultKind::HeadDiffers, text);
        }
        let without = head.position - self.position;
        if !(0..=self.missing + cut.max(0)).contains(&without) {
            let (last, head) = (self.position, head.position);
            let text = format!("the last position is {last}, and the head says {head}");
            report.tell(spot, FaultKind::HeadDiffers, text);
        }
        cut == 0
    }
}
