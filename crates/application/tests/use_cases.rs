//! Use cases on a store in memory, between them and it one that behaves as networks do.

#![expect(clippy::unwrap_used, clippy::unused_self, reason = "tests may panic, and read better so")]

#[path = "use_cases/access.rs"]
mod access;
#[path = "use_cases/accounts.rs"]
mod accounts;
#[path = "use_cases/denials.rs"]
mod denials;
#[path = "use_cases/feed.rs"]
mod feed;
#[path = "use_cases/payments.rs"]
mod payments;
#[path = "use_cases/refunds.rs"]
mod refunds;
#[path = "use_cases/webhooks.rs"]
mod webhooks;
#[path = "use_cases/world.rs"]
mod world;

use application::Failure;
use domain::Reason;

/// Why the business refused.
fn reason(failure: &Failure) -> Option<Reason> {
    match failure {
        Failure::Rejected(rejection) => Some(rejection.reason),
        _ => None,
    }
}
