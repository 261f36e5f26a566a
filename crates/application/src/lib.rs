//! Use cases: read, decide, commit, and decide again if somebody was faster. Nothing else
//! belongs here: the rules are the domain's, the world is behind the ports.
//!
//! Every command that changes something comes with a [`Request`]. Its answer is rendered once, by
//! the service that took the call, and stored with the change; a repeated request gets those very
//! bytes again.

mod access;
mod accounts;
mod cancellations;
mod core;
mod denials;
mod disabling;
mod failure;
mod feed;
mod handovers;
mod late;
mod legs;
mod notices;
mod numbers;
mod orders;
mod payments;
mod processing;
mod queue;
mod reconciling;
mod refunds;
mod settlements;
mod store_step;
mod stores;
mod tail;
mod tasks;
mod transfers;
mod waiting;
mod webhooks;

pub use access::{Access, AtHand, Credential, secret_hash};
pub use accounts::{Accounts, Credentials, LoggedIn, NewUser, UserUpdate, is_given_password};
pub use cancellations::{Cancellations, Grant, Look, NewCancellation, On, Proof};
pub use core::{Answer, Caller, Core, Made, Request};
pub use denials::Denials;
pub use disabling::Disabling;
pub use failure::{Failure, Missing, Taken};
pub use feed::{Cursor, CursorFault, Feed, Watched};
pub use handovers::{Handovers, Tried};
pub use legs::{LegWork, Legs};
pub use notices::{LookedInto, NotTaken, Notices, Received};
pub use orders::{Orders, Resolution, Shipped};
pub use payments::Payments;
pub use processing::{Processing, Settings};
pub use reconciling::{Break, BreakKind, Reconciled, Reconciling};
pub use refunds::{NewRefund, Quoted, Refunds, Reported};
pub use stores::{NewStore, NewToken, StorePatch, Stores};
pub use tail::Tail;
pub use waiting::Waiting;
pub use webhooks::Webhooks;
