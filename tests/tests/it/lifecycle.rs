//! An order from the checkout on, and the refunds of it.

pub mod erasure;
mod every_input;
mod lists;
mod orders;
mod people;
mod providers;
mod quotes;
mod refusals;
mod stores;
pub mod stripe;
mod tenders;

use crate::world::{act, get};
