//! Publishers: what carries events out of the system, behind the ports.
//!
//! - [`StandardWebhooks`]: messages to the endpoints of merchants, signed by the Standard Webhooks
//!   specification;
//! - [`order_refund`]: the body of such a message to an endpoint of the format `globale`.
//!
//! An endpoint is an address that a merchant chose, so it is dialled through [`outbound`].

mod order_refund;
mod webhooks;

pub use order_refund::{Unwritable, order_refund};
pub use webhooks::{StandardWebhooks, WebhookSettings};
