//! Hand-over: the systems that shops run, behind the port.
//!
//! - [`GenericHttp`]: the protocol of `docs/handover.md`, for a shop that implements it;
//! - [`Vendure`]: the open-source shop Vendure 3, over its Admin API.
//!
//! Both call addresses that merchants chose, so both dial through [`outbound`]: what may be dialled
//! is decided for the address itself, after its name was resolved. To add one:
//! implement [`ports::StorefrontBackend`], and say in its causes nothing that is somebody's.

mod answer;
mod failure;
mod generic;
mod vendure;
mod wording;

pub use generic::GenericHttp;
pub use outbound::CallSettings;
pub use vendure::{Vendure, VendureSettings};

/// The names that stores know the adapters by.
pub mod names {
    pub const HTTP: &str = "http";
    pub const VENDURE: &str = "vendure";
}
