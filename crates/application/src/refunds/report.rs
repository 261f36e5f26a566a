//! What refunds consist of, for a report over many orders.

use super::Refunds;
use crate::Failure;
use domain::{
    id::{OrderId, RefundId, StoreId},
    order::Order,
    refund::{Refund, RefundState},
};
use ports::{Page, PageRequest, RefundFilter};
use std::{collections::BTreeSet, sync::Arc};
use time::OffsetDateTime;

/// A refund as a report shows it.
#[derive(Debug, Clone)]
pub struct Reported {
    pub order: Arc<Order>,
    pub refund: Refund,
    /// When its last leg settled; none unless it has succeeded.
    pub settled_at: Option<OffsetDateTime>,
}

impl Refunds {
    /// Refunds of a store, the oldest first, each with when it succeeded.
    ///
    /// A refund that moved on while it was read is left out if it is no longer in a state that is
    /// asked for, so that what is shown is what was asked for.
    ///
    /// # Errors
    ///
    /// [`Failure::NotFound`] if there is no such store.
    pub async fn report(
        &self,
        store_id: &StoreId,
        filter: &RefundFilter,
        page: PageRequest<RefundId>,
    ) -> Result<Page<Reported, RefundId>, Failure> {
        self.core.settings(store_id).await?;
        let Page { items, next } = self.list(store_id, filter, page).await?;
        let has_succeeded = |refund: &Refund| refund.state == RefundState::Succeeded;
        let settled = items.iter().filter(|(_, refund)| has_succeeded(refund));
        let orders: BTreeSet<OrderId> = settled.map(|(order, _)| order.order_id.clone()).collect();
        let orders = Vec::from_iter(orders);
        let succeeded = self.core.reader.refunds_succeeded(store_id, &orders).await?;
        let is_asked_for =
            |refund: &Refund| filter.states.is_empty() || filter.states.contains(&refund.state);
        let items = items.into_iter().filter(|(_, refund)| is_asked_for(refund));
        let items = items.map(|(order, refund)| {
            let at = succeeded.get(&refund.refund_id).copied();
            let settled_at = at.filter(|_| has_succeeded(&refund));
            Reported { order, refund, settled_at }
        });
        Ok(Page { items: items.collect(), next })
    }
}
