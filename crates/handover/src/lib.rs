//! Hand-over: the systems that shops run, behind the port.
//!
//! - [`GenericHttp`]: the protocol of `docs/handover.md`, for a shop that implements it;
//! - [`Vendure`]: the open-source shop Vendure 3, over its Admin API.
//!
//! Both call addresses that merchants chose, so both dial through the same [`CallSettings`]: what
//! may be dialled is decided for the address itself, after its name was resolved. To add one:
//! implement [`ports::StorefrontBackend`], and say in its causes nothing that is somebody's.

mod answer;
mod caller;
mod failure;
mod generic;
mod reach;
mod vendure;
mod wording;

pub use caller::CallSettings;
pub use generic::GenericHttp;
pub use vendure::{Vendure, VendureSettings};

/// The names that stores know the adapters by.
pub mod names {
    pub const HTTP: &str = "http";
    pub const VENDURE: &str = "vendure";
}
