//! Payment providers: whom a refund's legs are sent to, by the name that the tender carries.
//!
//! - [`Sandbox`]: moves no money, keeps its books in the ledger and misbehaves on request;
//! - [`Accounts`]: gift cards, points and store credit of this system, named `ledger`;
//! - [`Manual`]: a person pays out and confirms; nothing is ever sent;
//! - [`Stripe`]: cards and what else Stripe takes, over its HTTP API, and with [`StripeNotices`] what
//!   Stripe tells by itself;
//! - [`Breaker`]: around a provider that is called over a network, leaves it alone while it is down.
//!
//! A composition root puts those that the configuration names into [`Providers`]. To add one:
//! implement [`ports::PaymentProvider`], run the suite in `tests/payments/contract.rs` on it, and give it a
//! name there.

mod accounts;
mod books;
mod breaker;
mod manual;
pub mod sandbox;
mod stripe;

pub use accounts::Accounts;
pub use breaker::{Breaker, BreakerSettings, Scatter};
pub use manual::Manual;
pub use ports::{Providers, UnknownProvider};
pub use sandbox::Sandbox;
pub use stripe::{Stripe, StripeNotices, StripeSettings, StripeUrlError};

use domain::{
    order::{Tender, TenderState},
    refund::LegFailure,
};
use ports::PaymentStatus;

/// The names that tenders know the providers by.
pub mod names {
    pub const SANDBOX: &str = "sandbox";
    pub const LEDGER: &str = "ledger";
    pub const MANUAL: &str = "manual";
    pub const STRIPE: &str = "stripe";
}

/// The payment stands as the tender says.
const fn as_named(tender: &Tender) -> PaymentStatus {
    match tender.state {
        TenderState::Pending => PaymentStatus::Pending,
        TenderState::Authorized => PaymentStatus::Authorized(tender.authorized),
        TenderState::Captured => PaymentStatus::Captured(tender.captured),
        TenderState::Failed => PaymentStatus::Failed,
    }
}

fn failure(code: &str, message: impl Into<String>) -> LegFailure {
    LegFailure { code: code.to_owned(), message: message.into() }
}
