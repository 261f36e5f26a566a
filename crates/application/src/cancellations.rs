//! Cancellations: asked for, decided, undone, looked at.

mod list;
mod undo;

pub use undo::Proof;

use crate::{
    Answer, Caller, Core, Failure, Missing, Request,
    core::{Ask, Decision, Found},
    refunds,
};
use domain::{
    cancellation::{
        self, AcceptCancellation, AskedLine, CancelOrder, Cancellation, CancellationPlan, Channel,
        Charges, Given, NewRefundIds, RejectCancellation, RequestCancellation, RequestPolicy,
        RequestedBy,
    },
    id::{CancellationId, RefundId, StoreId},
    order::{Command, Fact, Order},
    refund::RefundMethod,
    store::Store as StoreRecord,
};
use ports::{Providers, Stored, Version};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use time::OffsetDateTime;

/// Shows an order's cancellation to its caller: the service's own rendering, stored as the answer.
pub type RenderCancellation<'r> = &'r (dyn Fn(&Order, &Cancellation) -> Vec<u8> + Sync);

#[derive(Clone)]
pub struct Cancellations {
    core: Arc<Core>,
    providers: Providers,
}

/// Which order, and by whom and under which id something is asked of it.
#[derive(Debug, Clone, Copy)]
pub struct On<'a> {
    pub caller: &'a Caller,
    pub store_id: &'a StoreId,
    pub order_id: &'a str,
    pub request: &'a Request,
}

/// A cancellation as a merchant or a customer asks for it.
#[derive(Debug, Clone)]
pub struct NewCancellation {
    pub lines: Vec<AskedLine>,
    pub requested_by: RequestedBy,
    pub channel: Channel,
    pub reason: Given,
    pub charges: Charges,
    pub method: RefundMethod,
}

/// How a request is granted.
#[derive(Debug, Clone)]
pub struct Grant {
    pub reason: Given,
    pub method: RefundMethod,
    pub shipping_refund: bool,
}

/// What a preview looks at.
#[derive(Debug, Clone)]
pub enum Look {
    Cancel(NewCancellation),
    Accept(CancellationId, Grant),
}

/// What a decision about an order is made with.
struct Desk<'d> {
    caller: &'d Caller,
    store: &'d StoreRecord,
    refund_id: RefundId,
    number: i64,
    cancellation_id: CancellationId,
}

impl Cancellations {
    pub const fn new(core: Arc<Core>, providers: Providers) -> Self {
        Self { core, providers }
    }

    /// The merchant cancels.
    ///
    /// # Errors
    ///
    /// [`Failure::Rejected`] by the rules of cancellations.
    pub async fn cancel(
        &self,
        on: On<'_>,
        new: NewCancellation,
        render: RenderCancellation<'_>,
    ) -> Result<Answer, Failure> {
        self.with_refund(on, render, None, |desk, version, now| {
            Command::CancelOrder(Box::new(desk.cancel(&new, version, now)))
        })
        .await
    }

    /// The customer asks.
    ///
    /// # Errors
    ///
    /// [`Failure::Rejected`] by the store's settings and the rules of cancellations.
    pub async fn request(
        &self,
        on: On<'_>,
        new: NewCancellation,
        render: RenderCancellation<'_>,
    ) -> Result<Answer, Failure> {
        self.with_refund(on, render, None, |desk, version, now| {
            Command::RequestCancellation(Box::new(RequestCancellation {
                cancellation_id: desk.cancellation_id,
                refund: desk.ids(version),
                at: now,
                by: desk.caller.actor.clone(),
                lines: new.lines.clone(),
                reason: new.reason.clone(),
                charges: new.charges.clone(),
                channel: new.channel,
                policy: desk.policy(),
            }))
        })
        .await
    }

    /// The merchant grants a request.
    ///
    /// # Errors
    ///
    /// [`Failure::Rejected`] by the request's state and the rules of cancellations.
    pub async fn accept(
        &self,
        on: On<'_>,
        cancellation_id: CancellationId,
        grant: Grant,
        render: RenderCancellation<'_>,
    ) -> Result<Answer, Failure> {
        self.with_refund(on, render, Some(cancellation_id), |desk, version, now| {
            let accept = desk.accept(cancellation_id, &grant, version, now);
            Command::AcceptCancellation(Box::new(accept))
        })
        .await
    }

    /// The merchant turns a request down, or a part of it.
    ///
    /// # Errors
    ///
    /// [`Failure::Rejected`] by the request's state.
    pub async fn reject(
        &self,
        on: On<'_>,
        cancellation_id: CancellationId,
        lines: Vec<AskedLine>,
        reason: Given,
        render: RenderCancellation<'_>,
    ) -> Result<Answer, Failure> {
        let split_id = CancellationId::from_uuid(self.core.ids.next());
        self.plain(on, cancellation_id, render, |at| {
            Command::RejectCancellation(Box::new(RejectCancellation {
                cancellation_id,
                split_id,
                at,
                lines: lines.clone(),
                reason: reason.clone(),
            }))
        })
        .await
    }

    /// The customer takes a request back.
    ///
    /// # Errors
    ///
    /// [`Failure::Rejected`] by the request's state.
    pub async fn withdraw(
        &self,
        on: On<'_>,
        cancellation_id: CancellationId,
        render: RenderCancellation<'_>,
    ) -> Result<Answer, Failure> {
        let command = |at| Command::WithdrawCancellation { cancellation_id, at };
        self.plain(on, cancellation_id, render, command).await
    }

    /// What a cancellation would do. Changes nothing.
    ///
    /// # Errors
    ///
    /// The [`Failure`] of the command that is looked at.
    pub async fn preview(
        &self,
        caller: &Caller,
        store_id: &StoreId,
        order_id: &str,
        look: &Look,
    ) -> Result<(Stored<Order>, CancellationPlan), Failure> {
        let store = self.core.settings(store_id).await?;
        let (_, order) = self.core.order(store_id, order_id).await?;
        let nobody = uuid::Uuid::nil();
        let desk = Desk {
            caller,
            store: &store.state,
            refund_id: RefundId::from_uuid(nobody),
            number: 0,
            cancellation_id: CancellationId::from_uuid(nobody),
        };
        let now = self.core.now();
        let command = match look {
            Look::Cancel(new) => {
                Command::CancelOrder(Box::new(desk.cancel(new, order.version, now)))
            }
            Look::Accept(id, grant) => {
                present(&order.state, *id)?;
                let accept = desk.accept(*id, grant, order.version, now);
                Command::AcceptCancellation(Box::new(accept))
            }
        };
        let facts = order.state.decide(command)?;
        let plan = cancellation::preview(&order.state, &facts)?;
        Ok((order, plan))
    }

    /// A command that may need a refund. `answered` is the cancellation that is shown; the new
    /// one if none is named.
    async fn with_refund(
        &self,
        on: On<'_>,
        render: RenderCancellation<'_>,
        answered: Option<CancellationId>,
        command: impl Fn(&Desk<'_>, Version, OffsetDateTime) -> Command + Send + Sync,
    ) -> Result<Answer, Failure> {
        let On { caller, store_id, order_id, request } = on;
        let store = self.core.settings(store_id).await?;
        let key = self.core.key(store_id, order_id).await?;
        let number = self.core.refund_number(store_id).await?;
        let desk = Desk {
            caller,
            store: &store.state,
            refund_id: RefundId::from_uuid(self.core.ids.next()),
            number,
            cancellation_id: CancellationId::from_uuid(self.core.ids.next()),
        };
        let used = AtomicBool::new(false);
        let ask = Ask::of(caller, &key, request);
        let outcome = self
            .core
            .command(ask, |Found { order, now, .. }| {
                let order = order.ok_or_else(|| Failure::not_found(Missing::Order, order_id))?;
                if let Some(id) = answered {
                    present(&order.state, id)?;
                }
                let change = order.decide(command(&desk, order.version, now), now)?;
                let made = |fact: &Fact| matches!(fact, Fact::RefundCreated { .. });
                used.store(change.facts.iter().any(made), Ordering::Relaxed);
                let answered = answered.unwrap_or(desk.cancellation_id);
                let answer = rendered(&change.after, answered, render)?;
                Ok(Decision::Commit { change: Box::new(change), claims: Vec::new(), answer })
            })
            .await;
        let written = matches!(&outcome, Ok(answer) if !answer.replayed);
        if refunds::is_certain(&outcome) && !(written && used.load(Ordering::Relaxed)) {
            self.core.numbers.give_back(store_id, number);
        }
        outcome
    }

    async fn plain(
        &self,
        on: On<'_>,
        cancellation_id: CancellationId,
        render: RenderCancellation<'_>,
        command: impl Fn(OffsetDateTime) -> Command + Send + Sync,
    ) -> Result<Answer, Failure> {
        let On { caller, store_id, order_id, request } = on;
        let key = self.core.key(store_id, order_id).await?;
        let ask = Ask::of(caller, &key, request);
        self.core
            .command(ask, |Found { order, now, .. }| {
                let order = order.ok_or_else(|| Failure::not_found(Missing::Order, order_id))?;
                present(&order.state, cancellation_id)?;
                let change = order.decide(command(now), now)?;
                let answer = rendered(&change.after, cancellation_id, render)?;
                Ok(Decision::Commit { change: Box::new(change), claims: Vec::new(), answer })
            })
            .await
    }
}

impl Desk<'_> {
    fn ids(&self, version: Version) -> NewRefundIds {
        NewRefundIds { refund_id: self.refund_id, number: self.number, order_version: version.0 }
    }

    fn policy(&self) -> RequestPolicy {
        policy(self.caller, self.store)
    }

    fn cancel(&self, new: &NewCancellation, version: Version, at: OffsetDateTime) -> CancelOrder {
        CancelOrder {
            cancellation_id: self.cancellation_id,
            refund: self.ids(version),
            at,
            by: self.caller.actor.clone(),
            lines: new.lines.clone(),
            requested_by: new.requested_by,
            channel: new.channel,
            reason: new.reason.clone(),
            charges: new.charges.clone(),
            method: new.method,
            policy: self.policy(),
        }
    }

    fn accept(
        &self,
        cancellation_id: CancellationId,
        grant: &Grant,
        version: Version,
        at: OffsetDateTime,
    ) -> AcceptCancellation {
        AcceptCancellation {
            cancellation_id,
            refund: self.ids(version),
            at,
            by: self.caller.actor.clone(),
            reason: grant.reason.clone(),
            method: grant.method,
            shipping_refund: grant.shipping_refund,
            policy: self.policy(),
        }
    }
}

pub(crate) fn policy(caller: &Caller, store: &StoreRecord) -> RequestPolicy {
    let settings = &store.settings;
    let requests = &settings.customer_requests;
    RequestPolicy {
        enabled: requests.enabled,
        window_days: requests.window_days,
        auto_accept: requests.auto_accept,
        reasons: requests.reasons.clone(),
        cancel_before_ready: settings.cancel_before_ready,
        refund: refunds::policy(caller, store),
    }
}

fn present(order: &Order, id: CancellationId) -> Result<&Cancellation, Failure> {
    order.cancellation(id).ok_or_else(|| Failure::not_found(Missing::Cancellation, id.to_string()))
}

fn rendered(
    order: &Order,
    id: CancellationId,
    render: RenderCancellation<'_>,
) -> Result<Vec<u8>, Failure> {
    Ok(render(order, present(order, id)?))
}
