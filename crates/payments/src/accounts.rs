use crate::{
    as_named,
    books::{Books, Desk, is_same, key_reused, unavailable, unknown},
    failure,
};
use async_trait::async_trait;
use domain::{
    Currency,
    order::Tender,
    refund::{LegKind, own_reference},
};
use ports::{
    Clock, Ledger, NoAnswer, OrderKey, PaymentOrder, PaymentOutcome, PaymentProvider,
    PaymentStatus, Posting, StoreError, Transfer,
    own_value::{self, Movement},
};
use std::sync::Arc;

/// Gift cards, points and store credit of this system, known as `ledger`. A tender's
/// `provider_reference` names the account; it has one balance per currency, never below zero.
///
/// How they stand in the ledger is in [`own_value`]. A tender that arrives captured was spent
/// already; the first call that concerns it books so, for each tender once. A RESTORE moves value
/// from the clearing account to the account, once per leg.
pub struct Accounts(Desk);

impl Accounts {
    pub fn new(ledger: Arc<dyn Ledger>, clock: Arc<dyn Clock>) -> Self {
        Self(Desk { ledger, clock })
    }

    async fn restore(&self, order: &PaymentOrder) -> Result<PaymentOutcome, StoreError> {
        let books = self.0.books(&order.order.store_id, order.currency);
        let wanted = wanted(&books, order);
        if !order.method.is_cash() {
            self.book_spent(&books, order).await?;
        }
        match books.ledger.post(&wanted).await? {
            Posting::Posted => Ok(settled(order)),
            Posting::AlreadyPosted(earlier) if is_same(&earlier, &wanted) => Ok(settled(order)),
            Posting::AlreadyPosted(_) => Ok(key_reused(order)),
            // The clearing account may be negative, so this cannot be answered.
            Posting::Insufficient { .. } => Ok(PaymentOutcome::Unknown),
        }
    }

    /// Books what the tender had spent before these books knew of it.
    async fn book_spent(&self, books: &Books<'_>, order: &PaymentOrder) -> Result<(), StoreError> {
        let PaymentOrder { tender_id, captured, currency, .. } = order;
        let missing = async || {
            let at = books.clock.now();
            let (ledger, key) = (books.ledger, &order.order);
            own_value::spent(ledger, key, tender_id, *captured, *currency, at).await
        };
        // Of two who book the same at once one does, and the other looks again.
        while let Some(spent) = missing().await? {
            books.ledger.post(&spent).await?;
        }
        Ok(())
    }
}

fn wanted(books: &Books<'_>, order: &PaymentOrder) -> Transfer {
    let movement = Movement {
        store_id: books.store,
        reference: &order.target,
        amount: order.amount,
        currency: order.currency,
        at: books.clock.now(),
    };
    movement.restored(&order.leg_id)
}

fn settled(order: &PaymentOrder) -> PaymentOutcome {
    PaymentOutcome::Settled { reference: own_reference(&order.leg_id) }
}

#[async_trait]
impl PaymentProvider for Accounts {
    async fn status(
        &self,
        _: &OrderKey,
        tender: &Tender,
        _: Currency,
    ) -> Result<PaymentStatus, NoAnswer> {
        Ok(as_named(tender))
    }

    /// Value that was only authorised was never taken from its account: nothing is to be moved.
    async fn release(&self, order: &PaymentOrder) -> PaymentOutcome {
        settled(order)
    }

    async fn refund(&self, order: &PaymentOrder) -> PaymentOutcome {
        if order.kind != LegKind::Restore {
            let text = "accounts of this system are restored; money cannot be refunded to them";
            return PaymentOutcome::Declined {
                failure: failure("UNSUPPORTED", text),
                permanent: true,
            };
        }
        self.restore(order).await.unwrap_or_else(|fault| unknown(order, &fault))
    }

    async fn find(&self, order: &PaymentOrder) -> Result<Option<PaymentOutcome>, NoAnswer> {
        if order.kind == LegKind::Release {
            return Ok(Some(settled(order)));
        }
        let books = self.0.books(&order.order.store_id, order.currency);
        let found = books.find(order.leg_id.as_str()).await;
        Ok(found.map_err(|fault| unavailable(&fault))?.map(|earlier| {
            if is_same(&earlier, &wanted(&books, order)) {
                settled(order)
            } else {
                key_reused(order)
            }
        }))
    }
}
