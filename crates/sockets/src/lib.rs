//! The ends of connections: who may open one, and what is said over it in secret.
//!
//! A [`Listener`] takes so many connections and no more, and makes the handshake of TLS beside
//! accepting, so that one that hangs is in nobody's way. [`ServerTls`] and [`ClientTls`] are made of
//! files and made anew when those change: what is open goes on as it is.
//!
//! This crate stands outside of the layers: it knows no protocol above TLS and nothing of orders.

mod connection;
mod files;
mod followed;
mod listener;
mod tls;

pub use connection::Connection;
pub use files::{ClientFiles, Fault, Identity, Part, ServerFiles};
pub use listener::{Limits, Listener};
pub use tls::{ClientTls, ServerTls};
