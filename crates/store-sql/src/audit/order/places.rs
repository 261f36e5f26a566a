//! The places of a history: none is left out, and each has its entry in the log.

use crate::audit::{
    history::Record,
    report::{Report, Spot, range},
};
use ports::FaultKind;

/// Whether every fact is there that anything knows of.
pub(super) fn check(record: &Record, spot: Spot<'_>, report: &mut Report<'_>) -> bool {
    if record.a_fact_is_unread() {
        return false;
    }
    let places: Vec<i64> = record.facts.iter().map(|fact| fact.place).collect();
    entries(record, &places, spot, report);
    let logged =
        record.entries.iter().map(|(place, _)| *place).chain(record.waiting.iter().copied());
    let last = places.last().copied().into_iter().chain(logged).max().unwrap_or(0);
    let whole = gaps(record, &places, last, spot, report);
    let head = record.head.as_ref().map(|head| head.version).or(record.version);
    match head {
        Some(version) if version != last => {
            let text = format!("the version is {version}, and the history ends with place {last}");
            report.tell(spot, FaultKind::VersionDiffers, text);
        }
        None if record.order_id.is_empty() && last > 0 => {
            let text = "there are facts of a store, but no store";
            report.tell(spot, FaultKind::RecordMissing, text);
        }
        Some(_) | None => {}
    }
    whole
}

fn gaps(
    record: &Record,
    places: &[i64],
    last: i64,
    spot: Spot<'_>,
    report: &mut Report<'_>,
) -> bool {
    let mut whole = true;
    let mut next = 1;
    for place in places.iter().copied().chain([last.saturating_add(1)]) {
        if place > next {
            whole = false;
            let text = format!("the fact at place {} is missing", range(next, place - 1));
            let entry = record.entries.iter().find(|(of, _)| *of == next);
            let spot = spot.at_place(next);
            let spot = entry.map_or(spot, |(_, entry)| spot.at_entry(*entry));
            report.tell(spot, FaultKind::FactMissing, text);
        }
        next = place.saturating_add(1);
    }
    whole
}

/// Each fact is in the log once, or waits to be.
fn entries(record: &Record, places: &[i64], spot: Spot<'_>, report: &mut Report<'_>) {
    let mut logged = record.entries.iter().peekable();
    let mut waiting = record.waiting.iter().peekable();
    for place in places {
        let mut count = 0;
        let mut number = None;
        while let Some((of, entry)) = logged.next_if(|(of, _)| of <= place) {
            if of == place {
                count += 1;
                number = number.max(Some(*entry));
            }
        }
        while let Some(of) = waiting.next_if(|of| *of <= place) {
            count += i32::from(of == place);
        }
        let spot = spot.at_place(*place);
        if count == 0 {
            let text = "the fact has no entry in the log";
            report.tell(spot, FaultKind::EntryMissing, text);
        } else if count > 1 {
            let spot = number.map_or(spot, |entry| spot.at_entry(entry));
            report.tell(spot, FaultKind::EntryTwice, "the fact has more than one entry in the log");
        }
    }
}
