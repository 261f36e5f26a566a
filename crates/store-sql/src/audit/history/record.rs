use super::parts;
use crate::audit::{log::Columns, snapshot::Row};
use ports::{Audited, StoreError};
use uuid::Uuid;

/// All rows of an order, or those of a store itself.
#[derive(Default)]
pub(in crate::audit) struct Record {
    pub store_id: String,
    pub order_id: String,
    pub head: Option<OrderHead>,
    /// Of the store.
    pub version: Option<i64>,
    pub facts: Vec<FactRecord>,
    /// Of the log, by their places in the history, with their numbers.
    pub entries: Vec<(i64, i64)>,
    /// Places of facts that wait to be numbered.
    pub waiting: Vec<i64>,
    pub tenders: Vec<TenderRecord>,
    pub refunds: Vec<RefundRecord>,
    pub cancellations: Vec<CancellationRecord>,
    pub cancelled_products: Vec<(Uuid, String)>,
    pub products: Vec<(String, i64)>,
    pub facets: Vec<(i64, i64)>,
    pub names: Vec<(String, i64)>,
    /// What cannot be read is told, and not held against anything.
    unread: Vec<i64>,
}

pub(in crate::audit) struct OrderHead {
    pub version: i64,
    pub created_at: i64,
    pub captured: i64,
    pub returned: i64,
    pub state: String,
    pub external_order_id: Option<String>,
    pub external_order_number: Option<String>,
    pub cart_id: Option<String>,
    pub buyer_email: Option<String>,
    pub personal: Option<Vec<u8>>,
    pub doc: Vec<u8>,
}

pub(in crate::audit) struct FactRecord {
    pub place: i64,
    pub columns: Columns,
    pub body: Vec<u8>,
}

pub(in crate::audit) struct TenderRecord {
    pub tender_id: String,
    pub provider: Option<String>,
    pub reference: Option<String>,
    /// Not known of rows that are older than the column.
    pub authorized: Option<i64>,
    pub captured: i64,
    pub returned: i64,
    pub released: i64,
}

pub(in crate::audit) struct RefundRecord {
    pub refund_id: Uuid,
    pub number: i64,
    pub place: i64,
    pub created_at: i64,
    pub state: String,
    pub external_reference: Option<String>,
}

pub(in crate::audit) struct CancellationRecord {
    pub cancellation_id: Uuid,
    pub state: String,
    pub requested_by: String,
    pub reason: Option<String>,
    pub customer_reason: Option<String>,
    pub created_at: i64,
    pub accepted_at: Option<i64>,
    pub completed_at: Option<i64>,
}

const PART: usize = 2;
const PLACE: usize = 3;
const ID: usize = 4;
const NUMBERS: usize = 5;
const TEXTS: usize = 9;
const DOCUMENT: usize = 15;

impl Record {
    pub fn of(store_id: String, order_id: String) -> Self {
        Self { store_id, order_id, ..Self::default() }
    }

    pub(super) fn take(&mut self, row: &Row) -> Result<(), StoreError> {
        match row.get::<i64>(PART)? {
            parts::ORDER => self.head = Some(OrderHead::read(row)?),
            parts::STORE => self.version = Some(row.get(NUMBERS)?),
            parts::FACT => self.facts.push(FactRecord::read(row)?),
            parts::ENTRY => self.entries.push((row.get(PLACE)?, row.get(NUMBERS)?)),
            parts::WAITING => self.waiting.push(row.get(PLACE)?),
            parts::TENDER => self.tenders.push(TenderRecord::read(row)?),
            parts::REFUND => self.refunds.push(RefundRecord::read(row)?),
            parts::CANCELLATION => self.cancellations.push(CancellationRecord::read(row)?),
            parts::CANCELLED_PRODUCT => {
                self.cancelled_products.push((row.get(ID)?, row.get(TEXTS)?));
            }
            parts::PRODUCT => self.products.push((row.get(TEXTS)?, row.get(NUMBERS)?)),
            parts::FACETS => self.facets.push((row.get(NUMBERS)?, row.get(NUMBERS + 1)?)),
            _ => self.names.push((row.get(TEXTS)?, row.get(NUMBERS)?)),
        }
        Ok(())
    }

    pub(super) fn unread(&mut self, part: i64) {
        self.unread.push(part);
    }

    pub(super) fn count(&self, counts: &mut Audited) {
        let count = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
        counts.orders += u64::from(self.head.is_some());
        counts.facts += count(self.facts.len());
        counts.waiting += count(self.waiting.len());
        counts.refunds += count(self.refunds.len());
        counts.cancellations += count(self.cancellations.len());
    }

    /// Whether the record of the order itself is there, but cannot be read.
    pub fn head_is_unread(&self) -> bool {
        self.unread.contains(&parts::ORDER)
    }

    pub fn a_fact_is_unread(&self) -> bool {
        self.unread.contains(&parts::FACT)
    }

    /// Whether some row of its lists cannot be read.
    pub fn a_row_is_unread(&self) -> bool {
        self.unread.iter().any(|part| *part >= parts::TENDER)
    }
}

impl OrderHead {
    fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            version: row.get(NUMBERS)?,
            created_at: row.get(NUMBERS + 1)?,
            captured: row.get(NUMBERS + 2)?,
            returned: row.get(NUMBERS + 3)?,
            state: row.get(TEXTS)?,
            external_order_id: row.get(TEXTS + 1)?,
            external_order_number: row.get(TEXTS + 2)?,
            cart_id: row.get(TEXTS + 3)?,
            buyer_email: row.get(TEXTS + 4)?,
            personal: row.document(TEXTS + 5)?,
            doc: row.document(DOCUMENT)?.unwrap_or_default(),
        })
    }
}

impl FactRecord {
    fn read(row: &Row) -> Result<Self, StoreError> {
        let columns = Columns {
            sequence: row.get(NUMBERS)?,
            occurred_at: row.get(NUMBERS + 1)?,
            event_id: row.get(ID)?,
            kind: row.get(TEXTS)?,
            actor_kind: row.get(TEXTS + 1)?,
            actor_id: row.get(TEXTS + 2)?,
            trace: row.get(TEXTS + 3)?,
        };
        let body = row.document(DOCUMENT)?.unwrap_or_default();
        Ok(Self { place: row.get(PLACE)?, columns, body })
    }
}

impl TenderRecord {
    fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            tender_id: row.get(TEXTS)?,
            provider: row.get(TEXTS + 1)?,
            reference: row.get(TEXTS + 2)?,
            captured: row.get(NUMBERS)?,
            returned: row.get(NUMBERS + 1)?,
            authorized: row.get(NUMBERS + 2)?,
            released: row.get(NUMBERS + 3)?,
        })
    }
}

impl RefundRecord {
    fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            refund_id: row.get(ID)?,
            number: row.get(NUMBERS)?,
            place: row.get(NUMBERS + 1)?,
            created_at: row.get(NUMBERS + 2)?,
            state: row.get(TEXTS)?,
            external_reference: row.get(TEXTS + 1)?,
        })
    }
}

impl CancellationRecord {
    fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            cancellation_id: row.get(ID)?,
            state: row.get(TEXTS)?,
            requested_by: row.get(TEXTS + 1)?,
            reason: row.get(TEXTS + 2)?,
            customer_reason: row.get(TEXTS + 3)?,
            created_at: row.get(NUMBERS)?,
            accepted_at: row.get(NUMBERS + 1)?,
            completed_at: row.get(NUMBERS + 2)?,
        })
    }
}
