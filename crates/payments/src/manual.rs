use crate::{as_named, failure};
use async_trait::async_trait;
use domain::{Currency, order::Tender, refund::LegKind};
use ports::{NoAnswer, OrderKey, PaymentOrder, PaymentOutcome, PaymentProvider, PaymentStatus};

/// Payouts that a person makes and confirms with a reference. Nobody is called: a manual leg is
/// never sent, and a tender stands as it was recorded. What was never collected is let go at once.
#[derive(Debug, Clone, Copy, Default)]
pub struct Manual;

#[async_trait]
impl PaymentProvider for Manual {
    async fn status(
        &self,
        _: &OrderKey,
        tender: &Tender,
        _: Currency,
    ) -> Result<PaymentStatus, NoAnswer> {
        Ok(as_named(tender))
    }

    /// What was to be paid on delivery is not collected any more: nothing is to be moved.
    async fn release(&self, order: &PaymentOrder) -> PaymentOutcome {
        released(order)
    }

    async fn refund(&self, _: &PaymentOrder) -> PaymentOutcome {
        let text = "a person pays this out and confirms it; it cannot be sent";
        PaymentOutcome::Declined { failure: failure("MANUAL", text), permanent: true }
    }

    async fn find(&self, order: &PaymentOrder) -> Result<Option<PaymentOutcome>, NoAnswer> {
        Ok((order.kind == LegKind::Release).then(|| released(order)))
    }
}

fn released(order: &PaymentOrder) -> PaymentOutcome {
    PaymentOutcome::Settled { reference: format!("man_{}", order.leg_id) }
}
