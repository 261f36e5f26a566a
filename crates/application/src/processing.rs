//! From received to ready: the steps of the worker that watches over new orders.

use crate::{Caller, Core, Failure, tasks};
use domain::{
    order::{Command, Order, PaymentReport},
    store::StoreSettings,
};
use ports::{Commit, OrderKey, TaskChange, TaskKind};
use std::sync::Arc;

#[derive(Clone)]
pub struct Processing {
    core: Arc<Core>,
}

impl Processing {
    pub const fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// The order and its store's settings. `None` if there is no such order.
    ///
    /// # Errors
    ///
    /// [`Failure::Store`] alone.
    pub async fn order(&self, key: &OrderKey) -> Result<Option<(Order, StoreSettings)>, Failure> {
        let Some(order) = self.core.store.load(key, None).await?.order else { return Ok(None) };
        let store = self.core.settings(&key.store_id).await?;
        Ok(Some((order.state, store.state.settings.clone())))
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
                // The caller holds the order's task and goes on with it.
                commit.tasks.clear();
                Ok((commit, after))
            })
            .await
    }

    /// L2, and the end of the task.
    ///
    /// # Errors
    ///
    /// [`Failure::Rejected`] while a payment is not confirmed.
    pub async fn mark_ready(&self, caller: &Caller, key: &OrderKey) -> Result<(), Failure> {
        self.core
            .step(key, |order, now| {
                let change = order.decide(Command::MarkReady, now)?;
                let mut commit = self.core.commit_of(caller, change);
                commit.tasks = vec![done(key)];
                Ok((commit, ()))
            })
            .await
    }

    /// Ends the task without a change: there is nothing for this worker to do.
    ///
    /// # Errors
    ///
    /// [`Failure::Store`] alone.
    pub async fn leave(&self, caller: &Caller, key: &OrderKey) -> Result<(), Failure> {
        let mut commit = Commit::new(self.core.now(), caller.actor.clone());
        commit.tasks.push(done(key));
        Ok(self.core.store.commit(commit).await?)
    }

    /// The task that looks at an order again at `due_at`.
    pub fn task(key: OrderKey, due_at: time::OffsetDateTime) -> ports::Task {
        tasks::process_order(key, due_at)
    }
}

fn done(key: &OrderKey) -> TaskChange {
    TaskChange::Done { key: key.clone(), kind: TaskKind::ProcessOrder, subject: String::new() }
}
