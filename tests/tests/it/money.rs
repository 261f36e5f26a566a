//! Money moves once: what a provider executed is what we book, to the unit and in both directions,
//! wherever the process ends and however the provider behaves.
//!
//! The provider is a fake of Stripe in the test's own process, so that it outlives the program and
//! counts what was done; the program talks to it as it talks to Stripe.
//!
//! - [`site`]: the program beside the fake;
//! - [`verdict`]: what was executed held against what is booked;
//! - [`conduct`]: how the fake misbehaves, drawn from a seed;
//! - [`matrix`]: the process ends at every named point of a leg's life;
//! - [`seeded`]: thousands of refunds at a provider that misbehaves;
//! - [`replicas`]: two processes on one database, killed again and again.

mod conduct;
mod matrix;
mod replicas;
mod seeded;
mod site;
mod verdict;

/// Makes a test per database of each of these functions, which open as many sites as they need.
macro_rules! on_each {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    super::$name($crate::world::Backend::Sqlite).await;
                }
            )+
        }
        mod postgresql {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    super::$name($crate::world::Backend::Postgresql).await;
                }
            )+
        }
    };
}
use on_each;
