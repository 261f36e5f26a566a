//! A row as it came; read by the caller and not by the one task that all callers wait for.

use crate::error::from_sqlx;
use ports::StoreError;
use sea_orm::sqlx::{self, Row, postgres::PgRow, sqlite::SqliteRow};

/// The columns are: place in the batch, version, doc, personal, fingerprint, answer.
pub(crate) enum Found {
    Nothing,
    Postgres(PgRow),
    Sqlite(SqliteRow),
}

pub(crate) type OrderColumns<'r> = (i64, &'r str, Option<&'r str>);
pub(crate) type ReceiptColumns<'r> = (&'r [u8], &'r [u8]);

macro_rules! order_columns {
    ($row:expr) => {
        match $row.try_get::<Option<i64>, _>(1)? {
            Some(version) => Some((version, $row.try_get(2)?, $row.try_get(3)?)),
            None => None,
        }
    };
}

macro_rules! receipt_columns {
    ($row:expr) => {
        match $row.try_get::<Option<&[u8]>, _>(4)? {
            Some(fingerprint) => Some((fingerprint, $row.try_get(5)?)),
            None => None,
        }
    };
}

impl Found {
    /// Version, document and personal data.
    pub fn order(&self) -> Result<Option<OrderColumns<'_>>, StoreError> {
        self.try_order().map_err(from_sqlx)
    }

    fn try_order(&self) -> Result<Option<OrderColumns<'_>>, sqlx::Error> {
        Ok(match self {
            Self::Nothing => None,
            Self::Postgres(row) => order_columns!(row),
            Self::Sqlite(row) => order_columns!(row),
        })
    }

    /// Fingerprint and answer.
    pub fn receipt(&self) -> Result<Option<ReceiptColumns<'_>>, StoreError> {
        self.try_receipt().map_err(from_sqlx)
    }

    fn try_receipt(&self) -> Result<Option<ReceiptColumns<'_>>, sqlx::Error> {
        Ok(match self {
            Self::Nothing => None,
            Self::Postgres(row) => receipt_columns!(row),
            Self::Sqlite(row) => receipt_columns!(row),
        })
    }
}
