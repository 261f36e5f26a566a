//! Statements that are put together, in the words of either database.

use super::walk::{Beginning, Range};
use crate::error::from_orm;
use ports::{OrderSort, StoreError};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, QueryResult, Statement, Value};

pub(super) struct Sql {
    pub text: String,
    values: Vec<Value>,
    backend: DbBackend,
}

/// What a list that goes along is a list of. It travels as texts.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Text,
    Number,
    Uuid,
}

/// The place of a value.
#[derive(Clone, Copy)]
pub(super) struct Given(usize);

impl Sql {
    /// `$1` is the store.
    pub fn of(database: &DatabaseConnection, store: &str) -> Self {
        let backend = database.get_database_backend();
        Self { text: String::new(), values: vec![store.into()], backend }
    }

    pub fn value(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    pub fn list(&mut self, texts: impl Iterator<Item = String>) -> Given {
        let value = if self.is_postgres() {
            Value::from(texts.collect::<Vec<_>>())
        } else {
            Value::from(texts.collect::<serde_json::Value>().to_string())
        };
        self.values.push(value);
        Given(self.values.len())
    }

    /// Whether a column has one of the values of a list.
    pub fn any(&self, column: &str, list: Given, kind: Kind) -> String {
        let Given(place) = list;
        if self.is_postgres() {
            format!("{column} = ANY ({})", array(place, kind))
        } else {
            let value = of_json("value", kind);
            format!("{column} IN (SELECT {value} FROM json_each(${place}))")
        }
    }

    /// For each value of a list the first places of a table that has it in a column, in the sequence
    /// of the range; maybe further ones of the last moment. The rows of the table are in just that
    /// sequence in an index.
    pub fn firsts(
        &mut self,
        (table, column): (&str, &str),
        (list, kind): (Given, Kind),
        range: &Range,
        limit: &str,
    ) -> String {
        let Given(place) = list;
        let order = sequence("t", range.sort);
        let within = self.within("t", range);
        if self.is_postgres() {
            return format!(
                "SELECT p.created_at, p.order_id FROM unnest({}) AS k (value) \
                 CROSS JOIN LATERAL (SELECT t.created_at, t.order_id FROM {table} t \
                 WHERE t.store_id = $1 AND t.{column} = k.value AND t.{column} IS NOT NULL{within} \
                 ORDER BY {order} LIMIT {limit}) p",
                array(place, kind)
            );
        }
        // SQLite knows no LATERAL: the time of the last of them is where the range ends.
        let value = of_json("k.value", kind);
        let end = format!(
            "(SELECT t.created_at FROM {table} t WHERE t.store_id = $1 \
             AND t.{column} = {value}{within} ORDER BY {order} LIMIT 1 OFFSET {limit} - 1)"
        );
        let (until, open) = match range.sort {
            OrderSort::NewestFirst => (">=", range.from.unwrap_or(i64::MIN)),
            OrderSort::OldestFirst => ("<=", range.before.map_or(i64::MAX, |before| before - 1)),
        };
        let (open, begun) = (self.value(open), self.begun("p", range));
        format!(
            "SELECT p.created_at, p.order_id FROM json_each(${place}) k CROSS JOIN {table} p \
             WHERE p.store_id = $1 AND p.{column} = {value}{begun} \
             AND p.created_at {until} COALESCE({end}, {open})"
        )
    }

    /// As many rows of a table as there are that have one of the values of a list in a column, up to a
    /// limit.
    pub fn some(
        &mut self,
        (table, column): (&str, &str),
        (list, kind): (Given, Kind),
        range: &Range,
        limit: usize,
    ) -> String {
        if self.is_postgres() {
            // By the index, whatever share of the table it is taken for.
            let limit = limit.to_string();
            let firsts = self.firsts((table, column), (list, kind), range, &limit);
            return format!("{firsts} LIMIT {limit}");
        }
        let (is_one, within) =
            (self.any(&format!("t.{column}"), list, kind), self.within("t", range));
        format!("SELECT 1 FROM {table} t WHERE t.store_id = $1 AND {is_one}{within} LIMIT {limit}")
    }

    /// Further conditions: within the dates, and after the page before.
    pub fn within(&mut self, table: &str, range: &Range) -> String {
        let ends = match range.sort {
            OrderSort::NewestFirst => range.from.map(|from| (">=", from)),
            OrderSort::OldestFirst => range.before.map(|before| ("<", before)),
        };
        let begun = self.begun(table, range);
        let ends = ends.map(|(until, at)| {
            let at = self.value(at);
            format!(" AND {table}.created_at {until} {at}")
        });
        begun + &ends.unwrap_or_default()
    }

    /// Where a range begins, in its own direction: one condition, for of two a database may take the
    /// wrong one to begin with.
    fn begun(&mut self, table: &str, range: &Range) -> String {
        match range.begins() {
            Some(Beginning::After(at, id)) => {
                let after = match range.sort {
                    OrderSort::NewestFirst => '<',
                    OrderSort::OldestFirst => '>',
                };
                let (at, id) = (self.value(at), self.value(id));
                format!(" AND ({table}.created_at, {table}.order_id) {after} ({at}, {id})")
            }
            Some(Beginning::Since(at)) => {
                format!(" AND {table}.created_at >= {}", self.value(at))
            }
            Some(Beginning::Before(at)) => {
                format!(" AND {table}.created_at < {}", self.value(at))
            }
            None => String::new(),
        }
    }

    pub async fn rows(self, database: &DatabaseConnection) -> Result<Vec<QueryResult>, StoreError> {
        #[cfg(test)]
        super::tests::saw(&self.text, &self.values);
        let statement = Statement::from_sql_and_values(self.backend, self.text, self.values);
        database.query_all_raw(statement).await.map_err(from_orm)
    }

    fn is_postgres(&self) -> bool {
        self.backend == DbBackend::Postgres
    }
}

pub(super) fn sequence(table: &str, sort: OrderSort) -> String {
    let direction = match sort {
        OrderSort::NewestFirst => " DESC",
        OrderSort::OldestFirst => "",
    };
    format!("{table}.created_at{direction}, {table}.order_id{direction}")
}

fn array(place: usize, kind: Kind) -> String {
    match kind {
        Kind::Text => format!("CAST(${place} AS text[])"),
        Kind::Number => format!("CAST(CAST(${place} AS text[]) AS bigint[])"),
        Kind::Uuid => format!("CAST(CAST(${place} AS text[]) AS uuid[])"),
    }
}

fn of_json(value: &str, kind: Kind) -> String {
    match kind {
        Kind::Text => value.to_owned(),
        Kind::Number => format!("CAST({value} AS INTEGER)"),
        Kind::Uuid => format!("unhex({value})"),
    }
}
