use crate::{MemoryStore, micros, tables::OrderRow};
use async_trait::async_trait;
use domain::{
    cancellation::Cancellation,
    id::{CancellationId, OrderId, RefundId, StoreId, TokenId},
    order::{Fact, Line, Order},
    store::Store as StoreRecord,
    token::Token,
};
use ports::{
    CancellationFilter, CancellationRef, LoggedFact, OrderFilter, OrderKey, OrderOrigin, OrderSort,
    OrderView, Page, PageRequest, Period, Reader, RefundFilter, RefundRef, StoreError, Stored,
};
use std::{cmp::Reverse, collections::BTreeMap, ops::RangeInclusive};
use time::OffsetDateTime;

#[async_trait]
impl Reader for MemoryStore {
    async fn order(&self, key: &OrderKey) -> Result<Option<OrderView>, StoreError> {
        Ok(self.lock().orders.get(key).map(OrderRow::view))
    }

    async fn orders(
        &self,
        store: &StoreId,
        filter: &OrderFilter,
        sort: OrderSort,
        page: PageRequest<OrderOrigin>,
    ) -> Result<Page<OrderView, OrderOrigin>, StoreError> {
        let tables = self.lock();
        let after = page.after.as_ref().map(|origin| (micros(origin.created_at), &origin.order_id));
        let comes_after = |row: &OrderRow| {
            after.is_none_or(|after| match sort {
                OrderSort::NewestFirst => row.sorts_as() < after,
                OrderSort::OldestFirst => row.sorts_as() > after,
            })
        };
        let mut rows: Vec<&OrderRow> = tables
            .orders
            .values()
            .filter(|row| row.stored.state.store_id == *store)
            .filter(|row| matches(row, filter) && comes_after(row))
            .collect();
        match sort {
            OrderSort::NewestFirst => rows.sort_by_key(|row| Reverse(row.sorts_as())),
            OrderSort::OldestFirst => rows.sort_by_key(|row| row.sorts_as()),
        }
        Ok(paged(rows, page.size, |row| row.view(), |row| row.origin()))
    }

    async fn count_orders_of(
        &self,
        store: &StoreId,
        buyer_email: &str,
        made: RangeInclusive<OffsetDateTime>,
        at_most: u32,
    ) -> Result<u32, StoreError> {
        let filter = OrderFilter {
            buyer_email: Some(buyer_email.to_owned()),
            created_from: Some(*made.start()),
            ..OrderFilter::default()
        };
        let until = micros(*made.end());
        let tables = self.lock();
        let of_store = tables.orders.values().filter(|row| row.stored.state.store_id == *store);
        let in_time = of_store.filter(|row| micros(row.stored.state.created_at) <= until);
        let count = in_time.filter(|row| matches(row, &filter)).count();
        Ok(u32::try_from(count).unwrap_or(u32::MAX).min(at_most))
    }

    async fn refunds(
        &self,
        store: &StoreId,
        filter: &RefundFilter,
        page: PageRequest<RefundId>,
    ) -> Result<Page<RefundRef, RefundId>, StoreError> {
        let tables = self.lock();
        let is_asked_for =
            |id: &OrderId| filter.order_id.as_ref().is_none_or(|wanted| wanted == id);
        let mut found: Vec<RefundRef> = tables
            .orders
            .iter()
            .filter(|(key, _)| key.store_id == *store && is_asked_for(&key.order_id))
            .flat_map(|(key, row)| row.stored.state.refunds.iter().map(move |r| (key, r)))
            .filter(|(_, refund)| filter.states.is_empty() || filter.states.contains(&refund.state))
            .filter(|(_, refund)| is_within(&filter.made, Some(refund.created_at)))
            .map(|(key, refund)| (key.order_id.clone(), refund.refund_id))
            .filter(|(_, refund_id)| page.after.is_none_or(|after| *refund_id > after))
            .map(|(order_id, refund_id)| RefundRef { order_id, refund_id })
            .collect();
        found.sort_by_key(|refund| refund.refund_id);
        Ok(paged(found, page.size, Clone::clone, |refund| refund.refund_id))
    }

    async fn refunds_succeeded(
        &self,
        store: &StoreId,
        orders: &[OrderId],
    ) -> Result<BTreeMap<RefundId, OffsetDateTime>, StoreError> {
        let tables = self.lock();
        let keys = orders.iter().map(|order_id| OrderKey::new(store.clone(), order_id.clone()));
        let logged = keys.filter_map(|key| tables.orders.get(&key)).flat_map(|row| &row.facts);
        let succeeded = logged.filter_map(|logged| match &logged.fact {
            Fact::RefundSucceeded { refund_id } => Some((*refund_id, logged.occurred_at)),
            _ => None,
        });
        Ok(succeeded.collect())
    }

    async fn cancellations(
        &self,
        store: &StoreId,
        filter: &CancellationFilter,
        page: PageRequest<CancellationId>,
    ) -> Result<Page<CancellationRef, CancellationId>, StoreError> {
        let tables = self.lock();
        let of_store = tables.orders.iter().filter(|(key, _)| key.store_id == *store);
        let mut found: Vec<CancellationRef> = of_store
            .flat_map(|(_, row)| {
                let order = &row.stored.state;
                let all = order.cancellations.iter();
                all.filter(|it| is_asked_for(order, it, filter)).map(|it| CancellationRef {
                    order_id: order.order_id.clone(),
                    cancellation_id: it.cancellation_id,
                })
            })
            .filter(|found| page.after.is_none_or(|after| found.cancellation_id < after))
            .collect();
        found.sort_by_key(|found| Reverse(found.cancellation_id));
        Ok(paged(found, page.size, Clone::clone, |found| found.cancellation_id))
    }

    async fn facts(&self, key: &OrderKey) -> Result<Vec<LoggedFact>, StoreError> {
        Ok(self.lock().orders.get(key).map(|row| row.facts.clone()).unwrap_or_default())
    }

    async fn refund_created(
        &self,
        key: &OrderKey,
        wanted: RefundId,
    ) -> Result<Option<LoggedFact>, StoreError> {
        let tables = self.lock();
        let facts = tables.orders.get(key).map(|row| row.facts.as_slice()).unwrap_or_default();
        let made = |logged: &&LoggedFact| matches!(&logged.fact, Fact::RefundCreated { refund, .. } if refund.refund_id == wanted);
        Ok(facts.iter().find(made).cloned())
    }

    async fn stores(
        &self,
        page: PageRequest<StoreId>,
    ) -> Result<Page<Stored<StoreRecord>, StoreId>, StoreError> {
        let tables = self.lock();
        let after = |id: &StoreId| page.after.as_ref().is_none_or(|after| id > after);
        let rows = tables.stores.iter().filter(|(id, _)| after(id)).map(|(_, row)| row).collect();
        Ok(paged(rows, page.size, |row| (*row).clone(), |row| row.state.store_id.clone()))
    }

    async fn tokens(
        &self,
        store: &StoreId,
        page: PageRequest<TokenId>,
    ) -> Result<Page<Token, TokenId>, StoreError> {
        let tables = self.lock();
        let rows = tables.tokens.values().map(|row| &row.token).filter(|token| {
            token.store_id == *store && page.after.is_none_or(|after| token.token_id > after)
        });
        Ok(paged(rows.collect(), page.size, |token| (*token).clone(), |token| token.token_id))
    }

    async fn token(&self, store: &StoreId, token: TokenId) -> Result<Option<Token>, StoreError> {
        let tables = self.lock();
        Ok(tables.tokens.get(&(store.clone(), token)).map(|row| row.token.clone()))
    }

    async fn token_by_hash(&self, hash: &[u8; 32]) -> Result<Option<Token>, StoreError> {
        let tables = self.lock();
        Ok(tables.tokens.values().find(|row| row.hash == *hash).map(|row| row.token.clone()))
    }

    async fn count_live_tokens(
        &self,
        store: &StoreId,
        at: OffsetDateTime,
    ) -> Result<u32, StoreError> {
        let tables = self.lock();
        let live = |token: &&Token| token.store_id == *store && token.is_live(at);
        let count = tables.tokens.values().map(|row| &row.token).filter(live).count();
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

pub(crate) fn paged<R, T, C>(
    mut rows: Vec<R>,
    size: u32,
    item: impl Fn(&R) -> T,
    cursor: impl Fn(&R) -> C,
) -> Page<T, C> {
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let more = rows.len() > size;
    rows.truncate(size);
    let next = rows.last().filter(|_| more).map(cursor);
    Page { items: rows.iter().map(item).collect(), next }
}

fn matches(row: &OrderRow, filter: &OrderFilter) -> bool {
    filter.fits(&row.stored.state, row.personal.as_ref())
}

fn has_code(line: &Line, wanted: &str) -> bool {
    let is_wanted = |code: &Option<String>| code.as_deref() == Some(wanted);
    is_wanted(&line.product_code) || is_wanted(&line.secondary_product_code)
}

fn is_asked_for(order: &Order, cancellation: &Cancellation, filter: &CancellationFilter) -> bool {
    let CancellationFilter {
        order_id,
        states,
        requested_by,
        reasons,
        created,
        accepted,
        completed,
        product_code,
    } = filter;
    let given = cancellation.reason.iter().chain(&cancellation.customer_reason);
    let mut given = given.map(|given| given.reason);
    let mut lines = cancellation.lines.iter().filter_map(|line| order.lines.get(line.line));
    order_id.as_ref().is_none_or(|wanted| *wanted == order.order_id)
        && (states.is_empty() || states.contains(&cancellation.state))
        && (requested_by.is_empty() || requested_by.contains(&cancellation.requested_by))
        && (reasons.is_empty() || given.any(|reason| reasons.contains(&reason)))
        && is_within(created, Some(cancellation.created_at))
        && is_within(accepted, cancellation.accepted.as_ref().map(|it| it.at))
        && is_within(completed, cancellation.completed_at)
        && product_code.as_deref().is_none_or(|wanted| lines.any(|line| has_code(line, wanted)))
}

/// What has no time is in no period but the one without bounds.
fn is_within(period: &Period, at: Option<OffsetDateTime>) -> bool {
    let Some(at) = at.map(micros) else { return period.is_always() };
    period.from.is_none_or(|from| micros(from) <= at)
        && period.before.is_none_or(|before| at < micros(before))
}
