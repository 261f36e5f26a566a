//! One thread and SQLite's own interface: the limit of one commit, one flush.

use super::{Given, LOAD, OWN_STORE, Statement, Template, WRITE};
use crate::{
    client::Outcome,
    database::Database,
    figures::{Figures, Spent},
    messages::FIRST_ORDER,
    processes,
    settings::Span,
};
use rusqlite::{CachedStatement, Connection, params_from_iter, types::Value};
use std::{io, time::Instant};

/// Refunds, each in a transaction of its own. No other run of this process may have the same number.
pub fn refunds(database: &Database, template: &Template, run: u32, span: Span) -> Outcome<Figures> {
    let mut connection =
        database.open()?.ok_or_else(|| io::Error::other("this database is no file"))?;
    let fixed = Fixed::new(template, run)?;
    let from = Instant::now() + span.warm_up;
    let to = from + span.measured;
    let mut micros = Vec::new();
    let mut before = None;
    let mut number = 0;
    loop {
        let begun = Instant::now();
        if begun >= from && before.is_none() {
            before = Some(spent());
        }
        if begun >= to {
            break;
        }
        refund(&mut connection, template, &fixed, number)?;
        number += 1;
        if begun >= from {
            micros.push(u32::try_from(begun.elapsed().as_micros())?);
        }
    }
    Ok(Figures::new(micros, span.measured, before.unwrap_or_default(), spent()))
}

/// There is nobody else: the load is what is measured.
fn spent() -> Spent {
    Spent { client: processes::spent_by(std::process::id()), ..Spent::default() }
}

fn refund(
    connection: &mut Connection,
    template: &Template,
    fixed: &Fixed,
    number: u32,
) -> Outcome<()> {
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let order = (FIRST_ORDER + u64::from(number % template.orders)).to_string();
    let request = fixed.first_request + i64::from(number);
    let mut refund = Refund { fixed, order, request, returned: 0, read: None };
    let read = prepared(&transaction, &LOAD)?.query_row(
        params_from_iter(LOAD.given.iter().map(|given| refund.value(*given))),
        |row| Ok((row.get(1)?, row.get(2)?)),
    )?;
    refund.returned = template.returned + read.0 + 1;
    refund.read = Some(read);
    for statement in &WRITE {
        let values = params_from_iter(statement.given.iter().map(|given| refund.value(*given)));
        let changed = prepared(&transaction, statement)?.execute(values)?;
        if changed != 1 {
            return Err(io::Error::other(format!("{changed} rows: {}", statement.sql)).into());
        }
    }
    Ok(transaction.commit()?)
}

fn prepared<'c>(
    connection: &'c Connection,
    statement: &Statement,
) -> rusqlite::Result<CachedStatement<'c>> {
    // SQLite numbers `$4` by where it stands and `?4` as 4; the text is the key of the cache.
    connection.prepare_cached(&statement.sql.replace('$', "?"))
}

/// The values that are the same in every refund.
struct Fixed {
    template: Vec<(Given, Value)>,
    captured: i64,
    /// The first number of this run's requests.
    first_request: i64,
}

impl Fixed {
    fn new(template: &Template, run: u32) -> Outcome<Self> {
        let value = |(given, text): &(Given, String)| {
            let is_binary = matches!(given, Given::Fingerprint | Given::Answer);
            let value = if is_binary { Value::Blob(bytes(text)?) } else { text.clone().into() };
            Ok((*given, value))
        };
        let template_values = template.fixed.iter().map(value).collect::<Outcome<_>>()?;
        Ok(Self {
            template: template_values,
            captured: template.captured,
            first_request: i64::from(run + 10) * 10_000_000_000,
        })
    }
}

struct Refund<'f> {
    fixed: &'f Fixed,
    order: String,
    request: i64,
    returned: i64,
    /// Version and document.
    read: Option<(i64, String)>,
}

impl Refund<'_> {
    fn value(&self, given: Given) -> Value {
        let version = self.read.as_ref().map_or(0, |(version, _)| *version);
        match given {
            Given::Store => Value::from(OWN_STORE.to_owned()),
            Given::Order => self.order.clone().into(),
            Given::Request => self.request.into(),
            Given::Unique => {
                let unique = (0x7000_8000_i128 << 64) | i128::from(self.request);
                Value::Blob(unique.to_be_bytes().to_vec())
            }
            Given::Version => version.into(),
            Given::Next => (version + 1).into(),
            Given::Captured => self.fixed.captured.into(),
            Given::Returned => self.returned.into(),
            Given::Nothing => Value::Null,
            Given::Doc => self.read.as_ref().map(|(_, doc)| doc.clone()).into(),
            Given::Attempts => 0_i64.into(),
            _ => {
                let found = self.fixed.template.iter().find(|(name, _)| *name == given);
                found.map_or(Value::Null, |(_, value)| value.clone())
            }
        }
    }
}

fn bytes(hexadecimal: &str) -> Outcome<Vec<u8>> {
    let byte = |place| Ok(u8::from_str_radix(hexadecimal.get(place..place + 2).unwrap_or(""), 16)?);
    (0..hexadecimal.len()).step_by(2).map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_from_hexadecimal() {
        assert_eq!(bytes("00ff10").unwrap(), [0, 255, 16]);
        assert!(bytes("0").is_err());
    }
}
