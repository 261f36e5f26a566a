use crate::{
    SqlStore,
    column::{digest, from_doc, micros, name, time, to_doc},
    entity::{claim, quote, store},
    error::from_orm,
    tasks::skip_locked,
};
use async_trait::async_trait;
use domain::{
    id::{QuoteId, StoreId},
    store::Store as StoreRecord,
};
use ports::{
    Chain, Claim, ClaimKind, Commit, Loaded, NumberBlock, OrderKey, Quote, Receipt, RequestKey,
    Store, StoreError, Stored, Version,
};
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait, Statement};
use time::OffsetDateTime;

const DRAW: &str = "INSERT INTO refund_numbers (store_id, next_number) VALUES ($1, 1 + $2) \
    ON CONFLICT (store_id) DO UPDATE SET next_number = refund_numbers.next_number + $2 \
    RETURNING next_number";

/// Expired quotes are kept for a while, so that a late caller is told why.
const KEEP_EXPIRED: time::Duration = time::Duration::DAY;

/// Some at a time, so that no caller pays for all of them; and those that somebody else is about
/// to drop are left to them.
const DROP_EXPIRED: &str = "WITH old AS MATERIALIZED \
    (SELECT store_id, order_id, quote_id FROM quotes WHERE expires_at < $1 \
    ORDER BY expires_at LIMIT 100{lock}) \
    DELETE FROM quotes WHERE (store_id, order_id, quote_id) IN \
    (SELECT store_id, order_id, quote_id FROM old)";

#[async_trait]
impl Store for SqlStore {
    async fn load(
        &self,
        order: &OrderKey,
        request: Option<&RequestKey>,
    ) -> Result<Loaded, StoreError> {
        self.load_order(order, request).await
    }

    async fn receipt(&self, request: &RequestKey) -> Result<Option<Receipt>, StoreError> {
        self.find_receipt(request).await
    }

    async fn claim(
        &self,
        store: &StoreId,
        kind: ClaimKind,
        key: &str,
    ) -> Result<Option<Claim>, StoreError> {
        let scope = if kind.is_global() { String::new() } else { store.to_string() };
        let id = (scope, kind.name().to_owned(), key.to_owned());
        // Whether a key is free that is unique over all stores cannot be told of one of them alone.
        let database = if kind.is_global() { &self.inner.read } else { self.read() };
        let found = async { claim::Entity::find_by_id(id).one(database).await.map_err(from_orm) };
        let row = self.in_time(found).await?;
        row.map(|row| {
            Ok(Claim {
                store_id: name("claims.store_id", &row.store_id)?,
                kind,
                key: row.claim_key,
                holder: row.holder,
                fingerprint: digest("claims.fingerprint", row.fingerprint)?,
            })
        })
        .transpose()
    }

    async fn store(&self, store: &StoreId) -> Result<Option<Stored<StoreRecord>>, StoreError> {
        let found = async {
            let found = store::Entity::find_by_id(store.to_string());
            found.one(self.read()).await.map_err(from_orm)
        };
        self.in_time(found).await?.map(|row| to_store(&row)).transpose()
    }

    async fn draw_refund_numbers(
        &self,
        store: &StoreId,
        count: u32,
    ) -> Result<NumberBlock, StoreError> {
        let database = self.write();
        let values = [store.as_str().into(), i64::from(count).into()];
        let backend = database.get_database_backend();
        let statement = Statement::from_sql_and_values(backend, DRAW, values);
        // All rows, although there is one: SQLite commits after the last of them, and whoever
        // leaves with the first does not hear of it if that fails.
        let drawn = async { database.query_all_raw(statement).await.map_err(from_orm) };
        let rows = self.in_time(drawn).await?;
        let nothing = || from_orm(DbErr::RecordNotInserted);
        let next: i64 = rows.first().ok_or_else(nothing)?.try_get_by_index(0).map_err(from_orm)?;
        Ok(next - i64::from(count)..next)
    }

    async fn save_quote(&self, quote: &Quote, now: OffsetDateTime) -> Result<(), StoreError> {
        self.in_time(self.insert_quote(quote)).await?;
        // The quote stands already; what is old may wait for the next one.
        if let Err(error) = self.in_time(self.drop_expired_quotes(now)).await {
            tracing::warn!(error = %Chain(&error), "expired quotes could not be dropped");
        }
        Ok(())
    }

    async fn quote(&self, order: &OrderKey, quote: QuoteId) -> Result<Option<Quote>, StoreError> {
        let id = (order.store_id.to_string(), order.order_id.to_string(), quote.as_uuid());
        let found =
            async { quote::Entity::find_by_id(id).one(self.read()).await.map_err(from_orm) };
        let row = self.in_time(found).await?;
        row.map(|row| {
            Ok(Quote {
                quote_id: quote,
                order: order.clone(),
                revision: row.revision,
                request: from_doc("quotes.request", &row.request)?,
                hash: digest("quotes.hash", row.hash)?,
                expires_at: time("quotes.expires_at", row.expires_at)?,
            })
        })
        .transpose()
    }

    async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        self.apply(commit).await
    }
}

impl SqlStore {
    async fn insert_quote(&self, quote: &Quote) -> Result<(), StoreError> {
        let row = quote::ActiveModel {
            store_id: Set(quote.order.store_id.to_string()),
            order_id: Set(quote.order.order_id.to_string()),
            quote_id: Set(quote.quote_id.as_uuid()),
            revision: Set(quote.revision),
            expires_at: Set(micros(quote.expires_at)),
            hash: Set(quote.hash.to_vec()),
            request: Set(to_doc(&quote.request)?),
        };
        let inserted = quote::Entity::insert(row).exec_without_returning(self.write()).await;
        inserted.map(drop_count).map_err(from_orm)
    }

    async fn drop_expired_quotes(&self, now: OffsetDateTime) -> Result<(), StoreError> {
        let database = self.write();
        let backend = database.get_database_backend();
        let sql = DROP_EXPIRED.replace("{lock}", skip_locked(backend));
        let old = micros(now.saturating_sub(KEEP_EXPIRED)).into();
        let drop = Statement::from_sql_and_values(backend, sql, [old]);
        database.execute_raw(drop).await.map_err(from_orm)?;
        Ok(())
    }
}

fn drop_count(_: u64) {}

pub(crate) fn to_store(row: &store::Model) -> Result<Stored<StoreRecord>, StoreError> {
    Ok(Stored { state: from_doc("stores.doc", &row.doc)?, version: Version(row.version) })
}
