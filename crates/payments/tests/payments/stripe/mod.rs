//! The adapter of Stripe, beside two fakes: localstripe, which others wrote and which is lenient, and
//! one of our own that is strict.

mod notices;
mod real;
mod releases;
mod strict;
mod troubles;

pub use testkit::stripe::{Fake, Mishap};

use crate::desk::{currency, order_key};
use domain::{
    Amount,
    id::{LegId, RefundId},
    order::TenderMethod,
    refund::LegKind,
};
use payments::{Stripe, StripeSettings};
use ports::PaymentOrder;
use std::time::Duration;
use testkit::{
    localstripe::{SECRET_KEY, Server},
    stripe::KEY,
};
use uuid::Uuid;

/// The adapter at the fake.
pub trait Called {
    fn provider(&self) -> Stripe;
}

impl Called for Fake {
    fn provider(&self) -> Stripe {
        provider(&self.url, KEY)
    }
}

/// One with short bounds, so that who waits for an answer that does not come waits no longer.
fn provider(url: &str, key: &str) -> Stripe {
    let settings = StripeSettings::new(url, key.into()).unwrap();
    Stripe::new(settings.within(Duration::from_millis(700), Duration::from_secs(6)))
}

/// One at localstripe, as it is by default.
pub fn at(server: &Server) -> Stripe {
    Stripe::new(StripeSettings::new(&server.url(), SECRET_KEY.into()).unwrap())
}

/// A provider at a place where nobody listens: a port that only root could take, unlike a free one,
/// which the next test may.
pub fn nobody() -> Stripe {
    provider("http://127.0.0.1:1", KEY)
}

/// The leg at `place` of a refund of order o1 in store s1.
fn leg(place: usize, payment: &str, amount: &str) -> PaymentOrder {
    leg_in("EUR", place, payment, amount)
}

fn leg_in(code: &str, place: usize, payment: &str, amount: &str) -> PaymentOrder {
    let refund_id = RefundId::from_uuid(Uuid::from_u128(9));
    let currency = currency(code);
    PaymentOrder {
        leg_id: LegId::of(refund_id, place),
        order: order_key("s1", "o1"),
        refund_id,
        tender_id: "t1".parse().unwrap(),
        kind: LegKind::Refund,
        amount: Amount::parse(amount, currency).unwrap(),
        currency,
        target: payment.to_owned(),
        method: TenderMethod::Card,
        authorized: Amount::parse("100", currency).unwrap(),
        captured: Amount::parse("100", currency).unwrap(),
    }
}

fn release(place: usize, payment: &str, amount: &str) -> PaymentOrder {
    let leg = leg(place, payment, amount);
    PaymentOrder { kind: LegKind::Release, captured: Amount::ZERO, ..leg }
}
