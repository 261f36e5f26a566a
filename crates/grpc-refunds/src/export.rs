//! The stream of what refunds consist of: read page by page, as fast as it is taken.

use crate::to_wire;
use application::{Refunds, Reported};
use domain::id::{RefundId, StoreId};
use futures_util::{Stream, stream};
use grpc_kit::refusal;
use ports::{PageRequest, RefundFilter};
use std::{collections::VecDeque, pin::Pin};
use tonic::Status;
use wire::refunds::v1::ExportRefundComponentsResponse as Row;

pub(crate) type Rows = Pin<Box<dyn Stream<Item = Result<Row, Status>> + Send>>;

/// Refunds that are held at a time; each brings its whole order to memory.
const PAGE: u32 = 50;

pub(crate) struct Export {
    refunds: Refunds,
    store_id: StoreId,
    filter: RefundFilter,
    /// Refunds that were read and not shown yet.
    read: VecDeque<Reported>,
    /// Rows of the refund that is being shown.
    rows: VecDeque<Row>,
    next: Option<RefundId>,
}

impl Export {
    /// Reads the first page, so that what stands in the way of it refuses the call.
    ///
    /// # Errors
    ///
    /// `NOT_FOUND` for a store that is not there, or what the database says.
    pub async fn open(
        refunds: Refunds,
        store_id: StoreId,
        filter: RefundFilter,
    ) -> Result<Rows, Status> {
        let (read, rows) = (VecDeque::new(), VecDeque::new());
        let mut export = Self { refunds, store_id, filter, read, rows, next: None };
        export.page(None).await?;
        Ok(Box::pin(stream::try_unfold(export, Self::row)))
    }

    async fn page(&mut self, after: Option<RefundId>) -> Result<(), Status> {
        let page = PageRequest { size: PAGE, after };
        let page = self.refunds.report(&self.store_id, &self.filter, page).await;
        let page = page.map_err(|failure| refusal::of(&failure))?;
        (self.read, self.next) = (page.items.into(), page.next);
        Ok(())
    }

    async fn row(mut self) -> Result<Option<(Row, Self)>, Status> {
        loop {
            if let Some(row) = self.rows.pop_front() {
                return Ok(Some((row, self)));
            }
            if let Some(reported) = self.read.pop_front() {
                self.rows = to_wire::rows(&reported).collect();
            } else if let Some(after) = self.next.take() {
                self.page(Some(after)).await?;
            } else {
                return Ok(None);
            }
        }
    }
}
