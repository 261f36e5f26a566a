//! The books of own value: each account holds what its transfers say.
//!
//! A transfer takes from one account what it gives to another. So where every account holds what its
//! transfers say, the sum over all accounts of a store in a currency is zero; and where it is not,
//! an account is named.

use super::{
    report::{Report, Spot},
    snapshot::{Row, Snapshot},
};
use ports::{FaultKind, StoreError};

/// The sums as text: they may be larger than any amount.
const SQL: &str = "SELECT store_id, name, currency, CAST(SUM(balance) AS TEXT), \
    CAST(SUM(moved) AS TEXT), SUM(accounts) FROM (\
    SELECT store_id, name, currency, balance, 0 AS moved, 1 AS accounts FROM ledger_accounts{which} \
    UNION ALL SELECT store_id, from_account, currency, 0, -amount, 0 FROM ledger_transfers{which} \
    UNION ALL SELECT store_id, to_account, currency, 0, amount, 0 FROM ledger_transfers{which}\
    ) AS both_sides GROUP BY store_id, name, currency ORDER BY store_id, name, currency";
const COUNT: &str = "SELECT COUNT(*) FROM ledger_transfers{which}";

pub(super) async fn walk(
    snapshot: &mut Snapshot,
    store: Option<&str>,
    report: &mut Report<'_>,
) -> Result<(), StoreError> {
    let which = if store.is_some() { " WHERE store_id = $1" } else { "" };
    let of = |sql: &str| sql.replace("{which}", which);
    let take = |row: Row| account(&row, report);
    snapshot.each(of(SQL), store, take).await?;
    let take = |row: Row| {
        report.counts.transfers = u64::try_from(row.get::<i64>(0)?).unwrap_or_default();
        Ok(())
    };
    snapshot.each(of(COUNT), store, take).await
}

fn account(row: &Row, report: &mut Report<'_>) -> Result<(), StoreError> {
    let (store_id, name, currency): (String, String, String) =
        (row.get(0)?, row.get(1)?, row.get(2)?);
    let (balance, moved): (String, String) = (row.get(3)?, row.get(4)?);
    let accounts: i64 = row.get(5)?;
    report.counts.accounts += u64::try_from(accounts).unwrap_or_default();
    if balance != moved {
        let text = format!(
            "account {name} holds {balance} ten-thousandths of {currency}, its transfers come to \
             {moved}"
        );
        report.tell(Spot::of_store(&store_id), FaultKind::LedgerUnbalanced, text);
    }
    Ok(())
}
