use crate::{
    SqlStore,
    column::{from_doc, micros, name, time},
    commit::{Stop, Work, in_transaction},
    entity::transfer,
    error::from_orm,
};
use async_trait::async_trait;
use domain::{Amount, Currency, id::StoreId};
use ports::{Account, Ledger, Posting, StoreError, Transfer};
use sea_orm::{ConnectionTrait, DatabaseTransaction, EntityTrait, Statement, Value};

pub(crate) const INSERT: &str = "INSERT INTO ledger_transfers (store_id, transfer_key, from_account, \
    from_may_be_negative, to_account, to_may_be_negative, currency, amount, posted_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";
pub(crate) const OPEN: &str = "INSERT INTO ledger_accounts (store_id, name, currency, balance, \
    may_be_negative) VALUES ($1, $2, $3, 0, $4) ON CONFLICT DO NOTHING";
const GIVE: &str = "UPDATE ledger_accounts SET balance = balance - $4 \
    WHERE store_id = $1 AND name = $2 AND currency = $3 AND (may_be_negative OR balance >= $4)";
const TAKE: &str = "UPDATE ledger_accounts SET balance = balance + $4 \
    WHERE store_id = $1 AND name = $2 AND currency = $3";
const BALANCE: &str = "SELECT balance FROM ledger_accounts \
    WHERE store_id = $1 AND name = $2 AND currency = $3";

#[async_trait]
impl Ledger for SqlStore {
    async fn post(&self, transfer: &Transfer) -> Result<Posting, StoreError> {
        if in_transaction(self.write(), &Post(transfer)).await? {
            return Ok(Posting::Posted);
        }
        if let Some(before) = self.find(&transfer.store_id, &transfer.key).await? {
            return Ok(Posting::AlreadyPosted(before));
        }
        let from = &transfer.from.name;
        let balance = self.balance(&transfer.store_id, from, transfer.currency).await?;
        Ok(Posting::Insufficient { balance: balance.unwrap_or_default() })
    }

    async fn find(&self, store: &StoreId, key: &str) -> Result<Option<Transfer>, StoreError> {
        let id = (store.to_string(), key.to_owned());
        let row = transfer::Entity::find_by_id(id).one(self.read()).await.map_err(from_orm)?;
        row.map(to_transfer).transpose()
    }

    async fn balance(
        &self,
        store: &StoreId,
        account: &str,
        currency: Currency,
    ) -> Result<Option<Amount>, StoreError> {
        let values = [store.as_str().into(), account.into(), format!("{currency:?}").into()];
        let backend = self.read().get_database_backend();
        let statement = Statement::from_sql_and_values(backend, BALANCE, values);
        let row = self.read().query_one_raw(statement).await.map_err(from_orm)?;
        let count = row.map(|row| row.try_get_by_index(0)).transpose().map_err(from_orm)?;
        Ok(count.map(Amount::from_ten_thousandths))
    }
}

struct Post<'a>(&'a Transfer);

/// Answers `false` if nothing was posted: the key was before, or too little is there.
impl Work<bool> for Post<'_> {
    async fn run(&self, database: &DatabaseTransaction) -> Result<bool, Stop<bool>> {
        let transfer = self.0;
        if execute(database, INSERT, row(transfer)).await? == 0 {
            return Err(Stop::Undo(false));
        }
        for (sql, account) in sides(transfer) {
            execute(database, OPEN, opened(transfer, account)).await?;
            if execute(database, sql, moved(transfer, account)).await? == 0 {
                return Err(Stop::Undo(false));
            }
        }
        Ok(true)
    }
}

/// What [`INSERT`] writes.
pub(crate) fn row(transfer: &Transfer) -> [Value; 9] {
    [
        transfer.store_id.as_str().into(),
        transfer.key.as_str().into(),
        transfer.from.name.as_str().into(),
        transfer.from.may_be_negative.into(),
        transfer.to.name.as_str().into(),
        transfer.to.may_be_negative.into(),
        currency(transfer).into(),
        transfer.amount.ten_thousandths().into(),
        micros(transfer.at).into(),
    ]
}

/// Who gives and who takes, with the statement for it, which hits no row where too little is
/// there. By name, so that two transfers between the same accounts cannot wait for each other.
pub(crate) fn sides(transfer: &Transfer) -> [(&'static str, &Account); 2] {
    let mut sides = [(GIVE, &transfer.from), (TAKE, &transfer.to)];
    sides.sort_by(|(_, left), (_, right)| left.name.cmp(&right.name));
    sides
}

/// What [`OPEN`] writes.
pub(crate) fn opened(transfer: &Transfer, account: &Account) -> [Value; 4] {
    let (store, name) = (transfer.store_id.as_str(), account.name.as_str());
    [store.into(), name.into(), currency(transfer).into(), account.may_be_negative.into()]
}

/// What the statements of [`sides`] write.
pub(crate) fn moved(transfer: &Transfer, account: &Account) -> [Value; 4] {
    let (store, name) = (transfer.store_id.as_str(), account.name.as_str());
    let amount = transfer.amount.ten_thousandths();
    [store.into(), name.into(), currency(transfer).into(), amount.into()]
}

fn currency(transfer: &Transfer) -> String {
    format!("{:?}", transfer.currency)
}

async fn execute(
    database: &DatabaseTransaction,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<u64, Stop<bool>> {
    let statement = Statement::from_sql_and_values(database.get_database_backend(), sql, values);
    let done = database.execute_raw(statement).await.map_err(Stop::Database)?;
    Ok(done.rows_affected())
}

fn to_transfer(row: transfer::Model) -> Result<Transfer, StoreError> {
    Ok(Transfer {
        store_id: name("ledger_transfers.store_id", &row.store_id)?,
        key: row.transfer_key,
        from: Account { name: row.from_account, may_be_negative: row.from_may_be_negative },
        to: Account { name: row.to_account, may_be_negative: row.to_may_be_negative },
        amount: Amount::from_ten_thousandths(row.amount),
        currency: from_doc("ledger_transfers.currency", &format!("\"{}\"", row.currency))?,
        at: time("ledger_transfers.posted_at", row.posted_at)?,
    })
}
