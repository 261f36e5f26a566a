//! The program from the outside: the real process, over real sockets, on both databases.
//!
//! Every test has a database and a process of its own, so that all of them run side by side.
//! [`on_both`] makes two tests of one function, one per database. Nothing here waits by the clock:
//! what takes its time is asked for through the API until it is there.
//!
//! - [`world`]: the process, its database, its clients, and what is told to it;
//! - [`architecture`]: who may depend on whom;
//! - [`vectors`]: the worked refunds, digit for digit;
//! - the rest: a module for each promise, by what it is about.
//!
//! The program has to be built: `cargo nextest run` builds it for the tests of its own package.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its builders too")]

mod world;

mod access;
mod accounts;
mod architecture;
mod bad_input;
mod cancellations;
mod compatible;
mod console;
mod contract;
mod crash;
mod events;
mod fair;
mod idempotency;
mod lifecycle;
mod money;
mod notices;
mod processing;
mod race;
mod reconcile;
mod report;
mod secure;
mod shutdown;
mod upstream;
mod vectors;
mod verify;
mod waiting;
mod webhooks;

/// Makes a test per database of each of these functions.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    super::$name($crate::world::World::on($crate::world::Backend::Sqlite)).await;
                }
            )+
        }
        mod postgresql {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    super::$name($crate::world::World::on($crate::world::Backend::Postgresql)).await;
                }
            )+
        }
    };
}
pub(crate) use on_both;
