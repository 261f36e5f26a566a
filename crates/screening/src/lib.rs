//! Screening: the checks of an order behind the port, as rules and lists from files.
//!
//! - [`FraudRules`]: amount, velocity, countries that differ, listed e-mail domains;
//! - [`ProhibitedGoods`]: goods that may not go somewhere, by customs code and destination;
//! - [`DeniedParties`]: names of buyer and recipient against lists, however they are written.
//!
//! Each reads its files when it is opened, and again whenever they change (`watched.rs`): a file that
//! cannot be read or understood leaves the last good version in force, and is complained of once. One
//! that cannot be read is tried again at every look, one that cannot be understood when it changed.
//! Without a file there are the lists of the demo, which are small and made up.
//!
//! **Invariant:** nothing that an adapter finds names a person. Findings stand in facts and events,
//! where nobody's personal data are.

mod file;
mod fraud;
mod goods;
mod parties;
mod watched;

pub use file::{ListError, ListSource};
pub use fraud::FraudRules;
pub use goods::ProhibitedGoods;
pub use parties::{DeniedParties, Found, Index, Likeness, ListedName, Match};
