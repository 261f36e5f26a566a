//! The contract of a payment provider, run on every adapter that carries legs out, and what each
//! of them does beyond it. Our own keep their books in the memory store here; Stripe's are those of a
//! strict fake beside localstripe, which really runs.

#![expect(clippy::unwrap_used, reason = "all of this is tests")]

#[path = "payments/accounts.rs"]
mod accounts;
#[path = "payments/contract.rs"]
mod contract;
#[path = "payments/desk.rs"]
mod desk;
#[path = "payments/manual.rs"]
mod manual;
#[path = "payments/sandbox.rs"]
mod sandbox;
#[path = "payments/stripe/mod.rs"]
mod stripe;
