use crate::{
    as_named,
    books::{Books, Desk, account, clearing, is_same, key_reused, unavailable, unknown},
    failure,
};
use async_trait::async_trait;
use domain::{
    order::Tender,
    refund::{LegFailure, LegKind},
};
use ports::{
    Account, Clock, Ledger, OrderKey, PaymentOrder, PaymentOutcome, PaymentProvider, PaymentStatus,
    Posting, StoreError, Transfer,
};
use std::sync::Arc;

/// Holds what tenders of this system were spent; what goes back to their accounts comes from it.
const CLEARING: &str = "ledger-clearing";
/// Where value came from that was spent before these books saw it.
const OUTSIDE: &str = "ledger-outside";

/// Gift cards, points and store credit of this system, known as `ledger`. A tender's
/// `provider_reference` names the account; it has one balance per currency, never below zero.
///
/// A tender that arrives captured was spent already. The first call that concerns it books so: its
/// value comes from outside into the clearing account, once for each tender, so that several which
/// name one account add up. A RESTORE moves value from the clearing account to the account, once
/// per leg, and opens the account if it is new.
pub struct Accounts(Desk);

impl Accounts {
    pub fn new(ledger: Arc<dyn Ledger>, clock: Arc<dyn Clock>) -> Self {
        Self(Desk { ledger, clock })
    }

    /// The ledger account of a `provider_reference`.
    #[must_use]
    pub fn account_name(reference: &str) -> String {
        format!("ledger-account:{reference}")
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

    /// Books what the tender had spent before these books knew of it, once for all its refunds,
    /// wherever they go.
    async fn book_spent(&self, books: &Books<'_>, order: &PaymentOrder) -> Result<(), StoreError> {
        let series = format!("ledger-spent:{}:{}", order.order.order_id, order.tender_id);
        books.raise_to(order.captured, &series, &clearing(OUTSIDE), &clearing(CLEARING)).await
    }
}

fn own_account(order: &PaymentOrder) -> Account {
    account(Accounts::account_name(&order.target))
}

fn wanted(books: &Books<'_>, order: &PaymentOrder) -> Transfer {
    let key = order.leg_id.as_str().to_owned();
    books.transfer(key, clearing(CLEARING), own_account(order), order.amount)
}

fn settled(order: &PaymentOrder) -> PaymentOutcome {
    PaymentOutcome::Settled { reference: format!("ldg_{}", order.leg_id) }
}

#[async_trait]
impl PaymentProvider for Accounts {
    async fn status(&self, _: &OrderKey, tender: &Tender) -> Result<PaymentStatus, LegFailure> {
        Ok(as_named(tender))
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

    async fn find(&self, order: &PaymentOrder) -> Result<Option<PaymentOutcome>, LegFailure> {
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
