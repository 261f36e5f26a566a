use crate::{MemoryStore, tables::Tables, to_the_microsecond};
use async_trait::async_trait;
use domain::{Amount, Currency, id::StoreId};
use ports::{Account, Ledger, Posting, StoreError, Transfer};

#[async_trait]
impl Ledger for MemoryStore {
    async fn post(&self, transfer: &Transfer) -> Result<Posting, StoreError> {
        self.lock().post(transfer)
    }

    async fn find(&self, store: &StoreId, key: &str) -> Result<Option<Transfer>, StoreError> {
        Ok(self.lock().transfers.get(&(store.clone(), key.to_owned())).cloned())
    }

    async fn balance(
        &self,
        store: &StoreId,
        account: &str,
        currency: Currency,
    ) -> Result<Option<Amount>, StoreError> {
        let key = (store.clone(), account.to_owned(), format!("{currency:?}"));
        Ok(self.lock().balances.get(&key).copied().map(Amount::from_ten_thousandths))
    }
}

impl Tables {
    pub fn post(&mut self, transfer: &Transfer) -> Result<Posting, StoreError> {
        let key = (transfer.store_id.clone(), transfer.key.clone());
        if let Some(posted) = self.transfers.get(&key) {
            return Ok(Posting::AlreadyPosted(posted.clone()));
        }
        let account = |account: &Account| {
            (transfer.store_id.clone(), account.name.clone(), format!("{:?}", transfer.currency))
        };
        let (from, to) = (account(&transfer.from), account(&transfer.to));
        let amount = transfer.amount.ten_thousandths();
        let balance = self.balances.get(&from).copied().unwrap_or(0);
        let overflow = || StoreError::Corrupt("a balance left its range".into());
        let left = balance.checked_sub(amount).ok_or_else(overflow)?;
        if left < 0 && !transfer.from.may_be_negative {
            return Ok(Posting::Insufficient { balance: Amount::from_ten_thousandths(balance) });
        }
        let arrived = if from == to { left } else { self.balances.get(&to).copied().unwrap_or(0) };
        let arrived = arrived.checked_add(amount).ok_or_else(overflow)?;
        self.balances.insert(from, left);
        self.balances.insert(to, arrived);
        let kept = Transfer { at: to_the_microsecond(transfer.at), ..transfer.clone() };
        self.transfers.insert(key, kept);
        Ok(Posting::Posted)
    }

    /// All of them, or none.
    pub fn post_all(&mut self, transfers: &[Transfer]) -> Result<(), StoreError> {
        let before = (self.balances.clone(), self.transfers.clone());
        for transfer in transfers {
            if self.post(transfer)? != Posting::Posted {
                (self.balances, self.transfers) = before;
                return Err(StoreError::Conflict);
            }
        }
        Ok(())
    }
}
