use super::{Cancellations, present};
use crate::Failure;
use domain::{
    cancellation::Cancellation,
    id::{CancellationId, StoreId},
    order::Order,
};
use ports::{CancellationFilter, CancellationRef, Page, PageRequest};
use std::sync::Arc;

impl Cancellations {
    /// # Errors
    ///
    /// [`Failure::NotFound`] if the order or the cancellation is not there.
    pub async fn get(
        &self,
        store_id: &StoreId,
        order_id: &str,
        id: CancellationId,
    ) -> Result<(Order, Cancellation), Failure> {
        let (_, order) = self.core.order(store_id, order_id).await?;
        let cancellation = present(&order.state, id)?.clone();
        Ok((order.state, cancellation))
    }

    /// The order's own id, also where the caller named it by the merchant's.
    ///
    /// # Errors
    ///
    /// [`Failure::NotFound`] if the order is not there.
    pub async fn order_id(
        &self,
        store_id: &StoreId,
        order_id: &str,
    ) -> Result<domain::id::OrderId, Failure> {
        Ok(self.core.order(store_id, order_id).await?.0.order_id)
    }

    /// Newest first.
    ///
    /// # Errors
    ///
    /// [`Failure::Store`] alone.
    pub async fn list(
        &self,
        store_id: &StoreId,
        filter: &CancellationFilter,
        page: PageRequest<CancellationId>,
    ) -> Result<Page<(Arc<Order>, Cancellation), CancellationId>, Failure> {
        let found = self.core.reader.cancellations(store_id, filter, page).await?;
        let order_ids = found.items.iter().map(|item| item.order_id.clone());
        let orders = self.core.orders(store_id, order_ids).await?;
        let mut items = Vec::with_capacity(found.items.len());
        for CancellationRef { order_id, cancellation_id } in found.items {
            let order = orders.iter().find(|order| order.order_id == order_id);
            let cancellation = order.and_then(|order| order.cancellation(cancellation_id));
            let both = order.zip(cancellation);
            items.extend(both.map(|(order, it)| (Arc::clone(order), it.clone())));
        }
        Ok(Page { items, next: found.next })
    }
}
