//! The statement: parts that write, each only for the commits whose order was as they had read
//! it. What no commit of a batch needs is left out.

use crate::commit::rows::{OrderRow, Rows, scope};
use sea_orm::sqlx::{
    self, Arguments, Encode, Postgres, Type, encode::IsNull, error::BoxDynError,
    postgres::PgArguments,
};
use std::{collections::HashSet, fmt::Write};

pub(super) struct Script {
    pub sql: String,
    pub arguments: PgArguments,
    /// Commits that win if the statement does: it answers the places of the others that won.
    pub won: HashSet<usize>,
}

/// Takes part in the statement if the order was as it had been read.
const GUARD: &str = " WHERE x.n = ANY ((SELECT won FROM verdict)::int4[])";

struct Builder<'a> {
    batch: &'a [&'a Rows],
    parts: Vec<String>,
    arguments: PgArguments,
    guard: &'static str,
    fault: Option<BoxDynError>,
}

impl Script {
    pub fn of(batch: &[&Rows]) -> Result<Self, sqlx::Error> {
        let guarded = batch.iter().any(|rows| rows.orders.iter().any(|order| !order.is_new()));
        let guard = if guarded { GUARD } else { "" };
        let arguments = PgArguments::default();
        let mut builder = Builder { batch, parts: Vec::new(), arguments, guard, fault: None };
        let won = builder.orders(guarded);
        builder.tenders();
        builder.facts();
        builder.refunds();
        builder.receipts();
        builder.claims();
        builder.tasks();
        if let Some(fault) = builder.fault {
            return Err(sqlx::Error::Encode(fault));
        }
        let answer = if guarded { "SELECT n FROM changed" } else { "SELECT 0 WHERE false" };
        let sql = format!("WITH {} {answer}", builder.parts.join(", "));
        Ok(Self { sql, arguments: builder.arguments, won })
    }
}

/// Rows that go along as arrays, one for each column.
struct Columns<'b, 'a> {
    builder: &'b mut Builder<'a>,
    names: String,
    places: String,
}

impl<'a> Columns<'_, 'a> {
    fn with<T>(mut self, name: &str, values: Vec<T>) -> Self
    where
        Vec<T>: for<'q> Encode<'q, Postgres> + Type<Postgres>,
    {
        if let Err(error) = self.builder.arguments.add(values) {
            self.builder.fault = Some(error);
        }
        let comma = if self.names.is_empty() { "" } else { ", " };
        // Writing to a string does not fail.
        write!(self.names, "{comma}{name}").ok();
        write!(self.places, "{comma}${}", self.builder.arguments.len()).ok();
        self
    }

    fn rows(self) -> String {
        format!("unnest({}) AS x ({})", self.places, self.names)
    }
}

type Numbered<'a, T> = Vec<(i32, &'a T)>;
