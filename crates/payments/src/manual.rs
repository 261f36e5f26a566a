use crate::{as_named, failure};
use async_trait::async_trait;
use domain::{order::Tender, refund::LegFailure};
use ports::{OrderKey, PaymentOrder, PaymentOutcome, PaymentProvider, PaymentStatus};

/// Payouts that a person makes and confirms with a reference. Nobody is called: a manual leg is
/// never sent, and a tender stands as it was recorded.
#[derive(Debug, Clone, Copy, Default)]
pub struct Manual;

#[async_trait]
impl PaymentProvider for Manual {
    async fn status(&self, _: &OrderKey, tender: &Tender) -> Result<PaymentStatus, LegFailure> {
        Ok(as_named(tender))
    }

    async fn refund(&self, _: &PaymentOrder) -> PaymentOutcome {
        let text = "a person pays this out and confirms it; it cannot be sent";
        PaymentOutcome::Declined { failure: failure("MANUAL", text), permanent: true }
    }

    async fn find(&self, _: &PaymentOrder) -> Result<Option<PaymentOutcome>, LegFailure> {
        Ok(None)
    }
}
