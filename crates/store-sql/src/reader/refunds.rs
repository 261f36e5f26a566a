use super::{to_fact, to_page};
use crate::{
    column::{micros, name},
    entity::{fact, refund},
    error::from_orm,
};
use domain::{
    id::{OrderId, RefundId, StoreId},
    order::{Fact, Order},
    refund::Refund,
};
use ports::{Page, PageRequest, Period, RefundFilter, RefundRef, StoreError};
use sea_orm::{
    ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};
use std::collections::BTreeMap;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// How far the time of an id may be from that of its refund: ids are drawn before the command waits
/// for its turn, and by the machine's own clock.
const ASTRAY: Duration = Duration::DAY;

/// The oldest first, by the key: ids are in the sequence of time.
pub(super) async fn list(
    database: &DatabaseConnection,
    store: &StoreId,
    filter: &RefundFilter,
    page: PageRequest<RefundId>,
) -> Result<Page<RefundRef, RefundId>, StoreError> {
    let mut query = refund::Entity::find()
        .filter(refund::Column::StoreId.eq(store.as_str()))
        .order_by_asc(refund::Column::RefundId)
        .limit(u64::from(page.size) + 1);
    if !filter.states.is_empty() {
        let states = filter.states.iter().map(|state| state.name());
        query = query.filter(refund::Column::State.is_in(states));
    }
    query = within(query, &filter.made);
    if let Some(after) = page.after {
        query = query.filter(refund::Column::RefundId.gt(after.as_uuid()));
    }
    let rows = query.all(database).await.map_err(from_orm)?;
    let found = rows.iter().map(|row| {
        let order_id = name("refunds.order_id", &row.order_id)?;
        Ok(RefundRef { order_id, refund_id: RefundId::from_uuid(row.refund_id) })
    });
    let found = found.collect::<Result<_, StoreError>>()?;
    Ok(to_page(found, page.size, |refund: &RefundRef| refund.refund_id))
}

/// The key leads to where the period is, and the rows say exactly what is in it: a list by time
/// needs no index of its own.
fn within(mut query: Select<refund::Entity>, made: &Period) -> Select<refund::Entity> {
    use refund::Column;
    if let Some(from) = made.from {
        let first = first_id(from.saturating_sub(ASTRAY));
        query =
            query.filter(Column::RefundId.gte(first)).filter(Column::CreatedAt.gte(micros(from)));
    }
    if let Some(before) = made.before {
        // Ids are drawn to the millisecond.
        let end = first_id(before.saturating_add(ASTRAY + Duration::MILLISECOND));
        query = query.filter(Column::RefundId.lt(end)).filter(Column::CreatedAt.lt(micros(before)));
    }
    query
}

/// No id that is drawn at this time or later is less: the first 48 bits are the milliseconds since
/// 1970 (RFC 9562, UUID version 7).
fn first_id(at: OffsetDateTime) -> Uuid {
    const LAST: i128 = (1 << 48) - 1;
    let millis = at.unix_timestamp_nanos().div_euclid(1_000_000).clamp(0, LAST);
    Uuid::from_u128(millis.unsigned_abs() << 80)
}

/// The order itself knows its refunds, so that their table needs no index by order.
pub(super) fn of_order(
    order: Option<Order>,
    filter: &RefundFilter,
    page: &PageRequest<RefundId>,
) -> Page<RefundRef, RefundId> {
    let RefundFilter { order_id: _, states, made } = filter;
    let Some(order) = order else { return Page { items: Vec::new(), next: None } };
    let is_asked_for = |refund: &&Refund| {
        let created = micros(refund.created_at);
        (states.is_empty() || states.contains(&refund.state))
            && made.from.is_none_or(|from| micros(from) <= created)
            && made.before.is_none_or(|before| created < micros(before))
            && page.after.is_none_or(|after| refund.refund_id > after)
    };
    let ids = order.refunds.iter().filter(is_asked_for).map(|refund| refund.refund_id);
    let mut found: Vec<RefundRef> =
        ids.map(|refund_id| RefundRef { order_id: order.order_id.clone(), refund_id }).collect();
    found.sort_by_key(|refund| refund.refund_id);
    to_page(found, page.size, |refund| refund.refund_id)
}

/// By the log of the orders; what happened last counts.
pub(super) async fn succeeded(
    database: &DatabaseConnection,
    store: &StoreId,
    orders: &[OrderId],
) -> Result<BTreeMap<RefundId, OffsetDateTime>, StoreError> {
    let query = fact::Entity::find()
        .filter(fact::Column::StoreId.eq(store.as_str()))
        .filter(fact::Column::OrderId.is_in(orders.iter().map(OrderId::as_str)))
        .filter(fact::Column::Kind.eq("refund.succeeded"))
        .order_by_asc(fact::Column::OrderId)
        .order_by_asc(fact::Column::Place);
    let mut found = BTreeMap::new();
    for row in query.all(database).await.map_err(from_orm)? {
        let logged = to_fact(row)?;
        if let Fact::RefundSucceeded { refund_id } = logged.fact {
            found.insert(refund_id, logged.occurred_at);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;
    use uuid::{NoContext, Timestamp};

    #[test]
    fn ids_that_are_drawn_from_a_time_on_are_not_less_than_its_first() {
        let at = datetime!(2026-01-31 12:00:00.123 UTC);
        let drawn = |at: OffsetDateTime| {
            let seconds = at.unix_timestamp().unsigned_abs();
            Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, at.nanosecond()))
        };
        assert!(first_id(at) <= drawn(at));
        assert!(drawn(at - Duration::MILLISECOND) < first_id(at));
        assert_eq!(first_id(datetime!(1969-12-31 0:00 UTC)), Uuid::nil());
        assert!(drawn(at) < first_id(datetime!(9999-12-31 23:59 UTC)));
    }
}
