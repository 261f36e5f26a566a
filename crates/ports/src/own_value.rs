//! The system's own value: how gift cards, points and store credit stand in the ledger.
//!
//! Each has an account named after the tender's `provider_reference`, one balance per currency and
//! never below zero. What customers spent is on a clearing account, and what goes back comes from
//! there. A tender that arrives captured was spent already: it is booked from outside into the
//! clearing account, once.

use crate::{Account, Ledger, OrderKey, StoreError, Transfer};
use domain::{
    Amount, Currency,
    amount::AmountError,
    id::{LegId, StoreId, TenderId},
    refund::{GiftCard, LEDGER},
};
use std::collections::BTreeMap;
use time::OffsetDateTime;

/// Holds what tenders of this system were spent; what goes back to their accounts comes from it.
const CLEARING: &str = "ledger-clearing";
/// Where the value came from that was spent before these books knew of it.
const OUTSIDE: &str = "ledger-outside";

/// The ledger account of a `provider_reference`.
#[must_use]
pub fn account_name(reference: &str) -> String {
    format!("ledger-account:{reference}")
}

/// A movement of own value, before it is known what it is for.
#[derive(Debug, Clone, Copy)]
pub struct Movement<'m> {
    pub store_id: &'m StoreId,
    /// The `provider_reference` whose account it is.
    pub reference: &'m str,
    pub amount: Amount,
    pub currency: Currency,
    pub at: OffsetDateTime,
}

impl Movement<'_> {
    /// Fills an account again, once per leg.
    #[must_use]
    pub fn restored(self, leg_id: &LegId) -> Transfer {
        let (from, to) = (clearing(), account(self.reference));
        self.transfer(leg_id.as_str().to_owned(), from, to)
    }

    /// Takes from an account what had been restored to it, once per tender that it becomes.
    #[must_use]
    pub fn taken_back(self, order: &OrderKey, tender_id: &TenderId) -> Transfer {
        let key = format!("ledger-taken-back:{}:{tender_id}", order.order_id);
        self.transfer(key, account(self.reference), clearing())
    }

    fn transfer(self, key: String, from: Account, to: Account) -> Transfer {
        let Self { store_id, amount, currency, at, .. } = self;
        Transfer { store_id: store_id.clone(), key, from, to, amount, currency, at }
    }
}

/// What is on accounts, by what they are known by. One that nothing was ever posted to holds nothing.
pub type Balances = BTreeMap<String, Amount>;

/// What is on these accounts now.
///
/// # Errors
///
/// [`StoreError`] if the ledger cannot be asked.
pub async fn balances(
    ledger: &dyn Ledger,
    store_id: &StoreId,
    references: impl Iterator<Item = &str> + Send,
    currency: Currency,
) -> Result<Balances, StoreError> {
    let mut balances = Balances::new();
    for reference in references {
        if !balances.contains_key(reference) {
            let balance = ledger.balance(store_id, &account_name(reference), currency).await?;
            balances.insert(reference.to_owned(), balance.unwrap_or(Amount::ZERO));
        }
    }
    Ok(balances)
}

/// What is on gift cards now, but for what legs that are on their way have filled them by: an order
/// hears of a posting after it was made, and until then its amount counts as on its way.
///
/// # Errors
///
/// [`StoreError`] if the ledger cannot be asked.
pub async fn balances_without(
    ledger: &dyn Ledger,
    store_id: &StoreId,
    cards: &[GiftCard<'_>],
    currency: Currency,
) -> Result<Balances, StoreError> {
    let mut filled = already_filled(ledger, store_id, cards).await?;
    loop {
        let references = cards.iter().map(|card| card.card_id);
        let mut balances = balances(ledger, store_id, references, currency).await?;
        // A posting that came in between may or may not be in the balances.
        let now = already_filled(ledger, store_id, cards).await?;
        if now != filled {
            filled = now;
            continue;
        }
        for (reference, amount) in filled {
            let balance = balances.entry(reference).or_insert(Amount::ZERO);
            *balance = balance.minus(amount).map_err(|error| StoreError::Corrupt(error.into()))?;
        }
        return Ok(balances);
    }
}

async fn already_filled(
    ledger: &dyn Ledger,
    store_id: &StoreId,
    cards: &[GiftCard<'_>],
) -> Result<Balances, StoreError> {
    let mut filled = Balances::new();
    for card in cards.iter().filter(|card| card.provider == LEDGER) {
        for leg in card.legs.iter().filter(|leg| leg.is_on_its_way()) {
            if let Some(posted) = ledger.find(store_id, leg.leg_id.as_str()).await? {
                let sum = filled.entry(card.card_id.to_owned()).or_insert(Amount::ZERO);
                *sum =
                    sum.plus(posted.amount).map_err(|error| StoreError::Corrupt(error.into()))?;
            }
        }
    }
    Ok(filled)
}

/// What is on a gift card once all of the refund is there; `None` if others keep its books.
///
/// # Errors
///
/// [`AmountError`] for a sum that no account has.
pub fn with_refund(
    card: &GiftCard<'_>,
    balances: &Balances,
) -> Result<Option<Amount>, AmountError> {
    let balance = balances.get(card.card_id).copied().unwrap_or(Amount::ZERO);
    (card.provider == LEDGER).then(|| balance.plus(card.on_its_way)).transpose()
}

/// What is still to be posted so that a tender counts as spent in these books; nothing if it is
/// posted already.
///
/// # Errors
///
/// [`StoreError`] if the ledger cannot be asked.
pub async fn spent(
    ledger: &dyn Ledger,
    order: &OrderKey,
    tender_id: &TenderId,
    captured: Amount,
    currency: Currency,
    at: OffsetDateTime,
) -> Result<Option<Transfer>, StoreError> {
    let series = format!("ledger-spent:{}:{tender_id}", order.order_id);
    let missing = missing(ledger, &order.store_id, &series, captured).await?;
    Ok(missing.map(|(key, amount)| Transfer {
        store_id: order.store_id.clone(),
        key,
        from: Account { name: OUTSIDE.to_owned(), may_be_negative: true },
        to: clearing(),
        amount,
        currency,
        at,
    }))
}

/// The next key of a series and what is missing to `total`. Each key says what went before, so
/// that of two who post the same at once one does.
///
/// # Errors
///
/// [`StoreError`] if the ledger cannot be asked.
pub async fn missing(
    ledger: &dyn Ledger,
    store: &StoreId,
    series: &str,
    total: Amount,
) -> Result<Option<(String, Amount)>, StoreError> {
    let corrupt = |error: domain::amount::AmountError| StoreError::Corrupt(Box::new(error));
    let mut moved = Amount::ZERO;
    while moved < total {
        let key = format!("{series}+{}", moved.ten_thousandths());
        match ledger.find(store, &key).await? {
            Some(earlier) => moved = moved.plus(earlier.amount).map_err(corrupt)?,
            None => return Ok(Some((key, total.minus(moved).map_err(corrupt)?))),
        }
    }
    Ok(None)
}

fn account(reference: &str) -> Account {
    Account { name: account_name(reference), may_be_negative: false }
}

fn clearing() -> Account {
    Account { name: CLEARING.to_owned(), may_be_negative: true }
}
