//! The payment worker's steps: each a commit before or after a call to the provider.

use crate::{Caller, Core, Failure, tasks};
use domain::{
    Amount,
    id::{LegId, RefundId},
    order::{Command, Order, Recovery},
    refund::{LEDGER, Leg, LegKind, LegOutcome, RefundState},
};
use ports::{Commit, OrderKey, PaymentOrder, Stored, Task, TaskChange, TaskKind};
use std::sync::Arc;
use time::OffsetDateTime;

#[derive(Clone)]
pub struct Legs {
    core: Arc<Core>,
}

/// A leg with all that carrying it on needs.
#[derive(Debug, Clone)]
pub struct LegWork {
    pub refund_id: RefundId,
    pub refund_state: RefundState,
    pub leg: Leg,
    pub payment: PaymentOrder,
    /// When the order last changed; a leg that is SENT was sent no later than that.
    pub updated_at: OffsetDateTime,
}

impl LegWork {
    /// Whether anybody outside can say how it stands: it was sent, and not by hand or to an account
    /// of this system, where nothing happens that is not committed here.
    pub fn has_a_provider(&self) -> bool {
        self.leg.attempts > 0 && self.leg.kind != LegKind::Manual && self.leg.provider != LEDGER
    }
}

impl Legs {
    pub const fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// The leg as it stands. `None` if there is no such order or leg.
    ///
    /// # Errors
    ///
    /// [`Failure::Store`] alone.
    pub async fn find(&self, key: &OrderKey, leg_id: &LegId) -> Result<Option<LegWork>, Failure> {
        let order = self.core.store.load(key, None).await?.order;
        Ok(order.and_then(|order| work(key, &order.state, leg_id)))
    }

    /// Has the provider asked how a leg stands that was ever sent, now and whatever it has come to:
    /// somebody said that there is news of it. What was said is no more than that; what the provider
    /// answers counts. `false` if there is nobody to ask, or no such leg.
    ///
    /// Beside the task that carries the leg on, so that neither is in the other's way.
    ///
    /// # Errors
    ///
    /// [`Failure::Store`], and [`Failure::NotFound`] if there is no such order.
    pub async fn look(
        &self,
        caller: &Caller,
        key: &OrderKey,
        leg_id: &LegId,
    ) -> Result<bool, Failure> {
        self.core
            .step(key, |order, now| {
                let mut commit = caller.commit(now);
                let work = work(key, &order.state, leg_id);
                let asked = work.is_some_and(|work| work.has_a_provider());
                commit.tasks.extend(asked.then(|| TaskChange::Put(tasks::look(key, leg_id, now))));
                Ok((commit, asked))
            })
            .await
    }

    /// Commits that the leg is about to be sent, before the provider is called.
    ///
    /// # Errors
    ///
    /// [`Failure::Rejected`] if the leg's or its refund's state forbids it, such as a hold, or if
    /// somebody else sent the leg since it was as `seen`.
    pub async fn send(&self, caller: &Caller, seen: &LegWork) -> Result<Option<LegWork>, Failure> {
        let LegWork { refund_id, leg, payment: PaymentOrder { order: key, leg_id, .. }, .. } = seen;
        self.core
            .step(key, |order, now| {
                let command = Command::SendLeg {
                    refund_id: *refund_id,
                    leg_id: leg_id.clone(),
                    attempt: leg.attempts,
                    at: now,
                };
                let change = order.decide(command, now)?;
                let work = work(key, &change.after, leg_id);
                Ok((self.core.commit_of(caller, change), work))
            })
            .await
    }

    /// Commits what the provider answered about the leg as `work` has it, and in the same commit
    /// when to look again: `next`, or never if the leg is through. Answers whether anything changed:
    /// what is so already leaves the task to whoever made it so.
    ///
    /// # Errors
    ///
    /// [`Failure::Rejected`] if the leg cannot take this outcome, such as one of an attempt that
    /// was followed by another. Nothing changes then, the task neither.
    pub async fn record(
        &self,
        caller: &Caller,
        work: &LegWork,
        outcome: LegOutcome,
        next: Option<Task>,
    ) -> Result<bool, Failure> {
        let LegWork { refund_id, leg, payment: PaymentOrder { order: key, leg_id, .. }, .. } = work;
        let changed = self
            .core
            .step(key, |order: Stored<Order>, now| {
                let command = Command::RecordLeg {
                    refund_id: *refund_id,
                    leg_id: leg_id.clone(),
                    attempt: leg.attempts,
                    outcome: outcome.clone(),
                    at: now,
                };
                let change = order.decide(command, now)?;
                let changed = !change.facts.is_empty();
                let mut commit: Commit = self.core.commit_of(caller, change);
                if !changed {
                    // No version guards a commit without facts: it must not touch a task.
                    return Ok((commit, changed));
                }
                // One that is over is not looked at again, whatever the worker made of the answer.
                let over = commit.orders.iter().any(|change| is_over(&change.after, leg_id));
                commit.tasks.retain(|task| !is_for(task, leg_id));
                commit.tasks.push(match next.as_ref().filter(|_| !over) {
                    Some(task) => TaskChange::Put(task.clone()),
                    None => TaskChange::Done {
                        key: key.clone(),
                        kind: TaskKind::Leg,
                        subject: leg_id.as_str().to_owned(),
                    },
                });
                Ok((commit, changed))
            })
            .await?;
        self.core.settlements.moved(*refund_id);
        Ok(changed)
    }
}

fn is_over(order: &Order, leg_id: &LegId) -> bool {
    let mut legs = order.refunds.iter().flat_map(|refund| &refund.legs);
    legs.any(|leg| leg.leg_id == *leg_id && leg.state.is_final())
}

fn is_for(task: &TaskChange, leg_id: &LegId) -> bool {
    matches!(task, TaskChange::Done { subject, .. } if subject == leg_id.as_str())
}

pub(crate) fn work(key: &OrderKey, order: &Order, leg_id: &LegId) -> Option<LegWork> {
    let (refund, leg) = order.refunds.iter().find_map(|refund| {
        refund.legs.iter().find(|leg| leg.leg_id == *leg_id).map(|leg| (refund, leg))
    })?;
    let tender = order.tender(&leg.tender_id)?;
    Some(LegWork {
        refund_id: refund.refund_id,
        refund_state: refund.state,
        leg: leg.clone(),
        payment: PaymentOrder {
            leg_id: leg.leg_id.clone(),
            order: key.clone(),
            refund_id: refund.refund_id,
            tender_id: leg.tender_id.clone(),
            kind: leg.kind,
            amount: leg.amount,
            currency: order.customer_currency,
            target: leg.target.clone(),
            method: tender.method,
            authorized: tender.authorized,
            captured: if tender.came_by(Recovery::TakenBack) {
                Amount::ZERO
            } else {
                tender.captured
            },
        },
        updated_at: order.updated_at,
    })
}
