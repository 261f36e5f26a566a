//! Whether what is stored is what was committed.

use crate::StoreError;
use async_trait::async_trait;
use domain::id::StoreId;
use serde::Serialize;

/// Looks at everything that is stored, and changes nothing.
#[async_trait]
pub trait Audit: Send + Sync {
    /// Goes through one store, or through all of them, as they are at one moment, while others
    /// write. Each fault is told as it is found; none is told twice.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it could not be done to the end. What was told before holds all the same.
    async fn audit(
        &self,
        store: Option<&StoreId>,
        found: &mut (dyn FnMut(Fault) + Send),
    ) -> Result<Audited, StoreError>;
}

/// Something that is not as a commit leaves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// As stored; empty for what is counted over all stores.
    pub store_id: String,
    /// As stored; none for what is about the store itself.
    pub order_id: Option<String>,
    /// In the history of the order, or of the store itself.
    pub place: Option<i64>,
    /// In the log of the store.
    pub entry: Option<i64>,
    pub what: FaultKind,
    /// For people. Nobody's personal data.
    pub text: String,
}

/// What is wrong. [`FaultKind::name`] never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FaultKind {
    /// A history has no fact at a place that it, or the log, knows of.
    FactMissing,
    /// A fact is not what the hash of its entry covers, or contradicts itself.
    FactChanged,
    /// The events of an order are not numbered 1, 2, 3.
    SequenceGap,
    /// A fact has no entry in the log, and waits for none.
    EntryMissing,
    /// A fact has more than one.
    EntryTwice,
    /// What the log says of a fact is not what the hash of the entry covers.
    EntryChanged,
    /// An entry is what it was, but its hash was replaced: those after it go on from another.
    ChainBroken,
    /// Numbers of entries or positions are left out, doubled, or in another sequence.
    PositionGap,
    /// The log ends before the head of the store says that it does.
    TailMissing,
    /// The head of a store says something else than the last entry.
    HeadDiffers,
    /// A record is not there that something else belongs to.
    RecordMissing,
    /// The stored order is not what its facts make.
    OrderDiffers,
    /// The version is not the number of facts.
    VersionDiffers,
    /// A row for lists is not what the order says.
    ProjectionDiffers,
    /// The figures of a tender are not what the order says.
    TenderDiffers,
    /// The parts of a refund do not add up to its total.
    RefundSumDiffers,
    /// More went back, or is on its way back, than was captured.
    ReturnedExceedsCaptured,
    /// An account does not hold what its transfers say.
    LedgerUnbalanced,
    /// Something stored that this build cannot read.
    Unreadable,
}

impl FaultKind {
    pub const ALL: [Self; 19] = [
        Self::FactMissing,
        Self::FactChanged,
        Self::SequenceGap,
        Self::EntryMissing,
        Self::EntryTwice,
        Self::EntryChanged,
        Self::ChainBroken,
        Self::PositionGap,
        Self::TailMissing,
        Self::HeadDiffers,
        Self::RecordMissing,
        Self::OrderDiffers,
        Self::VersionDiffers,
        Self::ProjectionDiffers,
        Self::TenderDiffers,
        Self::RefundSumDiffers,
        Self::ReturnedExceedsCaptured,
        Self::LedgerUnbalanced,
        Self::Unreadable,
    ];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FactMissing => "FACT_MISSING",
            Self::FactChanged => "FACT_CHANGED",
            Self::SequenceGap => "SEQUENCE_GAP",
            Self::EntryMissing => "ENTRY_MISSING",
            Self::EntryTwice => "ENTRY_TWICE",
            Self::EntryChanged => "ENTRY_CHANGED",
            Self::ChainBroken => "CHAIN_BROKEN",
            Self::PositionGap => "POSITION_GAP",
            Self::TailMissing => "TAIL_MISSING",
            Self::HeadDiffers => "HEAD_DIFFERS",
            Self::RecordMissing => "RECORD_MISSING",
            Self::OrderDiffers => "ORDER_DIFFERS",
            Self::VersionDiffers => "VERSION_DIFFERS",
            Self::ProjectionDiffers => "PROJECTION_DIFFERS",
            Self::TenderDiffers => "TENDER_DIFFERS",
            Self::RefundSumDiffers => "REFUND_SUM_DIFFERS",
            Self::ReturnedExceedsCaptured => "RETURNED_EXCEEDS_CAPTURED",
            Self::LedgerUnbalanced => "LEDGER_UNBALANCED",
            Self::Unreadable => "UNREADABLE",
        }
    }
}

/// How much was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Audited {
    pub faults: u64,
    pub orders: u64,
    /// Of orders and of stores.
    pub facts: u64,
    /// Entries of logs.
    pub entries: u64,
    /// Entries that are events.
    pub events: u64,
    /// Facts that wait for their place in the log.
    pub waiting: u64,
    pub refunds: u64,
    pub cancellations: u64,
    /// Of own value, in one currency each.
    pub accounts: u64,
    pub transfers: u64,
}
