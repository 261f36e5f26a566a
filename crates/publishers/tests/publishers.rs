//! The adapters against what others run: receivers that answer whatever a test wants, and a broker.

#![expect(clippy::unwrap_used, reason = "all of this is tests")]

#[path = "publishers/nats/mod.rs"]
mod nats;
#[path = "publishers/receiver.rs"]
mod receiver;
#[path = "publishers/webhooks/mod.rs"]
mod webhooks;
