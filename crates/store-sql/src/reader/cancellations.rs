use super::to_page;
use crate::{
    column::{micros, name},
    entity::{cancellation, cancellation_product},
    error::from_orm,
};
use domain::id::{CancellationId, StoreId};
use ports::{CancellationFilter, CancellationRef, Page, PageRequest, Period, StoreError};
use sea_orm::{
    ColumnTrait, DatabaseConnection, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, Select, sea_query::ExprTrait,
};

/// The newest first: ids are in the sequence of time.
pub(super) async fn list(
    database: &DatabaseConnection,
    store: &StoreId,
    filter: &CancellationFilter,
    page: PageRequest<CancellationId>,
) -> Result<Page<CancellationRef, CancellationId>, StoreError> {
    let mut query = filtered(store, filter)
        .order_by_desc(cancellation::Column::CancellationId)
        .limit(u64::from(page.size) + 1);
    if let Some(after) = page.after {
        query = query.filter(cancellation::Column::CancellationId.lt(after.as_uuid()));
    }
    let rows = query.all(database).await.map_err(from_orm)?;
    let found = rows.iter().map(|row| {
        let order_id = name("cancellations.order_id", &row.order_id)?;
        let cancellation_id = CancellationId::from_uuid(row.cancellation_id);
        Ok(CancellationRef { order_id, cancellation_id })
    });
    let found = found.collect::<Result<_, StoreError>>()?;
    Ok(to_page(found, page.size, |found: &CancellationRef| found.cancellation_id))
}

fn filtered(store: &StoreId, filter: &CancellationFilter) -> Select<cancellation::Entity> {
    use cancellation::Column;
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
    let mut query = cancellation::Entity::find().filter(Column::StoreId.eq(store.as_str()));
    if let Some(order_id) = order_id {
        query = query.filter(Column::OrderId.eq(order_id.as_str()));
    }
    if !states.is_empty() {
        query = query.filter(Column::State.is_in(states.iter().map(|state| state.name())));
    }
    if !requested_by.is_empty() {
        let names = requested_by.iter().map(|party| party.name());
        query = query.filter(Column::RequestedBy.is_in(names));
    }
    if !reasons.is_empty() {
        let names = || reasons.iter().map(|reason| reason.name());
        let either = Column::Reason.is_in(names()).or(Column::CustomerReason.is_in(names()));
        query = query.filter(either);
    }
    query = within(query, Column::CreatedAt, created);
    query = within(query, Column::AcceptedAt, accepted);
    query = within(query, Column::CompletedAt, completed);
    if let Some(code) = product_code {
        use cancellation_product::Column as Product;
        query = query
            .filter(Product::StoreId.eq(store.as_str()))
            .filter(Product::ProductCode.eq(code.as_str()));
        let same = Product::CancellationId
            .into_expr()
            .eq(Column::CancellationId.into_expr())
            .and(Product::StoreId.into_expr().eq(Column::StoreId.into_expr()));
        QueryTrait::query(&mut query).join(JoinType::InnerJoin, cancellation_product::Entity, same);
    }
    query
}

/// What has no time is in no period.
fn within(
    mut query: Select<cancellation::Entity>,
    column: cancellation::Column,
    period: &Period,
) -> Select<cancellation::Entity> {
    if let Some(from) = period.from {
        query = query.filter(column.gte(micros(from)));
    }
    if let Some(before) = period.before {
        query = query.filter(column.lt(micros(before)));
    }
    query
}
