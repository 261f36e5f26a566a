//! What a leg asks for, in Stripe's terms.

use super::{
    minor,
    object::{Refund, code, metadata},
};
use crate::failure;
use domain::refund::LegFailure;
use ports::PaymentOrder;

/// Longer than any id of Stripe's.
const MAX_ID: usize = 255;

pub(super) struct Asked<'o> {
    pub order: &'o PaymentOrder,
    /// The id of a `PaymentIntent`.
    pub payment: &'o str,
    pub minor: i64,
}

impl<'o> Asked<'o> {
    /// # Errors
    ///
    /// If Stripe could never do that; nothing was sent then, nor ever will be.
    pub fn of(order: &'o PaymentOrder) -> Result<Self, LegFailure> {
        let payment = intent_id(&order.target)?;
        let minor = minor::to_minor(order.amount, order.currency.code()).ok_or_else(|| {
            let text = format!(
                "Stripe cannot move {} {} exactly, and nothing is rounded",
                order.amount, order.currency
            );
            failure("AMOUNT_NOT_REPRESENTABLE", text)
        })?;
        Ok(Self { order, payment, minor })
    }

    /// Under which Stripe carries the leg out once. Legs of two stores never share one.
    pub fn key(&self) -> String {
        format!("{}:{}", self.order.order.store_id, self.order.leg_id)
    }

    /// Whether a refund carries the leg's key, whatever else it is.
    pub fn owns(&self, refund: &Refund) -> bool {
        let PaymentOrder { leg_id, order, .. } = self.order;
        refund.named(metadata::LEG) == Some(leg_id.as_str())
            && refund.named(metadata::STORE) == Some(order.store_id.as_str())
    }

    /// Whether Stripe has just that, to the last unit.
    pub fn is(&self, refund: &Refund) -> bool {
        refund.amount == self.minor
            && code(&refund.currency) == self.order.currency.code()
            && refund.payment_intent.as_deref() == Some(self.payment)
            && self.owns(refund)
    }

    pub fn in_words(&self) -> String {
        said(self.minor, self.order.currency.code(), Some(self.payment))
    }
}

/// An amount of Stripe's for a person to read.
pub(super) fn said(minor: i64, code: &str, payment: Option<&str>) -> String {
    let amount = minor::from_minor(minor, code);
    let amount = amount.map_or_else(|| format!("{minor} units"), |amount| amount.to_string());
    format!("{amount} {code} of {}", payment.unwrap_or("no payment"))
}

/// It becomes a part of a path, so it has to be what it should be.
pub(super) fn intent_id(reference: &str) -> Result<&str, LegFailure> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let is_one =
        reference.starts_with("pi_") && reference.len() <= MAX_ID && reference.bytes().all(plain);
    is_one.then_some(reference).ok_or_else(|| {
        let text = "the payment's reference is no PaymentIntent of Stripe's (pi_…)";
        failure("NO_PAYMENT_INTENT", text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_payment_intent_is_asked_for() {
        assert_eq!(intent_id("pi_3MtwBwLkdIwHu7ix28a3tqPa"), Ok("pi_3MtwBwLkdIwHu7ix28a3tqPa"));
        for other in
            ["", "pi", "ch_1", "pi_1/cancel", "pi_..", "pi_1?a=b", "pi_ä", " pi_1", "pi_1\n"]
        {
            assert_eq!(intent_id(other).unwrap_err().code, "NO_PAYMENT_INTENT", "{other:?}");
        }
        assert!(intent_id(&format!("pi_{}", "a".repeat(252))).is_ok());
        assert!(intent_id(&format!("pi_{}", "a".repeat(253))).is_err());
    }

    #[test]
    fn an_amount_reads_as_people_write_it() {
        assert_eq!(said(3_001, "EUR", Some("pi_1")), "30.01 EUR of pi_1");
        assert_eq!(said(500, "JPY", Some("pi_1")), "500 JPY of pi_1");
        assert_eq!(said(-5, "EUR", None), "-5 units EUR of no payment");
    }
}
