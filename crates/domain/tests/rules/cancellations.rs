//! Cancellations: K1 to K13, and U1 to U10.

mod again;
mod bounds;
pub mod build;
mod charges;
mod life;
mod method;
mod money;
mod requests;
mod reversed;
mod stuck;
mod table;
mod undo;
mod who;
