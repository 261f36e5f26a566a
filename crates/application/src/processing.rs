//! From received to ready: the steps of the worker that watches over new orders.

use crate::{Caller, Core, Failure, cancellations, late::Late, tasks};
use domain::{
    Reason, Rejection,
    cancellation::{
        CancelOrder, CancellationReason, Channel, Charges, Given, NewRefundIds, RequestedBy,
    },
    id::{CancellationId, RefundId},
    order::{Command, Order, PaymentReport},
    refund::RefundMethod,
    screening::Check,
    store::Store as StoreRecord,
};
use ports::{Opinion, OrderKey, OrderView, Stored, TaskChange, TaskKind};
use std::sync::Arc;

/// A store with its settings.
pub type Settings = Arc<Stored<StoreRecord>>;

#[derive(Clone)]
pub struct Processing {
    core: Arc<Core>,
}

impl Processing {
    pub const fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// The order with its people, and its store. `None` if there is no such order.
    ///
    /// # Errors
    ///
    /// [`Failure::Store`] alone.
    pub async fn order(&self, key: &OrderKey) -> Result<Option<(OrderView, Settings)>, Failure> {
        let Some(view) = self.core.reader.order(key).await? else { return Ok(None) };
        Ok(Some((view, self.core.settings(&key.store_id).await?)))
    }

    /// Commits what a check came to. What was known already changes nothing.
    ///
    /// # Errors
    ///
    /// [`Failure::Rejected`] for an order that is not RECEIVED any more.
    pub async fn record_screening(
        &self,
        caller: &Caller,
        key: &OrderKey,
        check: Check,
        opinion: &Opinion,
    ) -> Result<Order, Failure> {
        let command = |at| {
            let (Opinion { verdict, findings }, by) = (opinion.clone(), caller.actor.clone());
            Command::RecordScreening { check, verdict, findings, by, at }
        };
        self.core.take_step(caller, key, command).await
    }

    /// L17, and with it the end of the task. Nothing for an order that is COMPLETED already.
    ///
    /// # Errors
    ///
    /// [`Failure::Rejected`] while a payment is not captured.
    pub async fn complete(&self, caller: &Caller, key: &OrderKey) -> Result<(), Failure> {
        self.core.take_step(caller, key, |_| Command::Complete).await.map(drop)
    }

    /// Commits what a provider says about a tender.
    ///
    /// # Errors
    ///
    /// [`Failure::Rejected`] if the tender cannot go there.
    pub async fn record_payment(
        &self,
        caller: &Caller,
        key: &OrderKey,
        report: PaymentReport,
    ) -> Result<Order, Failure> {
        self.core
            .step(key, |order, now| {
                let change = order.decide(Command::RecordPayment(report.clone()), now)?;
                let after = change.after.clone();
                let mut commit = self.core.commit_of(caller, change);
                // The caller holds the order's task and goes on with it, unless that is over.
                commit.tasks.retain(|change| matches!(change, TaskChange::Done { .. }));
                Ok((commit, after))
            })
            .await
    }

    /// The same for an order that the platform has cancelled: what comes in goes back in the same
    /// step. Ends the task if nothing more is awaited.
    ///
    /// # Errors
    ///
    /// [`Failure::Rejected`] if the tender cannot go there.
    pub async fn record_late_payment(
        &self,
        caller: &Caller,
        key: &OrderKey,
        report: &PaymentReport,
    ) -> Result<Order, Failure> {
        let late = Late::of(&self.core, caller, &key.store_id).await?;
        let outcome = self
            .core
            .step(key, |order, now| {
                let change = late.payment(&order, report.clone(), now)?;
                let after = change.after.clone();
                Ok((self.core.commit_of(caller, change), after))
            })
            .await;
        late.close(&outcome, |_| true);
        outcome
    }

    /// L2, and with it the end of the task. Nothing for an order that is READY already.
    ///
    /// # Errors
    ///
    /// [`Failure::Rejected`] while a payment is not confirmed.
    pub async fn mark_ready(&self, caller: &Caller, key: &OrderKey) -> Result<(), Failure> {
        let store = self.core.settings(&key.store_id).await?;
        let plug_and_play = store.state.settings.handover.is_some();
        let command = |_| Command::MarkReady { plug_and_play };
        self.core.take_step(caller, key, command).await.map(drop)
    }

    /// L3 to L6: the platform cancels what it does not let through. Ends the task, too.
    /// Nothing for an order that is CANCELLED already.
    ///
    /// # Errors
    ///
    /// [`Failure::Rejected`] for an order that is READY or further, which the platform keeps to,
    /// and for one that was paid after all.
    pub async fn cancel(
        &self,
        caller: &Caller,
        key: &OrderKey,
        reason: CancellationReason,
    ) -> Result<(), Failure> {
        let store = self.core.settings(&key.store_id).await?;
        let number = self.core.refund_number(&key.store_id).await?;
        let refund_id = RefundId::from_uuid(self.core.ids.next());
        let cancellation_id = CancellationId::from_uuid(self.core.ids.next());
        self.core
            .step(key, |order, now| {
                let unpaid = order.state.tenders.iter().any(|tender| !tender.is_confirmed());
                if reason == CancellationReason::PaymentFailed && !unpaid {
                    let text = "the order is paid by now";
                    return Err(Rejection::new(Reason::OrderProtected, text).into());
                }
                let order_version = order.version.0;
                let cancel = CancelOrder {
                    cancellation_id,
                    refund: NewRefundIds { refund_id, number, order_version },
                    at: now,
                    by: caller.actor.clone(),
                    lines: Vec::new(),
                    requested_by: RequestedBy::Platform,
                    channel: Channel::System,
                    reason: Given { reason, text: None },
                    charges: Charges::default(),
                    method: RefundMethod::Original,
                    policy: cancellations::policy(caller, &store.state),
                };
                let change = order.decide(Command::CancelByPlatform(Box::new(cancel)), now)?;
                Ok((self.core.commit_of(caller, change), ()))
            })
            .await
    }

    /// The task that looks at an order again at `due_at`.
    pub fn task(key: OrderKey, due_at: time::OffsetDateTime) -> ports::Task {
        tasks::of_order(key, TaskKind::ProcessOrder, due_at)
    }
}
