//! Lists of orders.
//!
//! Whatever is asked for, an index leads through the orders in the sequence of the list, and what it
//! leads to is looked at by further indexes (`walk`). Which one leads is found out by counting up to
//! a bound (`lead`): the rarest of what is looked for, or the states, of which an order has one
//! number together (`facets`). A page has a bound on what it looks at; what is common and does not
//! occur together makes short pages instead of slow ones.

mod lead;
mod sought;
mod sql;
mod walk;

use super::to_page;
use crate::{
    column::{micros, name, time},
    error::from_orm,
    facets,
    load::to_view,
};
use domain::{
    id::{OrderId, StoreId},
    order::bare_email,
};
use lead::Lead;
use ports::{OrderFilter, OrderOrigin, OrderSort, OrderView, Page, PageRequest, StoreError};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use sought::Sought;
use sql::{Kind, Sql};
use std::{collections::HashMap, ops::RangeInclusive};
use time::OffsetDateTime;
use walk::{Range, Walk};

pub(super) async fn list(
    database: &DatabaseConnection,
    store: &StoreId,
    filter: &OrderFilter,
    sort: OrderSort,
    page: PageRequest<OrderOrigin>,
) -> Result<Page<OrderView, OrderOrigin>, StoreError> {
    let store = store.as_str();
    let range = Range::of(filter, sort, page.after.as_ref());
    let masks = facets::wanted(filter);
    let sought = Sought::all(database, store, filter).await?;
    let Some(lead) = lead::choose(database, store, &masks, sought, &range, page.size).await? else {
        return Ok(Page { items: Vec::new(), next: None });
    };
    let Lead { by, sought, states_are_led_by, at_most } = lead;
    let masks = if states_are_led_by { Vec::new() } else { masks };
    let walk = Walk { database, store, by, masks, sought };
    let places = walk.page(range, page.size, at_most).await?;
    load(database, store, places).await
}

/// What happened since the places were found is shown as it is by now.
async fn load(
    database: &DatabaseConnection,
    store: &str,
    places: Page<OrderOrigin, OrderOrigin>,
) -> Result<Page<OrderView, OrderOrigin>, StoreError> {
    let mut sql = Sql::of(database, store);
    let ids = sql.list(places.items.iter().map(|place| place.order_id.to_string()));
    let of_these = sql.any("o.order_id", ids, Kind::Text);
    sql.text = format!(
        "SELECT o.order_id, o.version, o.doc, o.personal FROM orders o \
         WHERE o.store_id = $1 AND {of_these}"
    );
    let mut found: HashMap<String, OrderView> = HashMap::new();
    for row in sql.rows(database).await? {
        let get = |place| row.try_get_by_index::<Option<String>>(place).map_err(from_orm);
        let version = row.try_get_by_index(1).map_err(from_orm)?;
        let view = to_view(version, &get(2)?.unwrap_or_default(), get(3)?.as_deref())?;
        found.insert(get(0)?.unwrap_or_default(), view);
    }
    let views = places.items.iter().filter_map(|place| found.remove(place.order_id.as_str()));
    Ok(Page { items: views.collect(), next: places.next })
}

fn origin(created_at: i64, order_id: &str) -> Result<OrderOrigin, StoreError> {
    let created_at = time("orders.created_at", created_at)?;
    Ok(OrderOrigin { created_at, order_id: name::<OrderId>("orders.order_id", order_id)? })
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

#[cfg(test)]
mod tests;
