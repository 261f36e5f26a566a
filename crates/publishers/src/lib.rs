//! Publishers: what carries events out of the system, behind the ports.
//!
//! - [`StandardWebhooks`]: messages to the endpoints of merchants, signed by the Standard Webhooks
//!   specification;
//! - [`order_refund()`]: the body of such a message to an endpoint of the format `globale`.
//! - [`NatsJetStream`]: events to a broker, NATS with JetStream.
//!
//! An endpoint is an address that a merchant chose, so it is dialled through [`outbound`]. A broker is
//! the operator's own, and is not.

mod nats;
mod order_refund;
mod webhooks;

pub use nats::{Login, NatsJetStream, NatsSettings, UnusableServers, check_servers};
pub use order_refund::{OrderRefunds, Unwritable, order_refund};
pub use webhooks::{StandardWebhooks, WebhookSettings};
