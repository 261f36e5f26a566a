//! Calls to addresses that somebody else chose.
//!
//! Whoever lets a merchant name a URL lets the merchant choose what this machine dials, and how long
//! an answer it waits for. [`Caller`] makes one HTTP call under a rule of addresses ([`Reach`]),
//! which holds for the address that is dialled, and within the limits of [`limits`]. It follows no
//! redirect and uses no proxy.
//!
//! This crate stands outside of the layers: it knows no port and nothing of orders.

mod caller;
pub mod limits;
mod pause;
mod reach;
mod system;
mod wording;

pub use caller::{Answer, Body, CallSettings, Caller, Head, Lost};
pub use pause::retry_after;
pub use reach::{OutOfReach, Reach, is_loopback};
pub use wording::{MAX_MESSAGE, MAX_READ, plain};
