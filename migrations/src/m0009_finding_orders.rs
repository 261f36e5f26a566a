//! What lists of orders are narrowed by and what orders are looked for by, whichever of it comes
//! together.

use crate::dialect::{Storage, Table, types};
use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DbBackend},
};

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        crate::FINDING_ORDERS
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for table in TABLES {
            table.create(manager).await?;
        }
        for column in COLUMNS {
            let sql = types(manager, &format!("ALTER TABLE {column} TEXT"));
            connection.execute_unprepared(&sql).await?;
        }
        let filled = match manager.get_database_backend() {
            DbBackend::Postgres => ON_POSTGRES,
            _ => ON_SQLITE,
        };
        for statement in filled.iter().chain(INDEXES) {
            connection.execute_unprepared(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for index in BESIDE {
            connection.execute_unprepared(&format!("DROP INDEX {index}")).await?;
        }
        for column in COLUMNS {
            let sql = format!("ALTER TABLE {}", column.replace(" ADD ", " DROP "));
            connection.execute_unprepared(&sql).await?;
        }
        for table in TABLES.iter().rev() {
            let sql = format!("DROP TABLE {}", table.name);
            connection.execute_unprepared(&sql).await?;
        }
        Ok(())
    }
}

/// Orders that are older have their rows made by whoever migrates, in the same transaction: which
/// bits and which words they are is not for the schema to say.
const TABLES: &[Table] = &[
    // A bit for each state that the order or a part of it is in. Beside `orders`, so that a change
    // of it touches no index of that wide table.
    Table {
        name: "order_facets",
        columns: "
            store_id TEXT NOT NULL, order_id TEXT NOT NULL, created_at BIGINT NOT NULL,
            facets BIGINT NOT NULL,
            PRIMARY KEY (store_id, order_id)",
        storage: Storage::Keyed,
    },
    // Words of the names of buyer and recipient, in the sequence of the lists. Personal data:
    // written once, and erased.
    Table {
        name: "order_names",
        columns: "
            store_id TEXT NOT NULL, word TEXT NOT NULL, created_at BIGINT NOT NULL,
            order_id TEXT NOT NULL,
            PRIMARY KEY (store_id, word, created_at, order_id)",
        storage: Storage::Keyed,
    },
];

const COLUMNS: &[&str] = &[
    "orders ADD COLUMN external_order_number",
    "orders ADD COLUMN cart_id",
    "refunds ADD COLUMN external_reference",
];

const ON_POSTGRES: &[&str] = &[
    "UPDATE orders o SET external_order_number = x.doc #>> '{external,number}', \
     cart_id = x.doc ->> 'cart_id' \
     FROM (SELECT store_id, order_id, doc::jsonb AS doc FROM orders) x \
     WHERE o.store_id = x.store_id AND o.order_id = x.order_id \
     AND COALESCE(x.doc #>> '{external,number}', x.doc ->> 'cart_id') IS NOT NULL",
    "UPDATE refunds r SET external_reference = x.refund ->> 'external_reference' \
     FROM (SELECT o.store_id, jsonb_array_elements(o.doc::jsonb -> 'refunds') AS refund \
     FROM orders o) x WHERE r.store_id = x.store_id \
     AND r.refund_id = replace(x.refund ->> 'refund_id', 'rf_', '')::uuid \
     AND x.refund ->> 'external_reference' IS NOT NULL",
];
const ON_SQLITE: &[&str] = &[
    "UPDATE orders SET external_order_number = doc ->> '$.external.number', \
     cart_id = doc ->> '$.cart_id' \
     WHERE COALESCE(doc ->> '$.external.number', doc ->> '$.cart_id') IS NOT NULL",
    "UPDATE refunds SET external_reference = (SELECT r.value ->> 'external_reference' \
     FROM orders o, json_each(o.doc, '$.refunds') r WHERE o.store_id = refunds.store_id \
     AND o.order_id = refunds.order_id \
     AND r.value ->> 'refund_id' = 'rf_' || lower(hex(refunds.refund_id)))",
];

const INDEXES: &[&str] = &[
    "CREATE INDEX order_facets_by_value ON order_facets (store_id, facets, created_at, order_id)",
    "CREATE INDEX order_names_by_order ON order_names (store_id, order_id)",
    "CREATE INDEX orders_by_external_number ON orders (store_id, external_order_number)
        WHERE external_order_number IS NOT NULL",
    "CREATE INDEX orders_by_cart ON orders (store_id, cart_id) WHERE cart_id IS NOT NULL",
    "CREATE INDEX refunds_by_number ON refunds (store_id, refund_number)",
    "CREATE INDEX refunds_by_reference ON refunds (store_id, external_reference)
        WHERE external_reference IS NOT NULL",
    "CREATE INDEX tenders_by_store_reference ON tenders (store_id, reference)
        WHERE reference IS NOT NULL",
];

/// Those of tables that were there before.
const BESIDE: &[&str] = &[
    "orders_by_external_number",
    "orders_by_cart",
    "refunds_by_number",
    "refunds_by_reference",
    "tenders_by_store_reference",
];
