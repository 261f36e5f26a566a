use crate::{MemoryStore, micros, reader::paged, tables::NoticeRow};
use async_trait::async_trait;
use domain::id::TenderId;
use ports::{
    Inbox, KeptNotice, Lease, NoticeKey, NoticePlace, OrderKey, Page, PageRequest, PaymentNotice,
    StoreError,
};
use time::OffsetDateTime;

#[async_trait]
impl Inbox for MemoryStore {
    async fn take(&self, notice: &PaymentNotice, now: OffsetDateTime) -> Result<bool, StoreError> {
        let mut tables = self.lock();
        if tables.notices.contains_key(&notice.key()) {
            return Ok(false);
        }
        let now = crate::to_the_microsecond(now);
        let kept = KeptNotice { notice: notice.clone(), taken_at: now, tries: 0, why: None };
        let row = NoticeRow { kept, due_at: Some(now), done_at: None, lease: None };
        tables.notices.insert(notice.key(), row);
        Ok(true)
    }

    async fn claim_notices(
        &self,
        lease: &Lease,
        now: OffsetDateTime,
        limit: u32,
    ) -> Result<Vec<KeptNotice>, StoreError> {
        let mut tables = self.lock();
        let is_free = |row: &&mut NoticeRow| {
            let held = |lease: &Lease| micros(now) < micros(lease.until);
            row.due_at.is_some_and(|due| micros(due) <= micros(now))
                && !row.lease.as_ref().is_some_and(held)
        };
        let mut due: Vec<&mut NoticeRow> = tables.notices.values_mut().filter(is_free).collect();
        due.sort_by_key(|row| row.due_at);
        let claimed = due.into_iter().take(usize::try_from(limit).unwrap_or(usize::MAX));
        let claimed = claimed.map(|row| {
            row.lease = Some(lease.clone());
            row.kept.clone()
        });
        Ok(claimed.collect())
    }

    async fn finish_notice(
        &self,
        key: &NoticeKey,
        owner: &str,
        now: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        Ok(self.notice_of(key, owner, |row| {
            row.done_at = Some(now);
            row.due_at = None;
            row.kept.why = None;
        }))
    }

    async fn put_aside(
        &self,
        key: &NoticeKey,
        owner: &str,
        due_at: OffsetDateTime,
        why: &str,
    ) -> Result<bool, StoreError> {
        Ok(self.notice_of(key, owner, |row| {
            row.due_at = Some(due_at);
            row.kept.tries += 1;
            row.kept.why = Some(why.to_owned());
        }))
    }

    async fn open_notices(
        &self,
        page: PageRequest<NoticePlace>,
    ) -> Result<Page<KeptNotice, NoticePlace>, StoreError> {
        let tables = self.lock();
        let open = tables.notices.values().filter(|row| {
            let is_later = |after: &NoticePlace| row.kept.place() > *after;
            row.due_at.is_some() && page.after.as_ref().is_none_or(is_later)
        });
        let mut open: Vec<KeptNotice> = open.map(|row| row.kept.clone()).collect();
        open.sort_by_key(KeptNotice::place);
        Ok(paged(open, page.size, Clone::clone, KeptNotice::place))
    }

    async fn forget_notices(&self, before: OffsetDateTime, limit: u32) -> Result<u64, StoreError> {
        let mut tables = self.lock();
        let done = tables.notices.iter().filter_map(|(key, row)| {
            let done_at = row.done_at.filter(|at| micros(*at) < micros(before))?;
            Some((done_at, key.clone()))
        });
        let mut done: Vec<_> = done.collect();
        done.sort();
        done.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        for (_, key) in &done {
            tables.notices.remove(key);
        }
        Ok(u64::try_from(done.len()).unwrap_or(u64::MAX))
    }

    async fn payments(
        &self,
        provider: &str,
        reference: &str,
    ) -> Result<Vec<(OrderKey, TenderId)>, StoreError> {
        let tables = self.lock();
        let mut found = Vec::new();
        for (key, row) in &tables.orders {
            let mut tenders: Vec<_> = row.stored.state.tenders.iter().collect();
            tenders.sort_by(|one, other| one.tender_id.as_str().cmp(other.tender_id.as_str()));
            let carries = |tender: &&&domain::order::Tender| {
                tender.provider == provider
                    && tender.provider_reference == reference
                    && !reference.is_empty()
            };
            let tenders = tenders.iter().filter(carries);
            found.extend(tenders.map(|tender| (key.clone(), tender.tender_id.clone())));
        }
        Ok(found)
    }
}

impl MemoryStore {
    fn notice_of(&self, key: &NoticeKey, owner: &str, change: impl FnOnce(&mut NoticeRow)) -> bool {
        let mut tables = self.lock();
        let row = tables.notices.get_mut(key);
        let held = row.filter(|row| row.lease.as_ref().is_some_and(|held| held.owner == owner));
        let change = |row: &mut NoticeRow| {
            change(row);
            row.lease = None;
        };
        held.map(change).is_some()
    }
}
