//! The contract of every storage port, written once and run against every adapter.
//!
//! An adapter's test calls the macros with an expression that answers a fresh store and whatever
//! has to live as long as it does:
//!
//! ```ignore
//! conformance::store!(async { (MemoryStore::default(), ()) });
//! ```
//!
//! Each rule becomes a test of its own, so that a failure names the rule and the adapter.

#![expect(clippy::unwrap_used, reason = "this whole crate is tests")]

pub mod build;
pub mod cancellations;
pub mod deliveries;
pub mod feed;
pub mod finding;
pub mod inbox;
pub mod ledger;
pub mod lists;
pub mod lives;
pub mod people;
pub mod publisher_cursors;
pub mod race;
pub mod records;
pub mod store;
pub mod tasks;

use ports::{
    Credentials, Deliveries, EventFeed, Inbox, People, PublisherCursors, Reader, Sequencer, Store,
    Tasks,
};

/// What most rules need to see: the port under test, and what it left behind.
pub trait Subject:
    Store
    + Reader
    + Tasks
    + EventFeed
    + Sequencer
    + Deliveries
    + PublisherCursors
    + Inbox
    + People
    + Credentials
{
}
impl<T> Subject for T where
    T: Store
        + Reader
        + Tasks
        + EventFeed
        + Sequencer
        + Deliveries
        + PublisherCursors
        + Inbox
        + People
        + Credentials
{
}

/// Expands to one test for each rule of a module.
#[macro_export]
macro_rules! rules {
    ($fresh:expr, $module:ident => $($rule:ident),+ $(,)?) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $rule() {
            let (store, _kept_alive) = $fresh.await;
            $crate::$module::$rule(&store).await;
        })+
    };
}

/// Everything that every storage adapter has to do.
#[macro_export]
macro_rules! suite {
    ($fresh:expr) => {
        mod store {
            use super::*;
            $crate::store!($fresh);
        }
        mod records {
            use super::*;
            $crate::records!($fresh);
        }
        mod lists {
            use super::*;
            $crate::lists!($fresh);
        }
        mod finding {
            use super::*;
            $crate::finding!($fresh);
        }
        mod cancellations {
            use super::*;
            $crate::cancellations!($fresh);
        }
        mod tasks {
            use super::*;
            $crate::tasks!($fresh);
        }
        mod feed {
            use super::*;
            $crate::feed!($fresh);
        }
        mod deliveries {
            use super::*;
            $crate::deliveries!($fresh);
        }
        mod inbox {
            use super::*;
            $crate::inbox!($fresh);
        }
        mod people {
            use super::*;
            $crate::people!($fresh);
        }
        mod publisher_cursors {
            use super::*;
            $crate::publisher_cursors!($fresh);
        }
        mod ledger {
            use super::*;
            $crate::ledger!($fresh);
        }
        mod race {
            use super::*;
            $crate::race!($fresh);
        }
    };
}
