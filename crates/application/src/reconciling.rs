//! Whether payment providers have what we have booked.

mod breaks;
mod compare;

pub use breaks::{Break, BreakKind};

use crate::legs;
use compare::{Difference, Leg, Payment};
use domain::{
    id::StoreId,
    order::{Order, Tender},
    refund::{LEDGER, LegFailure, LegKind, LegState, MANUAL, RefundState},
};
use futures_util::{StreamExt as _, stream};
use ports::{
    Clock, Inbox, NoAnswer, NoticeAbout, OrderFilter, OrderKey, OrderSort, PageRequest, Period,
    Providers, Reader, StoreError,
};
use std::{sync::Arc, time::Duration};

/// Orders whose providers are asked at the same time.
const AT_ONCE: usize = 16;
const PAGE: u32 = 200;
/// Notices that are named; if there are more, these are trouble enough.
const NOTICES: u32 = 1_000;

/// Asks providers about payments and legs, and says where they differ from the books. It changes
/// nothing: each kind of break says how it is closed.
pub struct Reconciling {
    pub reader: Arc<dyn Reader>,
    pub inbox: Arc<dyn Inbox>,
    pub providers: Providers,
    pub clock: Arc<dyn Clock>,
    /// For how long something may be on its way without being a break.
    pub patience: Duration,
    /// How long a provider may take to answer.
    pub call_timeout: Duration,
}

/// How much was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Reconciled {
    pub breaks: u64,
    pub orders: u64,
    pub payments: u64,
    pub legs: u64,
}

impl Reconciling {
    /// Goes through the orders of one store, or of all, that were made in a period.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it could not be done to the end. What was told before holds all the same.
    pub async fn reconcile(
        &self,
        store: Option<&StoreId>,
        made: Period,
        found: &mut (dyn FnMut(Break) + Send),
    ) -> Result<Reconciled, StoreError> {
        let mut sum = Reconciled::default();
        let mut after = None;
        loop {
            let stores = if let Some(store) = store {
                vec![store.clone()]
            } else {
                let page = self.reader.stores(PageRequest { size: PAGE, after }).await?;
                after = page.next;
                page.items.into_iter().map(|stored| stored.state.store_id).collect()
            };
            for store in &stores {
                self.of_store(store, made, &mut sum, found).await?;
            }
            if after.is_none() {
                break;
            }
        }
        if store.is_some() {
            // What belongs to no order belongs to no store.
            return Ok(sum);
        }
        let now = self.clock.now();
        let page = PageRequest { size: NOTICES, after: None };
        for kept in self.inbox.open_notices(page).await?.items {
            // Whoever began to pay and left is told of, too: no order has to know of it.
            let is_due = match kept.notice.about {
                NoticeAbout::Payment { .. } => false,
                NoticeAbout::Unread { .. } => true,
                NoticeAbout::Leg { .. } | NoticeAbout::Dispute { .. } => {
                    kept.taken_at + self.patience < now
                }
            };
            if is_due {
                sum.breaks += 1;
                found(Break::of_notice(&kept));
            }
        }
        Ok(sum)
    }

    async fn of_store(
        &self,
        store: &StoreId,
        made: Period,
        sum: &mut Reconciled,
        found: &mut (dyn FnMut(Break) + Send),
    ) -> Result<(), StoreError> {
        let filter = OrderFilter {
            created_from: made.from,
            created_before: made.before,
            ..OrderFilter::default()
        };
        let mut after = None;
        loop {
            let request = PageRequest { size: PAGE, after };
            let page = self.reader.orders(store, &filter, OrderSort::OldestFirst, request).await?;
            let orders = page.items.into_iter().map(|view| self.twice(store, view.order));
            let mut compared = stream::iter(orders).buffered(AT_ONCE);
            while let Some(compared) = compared.next().await {
                let (looked_at, breaks) = compared?;
                sum.orders += 1;
                sum.payments += looked_at.payments;
                sum.legs += looked_at.legs;
                for one in breaks {
                    sum.breaks += 1;
                    found(one);
                }
            }
            drop(compared);
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    /// What was read a while ago is beside what the provider says now: where the two differ, both are
    /// asked for once more, and what differs again is a break.
    async fn twice(
        &self,
        store: &StoreId,
        order: Order,
    ) -> Result<(Reconciled, Vec<Break>), StoreError> {
        let key = OrderKey { store_id: store.clone(), order_id: order.order_id.clone() };
        let (sum, first) = self.of_order(store, order).await;
        if first.is_empty() {
            return Ok((sum, first));
        }
        let Some(view) = self.reader.order(&key).await? else { return Ok((sum, Vec::new())) };
        let (sum, again) = self.of_order(store, view.order).await;
        let same =
            |one: &Break| first.iter().any(|it| (it.kind, &it.subject) == (one.kind, &one.subject));
        Ok((sum, again.into_iter().filter(same).collect()))
    }

    async fn of_order(&self, store: &StoreId, order: Order) -> (Reconciled, Vec<Break>) {
        let key = OrderKey { store_id: store.clone(), order_id: order.order_id.clone() };
        let now = self.clock.now();
        let (mut sum, mut breaks) = (Reconciled::default(), Vec::new());
        for tender in &order.tenders {
            // Of what no provider outside has, and of what costs nothing, there is nothing to ask.
            let own = [LEDGER, MANUAL].contains(&tender.provider.as_str());
            if own || tender.amount.is_zero() || tender.recovered.is_some() {
                continue;
            }
            sum.payments += 1;
            let difference = self.of_payment(&key, &order, tender).await;
            breaks.extend(difference.map(|it| it.named(&key, tender.tender_id.as_str())));
        }
        for refund in &order.refunds {
            let is_old = refund.created_at + self.patience < now;
            if refund.state == RefundState::Held && is_old {
                let text = "it waits for a person".to_owned();
                let held = Difference::new(BreakKind::RefundHeld, "HELD".to_owned(), text);
                breaks.push(held.named(&key, &refund.refund_id.to_string()));
            }
            for leg in &refund.legs {
                let Some(work) = legs::work(&key, &order, &leg.leg_id) else { continue };
                sum.legs += 1;
                // One that was sent or retried today is not old, however old its refund.
                let moved_at = leg.moved_at.unwrap_or(refund.created_at);
                let is_old = moved_at + self.patience < now;
                let seen = Leg { ours: leg, refund: refund.state, is_old };
                let difference = match leg.kind {
                    LegKind::Manual => seen.waits_for_a_person(),
                    LegKind::Restore if leg.provider == LEDGER => None,
                    // Of what was let go the provider knows no key: what it says of the payment as a
                    // whole says more.
                    LegKind::Release
                        if leg.provider == MANUAL
                            || leg.attempts == 0
                            || leg.state == LegState::Voided =>
                    {
                        None
                    }
                    LegKind::Release | LegKind::Refund | LegKind::Restore => {
                        match self.providers.get(&leg.provider) {
                            Err(unknown) => seen.of_nobody(&unknown.name),
                            Ok(provider) => {
                                seen.beside(self.in_time(provider.find(&work.payment)).await)
                            }
                        }
                    }
                };
                breaks.extend(difference.map(|it| it.named(&key, leg.leg_id.as_str())));
            }
        }
        (sum, breaks)
    }

    async fn of_payment(
        &self,
        key: &OrderKey,
        order: &Order,
        tender: &Tender,
    ) -> Option<Difference> {
        let is_old = order.created_at + self.patience < self.clock.now();
        let legs = order.refunds.iter().flat_map(|refund| &refund.legs).collect();
        let seen = Payment { tender, tenders: &order.tenders, legs, is_old };
        let provider = match self.providers.get(&tender.provider) {
            Ok(provider) => provider,
            Err(unknown) => return Some(seen.of_nobody(&unknown.name)),
        };
        match self.in_time(provider.status(key, tender, order.customer_currency)).await {
            Ok(status) => seen.beside(&status),
            Err(no) => Some(seen.unanswered(&no.failure().message)),
        }
    }

    /// A provider that says nothing cannot be asked now.
    async fn in_time<T>(
        &self,
        answer: impl Future<Output = Result<T, NoAnswer>>,
    ) -> Result<T, NoAnswer> {
        let silent = |_| {
            let message = "no answer in time".to_owned();
            Err(NoAnswer::Down(LegFailure { code: "NO_ANSWER".to_owned(), message }))
        };
        tokio::time::timeout(self.call_timeout, answer).await.unwrap_or_else(silent)
    }
}
