//! Work that commits leave behind, carried out: claim, act, settle.
//!
//! A [`Pool`] leases tasks of one kind and gives them to a [`Work`], some at a time. A lease is
//! renewed while the work runs; work whose lease is lost is dropped where it stands, so whatever
//! it does has to be safe to stop at any point and to be taken up by somebody else.
//!
//! - [`ProcessOrder`]: has received orders paid and screened, and makes them ready or cancels them;
//! - [`HandOver`]: pushes ready orders into their shops' own systems, each to exactly one order;
//! - [`Complete`]: finishes those once nothing is left to capture;
//! - [`Legs`]: carries the legs of refunds to their providers, each to exactly one effect.
//!
//! Three more do not work on tasks. Two follow the feed: a [`Dispatcher`] has the endpoints of
//! merchants told of events, and a [`Broadcaster`] passes all events on to a broker. And [`Notices`]
//! looks into what payment providers told.
//!
//! To add a kind of work: a [`ports::TaskKind`], a use case whose commits put the task in and take
//! it out, a [`Work`] here, and a [`Pool`] for it in the composition root.
//!
//! **Invariant:** nothing here commits by itself. What changes an order is a use case; tasks are
//! handed back through [`ports::Tasks`], and what came of messages is kept through
//! [`ports::Deliveries`] and [`ports::PublisherCursors`], which only the holder of a lease can do.

mod backoff;
mod broadcaster;
mod complete;
mod handover;
mod legs;
mod limit;
mod notices;
mod numbering;
mod payments;
mod pool;
mod process_order;
mod stops;
#[cfg(test)]
mod tests;
mod webhooks;
mod work;

pub use backoff::{Backoff, jittered};
pub use broadcaster::{Broadcaster, BroadcasterPorts, BroadcasterSettings};
pub use complete::Complete;
pub use handover::{HandOver, HandoverSettings};
pub use legs::{LegSettings, Legs};
pub use notices::{NoticeSettings, Notices};
pub use numbering::number;
pub use pool::{Pool, PoolSettings, owner};
pub use process_order::{ProcessOrder, ProcessSettings};
pub use stops::Point;
#[cfg(any(test, feature = "failpoints"))]
pub use stops::{Stop, Stops};
pub use webhooks::{Dispatcher, DispatcherPorts, DispatcherSettings};
pub use work::{Held, Next, Pause, Work, WorkError};
