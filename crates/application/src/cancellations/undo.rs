//! Undo: what the world says is asked before the order is decided about.

use super::{Cancellations, On, RenderCancellation, present, rendered};
use crate::{
    Answer, Caller, Failure, Missing,
    core::{Ask, Decision, Found},
};
use domain::{
    cancellation::{Evidence, Standing, UndoCancellation, UndoPlan, plan_undo, went_out},
    id::{CancellationId, StoreId, TenderId},
    order::{Command, Order, Recovery, Tender},
    refund::Leg,
};
use ports::{Claim, ClaimChange, ClaimKind, OrderKey, PaymentStatus, StoreError, own_value};
use rust_decimal::Decimal;
use std::time::Duration;
use time::OffsetDateTime;

/// How long a provider may take to say what stands of a payment.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often an undo is begun anew because an account moved between the look and the commit.
const ATTEMPTS: u32 = 3;

/// What the caller brings along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// The customer paid anew.
    Repaid { payment_reference: String, amount: Decimal },
    /// The payments are said to stand again, which their providers are asked about.
    Recaptured,
}

/// What the accounts and the providers say.
struct World {
    balances: Vec<(String, domain::Amount)>,
    evidence: Option<Evidence>,
}

impl Cancellations {
    /// What stands in the way of an undo, and what it would do. Changes nothing.
    ///
    /// # Errors
    ///
    /// [`Failure::Rejected`] if the cancellation is not one that can be undone at all, or the
    /// proof is malformed.
    pub async fn preview_undo(
        &self,
        caller: &Caller,
        store_id: &StoreId,
        order_id: &str,
        id: CancellationId,
        proof: Option<&Proof>,
    ) -> Result<(Order, UndoPlan), Failure> {
        let (key, order) = self.core.order(store_id, order_id).await?;
        present(&order.state, id)?;
        let world = self.world(&key, &order.state, id, proof).await?;
        let at = self.core.now();
        let plan = plan_undo(&order.state, &undo(caller, id, "", at, &world))?;
        Ok((order.state, plan))
    }

    /// Takes a cancellation back.
    ///
    /// # Errors
    ///
    /// [`Failure::Rejected`] by what stands in the way.
    pub async fn undo(
        &self,
        on: On<'_>,
        id: CancellationId,
        comment: &str,
        proof: Option<&Proof>,
        render: RenderCancellation<'_>,
    ) -> Result<Answer, Failure> {
        let mut attempt = 1;
        loop {
            match self.undo_once(on, id, comment, proof, render).await {
                Err(failure) if failure.is_conflict() && attempt < ATTEMPTS => attempt += 1,
                outcome => return outcome,
            }
        }
    }

    async fn undo_once(
        &self,
        on: On<'_>,
        id: CancellationId,
        comment: &str,
        proof: Option<&Proof>,
        render: RenderCancellation<'_>,
    ) -> Result<Answer, Failure> {
        let On { caller, store_id, order_id, request } = on;
        if let Some(receipt) = self.core.store.receipt(&request.key(store_id)).await? {
            return request.replay(receipt);
        }
        let (key, order) = self.core.order(store_id, order_id).await?;
        present(&order.state, id)?;
        let world = self.world(&key, &order.state, id, proof).await?;
        let ask = Ask::of(caller, &key, request);
        let seen = order.version;
        self.core
            .command_once(ask, |Found { order, now, .. }| {
                let order = order.ok_or_else(|| Failure::not_found(Missing::Order, order_id))?;
                present(&order.state, id)?;
                // What the world said was said of the order as it was then.
                if order.version != seen {
                    return Err(StoreError::Conflict.into());
                }
                let command = undo(caller, id, comment, now, &world);
                let change = order.decide(Command::UndoCancellation(Box::new(command)), now)?;
                let is_new = |tender: &&Tender| !order.state.tenders.contains(tender);
                let repaid = change
                    .after
                    .tenders
                    .iter()
                    .filter(is_new)
                    .filter(|it| it.came_by(Recovery::Repaid));
                let claims = repaid.map(|it| take(&order.state, &it.provider_reference)).collect();
                let answer = rendered(&change.after, id, render)?;
                Ok(Decision::Commit { change: Box::new(change), claims, answer })
            })
            .await
    }

    async fn world(
        &self,
        key: &OrderKey,
        order: &Order,
        id: CancellationId,
        proof: Option<&Proof>,
    ) -> Result<World, Failure> {
        let refund = present(order, id)?.refund_id.and_then(|id| order.refund(id));
        let legs: Vec<&Leg> = refund.into_iter().flat_map(|refund| &refund.legs).collect();
        let mut balances = Vec::new();
        for leg in legs.iter().filter(|leg| leg.is_restored_here()) {
            let name = own_value::account_name(&leg.target);
            let currency = order.customer_currency;
            let balance = self.core.ledger.balance(&key.store_id, &name, currency).await?;
            balances.push((leg.target.clone(), balance.unwrap_or_default()));
        }
        let evidence = match proof {
            None => None,
            Some(Proof::Repaid { payment_reference, amount }) => {
                let payment_reference = payment_reference.trim().to_owned();
                let kind = ClaimKind::RepaymentReference;
                let held = self.core.store.claim(&key.store_id, kind, &payment_reference).await?;
                let (amount, taken) = (*amount, held.is_some());
                Some(Evidence::Repaid { payment_reference, amount, taken })
            }
            Some(Proof::Recaptured) => {
                let out = || legs.iter().filter(|leg| went_out(order, leg));
                let concerned =
                    |paid: &Tender| out().any(|leg| order.payment_of(leg) == Some(&paid.tender_id));
                let mut standing = Vec::new();
                for tender in order.tenders.iter().filter(|tender| concerned(tender)) {
                    standing.push(self.standing(key, order, tender).await);
                }
                Some(Evidence::Recaptured { standing })
            }
        };
        Ok(World { balances, evidence })
    }

    /// A question and no effect: asking it twice, or in vain, changes nothing.
    async fn standing(
        &self,
        key: &OrderKey,
        order: &Order,
        tender: &Tender,
    ) -> (TenderId, Standing) {
        let asked = async {
            let provider = self.providers.get(&tender.provider).ok()?;
            let status = provider.status(key, tender, order.customer_currency);
            tokio::time::timeout(PATIENCE, status).await.ok()?.ok()
        };
        let standing = match asked.await {
            Some(PaymentStatus::Captured(amount)) => Standing::Captured(amount),
            Some(PaymentStatus::Authorized(amount)) => Standing::Authorized(amount),
            Some(PaymentStatus::Pending | PaymentStatus::Failed) => Standing::Nothing,
            None => Standing::Unknown,
        };
        (tender.tender_id.clone(), standing)
    }
}

fn undo(
    caller: &Caller,
    cancellation_id: CancellationId,
    comment: &str,
    at: OffsetDateTime,
    world: &World,
) -> UndoCancellation {
    UndoCancellation {
        cancellation_id,
        at,
        by: caller.actor.clone(),
        comment: comment.to_owned(),
        evidence: world.evidence.clone(),
        balances: world.balances.clone(),
    }
}

fn take(order: &Order, reference: &str) -> ClaimChange {
    ClaimChange::Take(Claim {
        store_id: order.store_id.clone(),
        kind: ClaimKind::RepaymentReference,
        key: reference.to_owned(),
        holder: order.order_id.to_string(),
        fingerprint: [0; 32],
    })
}
