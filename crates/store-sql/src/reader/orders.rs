use super::to_page;
use crate::{
    column::{micros, name, time},
    entity::{order, order_product},
    error::from_orm,
    load::to_view,
};
use domain::{id::StoreId, order::bare_email};
use ports::{OrderFilter, OrderOrigin, OrderSort, OrderView, Page, PageRequest, StoreError};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, JoinType, Order, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait, Select, Statement,
    sea_query::{Expr, ExprTrait},
};
use std::ops::RangeInclusive;
use time::OffsetDateTime;

pub(super) async fn list(
    database: &DatabaseConnection,
    store: &StoreId,
    filter: &OrderFilter,
    sort: OrderSort,
    page: PageRequest<OrderOrigin>,
) -> Result<Page<OrderView, OrderOrigin>, StoreError> {
    let mut query = filtered(store, filter);
    // Whichever table leads has an index in just this sequence.
    let (created, id) = if filter.product_code.is_some() {
        use order_product::Column::{CreatedAt, OrderId};
        (CreatedAt.into_expr(), OrderId.into_expr())
    } else {
        (order::Column::CreatedAt.into_expr(), order::Column::OrderId.into_expr())
    };
    let direction = direction(sort);
    query = query
        .order_by(created.clone(), direction.clone())
        .order_by(id.clone(), direction)
        .limit(u64::from(page.size) + 1);
    if let Some(after) = &page.after {
        let place = Expr::tuple([created, id]);
        let (at, order_id) = (micros(after.created_at), after.order_id.as_str());
        let after = Expr::tuple([Expr::val(at), Expr::val(order_id)]);
        query = query.filter(match sort {
            OrderSort::NewestFirst => place.lt(after),
            OrderSort::OldestFirst => place.gt(after),
        });
    }
    let rows = query.all(database).await.map_err(from_orm)?;
    let found = rows.into_iter().map(|row| {
        let created_at = time("orders.created_at", row.created_at)?;
        let origin = OrderOrigin { created_at, order_id: name("orders.order_id", &row.order_id)? };
        Ok((to_view(row.version, &row.doc, row.personal.as_deref())?, origin))
    });
    let found = found.collect::<Result<_, StoreError>>()?;
    let page = to_page(found, page.size, |(_, origin): &(OrderView, OrderOrigin)| origin.clone());
    Ok(Page { items: page.items.into_iter().map(|(view, _)| view).collect(), next: page.next })
}

/// By the index of buyers alone; no order is read.
pub(super) async fn count_of(
    database: &DatabaseConnection,
    store: &StoreId,
    buyer_email: &str,
    made: RangeInclusive<OffsetDateTime>,
    at_most: u32,
) -> Result<u32, StoreError> {
    const COUNT: &str = "SELECT COUNT(*) FROM (SELECT 1 FROM orders WHERE store_id = $1 \
        AND buyer_email = $2 AND created_at BETWEEN $3 AND $4 LIMIT $5) AS of_buyer";
    let values = [
        store.as_str().into(),
        bare_email(buyer_email).into(),
        micros(*made.start()).into(),
        micros(*made.end()).into(),
        i64::from(at_most).into(),
    ];
    let count = Statement::from_sql_and_values(database.get_database_backend(), COUNT, values);
    let row = database.query_one_raw(count).await.map_err(from_orm)?;
    let count = row.map(|row| row.try_get_by_index::<i64>(0)).transpose().map_err(from_orm)?;
    Ok(count.and_then(|count| u32::try_from(count).ok()).unwrap_or_default())
}

const fn direction(sort: OrderSort) -> Order {
    match sort {
        OrderSort::NewestFirst => Order::Desc,
        OrderSort::OldestFirst => Order::Asc,
    }
}

/// Always true; the index by time is only for those who say so.
const ANY_TIME: &str = "orders.created_at > -9000000000000000000";

fn filtered(store: &StoreId, filter: &OrderFilter) -> Select<order::Entity> {
    let OrderFilter {
        states,
        external_order_id,
        buyer_email,
        product_code,
        created_from,
        created_before,
    } = filter;
    let mut query = order::Entity::find().filter(order::Column::StoreId.eq(store.as_str()));
    if !states.is_empty() {
        let states = states.iter().map(|state| state.name());
        query = query.filter(order::Column::State.is_in(states));
    }
    if let Some(wanted) = external_order_id {
        query = query.filter(order::Column::ExternalOrderId.eq(wanted.as_str()));
    }
    if let Some(wanted) = buyer_email {
        query = query.filter(order::Column::BuyerEmail.eq(bare_email(wanted)));
    }
    if let Some(wanted) = product_code {
        query = query
            .filter(order_product::Column::StoreId.eq(store.as_str()))
            .filter(order_product::Column::ProductCode.eq(wanted.as_str()));
        let same = order_product::Column::StoreId
            .into_expr()
            .eq(order::Column::StoreId.into_expr())
            .and(order_product::Column::OrderId.into_expr().eq(order::Column::OrderId.into_expr()));
        QueryTrait::query(&mut query).join(JoinType::InnerJoin, order_product::Entity, same);
    }
    if external_order_id.is_none() && buyer_email.is_none() && product_code.is_none() {
        query = query.filter(Expr::cust(ANY_TIME));
    }
    if let Some(from) = created_from {
        query = query.filter(order::Column::CreatedAt.gte(micros(*from)));
    }
    if let Some(before) = created_before {
        query = query.filter(order::Column::CreatedAt.lt(micros(*before)));
    }
    query
}
