//! Orders with their history, refunds, stores, work, and the books of the system's own value.
//!
//! - Every key starts with the store.
//! - Amounts are ten-thousandths of the currency's unit, times are microseconds since 1970 (UTC):
//!   integers are exact on both databases.
//! - The hot tables have no index but their key where that is possible at all: each one more is
//!   paid for with every refund.
//! - There are no foreign keys between tables that one commit writes together.

use crate::dialect::{Storage, Table};
use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DbBackend},
};

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0001_orders_and_refunds"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES {
            table.create(manager).await?;
        }
        let connection = manager.get_connection();
        for index in INDEXES {
            connection.execute_unprepared(index).await?;
        }
        if manager.get_database_backend() == DbBackend::Postgres {
            connection.execute_unprepared(FAST_COMPRESSION).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES.iter().rev() {
            let sql = format!("DROP TABLE {}", table.name);
            manager.get_connection().execute_unprepared(&sql).await?;
        }
        Ok(())
    }
}

const TABLES: &[Table] = &[
    // `doc` is the order as the domain knows it; the other columns are for searching and for the
    // cap that the schema holds by itself. `personal` is all that is somebody's personal data and
    // can be erased, as `buyer_email` (trimmed, lower case) can.
    Table {
        name: "orders",
        columns: "
            store_id TEXT NOT NULL, order_id TEXT NOT NULL,
            version BIGINT NOT NULL CHECK (version > 0), created_at BIGINT NOT NULL,
            captured BIGINT NOT NULL, returned BIGINT NOT NULL,
            state TEXT NOT NULL, external_order_id TEXT, buyer_email TEXT,
            doc TEXT NOT NULL, personal TEXT,
            PRIMARY KEY (store_id, order_id),
            CONSTRAINT orders_return_at_most_what_was_captured
                CHECK (0 <= returned AND returned <= captured)",
        storage: Storage::Updated,
    },
    // Which products an order has, in the sequence of the lists. Written once.
    Table {
        name: "order_products",
        columns: "
            store_id TEXT NOT NULL, product_code TEXT NOT NULL, created_at BIGINT NOT NULL,
            order_id TEXT NOT NULL,
            PRIMARY KEY (store_id, product_code, created_at, order_id)",
        storage: Storage::Keyed,
    },
    Table {
        name: "tenders",
        columns: "
            store_id TEXT NOT NULL, order_id TEXT NOT NULL, tender_id TEXT NOT NULL,
            captured BIGINT NOT NULL, returned BIGINT NOT NULL,
            PRIMARY KEY (store_id, order_id, tender_id),
            CONSTRAINT tenders_return_at_most_what_was_captured
                CHECK (0 <= returned AND returned <= captured)",
        storage: Storage::Keyed,
    },
    // Everything that happened, in full. Entries about the store itself have no order id.
    Table {
        name: "facts",
        columns: "
            store_id TEXT NOT NULL, order_id TEXT NOT NULL, place BIGINT NOT NULL CHECK (place > 0),
            sequence BIGINT, occurred_at BIGINT NOT NULL, event_id UUID NOT NULL,
            kind TEXT NOT NULL, actor_kind TEXT NOT NULL, actor_id TEXT NOT NULL, trace TEXT,
            body TEXT NOT NULL,
            PRIMARY KEY (store_id, order_id, place)",
        storage: Storage::Plain,
    },
    // `place` is that of the fact which made the refund.
    Table {
        name: "refunds",
        columns: "
            store_id TEXT NOT NULL, refund_id UUID NOT NULL, order_id TEXT NOT NULL,
            refund_number BIGINT NOT NULL, place BIGINT NOT NULL, created_at BIGINT NOT NULL,
            state TEXT NOT NULL,
            PRIMARY KEY (store_id, refund_id)",
        storage: Storage::Keyed,
    },
    Table {
        name: "receipts",
        columns: "
            store_id TEXT NOT NULL, method TEXT NOT NULL, request_id TEXT NOT NULL,
            created_at BIGINT NOT NULL, fingerprint BYTEA NOT NULL, answer BYTEA NOT NULL,
            PRIMARY KEY (store_id, method, request_id)",
        storage: Storage::Plain,
    },
    // `scope` is the store, or empty where a key may be taken once over all stores.
    Table {
        name: "claims",
        columns: "
            scope TEXT NOT NULL, kind TEXT NOT NULL, claim_key TEXT NOT NULL,
            store_id TEXT NOT NULL, holder TEXT NOT NULL, fingerprint BYTEA NOT NULL,
            PRIMARY KEY (scope, kind, claim_key)",
        storage: Storage::Keyed,
    },
    Table {
        name: "tasks",
        columns: "
            store_id TEXT NOT NULL, order_id TEXT NOT NULL, kind TEXT NOT NULL,
            subject TEXT NOT NULL, due_at BIGINT NOT NULL, attempts BIGINT NOT NULL,
            lease_until BIGINT, lease_owner TEXT, trace TEXT,
            PRIMARY KEY (store_id, order_id, kind, subject)",
        storage: Storage::Keyed,
    },
    Table {
        name: "quotes",
        columns: "
            store_id TEXT NOT NULL, order_id TEXT NOT NULL, quote_id UUID NOT NULL,
            revision BIGINT NOT NULL, expires_at BIGINT NOT NULL, hash BYTEA NOT NULL,
            request TEXT NOT NULL,
            PRIMARY KEY (store_id, order_id, quote_id)",
        storage: Storage::Plain,
    },
    Table {
        name: "stores",
        columns: "
            store_id TEXT NOT NULL PRIMARY KEY, version BIGINT NOT NULL CHECK (version > 0),
            doc TEXT NOT NULL",
        storage: Storage::Updated,
    },
    Table {
        name: "tokens",
        columns: "
            store_id TEXT NOT NULL, token_id UUID NOT NULL, hash BYTEA NOT NULL UNIQUE,
            doc TEXT NOT NULL,
            PRIMARY KEY (store_id, token_id)",
        storage: Storage::Plain,
    },
    // The first number that nobody has drawn yet.
    Table {
        name: "refund_numbers",
        columns: "store_id TEXT NOT NULL PRIMARY KEY, next_number BIGINT NOT NULL",
        storage: Storage::Updated,
    },
    Table {
        name: "ledger_accounts",
        columns: "
            store_id TEXT NOT NULL, name TEXT NOT NULL, currency TEXT NOT NULL,
            balance BIGINT NOT NULL, may_be_negative BOOLEAN NOT NULL,
            PRIMARY KEY (store_id, name, currency),
            CONSTRAINT ledger_accounts_hold_what_they_give
                CHECK (balance >= 0 OR may_be_negative)",
        storage: Storage::Updated,
    },
    Table {
        name: "ledger_transfers",
        columns: "
            store_id TEXT NOT NULL, transfer_key TEXT NOT NULL, from_account TEXT NOT NULL,
            from_may_be_negative BOOLEAN NOT NULL, to_account TEXT NOT NULL,
            to_may_be_negative BOOLEAN NOT NULL, currency TEXT NOT NULL,
            amount BIGINT NOT NULL CHECK (amount >= 0), posted_at BIGINT NOT NULL,
            PRIMARY KEY (store_id, transfer_key)",
        storage: Storage::Plain,
    },
];

/// The conditions that are always true keep an index to the lists that repeat them. To PostgreSQL,
/// as long as a table is small, any index that has one column of a key is as good as the key's own;
/// and what it has once planned it goes on using when the table has grown.
const INDEXES: &[&str] = &[
    "CREATE INDEX orders_by_time ON orders (store_id, created_at, order_id)
        WHERE created_at > -9000000000000000000",
    "CREATE INDEX orders_by_buyer ON orders (store_id, buyer_email, created_at, order_id)
        WHERE buyer_email IS NOT NULL",
    "CREATE INDEX orders_by_external_id ON orders (store_id, external_order_id)
        WHERE external_order_id IS NOT NULL",
    "CREATE INDEX tasks_by_time ON tasks (kind, due_at) WHERE due_at > -9000000000000000000",
    "CREATE INDEX quotes_by_expiry ON quotes (expires_at)",
];

/// Documents are compressed with every write. LZ4 takes a fraction of the time of the default;
/// a server that was built without it keeps the default.
const FAST_COMPRESSION: &str = "
    DO $$ BEGIN
        ALTER TABLE orders ALTER COLUMN doc SET COMPRESSION lz4,
            ALTER COLUMN personal SET COMPRESSION lz4;
        ALTER TABLE facts ALTER COLUMN body SET COMPRESSION lz4;
        ALTER TABLE receipts ALTER COLUMN answer SET COMPRESSION lz4;
    EXCEPTION WHEN feature_not_supported THEN NULL;
    END $$";
