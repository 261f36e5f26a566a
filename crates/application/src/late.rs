//! Payments that come in for orders which the platform has cancelled: they go back in the step
//! that records them.

use crate::{Caller, Core, Failure, processing::Settings, refunds};
use domain::{
    cancellation::NewRefundIds,
    id::{RefundId, StoreId},
    order::{Command, Fact, LatePayment, Order, PaymentReport},
};
use ports::{OrderChange, Stored};
use std::sync::atomic::{AtomicBool, Ordering};
use time::OffsetDateTime;

/// What a report of a payment may need.
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
        let number = core.numbers.take(&*core.store, store_id).await?;
        let refund_id = RefundId::from_uuid(core.ids.next());
        Ok(Self { core, caller, store, refund_id, number, used: AtomicBool::new(false) })
    }

    pub(crate) fn decide(
        &self,
        order: &Stored<Order>,
        report: PaymentReport,
        now: OffsetDateTime,
    ) -> Result<OrderChange, Failure> {
        let (refund_id, number, order_version) = (self.refund_id, self.number, order.version.0);
        let late = LatePayment {
            report,
            refund: NewRefundIds { refund_id, number, order_version },
            at: now,
            by: self.caller.actor.clone(),
            policy: refunds::policy(self.caller, &self.store.state),
        };
        let change = order.decide(Command::RecordLatePayment(Box::new(late)), now)?;
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
