//! What the operator decides: defaults < file < environment < flags.
//!
//! The defaults are a commented file compiled in ([`DEFAULTS`]), so what is documented is what is in
//! force. [`load`] finds every fault before it gives up, names the key and where its value came from,
//! and refuses keys it does not know. [`show`] prints what is in force with the secrets masked.
//!
//! To add a key: give it a comment and a default in `defaults.toml`, a field here, a line in
//! `sections`.

mod certificates;
mod fault;
mod layers;
mod mask;
mod reader;
mod sections;
#[cfg(test)]
mod tests;
mod value;

pub use certificates::Certificates;
pub use fault::{Fault, Faults};
pub use layers::Sources;

use secrecy::SecretString;
use sockets::{ClientFiles, ServerFiles};
use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, time::Duration};

/// Every setting with its default and a comment that says what it does.
pub const DEFAULTS: &str = include_str!("settings/defaults.toml");

#[derive(Debug)]
pub struct Settings {
    pub database: Database,
    pub grpc: Grpc,
    pub http: Http,
    pub limits: Limits,
    pub tls: Tls,
    pub auth: Auth,
    pub serve: Serve,
    pub money: Money,
    pub payments: Payments,
    pub processing: Processing,
    pub screening: Screening,
    pub handover: Handover,
    pub webhooks: Webhooks,
    pub broker: Broker,
    pub telemetry: telemetry::Settings,
}

#[derive(Debug)]
pub struct Database {
    /// May carry a password.
    pub url: SecretString,
    pub max_connections: u32,
    pub acquire_timeout: Duration,
    pub statement_timeout: Duration,
}

#[derive(Debug)]
pub struct Grpc {
    pub listen: SocketAddr,
    pub default_deadline: Duration,
    pub max_message_bytes: usize,
    pub max_connections: usize,
    /// On one connection.
    pub max_concurrent_streams: u32,
    /// In this process.
    pub max_concurrent_calls: usize,
    /// In this process, beside the calls.
    pub max_open_streams: usize,
    /// Whether it tells everybody what the contract is.
    pub reflection: bool,
    pub tls: Option<ServerFiles>,
}

#[derive(Debug)]
pub struct Http {
    pub listen: SocketAddr,
    pub max_connections: usize,
    pub tls: Option<ServerFiles>,
    /// Where services are that do not run in this process.
    pub upstream: Option<Upstream>,
}

#[derive(Debug)]
pub struct Upstream {
    pub url: String,
    /// If it is https.
    pub tls: Option<ClientFiles>,
}

/// What one store may take of a process, and how its calls wait.
#[derive(Debug)]
pub struct Limits {
    /// In a second.
    pub rate_per_store: u32,
    pub burst_per_store: u32,
    /// At the same time.
    pub calls_per_store: usize,
    pub streams_per_store: usize,
    /// Of all stores.
    pub waiting_calls: usize,
    pub wait: Duration,
}

/// Whatever the certificates are for.
#[derive(Debug)]
pub struct Tls {
    /// How often the files are looked at for changes.
    pub reload: Duration,
    /// At the same time, for each port.
    pub handshakes: usize,
    pub handshake_timeout: Duration,
}

#[derive(Debug)]
pub struct Auth {
    pub bootstrap_token: Option<SecretString>,
}

#[derive(Debug)]
pub struct Serve {
    pub services: Vec<Service>,
    pub workers: Vec<Worker>,
    pub shutdown_grace: Duration,
}

/// A gRPC service, or the gateway to all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    Orders,
    Refunds,
    Cancellations,
    Merchants,
    Gateway,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worker {
    Ready,
    Legs,
    Notices,
    Handover,
    Complete,
    Sequencer,
    Webhooks,
    Broker,
}

#[derive(Debug)]
pub struct Money {
    /// Decimal places by currency code, where they differ from ISO 4217.
    pub exponents: BTreeMap<String, u8>,
}

#[derive(Debug)]
pub struct Payments {
    pub sandbox: bool,
    pub ledger: bool,
    pub lease: Duration,
    pub concurrency: usize,
    /// How long a leg without an answer may still be on its way.
    pub grace: Duration,
    /// Pauses before the second and every further attempt; at least one.
    pub retry: Vec<Duration>,
    /// Around every provider that is called over a network.
    pub breaker: payments::BreakerSettings,
    pub stripe: Stripe,
}

/// The payment provider Stripe.
#[derive(Debug)]
pub struct Stripe {
    /// Of its API.
    pub url: String,
    /// Without one there is no such provider here.
    pub secret_key: Option<SecretString>,
    /// What its messages to us are signed with.
    pub webhook_secret: Option<SecretString>,
    /// For one call as a whole.
    pub timeout: Duration,
    /// For all calls that one leg or one question needs.
    pub patience: Duration,
}

/// What is done with orders that were received.
#[derive(Debug)]
pub struct Processing {
    /// One that is not paid so long after it was made is cancelled.
    pub unpaid_after: Duration,
    /// Payments of one that was cancelled so are asked for so much longer, to be given back.
    pub late_payments: Duration,
    /// How long a provider or a check may take to answer.
    pub call_timeout: Duration,
    /// Orders that one process works on at the same time, in each of its workers.
    pub concurrency: usize,
}

/// What is checked against. A file that is not named is the demo's.
#[derive(Debug)]
pub struct Screening {
    pub fraud_rules: Option<PathBuf>,
    pub prohibited_goods: Option<PathBuf>,
    pub denied_parties: Vec<PathBuf>,
    /// The likeness of a name from which on a person has to look, in per cent.
    pub threshold: u8,
    /// How often files are looked at for changes.
    pub reload: Duration,
}

/// Pushing orders into shop systems.
#[derive(Debug)]
pub struct Handover {
    /// How long one call may take in all.
    pub call_timeout: Duration,
    /// How long all calls of one push may take.
    pub push_timeout: Duration,
    /// How long a call that nobody waits for any more may still be on its way.
    pub grace: Duration,
    /// Whether shops may be in private networks, and on this machine.
    pub private_networks: bool,
}

#[derive(Debug)]
pub struct Webhooks {
    pub allow_loopback: bool,
    /// For one message as a whole.
    pub timeout: Duration,
    /// Messages to one endpoint at the same time.
    pub concurrency: usize,
    /// Endpoints that one process serves at the same time.
    pub endpoints: usize,
    /// How long what was delivered is kept to be looked at.
    pub keep: Duration,
}

/// A broker that all events are passed on to.
#[derive(Debug)]
pub struct Broker {
    /// Servers of NATS; none, there is no broker.
    pub nats: Option<String>,
    pub user: Option<String>,
    /// The user's password, or a token without a user.
    pub secret: Option<SecretString>,
    /// Certificates in PEM to trust instead of the machine's own.
    pub root_certificates: Option<PathBuf>,
    pub stream: String,
    pub duplicate_window: Duration,
}

/// What is in force, or everything that is wrong with it.
pub fn load(sources: &Sources) -> Result<Settings, Faults> {
    let (layers, faults) = layers::Layers::collect(sources);
    let mut reader = reader::Reader::new(layers, faults);
    let settings = sections::read(&mut reader);
    reader.finish()?;
    Ok(settings)
}

/// What is in force as a TOML document, each value with its origin if it is not the default. Values
/// are shown even if they are wrong, so that a wrong one can be found; secrets are masked.
pub fn show(sources: &Sources) -> Result<String, Faults> {
    let (layers, faults) = layers::Layers::collect(sources);
    Faults::none_of(faults)?;
    Ok(layers.render())
}
