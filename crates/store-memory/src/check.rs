//! Whether a commit may be applied. Nothing is written before all of it was looked at.

use crate::tables::{Tables, claim_key};
use domain::order::Order;
use ports::{ClaimChange, Commit, StoreError, Version};
use std::collections::HashSet;

#[derive(Debug, thiserror::Error)]
#[error("more would be returned than was captured, or let go than was authorised")]
struct ReturnsTooMuch;

impl Tables {
    pub fn check(&self, commit: &Commit) -> Result<(), StoreError> {
        let mut orders = HashSet::new();
        for change in &commit.orders {
            let key = change.key();
            let current = self.orders.get(&key).map_or(Version::NEW, |row| row.stored.version);
            if current != change.before || !orders.insert(key) {
                return Err(StoreError::Conflict);
            }
        }
        let mut stores = HashSet::new();
        for change in &commit.stores {
            let current = self.stores.get(&change.after.store_id);
            let current = current.map_or(Version::NEW, |stored| stored.version);
            if current != change.before || !stores.insert(&change.after.store_id) {
                return Err(StoreError::Conflict);
            }
        }
        let receipt = commit.receipt.as_ref();
        if receipt.is_some_and(|receipt| self.receipts.contains_key(&receipt.key)) {
            return Err(StoreError::Conflict);
        }
        self.check_claims(commit)?;
        self.check_tokens(commit)?;
        commit.orders.iter().try_for_each(|change| returns_at_most_what_was_captured(&change.after))
    }

    /// A key is freed before it is taken, where one commit does both.
    fn check_claims(&self, commit: &Commit) -> Result<(), StoreError> {
        let mut freed = HashSet::new();
        let mut taken = HashSet::new();
        for change in &commit.claims {
            if let ClaimChange::Free { store_id, kind, key, holder } = change {
                let key = claim_key(store_id, *kind, key);
                if self.claims.get(&key).is_some_and(|claim| claim.holder == *holder) {
                    freed.insert(key);
                }
            }
        }
        for change in &commit.claims {
            if let ClaimChange::Take(claim) = change {
                let key = claim_key(&claim.store_id, claim.kind, &claim.key);
                let held = self.claims.contains_key(&key) && !freed.contains(&key);
                if held || !taken.insert(key) {
                    return Err(StoreError::Conflict);
                }
            }
        }
        Ok(())
    }

    /// A new token comes with its hash, a known one without.
    fn check_tokens(&self, commit: &Commit) -> Result<(), StoreError> {
        for change in &commit.tokens {
            let key = (change.token.store_id.clone(), change.token.token_id);
            let known = self.tokens.contains_key(&key);
            let hash_is_free =
                change.hash.is_none_or(|hash| self.tokens.values().all(|row| row.hash != hash));
            if known == change.hash.is_some() || !hash_is_free {
                return Err(StoreError::Conflict);
            }
        }
        Ok(())
    }
}

fn returns_at_most_what_was_captured(order: &Order) -> Result<(), StoreError> {
    let books = order.books().map_err(|error| StoreError::Corrupt(Box::new(error)))?;
    for (index, tender) in order.tenders.iter().enumerate() {
        let released = books.released.get(index).copied().unwrap_or_default();
        let taken = released.plus(tender.captured);
        let releases_too_much = taken.is_ok_and(|taken| taken > tender.authorized);
        match books.left_of(index, tender) {
            Ok(left) if !left.is_negative() && !releases_too_much => {}
            _ => return Err(StoreError::Corrupt(Box::new(ReturnsTooMuch))),
        }
    }
    Ok(())
}
