//! All that there is of each order, one after the other.

mod parts;
mod record;

#[cfg(test)]
pub(super) use parts::sql;
pub(super) use record::{FactRecord, OrderHead, Record};
#[cfg(test)]
pub(super) use record::{RefundRecord, TenderRecord};

use super::{
    order,
    report::{Report, Spot},
    snapshot::{Row, Snapshot},
    suspects::Suspects,
};
use ports::{FaultKind, StoreError};

pub(super) async fn walk(
    snapshot: &mut Snapshot,
    store: Option<&str>,
    suspects: Suspects,
    report: &mut Report<'_>,
) -> Result<(), StoreError> {
    let sql = parts::sql(store, snapshot.is_postgres());
    let mut walk = Walk { record: None, suspects, report };
    snapshot.each(sql, store, |row| walk.take(&row)).await?;
    walk.leave();
    walk.suspects.leave(walk.report);
    Ok(())
}

struct Walk<'w, 'f> {
    record: Option<Record>,
    suspects: Suspects,
    report: &'w mut Report<'f>,
}

impl Walk<'_, '_> {
    fn take(&mut self, row: &Row) -> Result<(), StoreError> {
        let (store_id, order_id): (String, String) = (row.get(0)?, row.get(1)?);
        let is_same = |record: &Record| record.store_id == store_id && record.order_id == order_id;
        if !self.record.as_ref().is_some_and(is_same) {
            self.leave();
            self.record = Some(Record::of(store_id, order_id));
        }
        let Some(record) = &mut self.record else { return Ok(()) };
        if record.take(row).is_err() {
            let (part, place): (i64, i64) = (row.get(2)?, row.get(3)?);
            let text = format!("a row of {} cannot be read", parts::table(part));
            let spot = Spot::of_order(&record.store_id, &record.order_id);
            let spot = if place > 0 { spot.at_place(place) } else { spot };
            self.report.tell(spot, FaultKind::Unreadable, text);
            record.unread(part);
        }
        Ok(())
    }

    fn leave(&mut self) {
        if let Some(record) = self.record.take() {
            record.count(&mut self.report.counts);
            let suspects = self.suspects.take(&record.store_id, &record.order_id);
            order::check(&record, &suspects, self.report);
        }
    }
}
