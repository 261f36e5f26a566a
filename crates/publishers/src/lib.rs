//! Publishers: what carries events out of the system, behind the ports.
//!
//! - [`StandardWebhooks`]: messages to the endpoints of merchants, signed by the Standard Webhooks
//!   specification.
//!
//! An endpoint is an address that a merchant chose, so it is dialled through [`outbound`].

mod webhooks;

pub use webhooks::{StandardWebhooks, WebhookSettings};
