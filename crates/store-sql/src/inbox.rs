use crate::{
    SqlStore,
    column::{from_doc, micros, name, time, to_doc},
    error::from_orm,
    reader::to_page,
    tasks::skip_locked,
};
use async_trait::async_trait;
use domain::id::TenderId;
use ports::{
    Chain, Inbox, KeptNotice, Lease, NoticeKey, NoticePlace, OrderKey, Page, PageRequest,
    PaymentNotice, StoreError,
};
use sea_orm::{ConnectionTrait, QueryResult, Statement, Value};
use time::OffsetDateTime;

const TAKE: &str = "INSERT INTO payment_notices (provider, event_id, doc, taken_at, due_at, tries) \
    VALUES ($1, $2, $3, $4, $4, 0) ON CONFLICT DO NOTHING";
/// So that an idle process writes nothing.
const ANY_DUE: &str = "SELECT 1 FROM payment_notices WHERE due_at <= $1 \
    AND (lease_until IS NULL OR lease_until <= $1) LIMIT 1";
/// Which ones is settled once and apart, as with tasks.
const CLAIM: &str = "WITH due AS MATERIALIZED (SELECT provider, event_id FROM payment_notices \
    WHERE due_at <= $1 AND (lease_until IS NULL OR lease_until <= $1) \
    ORDER BY due_at LIMIT $4{lock}) \
    UPDATE payment_notices SET lease_owner = $2, lease_until = $3 FROM due \
    WHERE payment_notices.provider = due.provider AND payment_notices.event_id = due.event_id \
    RETURNING payment_notices.doc, payment_notices.taken_at, payment_notices.tries, \
    payment_notices.why, payment_notices.due_at";
const FINISH: &str = "UPDATE payment_notices SET done_at = $4, due_at = NULL, why = NULL, \
    lease_owner = NULL, lease_until = NULL WHERE provider = $1 AND event_id = $2 \
    AND lease_owner = $3";
const PUT_ASIDE: &str = "UPDATE payment_notices SET due_at = $4, tries = tries + 1, why = $5, \
    lease_owner = NULL, lease_until = NULL WHERE provider = $1 AND event_id = $2 \
    AND lease_owner = $3";
const OPEN: &str = "SELECT doc, taken_at, tries, why FROM payment_notices \
    WHERE due_at IS NOT NULL AND (taken_at, provider, event_id) > ($1, $2, $3) \
    ORDER BY taken_at, provider, event_id LIMIT $4";
const FORGET: &str = "DELETE FROM payment_notices WHERE (provider, event_id) IN \
    (SELECT provider, event_id FROM payment_notices WHERE done_at < $1 ORDER BY done_at LIMIT $2)";
const PAYMENTS: &str = "SELECT store_id, order_id, tender_id FROM tenders WHERE provider = $1 \
    AND reference = $2 ORDER BY store_id, order_id, tender_id";

#[async_trait]
impl Inbox for SqlStore {
    async fn take(&self, notice: &PaymentNotice, now: OffsetDateTime) -> Result<bool, StoreError> {
        let doc = to_doc(notice)?;
        let values = [
            notice.provider.as_str().into(),
            notice.event_id.as_str().into(),
            doc.into(),
            micros(now).into(),
        ];
        Ok(self.in_time(self.change(TAKE, values.into())).await? > 0)
    }

    async fn claim_notices(
        &self,
        lease: &Lease,
        now: OffsetDateTime,
        limit: u32,
    ) -> Result<Vec<KeptNotice>, StoreError> {
        self.in_time(self.claim_due_notices(lease, now, limit)).await
    }

    async fn finish_notice(
        &self,
        key: &NoticeKey,
        owner: &str,
        now: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let values = held_by(key, owner).into_iter().chain([micros(now).into()]);
        Ok(self.in_time(self.change(FINISH, values.collect())).await? > 0)
    }

    async fn put_aside(
        &self,
        key: &NoticeKey,
        owner: &str,
        due_at: OffsetDateTime,
        why: &str,
    ) -> Result<bool, StoreError> {
        let values = held_by(key, owner).into_iter().chain([micros(due_at).into(), why.into()]);
        Ok(self.in_time(self.change(PUT_ASIDE, values.collect())).await? > 0)
    }

    async fn open_notices(
        &self,
        page: PageRequest<NoticePlace>,
    ) -> Result<Page<KeptNotice, NoticePlace>, StoreError> {
        // Nothing was taken before all time, so everything comes after that.
        let (taken_at, provider, event_id) = match &page.after {
            None => (i64::MIN, "", ""),
            Some(NoticePlace { taken_at, key }) => {
                (micros(*taken_at), key.provider.as_str(), key.event_id.as_str())
            }
        };
        let from = [taken_at.into(), provider.into(), event_id.into()];
        let values = from.into_iter().chain([(i64::from(page.size) + 1).into()]);
        let rows = self.read_rows(OPEN, values.collect()).await?;
        Ok(to_page(readable(&rows), page.size, KeptNotice::place))
    }

    async fn forget_notices(&self, before: OffsetDateTime, limit: u32) -> Result<u64, StoreError> {
        self.in_time(self.change(FORGET, vec![micros(before).into(), i64::from(limit).into()]))
            .await
    }

    async fn payments(
        &self,
        provider: &str,
        reference: &str,
    ) -> Result<Vec<(OrderKey, TenderId)>, StoreError> {
        let rows = self.read_rows(PAYMENTS, vec![provider.into(), reference.into()]).await?;
        let text = |row: &QueryResult, place| -> Result<String, StoreError> {
            row.try_get_by_index(place).map_err(from_orm)
        };
        let found = rows.iter().map(|row| {
            let key = OrderKey {
                store_id: name("tenders.store_id", &text(row, 0)?)?,
                order_id: name("tenders.order_id", &text(row, 1)?)?,
            };
            Ok((key, name("tenders.tender_id", &text(row, 2)?)?))
        });
        found.collect()
    }
}

impl SqlStore {
    async fn claim_due_notices(
        &self,
        lease: &Lease,
        now: OffsetDateTime,
        limit: u32,
    ) -> Result<Vec<KeptNotice>, StoreError> {
        let (read, write) = (self.read(), self.write());
        let backend = write.get_database_backend();
        let any_due = Statement::from_sql_and_values(backend, ANY_DUE, [micros(now).into()]);
        if read.query_one_raw(any_due).await.map_err(from_orm)?.is_none() {
            return Ok(Vec::new());
        }
        let values = [
            micros(now).into(),
            lease.owner.as_str().into(),
            micros(lease.until).into(),
            i64::from(limit).into(),
        ];
        let sql = CLAIM.replace("{lock}", skip_locked(backend));
        let claim = Statement::from_sql_and_values(backend, sql, values);
        let mut rows = write.query_all_raw(claim).await.map_err(from_orm)?;
        rows.sort_by_cached_key(|row| row.try_get_by_index::<i64>(4).unwrap_or(i64::MAX));
        Ok(readable(&rows))
    }
}

fn held_by(key: &NoticeKey, owner: &str) -> [Value; 3] {
    [key.provider.as_str().into(), key.event_id.as_str().into(), owner.into()]
}

/// What another build has kept waits for that build, and keeps nothing else from being looked into.
fn readable(rows: &[QueryResult]) -> Vec<KeptNotice> {
    let read = |row: &QueryResult| {
        let kept = to_kept(row);
        kept.inspect_err(|error| tracing::error!(error = %Chain(error), "a notice cannot be read"))
            .ok()
    };
    rows.iter().filter_map(read).collect()
}

fn to_kept(row: &QueryResult) -> Result<KeptNotice, StoreError> {
    let doc: String = row.try_get_by_index(0).map_err(from_orm)?;
    let taken_at: i64 = row.try_get_by_index(1).map_err(from_orm)?;
    let tries: i64 = row.try_get_by_index(2).map_err(from_orm)?;
    Ok(KeptNotice {
        notice: from_doc("payment_notices.doc", &doc)?,
        taken_at: time("payment_notices.taken_at", taken_at)?,
        tries: u32::try_from(tries).unwrap_or(u32::MAX),
        why: row.try_get_by_index(3).map_err(from_orm)?,
    })
}
