//! The race that must never be lost: many refunds of one order at once, of which one fits.

use crate::{
    Subject,
    build::{NOON, commit, key, load, order, place, receipt, refund},
};
use async_trait::async_trait;
use domain::{Reason, Rejection, id::QuoteId, id::StoreId, store::Store as StoreRecord};
use futures_util::future::join_all;
use ports::{
    Claim, ClaimKind, Commit, Loaded, NumberBlock, OrderKey, Quote, Receipt, RequestKey, Store,
    StoreError, Stored,
};
use std::collections::BTreeSet;
use time::OffsetDateTime;

/// Refunds of 60 % that are asked for at once, for each order.
const RIVALS: usize = 8;
/// Orders at a time; more would only wait in memory.
const ORDERS_AT_ONCE: usize = 25;
/// Conflicts are decided again; with these rivals nobody can lose more often.
const ATTEMPTS: usize = 3 * RIVALS;

/// Expands to the race.
#[macro_export]
macro_rules! race {
    ($fresh:expr) => {
        $crate::rules!($fresh, race =>
            of_eight_refunds_of_sixty_percent_one_wins,
            the_race_is_lost_without_the_version,
        );
    };
}

pub async fn of_eight_refunds_of_sixty_percent_one_wins(store: &dyn Subject) {
    let orders = testkit::scale::pick(25, 200);
    assert_eq!(race(&[store], orders).await, Vec::<String>::new());
}

/// Shows that the race can be lost at all.
pub async fn the_race_is_lost_without_the_version(store: &dyn Subject) {
    assert!(!race(&[&Unguarded(store)], 5).await.is_empty());
}

/// What went wrong, order by order. The rivals of each order come over all of the stores, as over
/// several processes.
pub async fn race<S: Store + ?Sized>(stores: &[&S], orders: usize) -> Vec<String> {
    let ids: Vec<String> = (0..orders).map(|number| format!("race-{number}")).collect();
    let mut wrong = Vec::new();
    for some in ids.chunks(ORDERS_AT_ONCE) {
        let races = some.iter().map(async |id| {
            place(stores[0], &order(id)).await;
            let rivals = stores.iter().cycle().take(RIVALS);
            let rivals = rivals.map(|store| refund_by_load_decide_commit(*store, key(id)));
            verdict(id, &join_all(rivals).await, &load(stores[0], &key(id)).await)
        });
        wrong.extend(join_all(races).await.into_iter().flatten());
    }
    wrong
}

async fn refund_by_load_decide_commit<S: Store + ?Sized>(
    store: &S,
    key: OrderKey,
) -> Result<i64, Result<Rejection, StoreError>> {
    let number = store.draw_refund_numbers(&key.store_id, 1).await.map_err(Err)?.start;
    for _ in 0..ATTEMPTS {
        let loaded = load(store, &key).await;
        // Even where a load never waits, the rivals decide on the same order.
        tokio::task::yield_now().await;
        let change = loaded.decide(refund(number, "60.00"), NOON).map_err(Ok)?;
        let mut commit = commit().order(change);
        commit.receipt = Some(receipt(&format!("{}-{number}", key.order_id)));
        match store.commit(commit).await {
            Ok(()) => return Ok(number),
            Err(StoreError::Conflict) => {}
            Err(error) => return Err(Err(error)),
        }
    }
    Err(Err(StoreError::Conflict))
}

fn verdict(
    id: &str,
    outcomes: &[Result<i64, Result<Rejection, StoreError>>],
    after: &Stored<domain::order::Order>,
) -> Option<String> {
    let winners: BTreeSet<i64> = outcomes.iter().filter_map(|o| o.as_ref().ok().copied()).collect();
    let too_late = outcomes
        .iter()
        .filter(|outcome| {
            matches!(outcome, Err(Ok(no)) if no.reason == Reason::AmountExceedsRefundable)
        })
        .count();
    let kept: BTreeSet<i64> = after.state.refunds.iter().map(|refund| refund.number).collect();
    let fair = winners.len() == 1 && too_late == RIVALS - 1 && kept == winners;
    (!fair).then(|| format!("{id}: winners {winners:?}, kept {kept:?}, outcomes {outcomes:?}"))
}

/// A store whose commits claim to be made of whatever the order is now.
struct Unguarded<'a>(&'a dyn Subject);

#[async_trait]
impl Store for Unguarded<'_> {
    async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        let mut again = commit.clone();
        for _ in 0..ATTEMPTS {
            for change in again.orders.iter_mut().filter(|change| change.before.0 > 0) {
                change.before = load(self.0, &change.key()).await.version;
            }
            match self.0.commit(again.clone()).await {
                Err(StoreError::Conflict) => {}
                outcome => return outcome,
            }
        }
        Err(StoreError::Conflict)
    }

    async fn load(
        &self,
        order: &OrderKey,
        request: Option<&RequestKey>,
    ) -> Result<Loaded, StoreError> {
        self.0.load(order, request).await
    }

    async fn receipt(&self, request: &RequestKey) -> Result<Option<Receipt>, StoreError> {
        self.0.receipt(request).await
    }

    async fn claim(
        &self,
        store: &StoreId,
        kind: ClaimKind,
        key: &str,
    ) -> Result<Option<Claim>, StoreError> {
        Store::claim(self.0, store, kind, key).await
    }

    async fn store(&self, store: &StoreId) -> Result<Option<Stored<StoreRecord>>, StoreError> {
        self.0.store(store).await
    }

    async fn draw_refund_numbers(
        &self,
        store: &StoreId,
        count: u32,
    ) -> Result<NumberBlock, StoreError> {
        self.0.draw_refund_numbers(store, count).await
    }

    async fn save_quote(&self, quote: &Quote, now: OffsetDateTime) -> Result<(), StoreError> {
        self.0.save_quote(quote, now).await
    }

    async fn quote(&self, order: &OrderKey, quote: QuoteId) -> Result<Option<Quote>, StoreError> {
        self.0.quote(order, quote).await
    }
}
