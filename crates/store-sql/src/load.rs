//! Single orders and receipts, the reads of the hot path.

use crate::{
    SqlStore,
    column::{digest, from_doc},
    error::from_orm,
};
use ports::{Loaded, OrderKey, OrderView, Receipt, RequestKey, StoreError, Stored, Version};
use sea_orm::{ConnectionTrait, Statement, Value};

const LOAD: &str = "SELECT k.o, o.version, o.doc, o.personal, r.fingerprint, r.answer \
    FROM (SELECT CAST($1 AS TEXT) AS s, CAST($2 AS TEXT) AS o) AS k \
    LEFT JOIN orders o ON o.store_id = k.s AND o.order_id = k.o \
    LEFT JOIN receipts r ON r.store_id = $3 AND r.method = $4 AND r.request_id = $5";

struct Found {
    order: Option<(i64, String, Option<String>)>,
    receipt: Option<(Vec<u8>, Vec<u8>)>,
}

impl SqlStore {
    pub(crate) async fn load_order(
        &self,
        order: &OrderKey,
        request: Option<&RequestKey>,
    ) -> Result<Loaded, StoreError> {
        let Found { order, receipt } = self.find(Some(order), request).await?;
        let receipt = receipt.zip(request).map(to_receipt).transpose()?;
        let order = order.map(|(version, doc, _)| {
            Ok(Stored { state: from_doc("orders.doc", &doc)?, version: Version(version) })
        });
        Ok(Loaded { order: order.transpose()?, receipt })
    }

    pub(crate) async fn view_order(&self, key: &OrderKey) -> Result<Option<OrderView>, StoreError> {
        let found = self.find(Some(key), None).await?;
        found
            .order
            .map(|(version, doc, personal)| to_view(version, &doc, personal.as_deref()))
            .transpose()
    }

    pub(crate) async fn find_receipt(
        &self,
        request: &RequestKey,
    ) -> Result<Option<Receipt>, StoreError> {
        let found = self.find(None, Some(request)).await?;
        found.receipt.map(|receipt| to_receipt((receipt, request))).transpose()
    }

    async fn find(
        &self,
        order: Option<&OrderKey>,
        request: Option<&RequestKey>,
    ) -> Result<Found, StoreError> {
        let text = |value: Option<&str>| Value::from(value.map(str::to_owned));
        let database = &self.0.read;
        let statement = Statement::from_sql_and_values(
            database.get_database_backend(),
            LOAD,
            [
                text(order.map(|key| key.store_id.as_str())),
                text(order.map(|key| key.order_id.as_str())),
                text(request.map(|key| key.store_id.as_str())),
                text(request.map(|key| key.method)),
                text(request.map(|key| key.request_id.as_str())),
            ],
        );
        let row = database.query_one_raw(statement).await.map_err(from_orm)?;
        let Some(row) = row else { return Ok(Found { order: None, receipt: None }) };
        let version: Option<i64> = row.try_get_by_index(1).map_err(from_orm)?;
        let doc: Option<String> = row.try_get_by_index(2).map_err(from_orm)?;
        let personal: Option<String> = row.try_get_by_index(3).map_err(from_orm)?;
        let fingerprint: Option<Vec<u8>> = row.try_get_by_index(4).map_err(from_orm)?;
        let answer: Option<Vec<u8>> = row.try_get_by_index(5).map_err(from_orm)?;
        let order = version.zip(doc).map(|(version, doc)| (version, doc, personal));
        Ok(Found { order, receipt: fingerprint.zip(answer) })
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

fn to_receipt(
    ((fingerprint, answer), key): ((Vec<u8>, Vec<u8>), &RequestKey),
) -> Result<Receipt, StoreError> {
    let fingerprint = digest("receipts.fingerprint", fingerprint)?;
    Ok(Receipt { key: key.clone(), fingerprint, answer })
}
