//! Money that nobody would ask for any more: payments that come in for orders which the platform
//! has cancelled, and what a dispute frees of an order that was given back. It goes back in the step
//! that records it.

use crate::{Caller, Core, Failure, processing::Settings, refunds};
use domain::{
    cancellation::NewRefundIds,
    id::{RefundId, StoreId},
    order::{Command, DisputeReport, Fact, LatePayment, Order, PaymentReport, SettleDispute},
};
use ports::{OrderChange, Stored};
use std::sync::atomic::{AtomicBool, Ordering};
use time::OffsetDateTime;

/// What a report of a payment or a dispute may need.
pub(crate) struct Late<'l> {
    core: &'l Core,
    caller: &'l Caller,
    store: Settings,
    refund_id: RefundId,
    number: i64,
    used: AtomicBool,
}

impl<'l> Late<'l> {
    pub(crate) async fn of(
        core: &'l Core,
        caller: &'l Caller,
        store_id: &StoreId,
    ) -> Result<Self, Failure> {
        let store = core.settings(store_id).await?;
        let number = core.refund_number(store_id).await?;
        let refund_id = RefundId::from_uuid(core.ids.next());
        Ok(Self { core, caller, store, refund_id, number, used: AtomicBool::new(false) })
    }

    pub(crate) fn payment(
        &self,
        order: &Stored<Order>,
        report: PaymentReport,
        now: OffsetDateTime,
    ) -> Result<OrderChange, Failure> {
        let (refund, by) = (self.ids(order), self.caller.actor.clone());
        let policy = refunds::policy(self.caller, &self.store.state);
        let late = LatePayment { report, refund, at: now, by, policy };
        self.decide(order, Command::RecordLatePayment(Box::new(late)), now)
    }

    /// What the bank has decided is so whatever can be made of it: if what it frees cannot be given
    /// back by itself, it is recorded all the same.
    pub(crate) fn dispute(
        &self,
        order: &Stored<Order>,
        report: DisputeReport,
        now: OffsetDateTime,
    ) -> Result<OrderChange, Failure> {
        let (refund, by) = (self.ids(order), self.caller.actor.clone());
        let policy = refunds::policy(self.caller, &self.store.state);
        let settle = SettleDispute { report: report.clone(), refund, at: now, by, policy };
        match self.decide(order, Command::SettleDispute(Box::new(settle)), now) {
            Err(Failure::Rejected(rejection)) => {
                let change = self.decide(order, Command::RecordDispute(report), now)?;
                let order_id = &change.after.order_id;
                tracing::error!(%order_id, %rejection, "what a dispute frees cannot be given back");
                Ok(change)
            }
            settled => settled,
        }
    }

    const fn ids(&self, order: &Stored<Order>) -> NewRefundIds {
        let (refund_id, number) = (self.refund_id, self.number);
        NewRefundIds { refund_id, number, order_version: order.version.0 }
    }

    fn decide(
        &self,
        order: &Stored<Order>,
        command: Command,
        now: OffsetDateTime,
    ) -> Result<OrderChange, Failure> {
        let change = order.decide(command, now)?;
        let made = |fact: &Fact| matches!(fact, Fact::RefundCreated { .. });
        self.used.store(change.facts.iter().any(made), Ordering::Relaxed);
        Ok(change)
    }

    /// The number is for the next refund if this one needed none. `written` is whether what was
    /// decided last is; of a store that did not answer nobody knows.
    pub(crate) fn close<T>(self, outcome: &Result<T, Failure>, written: impl Fn(&T) -> bool) {
        let used = outcome.as_ref().is_ok_and(written) && self.used.load(Ordering::Relaxed);
        if refunds::is_certain(outcome) && !used {
            self.core.numbers.give_back(&self.store.state.store_id, self.number);
        }
    }
}
