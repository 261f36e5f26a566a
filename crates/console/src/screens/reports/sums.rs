//! Amounts of refunds by currency, reason and component. Currencies are never added to each other.

use crate::words;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};
use tonic::Status;
use wire::refunds::v1::RefundComponentRow;

/// By currency, reason and component.
type Key = (String, String, i32);

/// How long the longest bar is.
const LONGEST: i64 = 600;

/// Sums in the merchant currencies.
#[derive(Debug, Default)]
pub struct Sums {
    amounts: BTreeMap<Key, Decimal>,
    refunds: BTreeMap<String, BTreeSet<String>>,
}

/// What a month was in one currency.
#[derive(Debug)]
pub struct Report {
    pub currency: String,
    /// Refunds that were made.
    pub count: usize,
    /// Components that there are, in their order.
    pub components: Vec<String>,
    pub rows: Vec<Row>,
    pub total: Decimal,
}

/// What was given back for one reason.
#[derive(Debug)]
pub struct Row {
    pub reason: String,
    pub cells: Vec<Cell>,
    pub total: Decimal,
}

/// One component of a row.
#[derive(Debug)]
pub struct Cell {
    pub component: String,
    pub amount: Decimal,
    /// Where its piece of the bar begins, and how long that is; nothing of what was deducted.
    pub from: i64,
    pub length: i64,
    /// Which of the colours it has.
    pub colour: i32,
}

impl Sums {
    /// # Errors
    ///
    /// An amount that is none, or a sum beyond all bounds.
    pub fn add(&mut self, row: RefundComponentRow) -> Result<(), Status> {
        let amount: Decimal = words::merchant(&row.amount).parse().map_err(unreadable)?;
        let reason = row.refund_reason.filter(|reason| !reason.name.is_empty());
        // Reasons of one name are told apart by their codes.
        let reason = reason.map_or_else(
            || "Without a reason".to_owned(),
            |reason| match reason.code.filter(|code| !code.is_empty()) {
                Some(code) => format!("{} ({code})", reason.name),
                None => reason.name,
            },
        );
        let sum = self.amounts.entry((row.merchant_currency.clone(), reason, row.component_type));
        let sum = sum.or_default();
        *sum = sum.checked_add(amount).ok_or_else(|| unreadable("too much"))?;
        self.refunds.entry(row.merchant_currency).or_default().insert(row.refund_id);
        Ok(())
    }

    /// A report for each currency.
    pub fn reports(&self) -> Vec<Report> {
        self.refunds
            .iter()
            .map(|(currency, refunds)| self.report(currency, refunds.len()))
            .collect()
    }

    fn report(&self, currency: &str, count: usize) -> Report {
        let mine = self.amounts.iter().filter(|((of, ..), _)| of == currency);
        let mut kinds: Vec<_> = mine.clone().map(|((_, _, kind), _)| *kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let mut reasons: BTreeMap<&str, BTreeMap<i32, Decimal>> = BTreeMap::new();
        for ((_, reason, kind), amount) in mine {
            reasons.entry(reason).or_default().insert(*kind, *amount);
        }
        let given = |row: &BTreeMap<i32, Decimal>| -> Decimal {
            row.values().filter(|amount| amount.is_sign_positive()).sum()
        };
        let most = reasons.values().map(given).max().unwrap_or_default();
        let mut rows: Vec<_> = reasons
            .into_iter()
            .map(|(reason, amounts)| row(reason, &kinds, &amounts, most))
            .collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.total));
        // What there is nothing of has the decimals of everything else.
        let decimals = rows.iter().map(|row| row.total.scale()).max().unwrap_or_default();
        let cells = rows.iter_mut().flat_map(|row| &mut row.cells);
        cells.for_each(|cell| cell.amount.rescale(decimals));
        Report {
            currency: currency.to_owned(),
            count,
            components: kinds.iter().map(words::component).collect(),
            total: rows.iter().map(|row| row.total).sum(),
            rows,
        }
    }
}

fn row(reason: &str, kinds: &[i32], amounts: &BTreeMap<i32, Decimal>, most: Decimal) -> Row {
    let mut from = 0;
    let cells = kinds.iter().map(|kind| {
        let amount = amounts.get(kind).copied().unwrap_or_default();
        let length = length(amount, most);
        let cell = Cell { component: words::component(kind), amount, from, length, colour: *kind };
        from += length;
        cell
    });
    Row { reason: reason.to_owned(), cells: cells.collect(), total: amounts.values().sum() }
}

/// How long the piece for an amount is.
fn length(amount: Decimal, most: Decimal) -> i64 {
    let part = amount.checked_div(most).filter(Decimal::is_sign_positive).unwrap_or_default();
    let length = part.checked_mul(LONGEST.into()).unwrap_or_default().round();
    length.try_into().unwrap_or_default()
}

fn unreadable(error: impl std::fmt::Display) -> Status {
    tracing::error!(%error, "an amount of the report could not be added");
    Status::internal("the report could not be added up")
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::{
        money::v1::MoneyPair,
        refunds::v1::{ComponentType, RefundReason},
    };

    fn component(
        refund: &str,
        currency: &str,
        reason: &str,
        kind: ComponentType,
        amount: &str,
    ) -> RefundComponentRow {
        RefundComponentRow {
            refund_id: refund.to_owned(),
            merchant_currency: currency.to_owned(),
            component_type: kind.into(),
            amount: Some(MoneyPair { customer: String::new(), merchant: amount.to_owned() }),
            refund_reason: Some(RefundReason { code: None, name: reason.to_owned() }),
            ..RefundComponentRow::default()
        }
    }

    #[test]
    fn amounts_are_added_by_currency_reason_and_component() {
        let mut sums = Sums::default();
        for (refund, currency, reason, kind, amount) in [
            ("a", "EUR", "Damaged", ComponentType::Products, "10.10"),
            ("a", "EUR", "Damaged", ComponentType::Shipping, "5.00"),
            ("b", "EUR", "Damaged", ComponentType::Products, "20.20"),
            ("b", "EUR", "Damaged", ComponentType::PrepaidReturn, "-1.30"),
            ("c", "EUR", "", ComponentType::Products, "3.53"),
            ("d", "JPY", "Late", ComponentType::Products, "900"),
        ] {
            sums.add(component(refund, currency, reason, kind, amount)).unwrap();
        }
        let reports = sums.reports();
        let [euro, yen] = reports.as_slice() else { panic!("{reports:?}") };
        assert_eq!(
            (euro.currency.as_str(), euro.count, euro.total.to_string()),
            ("EUR", 3, "37.53".to_owned())
        );
        assert_eq!(euro.components, ["Products", "Shipping", "Prepaid return"]);
        let damaged: Vec<_> = euro.rows[0].cells.iter().map(|it| it.amount.to_string()).collect();
        assert_eq!(damaged, ["30.30", "5.00", "-1.30"]);
        assert_eq!(euro.rows[1].reason, "Without a reason");
        let bar: Vec<_> = euro.rows[0].cells.iter().map(|it| (it.from, it.length)).collect();
        assert_eq!(bar, [(0, 515), (515, 85), (600, 0)]);
        assert_eq!((yen.count, yen.rows[0].cells[0].length), (1, LONGEST));
    }
}
