use super::to_page;
use crate::{
    column::{micros, name, time},
    entity::{order, order_product},
    error::from_orm,
    load::to_view,
};
use domain::id::StoreId;
use ports::{OrderFilter, OrderOrigin, OrderSort, OrderView, Page, PageRequest, StoreError};
use sea_orm::{
    ColumnTrait, DatabaseConnection, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, Select,
    sea_query::{Expr, ExprTrait},
};

pub(super) async fn list(
    database: &DatabaseConnection,
    store: &StoreId,
    filter: &OrderFilter,
    sort: OrderSort,
    page: PageRequest<OrderOrigin>,
) -> Result<Page<OrderView, OrderOrigin>, StoreError> {
    let (direction, created, id) =
        (direction(sort), order::Column::CreatedAt, order::Column::OrderId);
    let mut query = filtered(store, filter)
        .order_by(created, direction.clone())
        .order_by(id, direction)
        .limit(u64::from(page.size) + 1);
    if let Some(after) = &page.after {
        let place = Expr::tuple([Expr::col(created), Expr::col(id)]);
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

const fn direction(sort: OrderSort) -> Order {
    match sort {
        OrderSort::NewestFirst => Order::Desc,
        OrderSort::OldestFirst => Order::Asc,
    }
}

/// Always true; the index by time is only for those who say so.
const ANY_TIME: &str = "created_at > -9000000000000000000";

fn filtered(store: &StoreId, filter: &OrderFilter) -> Select<order::Entity> {
    let OrderFilter {
        states,
        external_order_id,
        buyer_email,
        product_code,
        created_from,
        created_before,
    } = filter;
    let mut query = order::Entity::find()
        .filter(order::Column::StoreId.eq(store.as_str()))
        .filter(Expr::cust(ANY_TIME));
    if !states.is_empty() {
        let states = states.iter().map(|state| state.name());
        query = query.filter(order::Column::State.is_in(states));
    }
    if let Some(wanted) = external_order_id {
        query = query.filter(order::Column::ExternalOrderId.eq(wanted.as_str()));
    }
    if let Some(wanted) = buyer_email {
        query = query.filter(order::Column::BuyerEmail.eq(wanted.to_lowercase()));
    }
    if let Some(wanted) = product_code {
        let having = order_product::Entity::find()
            .select_only()
            .column(order_product::Column::OrderId)
            .filter(order_product::Column::StoreId.eq(store.as_str()))
            .filter(order_product::Column::ProductCode.eq(wanted.as_str()))
            .into_query();
        query = query.filter(order::Column::OrderId.in_subquery(having));
    }
    if let Some(from) = created_from {
        query = query.filter(order::Column::CreatedAt.gte(micros(*from)));
    }
    if let Some(before) = created_before {
        query = query.filter(order::Column::CreatedAt.lt(micros(*before)));
    }
    query
}
