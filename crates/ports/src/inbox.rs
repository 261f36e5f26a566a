//! What payment providers told by themselves, from when it was taken until it was looked into.

use crate::{Lease, OrderKey, Page, PageRequest, PaymentNotice, StoreError};
use async_trait::async_trait;
use domain::id::TenderId;
use time::OffsetDateTime;

/// What a notice is known by: whatever its provider tells under the same id again is the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NoticeKey {
    pub provider: String,
    pub event_id: String,
}

/// A notice that was taken, and not looked into yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptNotice {
    pub notice: PaymentNotice,
    pub taken_at: OffsetDateTime,
    /// How often it was looked into and put aside.
    pub tries: u32,
    /// Why it was put aside last.
    pub why: Option<String>,
}

/// Where a notice stands in the list of those that are open.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NoticePlace {
    pub taken_at: OffsetDateTime,
    pub key: NoticeKey,
}

impl KeptNotice {
    pub fn place(&self) -> NoticePlace {
        NoticePlace { taken_at: self.taken_at, key: self.notice.key() }
    }
}

/// Notices, each once. They are kept before a provider is answered, and looked into later, by one
/// process at a time.
#[async_trait]
pub trait Inbox: Send + Sync {
    /// Keeps a notice, which is due at once. `false`, and nothing changes, if it was kept before.
    async fn take(&self, notice: &PaymentNotice, now: OffsetDateTime) -> Result<bool, StoreError>;

    /// Leases at most `limit` of those that are due and nobody else's, the longest due first.
    async fn claim_notices(
        &self,
        lease: &Lease,
        now: OffsetDateTime,
        limit: u32,
    ) -> Result<Vec<KeptNotice>, StoreError>;

    /// It was looked into and is not looked at again; `false`, and nothing changes, if it is not the
    /// owner's any more.
    async fn finish_notice(
        &self,
        key: &NoticeKey,
        owner: &str,
        now: OffsetDateTime,
    ) -> Result<bool, StoreError>;

    /// It cannot be looked into yet; `false`, and nothing changes, if it is not the owner's any more.
    async fn put_aside(
        &self,
        key: &NoticeKey,
        owner: &str,
        due_at: OffsetDateTime,
        why: &str,
    ) -> Result<bool, StoreError>;

    /// Those that were not looked into, the longest kept first.
    async fn open_notices(
        &self,
        page: PageRequest<NoticePlace>,
    ) -> Result<Page<KeptNotice, NoticePlace>, StoreError>;

    /// Forgets at most `limit` of those that were looked into before a time, and answers how many.
    async fn forget_notices(&self, before: OffsetDateTime, limit: u32) -> Result<u64, StoreError>;

    /// Whose payment a provider knows by this reference: the tenders that carry it, of any store.
    async fn payments(
        &self,
        provider: &str,
        reference: &str,
    ) -> Result<Vec<(OrderKey, TenderId)>, StoreError>;
}

impl PaymentNotice {
    pub fn key(&self) -> NoticeKey {
        NoticeKey { provider: self.provider.clone(), event_id: self.event_id.clone() }
    }
}
