//! Uses of tokens, and the news that a credential changed in another process.

use crate::{
    SqlStore,
    column::{micros, time},
    connect::is_sqlite,
    entity::token,
    error::from_orm,
};
use async_trait::async_trait;
use domain::id::{StoreId, TokenId};
use ports::{Credentials, StoreError, TokenUse};
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter,
    sqlx::{self, postgres::PgListener},
};
use std::collections::BTreeMap;
use time::OffsetDateTime;
use tokio::{sync::Mutex, time::Instant};

const NOTE_USE: &str = "UPDATE tokens SET last_used_at = $3 WHERE store_id = $1 AND token_id = $2 \
    AND (last_used_at IS NULL OR last_used_at < $3)";
const CHANNEL: &str = "meridian_credentials";
const TELL: &str = "SELECT pg_notify('meridian_credentials', '')";

#[async_trait]
impl Credentials for SqlStore {
    async fn note_uses(&self, uses: &[TokenUse]) -> Result<(), StoreError> {
        for TokenUse { store_id, token_id, at } in uses {
            let key = [store_id.as_str().into(), token_id.as_uuid().into()];
            let values = key.into_iter().chain([micros(*at).into()]).collect();
            self.in_time(self.change(NOTE_USE, values)).await?;
        }
        Ok(())
    }

    async fn last_uses(
        &self,
        store: &StoreId,
        tokens: &[TokenId],
    ) -> Result<BTreeMap<TokenId, OffsetDateTime>, StoreError> {
        let rows = token::Entity::find()
            .filter(token::Column::StoreId.eq(store.as_str()))
            .filter(token::Column::TokenId.is_in(tokens.iter().map(|token| token.as_uuid())))
            .filter(token::Column::LastUsedAt.is_not_null())
            .all(self.read());
        let rows = self.in_time(async { rows.await.map_err(from_orm) }).await?;
        let used = rows.into_iter().filter_map(|row| Some((row.token_id, row.last_used_at?)));
        let read = |(token, at)| Ok((TokenId::from_uuid(token), time("tokens.last_used_at", at)?));
        used.map(read).collect()
    }

    async fn changed(&self) {
        let own = self.inner.bells.wait_for_credentials();
        match &self.inner.news {
            None => own.await,
            Some(news) => tokio::select! {
                () = own => {}
                () = news.heard() => {}
            },
        }
    }
}

impl SqlStore {
    /// Tells every process that what it remembers of credentials may be over. One that does not hear
    /// it looks again by itself.
    pub(crate) async fn tell_of_credentials(&self) {
        self.inner.bells.credentials_changed();
        if is_sqlite(&self.inner.url) {
            return;
        }
        if let Err(error) = self.read_rows(TELL, Vec::new()).await {
            tracing::warn!(error = %ports::Chain(&error), "other processes were not told of a credential");
        }
    }
}

/// What other processes tell over PostgreSQL.
pub(crate) struct News {
    url: String,
    listener: Mutex<Option<PgListener>>,
}

/// Before the next try to listen.
const PAUSE: std::time::Duration = std::time::Duration::from_secs(1);

impl News {
    pub fn of(url: &str) -> Self {
        Self { url: url.to_owned(), listener: Mutex::default() }
    }

    /// Returns at the next piece of news, and whenever some may have been missed.
    async fn heard(&self) {
        let mut listener = self.listener.lock().await;
        let began = Instant::now();
        if let Err(error) = next(&self.url, &mut listener).await {
            tracing::warn!(%error, "what other processes tell is not heard");
            *listener = None;
            tokio::time::sleep_until(began + PAUSE).await;
        }
    }
}

async fn next(url: &str, kept: &mut Option<PgListener>) -> Result<(), sqlx::Error> {
    let Some(listener) = kept else {
        let mut listener = PgListener::connect(url).await?;
        listener.listen(CHANNEL).await?;
        *kept = Some(listener);
        // Something may have been told before.
        return Ok(());
    };
    // Nothing is what it answers when its connection broke.
    listener.try_recv().await.map(drop)
}
