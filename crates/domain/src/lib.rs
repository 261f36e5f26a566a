//! The rules of Meridian: what an order is, what may still be returned of it, and what each of
//! its commands changes.
//!
//! Pure: no I/O, no async, no clock, no randomness. A command comes with everything it needs, the
//! time and fresh ids included; [`order::Order::decide`] answers facts or a [`Rejection`], and
//! [`order::Order::evolve`] applies facts without judging them.

pub mod actor;
pub mod amount;
pub mod cancellation;
mod country;
pub mod currency;
mod denial;
pub mod event;
pub mod id;
pub mod order;
pub mod refund;
pub mod rejection;
pub mod screening;
pub mod store;
mod time_zone;
pub mod token;
pub mod user;
pub mod webhook;

pub use actor::{Actor, ActorKind};
pub use amount::{Amount, Pair};
pub use country::is_country;
pub use currency::{Currencies, Currency};
pub use denial::Denial;
pub use rejection::{Reason, Rejection, Violation};
pub use time_zone::TimeZone;
