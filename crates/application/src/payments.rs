//! What providers say of payments that stand.

use crate::{Caller, Core, Failure, late::Late};
use domain::order::{Command, DisputeReport, Order};
use ports::OrderKey;
use std::sync::Arc;

#[derive(Clone)]
pub struct Payments {
    core: Arc<Core>,
}

impl Payments {
    pub const fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// Commits what a provider says of a dispute, and answers the order after it. The same again, or
    /// what is older than what is known, changes nothing.
    ///
    /// # Errors
    ///
    /// [`Failure::Rejected`] if the report cannot be about this order, as
    /// [`Order::decide`] has it, and [`Failure::NotFound`] if there is none.
    pub async fn record_dispute(
        &self,
        caller: &Caller,
        key: &OrderKey,
        report: &DisputeReport,
    ) -> Result<Order, Failure> {
        self.core.take_step(caller, key, |_| Command::RecordDispute(report.clone())).await
    }

    /// The same, and what it frees of an order that was given back otherwise goes back in the same
    /// step.
    ///
    /// # Errors
    ///
    /// Those of [`Self::record_dispute`].
    pub async fn settle_dispute(
        &self,
        caller: &Caller,
        key: &OrderKey,
        report: &DisputeReport,
    ) -> Result<Order, Failure> {
        let late = Late::of(&self.core, caller, &key.store_id).await?;
        let outcome = self
            .core
            .step(key, |order, now| {
                let change = late.dispute(&order, report.clone(), now)?;
                let after = change.after.clone();
                Ok((self.core.commit_of(caller, change), after))
            })
            .await;
        late.close(&outcome, |_| true);
        outcome
    }
}
