//! The schema's history, and what brings a database up to date with it. SQLite and PostgreSQL.
//!
//! A migration that was released is never edited: a change of the schema is a new file here and a
//! new line in [`Migrator::migrations`].

mod dialect;
mod m0001_orders_and_refunds;
mod m0002_cancellations;
mod m0003_waiting_tasks;
mod m0004_event_log;
mod m0005_webhooks;
mod m0006_payment_notices;
mod m0007_payouts;
mod m0008_people;
mod m0009_finding_orders;
mod m0010_credentials;
mod m0011_row_level_security;
mod m0012_live_tokens;

use sea_orm_migration::prelude::*;

/// The migration that makes the log. Facts that are older than it are entered by whoever migrates,
/// in the same transaction: what an entry tells is for the domain to say.
pub const EVENT_LOG: &str = "m0004_event_log";

/// The setting of a session or a transaction that says for which stores it asks, by their ids with
/// commas between; none is no text. On PostgreSQL every row is behind it.
pub const STORES: &str = "meridian.stores";

/// All stores, and what belongs to none.
pub const ALL_STORES: &str = "*";

/// The migration after which orders are found by what is derived of them. What is derived of orders
/// that are older is written by whoever migrates, in the same transaction.
pub const FINDING_ORDERS: &str = "m0009_finding_orders";

/// Knows every migration, oldest first.
///
/// Runs on one connection at a time: the caller keeps other processes out meanwhile.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_orders_and_refunds::Migration),
            Box::new(m0002_cancellations::Migration),
            Box::new(m0003_waiting_tasks::Migration),
            Box::new(m0004_event_log::Migration),
            Box::new(m0005_webhooks::Migration),
            Box::new(m0006_payment_notices::Migration),
            Box::new(m0007_payouts::Migration),
            Box::new(m0008_people::Migration),
            Box::new(m0009_finding_orders::Migration),
            Box::new(m0010_credentials::Migration),
            Box::new(m0011_row_level_security::Migration),
            Box::new(m0012_live_tokens::Migration),
        ]
    }
}
