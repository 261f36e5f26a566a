//! Single orders and receipts, the reads of the hot path.
//!
//! Reads queue up as commits do: whatever came while the last batch was read is the next one. A
//! read that comes alone is read alone, at once.

mod found;
mod queue;
mod source;

pub(crate) use queue::ReadQueue;
pub(crate) use source::Source;

use crate::{
    SqlStore,
    column::{digest, from_doc},
    fence::setting_of,
};
use found::Found;
use ports::{Loaded, OrderKey, OrderView, Receipt, RequestKey, StoreError, Stored, Version};

/// What one caller wants to know.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub order: Option<OrderKey>,
    pub request: Option<RequestKey>,
    /// The personal data as well.
    pub personal: bool,
    /// Behind which fence it is asked, as PostgreSQL is told of it.
    pub stores: String,
}

impl SqlStore {
    pub(crate) async fn load_order(
        &self,
        order: &OrderKey,
        request: Option<&RequestKey>,
    ) -> Result<Loaded, StoreError> {
        let found = self.ask(Some(order), request, false).await?;
        let order = found.order()?.map(|(version, doc, _)| {
            Ok(Stored { state: from_doc("orders.doc", doc)?, version: Version(version) })
        });
        let receipt = request.map(|request| to_receipt(&found, request)).transpose()?.flatten();
        Ok(Loaded { order: order.transpose()?, receipt })
    }

    pub(crate) async fn view_order(&self, key: &OrderKey) -> Result<Option<OrderView>, StoreError> {
        let found = self.ask(Some(key), None, true).await?;
        found.order()?.map(|(version, doc, personal)| to_view(version, doc, personal)).transpose()
    }

    pub(crate) async fn find_receipt(
        &self,
        request: &RequestKey,
    ) -> Result<Option<Receipt>, StoreError> {
        to_receipt(&self.ask(None, Some(request), false).await?, request)
    }

    async fn ask(
        &self,
        order: Option<&OrderKey>,
        request: Option<&RequestKey>,
        personal: bool,
    ) -> Result<Found, StoreError> {
        let stores = setting_of(self.fence().as_ref()).to_owned();
        let (order, request) = (order.cloned(), request.cloned());
        self.inner.reads.ask(Question { order, request, personal, stores }).await
    }
}

pub(crate) fn to_view(
    version: i64,
    doc: &str,
    personal: Option<&str>,
) -> Result<OrderView, StoreError> {
    let personal = personal.map(|personal| from_doc("orders.personal", personal)).transpose()?;
    Ok(OrderView { order: from_doc("orders.doc", doc)?, version: Version(version), personal })
}

fn to_receipt(found: &Found, key: &RequestKey) -> Result<Option<Receipt>, StoreError> {
    found
        .receipt()?
        .map(|(fingerprint, answer)| {
            let fingerprint = digest("receipts.fingerprint", fingerprint.to_vec())?;
            Ok(Receipt { key: key.clone(), fingerprint, answer: answer.to_vec() })
        })
        .transpose()
}
