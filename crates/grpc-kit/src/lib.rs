//! What every gRPC service of Meridian shares.
//!
//! A call passes the [`Gate`] first, a layer around all services: it opens the span, limits how
//! many calls run, finds out who calls, and ends the call at its deadline. The service then
//! [`admit`]s the caller to the store and method, reads the fields with [`Fields`], runs its use
//! case (a command to its end, [`to_its_end`], even if the client leaves) and renders the outcome,
//! a failure with [`refusal::of`].

mod admission;
mod answer;
mod call_name;
mod deadline;
mod denied;
mod fields;
mod gate;
mod in_our_words;
mod money;
mod open;
mod page;
mod permissions;
mod principal;
mod read;
pub mod refusal;
pub mod render;

pub use admission::{
    Admitted, Place, admit, admit_any, another_store, identify, to_its_end, trace,
};
pub use answer::read_answer;
pub use deadline::Deadline;
pub use fields::{Fields, MAX_COMMENT, fingerprint, timestamp};
pub use gate::{Gate, GateSettings, Peer};
pub use money::{amount, line_pair, pair};
pub use page::{PageToken, next_token, page, within_message};
pub use permissions::{METHODS, Permission};
pub use principal::{Principal, SCOPES};
pub use read::{
    Bound, cancellation_state, each, one_of, period, refund_method, refund_state, screening_check,
};
