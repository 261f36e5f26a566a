//! Rows as arrays, one for each column, to be unnested by the statement.

use super::Builder;
use crate::commit::rows::{OrderRow, Rows};
use sea_orm::sqlx::{Arguments, Encode, Postgres, Type};
use std::fmt::Write;

/// Rows that go along as arrays, one for each column. Their first column is the commit's place.
pub(super) struct Source<'b, 'a, T> {
    builder: &'b mut Builder<'a>,
    rows: Vec<(i32, &'a Rows, T)>,
    names: String,
    places: String,
}

impl<'a> Builder<'a> {
    pub fn source<T, I>(&mut self, rows_of: impl Fn(&'a Rows) -> I) -> Option<Source<'_, 'a, T>>
    where
        I: Iterator<Item = T>,
    {
        let batch = self.batch;
        let numbered = (0..).zip(batch);
        let rows: Vec<_> =
            numbered.flat_map(|(n, rows)| rows_of(rows).map(move |row| (n, *rows, row))).collect();
        if rows.is_empty() {
            return None;
        }
        let places = rows.iter().map(|(n, ..)| *n).collect();
        let source = Source { builder: self, rows, names: String::new(), places: String::new() };
        Some(source.values("n", places))
    }

    pub fn orders<T, I>(
        &mut self,
        of: impl Fn(&'a OrderRow) -> I,
    ) -> Option<Source<'_, 'a, (&'a OrderRow, T)>>
    where
        I: Iterator<Item = T>,
    {
        self.source(|rows| {
            rows.orders.iter().flat_map(|order| of(order).map(move |row| (order, row)))
        })
    }

    pub fn one_argument(&mut self, value: &str) {
        if let Err(error) = self.arguments.add(value) {
            self.fault = Some(error);
        }
    }

    pub fn argument<'q, T>(&mut self, values: Vec<T>) -> usize
    where
        Vec<T>: Encode<'q, Postgres> + Type<Postgres>,
    {
        if let Err(error) = self.arguments.add(values) {
            self.fault = Some(error);
        }
        self.arguments.len()
    }
}

impl<'a, T> Source<'_, 'a, T> {
    fn values<'q, V>(mut self, name: &str, values: Vec<V>) -> Self
    where
        Vec<V>: Encode<'q, Postgres> + Type<Postgres>,
    {
        let place = self.builder.argument(values);
        let comma = if self.names.is_empty() { "" } else { ", " };
        // Writing to a string does not fail.
        write!(self.names, "{comma}{name}").ok();
        write!(self.places, "{comma}${place}").ok();
        self
    }

    pub fn value<'q, V>(self, name: &str, of: impl Fn(&'a Rows, &T) -> V) -> Self
    where
        Vec<V>: Encode<'q, Postgres> + Type<Postgres>,
    {
        let values = self.rows.iter().map(|(_, rows, row)| of(rows, row)).collect();
        self.values(name, values)
    }

    pub fn number(self, name: &str, of: impl Fn(&'a Rows, &T) -> i64) -> Self {
        self.value(name, of)
    }

    pub fn text(self, name: &str, of: impl for<'r> Fn(&'a Rows, &'r T) -> &'a str) -> Self {
        let values: Vec<&str> = self.rows.iter().map(|(_, rows, row)| of(rows, row)).collect();
        self.values(name, values)
    }

    pub fn maybe(
        self,
        name: &str,
        of: impl for<'r> Fn(&'a Rows, &'r T) -> Option<&'a str>,
    ) -> Self {
        let values: Vec<Option<&str>> =
            self.rows.iter().map(|(_, rows, row)| of(rows, row)).collect();
        self.values(name, values)
    }

    pub fn bytes(self, name: &str, of: impl for<'r> Fn(&'a Rows, &'r T) -> &'a [u8]) -> Self {
        let values: Vec<&[u8]> = self.rows.iter().map(|(_, rows, row)| of(rows, row)).collect();
        self.values(name, values)
    }

    pub fn done(self) -> String {
        format!("unnest({}) AS x ({})", self.places, self.names)
    }
}
