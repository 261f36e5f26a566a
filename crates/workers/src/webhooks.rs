//! Endpoints of merchants are told of events.
//!
//! A [`Dispatcher`] claims endpoints that have something to do and has each served by a courier of
//! its own, so that one that does not answer delays no other:
//!
//! - `courier` reads the feed from the endpoint's cursor, sends, and keeps what came of it;
//! - `lanes` says what may be sent now: of each order one message at a time, in sequence;
//! - `window` says where the cursor is while messages come back in any order;
//! - `message` makes a message of what is stored, `schedule` says when it is tried again;
//! - `tenure` is the lease, `news` tells when it is worth to look for events.
//!
//! What came back is kept in the order in which it did, together with the cursor, while further
//! messages are on their way. After a crash the endpoint is therefore sent again what was sent
//! last, under the same ids, and nothing else.

mod courier;
mod dispatcher;
mod lanes;
mod message;
mod news;
mod schedule;
mod settings;
mod tenure;
mod window;

use crate::Backoff;
use std::time::Duration;

/// Pauses after errors of the store.
const AFTER_ERROR: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));

pub use dispatcher::{Dispatcher, DispatcherPorts};
pub(crate) use message::standard;
pub(crate) use news::News;
pub use settings::DispatcherSettings;
