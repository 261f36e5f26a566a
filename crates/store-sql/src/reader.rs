//! Lists and histories.

mod cancellations;
mod orders;
mod refunds;

use crate::{
    SqlStore,
    column::{from_doc, micros, time},
    entity::{fact, refund, store, token},
    error::{from_orm, unreadable},
    store::to_store,
};
use async_trait::async_trait;
use domain::{
    Actor, ActorKind,
    id::{CancellationId, EventId, OrderId, RefundId, StoreId, TokenId},
    store::Store as StoreRecord,
    token::Token,
};
use ports::{
    CancellationFilter, CancellationRef, LoggedFact, OrderFilter, OrderKey, OrderOrigin, OrderSort,
    OrderView, Page, PageRequest, Reader, RefundFilter, RefundRef, StoreError, Stored,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Statement,
};
use std::{collections::BTreeMap, ops::RangeInclusive};
use time::OffsetDateTime;

const LIVE_TOKENS: &str = "SELECT COUNT(*) FROM tokens WHERE store_id = $1 AND ends_at > $2";

#[async_trait]
impl Reader for SqlStore {
    async fn order(&self, key: &OrderKey) -> Result<Option<OrderView>, StoreError> {
        self.view_order(key).await
    }

    async fn orders(
        &self,
        store: &StoreId,
        filter: &OrderFilter,
        sort: OrderSort,
        page: PageRequest<OrderOrigin>,
    ) -> Result<Page<OrderView, OrderOrigin>, StoreError> {
        orders::list(self.read(), store, filter, sort, page).await
    }

    async fn count_orders_of(
        &self,
        store: &StoreId,
        buyer_email: &str,
        made: RangeInclusive<OffsetDateTime>,
        at_most: u32,
    ) -> Result<u32, StoreError> {
        orders::count_of(self.read(), store, buyer_email, made, at_most).await
    }

    async fn refunds(
        &self,
        store: &StoreId,
        filter: &RefundFilter,
        page: PageRequest<RefundId>,
    ) -> Result<Page<RefundRef, RefundId>, StoreError> {
        let Some(order_id) = &filter.order_id else {
            return refunds::list(self.read(), store, filter, page).await;
        };
        let view = self.view_order(&OrderKey::new(store.clone(), order_id.clone())).await?;
        Ok(refunds::of_order(view.map(|view| view.order), filter, &page))
    }

    async fn refunds_succeeded(
        &self,
        store: &StoreId,
        orders: &[OrderId],
    ) -> Result<BTreeMap<RefundId, OffsetDateTime>, StoreError> {
        refunds::succeeded(self.read(), store, orders).await
    }

    async fn cancellations(
        &self,
        store: &StoreId,
        filter: &CancellationFilter,
        page: PageRequest<CancellationId>,
    ) -> Result<Page<CancellationRef, CancellationId>, StoreError> {
        cancellations::list(self.read(), store, filter, page).await
    }

    async fn facts(&self, key: &OrderKey) -> Result<Vec<LoggedFact>, StoreError> {
        let rows = fact::Entity::find()
            .filter(fact::Column::StoreId.eq(key.store_id.as_str()))
            .filter(fact::Column::OrderId.eq(key.order_id.as_str()))
            .order_by_asc(fact::Column::Place)
            .all(self.read())
            .await;
        rows.map_err(from_orm)?.into_iter().map(to_fact).collect()
    }

    async fn refund_created(
        &self,
        key: &OrderKey,
        refund: RefundId,
    ) -> Result<Option<LoggedFact>, StoreError> {
        let id = (key.store_id.to_string(), refund.as_uuid());
        let row = refund::Entity::find_by_id(id).one(self.read()).await.map_err(from_orm)?;
        let Some(row) = row.filter(|row| row.order_id == key.order_id.as_str()) else {
            return Ok(None);
        };
        let id = (row.store_id, row.order_id, row.place);
        let fact = fact::Entity::find_by_id(id).one(self.read()).await.map_err(from_orm)?;
        fact.map(to_fact).transpose()
    }

    async fn stores(
        &self,
        page: PageRequest<StoreId>,
    ) -> Result<Page<Stored<StoreRecord>, StoreId>, StoreError> {
        let mut query = store::Entity::find()
            .order_by_asc(store::Column::StoreId)
            .limit(u64::from(page.size) + 1);
        if let Some(after) = &page.after {
            query = query.filter(store::Column::StoreId.gt(after.as_str()));
        }
        let rows = query.all(self.read()).await.map_err(from_orm)?;
        let found = rows.iter().map(to_store).collect::<Result<_, _>>()?;
        Ok(to_page(found, page.size, |row: &Stored<StoreRecord>| row.state.store_id.clone()))
    }

    async fn tokens(
        &self,
        store: &StoreId,
        page: PageRequest<TokenId>,
    ) -> Result<Page<Token, TokenId>, StoreError> {
        let mut query = token::Entity::find()
            .filter(token::Column::StoreId.eq(store.as_str()))
            .order_by_asc(token::Column::TokenId)
            .limit(u64::from(page.size) + 1);
        if let Some(after) = page.after {
            query = query.filter(token::Column::TokenId.gt(after.as_uuid()));
        }
        let rows = query.all(self.read()).await.map_err(from_orm)?;
        let found = rows.iter().map(to_token).collect::<Result<_, _>>()?;
        Ok(to_page(found, page.size, |token: &Token| token.token_id))
    }

    async fn token(&self, store: &StoreId, token: TokenId) -> Result<Option<Token>, StoreError> {
        let id = (store.to_string(), token.as_uuid());
        let found = token::Entity::find_by_id(id).one(self.read()).await.map_err(from_orm)?;
        found.as_ref().map(to_token).transpose()
    }

    async fn token_by_hash(&self, hash: &[u8; 32]) -> Result<Option<Token>, StoreError> {
        let query = token::Entity::find().filter(token::Column::Hash.eq(hash.as_slice()));
        let found = query.one(self.read()).await.map_err(from_orm)?;
        found.as_ref().map(to_token).transpose()
    }

    async fn count_live_tokens(
        &self,
        store: &StoreId,
        at: OffsetDateTime,
    ) -> Result<u32, StoreError> {
        self.count(LIVE_TOKENS, vec![store.as_str().into(), micros(at).into()]).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        let backend = self.read().get_database_backend();
        let answer = self.read().query_one_raw(Statement::from_string(backend, "SELECT 1")).await;
        answer.map(drop).map_err(from_orm)
    }
}

/// One row more than asked for was read if there is another page.
pub(crate) fn to_page<T, C>(mut rows: Vec<T>, size: u32, cursor: impl Fn(&T) -> C) -> Page<T, C> {
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let more = rows.len() > size;
    rows.truncate(size);
    let next = rows.last().filter(|_| more).map(cursor);
    Page { items: rows, next }
}

fn to_token(row: &token::Model) -> Result<Token, StoreError> {
    from_doc("tokens.doc", &row.doc)
}

/// Whoever did it, by the columns that say so.
pub(crate) fn actor(column: &'static str, kind: &str, id: String) -> Result<Actor, StoreError> {
    let kinds = [
        ActorKind::Platform,
        ActorKind::Merchant,
        ActorKind::Customer,
        ActorKind::Service,
        ActorKind::Worker,
    ];
    let kind = kinds.into_iter().find(|known| known.name() == kind);
    let kind = kind.ok_or_else(|| unreadable(column, "unknown kind of actor"))?;
    Ok(Actor::new(kind, id))
}

fn to_fact(row: fact::Model) -> Result<LoggedFact, StoreError> {
    Ok(LoggedFact {
        event_id: EventId::from_uuid(row.event_id),
        place: row.place,
        sequence: row.sequence,
        fact: from_doc("facts.body", &row.body)?,
        actor: actor("facts.actor_kind", &row.actor_kind, row.actor_id)?,
        occurred_at: time("facts.occurred_at", row.occurred_at)?,
    })
}
