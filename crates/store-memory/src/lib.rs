//! Every storage port in one mutex. Forgets everything when it is dropped, and passes the same
//! conformance suite as the databases do.

mod check;
mod credentials;
mod deliveries;
mod feed;
mod inbox;
mod ledger;
mod people;
mod publisher_cursors;
mod reader;
mod store;
mod tables;
mod tasks;

use ports::Bells;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tables::Tables;
use time::OffsetDateTime;

/// A store in this process's memory. Clones share it.
#[derive(Clone, Default)]
pub struct MemoryStore {
    tables: Arc<Mutex<Tables>>,
    bells: Arc<Bells>,
}

impl MemoryStore {
    /// Writes happen after every check, so a panic of another holder leaves whole tables.
    fn lock(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Times are kept to the microsecond, as a database keeps them.
fn micros(at: OffsetDateTime) -> i128 {
    at.unix_timestamp_nanos().div_euclid(1_000)
}

fn to_the_microsecond(at: OffsetDateTime) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(micros(at) * 1_000).unwrap_or(at)
}
