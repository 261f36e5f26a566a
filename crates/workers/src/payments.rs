//! What the providers say about an order's payments.

use crate::work::WorkError;
use application::{Caller, Failure, Processing};
use domain::{
    Currency,
    order::{Order, PaymentReport, Tender, TenderState},
};
use ports::{OrderKey, PaymentStatus, Providers};
use std::time::Duration;

/// Asks providers for tenders, and books what moved.
pub(crate) struct Payments {
    pub processing: Processing,
    pub providers: Providers,
    /// How long a provider may take to answer.
    pub call_timeout: Duration,
}

/// What came of asking.
pub(crate) struct Asked {
    /// The order after what was booked.
    pub order: Order,
    /// Why nothing may be concluded about one of them: nobody answered, or what is no answer.
    pub unclear: Option<String>,
}

enum Status {
    News(PaymentReport),
    AsKnown,
    Unanswered,
}

impl Payments {
    /// Asks for every tender that is wanted, but not for what costs nothing.
    pub async fn ask(
        &self,
        caller: &Caller,
        key: &OrderKey,
        order: &Order,
        wanted: impl Fn(&Tender) -> bool,
    ) -> Result<Asked, WorkError> {
        let mut asked = Asked { order: order.clone(), unclear: None };
        let asked_for = |tender: &&Tender| wanted(tender) && !tender.amount.is_zero();
        for tender in order.tenders.iter().filter(asked_for) {
            let report = match self.status(key, tender, order.customer_currency).await {
                Status::News(report) => report,
                Status::AsKnown => continue,
                Status::Unanswered => {
                    let why =
                        format!("the provider of tender {} does not answer", tender.tender_id);
                    asked.unclear = Some(why);
                    continue;
                }
            };
            let recorded = if asked.order.is_cancelled_for_good() {
                self.processing.record_late_payment(caller, key, &report).await
            } else {
                self.processing.record_payment(caller, key, report).await
            };
            match recorded {
                Ok(order) => asked.order = order,
                // Somebody else reported the payment meanwhile, or it says what cannot be.
                Err(Failure::Rejected(rejection)) => {
                    tracing::warn!(
                        tender_id = %tender.tender_id,
                        rejection = %rejection,
                        "what a provider says about a payment was refused"
                    );
                    asked.unclear = Some(format!("what its provider says is refused: {rejection}"));
                }
                Err(failure) => return Err(failure.into()),
            }
        }
        Ok(asked)
    }

    /// Gives up on what nobody has paid for an order that the platform has cancelled.
    pub async fn give_up(
        &self,
        caller: &Caller,
        key: &OrderKey,
        order: &Order,
    ) -> Result<(), WorkError> {
        for tender in order.tenders.iter().filter(|tender| tender.is_open()) {
            let report = PaymentReport {
                tender_id: tender.tender_id.clone(),
                state: TenderState::Failed,
                amount: None,
                provider_reference: None,
            };
            self.processing.record_late_payment(caller, key, &report).await?;
        }
        Ok(())
    }

    async fn status(&self, key: &OrderKey, tender: &Tender, currency: Currency) -> Status {
        let tender_id = &tender.tender_id;
        let provider = match self.providers.get(&tender.provider) {
            Ok(provider) => provider,
            Err(error) => {
                tracing::warn!(%tender_id, %error, "a payment cannot be asked for");
                return Status::Unanswered;
            }
        };
        let asked = provider.status(key, tender, currency);
        let (state, amount) = match tokio::time::timeout(self.call_timeout, asked).await {
            Ok(Ok(PaymentStatus::Pending)) => return Status::AsKnown,
            Ok(Ok(PaymentStatus::Authorized(amount))) => (TenderState::Authorized, Some(amount)),
            Ok(Ok(PaymentStatus::Captured(amount))) => (TenderState::Captured, Some(amount)),
            Ok(Ok(PaymentStatus::Failed)) => (TenderState::Failed, None),
            Ok(Err(failure)) => {
                let code = &failure.failure().code;
                tracing::info!(%tender_id, code, "a provider cannot be asked now");
                return Status::Unanswered;
            }
            Err(_) => {
                tracing::info!(%tender_id, "a provider does not answer");
                return Status::Unanswered;
            }
        };
        if state == tender.state && amount == Some(tender.authorized.max(tender.captured)) {
            return Status::AsKnown;
        }
        Status::News(PaymentReport {
            tender_id: tender_id.clone(),
            state,
            amount,
            provider_reference: None,
        })
    }
}
