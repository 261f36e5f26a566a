use domain::id::StoreId;
use std::error::Error;

/// Why a store could not do as it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A record moved on since it was read, or a key was taken meanwhile. Nothing was written:
    /// read again and decide again.
    #[error("another command changed the same records first")]
    Conflict,
    /// It is of a store that is behind another [`crate::Fence`]. Nothing was written.
    #[error("store {0} is not the caller's")]
    Fenced(StoreId),
    /// The store cannot be reached or has no room. Whether a commit happened may be unknown; the
    /// request's receipt tells.
    #[error("the store cannot be reached")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// A record that this build cannot read, or a rule of the schema that caught a fault of ours.
    #[error("the store holds or was given a record that breaks its rules")]
    Corrupt(#[source] Box<dyn Error + Send + Sync>),
}
